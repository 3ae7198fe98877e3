//! Connector → Rust tokens: data plus thin typed shells.
//!
//! Everything is emitted in the order of the spec. What generated code needs of the runtime it takes
//! from one hidden module, under the name `__rs`, so that a column stays on its line and nothing else
//! is imported into the user's module.

mod columns;
mod docs;
mod hooks;
mod literal;
mod names;
mod options;
mod parent;
mod records;
mod resources;
mod skeleton;
mod source;
mod steps;
#[cfg(test)]
mod tests;
mod words;

use proc_macro2::TokenStream;
use quote::{format_ident, quote};

pub(crate) use columns::field_type;
pub use options::Options;
pub use skeleton::{Problem, skeleton};

use crate::{connector::Connector, module::Module};
use docs::Docs;

/// The module with everything that a checked spec becomes.
///
/// `rebuild` is an expression that makes the compiler depend on the spec's file; the build-time
/// generator, which tells cargo itself, has none.
pub fn module(
    connector: &Connector,
    module: &Module,
    rebuild: Option<&TokenStream>,
) -> TokenStream {
    let Module {
        attributes,
        visibility,
        ident,
        body,
        options,
    } = module;
    let runtime = &options.runtime;
    let docs = module_docs(connector, module);
    let allow = allow(module);
    let rebuild = rebuild.map(|rebuild| quote!(const _: &[u8] = #rebuild;));
    let own = module.structs();
    let records = records::records(connector, &own, options.serialize);
    let given = steps::give(connector, &own);
    let secrets = source::secrets(connector);
    let config = source::config(connector);
    let hooks = hooks::hooks(connector);
    let source = source::source(connector, &own, hooks.is_some());
    let features = features(connector, options.serialize);
    let plan = source::plan(connector);
    let resources = resources::plans(connector);
    quote! {
        #attributes
        #docs
        #allow
        #visibility mod #ident {
            #body
            #rebuild
            use #runtime::__private as __rs;
            #features
            #records
            #given
            #secrets
            #config
            #source
            #plan
            #resources
            #hooks
        }
    }
}

/// Compile errors if the runtime lacks a feature that the source needs.
fn features(connector: &Connector, serialize: bool) -> TokenStream {
    let features = connector.plan.features().into_iter();
    let checks = features.chain(serialize.then_some("serde")).map(|feature| {
        let check = format_ident!("needs_{feature}");
        quote!(const _: () = __rs::#check();)
    });
    quote!(#(#checks)*)
}

/// A public module of the source's own name, as a generated file holds it.
pub fn file(connector: &Connector, options: &Options) -> TokenStream {
    let module = Module {
        options: options.clone(),
        ..Module::new(names::module(&connector.plan.name))
    };
    self::module(connector, &module, None)
}

/// What the spec says of the source, after what the user's own documentation of the module says.
fn module_docs(connector: &Connector, module: &Module) -> TokenStream {
    let spec = docs::code(&connector.plan.spec);
    let docs = Docs::default()
        .theirs(connector.description.as_deref())
        .ours(&[&format!("Generated from {spec}.")]);
    if module.has_docs() {
        quote!(#[doc = ""] #docs)
    } else {
        quote!(#docs)
    }
}

/// The lints that depend on a spec's own words, numbers and names, which are its author's affair, and
/// the one on a plan that leaves nothing at its default.
///
/// Most matter to generated files alone: the compiler spares what an attribute made. A module with
/// items of the user's is an attribute's, and they want their lints.
fn allow(module: &Module) -> TokenStream {
    if !module.body.is_empty() {
        return quote!(#[allow(clippy::needless_update)]);
    }
    quote! {
        #[allow(
            dead_code,
            non_camel_case_types,
            non_snake_case,
            clippy::doc_markdown,
            clippy::enum_variant_names,
            clippy::needless_update,
            clippy::struct_excessive_bools,
            clippy::struct_field_names,
            clippy::unreadable_literal,
            clippy::used_underscore_binding,
                clippy::wildcard_imports
        )]
    }
}
