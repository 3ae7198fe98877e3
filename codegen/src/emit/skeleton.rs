//! What stands in for a module whose spec is wrong.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{quote, quote_spanned};

use crate::{item::Item, module::Module};

use super::names::ident;

/// What is wrong, and where in the user's source to show it.
pub struct Problem {
    pub message: String,
    pub span: Span,
}

impl Problem {
    fn tokens(&self) -> TokenStream {
        let message = &self.message;
        quote_spanned!(self.span=> ::core::compile_error! { #message })
    }
}

impl From<syn::Error> for Problem {
    fn from(error: syn::Error) -> Self {
        Self {
            message: error.to_string(),
            span: error.span(),
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
/// `types` are the names, as far as they are known, of the types that the spec would have made.
pub fn skeleton(
    problems: &[Problem],
    types: &[String],
    module: &Module,
    rebuild: Option<&TokenStream>,
) -> TokenStream {
    let Module {
        attributes,
        visibility,
        ident: name,
        body,
        ..
    } = module;
    let Some((last, first)) = problems.split_last() else {
        return TokenStream::new();
    };
    let first = first.iter().map(Problem::tokens);
    let broken = last.tokens();
    let names = names(types, &module.structs());
    let rebuild = rebuild.map(|rebuild| quote!(const _: &[u8] = #rebuild;));
    quote! {
        #attributes
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

/// The names that every module has, and those of its types, each once, but for the user's own.
fn names(types: &[String], own: &[Item]) -> Vec<Ident> {
    let mut names: Vec<Ident> = Vec::new();
    let types = types.iter().filter_map(|name| syn::parse_str(name).ok());
    for name in ["Source", "Secrets", "Config"]
        .map(ident)
        .into_iter()
        .chain(types)
    {
        if !names.contains(&name) && !own.iter().any(|own| own.ident == name) {
            names.push(name);
        }
    }
    names
}
