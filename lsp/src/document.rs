//! An open document: its text, and what is known of it.

use std::sync::Arc;

use lsp_types::{Position, Range, TextDocumentContentChangeEvent, Uri};
use rest_source_codegen::describe::editor::{ColumnTypes, SpecTree};

use crate::analysis::{Analysis, Job};
use crate::position::{Encoding, LineIndex};

/// Texts up to this size are parsed at each request after a change. Larger ones are parsed while the user pauses,
/// and until then the answers come from the last tree.
const PARSED_AT_ONCE: usize = 128 << 10;

/// An open document.
#[derive(Debug)]
pub(crate) struct Document {
    pub(crate) uri: Uri,
    pub(crate) version: i32,
    pub(crate) text: String,
    lines: LineIndex,
    encoding: Encoding,
    /// The last tree that was parsed, of this or of an older text.
    tree: Arc<SpecTree>,
    /// The last one of a text without syntax errors.
    whole: Arc<SpecTree>,
    pub(crate) types: ColumnTypes,
    analysis: Option<Analysis>,
}

impl Document {
    pub(crate) fn new(uri: Uri, version: i32, text: String, encoding: Encoding) -> Self {
        let tree = Arc::new(SpecTree::parse(&text));
        Self {
            uri,
            version,
            lines: LineIndex::new(&text),
            text,
            encoding,
            whole: Arc::clone(&tree),
            tree,
            types: ColumnTypes::default(),
            analysis: None,
        }
    }

    /// Applies the changes of a client, in order.
    pub(crate) fn change(&mut self, version: i32, changes: Vec<TextDocumentContentChangeEvent>) {
        self.version = version;
        for change in changes {
            match change.range {
                Some(range) => {
                    let start = self.byte(range.start);
                    let end = self.byte(range.end).max(start);
                    self.text.replace_range(start..end, &change.text);
                }
                None => self.text = change.text,
            }
            self.lines = LineIndex::new(&self.text);
        }
    }

    pub(crate) fn job(&self) -> Job {
        Job {
            uri: self.uri.as_str().to_owned(),
            version: self.version,
            text: self.text.clone(),
        }
    }

    /// Takes over what was found in a version of it.
    pub(crate) fn update(&mut self, mut analysis: Analysis) {
        if let Some(types) = analysis.types.take() {
            self.types = types;
        }
        if self.tree.text() != self.text {
            let tree = std::mem::replace(&mut analysis.tree, SpecTree::parse(""));
            self.set_tree(tree);
        }
        self.analysis = Some(analysis);
    }

    fn set_tree(&mut self, tree: SpecTree) {
        self.tree = Arc::new(tree);
        if self.tree.is_whole() {
            self.whole = Arc::clone(&self.tree);
        }
    }

    /// What the checks found in its current text. A large text has to be checked first.
    pub(crate) fn analysis(&mut self) -> Option<&Analysis> {
        let is_current = self
            .analysis
            .as_ref()
            .is_some_and(|analysis| analysis.version == self.version);
        if !is_current {
            if self.text.len() > PARSED_AT_ONCE {
                return None;
            }
            let analysis = Analysis::of(&self.job());
            self.update(analysis);
        }
        self.analysis.as_ref()
    }

    /// The tree of its current text.
    pub(crate) fn current_tree(&mut self) -> Arc<SpecTree> {
        if self.tree.text() != self.text {
            self.set_tree(SpecTree::parse(&self.text));
        }
        Arc::clone(&self.tree)
    }

    /// Whether the text that was parsed last has no syntax error.
    pub(crate) fn is_whole(&self) -> bool {
        self.tree.is_whole()
    }

    /// The last tree without a syntax error, whose names are complete.
    pub(crate) fn whole_tree(&mut self) -> Arc<SpecTree> {
        if self.text.len() <= PARSED_AT_ONCE {
            self.current_tree();
        }
        Arc::clone(&self.whole)
    }

    /// The best tree for questions about the whole document, and how its bytes are those of the text.
    pub(crate) fn best_tree(&mut self) -> MappedTree {
        let tree = self.whole_tree();
        let shift = Shift::between(tree.text(), &self.text);
        MappedTree { tree, shift }
    }

    pub(crate) fn byte(&self, position: Position) -> usize {
        self.lines.byte(&self.text, position, self.encoding)
    }

    pub(crate) fn position(&self, at: usize) -> Position {
        self.lines.position(&self.text, at, self.encoding)
    }

    pub(crate) fn range(&self, span: &std::ops::Range<usize>) -> Range {
        self.lines.range(&self.text, span, self.encoding)
    }
}

/// A tree of a text or of an older version of it.
#[derive(Debug)]
pub(crate) struct MappedTree {
    pub(crate) tree: Arc<SpecTree>,
    shift: Shift,
}

impl MappedTree {
    /// The byte of the tree's text at a byte of the current text, if it is outside of what changed.
    pub(crate) fn to_tree(&self, at: usize) -> Option<usize> {
        let Shift { old, new, .. } = self.shift;
        self.shift.map(at, new, old)
    }

    fn to_text(&self, at: usize) -> Option<usize> {
        let Shift { old, new, .. } = self.shift;
        self.shift.map(at, old, new)
    }

    /// The place in the current text of a place in the tree's.
    pub(crate) fn span(&self, span: &std::ops::Range<usize>) -> Option<std::ops::Range<usize>> {
        let (start, end) = (self.to_text(span.start)?, self.to_text(span.end)?);
        (start <= end).then_some(start..end)
    }

    /// The same of a place that may have changed within.
    pub(crate) fn outer_span(&self, span: &std::ops::Range<usize>) -> std::ops::Range<usize> {
        let Shift {
            prefix,
            suffix,
            new,
            ..
        } = self.shift;
        let start = self.to_text(span.start).unwrap_or(prefix);
        let end = self.to_text(span.end).unwrap_or(new - suffix);
        start..end.max(start)
    }
}

/// What two texts have in common.
#[derive(Clone, Copy, Debug)]
struct Shift {
    /// Bytes at the beginning.
    prefix: usize,
    /// Bytes at the end, beside those at the beginning.
    suffix: usize,
    old: usize,
    new: usize,
}

impl Shift {
    /// The byte of one text at a byte of the other, if both have it in common. `from` and `to` are their lengths.
    fn map(&self, at: usize, from: usize, to: usize) -> Option<usize> {
        if at <= self.prefix {
            return Some(at);
        }
        let from_end = from.checked_sub(at)?;
        (from_end <= self.suffix).then(|| to - from_end)
    }

    fn between(old: &str, new: &str) -> Self {
        let (a, b) = (old.as_bytes(), new.as_bytes());
        let mut prefix = 0;
        let shortest = a.len().min(b.len());
        // Chunks first: they are compared at once.
        for step in [4096, 64, 1] {
            while prefix + step <= shortest
                && a.get(prefix..prefix + step) == b.get(prefix..prefix + step)
            {
                prefix += step;
            }
        }
        while !old.is_char_boundary(prefix) || !new.is_char_boundary(prefix) {
            prefix -= 1;
        }
        let mut suffix = 0;
        let rest = shortest - prefix;
        let is_same = |from: usize, step: usize| {
            let (a_end, b_end) = (a.len() - from, b.len() - from);
            a.get(a_end - step..a_end) == b.get(b_end - step..b_end)
        };
        for step in [4096, 64, 1] {
            while suffix + step <= rest && is_same(suffix, step) {
                suffix += step;
            }
        }
        while !old.is_char_boundary(a.len() - suffix) || !new.is_char_boundary(b.len() - suffix) {
            suffix -= 1;
        }
        Self {
            prefix,
            suffix,
            old: a.len(),
            new: b.len(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mapped(old: &str, new: &str) -> MappedTree {
        MappedTree {
            tree: Arc::new(SpecTree::parse(old)),
            shift: Shift::between(old, new),
        }
    }

    #[test]
    fn places_outside_of_a_change_are_mapped() {
        let map = mapped("a: é\nb: x\nc: z\n", "a: é\nb: long\nc: z\n");
        let old = map.tree.text().to_owned();
        let (b, x, z) = (
            old.find('b').unwrap_or(0),
            old.find('x').unwrap_or(0),
            old.find('z').unwrap_or(0),
        );
        assert_eq!(map.span(&(b..b + 1)), Some(b..b + 1));
        assert_eq!(map.span(&(z..z + 1)), Some(z + 3..z + 4));
        assert_eq!(map.outer_span(&(b..z)), b..z + 3);
        assert_eq!(map.to_tree(x + 2), None);
        assert_eq!(map.to_tree(z + 3), Some(z));
    }

    #[test]
    fn equal_texts_are_mapped_to_themselves() {
        let map = mapped("é", "é");
        assert_eq!((map.to_tree(0), map.to_tree(2)), (Some(0), Some(2)));
        let map = mapped("éé", "éáé");
        assert_eq!(map.to_tree(6), Some(4));
    }
}
