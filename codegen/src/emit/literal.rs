//! Values of a plan as Rust literals: only what differs from `DEFAULT`.

use std::time::Duration;

use proc_macro2::TokenStream;
use quote::quote;
use rest_source_model::describe::{Describe, Item, Value};

use super::names::{commas, each, float, ident, integer, text};

/// The expression that makes a value.
pub(super) fn literal(value: &dyn Describe) -> TokenStream {
    match value.describe() {
        Value::Bool(value) => quote!(#value),
        Value::Integer(value) => integer(value),
        Value::Float(value) => float(value),
        Value::Duration(value) => duration(value),
        Value::Text(value) => text(value),
        Value::List(values) => {
            let values = commas(&values, |value| literal(*value));
            quote!(__rs::Static(&[#values]))
        }
        Value::Ref(value) => {
            let value = literal(value);
            quote!(__rs::Static(&#value))
        }
        Value::Option(None) => quote!(None),
        Value::Option(Some(value)) => {
            let value = literal(value);
            quote!(Some(#value))
        }
        Value::Tuple(values) => {
            let values = commas(&values, |value| literal(*value));
            quote!((#values))
        }
        Value::Item(item) => item_literal(&item),
        Value::Short { name, texts } => {
            let name = ident(name);
            quote!(__rs::#name!(#(#texts),*))
        }
    }
}

fn item_literal(item: &Item<'_>) -> TokenStream {
    let name = ident(item.name);
    let name = match item.variant {
        None => quote!(__rs::#name),
        Some(variant) => {
            let variant = ident(variant);
            quote!(__rs::#name::#variant)
        }
    };
    if let Some(value) = item.value {
        let value = literal(value);
        return quote!(#name(#value));
    }
    let mut fields = Fields::default();
    for (field, value) in &item.fields {
        fields.set(field, literal(*value));
    }
    match item.base.map(ident) {
        Some(base) => fields.over(&name, &quote!(#name::#base)),
        None => fields.literal(&name),
    }
}

fn duration(value: Duration) -> TokenStream {
    if value.subsec_nanos() == 0 {
        let seconds = integer(value.as_secs());
        quote!(__rs::secs(#seconds))
    } else {
        let millis = integer(u64::try_from(value.as_millis()).unwrap_or(u64::MAX));
        quote!(__rs::millis(#millis))
    }
}

/// The fields of a struct literal.
#[derive(Clone, Default)]
pub(super) struct Fields(pub(super) Vec<(&'static str, TokenStream)>);

impl Fields {
    /// The fields of a struct that differ from its defaults. `replace` has tokens for those that are
    /// written elsewhere, and are referred to.
    pub(super) fn of(
        value: &dyn Describe,
        replace: &mut dyn FnMut(&str) -> Option<TokenStream>,
    ) -> Self {
        let mut fields = Self::default();
        if let Value::Item(item) = value.describe() {
            for (field, value) in item.fields {
                fields.set(field, replace(field).unwrap_or_else(|| literal(value)));
            }
        }
        fields
    }

    pub(super) fn set(&mut self, field: &'static str, value: TokenStream) {
        self.0.push((field, value));
    }

    /// The struct literal of these fields alone.
    pub(super) fn literal(&self, name: &TokenStream) -> TokenStream {
        if self.0.is_empty() {
            return name.clone();
        }
        let fields = self.tokens();
        quote!(#name { #fields })
    }

    /// The struct literal, over `base`; `base` alone where nothing differs.
    pub(super) fn over(&self, name: &TokenStream, base: &TokenStream) -> TokenStream {
        if self.0.is_empty() {
            return base.clone();
        }
        let fields = self.tokens();
        quote!(#name { #fields ..#base })
    }

    fn tokens(&self) -> TokenStream {
        each(&self.0, |(field, value)| {
            let field = ident(field);
            quote!(#field: #value,)
        })
    }
}
