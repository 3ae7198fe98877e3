//! The enums: of words, and of types.

use proc_macro2::{Literal, TokenStream};
use quote::quote;

use crate::connector::{EnumType, EnumValue, UnionType};

use super::{
    columns::{field_type, lines},
    docs::{Docs, code},
    names::{commas, each, ident},
};

/// The enum of a column.
pub(super) fn record_enum(words: &EnumType, path: &str) -> TokenStream {
    let docs = Docs::default().ours(&[&format!("What {} may be.", code(path))]);
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
    let values = commas(&words.values, |value| {
        let value = &value.value;
        quote!(#value)
    });
    let variants = each(&words.values, |value| {
        let docs = Docs::default().ours(&[&format!("{}.", code(&value.value))]);
        let variant = ident(&value.ident);
        quote!(#docs #variant,)
    });
    let arms = each(&words.values, |EnumValue { value, ident: name }| {
        let variant = ident(name);
        quote!(Self::#variant => #value,)
    });
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
            #variants
            #other
        }
        impl #name {
            const WORDS: __rs::List<__rs::Text> = __rs::words![#values];
            #[doc = " The word on the wire."]
            #[must_use]
            pub #signature {
                match self {
                    #arms
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
    let arm = |value: &EnumValue| {
        let (word, variant) = (&value.value, ident(&value.ident));
        quote!(#word => Self::#variant,)
    };
    if !words.closed {
        let arms = each(&words.values, arm);
        return quote!(match cell.text() { #arms other => Self::Other(other.to_owned()), });
    }
    match words.values.as_slice() {
        [] => TokenStream::new(),
        [only] => {
            let variant = ident(&only.ident);
            quote!(let _ = cell.text(); Self::#variant)
        }
        [first @ .., last] => {
            let arms = each(first, arm);
            let last = ident(&last.ident);
            quote!(match cell.text() { #arms _ => Self::#last, })
        }
    }
}

/// The enum of a union: a variant per type.
pub(super) fn union(union: &UnionType, path: &str) -> TokenStream {
    let name = ident(&union.ident);
    let docs = Docs::default().ours(&[&format!("What {} may be.", code(path))]);
    let members = lines(&union.members);
    let variants = each(&union.members, |member| {
        let docs = Docs::with_remark(member.description.as_deref(), "One of its types.");
        let (variant, of) = (ident(&member.ident), field_type(member));
        quote!(#docs #variant(#of),)
    });
    let mut arms = TokenStream::new();
    for (at, member) in union.members.iter().enumerate() {
        let is_last = at + 1 == union.members.len();
        let at = Literal::usize_unsuffixed(at);
        let at = if is_last { quote!(_) } else { quote!(#at) };
        let variant = ident(&member.ident);
        arms.extend(quote!((#at, cell) => Self::#variant(__rs::FromCell::from_cell(cell)),));
    }
    quote! {
        #docs
        #[derive(Clone, Debug, PartialEq)]
        pub enum #name {
            #variants
        }
        impl #name {
            const MEMBERS: __rs::List<__rs::Column> = {
                use __rs::columns::*;
                __rs::Static(&[#members])
            };
        }
        impl __rs::FromCell for #name {
            fn from_cell(cell: __rs::Cell<'_>) -> Self {
                match cell.member() {
                    #arms
                }
            }
        }
    }
}
