//! The attribute `#[rest_source("…")]`, but for reading the file: that is the macro's part.

use proc_macro2::{Span, TokenStream};
use quote::{quote, quote_spanned};

use crate::{
    compile,
    emit::{self, Problem},
    module::{Attribute, Module},
    spec_path::{SpecFile, SpecPath, Unread},
    user_struct,
};

/// What `#[rest_source(…)]` makes of the module that it stands on. `read` reads the spec.
pub fn expand(
    attribute: TokenStream,
    item: TokenStream,
    read: &dyn Fn(&SpecPath) -> Result<SpecFile, Unread>,
) -> TokenStream {
    let module: Module = match syn::parse2(item.clone()) {
        Ok(module) => module,
        Err(error) => {
            let mut tokens = error.to_compile_error();
            tokens.extend(item);
            return tokens;
        }
    };
    match filled(attribute, &module, read) {
        Ok(tokens) => tokens,
        Err(Unfilled {
            problems,
            types,
            bytes,
        }) => emit::skeleton(&problems, &types, &module, bytes.as_ref()),
    }
}

/// Why a module could not be filled, and what is known of it nevertheless.
#[derive(Default)]
struct Unfilled {
    problems: Vec<Problem>,
    types: Vec<String>,
    bytes: Option<TokenStream>,
}

impl From<Problem> for Unfilled {
    fn from(problem: Problem) -> Self {
        Self {
            problems: vec![problem],
            ..Self::default()
        }
    }
}

fn filled(
    attribute: TokenStream,
    module: &Module,
    read: &dyn Fn(&SpecPath) -> Result<SpecFile, Unread>,
) -> Result<TokenStream, Unfilled> {
    let Attribute { path, options } = Attribute::parse(attribute).map_err(Problem::from)?;
    let span = path.span();
    let problem = |message| Problem { message, span };
    let place = SpecPath::of(&path.value()).map_err(problem)?;
    let file = read(&place).map_err(|why| problem(place.unread(&why)))?;
    let shown_path = file.shown_path.as_deref().unwrap_or(place.path());
    let bytes = place.bytes();
    let mut compiled = compile(place.path(), &file.text);
    compiled.diagnostics = compiled.diagnostics.with_path(shown_path);
    let Some(connector) = &compiled.connector else {
        return Err(Unfilled {
            problems: compiled
                .diagnostics
                .messages()
                .iter()
                .map(|message| problem(place_in_first_line(message)))
                .collect(),
            types: compiled.outline.types,
            bytes: Some(bytes),
        });
    };
    let mistakes = user_struct::check(connector, shown_path, &module.structs());
    if !mistakes.is_empty() {
        return Err(Unfilled {
            problems: mistakes.into_iter().map(Problem::from).collect(),
            types: compiled.outline.types,
            bytes: Some(bytes),
        });
    }
    let module = Module {
        options,
        ..module.clone()
    };
    let tokens = emit::module(connector, &module, Some(&bytes));
    let warnings = compiled.diagnostics.warnings();
    let warnings = warnings
        .iter()
        .map(|message| warning(&place_in_first_line(message), span));
    Ok(quote!(#(#warnings)* #tokens))
}

/// A message with its place in the spec at the end of its first line: many editors show no more of it.
fn place_in_first_line(message: &str) -> String {
    let place = message.split_once('\n').and_then(|(first, rest)| {
        let place = rest.lines().next()?.trim_start().strip_prefix("--> ")?;
        Some((first, place, rest))
    });
    match place {
        Some((first, place, rest)) => format!("{first} ({place})\n{rest}"),
        None => message.to_owned(),
    }
}

/// A warning, as far as stable Rust has any for macros. `deprecated` is the one lint that shows a text of
/// ours, and in the first line of its message: `#[must_use]` has it in a note, `unexpected_cfgs` with other
/// text around it. The lint begins with "use of deprecated" and what the item is and is called, so the
/// item is a macro that says what this is.
fn warning(message: &str, span: Span) -> TokenStream {
    let name = quote_spanned!(span=> rest_source_spec_warning);
    quote! {
        const _: () = {
            #[deprecated(note = #message)]
            macro_rules! #name {
                () => {};
            }
            #name!();
        };
    }
}

#[cfg(test)]
mod tests {
    use quote::{ToTokens, quote};

    use super::{SpecFile, expand};

    const SPEC: &str = "
name: shop
client: { base_url: https://api.example.com }
resources:
  - name: orders
    endpoint: { path: /orders, paginator: single_page }
    columns: { id: text!, total: bigint, paid_at: timestamp }
";

    /// What becomes of a module with these items, over this spec.
    fn expanded(spec: &str, items: impl ToTokens) -> String {
        let module = quote!(mod shop { #items });
        expand(quote!("specs/shop.yaml"), module, &|_| {
            Ok(spec.to_owned().into())
        })
        .to_string()
    }

    #[test]
    fn the_compiler_depends_on_the_file_and_on_no_folder_of_a_machine() {
        let tokens = expanded(SPEC, quote!());
        let bytes = quote!(::core::include_bytes!(::core::concat!(
            ::core::env!("CARGO_MANIFEST_DIR"),
            "/specs/shop.yaml"
        )));
        assert!(tokens.contains(&bytes.to_string()), "{tokens}");
    }

    #[test]
    fn what_the_user_wrote_stays() {
        let tokens = expanded(
            SPEC,
            quote!(
                fn mine() {}
            ),
        );
        assert!(tokens.contains("fn mine () { }"), "{tokens}");
        assert!(tokens.contains("pub struct Orders"), "{tokens}");
    }

    #[test]
    fn a_spec_with_mistakes_shows_each_and_makes_no_source() {
        let tokens = expanded(
            &SPEC
                .replace("bigint", "bigit")
                .replace("timestamp", "time!!"),
            quote!(),
        );
        assert_eq!(tokens.matches("compile_error").count(), 2, "{tokens}");
        assert!(tokens.contains("pub type Source = "), "{tokens}");
        assert!(tokens.contains("pub type Orders = "), "{tokens}");
    }

    #[test]
    fn a_message_shows_the_path_that_opens_and_has_it_in_its_first_line() {
        let file = |text: String| SpecFile {
            text,
            shown_path: Some("shop/specs/shop.yaml".to_owned()),
        };
        let expanded = |text: String, items| {
            let module = quote!(mod shop { #items });
            let tokens = expand(quote!("specs/shop.yaml"), module, &|_| {
                Ok(file(text.clone()))
            });
            tokens.to_string()
        };
        let mistaken = expanded(SPEC.replace("bigint", "bigit"), quote!());
        let first_line = "unknown type `bigit` [RS0601] (shop/specs/shop.yaml:7:34)\\n";
        assert!(mistaken.contains(first_line), "{mistaken}");
        let own = expanded(
            SPEC.to_owned(),
            quote!(
                struct Orders {
                    total: i64,
                }
            ),
        );
        assert!(
            own.contains("`total` is nullable (shop/specs/shop.yaml:7)"),
            "{own}"
        );
        // What is compiled in does not depend on where the compiler runs.
        let right = expanded(SPEC.to_owned(), quote!());
        assert!(!right.contains("shop/specs/shop.yaml"), "{right}");
        let warned = expanded(
            SPEC.replace("client:", "secrets: { key: {} }\nclient:"),
            quote!(),
        );
        assert!(
            warned.contains("] (shop/specs/shop.yaml:3:12)\\n"),
            "{warned}"
        );
    }

    #[test]
    fn a_warning_is_shown_and_the_source_made() {
        let spec = SPEC.replace("client:", "secrets: { key: {} }\nclient:");
        let tokens = expanded(&spec, quote!());
        assert!(tokens.contains("deprecated"), "{tokens}");
        assert!(tokens.contains("pub struct Orders"), "{tokens}");
    }

    #[test]
    fn a_struct_of_the_users_own_takes_the_place_of_ours() {
        let own = quote!(
            pub struct Orders {
                pub total: Option<i64>,
                pub id: MyId,
            }
        );
        let tokens = expanded(SPEC, own);
        assert_eq!(tokens.matches("struct Orders").count(), 1, "{tokens}");
        let takes = quote! {
            let id = __cells.take();
            let total = __cells.take();
            let __rs::Skip = __cells.take();
            Self { id, total }
        };
        assert!(tokens.contains(&takes.to_string()), "{tokens}");
    }

    #[test]
    fn a_struct_of_the_users_own_is_checked_field_by_field() {
        let cases = [
            (
                quote!(total: i64),
                "`total` is nullable (specs/shop.yaml:7): this field must be `Option<i64>`",
            ),
            (
                quote!(total: Option<u32>),
                "`total` is a bigint (specs/shop.yaml:7): this field must be `Option<i64>`",
            ),
            (
                quote!(id: Option<i64>),
                "`id` is text (specs/shop.yaml:7): this field must be `String`",
            ),
            (
                quote!(paid_at: Option<String>),
                "`paid_at` is a timestamp (specs/shop.yaml:7): this field must be `Option<rest_source::Timestamp>`",
            ),
            (
                quote!(paid: bool),
                "`paid` is not a column of `orders` (specs/shop.yaml:5)",
            ),
        ];
        for (field, message) in cases {
            let tokens = expanded(SPEC, quote!(struct Orders { #field }));
            assert!(tokens.contains(message), "no {message} in {tokens}");
        }
    }

    #[test]
    fn a_type_of_the_users_own_may_be_called_like_one_of_ours() {
        let cases = [
            (quote!(id: Timestamp), true),
            (quote!(id: rest_source::Timestamp), false),
            (quote!(paid_at: Timestamp), false),
            (quote!(paid_at: Option<Timestamp>), true),
            (quote!(total: &'static str), false),
        ];
        for (field, fits) in cases {
            let tokens = expanded(SPEC, quote!(struct Orders { #field }));
            assert_eq!(!tokens.contains("compile_error"), fits, "{field}: {tokens}");
        }
    }

    #[test]
    fn a_source_of_the_users_own_is_refused() {
        let tokens = expanded(
            SPEC,
            quote!(
                struct Source {}
            ),
        );
        assert!(
            tokens.contains("`Source` is made from the spec"),
            "{tokens}"
        );
        assert!(!tokens.contains("pub type Source"), "{tokens}");
    }

    #[test]
    fn a_field_may_hold_more_than_its_column() {
        let own = quote!(
            struct Orders {
                id: Option<String>,
                total: std::option::Option<i64>,
                paid_at: Paid,
            }
        );
        let tokens = expanded(SPEC, own);
        assert!(!tokens.contains("compile_error"), "{tokens}");
    }

    #[test]
    fn a_struct_within_a_list_has_every_field_where_a_step_changes_records() {
        let spec = |step: &str| {
            format!(
                "
name: shop
client: {{ base_url: https://api.example.com, paginator: single_page }}
resources:
  - name: orders
    processing_steps: [{{ {step}: super::step }}]
    columns:
      id: text!
      owner: {{ data_type: object, fields: {{ name: text, age: bigint }} }}
      lines: {{ data_type: array, items: {{ data_type: object, fields: {{ id: text, count: bigint }} }} }}
"
            )
        };
        let owns = || {
            quote!(
                struct OrdersOwner {
                    name: Option<String>,
                }
                struct OrdersLines {
                    id: Option<String>,
                }
            )
        };
        let tokens = expanded(&spec("map"), owns());
        let message = "it has no field for `count` (specs/shop.yaml:10), which would be lost where a \
                       step changes the record\\nhelp: add the field: `Option<i64>`";
        assert!(tokens.contains(message), "{tokens}");
        assert_eq!(tokens.matches("compile_error").count(), 1, "{tokens}");
        // What has one place stays there, and a filter changes nothing.
        let tokens = expanded(&spec("filter"), owns());
        assert!(!tokens.contains("compile_error"), "{tokens}");
    }
}
