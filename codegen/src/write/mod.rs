//! Specs as text: a tree of keys in, YAML out.
//!
//! Importers and the command build a [`Map`] with the keys of the language, in any order, with comments. [`text`]
//! puts the keys in the order of the reference, leaves out values that are the default, and shortens what the
//! language has a short form for. Whether the spec is right is decided by [`compile`](crate::compile).
//!
//! ```
//! use rest_source_codegen::write::{Map, Node, text};
//!
//! let mut stories = Map::new();
//! stories.set("name", "stories");
//! let endpoint = stories.map("endpoint");
//! endpoint.set("path", "/v1/stories");
//! endpoint.map("paginator").set("type", "header_link");
//! endpoint.comment("paginator", "From the `Link` header of the example.");
//! stories.map("columns").map("id").set("data_type", "bigint").set("nullable", false);
//!
//! let mut spec = Map::new();
//! spec.set("resources", vec![Node::from(stories)]);
//! spec.map("client").set("base_url", "https://api.example.com");
//!
//! assert_eq!(
//!     text(&spec),
//!     "client:
//!   base_url: https://api.example.com
//!
//! resources:
//!   - name: stories
//!     endpoint:
//!       path: /v1/stories
//!       ## From the `Link` header of the example.
//!       paginator: header_link
//!     columns:
//!       id: bigint!
//! ");
//! ```

mod edit;
mod layout;
mod names;
mod normal;
mod place;
mod read;
mod scalar;
#[cfg(test)]
mod tests;

pub use edit::{CannotEdit, remove, set};
pub use names::{is_free_method, is_free_type, is_name, is_secret_name, snake_name, type_name};
pub use place::{Step, way_to};
pub use read::{Unreadable, read};

/// A value in a spec.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Node {
    /// Null.
    Null,
    /// True or false.
    Bool(bool),
    /// A number, as it is written.
    Number(String),
    /// Text.
    Text(String),
    /// A list.
    List(Vec<Element>),
    /// A map.
    Map(Map),
}

/// An element of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Element {
    /// Lines above it, without `#`.
    pub comments: Vec<String>,
    /// Its value.
    pub value: Node,
}

/// A map of keys and values, each key once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Map {
    /// In the order in which they were set.
    pub entries: Vec<Entry>,
    /// Lines at its top, without `#`: above all keys.
    pub comments: Vec<String>,
}

/// A key and its value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The key.
    pub key: String,
    /// Lines above it, without `#`.
    pub comments: Vec<String>,
    /// Its value.
    pub value: Node,
}

/// The YAML of a spec: keys in the order of the reference, without those whose value is the default.
pub fn text(spec: &Map) -> String {
    layout::document(&normal::spec(spec))
}

/// A spec in its usual form: keys in the order of the reference, without those whose value is the default, short forms.
/// [`text`] writes this form.
pub fn usual(spec: &Map) -> Map {
    normal::spec(spec)
}

/// The YAML of one value of a spec as it stands after its key, or after the dash of a list, `indent` spaces deep.
/// The keys of maps keep their order.
///
/// ```
/// use rest_source_codegen::write::{Map, Node, value_text};
///
/// let mut paginator = Map::new();
/// paginator.set("type", "offset").set("limit", 100);
/// assert_eq!(value_text(&Node::from(paginator), 4), "{ type: offset, limit: 100 }");
/// ```
pub fn value_text(value: &Node, indent: usize) -> String {
    layout::value(value, indent, None)
}

impl Map {
    /// A map without keys.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the value of a key. One that is there keeps its place and its comments.
    pub fn set(&mut self, key: &str, value: impl Into<Node>) -> &mut Self {
        self.entry(key).value = value.into();
        self
    }

    /// The map that is the value of a key; a new one where it has another value or none.
    pub fn map(&mut self, key: &str) -> &mut Map {
        let value = &mut self.entry(key).value;
        if !matches!(value, Node::Map(_)) {
            *value = Node::Map(Map::new());
        }
        match value {
            Node::Map(map) => map,
            _ => unreachable!(),
        }
    }

    /// Adds a comment above a key, which has a null value if it is not set. Each line of the text is a line.
    pub fn comment(&mut self, key: &str, text: &str) -> &mut Self {
        let lines = text.lines().map(str::to_owned);
        self.entry(key).comments.extend(lines);
        self
    }

    /// Adds a comment at the top of the map.
    pub fn comment_top(&mut self, text: &str) -> &mut Self {
        self.comments.extend(text.lines().map(str::to_owned));
        self
    }

    /// The value of a key.
    pub fn get(&self, key: &str) -> Option<&Node> {
        let mut entries = self.entries.iter();
        entries
            .find(|entry| entry.key == key)
            .map(|entry| &entry.value)
    }

    /// Removes a key with its comments, and returns its value.
    pub fn remove(&mut self, key: &str) -> Option<Node> {
        let at = self.entries.iter().position(|entry| entry.key == key)?;
        Some(self.entries.remove(at).value)
    }

    /// Whether it has no key.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    fn entry(&mut self, key: &str) -> &mut Entry {
        let at = self.entries.iter().position(|entry| entry.key == key);
        let at = at.unwrap_or_else(|| {
            self.entries.push(Entry {
                key: key.to_owned(),
                comments: Vec::new(),
                value: Node::Null,
            });
            self.entries.len() - 1
        });
        &mut self.entries[at]
    }
}

impl Node {
    /// The text; nothing for another value.
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The map; nothing for another value.
    pub fn as_map(&self) -> Option<&Map> {
        match self {
            Self::Map(map) => Some(map),
            _ => None,
        }
    }

    /// The elements; none for another value.
    pub fn elements(&self) -> &[Element] {
        match self {
            Self::List(elements) => elements,
            _ => &[],
        }
    }
}

impl Element {
    /// An element without a comment.
    pub fn new(value: impl Into<Node>) -> Self {
        Self {
            comments: Vec::new(),
            value: value.into(),
        }
    }
}

impl From<&str> for Node {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Node {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<bool> for Node {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

impl From<i32> for Node {
    fn from(value: i32) -> Self {
        Self::Number(value.to_string())
    }
}

impl From<i64> for Node {
    fn from(value: i64) -> Self {
        Self::Number(value.to_string())
    }
}

impl From<u64> for Node {
    fn from(value: u64) -> Self {
        Self::Number(value.to_string())
    }
}

impl From<Map> for Node {
    fn from(map: Map) -> Self {
        Self::Map(map)
    }
}

impl<T: Into<Node>> From<Vec<T>> for Node {
    fn from(elements: Vec<T>) -> Self {
        Self::List(elements.into_iter().map(Element::new).collect())
    }
}
