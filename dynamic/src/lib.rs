//! Specs that are known only at run time: text in, [`Client`] out.
//!
//! Nothing is compiled, and records are rows without a struct. The plan is equal to the one that generated code
//! holds, and the same engine runs it.
//!
//! ```no_run
//! # async fn fetch() -> Result<(), Box<dyn std::error::Error>> {
//! let path = "specs/media_insights.yaml";
//! let text = std::fs::read_to_string(path)?;
//! let client = rest_source_dynamic::client(path, &text)?.build()?;
//! for resource in &client.plan().resources {
//!     let mut pages = client.rows(resource).pages();
//!     while let Some(page) = pages.next().await {
//!         println!("{}: {} records", resource.name, page?.rows().len());
//!     }
//! }
//! # Ok(())
//! # }
//! ```
//!
//! Whoever needs the plan alone, to serialise it or to look into it, takes [`plan`].

use std::fmt;

use rest_source::{Builder, Client, plan::SourcePlan, shared::Ref};
use rest_source_codegen::compile;
pub use rest_source_codegen::diagnostic::Diagnostics;

/// A client of the spec with this text. Secrets and settings come from the environment, unless the builder
/// is given them.
///
/// The path is for messages, and names a source whose spec has no `name`.
///
/// # Errors
///
/// When the spec has mistakes, or names Rust code.
pub fn client(path: &str, text: &str) -> Result<Builder<Client>, SpecError> {
    plan(path, text).map(Client::builder)
}

/// The plan of the spec with this text.
///
/// ```
/// let text = "
/// client: { base_url: https://api.example.com, paginator: single_page }
/// resources:
///   - name: stories
///     columns: { id: text! }
/// ";
/// let plan = rest_source_dynamic::plan("specs/media.yaml", text)?;
/// assert_eq!(plan.name, "media");
/// assert_eq!(plan.resources[0].table.columns[0].name, "id");
///
/// let wrong = rest_source_dynamic::plan("specs/media.yaml", &text.replace("id:", "id;"));
/// assert!(wrong.unwrap_err().to_string().contains("specs/media.yaml:5:"));
/// # Ok::<(), rest_source_dynamic::SpecError>(())
/// ```
///
/// # Errors
///
/// When the spec has mistakes, or names Rust code.
pub fn plan(path: &str, text: &str) -> Result<Ref<SourcePlan>, SpecError> {
    let compiled = compile(path, text);
    let Some(connector) = compiled.connector else {
        return Err(SpecError::Invalid(compiled.diagnostics.into()));
    };
    needs_no_rust(&connector.plan).map_err(SpecError::NeedsRust)?;
    Ok(connector.plan)
}

/// Checks that a plan names no Rust code: credentials, paginators, processing steps, and functions of responses and
/// partitions.
///
/// # Errors
///
/// When it names some.
pub fn needs_no_rust(plan: &SourcePlan) -> Result<(), NeedsRust> {
    let auths = plan.custom_auths().into_iter();
    let hooks = plan.resources.iter().flat_map(|resource| resource.hooks());
    let mut paths = auths.chain(plan.custom_paginators()).chain(hooks);
    paths.next().map_or(Ok(()), |path| {
        Err(NeedsRust {
            path: path.to_owned(),
        })
    })
}

/// Why a spec cannot be run.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum SpecError {
    /// It has mistakes.
    Invalid(Box<Diagnostics>),
    /// It names Rust code.
    NeedsRust(NeedsRust),
}

impl fmt::Display for SpecError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Invalid(diagnostics) => f.write_str(diagnostics.render().trim_end()),
            Self::NeedsRust(needs) => needs.fmt(f),
        }
    }
}

impl std::error::Error for SpecError {}

/// A spec names Rust code, which only a compiled connector has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NeedsRust {
    /// The path of the code, as the spec says it.
    pub path: String,
}

impl fmt::Display for NeedsRust {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "it calls `{}`, Rust code that only a compiled connector can call\n  \
             help: run it from a crate, by `#[rest_source]`",
            self.path
        )
    }
}

impl std::error::Error for NeedsRust {}
