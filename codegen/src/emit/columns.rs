//! A column, twice: the type of its field, and its line in the table.

use proc_macro2::{Literal, TokenStream};
use quote::quote;
use rest_source_model::describe::{Describe, Value};

use crate::connector::{Column, Decode, Path, RustType, TimeFormat, Type};

use super::{
    literal::literal,
    names::{argument, each, ident, integer},
};

/// The type of the column's field.
pub(crate) fn field_type(column: &Column) -> TokenStream {
    let value = value_type(column);
    if column.explicit {
        quote!(__rs::Field<#value>)
    } else if column.nullable {
        quote!(Option<#value>)
    } else {
        value
    }
}

fn value_type(column: &Column) -> TokenStream {
    let name = match &column.rust {
        RustType::BuiltIn => return built_in(&column.data_type),
        RustType::Struct(object) => &object.ident,
        RustType::Enum(words) => &words.ident,
        RustType::Union(union) => &union.ident,
        RustType::Element(element) => {
            let element = field_type(element);
            return if matches!(column.data_type, Type::Map(_)) {
                quote!(__rs::BTreeMap<String, #element>)
            } else {
                quote!(Vec<#element>)
            };
        }
    };
    let name = ident(name);
    quote!(#name)
}

fn built_in(data_type: &Type) -> TokenStream {
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
        _ => quote!(__rs::Json),
    }
}

/// The columns' lines in a table.
pub(super) fn lines(columns: &[Column]) -> TokenStream {
    each(columns, |one| {
        let column = column(one);
        quote!(#column,)
    })
}

/// The column's line in a table: a constructor, and a setter for each field that differs from it.
pub(super) fn column(column: &Column) -> TokenStream {
    let mut tokens = constructor(column);
    let Value::Item(item) = column.schema.describe() else {
        return tokens;
    };
    for (field, value) in item.fields {
        let is_constructed = match field {
            "name" | "data_type" | "line" => true,
            "key" => column.key == column.name,
            "from" => column.is_record(),
            "decode" => column.decode == Decode::Rest,
            _ => false,
        };
        if is_constructed {
            continue;
        }
        let setter = ident(field);
        let value = match &column.from {
            Some(Path(steps)) if field == "from" => argument(&literal(steps)),
            _ => set(value),
        };
        tokens.extend(quote!(.#setter(#value)));
    }
    tokens
}

/// What a setter is given.
fn set(value: &dyn Describe) -> TokenStream {
    match value.describe() {
        Value::Bool(_) => TokenStream::new(),
        Value::Text(text) => quote!(#text),
        Value::Option(Some(value)) => set(value),
        _ => literal(value),
    }
}

fn constructor(column: &Column) -> TokenStream {
    let name = column.name.as_str();
    let line = Literal::u32_unsuffixed(column.line);
    if column.decode == Decode::Rest {
        return quote!(extra(#line));
    }
    if column.is_record() {
        return quote!(record(#line));
    }
    let constructor = ident(column.data_type.word());
    let argument = match (&column.data_type, &column.rust) {
        (Type::Timestamp(format), _) if *format != TimeFormat::Rfc3339 => {
            let format = literal(format);
            return quote!(timestamp_as(#name, #line, #format));
        }
        (Type::Date(format), _) if *format != TimeFormat::Date => {
            let format = literal(format);
            return quote!(date_as(#name, #line, #format));
        }
        (Type::Decimal { precision, scale }, _) => {
            let (precision, scale) = (integer(*precision), integer(*scale));
            quote!(, #precision, #scale)
        }
        (_, RustType::Struct(object)) => {
            let object = ident(&object.ident);
            return quote!(object::<#object>(#name, #line));
        }
        (_, RustType::Element(element)) => {
            let element = self::column(element);
            let element = argument(&quote!(&#element));
            quote!(, #element)
        }
        (Type::Enum { closed, .. }, RustType::Enum(words)) => {
            let constructor = ident(if *closed { "closed" } else { "open" });
            let words = ident(&words.ident);
            return quote!(#constructor(#name, #line, #words::WORDS));
        }
        (_, RustType::Union(union)) => {
            let union = ident(&union.ident);
            quote!(, #union::MEMBERS)
        }
        _ => TokenStream::new(),
    };
    quote!(#constructor(#name, #line #argument))
}
