//! A struct that a user wrote, as far as it matters here: the names of its fields, and their types.
//!
//! Read by hand: the types of Rust's syntax are two thirds of what `syn` costs to compile, and of a
//! field's type no more is asked than which name it has, of which arguments.

use proc_macro2::{Ident, Span, TokenStream, TokenTree};
use syn::{
    Result, Token, braced,
    ext::IdentExt,
    parse::{Parse, ParseStream},
    token::{Brace, Bracket, Paren},
};

/// A struct.
pub(crate) struct Item {
    pub(crate) ident: Ident,
    /// Where its parameters begin, if it has any.
    pub(crate) generics: Option<Span>,
    /// Its fields, if they have names.
    pub(crate) fields: Option<Vec<Field>>,
}

/// A field with a name.
pub(crate) struct Field {
    pub(crate) ident: Ident,
    pub(crate) data_type: Type,
    /// The place of its type.
    pub(crate) span: Span,
}

/// A type.
pub(crate) enum Type {
    /// A path to a type.
    Path(Path),
    /// What only rustc can resolve: a macro's, or an associated type.
    Unknown,
    /// A reference, a tuple, an array, a function: nothing that a record is made of.
    Unfit,
}

/// `std::option::Option<i64>`
pub(crate) struct Path {
    pub(crate) first: Ident,
    pub(crate) last: Ident,
    /// Those of the last segment.
    pub(crate) arguments: Vec<Type>,
}

impl Item {
    /// The fields that have names.
    pub(crate) fn named_fields(&self) -> &[Field] {
        self.fields.as_deref().unwrap_or_default()
    }
}

impl Parse for Item {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        attributes(input)?;
        visibility(input)?;
        input.parse::<Token![struct]>()?;
        let ident = input.parse()?;
        let generics = input.peek(Token![<]).then(|| input.span());
        // Parameters and bounds: none is in braces before the fields are.
        while !input.is_empty() && !input.peek(Brace) {
            input.parse::<TokenTree>()?;
        }
        let fields = if input.is_empty() {
            None
        } else {
            let within;
            braced!(within in input);
            let mut fields = Vec::new();
            while !within.is_empty() {
                fields.push(within.parse()?);
                within.parse::<Option<Token![,]>>()?;
            }
            Some(fields)
        };
        Ok(Self {
            ident,
            generics,
            fields,
        })
    }
}

impl Parse for Field {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        attributes(input)?;
        visibility(input)?;
        let ident = input.parse()?;
        input.parse::<Token![:]>()?;
        let span = input.span();
        let data_type = Type::of(until_comma(input)?);
        Ok(Self {
            ident,
            data_type,
            span,
        })
    }
}

/// Attributes and documentation.
pub(crate) fn attributes(input: ParseStream<'_>) -> Result<TokenStream> {
    let mut attributes = TokenStream::new();
    while input.peek(Token![#]) && input.peek2(Bracket) {
        attributes.extend([input.parse::<TokenTree>()?, input.parse()?]);
    }
    Ok(attributes)
}

/// `pub`, `pub(crate)`, or nothing.
pub(crate) fn visibility(input: ParseStream<'_>) -> Result<TokenStream> {
    let mut visibility = TokenStream::new();
    if input.peek(Token![pub]) {
        visibility.extend([input.parse::<TokenTree>()?]);
        if input.peek(Paren) {
            visibility.extend([input.parse::<TokenTree>()?]);
        }
    }
    Ok(visibility)
}

/// What stands before the next comma, or before the `>` that closes what it stands in.
fn until_comma(input: ParseStream<'_>) -> Result<TokenStream> {
    let mut tokens = TokenStream::new();
    let (mut depth, mut is_arrow) = (0_usize, false);
    while !input.is_empty() {
        let closes = input.peek(Token![>]) && !is_arrow;
        if depth == 0 && (closes || input.peek(Token![,])) {
            break;
        }
        // What a macro's variable stands for is one token, whatever it begins with.
        let token = input.parse::<TokenTree>()?;
        let punct = match &token {
            TokenTree::Punct(punct) => Some(punct.as_char()),
            _ => None,
        };
        match punct {
            Some('<') => depth += 1,
            Some('>') if !is_arrow => depth -= 1,
            _ => {}
        }
        is_arrow = punct == Some('-') && input.peek(Token![>]);
        tokens.extend([token]);
    }
    Ok(tokens)
}

impl Type {
    /// The type that these tokens are.
    pub(crate) fn of(tokens: TokenStream) -> Self {
        syn::parse2(tokens).unwrap_or(Self::Unfit)
    }

    /// The path, where it is one.
    pub(crate) fn path(&self) -> Option<&Path> {
        match self {
            Self::Path(path) => Some(path),
            _ => None,
        }
    }
}

impl Parse for Type {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        if input.peek(Token![<]) {
            while !input.is_empty() {
                input.parse::<TokenTree>()?;
            }
            return Ok(Self::Unknown);
        }
        let path = input.parse()?;
        if input.parse::<Option<Token![!]>>()?.is_some() {
            input.parse::<TokenTree>()?;
            return Ok(Self::Unknown);
        }
        Ok(Self::Path(path))
    }
}

impl Parse for Path {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        input.parse::<Option<Token![::]>>()?;
        let first = input.call(Ident::parse_any)?;
        let mut path = Self {
            last: first.clone(),
            first,
            arguments: arguments(input)?,
        };
        while input.parse::<Option<Token![::]>>()?.is_some() {
            path.last = input.call(Ident::parse_any)?;
            path.arguments = arguments(input)?;
        }
        Ok(path)
    }
}

/// `<A, B>`, or nothing.
fn arguments(input: ParseStream<'_>) -> Result<Vec<Type>> {
    let mut arguments = Vec::new();
    if input.peek(Token![::]) && input.peek3(Token![<]) {
        input.parse::<Token![::]>()?;
    }
    if input.parse::<Option<Token![<]>>()?.is_none() {
        return Ok(arguments);
    }
    while input.parse::<Option<Token![>]>>()?.is_none() {
        if input.is_empty() {
            return Err(input.error("expected `>`"));
        }
        arguments.push(Type::of(until_comma(input)?));
        input.parse::<Option<Token![,]>>()?;
    }
    Ok(arguments)
}

#[cfg(test)]
mod tests {
    use super::{Item, Type};
    use proc_macro2::TokenStream;
    use proptest::{collection::vec, prelude::*, sample::select};
    use quote::quote;

    /// A type as `Last<Arguments>`, `?` for what only rustc can resolve, `!` for what is unfit.
    fn shown(data_type: &Type) -> String {
        match data_type {
            Type::Unknown => "?".to_owned(),
            Type::Unfit => "!".to_owned(),
            Type::Path(path) if path.arguments.is_empty() => path.last.to_string(),
            Type::Path(path) => {
                let arguments: Vec<_> = path.arguments.iter().map(shown).collect();
                format!("{}<{}>", path.last, arguments.join(", "))
            }
        }
    }

    fn item(tokens: TokenStream) -> Item {
        syn::parse2(tokens).unwrap()
    }

    #[test]
    fn the_fields_of_a_struct_are_named_and_typed() {
        let item = item(quote! {
            /// Ours.
            #[derive(Debug)]
            pub(crate) struct Stories<'a, T: Into<Vec<u8>> = [u8; 2]> where T: Clone {
                /// Its key.
                #[allow(dead_code)]
                pub id: String,
                r#type: std::option::Option<::core::primitive::i64>,
                pub(in crate::media) by: BTreeMap<String, Vec<Option<u8>>>
            }
        });
        assert_eq!(item.ident, "Stories");
        assert!(item.generics.is_some());
        let fields: Vec<_> = item
            .named_fields()
            .iter()
            .map(|field| format!("{}: {}", field.ident, shown(&field.data_type)))
            .collect();
        assert_eq!(
            fields,
            [
                "id: String",
                "r#type: Option<i64>",
                "by: BTreeMap<String, Vec<Option<u8>>>"
            ]
        );
    }

    #[test]
    fn a_struct_may_have_no_names() {
        assert!(
            item(quote!(
                struct Pair(pub u8, String);
            ))
            .fields
            .is_none()
        );
        assert!(
            item(quote!(
                struct Unit;
            ))
            .fields
            .is_none()
        );
        assert!(
            item(quote!(
                struct Empty {}
            ))
            .fields
            .is_some()
        );
    }

    #[test]
    fn types_are_told_apart() {
        let cases = [
            (quote!(Vec::<u8>), "Vec<u8>"),
            (quote!(a::B<c::D>::E<F>), "E<F>"),
            (quote!(Vec<Vec<u8>>,), "Vec<Vec<u8>>"),
            (quote!(Vec<fn(u8) -> Option<u8>>), "Vec<!>"),
            (quote!(HashMap<u8, (u8, u8),>), "HashMap<u8, !>"),
            (quote!(<T as Into<u8>>::Out), "?"),
            (quote!(my::id!(u8)), "?"),
            (quote!(&'static str), "!"),
            (quote!([u8; 4]), "!"),
            (quote!(dyn Debug), "!"),
            (quote!(fn(u8) -> u8), "!"),
            (quote!(Vec<), "!"),
        ];
        for (tokens, expected) in cases {
            let tokens = quote!(struct One { field: #tokens });
            let shown = syn::parse2::<Item>(tokens.clone())
                .map(|item| shown(&item.named_fields()[0].data_type));
            assert_eq!(shown.unwrap(), expected, "{tokens}");
        }
    }

    proptest! {
        #[test]
        fn any_tokens_are_read_or_refused(words in vec(select(WORDS), 0..24)) {
            let text = format!("struct One {{ field: {} }}", words.join(" "));
            let tokens: TokenStream = text.parse().unwrap();
            let _ = syn::parse2::<Item>(tokens);
        }
    }

    const WORDS: &[&str] = &[
        "a",
        "u8",
        "Vec",
        "Vec<",
        "Vec<u8>",
        "<",
        ">",
        ">>",
        ",",
        ":",
        "::",
        ":: <",
        "->",
        "=",
        "!",
        "&",
        "'a",
        "+",
        "dyn",
        "fn",
        "pub",
        "struct",
        "where",
        ";",
        "#",
        "(u8)",
        "[u8; 2]",
        "{ a: u8 }",
        "#[a]",
        "1",
    ];

    #[test]
    fn what_a_macros_variable_stands_for_is_one_type() {
        let variable = |tokens| proc_macro2::Group::new(proc_macro2::Delimiter::None, tokens);
        for (tokens, expected) in [
            (quote!(Option<i64>), "Option<i64>"),
            (quote!(<T as Into<u8>>::Out), "?"),
            (quote!(&'static str), "!"),
        ] {
            let field = variable(tokens);
            let item = item(quote!(struct One { field: #field, other: Vec<#field>, last: u8 }));
            let types: Vec<_> = item
                .named_fields()
                .iter()
                .map(|field| shown(&field.data_type))
                .collect();
            assert_eq!(types, [expected, &format!("Vec<{expected}>"), "u8"]);
        }
    }

    #[test]
    fn what_is_no_struct_is_refused() {
        for tokens in [
            quote!(
                enum Kind {
                    A,
                }
            ),
            quote!(struct Half { a }),
            quote!(struct),
            quote!(
                fn structs() {
                    struct Inner {}
                }
            ),
        ] {
            assert!(syn::parse2::<Item>(tokens.clone()).is_err(), "{tokens}");
        }
    }
}
