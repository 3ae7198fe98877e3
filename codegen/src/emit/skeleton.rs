//! What stands in for a module whose spec is wrong.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{quote, quote_spanned};

use crate::module::Module;

use super::names::ident;

/// What is wrong: a rendered message each, shown at one place of the user's source.
pub struct Problems<'a> {
    /// At least one.
    pub messages: &'a [String],
    /// Where: the attribute's string literal.
    pub span: Span,
}

/// A module whose every name is of the type of an error.
///
/// The last message is shown by a `compile_error!` where a type is expected. To rustc it is then the
/// type of an expression that is wrong already, of which nothing more is to be said: the user sees
/// what is wrong with the spec, and no field, method or trait that is missing because of it.
/// `records` are the names, as far as they are known, of the types that the spec would have made.
pub fn skeleton(
    problems: &Problems<'_>,
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
    let names = names(records);
    let rebuild = rebuild.map(|rebuild| quote!(const _: &[u8] = #rebuild;));
    quote! {
        #(#attributes)*
        #[allow(missing_docs)]
        #visibility mod #name {
            #body
            #rebuild
            #(#first)*
            type __Broken = #broken;
            #(pub type #names = __Broken;)*
        }
    }
}

/// The names that every module has, and those of the records, each once.
fn names(records: &[String]) -> Vec<Ident> {
    let mut names: Vec<Ident> = ["Source", "Secrets", "Config"].map(ident).into();
    for record in records.iter().filter_map(|name| syn::parse_str(name).ok()) {
        if !names.contains(&record) {
            names.push(record);
        }
    }
    names
}
