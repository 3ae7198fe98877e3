//! The table of the Rust that a spec names.

use proc_macro2::TokenStream;
use quote::quote;

use crate::connector::{BodyFormat, Connector, PartitionItems, PartitionType};

use super::{
    literal::Fields,
    names::{rust_path, slice},
    steps,
};

/// The static of the hooks; nothing where the spec names no Rust.
pub(super) fn hooks(connector: &Connector) -> Option<TokenStream> {
    let mut fields = Fields::default();
    let auths = connector.plan.custom_auths();
    if !auths.is_empty() {
        let auths = slice(&auths, |rust| {
            let path = rust_path(rust);
            quote!((#rust, __rs::AuthHook::of::<#path>()))
        });
        fields.set("auths", auths);
    }
    let paginators = connector.plan.custom_paginators();
    if !paginators.is_empty() {
        let paginators = slice(&paginators, |rust| {
            let path = rust_path(rust);
            quote!((#rust, &#path))
        });
        fields.set("paginators", paginators);
    }
    let resources = || connector.resources.iter().map(|resource| &resource.plan);
    let decoders = once(resources().filter_map(|plan| match &plan.decoder.format {
        BodyFormat::Custom(rust) => Some(rust.as_str()),
        _ => None,
    }));
    if !decoders.is_empty() {
        let decoders = slice(&decoders, |rust| {
            let path = rust_path(rust);
            quote!((#rust, __rs::DecoderHook::of::<#path>()))
        });
        fields.set("decoders", decoders);
    }
    let extracts = once(resources().filter_map(|plan| plan.extract.as_deref()));
    if !extracts.is_empty() {
        let extracts = slice(&extracts, |rust| {
            let path = rust_path(rust);
            quote!((#rust, __rs::ExtractHook::of(
                |response| __rs::IntoPage::into_page(#path(response)),
            )))
        });
        fields.set("extracts", extracts);
    }
    let responses = once(resources().filter_map(|plan| plan.on_response.as_deref()));
    if !responses.is_empty() {
        let responses = slice(&responses, |rust| {
            let path = rust_path(rust);
            quote!((#rust, __rs::ResponseHook::of(
                |response| __rs::IntoVerdict::into_verdict(#path(response)),
            )))
        });
        fields.set("responses", responses);
    }
    let lists = resources().flat_map(|plan| &plan.partitions);
    let found = once(lists.filter_map(|list| match &list.values {
        PartitionItems::Rust { rust, data_type } => Some((rust.as_str(), *data_type)),
        PartitionItems::Values(_) | PartitionItems::Config(_) => None,
    }));
    if !found.is_empty() {
        let partitions = slice(&found, |(rust, data_type)| {
            let path = rust_path(rust);
            let (word, of) = match data_type {
                PartitionType::Text => (quote!(Text), quote!(String)),
                PartitionType::Bigint => (quote!(Bigint), quote!(i64)),
            };
            quote!((#rust, __rs::PartitionsHook::of(
                __rs::PartitionType::#word,
                |client| __rs::partitions::<#of, _>(#path(client)),
            )))
        });
        fields.set("partitions", partitions);
    }
    let mut stepped = Vec::new();
    for resource in &connector.resources {
        if !resource.plan.processing_steps.is_empty() {
            stepped.push(resource);
        }
    }
    if !stepped.is_empty() {
        let steps = slice(&stepped, |resource| {
            let (name, hook) = (resource.plan.name.as_str(), steps::hook(resource));
            quote!((#name, #hook))
        });
        fields.set("steps", steps);
    }
    if fields.0.is_empty() {
        return None;
    }
    let hooks = fields.over(&quote!(__rs::Hooks), &quote!(__rs::Hooks::NONE));
    Some(quote!(static HOOKS: __rs::Hooks = #hooks;))
}

/// Each of them once, in order.
fn once<T: PartialEq>(items: impl Iterator<Item = T>) -> Vec<T> {
    let mut unique = Vec::new();
    for item in items {
        if !unique.contains(&item) {
            unique.push(item);
        }
    }
    unique
}
