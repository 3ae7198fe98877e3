//! A text that is being read, and finding one's way in it.

use super::shape::JsonKind;

/// A text, and where its first byte is in the page.
#[derive(Clone, Copy, Debug)]
pub(super) struct Source<'t> {
    pub(super) text: &'t str,
    /// 0 for the response itself; past its end for a text within it that is read on its own.
    pub(super) base: usize,
}

impl<'t> Source<'t> {
    /// Where `part` lies in the text, if it is a part of it.
    #[inline]
    pub(super) fn offset_of(&self, part: &str) -> Option<usize> {
        let offset = part
            .as_ptr()
            .addr()
            .checked_sub(self.text.as_ptr().addr())?;
        (offset + part.len() <= self.text.len()).then_some(offset)
    }

    /// Where the value of the key that ends with this quote starts.
    #[inline]
    pub(super) fn after_quote(&self, quote: usize) -> usize {
        let colon = self.skip_space(quote + 1);
        self.skip_space(colon + 1)
    }

    /// Where the text's value starts.
    pub(super) fn first(&self) -> Option<usize> {
        let at = self.skip_space(0);
        (at < self.text.len()).then_some(at)
    }

    #[inline]
    fn skip_space(&self, mut at: usize) -> usize {
        while let Some(b' ' | b'\n' | b'\t' | b'\r') = self.text.as_bytes().get(at) {
            at += 1;
        }
        at
    }

    /// The kind of the value that starts here; none for a null.
    #[inline]
    pub(super) fn kind(&self, at: usize) -> Option<JsonKind> {
        JsonKind::of(*self.text.as_bytes().get(at)?)
    }

    /// The digits of the number that starts here.
    #[inline]
    pub(super) fn number(&self, at: usize) -> &'t str {
        let rest = self.text.get(at..).unwrap_or_default();
        let end = rest
            .bytes()
            .position(|b| !matches!(b, b'0'..=b'9' | b'-' | b'+' | b'.' | b'e' | b'E'))
            .unwrap_or(rest.len());
        rest.get(..end).unwrap_or_default()
    }
}
