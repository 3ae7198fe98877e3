//! A checked spec: its plan, and what its Rust needs besides.
//!
//! Only the checks make a [`Connector`], and only a [`Connector`] can be emitted. The plan says what is
//! asked for and what records look like; what is declared here are descriptions and the names of types.

use std::ops::{Deref, DerefMut};

pub use rest_source_model::{
    plan::*,
    schema::{self, Decode, Path, ResponseValue, Step, Table, TimeFormat, Type},
    shared::{List, Ref, Text, list},
};

use crate::names;

/// A whole source, ready to be emitted.
#[derive(Clone, Debug, PartialEq)]
pub struct Connector {
    /// What generated code holds as constants.
    pub plan: Ref<SourcePlan>,
    /// Text of the module's documentation.
    pub description: Option<Text>,
    /// The Rust enum of each setting that is one, in the order of the plan's settings.
    pub setting_enums: Vec<Option<EnumType>>,
    /// The resources, in the order of the plan's.
    pub resources: Vec<Resource>,
}

impl Connector {
    /// The resources for whose records this one is fetched.
    pub fn parents(&self, child: &Resource) -> Vec<&Resource> {
        let parents = child
            .plan
            .parent
            .iter()
            .flat_map(|parent| parent.resources());
        let find = |parent: &Ref<ResourcePlan>| {
            let mut resources = self.resources.iter();
            resources.find(|resource| resource.plan.name == parent.name)
        };
        parents.filter_map(find).collect()
    }
}

/// A resource: its plan, and the Rust of its records.
#[derive(Clone, Debug, PartialEq)]
pub struct Resource {
    pub plan: Ref<ResourcePlan>,
    pub description: Option<Text>,
    pub record: Record,
    /// The names of parameters that the spec binds in the path. They are none of the query.
    pub path_params: Vec<String>,
}

impl Resource {
    /// The method of `Source` that fetches it: a valid Rust identifier, raw where it must be.
    pub fn ident(&self) -> String {
        names::ident(&names::snake(&self.plan.name))
    }
}

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
    pub description: Option<Text>,
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

/// The table of these columns.
pub fn table(name: &str, columns: &[Column]) -> Ref<Table> {
    let mut list = Vec::with_capacity(columns.len());
    for column in columns {
        list.push(column.schema.clone());
    }
    Ref::from(Table {
        name: name.to_owned().into(),
        columns: list.into(),
    })
}

/// A column: its schema, which it reads as, and the Rust of its type.
#[derive(Clone, Debug, PartialEq)]
pub struct Column {
    pub schema: schema::Column,
    pub rust: RustType,
    pub description: Option<Text>,
}

impl Column {
    /// A column that is found at its own name and never null, of which nothing more is said.
    pub fn new(name: impl Into<Text>, typed: impl Into<Typed>) -> Self {
        let (name, typed) = (name.into(), typed.into());
        Self {
            schema: schema::Column {
                key: name.clone(),
                name,
                data_type: typed.data_type,
                formats: typed.formats,
                ..schema::Column::DEFAULT
            },
            rust: typed.rust,
            description: None,
        }
    }

    /// The field: a valid Rust identifier, raw where it must be.
    pub fn ident(&self) -> String {
        names::ident(&self.name)
    }

    /// What its values are, in both.
    pub fn typed(&self) -> Typed {
        Typed {
            data_type: self.data_type.clone(),
            formats: self.formats.clone(),
            rust: self.rust.clone(),
        }
    }
}

impl Deref for Column {
    type Target = schema::Column;

    fn deref(&self) -> &schema::Column {
        &self.schema
    }
}

impl DerefMut for Column {
    fn deref_mut(&mut self) -> &mut schema::Column {
        &mut self.schema
    }
}

/// A type, in the schema and in Rust.
#[derive(Clone, Debug, PartialEq)]
pub struct Typed {
    pub data_type: Type,
    /// Of a time or a date: the formats that are tried after that of its type.
    pub formats: List<TimeFormat>,
    pub rust: RustType,
}

/// What the schema does not say of a type's Rust.
#[derive(Clone, Debug, PartialEq)]
pub enum RustType {
    /// Nothing: it is a type of Rust or of the runtime.
    BuiltIn,
    /// Of an object.
    Struct(Struct),
    /// Of an enum.
    Enum(EnumType),
    /// Of a union.
    Union(UnionType),
    /// Of a list or a map: its element.
    Element(Box<Column>),
}

/// A Rust enum of words.
#[derive(Clone, Debug, PartialEq)]
pub struct EnumType {
    /// Its name.
    pub ident: String,
    /// A variant for each word, in order.
    pub variants: Vec<String>,
}

/// A Rust enum of types.
#[derive(Clone, Debug, PartialEq)]
pub struct UnionType {
    /// Its name.
    pub ident: String,
    /// What each variant holds.
    pub members: Vec<Column>,
}

impl UnionType {
    /// The variant of a type.
    pub fn variant(data_type: &Type) -> String {
        names::pascal(data_type.word())
    }
}

impl From<Type> for Typed {
    fn from(data_type: Type) -> Self {
        Self {
            data_type,
            formats: List::EMPTY,
            rust: RustType::BuiltIn,
        }
    }
}

impl From<Struct> for Typed {
    fn from(object: Struct) -> Self {
        Self {
            data_type: Type::Object(table(&object.name, &object.columns)),
            formats: List::EMPTY,
            rust: RustType::Struct(object),
        }
    }
}

impl From<UnionType> for Typed {
    fn from(union: UnionType) -> Self {
        let members = union.members.iter().map(|member| member.schema.clone());
        Self {
            data_type: Type::Union(members.collect()),
            formats: List::EMPTY,
            rust: RustType::Union(union),
        }
    }
}

impl Typed {
    /// A list of elements, or a map to them.
    pub fn of(container: fn(Ref<schema::Column>) -> Type, element: Column) -> Self {
        Self {
            data_type: container(element.schema.clone().into()),
            formats: List::EMPTY,
            rust: RustType::Element(Box::new(element)),
        }
    }
}
