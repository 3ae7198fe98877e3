//! A column, twice: the type of its field, and its line in the table.

use proc_macro2::{Literal, TokenStream};
use quote::quote;

use crate::connector::{Column, Decode, Path, Step, TimeFormat, Type};

use super::names::{argument, each, ident, integer, list, option, slice, text};

/// The type of the column's field.
pub(crate) fn field_type(column: &Column) -> TokenStream {
    let value = value_type(&column.data_type);
    if column.explicit {
        quote!(__rs::Field<#value>)
    } else if column.nullable {
        quote!(Option<#value>)
    } else {
        value
    }
}

fn value_type(data_type: &Type) -> TokenStream {
    match data_type {
        Type::Text => quote!(String),
        Type::Bigint => quote!(i64),
        Type::Double => quote!(f64),
        Type::Bool => quote!(bool),
        Type::Timestamp(_) => quote!(__rs::Timestamp),
        Type::Date(_) => quote!(__rs::Date),
        Type::Time => quote!(__rs::Time),
        Type::Decimal { .. } => quote!(__rs::Decimal),
        Type::Binary => quote!(Vec<u8>),
        // No record has a field for a scalar: it stands beside one that is taken as it is.
        Type::Json | Type::Scalar => quote!(__rs::Json),
        Type::Object(object) => named(&object.ident),
        Type::Enum(words) => named(&words.ident),
        Type::Union(union) => named(&union.ident),
        Type::Array(element) => {
            let element = field_type(element);
            quote!(Vec<#element>)
        }
        Type::Map(element) => {
            let element = field_type(element);
            quote!(__rs::BTreeMap<String, #element>)
        }
    }
}

fn named(name: &str) -> TokenStream {
    let name = ident(name);
    quote!(#name)
}

/// The columns' lines in a table.
pub(super) fn lines(columns: &[Column]) -> TokenStream {
    each(columns, |one| {
        let column = column(one);
        quote!(#column,)
    })
}

/// The column's line in a table.
pub(super) fn column(column: &Column) -> TokenStream {
    let mut tokens = constructor(column);
    if column.key != column.name {
        let key = &column.key;
        tokens.extend(quote!(.key(#key)));
    }
    if let Some(from) = column.from.as_ref().filter(|from| !from.0.is_empty()) {
        let steps = argument(&steps(from));
        tokens.extend(quote!(.from(#steps)));
    }
    match column.decode {
        // Its constructor says so.
        Decode::Native | Decode::Rest => {}
        Decode::Text => tokens.extend(quote!(.decode(__rs::Decode::Text))),
        Decode::Integer => tokens.extend(quote!(.decode(__rs::Decode::Integer))),
    }
    if column.nullable {
        tokens.extend(quote!(.nullable()));
    }
    if column.explicit {
        tokens.extend(quote!(.explicit()));
    }
    if column.primary_key {
        tokens.extend(quote!(.primary_key()));
    }
    if column.merge_key {
        tokens.extend(quote!(.merge_key()));
    }
    if let Some(field) = column.parent {
        let field = Literal::u16_unsuffixed(field);
        tokens.extend(quote!(.parent(#field)));
    }
    if let Some(setting) = column.config {
        let setting = Literal::u16_unsuffixed(setting);
        tokens.extend(quote!(.config(#setting)));
    }
    tokens
}

fn constructor(column: &Column) -> TokenStream {
    let name = &column.name;
    let line = Literal::u32_unsuffixed(column.line);
    if column.decode == Decode::Rest {
        return quote!(extra(#line));
    }
    if column.from.as_ref().is_some_and(|from| from.0.is_empty()) {
        return quote!(record(#line));
    }
    match &column.data_type {
        Type::Text => quote!(text(#name, #line)),
        Type::Bigint => quote!(bigint(#name, #line)),
        Type::Double => quote!(double(#name, #line)),
        Type::Bool => quote!(bool(#name, #line)),
        Type::Timestamp(TimeFormat::Rfc3339) => quote!(timestamp(#name, #line)),
        Type::Timestamp(format) => {
            let format = time_format(format);
            quote!(timestamp_as(#name, #line, #format))
        }
        Type::Date(TimeFormat::Date) => quote!(date(#name, #line)),
        Type::Date(format) => {
            let format = time_format(format);
            quote!(date_as(#name, #line, #format))
        }
        Type::Time => quote!(time(#name, #line)),
        Type::Decimal { precision, scale } => {
            let (precision, scale) = (
                Literal::u8_unsuffixed(*precision),
                Literal::u8_unsuffixed(*scale),
            );
            quote!(decimal(#name, #line, #precision, #scale))
        }
        Type::Binary => quote!(binary(#name, #line)),
        Type::Json => quote!(json(#name, #line)),
        Type::Object(object) => {
            let object = ident(&object.ident);
            quote!(object::<#object>(#name, #line))
        }
        Type::Array(element) => container(column, "array", element),
        Type::Map(element) => container(column, "map", element),
        Type::Enum(words) => {
            let constructor = ident(if words.closed { "closed" } else { "open" });
            let words = ident(&words.ident);
            quote!(#constructor(#name, #line, #words::WORDS))
        }
        Type::Union(union) => {
            let union = ident(&union.ident);
            quote!(union(#name, #line, #union::MEMBERS))
        }
        Type::Scalar => quote!(scalar(#name, #line)),
    }
}

/// A list or a map.
fn container(owner: &Column, word: &str, element: &Column) -> TokenStream {
    let (name, line) = (&owner.name, Literal::u32_unsuffixed(owner.line));
    let (constructor, element) = (ident(word), column(element));
    let element = argument(&quote!(&#element));
    quote!(#constructor(#name, #line, #element))
}

/// How an instant or a date is written.
pub(super) fn time_format(format: &TimeFormat) -> TokenStream {
    match format {
        TimeFormat::Rfc3339 => quote!(__rs::TimeFormat::Rfc3339),
        TimeFormat::Date => quote!(__rs::TimeFormat::Date),
        TimeFormat::EpochSeconds => quote!(__rs::TimeFormat::EpochSeconds),
        TimeFormat::EpochMillis => quote!(__rs::TimeFormat::EpochMillis),
        TimeFormat::Pattern { pattern, zone } => {
            let (pattern, zone) = (text(pattern), option(zone.as_deref().map(text)));
            quote!(__rs::TimeFormat::Pattern { pattern: #pattern, zone: #zone })
        }
        TimeFormat::Local { zone } => {
            let zone = text(zone);
            quote!(__rs::TimeFormat::Local { zone: #zone })
        }
    }
}

/// A place in a JSON value, as a `Path`.
pub(super) fn path(path: &Path) -> TokenStream {
    let keys: Option<Vec<&String>> = path.0.iter().map(Step::key).collect();
    if let Some(keys) = keys {
        return quote!(__rs::at!(#(#keys),*));
    }
    let steps = steps(path);
    quote!(__rs::Path(#steps))
}

pub(super) fn steps(Path(steps): &Path) -> TokenStream {
    list(steps, step)
}

/// The steps of a place, for a function.
pub(super) fn slice_of_steps(steps: &[Step]) -> TokenStream {
    slice(steps, step)
}

fn step(step: &Step) -> TokenStream {
    match step {
        Step::Key(key) => quote!(__rs::Step::Key(__rs::Static(#key))),
        Step::Index(index) => {
            let index = integer(*index);
            quote!(__rs::Step::Index(#index))
        }
    }
}
