//! Redaction of credentials that a spec holds as literals: no message may repeat them.

use crate::diagnostic::{Diagnostic, Span};
use crate::suggest;

/// The places and the texts of literal credentials.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Redaction {
    spans: Vec<Span>,
    /// The longest first, so that a part of one does not hide the rest of it.
    texts: Vec<String>,
}

/// What a message has in place of a credential.
pub(crate) const MASK: &str = "***";

impl Redaction {
    /// Hides a place of the spec, and its text wherever a message repeats it.
    pub(crate) fn hide(&mut self, span: &Span, text: &str) {
        self.spans.push(span.clone());
        let text = text.trim();
        // A word of the language is no credential, and many messages hold it.
        if text.is_empty() || suggest::is_word_of_language(text) {
            return;
        }
        let at = self.texts.partition_point(|one| one.len() > text.len());
        if self.texts.get(at..).is_some_and(|rest| {
            let mut same = rest.iter().take_while(|one| one.len() == text.len());
            same.all(|one| one != text)
        }) {
            self.texts.insert(at, text.to_owned());
        }
    }

    /// Whether a byte of the spec may not be shown.
    pub(crate) fn hides(&self, at: usize) -> bool {
        self.spans.iter().any(|span| span.contains(&at))
    }

    /// Whether a text repeats a credential.
    pub(crate) fn is_in(&self, text: &str) -> bool {
        self.redacted(text) != text
    }

    /// The text with a mask in place of each credential.
    pub(crate) fn redacted(&self, text: &str) -> String {
        self.without(text, |_| true)
    }

    fn without(&self, text: &str, is_hidden: impl Fn(&str) -> bool) -> String {
        let mut redacted = text.to_owned();
        for secret in self.texts.iter().filter(|secret| is_hidden(secret)) {
            if redacted.contains(secret.as_str()) {
                redacted = without(&redacted, secret);
            }
        }
        redacted
    }

    /// The diagnostic without credentials in its words. What it suggests stays as it is: that is for
    /// the spec itself, which holds the credential already.
    pub(crate) fn diagnostic(&self, diagnostic: &mut Diagnostic) {
        // A plain word may be a name elsewhere, too.
        let places = diagnostic.secondary.iter().map(|(place, _)| place);
        let is_near = places.chain([&diagnostic.span]).any(|place| {
            let mut spans = self.spans.iter();
            spans.any(|span| span.start <= place.end && place.start <= span.end)
        });
        let is_hidden = |text: &str| is_near || text.contains(|c: char| !c.is_alphabetic());
        let secondary = diagnostic.secondary.iter_mut().map(|(_, label)| label);
        let words = [&mut diagnostic.message, &mut diagnostic.label];
        for text in words
            .into_iter()
            .chain(secondary)
            .chain(&mut diagnostic.notes)
        {
            *text = self.without(text, is_hidden);
        }
    }
}

/// Masks a secret. A short one may be a part of other words: it counts only where it stands in quotes
/// or backticks alone.
fn without(text: &str, secret: &str) -> String {
    const SHORT: usize = 6;
    if secret.chars().count() >= SHORT {
        return text.replace(secret, MASK);
    }
    ["`", "\"", "'"]
        .iter()
        .fold(text.to_owned(), |text, quote| {
            let quoted = format!("{quote}{secret}{quote}");
            text.replace(&quoted, &format!("{quote}{MASK}{quote}"))
        })
}

#[cfg(test)]
mod tests {
    use super::Redaction;

    #[test]
    fn a_credential_is_masked_and_a_short_word_only_in_quotes() {
        let mut redaction = Redaction::default();
        redaction.hide(&(0..1), "sk_live_1");
        redaction.hide(&(0..1), "sk_live_1_more");
        redaction.hide(&(0..1), "an");
        redaction.hide(&(0..1), "token");
        let shown = redaction.redacted("`sk_live_1_more` and sk_live_1 in an `an`, as `token`");
        assert_eq!(shown, "`***` and *** in an `***`, as `token`");
    }
}
