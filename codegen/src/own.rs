//! A user's own struct for records, checked against the schema field by field.

use proc_macro2::{Ident, TokenStream};
use quote::ToTokens;
use syn::{
    Data, DeriveInput, Error, Field, Fields, GenericArgument, PathArguments, PathSegment, Type,
    TypePath, ext::IdentExt, spanned::Spanned,
};

use crate::{
    connector::{Column, Connector, Record, Struct, Type as DataType},
    emit::field_type,
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
/// name from it.
pub(crate) fn check(connector: &Connector, structs: &[DeriveInput]) -> Vec<Error> {
    let taken = structs
        .iter()
        .filter(|own| MADE.iter().any(|name| own.ident == name));
    let mut errors: Vec<Error> = taken.map(taken_name).collect();
    for resource in &connector.resources {
        if let Record::Struct(record) = &resource.record {
            check_within(record, &connector.spec, structs, &mut errors);
            if resource.changes_records() {
                for column in &record.columns {
                    check_given(&column.data_type, &connector.spec, structs, &mut errors);
                }
            }
        }
    }
    errors
}

/// An object within a list, a map or a union is given back as its struct has it: nothing tells which of
/// those that came it was, so that no column could stay as it came.
fn check_given(data_type: &DataType, spec: &str, structs: &[DeriveInput], errors: &mut Vec<Error>) {
    match data_type {
        DataType::Object(object) => {
            for column in &object.columns {
                check_given(&column.data_type, spec, structs, errors);
            }
        }
        DataType::Array(element) | DataType::Map(element) => {
            check_whole(&element.data_type, spec, structs, errors);
        }
        DataType::Union(union) => {
            for member in &union.members {
                check_whole(&member.data_type, spec, structs, errors);
            }
        }
        _ => {}
    }
}

fn check_whole(data_type: &DataType, spec: &str, structs: &[DeriveInput], errors: &mut Vec<Error>) {
    let DataType::Object(object) = data_type else {
        return check_given(data_type, spec, structs, errors);
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
        check_whole(&column.data_type, spec, structs, errors);
    }
}

fn taken_name(own: &DeriveInput) -> Error {
    let name = &own.ident;
    let message = format!("`{name}` is made from the spec\nhelp: give this struct another name");
    Error::new(name.span(), message)
}

fn check_within(record: &Struct, spec: &str, structs: &[DeriveInput], errors: &mut Vec<Error>) {
    if let Some(own) = find(structs, &record.ident) {
        check_struct(own, record, spec, errors);
    }
    for column in &record.columns {
        check_type(&column.data_type, spec, structs, errors);
    }
}

fn check_type(data_type: &DataType, spec: &str, structs: &[DeriveInput], errors: &mut Vec<Error>) {
    match data_type {
        DataType::Object(object) => check_within(object, spec, structs, errors),
        DataType::Array(element) | DataType::Map(element) => {
            check_type(&element.data_type, spec, structs, errors);
        }
        DataType::Union(union) => {
            for member in &union.members {
                check_type(&member.data_type, spec, structs, errors);
            }
        }
        _ => {}
    }
}

/// The user's struct of this name.
pub(crate) fn find<'a>(structs: &'a [DeriveInput], name: &str) -> Option<&'a DeriveInput> {
    structs.iter().find(|own| own.ident == name)
}

/// The user's field of this column.
pub(crate) fn takes(own: &DeriveInput, column: &Column) -> bool {
    named_fields(own).any(|(ident, _)| *ident == column.ident)
}

/// Whether the user's struct has the column's field, and of the very type that it would have here.
pub(crate) fn has_field(own: &DeriveInput, column: &Column, expected: &TokenStream) -> bool {
    let Ok(expected) = syn::parse2::<Type>(expected.clone()) else {
        return false;
    };
    named_fields(own).any(|(ident, field)| *ident == column.ident && is_same(&field.ty, &expected))
}

/// Whether two types have the same names, but for their paths.
fn is_same(one: &Type, other: &Type) -> bool {
    let (Some(one), Some(other)) = (last(one), last(other)) else {
        return false;
    };
    one.ident == other.ident
        && arguments(one).count() == arguments(other).count()
        && arguments(one)
            .zip(arguments(other))
            .all(|(one, other)| is_same(one, other))
}

fn named_fields(own: &DeriveInput) -> impl Iterator<Item = (&Ident, &Field)> {
    let fields = match &own.data {
        Data::Struct(data) => Some(&data.fields),
        _ => None,
    };
    fields
        .into_iter()
        .flatten()
        .filter_map(|field| field.ident.as_ref().map(|ident| (ident, field)))
}

fn check_struct(own: &DeriveInput, record: &Struct, spec: &str, errors: &mut Vec<Error>) {
    let has_names =
        matches!(&own.data, Data::Struct(data) if matches!(data.fields, Fields::Named(_)));
    if !has_names {
        errors.push(Error::new(
            own.ident.span(),
            format!("the record of `{}` needs fields with names", record.name),
        ));
        return;
    }
    if !own.generics.params.is_empty() {
        errors.push(Error::new(
            own.generics.span(),
            format!("the record of `{}` takes no parameters", record.name),
        ));
    }
    for (ident, field) in named_fields(own) {
        match record.columns.iter().find(|column| *ident == column.ident) {
            None => errors.push(no_column(ident, record, spec)),
            Some(column) => errors.extend(check_field(field, column, spec)),
        }
    }
}

fn no_column(ident: &Ident, record: &Struct, spec: &str) -> Error {
    let columns: Vec<_> = record.columns.iter().map(|c| c.name.as_str()).collect();
    Error::new(
        ident.span(),
        format!(
            "`{}` is no column of `{}` ({spec}:{})\nhelp: its columns are `{}`",
            ident.unraw(),
            record.name,
            record.line,
            columns.join("`, `")
        ),
    )
}

fn check_field(field: &Field, column: &Column, spec: &str) -> Option<Error> {
    let expected: Type = syn::parse2(field_type(column)).ok()?;
    if fits(&field.ty, &expected) {
        return None;
    }
    let what = if column.nullable && fits(&field.ty, argument(&expected)?) {
        "nullable"
    } else {
        word(&column.data_type)
    };
    Some(Error::new(
        field.ty.span(),
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
    let Some(wanted) = last(expected) else {
        return true;
    };
    let (Type::Path(path), Some(own)) = (own, last(own)) else {
        // A reference, a tuple, an array: nothing that a record is made of.
        return matches!(own, Type::Path(_) | Type::Macro(_));
    };
    if !is_known(path, own, wanted) {
        return true;
    }
    if own.ident == "Option" && wanted.ident != "Option" {
        // Never null here, which an `Option` may hold as well.
        return arguments(own).next().is_none_or(|own| fits(own, expected));
    }
    own.ident == wanted.ident
        && arguments(own)
            .zip(arguments(wanted))
            .all(|(own, wanted)| fits(own, wanted))
}

/// Whether it is the type that its name says, and not one of the user's own of that name.
fn is_known(path: &TypePath, own: &PathSegment, wanted: &PathSegment) -> bool {
    let is_one_of = |names: &[&str]| names.iter().any(|name| own.ident == name);
    let first = path.path.segments.first();
    let is_from_us = first.is_some_and(|first| first.ident == "rest_source");
    is_one_of(STD) || is_one_of(OURS) && (is_from_us || mentions(wanted, &own.ident))
}

/// Whether a type is, or is made of, one of this name.
fn mentions(wanted: &PathSegment, name: &Ident) -> bool {
    let mut arguments = arguments(wanted).filter_map(last);
    wanted.ident == *name || arguments.any(|argument| mentions(argument, name))
}

/// The last segment of a path: `Option<i64>` of `std::option::Option<i64>`.
fn last(own: &Type) -> Option<&PathSegment> {
    match own {
        Type::Path(path) if path.qself.is_none() => path.path.segments.last(),
        _ => None,
    }
}

fn arguments(segment: &PathSegment) -> impl Iterator<Item = &Type> {
    let arguments = match &segment.arguments {
        PathArguments::AngleBracketed(arguments) => Some(&arguments.args),
        _ => None,
    };
    arguments
        .into_iter()
        .flatten()
        .filter_map(|argument| match argument {
            GenericArgument::Type(own) => Some(own),
            _ => None,
        })
}

/// What an `Option` or `Field` is of.
fn argument(own: &Type) -> Option<&Type> {
    arguments(last(own)?).next()
}

/// A type as a user would write it.
fn shown(tokens: &TokenStream) -> String {
    let text = tokens.to_token_stream().to_string().replace(' ', "");
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
        DataType::Enum(_) => "an enum",
        DataType::Union(_) => "a union",
        DataType::Scalar => "a scalar",
    }
}
