//! The functions that records go through, and how records that they change give their cells back.

use std::collections::BTreeSet;

use proc_macro2::{Literal, TokenStream};
use quote::quote;
use syn::DeriveInput;

use crate::{
    connector::{
        Column, Connector, EnumType, ProcessingStep, Record, Resource, Struct, Type, UnionType,
    },
    own,
};

use super::{
    names::{ident, rust_path},
    resources::record_type,
};

/// The steps in a resource's plan.
pub(super) fn plan(resource: &Resource) -> Option<TokenStream> {
    let steps = &resource.processing_steps;
    if steps.is_empty() {
        return None;
    }
    let record = record_type(resource);
    if !resource.changes_records() {
        let filters = steps.iter().map(|step| rust_path(step.rust()));
        return Some(quote! {
            __rs::ProcessingSteps::filters::<#record>(&__rs::Filters(&[#(#filters),*]))
        });
    }
    let steps = steps.iter().map(|step| {
        let path = rust_path(step.rust());
        match step {
            ProcessingStep::Filter(_) => quote!(__rs::ProcessingStep::Filter(#path)),
            ProcessingStep::Map(_) => quote!(__rs::ProcessingStep::Map(#path)),
            ProcessingStep::YieldMap(_) => {
                quote!(__rs::ProcessingStep::YieldMap(|it| __rs::yield_map(#path(it))))
            }
        }
    });
    Some(quote! {
        __rs::ProcessingSteps::of::<#record>(&__rs::Steps(&[#(#steps),*]))
    })
}

/// How the records of the resources whose steps may change them give their cells back, and every type
/// within them.
pub(super) fn give(connector: &Connector, own: &[DeriveInput]) -> TokenStream {
    let mut giving = Giving {
        own,
        done: BTreeSet::new(),
    };
    let resources = connector.resources.iter();
    resources
        .filter(|resource| resource.changes_records())
        .map(|resource| match &resource.record {
            Record::Struct(record) => giving.record(record),
            Record::Untyped(_) => TokenStream::new(),
        })
        .collect()
}

struct Giving<'a> {
    /// The structs that the user wrote.
    own: &'a [DeriveInput],
    /// The types that give already: a child may carry an enum of its parent's.
    done: BTreeSet<String>,
}

impl Giving<'_> {
    fn record(&mut self, record: &Struct) -> TokenStream {
        if !self.done.insert(record.ident.clone()) {
            return TokenStream::new();
        }
        let name = ident(&record.ident);
        let cells = match own::find(self.own, &record.ident) {
            None => {
                let fields = record.columns.iter().map(|column| ident(&column.ident));
                quote!(__rs::give!(self, cells => #(#fields),*);)
            }
            Some(own) => give_some(own, record),
        };
        let within: TokenStream = record.columns.iter().map(|one| self.within(one)).collect();
        quote! {
            impl __rs::ToCells for #name {
                fn to_cells(&self, cells: &mut __rs::NewCells<'_>) {
                    #cells
                }
            }
            #within
        }
    }

    fn within(&mut self, column: &Column) -> TokenStream {
        match &column.data_type {
            Type::Object(object) => self.record(object),
            Type::Array(element) | Type::Map(element) => self.within(element),
            Type::Enum(words) => self.words(words),
            Type::Union(union) => self.union(union),
            _ => TokenStream::new(),
        }
    }

    fn words(&mut self, words: &EnumType) -> TokenStream {
        if !self.done.insert(words.ident.clone()) {
            return TokenStream::new();
        }
        to_cell(&words.ident, &quote!(cell.text(self.as_str())))
    }

    fn union(&mut self, union: &UnionType) -> TokenStream {
        if !self.done.insert(union.ident.clone()) {
            return TokenStream::new();
        }
        let arms = union.members.iter().enumerate().map(|(at, member)| {
            let (at, variant) = (Literal::usize_unsuffixed(at), ident(&member.ident));
            quote!(Self::#variant(it) => cell.member(#at, it),)
        });
        let give = to_cell(&union.ident, &quote!(match self { #(#arms)* }));
        let members: TokenStream = union.members.iter().map(|one| self.within(one)).collect();
        quote!(#give #members)
    }
}

/// Of a user's struct, which may have fewer fields: the other cells stay as they came.
fn give_some(own: &DeriveInput, record: &Struct) -> TokenStream {
    let cells = record.columns.iter().map(|column| {
        if own::takes(own, column) {
            let field = ident(&column.ident);
            quote!(cells.give(&self.#field);)
        } else {
            quote!(cells.keep();)
        }
    });
    cells.collect()
}

fn to_cell(name: &str, filled: &TokenStream) -> TokenStream {
    let name = ident(name);
    quote! {
        impl __rs::ToCell for #name {
            fn to_cell(&self, cell: __rs::NewCell<'_>) -> __rs::Filled {
                #filled
            }
        }
    }
}
