//! Runs every case in `tests/cases/`: a spec, what a server answers to it, and what the command has to
//! make of it. Each file is a test, named by its path: `cargo test --test cases paging/offset`.
//!
//! CONTRIBUTING.md says how to write a case.

mod case;
mod clock;
#[cfg(feature = "duckdb")]
mod duckdb;
mod expect;
mod pending;
mod postgres;
mod run;
mod server;
mod sqlite;

use std::{
    fs,
    path::{Path, PathBuf},
    process::ExitCode,
};

use libtest_mimic::{Arguments, Failed, Trial};

use case::Case;
use pending::Pending;
use run::To;

fn main() -> Result<ExitCode, String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("cases");
    let mut trials = Vec::new();
    let pending = Pending::read(&folder)?;
    let postgres = std::env::var(postgres::VARIABLE).ok();
    if postgres.is_none() {
        let name = format!(
            "loads_with_postgres (set {} to the URL of a database)",
            postgres::VARIABLE
        );
        let why = "there is no database to load into";
        trials.push(Trial::test(name, move || Err(why.into())).with_ignored_flag(true));
    }
    for file in files(&folder) {
        match Case::read(&folder.join(format!("{file}.yaml"))) {
            Ok(cases) => {
                for (variant, case) in cases {
                    let name =
                        variant.map_or_else(|| file.clone(), |variant| format!("{file}/{variant}"));
                    if let Some(url) = postgres.clone().filter(|_| {
                        case.loads() && !case.only_sqlite && pending.key_of(&name).is_none()
                    }) {
                        trials.push(on_postgres(&name, case.clone(), url));
                    }
                    #[cfg(feature = "duckdb")]
                    if case.loads()
                        && !case.only_sqlite
                        && !case.not_duckdb
                        && pending.key_of(&name).is_none()
                    {
                        trials.push(on_duckdb(&name, case.clone()));
                    }
                    trials.push(trial(name, case, &pending));
                }
            }
            Err(wrong) => trials.push(Trial::test(file, || Err(wrong.into()))),
        }
    }
    let names: Vec<String> = trials.iter().map(|trial| trial.name().to_owned()).collect();
    trials.push(Trial::test("pending_cases_exist", move || {
        pending.check(&names).map_err(Failed::from)
    }));
    Ok(libtest_mimic::run(&Arguments::from_args(), trials).exit_code())
}

fn trial(name: String, case: Case, pending: &Pending) -> Trial {
    let waits_for = pending.key_of(&name).map(str::to_owned);
    let is_slow = case.slow;
    let test = move || {
        match waits_for {
            Some(key) => pending::refused(&case, &key),
            None => run::run(&case, To::Sqlite),
        }
        .map_err(|why| Failed::from(format!("{}\n{why}", case.title)))
    };
    Trial::test(name, test).with_ignored_flag(is_slow)
}

/// A case whose loads go to Postgres.
fn on_postgres(name: &str, case: Case, url: String) -> Trial {
    let name = format!("{name}/postgres");
    let is_slow = case.slow;
    let schema = name.clone();
    let test = move || {
        let to = To::Postgres {
            url: &url,
            case: &schema,
        };
        run::run(&case, to).map_err(|why| Failed::from(format!("{}\n{why}", case.title)))
    };
    Trial::test(name, test).with_ignored_flag(is_slow)
}

/// A case whose loads go to DuckDB.
#[cfg(feature = "duckdb")]
fn on_duckdb(name: &str, case: Case) -> Trial {
    let is_slow = case.slow;
    let test = move || {
        run::run(&case, To::DuckDb).map_err(|why| Failed::from(format!("{}\n{why}", case.title)))
    };
    Trial::test(format!("{name}/duckdb"), test).with_ignored_flag(is_slow)
}

/// The files of cases, as `paging/offset`.
fn files(folder: &Path) -> Vec<String> {
    let areas = entries(folder).into_iter().filter(|path| path.is_dir());
    let mut names: Vec<String> = areas
        .flat_map(|area| entries(&area))
        .filter(|path| {
            path.extension()
                .is_some_and(|extension| extension == "yaml")
        })
        .filter_map(|path| {
            let name = path.with_extension("");
            Some(name.strip_prefix(folder).ok()?.to_str()?.replace('\\', "/"))
        })
        .collect();
    names.sort();
    names
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten();
    entries.flatten().map(|entry| entry.path()).collect()
}
