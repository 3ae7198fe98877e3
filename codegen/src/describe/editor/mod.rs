//! What an editor shows of a spec while it is written: the place of each name, the keys and words that fit at a
//! byte, and their documentation. It reads broken texts, too.

mod columns;
mod complete;
mod docs;
mod fragment;
mod hover;
mod outline;
mod place;
mod placeholders;
mod symbols;
#[cfg(test)]
mod tests;

pub use columns::{ColumnTypes, column_types};
pub use complete::{Completion, CompletionKind, Completions, completions};
pub use hover::Hover;
pub use outline::{OutlineItem, OutlineKind};
pub use symbols::{Occurrence, Symbol, SymbolKind};

use crate::diagnostic::Sink;
use crate::yaml::{self, Node};

use symbols::Symbols;

/// The tree of a spec's text, with the names in it.
///
/// ```
/// use rest_source_codegen::describe::editor::SpecTree;
///
/// let text = "config: { org: text }\nclient: { base_url: 'https://api.example.com/{config.org}' }\n";
/// let tree = SpecTree::parse(text);
/// let used = tree.symbol_at(text.find("org}").unwrap()).unwrap();
/// let places = tree.occurrences(&used.symbol);
/// assert_eq!(places.count(), 2);
/// ```
#[derive(Debug)]
pub struct SpecTree {
    text: String,
    root: Option<Node>,
    is_whole: bool,
    symbols: Symbols,
}

impl SpecTree {
    /// Parses a text, as far as it is YAML.
    pub fn parse(text: &str) -> Self {
        let document = yaml::parse(text, &mut Sink::default());
        let symbols = document
            .root
            .as_ref()
            .map(|root| Symbols::of(text, root))
            .unwrap_or_default();
        Self {
            text: text.to_owned(),
            root: document.root,
            is_whole: document.whole,
            symbols,
        }
    }

    /// The text that was parsed.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether the text was parsed to its end: false after a syntax error.
    pub fn is_whole(&self) -> bool {
        self.is_whole
    }

    /// The name at a byte, or just before it.
    pub fn symbol_at(&self, at: usize) -> Option<&Occurrence> {
        self.symbols.at(at)
    }

    /// All places of a name, in the order of the text. A column that `resource_defaults` names has its places
    /// there, too.
    pub fn occurrences<'t>(&'t self, symbol: &'t Symbol) -> impl Iterator<Item = &'t Occurrence> {
        self.symbols.of_symbol(symbol)
    }

    /// The documentation of what stands at a byte.
    pub fn hover(&self, at: usize, types: &ColumnTypes) -> Option<Hover> {
        hover::hover(self, at, types)
    }

    /// The parts of the spec and the names that they declare, as a tree.
    pub fn outline(&self) -> Vec<OutlineItem> {
        outline::outline(self.root.as_ref())
    }

    /// The Rust type of each column, and the byte at which its declaration ends.
    pub fn column_hints(&self, types: &ColumnTypes) -> Vec<(usize, String)> {
        columns::hints(self.root.as_ref(), types)
    }
}
