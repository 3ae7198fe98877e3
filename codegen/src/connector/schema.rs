//! What records are made of: structs, columns and their types.

use super::request::Path;

/// What the records of a resource are.
#[derive(Clone, Debug, PartialEq)]
pub enum Record {
    /// `columns: json`: no columns, or those of its key and the record as a whole.
    Untyped(Vec<Column>),
    Struct(Struct),
}

impl Record {
    pub fn columns(&self) -> &[Column] {
        match self {
            Self::Untyped(columns) => columns,
            Self::Struct(record) => &record.columns,
        }
    }
}

/// A struct to be emitted: of a resource, or of an object column.
#[derive(Clone, Debug, PartialEq)]
pub struct Struct {
    /// Its name in Rust.
    pub ident: String,
    /// Its name in messages: the resource, or the path of the column (`stories.owner`).
    pub name: String,
    pub line: u32,
    pub description: Option<String>,
    /// At least one, in the order of the spec; columns from the parent and from settings come last.
    pub columns: Vec<Column>,
}

impl Struct {
    /// The names of its columns, in order.
    pub fn column_names(&self) -> Vec<&str> {
        let mut names = Vec::with_capacity(self.columns.len());
        for column in &self.columns {
            names.push(column.name.as_str());
        }
        names
    }
}

#[derive(Clone, Debug, PartialEq)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "they are independent of each other, as in a spec"
)]
pub struct Column {
    /// Its name in SQL, and in Rust before it is made an identifier.
    pub name: String,
    /// The field: a valid Rust identifier, raw where it must be.
    pub ident: String,
    /// Its key on the wire.
    pub key: String,
    pub from: Option<Path>,
    pub data_type: Type,
    pub nullable: bool,
    pub explicit: bool,
    pub primary_key: bool,
    pub merge_key: bool,
    pub decode: Decode,
    /// Where it is taken from the parent's record: the position in
    /// [`Parent::fields`](super::Parent::fields). An enum of such a column is the parent's.
    pub parent: Option<u16>,
    /// Where it is a setting: the position in [`Connector::config`](super::Connector::config).
    pub config: Option<u16>,
    pub line: u32,
    pub description: Option<String>,
}

impl Column {
    /// A column that is found at its own name and never null, of which nothing more is said.
    pub fn new(name: String, ident: String, data_type: Type) -> Self {
        Self {
            key: name.clone(),
            name,
            ident,
            from: None,
            data_type,
            nullable: false,
            explicit: false,
            primary_key: false,
            merge_key: false,
            decode: Decode::Native,
            parent: None,
            config: None,
            line: 0,
            description: None,
        }
    }
}

#[derive(Clone, Debug, PartialEq)]
pub enum Type {
    Text,
    Bigint,
    Double,
    Bool,
    Timestamp(TimeFormat),
    Date(TimeFormat),
    Time,
    /// `precision` 0 is without bound.
    Decimal {
        precision: u8,
        scale: u8,
    },
    Binary,
    Json,
    Object(Struct),
    /// The element; its `nullable` says whether the list may hold nulls.
    Array(Box<Column>),
    /// The element describes the values.
    Map(Box<Column>),
    Enum(EnumType),
    Union(UnionType),
    /// What is looked up in an untyped record as its key: text, an integer or a bool.
    Scalar,
}

#[derive(Clone, Debug, PartialEq)]
pub struct EnumType {
    /// Its name in Rust.
    pub ident: String,
    pub values: Vec<EnumValue>,
    pub closed: bool,
}

#[derive(Clone, Debug, PartialEq)]
pub struct EnumValue {
    /// The word on the wire.
    pub value: String,
    /// The variant.
    pub ident: String,
}

#[derive(Clone, Debug, PartialEq)]
pub struct UnionType {
    /// Its name in Rust.
    pub ident: String,
    /// A member's `ident` is its variant.
    pub members: Vec<Column>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TimeFormat {
    Rfc3339,
    Date,
    EpochSeconds,
    EpochMillis,
    Pattern {
        pattern: String,
        zone: Option<String>,
    },
    Local {
        zone: String,
    },
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Decode {
    #[default]
    Native,
    Text,
    Integer,
    /// What its object has besides the other columns, by key.
    Rest,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SchemaContract {
    pub columns: ColumnsContract,
    pub data_type: DataTypeContract,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ColumnsContract {
    #[default]
    DiscardValue,
    Freeze,
    Evolve,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DataTypeContract {
    #[default]
    Freeze,
    DiscardRow,
    DiscardValue,
}
