//! The table of the Rust that a spec names.

use proc_macro2::TokenStream;
use quote::quote;

use crate::connector::Connector;

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
