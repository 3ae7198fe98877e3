//! Tables made ready for reading: keys beside where their values go.
//!
//! Columns that are read `from` elsewhere in the record make a tree of places; mostly it is one level
//! of keys with one column each.

use crate::{
    error::Result,
    schema::{Column, Decode, Step, Table, Type},
    value::format::Format,
};

/// An object with columns.
#[derive(Debug)]
pub(super) struct ObjectShape {
    pub(super) columns: Vec<ColumnShape>,
    pub(super) root: Node,
    /// Position of the column that holds what no other does.
    pub(super) extra: Option<usize>,
    /// Whether a column holds the record as a whole, undeclared keys and all.
    pub(super) is_whole: bool,
}

/// A column, or the element of an array or a map.
#[derive(Debug)]
pub(super) struct ColumnShape {
    pub(super) column: &'static Column,
    pub(super) kind: Kind,
    /// Whether a number, a bool or JSON is written as text.
    pub(super) is_written: bool,
    /// Whether a value is known from its kind of JSON and its text alone.
    pub(super) is_flat: bool,
}

impl ColumnShape {
    fn new(column: &'static Column, kind: Kind) -> Self {
        let is_text = match &kind {
            Kind::Text | Kind::Time | Kind::Binary | Kind::Enum { .. } => true,
            Kind::Timestamp(format) | Kind::Date(format) => !format.is_number(),
            _ => false,
        };
        let is_written = !is_text && column.decode == Decode::Text;
        Self {
            column,
            is_written,
            is_flat: is_text
                || !is_written && matches!(kind, Kind::Bigint | Kind::Bool | Kind::Scalar),
            kind,
        }
    }
}

/// How a column's values are read.
#[derive(Debug)]
pub(super) enum Kind {
    Text,
    Bigint,
    Double,
    Bool,
    /// A bool written as 0 or 1.
    BoolInteger,
    Timestamp(Format),
    Date(Format),
    Time,
    Decimal {
        precision: u8,
        scale: u8,
    },
    Binary,
    Json,
    Object(ObjectShape),
    Array(Box<ColumnShape>),
    Map(Box<ColumnShape>),
    Enum {
        values: &'static [&'static str],
        closed: bool,
    },
    Union(Vec<ColumnShape>),
    Scalar,
    /// JSON in a text.
    Embedded(Box<ColumnShape>),
}

/// What is read at one place of a record.
#[derive(Debug)]
pub(super) enum Node {
    /// The value of this column.
    Column(usize),
    /// Values within an object, and nothing else.
    Within(Members),
    /// Several things, which are read one after the other.
    Several {
        columns: Vec<usize>,
        members: Option<Members>,
        elements: Vec<(i32, Node)>,
    },
}

/// The declared keys of an object.
#[derive(Debug)]
pub(super) struct Members {
    /// Counts all such sets of keys of a page, from 0.
    pub(super) id: usize,
    /// What leads here from the object itself, for a key that is not declared: `owner.`.
    pub(super) prefix: String,
    pub(super) keys: Vec<(&'static str, Node)>,
}

/// Makes a table ready. Each set of keys is appended to `sets`; its position there is its id.
pub(super) fn object(
    table: &'static Table,
    sets: &mut Vec<Vec<&'static str>>,
) -> Result<ObjectShape> {
    let mut tree = Tree::default();
    for (index, column) in table.columns.iter().enumerate() {
        match &column.from {
            Some(path) => tree.add(path.0, index),
            // It is put in afterwards.
            None if !column.is_received() || column.decode == Decode::Rest => {}
            None => tree.add(&[Step::Key(column.key)], index),
        }
    }
    let columns = table
        .columns
        .iter()
        .map(|column| shape(column, sets))
        .collect::<Result<_>>()?;
    Ok(ObjectShape {
        columns,
        extra: table
            .columns
            .iter()
            .position(|column| column.decode == Decode::Rest),
        is_whole: table.columns.iter().any(Column::is_record),
        root: tree.into_node(sets, ""),
    })
}

fn shape(column: &'static Column, sets: &mut Vec<Vec<&'static str>>) -> Result<ColumnShape> {
    let kind = match &column.data_type {
        Type::Text => Kind::Text,
        Type::Bigint => Kind::Bigint,
        Type::Double => Kind::Double,
        Type::Bool if column.decode == Decode::Integer => Kind::BoolInteger,
        Type::Bool => Kind::Bool,
        Type::Timestamp(format) => Kind::Timestamp(Format::new(*format)?),
        Type::Date(format) => Kind::Date(Format::new(*format)?),
        Type::Time => Kind::Time,
        Type::Decimal { precision, scale } => Kind::Decimal {
            precision: *precision,
            scale: *scale,
        },
        Type::Binary => Kind::Binary,
        Type::Json => Kind::Json,
        Type::Object(table) => Kind::Object(object(table, sets)?),
        Type::Array(element) => Kind::Array(Box::new(shape(element, sets)?)),
        Type::Map(element) => Kind::Map(Box::new(shape(element, sets)?)),
        Type::Enum { values, closed } => Kind::Enum {
            values,
            closed: *closed,
        },
        Type::Union(members) => Kind::Union(
            members
                .iter()
                .map(|member| shape(member, sets))
                .collect::<Result<_>>()?,
        ),
        Type::Scalar => Kind::Scalar,
    };
    let embedded = column.decode == Decode::Text
        && matches!(
            kind,
            Kind::Json | Kind::Object(_) | Kind::Array(_) | Kind::Map(_) | Kind::Union(_)
        );
    let shape = ColumnShape::new(column, kind);
    Ok(if embedded {
        ColumnShape::new(column, Kind::Embedded(Box::new(shape)))
    } else {
        shape
    })
}

/// The kinds of JSON value that a union tells its types apart by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum JsonKind {
    Bool,
    Number,
    Text,
    List,
    Object,
}

impl ColumnShape {
    /// Whether reading a value takes knowing where in the text it stands: numbers are read from
    /// their digits, and a container keeps its JSON.
    pub(super) const fn needs_place(&self) -> bool {
        match &self.kind {
            Kind::Text | Kind::Bool | Kind::Time | Kind::Binary | Kind::Enum { .. } => false,
            Kind::Timestamp(format) | Kind::Date(format) => format.is_number(),
            _ => true,
        }
    }

    /// Whether an element needs it: nobody asks for the JSON of one container in another.
    pub(super) const fn element_needs_place(&self) -> bool {
        match &self.kind {
            Kind::Object(_) | Kind::Array(_) | Kind::Map(_) => false,
            _ => self.needs_place(),
        }
    }

    /// The type of a union that takes this kind of JSON value.
    pub(super) fn member(&self, kind: JsonKind) -> Option<(u16, &Self)> {
        let Kind::Union(members) = &self.kind else {
            return None;
        };
        let at = members.iter().position(|member| member.takes(kind))?;
        Some((u16::try_from(at).ok()?, members.get(at)?))
    }

    fn takes(&self, kind: JsonKind) -> bool {
        match &self.kind {
            Kind::Json => true,
            _ if self.is_written => kind == JsonKind::Text,
            Kind::Text | Kind::Time | Kind::Binary | Kind::Enum { .. } | Kind::Embedded(_) => {
                kind == JsonKind::Text
            }
            Kind::Timestamp(format) | Kind::Date(format) => {
                (kind == JsonKind::Number) == format.is_number()
                    && matches!(kind, JsonKind::Number | JsonKind::Text)
            }
            Kind::Bigint | Kind::Double | Kind::BoolInteger | Kind::Decimal { .. } => {
                kind == JsonKind::Number
            }
            Kind::Bool => kind == JsonKind::Bool,
            Kind::Scalar => matches!(kind, JsonKind::Text | JsonKind::Number | JsonKind::Bool),
            Kind::Array(_) => kind == JsonKind::List,
            Kind::Object(_) | Kind::Map(_) => kind == JsonKind::Object,
            Kind::Union(members) => members.iter().any(|member| member.takes(kind)),
        }
    }
}

/// The places of a record while they are gathered.
#[derive(Default)]
struct Tree {
    columns: Vec<usize>,
    members: Vec<(&'static str, Tree)>,
    elements: Vec<(i32, Tree)>,
}

impl Tree {
    fn add(&mut self, path: &[Step], column: usize) {
        match path.split_first() {
            None => self.columns.push(column),
            Some((Step::Key(key), rest)) => child(&mut self.members, *key).add(rest, column),
            Some((Step::Index(index), rest)) => child(&mut self.elements, *index).add(rest, column),
        }
    }

    fn into_node(self, sets: &mut Vec<Vec<&'static str>>, prefix: &str) -> Node {
        if let ([column], [], []) = (&*self.columns, &*self.members, &*self.elements) {
            return Node::Column(*column);
        }
        let members = (!self.members.is_empty()).then(|| {
            let id = sets.len();
            sets.push(self.members.iter().map(|(key, _)| *key).collect());
            let keys = self.members.into_iter();
            Members {
                id,
                prefix: prefix.to_owned(),
                keys: keys
                    .map(|(key, tree)| (key, tree.into_node(sets, &format!("{prefix}{key}."))))
                    .collect(),
            }
        });
        match members {
            Some(members) if self.columns.is_empty() && self.elements.is_empty() => {
                Node::Within(members)
            }
            members => Node::Several {
                columns: self.columns,
                members,
                elements: self
                    .elements
                    .into_iter()
                    .map(|(index, tree)| {
                        (index, tree.into_node(sets, &format!("{prefix}{index}.")))
                    })
                    .collect(),
            },
        }
    }
}

/// The child of this name, made where there is none.
fn child<K: PartialEq>(children: &mut Vec<(K, Tree)>, name: K) -> &mut Tree {
    let at = children
        .iter()
        .position(|(other, _)| *other == name)
        .unwrap_or_else(|| {
            children.push((name, Tree::default()));
            children.len() - 1
        });
    &mut children[at].1
}
