//! Lines and columns of a text.

/// A text whose lines were found.
pub(crate) struct Lines<'t> {
    text: &'t str,
    /// Where lines begin, from the second.
    starts: Vec<usize>,
}

impl<'t> Lines<'t> {
    pub(crate) fn new(text: &'t str) -> Self {
        let starts = text.match_indices('\n').map(|(at, _)| at + 1);
        Self {
            text,
            starts: starts.collect(),
        }
    }

    /// A file with the line and the column, in characters, of a byte.
    pub(crate) fn place(&self, file: &str, at: usize) -> String {
        let at = at.min(self.text.len());
        let line = self.starts.partition_point(|start| *start <= at);
        let start = line.checked_sub(1).map_or(0, |before| self.starts[before]);
        let column = self.text[start..at].chars().count() + 1;
        format!("{file}:{}:{column}", line + 1)
    }
}

#[cfg(test)]
mod tests {
    use super::Lines;

    #[test]
    fn columns_count_characters() {
        let lines = Lines::new("ab\nc\u{e9}d\n");
        assert_eq!(lines.place("f", 0), "f:1:1");
        assert_eq!(lines.place("f", 2), "f:1:3");
        assert_eq!(lines.place("f", 3), "f:2:1");
        assert_eq!(lines.place("f", 6), "f:2:3");
        assert_eq!(lines.place("f", 99), "f:3:1");
    }
}
