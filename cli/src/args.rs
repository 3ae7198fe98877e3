//! The command line's arguments.

use std::path::PathBuf;

use clap::{Parser, Subcommand, ValueEnum};

#[cfg(feature = "sql")]
use crate::sql::Sql;
use crate::{
    budget::Budget,
    destination::{self, To},
    doctor::Doctor,
    lock::LockOptions,
    logs::LogOptions,
    man::Man,
    project::ProjectArgs,
    rejects::RejectsCommand,
    report::ReportOptions,
    runs_page::RunsPage,
    secrets::Secrets,
    source_load::LoadOptions,
    state::StateCommand,
    status::Status,
    variables::SecretSources,
    verify::Verify,
    work::WorkCommand,
};
#[cfg(feature = "mock")]
use crate::{demo::Demo, replay::Test};

/// Check connector specs, generate Rust from them, and run them without a compiler.
#[derive(Debug, Parser)]
#[command(name = "rest-source", version, max_term_width = 100, after_help = EXIT_CODES)]
pub(crate) struct Args {
    #[command(subcommand)]
    pub(crate) command: Command,
}

const EXIT_CODES: &str = "\
Exit codes:
  0    done
  1    a spec is invalid, a generated file is out of date, or a test fails
  2    an argument, a file, a setting or a secret is invalid; no request was sent
  3    the API, the destination or the writing of a file failed; the error names what is missing
  4    records are missing or differ, the budget is used up, or `status` found a late load
  5    another process loads the same resource into the destination; no request was sent
  129  interrupted by SIGHUP: the terminal was closed
  130  interrupted by SIGINT: Ctrl-C
  143  interrupted by SIGTERM";

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Check(Check),
    Explain(Explain),
    Generate(Generate),
    Fetch(Fetch),
    Load(Load),
    Run(ProjectArgs),
    #[cfg(feature = "sql")]
    Sql(Sql),
    Secrets(Secrets),
    Verify(Verify),
    Doctor(Doctor),
    Status(Status),
    #[command(subcommand)]
    State(StateCommand),
    #[command(subcommand)]
    Rejects(RejectsCommand),
    #[command(subcommand)]
    Work(WorkCommand),
    Report(RunsPage),
    Docs(Docs),
    Ddl(Ddl),
    Diff(Diff),
    #[command(subcommand)]
    Import(Import),
    Infer(Infer),
    New(crate::new::New),
    #[cfg(feature = "mock")]
    Demo(Demo),
    #[cfg(feature = "mock")]
    Mock(Mock),
    #[cfg(feature = "mock")]
    Test(Test),
    Schema(Schema),
    /// Serve an editor: diagnostics, completion, hover, rename and more for specs
    ///
    /// Speaks the Language Server Protocol on stdin and stdout. An editor starts it; the guide `editors.md` has the
    /// configuration for VS Code, Neovim and Helix.
    #[cfg(feature = "lsp")]
    Lsp,
    Completions(Completions),
    Man(Man),
}

/// Check specs, and show all errors and warnings
///
/// Sends no request and needs no secret. Prints diagnostics in rustc's format on stderr, or as JSON on stdout.
/// Exits with 1 if an error remains, with 2 if a file cannot be read; warnings do not count.
#[derive(Debug, clap::Args)]
pub(crate) struct Check {
    /// Specs to check: files, `-` for stdin, or folders, whose `.yaml` and `.yml` files are checked recursively
    #[arg(required = true, value_name = "SPEC")]
    pub(crate) specs: Vec<PathBuf>,
    /// Apply unambiguous fixes to the specs: misspelt keys and words, names that other tools use, missing or
    /// surplus quotes. Prints each change, and changes nothing else in the file
    #[arg(long)]
    pub(crate) fix: bool,
    /// Format of the diagnostics
    #[arg(long, value_enum, default_value_t = Report::Text)]
    pub(crate) format: Report,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Report {
    /// Readable text with the lines of the spec
    Text,
    /// One JSON object per line, as from `rustc --error-format json`, for editors
    Json,
}

/// Explain a diagnostic code, with an invalid and a valid example
///
/// The code ends the first line of each diagnostic. Without a code, all codes are listed.
#[derive(Debug, clap::Args)]
pub(crate) struct Explain {
    /// The code, such as RS0102
    pub(crate) code: Option<String>,
}

/// Generate a Rust file from each spec, named after the source
///
/// Each file contains the module that `#[rest_source]` generates from the spec. Writes nothing unless all specs are
/// valid, and does not rewrite files that are up to date.
#[derive(Debug, clap::Args)]
pub(crate) struct Generate {
    /// Specs to generate from, relative to the current folder
    #[arg(required = true, value_name = "SPEC")]
    pub(crate) specs: Vec<String>,
    /// Folder to write to; created if missing
    #[arg(long, value_name = "DIR")]
    pub(crate) out: PathBuf,
    /// Write nothing, and fail if a file is missing or out of date
    #[arg(long)]
    pub(crate) check: bool,
    /// Folder with your own template `connector.rs` for the layout of the files
    #[arg(long, value_name = "DIR")]
    pub(crate) templates: Option<PathBuf>,
}

/// Make a spec from another tool's document
///
/// Reads the document only: nothing in it is executed, and no request is sent. The spec passes `check`. What could not
/// be carried over, and what the document does not decide, is listed on stderr and stands as comments in the spec.
#[derive(Debug, Subcommand)]
pub(crate) enum Import {
    Airbyte(ImportAirbyte),
    Openapi(ImportOpenapi),
    Dlt(ImportDlt),
    Curl(ImportCurl),
}

/// The streams of an Airbyte low-code manifest
///
/// Each stream becomes a resource with its request, selector, columns, key, paging, cursor and partitions; settings and
/// secrets keep their names. What a spec cannot say is listed with its line in the manifest. Components in Python become
/// the names of Rust functions, where the spec has a place for one.
#[derive(Debug, clap::Args)]
pub(crate) struct ImportAirbyte {
    /// The manifest, `-` for stdin, or the folder of the connector, which holds `manifest.yaml` and `schemas`
    #[arg(value_name = "FILE|DIR")]
    pub(crate) manifest: PathBuf,
    #[command(flatten)]
    pub(crate) output: Output,
}

/// The lists of an API from its `OpenAPI` document: 2.0, 3.0 or 3.1, as JSON or YAML
///
/// Each operation that returns a list becomes a resource with its selector, columns, key, parent and paging. What
/// responses and parameters do not show is not guessed in silence: it is listed as not certain.
#[derive(Debug, clap::Args)]
pub(crate) struct ImportOpenapi {
    /// The document, or `-` for stdin
    #[arg(value_name = "FILE")]
    pub(crate) document: PathBuf,
    /// Only operations whose path or `operationId` contains this, or matches it with `*` for any characters; also those
    /// that are deprecated or return one record. Repeatable
    #[arg(long, value_name = "PATTERN")]
    pub(crate) include: Vec<String>,
    /// Only operations with this tag. Repeatable
    #[arg(long, value_name = "TAG")]
    pub(crate) tag: Vec<String>,
    #[command(flatten)]
    pub(crate) output: Output,
}

/// Where an import writes its spec.
#[derive(Debug, clap::Args)]
pub(crate) struct Output {
    /// File to write the spec to; `SPEC.imported` keeps the import. Where both exist, the changes since the earlier
    /// import are merged into the spec. Without it, the spec is printed
    #[arg(long, value_name = "SPEC")]
    pub(crate) output: Option<PathBuf>,
}

/// The number of pages that a resource is inferred from.
const INFERRED_PAGES: u64 = 3;

/// Infer a resource from pages of its API
///
/// Fetches some pages, or reads saved ones. Proposes selector, paginator, primary key, cursor and columns with types,
/// formats and nullability. The comments of the proposal say what was seen, such as "null in 3 of 500", and what is not
/// certain. For a URL it prints a new spec; for a spec, a diff of it: only what the resource lacks, and columns that are
/// undeclared or too narrow. Columns that were never seen, or were always null, are listed on stderr.
#[derive(Debug, clap::Args)]
pub(crate) struct Infer {
    /// The spec, a YAML file, or the URL of a list
    #[arg(value_name = "SPEC|URL")]
    pub(crate) target: String,
    /// The name of the resource; it may be left out where the spec has one, and for a URL, whose last part names it
    pub(crate) resource: Option<String>,
    /// Pages to read: folders and `.exchange.json` files of `fetch --save`, and files with the body of a page, in the
    /// order of the pages. No request is sent
    #[arg(long, value_name = "FILE", num_args = 1.., conflicts_with_all = ["config", "token_file", "base_url", "proxy", "client_certificate", "ca_file", "user_agent", "env_file", "secrets_command", "keyring", "verbose"])]
    pub(crate) from: Vec<PathBuf>,
    /// The number of pages to fetch. Where the paginator is not known, some more requests show it
    #[arg(long, value_name = "PAGES", default_value_t = INFERRED_PAGES, value_parser = clap::value_parser!(u64).range(1..=1000))]
    pub(crate) pages: u64,
    /// The credentials of a URL: `bearer`, `header:NAME` or `query:NAME`. The secret is read from the environment: for
    /// `https://api.example.com` from `EXAMPLE_TOKEN`, or `EXAMPLE_API_KEY` of a header or parameter
    #[arg(long, value_name = "KIND", value_parser = credentials)]
    pub(crate) auth: Option<Credentials>,
    #[command(flatten)]
    pub(crate) access: SourceAccess,
    #[command(flatten)]
    pub(crate) logs: LogOptions,
    /// Apply the proposal: edit the spec, or for a URL write a new one, named after its host
    #[arg(long)]
    pub(crate) write: bool,
}

impl Infer {
    /// Infers from the URL of a list.
    pub(crate) fn of_url(url: &str, auth: Option<Credentials>) -> Self {
        Self {
            target: url.to_owned(),
            resource: None,
            from: Vec::new(),
            pages: INFERRED_PAGES,
            auth,
            access: SourceAccess::default(),
            logs: LogOptions::default(),
            write: false,
        }
    }
}

/// How a source is reached: its settings, its secrets and the connection.
#[derive(Clone, Debug, Default, clap::Args)]
pub(crate) struct SourceAccess {
    /// A setting of the spec; overrides the environment. Repeatable
    #[arg(long, value_name = "NAME=VALUE", value_parser = setting)]
    pub(crate) config: Vec<(String, String)>,
    /// File that stores a rotating OAuth 2 refresh token (`oauth2_refresh_token`): read if it exists, instead of the
    /// environment; a new token is written before it is used, readable only by the owner
    #[arg(long, value_name = "FILE")]
    pub(crate) token_file: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) secrets: SecretSources,
    #[command(flatten)]
    pub(crate) connection: Connection,
}

/// Where the credentials of a URL are sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Credentials {
    Bearer,
    Header(String),
    Query(String),
}

/// A resource from a command line of `curl`, as API documentation prints it
///
/// The command is neither executed nor sent. Its credentials become secrets of the spec: their values are not in it.
/// Variables of the shell and placeholders in the URL become settings.
#[derive(Debug, clap::Args)]
pub(crate) struct ImportCurl {
    /// The command in quotes, or `-` to read it from stdin, where quotes in it do no harm
    #[arg(value_name = "COMMAND")]
    pub(crate) command: String,
    #[command(flatten)]
    pub(crate) output: Output,
}

/// The resources of a configuration of dltHub's `rest_api` source
///
/// Takes Python (`.py`), JSON, YAML, or a Markdown document with one of them in a code block. Python is read as literals
/// and never executed. Secrets become secrets of the spec; a credential in plain text is left out.
#[derive(Debug, clap::Args)]
pub(crate) struct ImportDlt {
    /// The file, or `-` for stdin
    #[arg(value_name = "FILE")]
    pub(crate) document: PathBuf,
    #[command(flatten)]
    pub(crate) output: Output,
}

/// Fetch a resource, and print its records
///
/// Prints records on stdout and the report on stderr. With `--raw`, prints the exchanges of the first page instead,
/// without secrets: request, response, what the selector found, and what the paginator decided. Reads each secret from
/// an environment variable named after the spec and the secret, such as `MEDIA_API_KEY`, or from a file or a command;
/// missing ones are an error before any request is sent. `rest-source secrets SPEC` lists them.
#[derive(Debug, Default, clap::Args)]
pub(crate) struct Fetch {
    /// The spec, a YAML file
    pub(crate) spec: PathBuf,
    /// The name of the resource; without it, the spec's resources are listed
    pub(crate) resource: Option<String>,
    /// The maximum number of records; pages beyond it are not requested
    #[arg(long, value_name = "RECORDS")]
    pub(crate) limit: Option<u64>,
    #[command(flatten)]
    pub(crate) budget: Budget,
    /// A query parameter of the resource, added to the spec's or overriding it. Repeatable, also with the same
    /// name. Parameters of the paginator, the auth and `incremental` cannot be set
    #[arg(long, value_name = "NAME=VALUE", value_parser = setting)]
    pub(crate) param: Vec<(String, String)>,
    /// File with the state of an `incremental` resource: read if it exists, written when all records are printed
    #[arg(long, value_name = "FILE")]
    pub(crate) state: Option<PathBuf>,
    /// Fetch an `incremental` resource from this cursor value on, instead of after the state or the spec's
    /// `initial_value`. The state never moves back, nor over records that were not fetched
    #[arg(long, value_name = "VALUE")]
    pub(crate) since: Option<String>,
    /// Fetch records before this cursor value, instead of the spec's `end_value`
    #[arg(long, value_name = "VALUE")]
    pub(crate) until: Option<String>,
    /// Accept a state of another request: another setting, parameter, path or base URL
    #[arg(long, requires = "state")]
    pub(crate) keep_state: bool,
    #[command(flatten)]
    pub(crate) access: SourceAccess,
    #[command(flatten)]
    pub(crate) logs: LogOptions,
    #[command(flatten)]
    pub(crate) reports: ReportOptions,
    /// Print the HTTP exchanges of the first page instead of records, without secrets: requests, responses, what the
    /// selector found and what the paginator decided
    #[arg(long, conflicts_with_all = ["state", "format", "names", "limit"])]
    pub(crate) raw: bool,
    /// The maximum number of pages; 1 with `--raw`. Further ones are not requested
    #[arg(long, value_name = "PAGES", conflicts_with = "state", value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) pages: Option<u64>,
    /// Keep the responses as files in this folder, without secrets: each body as it was received, and a file
    /// `.exchange.json` with its request, status and headers. `test` replays them
    #[arg(long, value_name = "DIR")]
    pub(crate) save: Option<PathBuf>,
    /// Output format of the records
    #[arg(long, value_enum, default_value_t = Format::Table)]
    pub(crate) format: Format,
    /// Printed names of the columns
    #[arg(long, value_enum, default_value_t = Names::Columns)]
    pub(crate) names: Names,
}

/// Serve an API on this machine that behaves as a spec says
///
/// Pages, filters, asks for credentials and issues tokens as the spec says, with sample records made from the columns,
/// or with the records of saved pages. Prints the base URL, the secrets that it expects (dummies), and each request, on
/// stderr. Ends when it is interrupted.
#[cfg(feature = "mock")]
#[derive(Debug, clap::Args)]
pub(crate) struct Mock {
    /// The spec, a YAML file
    pub(crate) spec: PathBuf,
    /// The port to listen at, on 127.0.0.1; 0 is any free one
    #[arg(long, value_name = "PORT", default_value_t = 0)]
    pub(crate) port: u16,
    /// The number of sample records of each resource
    #[arg(
        long,
        value_name = "RECORDS",
        default_value_t = 100,
        conflicts_with = "from"
    )]
    pub(crate) records: u64,
    /// Serve the records of pages that `fetch --save` kept in this folder, instead of samples
    #[arg(long, value_name = "DIR")]
    pub(crate) from: Option<PathBuf>,
    /// The maximum number of records of a page, whatever is asked for
    #[arg(long, value_name = "RECORDS", value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) page_size: Option<u64>,
    /// A failure: a status such as 503, `reset` or `timeout`, then where and how often, as in
    /// `429,retry_after=7,resource=stories,after=2,times=3`. `resource=token` is the token requests. Repeatable; several
    /// happen one after another
    #[arg(long, value_name = "FAULT", value_parser = crate::mock::fault)]
    pub(crate) fault: Vec<rest_source_mock::Fault>,
    /// A setting of the spec, instead of its default or a dummy. Repeatable
    #[arg(long, value_name = "NAME=VALUE", value_parser = setting)]
    pub(crate) config: Vec<(String, String)>,
}

/// How a command that sends requests connects.
#[derive(Clone, Debug, Default, clap::Args)]
pub(crate) struct Connection {
    /// Another base URL than the spec's, such as that of a test server. Credentials are sent to its origin
    #[arg(long, value_name = "URL")]
    pub(crate) base_url: Option<String>,
    /// The proxy, an http or https URL, instead of that of `HTTPS_PROXY`; or `env:NAME`, a variable with one, which keeps
    /// a password out of the command line
    #[arg(long, value_name = "URL")]
    pub(crate) proxy: Option<String>,
    /// PEM file with a client certificate and its private key, for APIs that ask for one (mutual TLS); also
    /// `REST_SOURCE_CLIENT_CERTIFICATE`
    #[arg(long, value_name = "FILE")]
    pub(crate) client_certificate: Option<PathBuf>,
    /// PEM file with the certificate authorities to trust, instead of the platform's; also `REST_SOURCE_CA_FILE`
    #[arg(long, value_name = "FILE")]
    pub(crate) ca_file: Option<PathBuf>,
    /// The header `User-Agent` of requests, instead of `rest-source/VERSION`; also `REST_SOURCE_USER_AGENT`
    #[arg(long, value_name = "TEXT")]
    pub(crate) user_agent: Option<String>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Names {
    /// The columns' names, as in Rust and SQL
    #[default]
    Columns,
    /// The response's keys
    Response,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// Aligned columns, sized by the first page; long values are truncated
    #[default]
    Table,
    /// One JSON object per line; decimals as text, binary as base64
    Jsonl,
    /// RFC 4180 with a header; null is an empty field, an empty text is ""
    Csv,
}

/// Load a source into a database
///
/// Fetches every selected resource and writes it by its `write_disposition`. The database stores the state of
/// incremental resources, and the next load resumes from it, also after an interrupted load. Reads secrets from
/// the environment, as `fetch` does.
#[derive(Debug, clap::Args)]
pub(crate) struct Load {
    /// The spec, a YAML file. Several are loaded at the same time, and a failure of one leaves the others
    #[arg(required = true, value_name = "SPEC")]
    pub(crate) specs: Vec<PathBuf>,
    /// The destination: `sqlite:FILE`, created if missing; `postgres://USER@HOST/DATABASE`; `duckdb:FILE`;
    /// `jsonl:FOLDER`, `csv:FOLDER` or `parquet:FOLDER`; or `env:NAME`, a variable with one of these, which keeps a
    /// password out of the command line. `PGPASSWORD` is used where the URL has none
    #[arg(long, value_name = "DESTINATION", value_parser = destination::argument)]
    pub(crate) to: To,
    /// The schema of a Postgres database, instead of the first of its search path
    #[arg(long, value_name = "NAME")]
    pub(crate) schema: Option<String>,
    #[command(flatten)]
    pub(crate) options: LoadOptions,
    #[command(flatten)]
    pub(crate) lock: LockOptions,
    #[command(flatten)]
    pub(crate) budget: Budget,
    #[command(flatten)]
    pub(crate) access: SourceAccess,
    #[command(flatten)]
    pub(crate) logs: LogOptions,
    #[command(flatten)]
    pub(crate) reports: ReportOptions,
}

/// Print a page about a connector, in Markdown or HTML
///
/// Lists secrets, settings, resources and columns, with a graph of parents and children.
#[derive(Debug, clap::Args)]
pub(crate) struct Docs {
    /// The spec
    pub(crate) spec: PathBuf,
    /// Print a self-contained HTML page instead of Markdown with a Mermaid graph
    #[arg(long)]
    pub(crate) html: bool,
    /// Folder with your own template `reference.md` or `reference.html`
    #[arg(long, value_name = "DIR")]
    pub(crate) templates: Option<PathBuf>,
}

/// Print the SQL definitions of a connector's tables
#[derive(Debug, clap::Args)]
pub(crate) struct Ddl {
    /// The spec
    pub(crate) spec: PathBuf,
    /// The target database
    #[arg(long, value_enum, default_value_t = Dialect::Sqlite)]
    pub(crate) dialect: Dialect,
    /// Folder with your own templates `sqlite.sql` or `postgres.sql`
    #[arg(long, value_name = "DIR")]
    pub(crate) templates: Option<PathBuf>,
}

/// Compare two versions of a spec: what changes for generated code, settings, tables and state
///
/// Lists each change as compatible or breaking, with what the next load does about it, and the version that semantic
/// versioning asks for. Code is compared by the public items of the generated Rust.
#[derive(Debug, clap::Args)]
pub(crate) struct Diff {
    /// The spec as it was
    pub(crate) old: PathBuf,
    /// The spec as it is
    pub(crate) new: PathBuf,
    /// Exit with 1 if a change is breaking
    #[arg(long)]
    pub(crate) deny_breaking: bool,
    /// Format of the changes
    #[arg(long, value_enum, default_value_t = Changes::Text)]
    pub(crate) format: Changes,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Changes {
    /// Readable text
    Text,
    /// One JSON object per line: `area`, `effect` and `text`
    Json,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Dialect {
    /// SQLite: the tables that `load` creates
    Sqlite,
    /// PostgreSQL
    Postgres,
}

/// Print the JSON Schema of specs, for editors, or of reports
///
/// Editors with YAML support use that of specs to complete and check them. Most read its path from a comment at the top
/// of the spec: `# yaml-language-server: $schema=rest-source.schema.json`.
#[derive(Debug, clap::Args)]
pub(crate) struct Schema {
    /// What the schema is of
    #[arg(value_enum, default_value_t = SchemaOf::Spec)]
    pub(crate) of: SchemaOf,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum SchemaOf {
    /// Specs
    Spec,
    /// What `fetch` and `load` write by `--report`
    Report,
}

/// Print a completion script for a shell
///
/// For bash, add to `~/.bashrc`: `source <(rest-source completions bash)`. Other shells read such scripts from a
/// folder of their own.
#[derive(Debug, clap::Args)]
pub(crate) struct Completions {
    /// The shell
    #[arg(value_enum)]
    pub(crate) shell: clap_complete::Shell,
    /// The words between the name of the command and the cursor: print the names of resources that may follow them. The
    /// scripts ask it
    #[arg(last = true, value_name = "WORD", hide = true)]
    pub(crate) words: Vec<String>,
}

pub(crate) fn credentials(text: &str) -> Result<Credentials, String> {
    match text.split_once(':') {
        Some(("header", name)) if is_header_name(name) => Ok(Credentials::Header(name.to_owned())),
        Some(("header", name)) if !name.is_empty() => Err(
            "the name of a header has letters, digits and signs such as `-`, but no space: `header:X-Api-Key`"
                .to_owned(),
        ),
        Some(("query", name)) if !name.is_empty() => Ok(Credentials::Query(name.to_owned())),
        None if text == "bearer" => Ok(Credentials::Bearer),
        _ => Err("write it as `bearer`, `header:NAME` or `query:NAME`".to_owned()),
    }
}

/// Whether it is a token of HTTP.
fn is_header_name(name: &str) -> bool {
    let is_token = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c);
    !name.is_empty() && name.chars().all(is_token)
}

pub(crate) fn setting(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err("write it as `NAME=VALUE`".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn arguments_are_consistent() {
        Args::command().debug_assert();
    }

    #[test]
    fn setting_may_contain_equals_signs_and_be_empty() {
        assert_eq!(setting("a=b=c"), Ok(("a".to_owned(), "b=c".to_owned())));
        assert_eq!(setting("a="), Ok(("a".to_owned(), String::new())));
        assert!(setting("=b").is_err() && setting("a").is_err());
    }
}
