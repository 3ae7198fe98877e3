//! The enums: of words, and of types.

use proc_macro2::{Ident, Literal, TokenStream};
use quote::quote;

use crate::connector::{Column, EnumType, Text, Type, UnionType};

use super::{
    columns::{field_type, lines},
    docs::{Docs, code},
    names::{commas, each, ident},
};

/// An enum of words: their names in Rust, and themselves.
pub(super) struct Words<'a> {
    ident: Ident,
    variants: Vec<(&'a str, Ident)>,
    is_closed: bool,
}

impl<'a> Words<'a> {
    pub(super) fn new(names: &EnumType, words: &'a [Text], is_closed: bool) -> Self {
        let variants = words.iter().zip(&names.variants);
        Self {
            ident: ident(&names.ident),
            variants: variants
                .map(|(word, variant)| (word.as_str(), ident(variant)))
                .collect(),
            is_closed,
        }
    }
}

/// The enum of a column.
pub(super) fn record_enum(names: &EnumType, data_type: &Type, path: &str) -> TokenStream {
    let Type::Enum { values, closed } = data_type else {
        return TokenStream::new();
    };
    let words = Words::new(names, values, *closed);
    let docs = Docs::default().ours(&[&format!("What {} may be.", code(path))]);
    let definition = definition(&words, &docs);
    let name = &words.ident;
    let from_text = from_text(&words);
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
pub(super) fn definition(words: &Words<'_>, docs: &Docs) -> TokenStream {
    let name = &words.ident;
    let values = commas(&words.variants, |(word, _)| quote!(#word));
    let variants = each(&words.variants, |(word, variant)| {
        let docs = Docs::default().ours(&[&format!("{}.", code(word))]);
        quote!(#docs #variant,)
    });
    let arms = each(
        &words.variants,
        |(word, variant)| quote!(Self::#variant => #word,),
    );
    // Without `Other` it is as good as a number: copied, not borrowed.
    let (derives, signature) = if words.is_closed {
        (
            quote!(Clone, Copy),
            quote!(const fn as_str(self) -> &'static str),
        )
    } else {
        (quote!(Clone), quote!(fn as_str(&self) -> &str))
    };
    let (other, other_arm) = if words.is_closed {
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
fn from_text(words: &Words<'_>) -> TokenStream {
    let arm = |(word, variant): &(&str, Ident)| quote!(#word => Self::#variant,);
    if !words.is_closed {
        let arms = each(&words.variants, arm);
        return quote!(match cell.text() { #arms other => Self::Other(other.to_owned()), });
    }
    match words.variants.as_slice() {
        [] => TokenStream::new(),
        [(_, only)] => quote!(let _ = cell.text(); Self::#only),
        [first @ .., (_, last)] => {
            let arms = each(first, arm);
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
        let (variant, of) = (variant(member), field_type(member));
        quote!(#docs #variant(#of),)
    });
    let mut arms = TokenStream::new();
    for (at, member) in union.members.iter().enumerate() {
        let is_last = at + 1 == union.members.len();
        let at = Literal::usize_unsuffixed(at);
        let at = if is_last { quote!(_) } else { quote!(#at) };
        let variant = variant(member);
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

/// The variant of a union's member.
pub(super) fn variant(member: &Column) -> Ident {
    ident(&UnionType::variant(&member.data_type))
}
