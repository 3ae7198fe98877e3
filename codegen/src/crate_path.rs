//! The path to the crate `rest-source` in a user's crate.

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, quote};
use syn::Ident;

/// The path to the crate `rest-source` in a user's crate: `::rest_source`, unless the dependency is renamed
/// or the crate comes through another that exports it.
#[derive(Clone, Debug)]
pub struct CratePath(TokenStream);

impl Default for CratePath {
    fn default() -> Self {
        Self(quote!(::rest_source))
    }
}

impl CratePath {
    /// The path of a dependency, `api`, of an export of another crate, `facade::rest_source`, or of one
    /// of the user's own, `crate::api`.
    ///
    /// # Errors
    ///
    /// A sentence on a text that is not such a path.
    pub fn parse(path: &str) -> Result<Self, String> {
        let names = path.strip_prefix("::").unwrap_or(path);
        let first = names.split("::").next().unwrap_or_default();
        let is_local = matches!(first, "crate" | "self" | "super") && names == path;
        let identifier = |(at, name): (usize, &str)| {
            if name == "crate" && at == 0 && is_local
                || matches!(name, "self" | "super") && is_local
            {
                return Some(Ident::new(name, Span::call_site()));
            }
            syn::parse_str::<Ident>(name).ok()
        };
        let names: Option<Vec<Ident>> = names.split("::").enumerate().map(identifier).collect();
        let names = names.ok_or_else(|| {
            format!(
                "`{path}` is not the path of a crate\n\
                 help: write the name of the dependency, as `api`, or a path, as `crate::api`"
            )
        })?;
        Ok(Self(if is_local {
            quote!(#(#names)::*)
        } else {
            quote!(#(::#names)*)
        }))
    }
}

impl ToTokens for CratePath {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        self.0.to_tokens(tokens);
    }
}

#[cfg(test)]
mod tests {
    use super::CratePath;
    use quote::{ToTokens, quote};

    #[test]
    fn a_crate_is_named_by_its_dependency_or_by_a_path() {
        for (path, expected) in [
            ("api", quote!(::api)),
            ("::api", quote!(::api)),
            ("facade::rest_source", quote!(::facade::rest_source)),
            ("crate::api", quote!(crate::api)),
            ("super::super::api", quote!(super::super::api)),
        ] {
            let parsed = CratePath::parse(path).unwrap();
            assert_eq!(
                parsed.to_token_stream().to_string(),
                expected.to_string(),
                "{path}"
            );
        }
    }

    #[test]
    fn what_is_not_a_path_is_refused() {
        for path in [
            "",
            "rest-source",
            "a b",
            "a::",
            "::",
            "a.b",
            "a::crate",
            "1a",
            "mod",
            "::crate",
        ] {
            let message = CratePath::parse(path).unwrap_err();
            assert!(message.contains("help: "), "{path}: {message}");
        }
    }
}
