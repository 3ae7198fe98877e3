//! The attribute `#[rest_source("…")]`, but for reading the file: that is the macro's part.

use proc_macro2::{Span, TokenStream};
use quote::{quote, quote_spanned};

use crate::{
    compile,
    emit::{self, Problem},
    module::{self, Module},
    own,
};

/// Where a spec is, as its path says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// `specs/x.yaml`: from the folder of the crate's manifest.
    Manifest(String),
    /// `./x.yaml`, `../x.yaml`: from the folder of the source file.
    SourceFile(String),
}

/// Why a spec could not be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unread {
    /// There is no such file. The specs of its folder, by their names.
    Missing { siblings: Vec<String> },
    /// It is no UTF-8.
    NotText,
    /// The compiler does not say where the source file is.
    NoSourceFile,
    /// What the system says.
    Other(String),
}

impl Place {
    /// What a path means.
    ///
    /// # Errors
    ///
    /// A sentence on a path that would mean something else on another machine.
    pub fn of(path: &str) -> Result<Self, String> {
        let drive = path.as_bytes().get(1) == Some(&b':');
        if path.starts_with(['/', '\\']) || drive {
            return Err(format!(
                "`{path}` is an absolute path, which would hold on this machine alone\n\
                 help: write it relative to the folder of `Cargo.toml`, as `specs/name.yaml`, \
                 or to this source file, as `./name.yaml`"
            ));
        }
        if path.contains('\\') {
            return Err(format!(
                "`{path}` has a `\\`, which parts folders on one system alone\n\
                 help: write `{}`",
                path.replace('\\', "/")
            ));
        }
        Ok(if path.starts_with("./") || path.starts_with("../") {
            Self::SourceFile(path.to_owned())
        } else {
            Self::Manifest(path.to_owned())
        })
    }

    /// The path as it was written.
    pub fn path(&self) -> &str {
        match self {
            Self::Manifest(path) | Self::SourceFile(path) => path,
        }
    }

    /// An expression that makes the compiler depend on the file. It names no machine's folder.
    fn bytes(&self) -> TokenStream {
        match self {
            Self::Manifest(path) => {
                let path = format!("/{path}");
                quote!(::core::include_bytes!(::core::concat!(
                    ::core::env!("CARGO_MANIFEST_DIR"),
                    #path
                )))
            }
            Self::SourceFile(path) => quote!(::core::include_bytes!(#path)),
        }
    }

    /// The message on why the file at this place could not be read.
    fn unread(&self, why: &Unread) -> String {
        let path = self.path();
        let from = match self {
            Self::Manifest(_) => "the folder of the crate's `Cargo.toml`",
            Self::SourceFile(_) => "the folder of this source file",
        };
        match why {
            Unread::Missing { siblings } => {
                let there = match siblings.as_slice() {
                    [] => "there is no spec in that folder".to_owned(),
                    names => format!("the specs in that folder: `{}`", names.join("`, `")),
                };
                let help = match self {
                    Self::Manifest(_) => "a path that begins with `./` starts at this source file",
                    Self::SourceFile(_) => {
                        "a path without `./` starts at the folder of the crate's `Cargo.toml`"
                    }
                };
                format!("no spec at `{path}`, seen from {from}\nnote: {there}\nhelp: {help}")
            }
            Unread::NotText => format!("`{path}` is not UTF-8\nhelp: save it as UTF-8 text"),
            Unread::NoSourceFile => format!(
                "`{path}` starts at this source file, of which the compiler does not say where it is\n\
                 help: write it relative to the folder of `Cargo.toml`"
            ),
            Unread::Other(error) => format!("cannot read `{path}` in {from}: {error}"),
        }
    }
}

/// What `#[rest_source(…)]` makes of the module that it stands on. `read` reads the spec.
pub fn expand(
    attribute: TokenStream,
    item: TokenStream,
    read: impl FnOnce(&Place) -> Result<String, Unread>,
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
    read: impl FnOnce(&Place) -> Result<String, Unread>,
) -> Result<TokenStream, Unfilled> {
    let path = module::path(attribute).map_err(Problem::from)?;
    let span = path.span();
    let problem = |message| Problem { message, span };
    let place = Place::of(&path.value()).map_err(problem)?;
    let text = read(&place).map_err(|why| problem(place.unread(&why)))?;
    let bytes = place.bytes();
    let compiled = compile(place.path(), &text);
    let Some(connector) = &compiled.connector else {
        return Err(Unfilled {
            problems: compiled
                .diagnostics
                .messages()
                .into_iter()
                .map(problem)
                .collect(),
            types: compiled.outline.types,
            bytes: Some(bytes),
        });
    };
    let mistakes = own::check(connector, &module.structs());
    if !mistakes.is_empty() {
        return Err(Unfilled {
            problems: mistakes.into_iter().map(Problem::from).collect(),
            types: compiled.outline.types,
            bytes: Some(bytes),
        });
    }
    let tokens = emit::module(connector, module, Some(&bytes));
    let warnings = compiled.diagnostics.warnings();
    let warnings = warnings.iter().map(|message| warning(message, span));
    Ok(quote!(#(#warnings)* #tokens))
}

/// A warning, as far as stable Rust has any for macros: the use of something deprecated.
fn warning(message: &str, span: Span) -> TokenStream {
    let name = quote_spanned!(span=> SPEC);
    quote! {
        const _: () = {
            #[deprecated(note = #message)]
            const #name: () = ();
            #name
        };
    }
}
