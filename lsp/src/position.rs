//! Positions of the protocol and bytes of a text.

use std::ops::Range;

use lsp_types::{ClientCapabilities, Position, PositionEncodingKind};

/// What a position counts in a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Encoding {
    Utf8,
    Utf16,
}

impl Encoding {
    /// UTF-8 where the client offers it, otherwise UTF-16, which all clients support.
    pub(crate) fn negotiate(client: &ClientCapabilities) -> Self {
        let general = client.general.as_ref();
        let offered = general.and_then(|general| general.position_encodings.as_ref());
        let has_utf8 = offered.is_some_and(|all| all.contains(&PositionEncodingKind::UTF8));
        if has_utf8 { Self::Utf8 } else { Self::Utf16 }
    }

    pub(crate) fn kind(self) -> PositionEncodingKind {
        match self {
            Self::Utf8 => PositionEncodingKind::UTF8,
            Self::Utf16 => PositionEncodingKind::UTF16,
        }
    }

    fn width(self, c: char) -> usize {
        match self {
            Self::Utf8 => c.len_utf8(),
            Self::Utf16 => c.len_utf16(),
        }
    }
}

/// Where the lines of a text begin.
#[derive(Clone, Debug)]
pub(crate) struct LineIndex {
    starts: Vec<usize>,
}

impl LineIndex {
    /// The lines of a text, which end with `\n`, `\r\n` or `\r`.
    pub(crate) fn new(text: &str) -> Self {
        let bytes = text.as_bytes();
        let mut starts = vec![0];
        for (at, byte) in bytes.iter().enumerate() {
            let ends = match byte {
                b'\n' => true,
                b'\r' => bytes.get(at + 1) != Some(&b'\n'),
                _ => false,
            };
            if ends {
                starts.push(at + 1);
            }
        }
        Self { starts }
    }

    /// The position of a byte.
    pub(crate) fn position(&self, text: &str, at: usize, encoding: Encoding) -> Position {
        let line = self.starts.partition_point(|start| *start <= at).max(1) - 1;
        let start = self.starts.get(line).copied().unwrap_or(0);
        let before = text.get(start..at).unwrap_or_default();
        let character = match encoding {
            Encoding::Utf8 => before.len(),
            Encoding::Utf16 => before.chars().map(char::len_utf16).sum(),
        };
        let number = |count| u32::try_from(count).unwrap_or(u32::MAX);
        Position::new(number(line), number(character))
    }

    pub(crate) fn range(
        &self,
        text: &str,
        span: &Range<usize>,
        encoding: Encoding,
    ) -> lsp_types::Range {
        lsp_types::Range::new(
            self.position(text, span.start, encoding),
            self.position(text, span.end, encoding),
        )
    }

    /// The byte at a position. One beyond the end of a line is that end; one within a character is its
    /// beginning.
    pub(crate) fn byte(&self, text: &str, position: Position, encoding: Encoding) -> usize {
        let line = usize::try_from(position.line).unwrap_or(usize::MAX);
        let Some(start) = self.starts.get(line).copied() else {
            return text.len();
        };
        let end = self.starts.get(line.saturating_add(1)).copied();
        let line = text
            .get(start..end.unwrap_or(text.len()))
            .unwrap_or_default();
        let wanted = usize::try_from(position.character).unwrap_or(usize::MAX);
        let mut column = 0;
        for (at, c) in line.trim_end_matches(['\n', '\r']).char_indices() {
            column += encoding.width(c);
            if column > wanted {
                return start + at;
            }
        }
        start + line.trim_end_matches(['\n', '\r']).len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_count_utf_16_code_units_or_bytes() {
        let text = "a: é𝄞x\r\nb\rc\n";
        let lines = LineIndex::new(text);
        let at = text.find('x').unwrap_or_default();
        let utf16 = lines.position(text, at, Encoding::Utf16);
        let utf8 = lines.position(text, at, Encoding::Utf8);
        assert_eq!((utf16, utf8), (Position::new(0, 6), Position::new(0, 9)));
        assert_eq!(lines.byte(text, utf16, Encoding::Utf16), at);
        assert_eq!(lines.byte(text, utf8, Encoding::Utf8), at);
        assert_eq!(
            lines.position(text, text.len() - 2, Encoding::Utf16),
            Position::new(2, 0)
        );
    }

    #[test]
    fn a_position_that_does_not_exist_is_clamped() {
        let text = "a: 𝄞x\nb";
        let lines = LineIndex::new(text);
        let byte =
            |line, character| lines.byte(text, Position::new(line, character), Encoding::Utf16);
        assert_eq!(byte(0, 4), 3);
        assert_eq!(byte(0, 99), 8);
        assert_eq!(byte(9, 0), text.len());
    }
}
