//! A user's own struct for records, checked against the schema field by field.

use proc_macro2::{Ident, TokenStream};
use syn::{Error, ext::IdentExt};

use crate::{
    connector::{Column, Connector, Record, RustType, Struct, Type as DataType},
    emit::field_type,
    item::{Field, Item, Path, Type},
    suggest::closest,
};

/// The types of the standard library that are checked here. What another is made of is for rustc to
/// say: it has `FromCell`, or it has not.
const STD: &[&str] = &[
    "BTreeMap", "HashMap", "HashSet", "Option", "String", "Vec", "bool", "char", "f32", "f64",
    "i128", "i16", "i32", "i64", "i8", "isize", "str", "u128", "u16", "u32", "u64", "u8", "usize",
];

/// Those of ours. A user's own type may be called the same.
const OURS: &[&str] = &["Date", "Decimal", "Field", "Json", "Time", "Timestamp"];

/// The types that every module has.
const MADE: &[&str] = &["Config", "Secrets", "Source"];

/// What is wrong with those of the structs that stand for a record of the connector, or that take a
/// name from it. `spec` is the path that the messages show.
pub(crate) fn check(connector: &Connector, spec: &str, structs: &[Item]) -> Vec<Error> {
    let taken = structs
        .iter()
        .filter(|own| MADE.iter().any(|name| own.ident == name));
    let mut errors: Vec<Error> = taken.map(taken_name).collect();
    for resource in &connector.resources {
        if let Record::Struct(record) = &resource.record {
            check_within(record, spec, structs, &mut errors);
            if resource.plan.changes_records() {
                for column in &record.columns {
                    check_given(column, spec, structs, &mut errors);
                }
            }
        }
    }
    errors
}

/// An object within a list, a map or a union is given back as its struct has it: nothing tells which of
/// those that came it was, so that no column could stay as it came.
fn check_given(column: &Column, spec: &str, structs: &[Item], errors: &mut Vec<Error>) {
    match &column.rust {
        RustType::Struct(object) => {
            for column in &object.columns {
                check_given(column, spec, structs, errors);
            }
        }
        RustType::Element(element) => check_whole(element, spec, structs, errors),
        RustType::Union(union) => {
            for member in &union.members {
                check_whole(member, spec, structs, errors);
            }
        }
        _ => {}
    }
}

fn check_whole(column: &Column, spec: &str, structs: &[Item], errors: &mut Vec<Error>) {
    let RustType::Struct(object) = &column.rust else {
        return check_given(column, spec, structs, errors);
    };
    let own = find(structs, &object.ident);
    for column in &object.columns {
        if let Some(own) = own.filter(|own| !takes(own, column)) {
            errors.push(Error::new(
                own.ident.span(),
                format!(
                    "it has no field for `{}` ({spec}:{}), which would be lost where a step changes the \
                     record\nhelp: add the field: `{}`",
                    column.name,
                    column.line,
                    shown(&field_type(column))
                ),
            ));
        }
        check_whole(column, spec, structs, errors);
    }
}

fn taken_name(own: &Item) -> Error {
    let name = &own.ident;
    let message = format!("`{name}` is made from the spec\nhelp: give this struct another name");
    Error::new(name.span(), message)
}

fn check_within(record: &Struct, spec: &str, structs: &[Item], errors: &mut Vec<Error>) {
    if let Some(own) = find(structs, &record.ident) {
        check_struct(own, record, spec, errors);
    }
    for column in &record.columns {
        check_type(column, spec, structs, errors);
    }
}

fn check_type(column: &Column, spec: &str, structs: &[Item], errors: &mut Vec<Error>) {
    match &column.rust {
        RustType::Struct(object) => check_within(object, spec, structs, errors),
        RustType::Element(element) => check_type(element, spec, structs, errors),
        RustType::Union(union) => {
            for member in &union.members {
                check_type(member, spec, structs, errors);
            }
        }
        RustType::BuiltIn | RustType::Enum(_) => {}
    }
}

/// The user's struct of this name.
pub(crate) fn find<'a>(structs: &'a [Item], name: &str) -> Option<&'a Item> {
    structs.iter().find(|own| own.ident == name)
}

/// The user's field of this column.
fn field_of<'a>(own: &'a Item, column: &Column) -> Option<&'a Field> {
    let mut fields = own.named_fields().iter();
    fields.find(|field| field.ident == column.ident())
}

/// Whether the user's struct has the column's field.
pub(crate) fn takes(own: &Item, column: &Column) -> bool {
    field_of(own, column).is_some()
}

/// Whether the user's struct has the column's field, and of the very type that it would have here.
pub(crate) fn has_field(own: &Item, column: &Column, expected: &TokenStream) -> bool {
    let expected = Type::of(expected.clone());
    field_of(own, column).is_some_and(|field| is_same(&field.data_type, &expected))
}

/// Whether two types have the same names, but for their paths.
fn is_same(one: &Type, other: &Type) -> bool {
    let (Some(one), Some(other)) = (one.path(), other.path()) else {
        return false;
    };
    let mut arguments = one.arguments.iter().zip(&other.arguments);
    one.last == other.last
        && one.arguments.len() == other.arguments.len()
        && arguments.all(|(one, other)| is_same(one, other))
}

fn check_struct(own: &Item, record: &Struct, spec: &str, errors: &mut Vec<Error>) {
    let Some(fields) = &own.fields else {
        errors.push(Error::new(
            own.ident.span(),
            format!("the record of `{}` needs fields with names", record.name),
        ));
        return;
    };
    if let Some(place) = own.generics {
        errors.push(Error::new(
            place,
            format!("the record of `{}` takes no parameters", record.name),
        ));
    }
    for field in fields {
        let mut columns = record.columns.iter();
        match columns.find(|column| field.ident == column.ident()) {
            None => errors.push(no_column(&field.ident, record, spec)),
            Some(column) => errors.extend(check_field(field, column, spec)),
        }
    }
}

fn no_column(ident: &Ident, record: &Struct, spec: &str) -> Error {
    let name = ident.unraw().to_string();
    let known = record.column_names();
    let close = closest(&name, &known);
    let question = close.map_or(String::new(), |close| format!("did you mean `{close}`? "));
    Error::new(
        ident.span(),
        format!(
            "`{name}` is not a column of `{}` ({spec}:{})\n\
             help: {question}its columns are `{}`",
            record.name,
            record.line,
            known.join("`, `")
        ),
    )
}

fn check_field(field: &Field, column: &Column, spec: &str) -> Option<Error> {
    let expected = Type::of(field_type(column));
    if fits(&field.data_type, &expected) {
        return None;
    }
    // What an `Option` or `Field` is of.
    let value = expected.path()?.arguments.first();
    let what = match value {
        Some(value) if column.nullable && fits(&field.data_type, value) => "nullable",
        _ => word(&column.data_type),
    };
    Some(Error::new(
        field.span,
        format!(
            "`{}` is {what} ({spec}:{}): this field must be `{}`",
            column.name,
            column.line,
            shown(&field_type(column))
        ),
    ))
}

/// Whether a field of this type may take what a column of the expected type holds.
fn fits(own: &Type, expected: &Type) -> bool {
    let Some(wanted) = expected.path() else {
        return true;
    };
    let own = match own {
        Type::Path(own) => own,
        Type::Unknown => return true,
        Type::Unfit => return false,
    };
    if !is_known(own, wanted) {
        return true;
    }
    if own.last == "Option" && wanted.last != "Option" {
        // Never null here, which an `Option` may hold as well.
        return own.arguments.first().is_none_or(|own| fits(own, expected));
    }
    let mut arguments = own.arguments.iter().zip(&wanted.arguments);
    own.last == wanted.last && arguments.all(|(own, wanted)| fits(own, wanted))
}

/// Whether it is the type that its name says, and not one of the user's own of that name.
fn is_known(own: &Path, wanted: &Path) -> bool {
    let is_one_of = |names: &[&str]| names.iter().any(|name| own.last == name);
    is_one_of(STD) || is_one_of(OURS) && (own.first == "rest_source" || mentions(wanted, &own.last))
}

/// Whether a type is, or is made of, one of this name.
fn mentions(wanted: &Path, name: &Ident) -> bool {
    let mut arguments = wanted.arguments.iter().filter_map(Type::path);
    wanted.last == *name || arguments.any(|argument| mentions(argument, name))
}

/// A type as a user would write it.
fn shown(tokens: &TokenStream) -> String {
    let text = tokens.to_string().replace(' ', "");
    text.replace("__rs::BTreeMap", "std::collections::BTreeMap")
        .replace("__rs::", "rest_source::")
        .replace(',', ", ")
}

/// A type's word in a spec, with its article.
fn word(data_type: &DataType) -> &'static str {
    match data_type {
        DataType::Text => "text",
        DataType::Bigint => "a bigint",
        DataType::Double => "a double",
        DataType::Bool => "a bool",
        DataType::Timestamp(_) => "a timestamp",
        DataType::Date(_) => "a date",
        DataType::Time => "a time",
        DataType::Decimal { .. } => "a decimal",
        DataType::Binary => "binary",
        DataType::Json => "json",
        DataType::Object(_) => "an object",
        DataType::Array(_) => "an array",
        DataType::Map(_) => "a map",
        DataType::Enum { .. } => "an enum",
        DataType::Union(_) => "a union",
        DataType::Scalar => "a scalar",
    }
}
