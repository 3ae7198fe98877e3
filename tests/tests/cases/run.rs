//! Runs the command as a case says.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use rest_source::Clock;
use rest_source_cli::{Context, Output};
use rest_source_testkit::{Folder, Scripted, leak, reports::valid_report};
use serde_json::Value;

use crate::{
    case::{Case, Run, fill},
    clock::clock,
    expect::{Outcome, differences},
    postgres::Postgres,
    server::Answers,
    sqlite,
};

/// The report of a run.
const REPORT: &str = "report.json";

/// Longer than any run takes.
const LIMIT: Duration = Duration::from_secs(300);

/// The kind of the database that the loads of a case go to.
#[derive(Clone, Copy)]
pub(crate) enum To<'a> {
    Sqlite,
    /// The database of this URL.
    Postgres {
        url: &'a str,
        case: &'a str,
    },
    #[cfg(feature = "duckdb")]
    DuckDb,
}

/// Runs a case; the error says where it differs.
pub(crate) fn run(case: &Case, to: To<'_>) -> Result<(), String> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let runtime = runtime.map_err(|error| error.to_string())?;
    let folder = Folder::new("case").map_err(|error| error.to_string())?;
    runtime.block_on(async {
        let database = match to {
            To::Sqlite => Database::Sqlite(folder.path().join("data.db")),
            To::Postgres { url, case } => Database::Postgres(Postgres::create(url, case).await?),
            #[cfg(feature = "duckdb")]
            To::DuckDb => Database::DuckDb(folder.path().join("data.duckdb")),
        };
        let ran = all(case, folder.path(), &database).await;
        if let Database::Postgres(database) = database {
            database.drop().await;
        }
        ran
    })
}

/// Where the loads of a case go.
enum Database {
    Sqlite(PathBuf),
    Postgres(Postgres),
    #[cfg(feature = "duckdb")]
    DuckDb(PathBuf),
}

impl Database {
    /// The options of `load`.
    fn options(&self) -> Vec<String> {
        match self {
            Self::Sqlite(file) => vec!["--to".to_owned(), format!("sqlite:{}", file.display())],
            Self::Postgres(database) => {
                let options = ["--to", &database.url, "--schema", &database.schema];
                options.map(str::to_owned).into()
            }
            #[cfg(feature = "duckdb")]
            Self::DuckDb(file) => vec!["--to".to_owned(), format!("duckdb:{}", file.display())],
        }
    }

    async fn select(&self, query: &str) -> Result<Vec<Value>, String> {
        match self {
            Self::Sqlite(file) => sqlite::select(file, query).map_err(|error| error.to_string()),
            Self::Postgres(database) => database.select(query).await,
            #[cfg(feature = "duckdb")]
            Self::DuckDb(file) => {
                crate::duckdb::select(file, query).map_err(|error| error.to_string())
            }
        }
    }
}

async fn all(case: &Case, folder: &Path, database: &Database) -> Result<(), String> {
    let clock = clock();
    let answers = Answers::new(&case.server, &clock);
    let server = {
        let answers = answers.clone();
        Scripted::start(move |asked| answers.answer(asked)).await
    };
    let server = server.map_err(|error| error.to_string())?;
    let port = server.url().rsplit(':').next().unwrap_or_default();
    let names = BTreeMap::from([
        ("server".to_owned(), server.url().to_owned()),
        ("port".to_owned(), port.to_owned()),
        ("folder".to_owned(), folder.display().to_string()),
    ]);
    let write = |spec: &str| {
        let written = fs::write(folder.join("api.yaml"), fill(spec, &names));
        written.map_err(|error| error.to_string())
    };
    write(&case.spec.0)?;
    let mut secrets = secrets(case, &case.spec.0);
    let mut asked = 0;
    for (number, run) in case.runs.iter().enumerate() {
        if let Some(exchanges) = &run.server {
            answers.before(exchanges);
        }
        if let Some(spec) = &run.spec {
            write(spec)?;
            secrets = self::secrets(case, spec);
        }
        clock.advance(Duration::from_secs(run.seconds_later));
        let began = clock.elapsed();
        let (output, logs) = (Output::default(), Output::default());
        let mut context = Context::default()
            .output(&output)
            .logs(&logs)
            .clock(clock.clone());
        for (name, value) in &case.variables {
            context = context.variable(name, &value.0);
        }
        let ran = rest_source_cli::run(arguments(run, folder, database, &names), &context);
        let code = tokio::time::timeout(LIMIT, ran).await.map_err(|_| {
            format!(
                "run {} (`{}`) did not end within {LIMIT:?}",
                number + 1,
                run.line
            )
        })?;
        check_report(run, folder, code).map_err(|error| {
            format!("the report of run {} (`{}`): {error}", number + 1, run.line)
        })?;
        for text in [logs.stderr(), output.stderr()] {
            if let Some(line) = leak(&text, &secrets) {
                return Err(format!(
                    "run {} (`{}`): a secret is in this line of its logs or messages:\n{line}",
                    number + 1,
                    run.line
                ));
            }
        }
        let requests = server.asked().into_iter().skip(asked);
        let requests: Vec<String> = requests.map(|asked| asked.line()).collect();
        asked += requests.len();
        let mut selected = Vec::new();
        for query in run.tables.keys() {
            selected.push(database.select(query).await);
        }
        let outcome = Outcome {
            code,
            stdout: output.stdout().replace(server.url(), "<server>"),
            stderr: output.stderr().replace(server.url(), "<server>"),
            requests,
            unmatched: answers.take_unmatched(),
            waited: clock.elapsed().saturating_sub(began),
            selected,
        };
        let differences = differences(run, &outcome);
        if !differences.is_empty() {
            return Err(format!(
                "run {} (`{}`):\n{}\n{outcome}",
                number + 1,
                run.line,
                differences.join("\n")
            ));
        }
    }
    Ok(())
}

/// The secrets of a case, by the names of their variables in its spec.
fn secrets(case: &Case, spec: &str) -> Vec<String> {
    let names = BTreeMap::from([
        ("server".to_owned(), "http://127.0.0.1".to_owned()),
        ("port".to_owned(), "80".to_owned()),
    ]);
    let compiled = rest_source_codegen::compile("api.yaml", &fill(spec, &names));
    let plan = compiled.connector.map(|connector| connector.plan);
    let secrets = plan.iter().flat_map(|plan| &plan.secrets);
    let values = secrets.filter_map(|secret| case.variables.get(secret.env.as_str()));
    values.map(|value| value.0.clone()).collect()
}

/// Checks that the report of a run, if it has written one, is valid by the schema, and has its exit code.
fn check_report(run: &Run, folder: &Path, code: u8) -> Result<(), String> {
    let file = folder.join(REPORT);
    let Ok(text) = fs::read_to_string(&file) else {
        // No request was sent.
        let is_reported = ["fetch", "load", "verify"]
            .iter()
            .any(|one| run.line.starts_with(one));
        return if !is_reported || matches!(code, 1 | 2) {
            Ok(())
        } else {
            Err("it is missing".to_owned())
        };
    };
    fs::remove_file(file).map_err(|error| error.to_string())?;
    let report = valid_report(&text)?;
    if report["exit_code"] != code {
        return Err(format!("its exit code is not {code}\n{text}"));
    }
    Ok(())
}

/// The words of a run, with what the case leaves out.
fn arguments(
    run: &Run,
    folder: &Path,
    database: &Database,
    names: &BTreeMap<String, String>,
) -> Vec<String> {
    let line = fill(&run.line, names);
    let mut words = line.split_whitespace().map(str::to_owned);
    let command = words.next().unwrap_or_default();
    let spec = folder.join("api.yaml").display().to_string();
    let mut first = vec!["rest-source".to_owned(), command.clone()];
    let verb = if command == "rejects" {
        words.next()
    } else {
        None
    };
    if verb.as_deref() == Some("show") {
        first.extend(verb);
    } else {
        first.extend(verb.into_iter().chain([spec]));
    }
    let mut added = match command.as_str() {
        "fetch" if !line.contains("--format") => vec!["--format".to_owned(), "jsonl".to_owned()],
        "load" | "verify" | "rejects" => database.options(),
        _ => Vec::new(),
    };
    if matches!(command.as_str(), "fetch" | "load" | "verify") {
        let report = folder.join(REPORT).display().to_string();
        added.extend(["--report".to_owned(), report]);
    }
    first.into_iter().chain(words).chain(added).collect()
}
