//! Names and literals as tokens.

use proc_macro2::{Ident, Literal, Span, TokenStream};
use quote::quote;

use crate::names;

/// A name that the checks made: a valid identifier, raw where it must be.
///
/// One that is none after all becomes `invalid_name`, which rustc will complain of, rather than the
/// panic that `Ident::new` would be.
pub(super) fn ident(name: &str) -> Ident {
    // Nearly all are plain, and there are some for every column: a parser for each is felt.
    if is_plain(name) {
        return Ident::new(name, Span::call_site());
    }
    syn::parse_str(name).unwrap_or_else(|_| Ident::new("invalid_name", Span::call_site()))
}

/// Whether it is an identifier in ASCII, or a keyword, which is raw in the names that the checks made.
fn is_plain(name: &str) -> bool {
    name != "_"
        && name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.bytes().all(|c| c.is_ascii_alphanumeric() || c == b'_')
}

/// The field of a secret or a setting.
pub(super) fn field(name: &str) -> Ident {
    ident(&names::ident(name))
}

/// The variant of a choice.
pub(super) fn variant(name: &str) -> Ident {
    ident(&names::ident(&names::pascal(name)))
}

/// A module's name from the source's: raw where it is a keyword.
pub(super) fn module(name: &str) -> Ident {
    syn::parse_str(name).unwrap_or_else(|_| ident(&format!("r#{name}")))
}

/// A constant's name from a resource's: `type` → `TYPE_PLAN`. The suffix keeps it from being a
/// keyword, and from being one of the names that every module has.
pub(super) fn plan_ident(resource: &str) -> Ident {
    let name = names::snake(resource).to_uppercase();
    ident(&format!("{name}_PLAN"))
}

/// A path that the checks know for one, its keywords raw where they may be.
pub(super) fn rust_path(path: &str) -> TokenStream {
    let segments = path.split("::").map(|segment| match segment {
        "" => TokenStream::new(),
        "crate" | "self" | "super" | "Self" => {
            let segment = Ident::new(segment, Span::call_site());
            quote!(#segment)
        }
        segment => {
            let segment = module(segment);
            quote!(#segment)
        }
    });
    quote!(#(#segments)::*)
}

/// An integer, with `_` between groups of three digits from five digits on.
pub(super) fn integer(value: impl Into<i128>) -> TokenStream {
    let value = value.into();
    let digits = value.unsigned_abs().to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && digits.len() > 4 && (digits.len() - at).is_multiple_of(3) {
            text.push('_');
        }
        text.push(digit);
    }
    let literal: TokenStream = text.parse().unwrap_or_default();
    if value < 0 {
        quote!(-#literal)
    } else {
        literal
    }
}

/// A floating-point number. The checks let finite ones through alone, of which there are literals.
pub(super) fn float(value: f64) -> TokenStream {
    if !value.is_finite() {
        return quote!(f64::MAX);
    }
    let literal = Literal::f64_unsuffixed(value.abs());
    if value.is_sign_negative() {
        quote!(-#literal)
    } else {
        quote!(#literal)
    }
}

/// What is emitted for each of them, one after the other.
///
/// A loop for each type, rather than the adapters and collectors that an iterator would be made of: they
/// were a tenth of what this crate costs to compile.
pub(super) fn each<T>(items: &[T], mut emit: impl FnMut(&T) -> TokenStream) -> TokenStream {
    let mut emitted = Vec::with_capacity(items.len());
    for item in items {
        emitted.push(emit(item));
    }
    joined(emitted)
}

/// What is emitted for each of them, with commas between.
pub(super) fn commas<T>(items: &[T], mut emit: impl FnMut(&T) -> TokenStream) -> TokenStream {
    let mut emitted = Vec::with_capacity(2 * items.len());
    for item in items {
        if !emitted.is_empty() {
            emitted.push(quote!(,));
        }
        emitted.push(emit(item));
    }
    joined(emitted)
}

/// At once: within a compiler, every addition to a stream is a call to it.
fn joined(streams: Vec<TokenStream>) -> TokenStream {
    streams.into_iter().collect()
}

/// A list of a plan.
pub(super) fn list<T>(items: &[T], emit: impl FnMut(&T) -> TokenStream) -> TokenStream {
    let items = commas(items, emit);
    quote!(__rs::Static(&[#items]))
}

/// A value with a list in it, as an argument: a list behind a reference lasts only within a literal, or in
/// a constant.
pub(super) fn argument(value: &TokenStream) -> TokenStream {
    quote!(const { #value })
}

/// `&[…]`
pub(super) fn slice<T>(items: &[T], emit: impl FnMut(&T) -> TokenStream) -> TokenStream {
    let items = commas(items, emit);
    quote!(&[#items])
}

/// A text of a plan.
pub(super) fn text(text: &str) -> TokenStream {
    quote!(__rs::Static(#text))
}

#[cfg(test)]
mod tests {
    use super::{float, ident, integer, module, plan_ident};

    #[test]
    fn long_integers_are_grouped() {
        assert_eq!(integer(1000).to_string(), "1000");
        assert_eq!(integer(67_108_864).to_string(), "67_108_864");
        assert_eq!(integer(-12_345).to_string(), "- 12_345");
        assert_eq!(integer(i64::MIN).to_string(), "- 9_223_372_036_854_775_808");
    }

    #[test]
    fn floats_keep_their_point() {
        assert_eq!(float(2.0).to_string(), "2.0");
        assert_eq!(float(-0.5).to_string(), "- 0.5");
        assert_eq!(float(f64::INFINITY).to_string(), "f64 :: MAX");
    }

    #[test]
    fn a_keyword_stays_raw() {
        assert_eq!(ident("r#type").to_string(), "r#type");
        assert_eq!(module("type").to_string(), "r#type");
        assert_eq!(module("media").to_string(), "media");
        assert_eq!(plan_ident("type").to_string(), "TYPE_PLAN");
    }

    #[test]
    fn what_is_no_name_is_no_panic() {
        assert_eq!(ident("media-metadata").to_string(), "invalid_name");
    }
}
