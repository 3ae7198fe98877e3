//! The table of the Rust that a spec names.

use proc_macro2::TokenStream;
use quote::quote;

use crate::connector::{Auth, Connector, CustomAuth, Pages};

use super::{
    names::{rust_path, slice},
    plan::Fields,
    steps,
};

/// The static of the hooks; nothing where the spec names no Rust.
pub(super) fn hooks(connector: &Connector) -> Option<TokenStream> {
    let mut fields = Fields::default();
    let auths = auths(connector);
    if !auths.is_empty() {
        let auths = slice(&auths, |rust| {
            let path = rust_path(rust);
            quote!((#rust, __rs::AuthHook::of::<#path>()))
        });
        fields.set("auths", auths);
    }
    let paginators = paginators(connector);
    if !paginators.is_empty() {
        let paginators = slice(&paginators, |rust| {
            let path = rust_path(rust);
            quote!((#rust, &#path))
        });
        fields.set("paginators", paginators);
    }
    let mut stepped = Vec::new();
    for resource in &connector.resources {
        if !resource.processing_steps.is_empty() {
            stepped.push(resource);
        }
    }
    if !stepped.is_empty() {
        let steps = slice(&stepped, |resource| {
            let (name, hook) = (&resource.name, steps::hook(resource));
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

/// The types of credentials of the user's own, each once.
fn auths(connector: &Connector) -> Vec<&str> {
    let choices = connector.choices.iter().map(|choice| &choice.auth);
    let mut paths = Vec::new();
    for auth in connector.auths.iter().chain(choices) {
        if let Auth::Custom(CustomAuth { rust, .. }) = auth
            && !paths.contains(&rust.as_str())
        {
            paths.push(rust.as_str());
        }
    }
    paths
}

/// The paginators of the user's own, each once.
fn paginators(connector: &Connector) -> Vec<&str> {
    let mut paths = Vec::new();
    for resource in &connector.resources {
        if let Pages::Custom { rust } = &resource.paginator.kind
            && !paths.contains(&rust.as_str())
        {
            paths.push(rust.as_str());
        }
    }
    paths
}
