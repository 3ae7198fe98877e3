//! What the command line may say.

use std::path::PathBuf;

use clap::{Parser, Subcommand, ValueEnum};

/// Connector specs: check them, generate from them, run them without a compiler.
#[derive(Debug, Parser)]
#[command(name = "rest-source", version, max_term_width = 100, after_help = EXIT_CODES)]
pub(crate) struct Args {
    #[command(subcommand)]
    pub(crate) command: Command,
}

const EXIT_CODES: &str = "\
Exit codes:
  0    done
  1    a spec is wrong, or a generated file is not up to date
  2    the command line, a file, a setting or a secret is wrong; nothing was sent
  3    the API, the destination or the writing of a file failed; what was left undone is named
  4    a load is incomplete: the API has more records than it gave, by its own word
  129  ended by SIGHUP: the terminal was closed
  130  ended by SIGINT: Ctrl-C
  143  ended by SIGTERM";

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Check(Check),
    Explain(Explain),
    Generate(Generate),
    Fetch(Fetch),
    Load(Load),
    Docs(Docs),
    Ddl(Ddl),
    New(New),
    /// Print the JSON Schema of specs, for editors
    ///
    /// An editor that knows YAML completes and checks a spec by it. Most take its file from a comment at
    /// the top of the spec: `# yaml-language-server: $schema=rest-source.schema.json`.
    Schema,
    Completions(Completions),
}

/// Check specs, and show everything that is wrong with them
///
/// Nothing is sent and no secret is needed. Mistakes are shown on stderr, as rustc shows its own, or
/// as JSON on stdout. Exits with 1 if an error remains, with 2 if a file cannot be read; warnings do not count.
#[derive(Debug, clap::Args)]
pub(crate) struct Check {
    /// Specs to check; `-` is stdin, and of a folder every `.yaml` and `.yml` file in and below it is checked
    #[arg(required = true, value_name = "SPEC")]
    pub(crate) specs: Vec<PathBuf>,
    /// Mend the specs where it is sure what was meant: a key or a word that is misspelt or called so by
    /// another tool, quotes that are missing or too many. Each change is shown; nothing else in the
    /// file changes
    #[arg(long)]
    pub(crate) fix: bool,
    /// How mistakes are shown
    #[arg(long, value_enum, default_value_t = Report::Text)]
    pub(crate) format: Report,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Report {
    /// With the lines of the spec, for people
    Text,
    /// An object a line, as `rustc --error-format json` has them, for editors
    Json,
}

/// Explain the code of a mistake, with a wrong and a right example
///
/// A code ends the first line of every message about a spec. Without one, all codes are listed.
#[derive(Debug, clap::Args)]
pub(crate) struct Explain {
    /// The code, such as RS0102
    pub(crate) code: Option<String>,
}

/// Generate a Rust file from each spec, named after the source
///
/// Each holds a module, the same that `#[rest_source]` makes of the spec. Nothing is written unless
/// every spec is right, and no file that is up to date is written again.
#[derive(Debug, clap::Args)]
pub(crate) struct Generate {
    /// Specs to generate from, by their paths from the current folder
    #[arg(required = true, value_name = "SPEC")]
    pub(crate) specs: Vec<String>,
    /// Folder to write to; made if need be
    #[arg(long, value_name = "DIR")]
    pub(crate) out: PathBuf,
    /// Write nothing, but fail if a file is missing or not up to date
    #[arg(long)]
    pub(crate) check: bool,
    /// Folder with a template of your own, `connector.rs`, that lays out the files
    #[arg(long, value_name = "DIR")]
    pub(crate) templates: Option<PathBuf>,
}

/// Fetch a resource, and print its records
///
/// Records go to stdout, the report of what was done to stderr. Secrets come from the environment, each
/// from a variable that is named after the spec and the secret, such as `MEDIA_API_KEY`; those that
/// are missing are named before anything is sent.
#[derive(Debug, clap::Args)]
pub(crate) struct Fetch {
    /// The spec, a YAML file
    pub(crate) spec: PathBuf,
    /// The resource, by its name in the spec; without one, its resources are listed
    pub(crate) resource: Option<String>,
    /// The most records to fetch; no page is asked for that is not needed for them
    #[arg(long, value_name = "RECORDS")]
    pub(crate) limit: Option<u64>,
    /// A setting of the spec, in place of the environment's; may be given several times
    #[arg(long, value_name = "NAME=VALUE", value_parser = setting)]
    pub(crate) config: Vec<(String, String)>,
    /// A query parameter of the resource, in place of the spec's or beside them; may be given several
    /// times, also with one name. What the paginator, the auth or `incremental` writes cannot be set
    #[arg(long, value_name = "NAME=VALUE", value_parser = setting)]
    pub(crate) param: Vec<(String, String)>,
    /// File that remembers how far an `incremental` resource was fetched: read if it is there, written
    /// when all records are printed
    #[arg(long, value_name = "FILE")]
    pub(crate) state: Option<PathBuf>,
    /// Go on from a state that was saved for another request: one with another setting, parameter, path or
    /// base URL
    #[arg(long, requires = "state")]
    pub(crate) keep_state: bool,
    /// File for the refresh token of an API that gives another each time (`oauth2_refresh_token`): read,
    /// if it is there, in place of the environment's; the new one is written to it before it is used,
    /// and only its owner may read it
    #[arg(long, value_name = "FILE")]
    pub(crate) token_file: Option<PathBuf>,
    /// How records are printed
    #[arg(long, value_enum, default_value_t = Format::Table)]
    pub(crate) format: Format,
    /// Which names columns are printed under
    #[arg(long, value_enum, default_value_t = Names::Columns)]
    pub(crate) names: Names,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Names {
    /// The names of the columns, as in Rust and in SQL
    Columns,
    /// The keys of the response
    Response,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// In columns as wide as the first page needs, long values cut, for people
    Table,
    /// A JSON object a line; decimals as text, bytes as base64
    Jsonl,
    /// RFC 4180, with a header; null is an empty field, empty text is ""
    Csv,
}

/// Load a source into a database
///
/// Every selected resource is fetched and written as its `write_disposition` says. The database
/// remembers how far incremental resources came, and the next load goes on from there. A load that is
/// interrupted leaves a database that the next one completes. Secrets come from the environment, as for
/// `fetch`.
#[derive(Debug, clap::Args)]
pub(crate) struct Load {
    /// The spec, a YAML file
    pub(crate) spec: PathBuf,
    /// The database: `sqlite:FILE`, made if need be
    #[arg(long, value_name = "DESTINATION", value_parser = destination)]
    pub(crate) to: PathBuf,
    /// A resource to load, instead of all that are selected; may be given several times
    #[arg(long, value_name = "NAME")]
    pub(crate) resource: Vec<String>,
    /// Fetch everything again, in place of all that is there
    #[arg(long)]
    pub(crate) full_refresh: bool,
    /// Go on beside rows that were loaded by another request: one with another setting, path, parameter or
    /// base URL; or from the state of a table that was emptied
    #[arg(long, conflicts_with = "full_refresh")]
    pub(crate) keep_state: bool,
    /// A setting of the spec, in place of the environment's; may be given several times
    #[arg(long, value_name = "NAME=VALUE", value_parser = setting)]
    pub(crate) config: Vec<(String, String)>,
    /// File for the refresh token of an API that gives another each time (`oauth2_refresh_token`): read,
    /// if it is there, in place of the environment's; the new one is written to it before it is used,
    /// and only its owner may read it
    #[arg(long, value_name = "FILE")]
    pub(crate) token_file: Option<PathBuf>,
}

/// Print a page about a connector, in Markdown
///
/// Its secrets, settings, resources and columns, and a Mermaid graph where resources have parents.
#[derive(Debug, clap::Args)]
pub(crate) struct Docs {
    /// The spec
    pub(crate) spec: PathBuf,
    /// Folder with a template of your own, `reference.md`, in place of the built-in one
    #[arg(long, value_name = "DIR")]
    pub(crate) templates: Option<PathBuf>,
}

/// Print the definitions of a connector's tables, in SQL
#[derive(Debug, clap::Args)]
pub(crate) struct Ddl {
    /// The spec
    pub(crate) spec: PathBuf,
    /// The database they are for
    #[arg(long, value_enum, default_value_t = Dialect::Sqlite)]
    pub(crate) dialect: Dialect,
    /// Folder with templates of your own, `sqlite.sql` or `postgres.sql`, in place of the built-in
    #[arg(long, value_name = "DIR")]
    pub(crate) templates: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Dialect {
    /// SQLite, the tables that `load` makes
    Sqlite,
    /// PostgreSQL
    Postgres,
}

/// Make a connector's crate: a spec to begin with, a program, and a test that needs no network
#[derive(Debug, clap::Args)]
pub(crate) struct New {
    /// What the crate is called: lower-case letters, digits, `-` and `_`
    pub(crate) name: String,
    /// Folder to make it in
    #[arg(
        long,
        value_name = "DIR",
        default_value = ".",
        hide_default_value = true
    )]
    pub(crate) path: PathBuf,
    /// Folder with templates of your own, by their paths in the crate, in place of the built-in and beside
    /// them
    #[arg(long, value_name = "DIR")]
    pub(crate) templates: Option<PathBuf>,
}

/// Print a script that completes this command in a shell
///
/// For bash, in `~/.bashrc`: `source <(rest-source completions bash)`. Other shells read such a script
/// from a folder of theirs.
#[derive(Debug, clap::Args)]
pub(crate) struct Completions {
    /// The shell
    #[arg(value_enum)]
    pub(crate) shell: clap_complete::Shell,
}

fn setting(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err("write it as `NAME=VALUE`".to_owned()),
    }
}

fn destination(text: &str) -> Result<PathBuf, String> {
    let Some(("sqlite", file)) = text.split_once(':') else {
        return Err("write it as `sqlite:FILE`, the one kind of destination there is".to_owned());
    };
    if let Some(rest) = file.strip_prefix("//") {
        let rest = rest.trim_start_matches('/');
        return Err(format!(
            "it is not a URL: write `sqlite:{rest}` for a file in this folder, `sqlite:/{rest}` for an \
             absolute path"
        ));
    }
    if file.trim().is_empty() {
        return Err(
            "the path is blank: write it as `sqlite:FILE`, as in `sqlite:out.db`".to_owned(),
        );
    }
    if file == ":memory:" || file.starts_with("file:") || file.contains('?') {
        return Err(
            "write it as `sqlite:FILE`: a path, without parameters; a database in memory would be gone \
             when the command ends"
                .to_owned(),
        );
    }
    Ok(file.into())
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_arguments_do_not_contradict_each_other() {
        Args::command().debug_assert();
    }

    #[test]
    fn a_setting_may_hold_an_equals_sign_and_be_empty() {
        assert_eq!(setting("a=b=c"), Ok(("a".to_owned(), "b=c".to_owned())));
        assert_eq!(setting("a="), Ok(("a".to_owned(), String::new())));
        assert!(setting("=b").is_err() && setting("a").is_err());
    }

    #[test]
    fn a_destination_has_a_kind_and_a_file() {
        assert_eq!(destination("sqlite:a:b.db"), Ok("a:b.db".into()));
        assert_eq!(destination("sqlite:/tmp/b.db"), Ok("/tmp/b.db".into()));
        for wrong in [
            "out.db",
            "sqlite:",
            "sqlite: ",
            "sqlite:\t",
            "postgres://h/d",
            "sqlite://b.db",
            "sqlite:///tmp/b.db",
            "sqlite::memory:",
            "sqlite:file:x?mode=memory",
            "sqlite:x.db?mode=ro",
        ] {
            assert!(destination(wrong).is_err(), "{wrong}");
        }
    }
}
