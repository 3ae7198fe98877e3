//! What stands in for a module whose spec is wrong.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{quote, quote_spanned};

use crate::module::Module;

use super::names::ident;

/// What is wrong: a rendered message each, shown at one place of the user's source.
pub struct Problems {
    /// At least one.
    pub messages: Vec<String>,
    /// Where: the attribute's string literal.
    pub span: Span,
}

impl Problems {
    /// One mistake.
    pub fn one(message: impl ToString, span: Span) -> Self {
        Self {
            messages: vec![message.to_string()],
            span,
        }
    }
}

/// A module whose every name is of the type of an error.
///
/// The last message is shown by a `compile_error!` within a type, in the length of an array. A type
/// that holds an error is one of which rustc says no more: the user sees what is wrong with the spec,
/// and not every field, method and trait that is missing because of it. The struct around it makes it
/// a type of the user's own crate, so that their `impl`s stand.
///
/// `records` are the names, as far as they are known, of the types that the spec would have made.
pub fn skeleton(
    problems: &Problems,
    records: &[String],
    module: &Module,
    rebuild: Option<&TokenStream>,
) -> TokenStream {
    let Module {
        attributes,
        visibility,
        ident: name,
        body,
    } = module;
    let Some((last, first)) = problems.messages.split_last() else {
        return TokenStream::new();
    };
    let first = first
        .iter()
        .map(|message| quote_spanned!(problems.span=> ::core::compile_error! { #message }));
    let broken = quote_spanned!(problems.span=> ::core::compile_error! { #last });
    let names = names(records, &module.types());
    let rebuild = rebuild.map(|rebuild| quote!(const _: &[u8] = #rebuild;));
    quote! {
        #(#attributes)*
        #[allow(missing_docs)]
        #visibility mod #name {
            #body
            #rebuild
            #(#first)*
            #[doc(hidden)]
            pub struct __Unmade<T>(T);
            #(pub type #names = __Broken;)*
            type __Broken = __Unmade<[(); #broken]>;
        }
    }
}

/// The names that every module has, and those of the records, each once, but for the user's own.
fn names(records: &[String], own: &[Ident]) -> Vec<Ident> {
    let mut names: Vec<Ident> = Vec::new();
    let records = records.iter().filter_map(|name| syn::parse_str(name).ok());
    for name in ["Source", "Secrets", "Config"]
        .map(ident)
        .into_iter()
        .chain(records)
    {
        if !names.contains(&name) && !own.contains(&name) {
            names.push(name);
        }
    }
    names
}
