//! The enums: of words, and of types.

use proc_macro2::{Literal, TokenStream};
use quote::quote;

use crate::connector::{EnumType, UnionType};

use super::{
    columns::{column, field_type},
    docs::{Docs, code},
    names::ident,
};

/// The enum of a column.
pub(super) fn record_enum(words: &EnumType, path: &str) -> TokenStream {
    let docs = Docs::default().ours([format!("What {} may be.", code(path))]);
    let definition = definition(words, &docs);
    let name = ident(&words.ident);
    let from_text = from_text(words);
    quote! {
        #definition
        impl __rs::FromCell for #name {
            fn from_cell(cell: __rs::Cell<'_>) -> Self {
                #from_text
            }
        }
    }
}

/// The enum itself, its words, and its `Display`.
pub(super) fn definition(words: &EnumType, docs: &Docs) -> TokenStream {
    let name = ident(&words.ident);
    let values: Vec<_> = words.values.iter().map(|v| v.value.as_str()).collect();
    let variants: Vec<_> = words.values.iter().map(|v| ident(&v.ident)).collect();
    let variant_docs = values
        .iter()
        .map(|value| Docs::default().ours([format!("{}.", code(value))]));
    // Without `Other` it is as good as a number: copied, not borrowed.
    let (derives, signature) = if words.closed {
        (
            quote!(Clone, Copy),
            quote!(const fn as_str(self) -> &'static str),
        )
    } else {
        (quote!(Clone), quote!(fn as_str(&self) -> &str))
    };
    let (other, other_arm) = if words.closed {
        (None, None)
    } else {
        (
            Some(quote!(
                #[doc = " Any other word."]
                Other(String),
            )),
            Some(quote!(Self::Other(word) => word,)),
        )
    };
    quote! {
        #docs
        #[derive(#derives, Debug, PartialEq, Eq, Hash)]
        pub enum #name {
            #(#variant_docs #variants,)*
            #other
        }
        impl #name {
            const WORDS: &'static [&'static str] = &[#(#values),*];
            #[doc = " The word on the wire."]
            #[must_use]
            pub #signature {
                match self {
                    #(Self::#variants => #values,)*
                    #other_arm
                }
            }
        }
        impl ::core::fmt::Display for #name {
            fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                f.write_str(self.as_str())
            }
        }
    }
}

/// From the cell's word. A closed enum's cell holds one of its words: it was checked.
fn from_text(words: &EnumType) -> TokenStream {
    let arm = |value: &crate::connector::EnumValue| {
        let (word, variant) = (&value.value, ident(&value.ident));
        quote!(#word => Self::#variant,)
    };
    if !words.closed {
        let arms = words.values.iter().map(arm);
        return quote!(match cell.text() { #(#arms)* other => Self::Other(other.to_owned()), });
    }
    match words.values.as_slice() {
        [] => TokenStream::new(),
        [only] => {
            let variant = ident(&only.ident);
            quote!(let _ = cell.text(); Self::#variant)
        }
        [first @ .., last] => {
            let arms = first.iter().map(arm);
            let last = ident(&last.ident);
            quote!(match cell.text() { #(#arms)* _ => Self::#last, })
        }
    }
}

/// The enum of a union: a variant per type.
pub(super) fn union(union: &UnionType, path: &str) -> TokenStream {
    let name = ident(&union.ident);
    let docs = Docs::default().ours([format!("What {} may be.", code(path))]);
    let variants: Vec<_> = union.members.iter().map(|m| ident(&m.ident)).collect();
    let types = union.members.iter().map(field_type);
    let members = union.members.iter().map(column);
    let variant_docs = union
        .members
        .iter()
        .map(|member| Docs::with_remark(member.description.as_deref(), "One of its types."));
    let arms = variants.iter().enumerate().map(|(at, variant)| {
        let is_last = at + 1 == variants.len();
        let at = Literal::usize_unsuffixed(at);
        let member = if is_last { quote!(_) } else { quote!(#at) };
        quote!((#member, cell) => Self::#variant(__rs::FromCell::from_cell(cell)),)
    });
    quote! {
        #docs
        #[derive(Clone, Debug, PartialEq)]
        pub enum #name {
            #(#variant_docs #variants(#types),)*
        }
        impl #name {
            const MEMBERS: &'static [__rs::Column] = &[#(#members,)*];
        }
        impl __rs::FromCell for #name {
            fn from_cell(cell: __rs::Cell<'_>) -> Self {
                match cell.member() {
                    #(#arms)*
                }
            }
        }
    }
}
