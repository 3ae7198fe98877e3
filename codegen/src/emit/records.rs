//! The structs: a resource's records, and the objects within them.

use proc_macro2::TokenStream;
use quote::quote;

use crate::connector::{Column, Connector, Record, Resource, Struct, Type};

use super::{
    columns::{column, field_type},
    docs::{Docs, code},
    names::ident,
    resources::in_words,
    words,
};

/// The struct of a resource, and of every type within it, in the order of the spec.
pub(super) fn record(connector: &Connector, resource: &Resource) -> TokenStream {
    let Record::Struct(record) = &resource.record else {
        return TokenStream::new();
    };
    let description = resource.description.as_deref();
    let docs = Docs::default()
        .theirs(record.description.as_deref().or(description))
        .ours([in_words(resource), declared(&connector.spec, resource.line)]);
    structure(&connector.spec, record, &docs)
}

/// `Declared in ….`
pub(super) fn declared(spec: &str, line: u32) -> String {
    format!("Declared in {}.", code(&format!("{spec}:{line}")))
}

fn structure(spec: &str, record: &Struct, docs: &Docs) -> TokenStream {
    let name = ident(&record.ident);
    let table = &record.name;
    let idents: Vec<_> = record.columns.iter().map(|c| ident(&c.ident)).collect();
    let types = record.columns.iter().map(field_type);
    let field_docs = record.columns.iter().map(field_docs);
    let columns = record.columns.iter().map(column);
    let nested = record
        .columns
        .iter()
        .map(|column| within(spec, &record.name, &column.name, column));
    quote! {
        #docs
        #[derive(Clone, Debug, PartialEq)]
        pub struct #name {
            #(#field_docs pub #idents: #types,)*
        }
        impl __rs::Record for #name {
            const TABLE: &'static __rs::Table = &__rs::Table::new(#table, &[#(#columns,)*]);
            fn from_cells(cells: &mut __rs::Cells<'_>) -> Self {
                __rs::take!(cells => #(#idents),*)
            }
        }
        #(#nested)*
    }
}

fn field_docs(column: &Column) -> Docs {
    let remark = if column.explicit {
        "Absent, null or a value."
    } else if column.nullable {
        "Nullable."
    } else if column.primary_key {
        "Key; never null."
    } else {
        "Never null."
    };
    let docs = Docs::with_remark(column.description.as_deref(), remark);
    if column.key == column.name {
        docs
    } else {
        docs.ours([format!("In the response: {}.", code(&column.key))])
    }
}

/// The types that a column needs: its object, enum or union, or its elements'.
fn within(spec: &str, owner: &str, path: &str, column: &Column) -> TokenStream {
    match &column.data_type {
        Type::Object(object) => {
            let description = object.description.as_deref();
            let docs = Docs::default()
                .theirs(description.or(column.description.as_deref()))
                .ours([
                    format!("An object within {}: {}.", code(owner), code(path)),
                    declared(spec, object.line),
                ]);
            structure(spec, object, &docs)
        }
        Type::Array(element) | Type::Map(element) => within(spec, owner, path, element),
        Type::Enum(words) => words::record_enum(words, &format!("{owner}.{path}")),
        Type::Union(union) => {
            let members = union
                .members
                .iter()
                .map(|member| within(spec, owner, path, member));
            let members: TokenStream = members.collect();
            let union = words::union(union, &format!("{owner}.{path}"));
            quote!(#union #members)
        }
        _ => TokenStream::new(),
    }
}
