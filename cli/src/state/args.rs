//! The arguments of `rest-source state`.

use std::path::PathBuf;

use clap::{Subcommand, ValueEnum};

use crate::{
    destination::{self, To},
    lock::LockOptions,
    variables::SecretSources,
};

/// Show or change the states of incremental resources in a destination, or in a file of `fetch --state`
///
/// Sends no request to an API. What changes a state locks the resource, as `load` does.
#[derive(Debug, Subcommand)]
pub(crate) enum StateCommand {
    Show(Show),
    Reset(Reset),
    Set(Set),
    Export(Export),
    Import(Import),
}

/// Where the states are.
#[derive(Debug, clap::Args)]
pub(crate) struct Place {
    /// The destination, as for `load`
    #[arg(long, value_name = "DESTINATION", value_parser = destination::argument)]
    pub(super) to: To,
    /// The schema of a Postgres database, instead of the first of its search path
    #[arg(long, value_name = "NAME")]
    pub(super) schema: Option<String>,
    #[command(flatten)]
    pub(super) secrets: SecretSources,
}

/// A destination, or the file of a fetch.
#[derive(Debug, clap::Args)]
pub(crate) struct PlaceOrFile {
    /// The destination, as for `load`
    #[arg(long, value_name = "DESTINATION", value_parser = destination::argument, required_unless_present = "file")]
    pub(super) to: Option<To>,
    /// The schema of a Postgres database, instead of the first of its search path
    #[arg(long, value_name = "NAME", requires = "to")]
    pub(super) schema: Option<String>,
    /// A file of `fetch --state`, instead of a destination
    #[arg(long, value_name = "FILE", conflicts_with = "to")]
    pub(super) file: Option<PathBuf>,
    #[command(flatten)]
    pub(super) secrets: SecretSources,
}

/// Which rows of a resource a state is of.
#[derive(Debug, clap::Args)]
pub(crate) struct Rows {
    /// The settings of the rows (`include_from_config`), as `state show` lists them: `tenant a`. Needed where a resource
    /// has states for several settings
    #[arg(long, value_name = "SETTINGS", conflicts_with = "file")]
    pub(super) settings: Option<String>,
    /// A partition of the state, as `state show --format json` lists it: `[7]`. Without it, all of them
    #[arg(long, value_name = "KEY")]
    pub(super) partition: Option<String>,
}

/// Show the stored states: cursors, and when they were stored
///
/// The tokens and links of APIs that serve as cursors are not shown.
#[derive(Debug, clap::Args)]
pub(crate) struct Show {
    #[command(flatten)]
    pub(super) place: PlaceOrFile,
    /// Only this source; `SOURCE/PREFIX` with a table prefix
    #[arg(long, value_name = "NAME", conflicts_with = "file")]
    pub(super) source: Option<String>,
    /// Only this resource. Repeatable
    #[arg(long, value_name = "NAME", conflicts_with = "file")]
    pub(super) resource: Vec<String>,
    /// Output format
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub(super) format: Format,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// Aligned columns
    Text,
    /// One JSON document, with the cursor of each partition
    Json,
}

/// Delete the state of a resource: the next load fetches everything again
///
/// Rows stay: merged rows are updated in place, appended ones are appended again. A file of `fetch --state` is deleted.
#[derive(Debug, clap::Args)]
pub(crate) struct Reset {
    /// The resource. Of a file it is not needed
    #[arg(required_unless_present = "file", conflicts_with = "file")]
    pub(super) resource: Option<String>,
    #[command(flatten)]
    pub(super) place: PlaceOrFile,
    /// The source of the resource, where several have one of its name; `SOURCE/PREFIX` with a table prefix
    #[arg(long, value_name = "NAME", conflicts_with = "file")]
    pub(super) source: Option<String>,
    #[command(flatten)]
    pub(super) rows: Rows,
    /// Do not ask. Needed without a terminal
    #[arg(long)]
    pub(super) yes: bool,
    #[command(flatten)]
    pub(super) lock: LockOptions,
}

/// Set the cursor of a stored state: the next load starts there
///
/// The value is checked against the type of the cursor in the spec. Records at the value are fetched again.
#[derive(Debug, clap::Args)]
pub(crate) struct Set {
    /// The spec, a YAML file
    pub(super) spec: PathBuf,
    /// The resource
    pub(super) resource: String,
    /// The value, as in `--since`: `2026-11-01` or `2026-11-01T09:30:00Z` for a time
    #[arg(allow_hyphen_values = true)]
    pub(super) value: String,
    #[command(flatten)]
    pub(super) place: PlaceOrFile,
    /// The prefix of the tables, as for `load`
    #[arg(long, value_name = "PREFIX", conflicts_with = "file")]
    pub(super) table_prefix: Option<String>,
    #[command(flatten)]
    pub(super) rows: Rows,
    #[command(flatten)]
    pub(super) lock: LockOptions,
}

/// Print all states of a destination as one JSON document, for `state import`
///
/// It holds the records at the cursors, and tokens and links of APIs that serve as cursors.
#[derive(Debug, clap::Args)]
pub(crate) struct Export {
    #[command(flatten)]
    pub(super) place: Place,
    /// Only this source; `SOURCE/PREFIX` with a table prefix
    #[arg(long, value_name = "NAME")]
    pub(super) source: Option<String>,
    /// Only this resource. Repeatable
    #[arg(long, value_name = "NAME")]
    pub(super) resource: Vec<String>,
    /// The file to write, instead of stdout
    #[arg(long, value_name = "FILE")]
    pub(super) output: Option<PathBuf>,
}

/// Store the states of a document of `state export`, in place of those in the destination
///
/// A state belongs to rows: restore them first. The load drops the state of a table that does not exist.
#[derive(Debug, clap::Args)]
pub(crate) struct Import {
    /// The document, or `-` for stdin
    #[arg(value_name = "FILE")]
    pub(super) document: PathBuf,
    #[command(flatten)]
    pub(super) place: Place,
    /// Do not ask. Needed without a terminal
    #[arg(long)]
    pub(super) yes: bool,
    #[command(flatten)]
    pub(super) lock: LockOptions,
}
