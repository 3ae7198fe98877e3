//! The functions that records go through, and how records that they change give their cells back.

use std::collections::HashSet;

use proc_macro2::{Literal, TokenStream};
use quote::quote;

use super::{
    names::{each, ident, rust_path, slice},
    records::idents,
    resources::record_type,
    words::variant,
};
use crate::{
    connector::{
        Column, Connector, EnumType, ProcessingStep, Record, Resource, RustType, Struct, UnionType,
    },
    item::Item,
    user_struct,
};

/// The functions of a resource's steps.
pub(super) fn hook(resource: &Resource) -> TokenStream {
    let steps = &resource.plan.processing_steps;
    let record = record_type(resource);
    if !resource.plan.changes_records() {
        let filters = slice(steps, |step| rust_path(step.path()));
        return quote!(__rs::StepsHook::filters::<#record>(&__rs::Filters(#filters)));
    }
    let steps = slice(steps, |step| {
        let path = rust_path(step.path());
        match step {
            ProcessingStep::Filter(_) => quote!(__rs::StepFn::Filter(#path)),
            ProcessingStep::Map(_) => quote!(__rs::StepFn::Map(#path)),
            ProcessingStep::YieldMap(_) => {
                quote!(__rs::StepFn::YieldMap(|it| __rs::yield_map(#path(it))))
            }
        }
    });
    quote!(__rs::StepsHook::of::<#record>(&__rs::Steps(#steps)))
}

/// How the records of the resources whose steps may change them give their cells back, and every type
/// within them.
pub(super) fn give(connector: &Connector, own: &[Item]) -> TokenStream {
    let mut giving = Giving {
        own,
        done: HashSet::new(),
    };
    each(&connector.resources, |resource| match &resource.record {
        Record::Struct(record) if resource.plan.changes_records() => giving.record(record),
        _ => TokenStream::new(),
    })
}

struct Giving<'a> {
    /// The structs that the user wrote.
    own: &'a [Item],
    /// The types that give already: a child may carry an enum of its parent's.
    done: HashSet<String>,
}

impl Giving<'_> {
    fn record(&mut self, record: &Struct) -> TokenStream {
        if !self.done.insert(record.ident.clone()) {
            return TokenStream::new();
        }
        let name = ident(&record.ident);
        let cells = match user_struct::find(self.own, &record.ident) {
            None => {
                let fields = idents(record);
                quote!(__rs::give!(self, cells => #fields);)
            }
            Some(own) => give_some(own, record),
        };
        let within = each(&record.columns, |one| self.within(one));
        quote! {
            impl __rs::EncodeRow for #name {
                fn encode_row(&self, cells: &mut __rs::RowWriter<'_>) {
                    #cells
                }
            }
            #within
        }
    }

    fn within(&mut self, column: &Column) -> TokenStream {
        match &column.rust {
            RustType::Struct(object) => self.record(object),
            RustType::Element(element) => self.within(element),
            RustType::Enum(words) => self.words(words),
            RustType::Union(union) => self.union(union),
            RustType::BuiltIn => TokenStream::new(),
        }
    }

    fn words(&mut self, words: &EnumType) -> TokenStream {
        if !self.done.insert(words.ident.clone()) {
            return TokenStream::new();
        }
        encode(&words.ident, &quote!(cell.text(self.as_str())))
    }

    fn union(&mut self, union: &UnionType) -> TokenStream {
        if !self.done.insert(union.ident.clone()) {
            return TokenStream::new();
        }
        let mut arms = TokenStream::new();
        for (at, member) in union.members.iter().enumerate() {
            let (at, variant) = (Literal::usize_unsuffixed(at), variant(member));
            arms.extend(quote!(Self::#variant(it) => cell.member(#at, it),));
        }
        let give = encode(&union.ident, &quote!(match self { #arms }));
        let members = each(&union.members, |one| self.within(one));
        quote!(#give #members)
    }
}

/// Of a user's struct, which may have fewer fields: the other cells stay as they came.
fn give_some(own: &Item, record: &Struct) -> TokenStream {
    each(&record.columns, |column| {
        if user_struct::takes(own, column) {
            let field = ident(&column.ident());
            quote!(cells.write(&self.#field);)
        } else {
            quote!(cells.keep();)
        }
    })
}

fn encode(name: &str, filled: &TokenStream) -> TokenStream {
    let name = ident(name);
    quote! {
        impl __rs::EncodeCell for #name {
            fn encode(&self, cell: __rs::CellWriter<'_>) -> __rs::CellWritten {
                #filled
            }
        }
    }
}
