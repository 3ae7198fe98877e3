//! Tables made ready for reading: keys beside where their values go.
//!
//! Columns that are read `from` elsewhere in the record make a tree of places; mostly it is one level
//! of keys with one column each.

use super::{
    declared::{Declared, DeclaredAt},
    explode::Explode,
    output::Unseen,
};
use crate::{
    error::Result,
    plan::Template,
    schema::{Column, Decode, Path, Step, Table, Type},
    shared::{List, Text},
    value::format::Format,
};

/// An object with columns.
#[derive(Debug)]
pub(super) struct ObjectShape {
    /// Position among [`Sets::objects`].
    pub(super) id: usize,
    pub(super) columns: Vec<ColumnShape>,
    pub(super) root: Node,
    /// Position of the column that holds what no other does.
    pub(super) extra: Option<usize>,
    /// Whether a column holds the record as a whole, undeclared keys and all.
    pub(super) is_whole: bool,
    /// Whether the place of its JSON is kept.
    pub(super) keeps_place: bool,
    /// The list of which each element is a row.
    pub(super) explode: Option<Box<Explode>>,
}

/// A column, or the element of an array or a map.
#[derive(Debug)]
pub(super) struct ColumnShape {
    pub(super) column: Column,
    pub(super) kind: Kind,
    /// Of a time or a date: the formats that are tried after that of its kind.
    pub(super) others: Vec<Format>,
    /// Whether a number, a bool or JSON is written as text.
    pub(super) is_written: bool,
}

impl ColumnShape {
    fn new(column: &Column, kind: Kind) -> Self {
        let mut shape = Self {
            column: column.clone(),
            others: Vec::new(),
            is_written: false,
            kind,
        };
        shape.is_written = !shape.is_text() && column.decode == Decode::Text;
        shape
    }

    /// Whether its values are texts in any body.
    fn is_text(&self) -> bool {
        match &self.kind {
            Kind::Text | Kind::Time | Kind::Binary | Kind::Enum { .. } => true,
            Kind::Timestamp(format) | Kind::Date(format) => !format.is_number(),
            _ => false,
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
        values: List<Text>,
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
    /// Whether another column holds the object, and accounts for the keys that none declares.
    pub(super) is_held: bool,
    pub(super) keys: Vec<(Text, Node)>,
}

/// What a page remembers while it is read: of each set of keys, and of each kind of object.
#[derive(Debug, Default)]
pub(super) struct Sets {
    /// By [`Members::id`].
    pub(super) keys: Vec<KeySet>,
    /// By [`ObjectShape::id`].
    pub(super) objects: Vec<ObjectSet>,
}

/// The keys of an object that columns are read from.
#[derive(Debug)]
pub(super) struct KeySet {
    pub(super) declared: Vec<Text>,
    /// Those that a column outside the set declares.
    pub(super) elsewhere: Vec<Text>,
}

/// A kind of object.
#[derive(Debug)]
pub(super) struct ObjectSet {
    pub(super) table: Table,
    /// What leads to its columns in the record: `owner.`.
    pub(super) prefix: String,
}

impl ObjectSet {
    /// Its columns that are read from a response.
    pub(super) fn unseen(&self) -> Unseen {
        let columns = self.table.columns.iter().zip(0..);
        Unseen {
            is_met: false,
            columns: columns
                .filter(|(column, _)| is_read(column) && !column.is_record())
                .map(|(_, at)| at)
                .collect(),
        }
    }
}

/// Whether a column is read from a response, from one place.
fn is_read(column: &Column) -> bool {
    column.is_received() && column.decode != Decode::Rest
}

impl ObjectShape {
    /// The same for records whose values are texts, as those of CSV: numbers and bools are written as text, and so is
    /// JSON.
    pub(super) fn read_values_from_texts(&mut self) {
        for shape in &mut self.columns {
            if shape.column.is_record() || shape.column.decode == Decode::Rest {
                continue;
            }
            let is_json = matches!(
                shape.kind,
                Kind::Json | Kind::Object(_) | Kind::Array(_) | Kind::Map(_) | Kind::Union(_)
            );
            if is_json {
                let column = Column {
                    decode: Decode::Text,
                    ..shape.column.clone()
                };
                let inner = std::mem::replace(shape, ColumnShape::new(&column, Kind::Json));
                *shape = ColumnShape::new(&column, Kind::Embedded(Box::new(inner)));
            } else if matches!(
                shape.kind,
                Kind::Bigint | Kind::Double | Kind::Bool | Kind::BoolInteger
            ) {
                shape.is_written = true;
            }
        }
    }
}

/// Makes the table of a record ready, of which each element of a list may be a row. The columns whose flag in `unread` is
/// set stay null: their keys are declared, and their values are skipped.
pub(super) fn record(
    table: &Table,
    unread: &[bool],
    explode: Option<&Path>,
    sets: &mut Sets,
) -> Result<ObjectShape> {
    let declared = Declared::of(table);
    if !unread.contains(&true) {
        return exploding(table, explode, sets, declared.place(), "");
    }
    let is_unread = |at: usize| unread.get(at).copied().unwrap_or_default();
    let columns = table.columns.iter().enumerate();
    let columns = columns.map(|(at, column)| {
        if is_unread(at) {
            skipped(column)
        } else {
            column.clone()
        }
    });
    let read = Table {
        name: table.name.clone(),
        columns: columns.collect(),
    };
    let mut shape = exploding(&read, explode, sets, declared.place(), "")?;
    // An unread column that takes whole records, or what no column declares, still accounts for undeclared keys.
    let mut columns = table.columns.iter();
    shape.is_whole = columns
        .any(|column| column.is_record() || column.decode == Decode::Rest && shape.extra.is_none());
    Ok(shape)
}

/// A column that no value of the response is read into.
fn skipped(column: &Column) -> Column {
    Column {
        name: column.name.clone(),
        nullable: true,
        value: Some(Template::EMPTY),
        ..Column::DEFAULT
    }
}

fn object(
    table: &Table,
    sets: &mut Sets,
    declared: DeclaredAt<'_>,
    prefix: &str,
) -> Result<ObjectShape> {
    exploding(table, None, sets, declared, prefix)
}

fn exploding(
    table: &Table,
    explode: Option<&Path>,
    sets: &mut Sets,
    declared: DeclaredAt<'_>,
    prefix: &str,
) -> Result<ObjectShape> {
    let id = sets.objects.len();
    sets.objects.push(ObjectSet {
        table: table.clone(),
        prefix: prefix.to_owned(),
    });
    let mut tree = Tree::default();
    let mut columns = Vec::with_capacity(table.columns.len());
    for (index, column) in table.columns.iter().enumerate() {
        let mut at = declared;
        if is_read(column) {
            let key = [Step::Key(column.key.clone())];
            let path = column.from.as_ref().map_or(&key[..], |path| &path.0);
            tree.add(path, index);
            at = path.iter().fold(declared, DeclaredAt::step);
        }
        let prefix = format!("{prefix}{}.", column.name);
        columns.push(shape(column, sets, at, &prefix)?);
    }
    let explode = explode.map(|path| {
        let shown = path.to_string().trim_start_matches('$').to_owned();
        let of_element = path.0.iter().fold(declared, DeclaredAt::step);
        let is_held = of_element.is_whole || of_element.has_object();
        let prefix = format!("{}.", shown.trim_start_matches('.'));
        let element = tree.take(&path.0);
        let element = element.into_node(sets, &prefix, of_element, is_held);
        Box::new(Explode {
            is_of_objects: matches!(element, Node::Within(_)),
            element,
            path: path.clone(),
            shown,
        })
    });
    Ok(ObjectShape {
        id,
        explode,
        columns,
        extra: table
            .columns
            .iter()
            .position(|column| column.decode == Decode::Rest),
        is_whole: table.columns.iter().any(Column::is_record),
        keeps_place: false,
        root: tree.into_node(sets, "", declared, declared.is_whole),
    })
}

fn shape(
    column: &Column,
    sets: &mut Sets,
    declared: DeclaredAt<'_>,
    prefix: &str,
) -> Result<ColumnShape> {
    let kind = match &column.data_type {
        Type::Text => Kind::Text,
        Type::Bigint => Kind::Bigint,
        Type::Double => Kind::Double,
        Type::Bool if column.decode == Decode::Integer => Kind::BoolInteger,
        Type::Bool => Kind::Bool,
        Type::Timestamp(format) => Kind::Timestamp(Format::new(format)?),
        Type::Date(format) => Kind::Date(Format::new(format)?),
        Type::Time => Kind::Time,
        Type::Decimal { precision, scale } => Kind::Decimal {
            precision: *precision,
            scale: *scale,
        },
        Type::Binary => Kind::Binary,
        Type::Json => Kind::Json,
        Type::Object(table) => Kind::Object(if declared.has_object() {
            object(table, sets, declared, prefix)?
        } else {
            object(table, sets, Declared::of(table).place(), prefix)?
        }),
        Type::Array(element) => {
            Kind::Array(Box::new(shape(element, sets, declared.element(), prefix)?))
        }
        Type::Map(element) => Kind::Map(Box::new(shape(
            element,
            sets,
            DeclaredAt::default(),
            prefix,
        )?)),
        Type::Enum { values, closed } => Kind::Enum {
            values: values.clone(),
            closed: *closed,
        },
        Type::Union(members) => Kind::Union(
            members
                .iter()
                .map(|member| shape(member, sets, declared, prefix))
                .collect::<Result<_>>()?,
        ),
        Type::Scalar => Kind::Scalar,
    };
    let embedded = column.decode == Decode::Text
        && matches!(
            kind,
            Kind::Json | Kind::Object(_) | Kind::Array(_) | Kind::Map(_) | Kind::Union(_)
        );
    let mut shape = ColumnShape::new(column, kind);
    shape.others = column
        .formats
        .iter()
        .map(Format::new)
        .collect::<Result<_>>()?;
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

impl JsonKind {
    /// The kind of a value by its first byte; none for a null.
    #[inline]
    pub(super) const fn of(first: u8) -> Option<Self> {
        match first {
            b'-' | b'0'..=b'9' => Some(Self::Number),
            b'"' => Some(Self::Text),
            b'{' => Some(Self::Object),
            b'[' => Some(Self::List),
            b't' | b'f' => Some(Self::Bool),
            _ => None,
        }
    }
}

impl ColumnShape {
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
                let mut formats = std::iter::once(format).chain(&self.others);
                matches!(kind, JsonKind::Number | JsonKind::Text)
                    && formats.any(|format| (kind == JsonKind::Number) == format.is_number())
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
    members: Vec<(Text, Tree)>,
    elements: Vec<(i32, Tree)>,
}

impl Tree {
    fn add(&mut self, path: &[Step], column: usize) {
        match path.split_first() {
            None => self.columns.push(column),
            Some((Step::Key(key), rest)) => child(&mut self.members, key).add(rest, column),
            Some((Step::Index(index), rest)) => child(&mut self.elements, index).add(rest, column),
        }
    }

    /// What is read at a place and below it, which is not read here then.
    fn take(&mut self, path: &[Step]) -> Self {
        let taken = match path.split_first() {
            None => Some(std::mem::take(self)),
            Some((Step::Key(key), rest)) => {
                let member = self.members.iter_mut().find(|(name, _)| name == key);
                member.map(|(_, tree)| tree.take(rest))
            }
            Some((Step::Index(index), rest)) => {
                let element = self.elements.iter_mut().find(|(at, _)| at == index);
                element.map(|(_, tree)| tree.take(rest))
            }
        };
        self.members.retain(|(_, tree)| !tree.is_empty());
        self.elements.retain(|(_, tree)| !tree.is_empty());
        taken.unwrap_or_default()
    }

    fn is_empty(&self) -> bool {
        self.columns.is_empty() && self.members.is_empty() && self.elements.is_empty()
    }

    /// `declared` is what the record's columns declare at this place. `is_held` says that another column
    /// accounts for the keys that none of them declares.
    fn into_node(
        self,
        sets: &mut Sets,
        prefix: &str,
        declared: DeclaredAt<'_>,
        is_held: bool,
    ) -> Node {
        if let ([column], [], []) = (&*self.columns, &*self.members, &*self.elements) {
            return Node::Column(*column);
        }
        let below = |tree: Self, sets: &mut Sets, step: Step, name: String| {
            let declared = declared.step(&step);
            let is_held = declared.is_whole || declared.has_object();
            tree.into_node(sets, &format!("{prefix}{name}."), declared, is_held)
        };
        let members = (!self.members.is_empty()).then(|| {
            let id = sets.keys.len();
            let keys: Vec<_> = self.members.iter().map(|(key, _)| key.clone()).collect();
            let others = declared.keys().filter(|key| !keys.contains(key));
            let elsewhere = others.cloned().collect();
            sets.keys.push(KeySet {
                declared: keys,
                elsewhere,
            });
            let members = self.members.into_iter();
            Members {
                id,
                prefix: prefix.to_owned(),
                is_held,
                keys: members
                    .map(|(key, tree)| {
                        let step = Step::Key(key.clone());
                        let below = below(tree, sets, step, key.to_string());
                        (key, below)
                    })
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
                    .map(|(at, tree)| (at, below(tree, sets, Step::Index(at), at.to_string())))
                    .collect(),
            },
        }
    }
}

/// The child of this name, made where there is none.
fn child<'c, K: Clone + PartialEq, T: Default>(
    children: &'c mut Vec<(K, T)>,
    name: &K,
) -> &'c mut T {
    let at = children
        .iter()
        .position(|(other, _)| other == name)
        .unwrap_or_else(|| {
            children.push((name.clone(), T::default()));
            children.len() - 1
        });
    &mut children[at].1
}
