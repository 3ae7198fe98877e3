//! The destinations that `--to` names.

use std::{
    convert::Infallible,
    fmt,
    path::{Path, PathBuf},
};

use rest_source_load::{Destination, Sqlite};

use crate::{context::Context, error::CommandError, file};

/// A destination as `--to` names it.
#[derive(Clone, PartialEq)]
pub(crate) enum To {
    /// `sqlite:FILE`
    Sqlite(PathBuf),
    /// `duckdb:FILE`
    DuckDb(PathBuf),
    /// `postgres://…`, or the list of parameters that libpq has too.
    Postgres(String),
    /// `jsonl:FOLDER`, `csv:FOLDER`, `parquet:FOLDER`, or `parquet:s3://BUCKET/PREFIX`.
    Files(String),
    /// `env:NAME`: the variable has the destination.
    Environment(String),
    /// None of them, and why.
    Invalid(String),
}

impl fmt::Debug for To {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite(file) => f.debug_tuple("Sqlite").field(file).finish(),
            Self::DuckDb(file) => f.debug_tuple("DuckDb").field(file).finish(),
            // A URL may have a password.
            Self::Postgres(_) => f.debug_tuple("Postgres").finish_non_exhaustive(),
            Self::Files(_) => f.debug_tuple("Files").finish_non_exhaustive(),
            Self::Environment(name) => f.debug_tuple("Environment").field(name).finish(),
            Self::Invalid(why) => f.debug_tuple("Invalid").field(why).finish(),
        }
    }
}

/// The value of `--to`. One that is not valid is an error when it is opened, which does not show it: a mistyped URL
/// may have a password.
#[expect(
    clippy::unnecessary_wraps,
    reason = "a parser of a value is allowed to fail"
)]
pub(crate) fn argument(text: &str) -> Result<To, Infallible> {
    Ok(parse(text).unwrap_or_else(To::Invalid))
}

fn parse(text: &str) -> Result<To, String> {
    let kinds = "write it as `sqlite:FILE`, `postgres://USER@HOST/DATABASE`, `duckdb:FILE`, `jsonl:FOLDER`, \
                 `csv:FOLDER`, `parquet:FOLDER`, or `env:NAME`, a variable with one of these";
    let (kind, rest) = text.split_once(':').ok_or(kinds)?;
    match kind {
        "sqlite" | "duckdb" => {
            let file = database_file(kind, rest)?;
            Ok(if kind == "duckdb" {
                To::DuckDb(file)
            } else {
                To::Sqlite(file)
            })
        }
        "postgres" | "postgresql" => Ok(To::Postgres(text.to_owned())),
        "jsonl" | "csv" | "parquet" if rest.trim().is_empty() || rest.starts_with("//") => {
            Err(format!("write it as `{kind}:FOLDER`, such as `{kind}:out`"))
        }
        "jsonl" | "csv" | "parquet" => Ok(To::Files(text.to_owned())),
        "env" if !rest.is_empty() => Ok(To::Environment(rest.to_owned())),
        _ => Err(kinds.to_owned()),
    }
}

/// The file of a database of this kind.
fn database_file(kind: &str, file: &str) -> Result<PathBuf, String> {
    if let Some(rest) = file.strip_prefix("//") {
        let rest = rest.trim_start_matches('/');
        // What stands before an `@` may be a password.
        let rest = if rest.contains('@') { "FILE" } else { rest };
        return Err(format!(
            "not a URL: write `{kind}:{rest}` for a file in this folder, `{kind}:/{rest}` for an \
             absolute path"
        ));
    }
    if file.contains("://") {
        return Err(format!(
            "a URL where the path of a file belongs: write it as `{kind}:FILE`, or leave out `{kind}:`"
        ));
    }
    if file.trim().is_empty() {
        return Err(format!(
            "the path is empty: write it as `{kind}:FILE`, such as `{kind}:out.db`"
        ));
    }
    if file == ":memory:" || file.starts_with("file:") || file.contains('?') {
        return Err(format!(
            "write it as `{kind}:FILE`: a path without parameters; a database in memory would be lost \
             when the command ends"
        ));
    }
    Ok(file.into())
}

impl To {
    /// The destination of a project file in this folder, to which its paths are relative, also those in a variable.
    ///
    /// # Errors
    ///
    /// If the variable has no destination.
    pub(crate) fn of_project(
        text: &str,
        folder: &Path,
        context: &Context,
    ) -> Result<Self, CommandError> {
        let to = parse(text).unwrap_or_else(Self::Invalid);
        Ok(match resolve(to, context)? {
            Self::Sqlite(path) => Self::Sqlite(folder.join(path)),
            Self::DuckDb(path) => Self::DuckDb(folder.join(path)),
            Self::Files(url) if !url.contains("://") => match url.split_once(':') {
                Some((kind, path)) => {
                    Self::Files(format!("{kind}:{}", folder.join(path).display()))
                }
                None => Self::Files(url),
            },
            to => to,
        })
    }
}

impl To {
    /// Whether both are one database or folder, however their paths are written.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Sqlite(one), Self::Sqlite(other)) | (Self::DuckDb(one), Self::DuckDb(other)) => {
                file::canonical(one) == file::canonical(other)
            }
            (Self::Files(one), Self::Files(other)) if !one.contains("://") => {
                let parts = |url: &str| {
                    let (kind, path) = url.split_once(':')?;
                    Some((kind.to_owned(), file::canonical(Path::new(path))))
                };
                parts(one) == parts(other)
            }
            (Self::Files(one), Self::Files(other)) => {
                one.trim_end_matches('/') == other.trim_end_matches('/')
            }
            _ => self == other,
        }
    }
}

/// Opens a destination.
pub(crate) async fn open(
    to: To,
    schema: Option<String>,
    context: &Context,
) -> Result<Box<dyn Destination>, CommandError> {
    match resolve(to, context)? {
        To::Sqlite(_) | To::DuckDb(_) | To::Files(..) if schema.is_some() => Err(no_schema()),
        To::Files(url) => files(&url),
        To::Sqlite(path) => {
            check_folder(&path)?;
            Ok(Box::new(Sqlite::open(&path)?))
        }
        To::DuckDb(path) => {
            check_folder(&path)?;
            duckdb(&path)
        }
        To::Postgres(url) => postgres(&url, schema, context).await,
        To::Environment(_) | To::Invalid(_) => Err(no_destination()),
    }
}

/// Opens a destination to look at its tables, and changes nothing in it; `None` if it is still to be created, or does not
/// tell about its tables.
pub(crate) async fn open_unchanged(
    to: To,
    schema: Option<String>,
    context: &Context,
) -> Result<Option<Box<dyn Destination>>, CommandError> {
    Ok(match resolve(to, context)? {
        To::Sqlite(path) if path.exists() => Some(Box::new(Sqlite::open_unchanged(&path)?)),
        To::DuckDb(path) if path.exists() => Some(duckdb(&path)?),
        To::Postgres(url) => Some(postgres_unchanged(&url, schema, context).await?),
        _ => None,
    })
}

/// Checks that a load could write to a destination, and leaves nothing there. Returns what was found.
pub(crate) async fn check(
    to: To,
    schema: Option<String>,
    context: &Context,
) -> Result<String, CommandError> {
    let will_be_created = |path: &Path| {
        file::can_replace(path).map_err(|error| {
            CommandError::failed(format!("cannot create `{}`: {error}", path.display()))
        })?;
        Ok(format!(
            "`{}` does not exist and can be created",
            path.display()
        ))
    };
    match resolve(to, context)? {
        To::Sqlite(_) | To::DuckDb(_) | To::Files(..) if schema.is_some() => Err(no_schema()),
        To::Sqlite(path) | To::DuckDb(path) if !path.exists() => {
            check_folder(&path)?;
            will_be_created(&path)
        }
        To::Sqlite(path) => {
            Sqlite::check(&path)?;
            Ok(format!(
                "`{}` is writable: tables can be created",
                path.display()
            ))
        }
        To::DuckDb(path) => {
            duckdb(&path)?;
            Ok(format!("`{}` can be opened", path.display()))
        }
        To::Files(url) => {
            let path = url.split_once(':').map_or("", |(_, path)| path);
            let is_local = !path.contains("://");
            let missing = Path::new(path).ancestors().skip(1).find(|one| one.exists());
            let folder = missing.unwrap_or(Path::new(""));
            if is_local && !path.is_empty() && !Path::new(path).exists() {
                return will_be_created(&folder.join("_rest_source_probe"))
                    .map(|_| format!("the folder `{path}` does not exist and can be created"));
            }
            check_files(&url).await?;
            Ok("files can be written and deleted".to_owned())
        }
        To::Postgres(url) => {
            check_postgres(&url, schema, context).await?;
            Ok("the database accepts connections: tables can be created".to_owned())
        }
        To::Environment(_) | To::Invalid(_) => Err(no_destination()),
    }
}

/// The error of a destination that does not resolve to one.
fn no_destination() -> CommandError {
    CommandError::usage("`--to` names no destination")
}

fn no_schema() -> CommandError {
    CommandError::usage("`--schema`: only a Postgres database has schemas")
}

/// The destination that `env:NAME` names, or the same.
pub(crate) fn resolve(to: To, context: &Context) -> Result<To, CommandError> {
    let name = match to {
        To::Invalid(why) => {
            return Err(CommandError::usage(format!(
                "the value of `--to` is not a destination: {why}"
            )));
        }
        To::Environment(name) => name,
        to => return Ok(to),
    };
    let value = context.value(&name)?.ok_or_else(|| {
        CommandError::usage(format!(
            "`--to env:{name}`: the variable `{name}` is not set"
        ))
    })?;
    let named =
        |why| CommandError::usage(format!("the variable `{name}` has no destination: {why}"));
    match parse(&value).map_err(named)? {
        To::Environment(_) => Err(named("it names another variable".to_owned())),
        to => Ok(to),
    }
}

/// Rejects the path of a database whose folder does not exist.
fn check_folder(path: &Path) -> Result<(), CommandError> {
    let Some(folder) = file::missing_folder(path) else {
        return Ok(());
    };
    Err(CommandError::usage(format!(
        "cannot create the database `{}`: its folder does not exist\n  help: create the folder `{}`",
        path.display(),
        folder.display()
    )))
}

#[cfg(feature = "duckdb")]
fn duckdb(path: &Path) -> Result<Box<dyn Destination>, CommandError> {
    Ok(Box::new(rest_source_load_duckdb::DuckDb::open(path)?))
}

#[cfg(not(feature = "duckdb"))]
fn duckdb(_: &Path) -> Result<Box<dyn Destination>, CommandError> {
    Err(missing("duckdb"))
}

#[cfg(feature = "files")]
fn files(url: &str) -> Result<Box<dyn Destination>, CommandError> {
    if cfg!(not(feature = "parquet")) && url.starts_with("parquet:") {
        return Err(missing("parquet"));
    }
    if cfg!(not(feature = "object-store")) && url.contains("://") {
        return Err(missing("object-store"));
    }
    match rest_source_load_files::Files::open(url) {
        Some(files) => Ok(Box::new(files?)),
        None => Err(missing("files")),
    }
}

#[cfg(not(feature = "files"))]
fn files(_: &str) -> Result<Box<dyn Destination>, CommandError> {
    Err(missing("files"))
}

/// The error for a destination whose feature is not enabled.
pub(crate) fn missing(feature: &str) -> CommandError {
    CommandError::usage(format!(
        "this command was built without this destination\n  help: install it with the feature `{feature}`"
    ))
}

#[cfg(feature = "files")]
async fn check_files(url: &str) -> Result<(), CommandError> {
    // Those that cannot be opened are errors of `files`.
    files(url)?;
    if let Some(opened) = rest_source_load_files::Files::open(url) {
        opened?.check().await?;
    }
    Ok(())
}

#[cfg(not(feature = "files"))]
async fn check_files(_: &str) -> Result<(), CommandError> {
    Err(missing("files"))
}

#[cfg(feature = "postgres")]
async fn check_postgres(
    url: &str,
    schema: Option<String>,
    context: &Context,
) -> Result<(), CommandError> {
    Ok(postgres_options(url, schema, context)?.check().await?)
}

#[cfg(not(feature = "postgres"))]
async fn check_postgres(_: &str, _: Option<String>, _: &Context) -> Result<(), CommandError> {
    Err(missing("postgres"))
}

#[cfg(feature = "postgres")]
async fn postgres(
    url: &str,
    schema: Option<String>,
    context: &Context,
) -> Result<Box<dyn Destination>, CommandError> {
    let options = postgres_options(url, schema, context)?;
    Ok(Box::new(options.connect().await?))
}

#[cfg(feature = "postgres")]
async fn postgres_unchanged(
    url: &str,
    schema: Option<String>,
    context: &Context,
) -> Result<Box<dyn Destination>, CommandError> {
    let options = postgres_options(url, schema, context)?;
    Ok(Box::new(options.connect_unchanged().await?))
}

#[cfg(not(feature = "postgres"))]
async fn postgres_unchanged(
    _: &str,
    _: Option<String>,
    _: &Context,
) -> Result<Box<dyn Destination>, CommandError> {
    Err(missing("postgres"))
}

#[cfg(feature = "postgres")]
pub(crate) fn postgres_options(
    url: &str,
    schema: Option<String>,
    context: &Context,
) -> Result<rest_source_load_postgres::Options, CommandError> {
    let mut options = rest_source_load_postgres::Options::new(url)?;
    if let Some(password) = context.value("PGPASSWORD")? {
        options = options.default_password(password);
    }
    if let Some(schema) = schema {
        options = options.schema(schema);
    }
    Ok(options)
}

#[cfg(not(feature = "postgres"))]
async fn postgres(
    _: &str,
    _: Option<String>,
    _: &Context,
) -> Result<Box<dyn Destination>, CommandError> {
    Err(missing("postgres"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn destination_has_a_kind() {
        let sqlite = |file: &str| Ok(To::Sqlite(file.into()));
        assert_eq!(parse("sqlite:a:b.db"), sqlite("a:b.db"));
        assert_eq!(parse("sqlite:/tmp/b.db"), sqlite("/tmp/b.db"));
        assert_eq!(parse("duckdb:a.duckdb"), Ok(To::DuckDb("a.duckdb".into())));
        assert_eq!(
            parse("postgres://h/d"),
            Ok(To::Postgres("postgres://h/d".to_owned()))
        );
        let bucket = "parquet:s3://bucket/shop";
        assert_eq!(parse(bucket), Ok(To::Files(bucket.to_owned())));
        assert_eq!(parse("env:SHOP"), Ok(To::Environment("SHOP".to_owned())));
        for wrong in [
            "out.db",
            "mysql://h/d",
            "env:",
            "jsonl:",
            "csv://out",
            "sqlite:",
            "sqlite: ",
            "sqlite:\t",
            "sqlite://b.db",
            "sqlite:///tmp/b.db",
            "sqlite:postgres://h/d",
            "sqlite::memory:",
            "sqlite:file:x?mode=memory",
            "sqlite:x.db?mode=ro",
            "duckdb:",
            "duckdb://b.db",
            "duckdb::memory:",
        ] {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
    }

    #[cfg(not(feature = "duckdb"))]
    #[tokio::test]
    async fn destination_whose_feature_is_off_names_the_feature() {
        let to = parse("duckdb:shop.duckdb").unwrap();
        let opened = open(to, None, &Context::default()).await;
        let Err(error) = opened else {
            panic!("it was opened");
        };
        let error = format!("{error:?}");
        assert!(error.contains("the feature `duckdb`"), "{error}");
    }

    #[test]
    fn error_shows_no_password() {
        for url in [
            "sqlite://me:hunter2@host/db",
            "duckdb:///me:hunter2@host/db",
            "sqlite:postgres://me:hunter2@host/db",
            "sqlite:file:me:hunter2@host",
            "mysql://me:hunter2@host/db",
            "jsonl://me:hunter2@host/db",
        ] {
            let why = parse(url).unwrap_err();
            assert!(!why.contains("hunter2"), "{why}");
        }
    }

    #[cfg(feature = "files")]
    #[tokio::test]
    async fn error_of_files_shows_no_password() {
        for url in [
            "jsonl:postgres://me:hunter2@host/db",
            "parquet:s3://me:hunter2@[/db",
            "jsonl:s4://me:hunter2@host/db",
        ] {
            let Err(error) = open(parse(url).unwrap(), None, &Context::default()).await else {
                continue;
            };
            let error = format!("{error:?}");
            assert!(!error.contains("hunter2"), "{error}");
        }
    }

    #[test]
    fn debug_shows_no_url() {
        for url in [
            "postgres://me:hunter2@host/db",
            "postgress://me:hunter2@host/db",
        ] {
            let to = argument(url).unwrap();
            assert!(!format!("{to:?}").contains("hunter2"));
        }
    }
}
