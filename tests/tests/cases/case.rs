//! What the file of a case says.

use std::{collections::BTreeMap, fmt::Display, fs, path::Path};

use serde::{Deserialize, Deserializer, de::IgnoredAny};
use serde_json::Value;

/// A spec, the exchanges of a server, and runs of the command.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Case {
    /// What has to hold, in a sentence.
    pub(crate) title: String,
    /// It takes many seconds, and is ignored unless asked for: `cargo test --test cases -- --ignored`.
    #[serde(default)]
    pub(crate) slow: bool,
    /// Its loads are not run with Postgres and DuckDB too: it queries what only SQLite has, or takes too long.
    #[serde(default)]
    pub(crate) only_sqlite: bool,
    /// Its loads are not run with DuckDB too: it does not widen types.
    #[serde(default)]
    #[cfg_attr(
        not(feature = "duckdb"),
        expect(dead_code, reason = "only cases with DuckDB read it")
    )]
    pub(crate) not_duckdb: bool,
    /// The text of `api.yaml`.
    pub(crate) spec: Source,
    /// Environment variables of every run.
    #[serde(default)]
    pub(crate) variables: BTreeMap<String, Source>,
    /// What the server answers, in all runs.
    #[serde(default)]
    pub(crate) server: Vec<Exchange>,
    /// In order, against the same server and in the same folder.
    pub(crate) runs: Vec<Run>,
    /// Texts for each variant of the case, which is a test of its own: `<name>` anywhere in the file.
    #[serde(default)]
    #[expect(
        dead_code,
        reason = "they are replaced before the file is read as a case"
    )]
    variants: IgnoredAny,
}

/// A text, or that of a file of the repository: `{ file: specs/okta.yaml, replace: { "https://x": <server> } }`.
#[derive(Clone, Debug, Deserialize)]
#[serde(try_from = "Written")]
pub(crate) struct Source(pub(crate) String);

#[derive(Deserialize)]
#[serde(untagged)]
enum Written {
    Text(String),
    File {
        file: String,
        /// Texts that the file has, and what comes in their place.
        #[serde(default)]
        replace: BTreeMap<String, String>,
    },
}

impl TryFrom<Written> for Source {
    type Error = String;

    fn try_from(written: Written) -> Result<Self, String> {
        let (file, replace) = match written {
            Written::Text(text) => return Ok(Self(text)),
            Written::File { file, replace } => (file, replace),
        };
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(&file);
        let text = fs::read_to_string(path).map_err(|error| format!("{file}: {error}"))?;
        replace
            .iter()
            .try_fold(text, |text, (old, new)| {
                let replaced = text.replace(old, new);
                let is_there = replaced != text;
                is_there
                    .then_some(replaced)
                    .ok_or_else(|| format!("{file}: there is no `{old}` in it"))
            })
            .map(Self)
    }
}

/// The part of the file that says which tests it is.
#[derive(Deserialize)]
struct Variants {
    #[serde(default)]
    variants: BTreeMap<String, BTreeMap<String, String>>,
}

/// A request and the response to it. The first exchange whose request matches is the one that answers.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Exchange {
    /// `GET /rows?page=1`: the method, the path as it is sent, and the parameters, decoded and in any
    /// order. `?...` at the end or `&...` allows others. `<name>` takes any one segment or value.
    pub(crate) request: String,
    /// Headers that the request must have; `null` for one that it must not have.
    #[serde(default)]
    pub(crate) request_headers: BTreeMap<String, Option<String>>,
    /// The request's body, parsed as JSON.
    #[serde(default, deserialize_with = "present")]
    pub(crate) request_json: Option<Value>,
    /// The request's body, parsed as a form; `<name>` takes any value.
    #[serde(default)]
    pub(crate) request_form: Option<BTreeMap<String, String>>,
    /// How many requests it answers.
    #[serde(default)]
    pub(crate) times: Option<usize>,
    /// How many seconds it answers, from its first request on, by the clock of the runs.
    #[serde(default)]
    pub(crate) seconds: Option<f64>,
    #[serde(default = "ok")]
    pub(crate) status: u16,
    #[serde(default)]
    pub(crate) headers: BTreeMap<String, OneOrMore>,
    /// The response's body, as JSON. `{$each: [0, 9], record: {id: <n>}}` is a list of ten.
    #[serde(default, deserialize_with = "present")]
    pub(crate) json: Option<Value>,
    /// The response's body, as it stands.
    #[serde(default)]
    pub(crate) text: Option<String>,
    /// The bytes of the response's body, in hexadecimal digits.
    #[serde(default)]
    pub(crate) hex: Option<String>,
    /// The text of a gzip file that is the response's body.
    #[serde(default)]
    pub(crate) gzip: Option<String>,
}

/// One run of the command, and what it has to come to.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Run {
    /// `fetch rows --limit 3`; the spec, the format and the database are added.
    #[serde(rename = "run")]
    pub(crate) line: String,
    /// Exchanges that come before those of the case, from this run on.
    #[serde(default)]
    pub(crate) server: Option<Vec<Exchange>>,
    /// Takes the place of the case's spec, from this run on.
    #[serde(default)]
    pub(crate) spec: Option<String>,
    /// How many seconds pass before it.
    #[serde(default)]
    pub(crate) seconds_later: u64,
    /// The most seconds that it may wait.
    #[serde(default)]
    pub(crate) within_seconds: Option<f64>,
    pub(crate) exit: Exit,
    /// The records on stdout.
    #[serde(default)]
    pub(crate) rows: Option<Vec<Value>>,
    #[serde(default)]
    pub(crate) row_count: Option<usize>,
    /// The requests, as they were sent: `GET /rows?page=1`.
    #[serde(default)]
    pub(crate) requests: Option<Vec<String>>,
    #[serde(default)]
    pub(crate) request_count: Option<usize>,
    /// The order of `rows` and `requests` is not a promise.
    #[serde(default)]
    pub(crate) any_order: bool,
    /// Queries of the database, and their rows.
    #[serde(default)]
    pub(crate) tables: BTreeMap<String, Vec<Vec<Value>>>,
    /// Texts that stderr must hold.
    #[serde(default)]
    pub(crate) stderr: Vec<String>,
    /// Texts that stderr must not hold.
    #[serde(default)]
    pub(crate) stderr_without: Vec<String>,
}

/// What the command exits with.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Exit {
    Success,
    /// The spec is wrong.
    Invalid,
    /// The command line, a setting, a file or a state is wrong.
    Usage,
    /// The API or the destination failed.
    Failure,
    /// A load whose rows are not all there.
    Incomplete,
}

impl Exit {
    pub(crate) fn code(self) -> u8 {
        match self {
            Self::Success => 0,
            Self::Invalid => 1,
            Self::Usage => 2,
            Self::Failure => 3,
            Self::Incomplete => 4,
        }
    }
}

#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
pub(crate) enum OneOrMore {
    One(String),
    More(Vec<String>),
}

impl OneOrMore {
    pub(crate) fn all(&self) -> &[String] {
        match self {
            Self::One(one) => std::slice::from_ref(one),
            Self::More(all) => all,
        }
    }
}

impl Case {
    /// Whether one of its runs loads.
    pub(crate) fn loads(&self) -> bool {
        self.runs.iter().any(|run| run.line.starts_with("load"))
    }

    /// The cases of a file: one, or one for each variant, with the variant's name.
    pub(crate) fn read(path: &Path) -> Result<Vec<(Option<String>, Self)>, String> {
        let wrong = |error: &dyn Display| format!("{}: {error}", path.display());
        let text = fs::read_to_string(path).map_err(|error| wrong(&error))?;
        let read = |text: &str| serde_yaml::from_str(text).map_err(|error| wrong(&error));
        let Variants { variants } = serde_yaml::from_str(&text).map_err(|error| wrong(&error))?;
        if variants.is_empty() {
            return Ok(vec![(None, read(&text)?)]);
        }
        let cases = variants.into_iter().map(|(name, texts)| {
            let text = fill(&text, &texts);
            Ok((Some(name), read(&text)?))
        });
        cases.collect()
    }
}

/// A text in which `<name>` is replaced for each of the names.
pub(crate) fn fill(text: &str, names: &BTreeMap<String, String>) -> String {
    names.iter().fold(text.to_owned(), |text, (name, value)| {
        text.replace(&format!("<{name}>"), value)
    })
}

fn ok() -> u16 {
    200
}

/// `null` is a value.
fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(deserializer).map(Some)
}
