//! What a user writes: the attribute's path, and the module that it stands on.

use proc_macro2::{Delimiter, Group, Ident, TokenStream, TokenTree};
use quote::quote;
use syn::{
    LitStr, Token,
    parse::{Parse, ParseStream, Parser},
};

use crate::crate_path::CratePath;
use crate::emit::Options;
use crate::item::{Item, attributes, visibility};

/// A module that is to be filled.
#[derive(Clone)]
pub struct Module {
    /// Its attributes and documentation.
    pub attributes: TokenStream,
    pub visibility: TokenStream,
    pub ident: Ident,
    /// The items that the user wrote in it.
    pub body: TokenStream,
    /// How it is filled.
    pub options: Options,
}

impl Module {
    /// An empty public module of this name.
    pub fn new(ident: Ident) -> Self {
        Self {
            attributes: TokenStream::new(),
            visibility: quote!(pub),
            ident,
            body: TokenStream::new(),
            options: Options::default(),
        }
    }

    /// Whether the user documented it.
    pub(crate) fn has_docs(&self) -> bool {
        let mut attributes = self.attributes.clone().into_iter();
        attributes.any(|token| match token {
            TokenTree::Group(group) => {
                let first = group.stream().into_iter().next();
                matches!(first, Some(TokenTree::Ident(name)) if name == "doc")
            }
            _ => false,
        })
    }

    /// The structs that the body declares.
    pub(crate) fn structs(&self) -> Vec<Item> {
        let mut structs = Vec::new();
        let mut item: Vec<TokenTree> = Vec::new();
        for token in self.body.clone() {
            let ends = match &token {
                TokenTree::Punct(punct) => punct.as_char() == ';',
                TokenTree::Group(group) => group.delimiter() == Delimiter::Brace,
                _ => false,
            };
            item.push(token);
            if ends {
                let item: TokenStream = item.drain(..).collect();
                structs.extend(structure(item));
            }
        }
        structs
    }
}

/// The struct that an item is, if it is one.
fn structure(item: TokenStream) -> Option<Item> {
    let is_struct = |token: TokenTree| matches!(token, TokenTree::Ident(word) if word == "struct");
    if !item.clone().into_iter().any(is_struct) {
        return None;
    }
    syn::parse2(item).ok()
}

impl Parse for Module {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let attributes = attributes(input)?;
        let visibility = visibility(input)?;
        if !input.peek(Token![mod]) {
            return Err(input.error(
                "`#[rest_source]` stands on a module\n\
                 help: write `pub mod name {}` beneath it",
            ));
        }
        input.parse::<Token![mod]>()?;
        let ident: Ident = input.parse()?;
        if input.peek(Token![;]) {
            return Err(syn::Error::new(
                ident.span(),
                format!(
                    "the module `{ident}` is a file of its own, which `#[rest_source]` cannot fill\n\
                     help: give it a body: `mod {ident} {{}}`"
                ),
            ));
        }
        let body = input.step(|cursor| match cursor.group(Delimiter::Brace) {
            Some((_, _, rest)) => {
                let Some((TokenTree::Group(group), _)) = cursor.token_tree() else {
                    return Err(cursor.error("expected the module's body"));
                };
                Ok((Group::stream(&group), rest))
            }
            None => Err(cursor.error("expected the module's body: `{}`")),
        })?;
        Ok(Self {
            attributes,
            visibility,
            ident,
            body,
            options: Options::default(),
        })
    }
}

/// What `#[rest_source("…")]` says.
pub struct Attribute {
    /// The path of the spec.
    pub path: LitStr,
    /// `crate = "…"`, `serialize`.
    pub options: Options,
}

impl Attribute {
    /// Reads the tokens between its parentheses.
    ///
    /// # Errors
    ///
    /// When they are anything but the path of a spec as a string literal, and `crate = "…"` and `serialize` after it.
    pub fn parse(attribute: TokenStream) -> syn::Result<Self> {
        (|input: ParseStream<'_>| Self::parse_from(input)).parse2(attribute)
    }

    fn parse_from(input: ParseStream<'_>) -> syn::Result<Self> {
        let help = "expected the path of a spec\n\
                    help: write `#[rest_source(\"specs/name.yaml\")]`";
        let path = input
            .parse()
            .map_err(|error| syn::Error::new(error.span(), help))?;
        let mut options = Options::default();
        while input.parse::<Option<Token![,]>>()?.is_some() && !input.is_empty() {
            if input.parse::<Option<Token![crate]>>()?.is_some() {
                input.parse::<Token![=]>()?;
                let path: LitStr = input.parse()?;
                options.runtime = CratePath::parse(&path.value())
                    .map_err(|message| syn::Error::new(path.span(), message))?;
            } else if input
                .fork()
                .parse::<Ident>()
                .is_ok_and(|word| word == "serialize")
            {
                input.parse::<Ident>()?;
                options.serialize = true;
            } else {
                break;
            }
        }
        if !input.is_empty() {
            return Err(input.error(
                "unexpected argument\n\
                 help: after the path only `crate = \"…\"` may stand, the name of the dependency `rest-source` \
                 where it is renamed, and `serialize`, for records that implement serde's `Serialize`",
            ));
        }
        Ok(Self { path, options })
    }
}

#[cfg(test)]
mod tests {
    use super::{Attribute, Module};
    use quote::{ToTokens, quote};

    fn parse(tokens: proc_macro2::TokenStream) -> Result<Module, String> {
        syn::parse2(tokens).map_err(|error| error.to_string())
    }

    #[test]
    fn a_module_keeps_what_the_user_wrote() {
        let module = parse(quote! {
            /// Ours.
            #[cfg(unix)]
            pub(crate) mod media {
                pub struct Stories { pub id: String }
                fn mine() {}
            }
        })
        .unwrap();
        assert!(module.has_docs());
        let expected = quote! {
            /// Ours.
            #[cfg(unix)]
        };
        assert_eq!(module.attributes.to_string(), expected.to_string());
        assert_eq!(module.visibility.to_string(), "pub (crate)");
        assert_eq!(module.ident, "media");
        assert!(module.body.to_string().contains("fn mine"));
    }

    #[test]
    fn the_structs_of_a_body_are_found_among_its_items() {
        let module = parse(quote! {
            mod media {
                use std::{fmt, io};
                const N: [u8; 2] = [1, 2];
                #[derive(Debug)]
                pub struct Stories { pub id: String }
                impl Stories { fn structs() { struct Inner {} } }
                struct Tuple(u8);
                enum Kind { A {} }
            }
        })
        .unwrap();
        let names: Vec<_> = module
            .structs()
            .iter()
            .map(|s| s.ident.to_string())
            .collect();
        assert_eq!(names, ["Stories", "Tuple"]);
    }

    #[test]
    fn a_module_without_a_body_is_told_to_have_one() {
        let error = parse(quote!(
            pub mod media;
        ))
        .err()
        .unwrap();
        assert!(
            error.contains("help: give it a body: `mod media {}`"),
            "{error}"
        );
    }

    #[test]
    fn it_stands_on_a_module() {
        let error = parse(quote!(
            pub struct Media;
        ))
        .err()
        .unwrap();
        assert!(error.contains("stands on a module"), "{error}");
    }

    #[test]
    fn an_attribute_has_a_path_and_options() {
        let parse = |tokens| {
            let attribute = Attribute::parse(tokens).map_err(|error| error.to_string())?;
            let runtime = attribute.options.runtime.to_token_stream().to_string();
            Ok::<_, String>((attribute.path.value(), runtime))
        };
        let own = Ok(("a.yaml".to_owned(), quote!(::rest_source).to_string()));
        assert_eq!(parse(quote!("a.yaml")), own);
        assert_eq!(parse(quote!("a.yaml",)), own);
        let renamed = Ok(("a.yaml".to_owned(), quote!(::api).to_string()));
        assert_eq!(parse(quote!("a.yaml", crate = "api")), renamed);
        assert_eq!(parse(quote!("a.yaml", crate = "api",)), renamed);
        for (text, serialize) in [
            (quote!("a.yaml", crate = "api"), false),
            (quote!("a.yaml", serialize), true),
            (quote!("a.yaml", crate = "api", serialize), true),
            (quote!("a.yaml", serialize, crate = "api",), true),
        ] {
            let attribute = Attribute::parse(text.clone()).unwrap();
            assert_eq!(attribute.options.serialize, serialize, "{text}");
        }
        for (wrong, message) in [
            (quote!(), "expected the path of a spec"),
            (quote!(specs), "expected the path of a spec"),
            (quote!("a.yaml", "b.yaml"), "unexpected argument"),
            (quote!("a.yaml", name = "b"), "unexpected argument"),
            (quote!("a.yaml", crate = api), "expected string literal"),
            (
                quote!("a.yaml", crate = "a-b"),
                "`a-b` is not the path of a crate",
            ),
        ] {
            let error = parse(wrong).unwrap_err();
            assert!(error.contains(message), "{error}");
        }
    }
}
