//! Every paginator, every way that its pages end, and what follows from it: for the state, for each write
//! disposition, for parents and for the exit code. `ends.md` states what is right; each of its cells is a
//! test, `offset/an_empty_page`, which runs the command in process against a loopback server.
//!
//! A `custom` paginator is Rust code, which the command cannot run: `tests/language` has its tests.

#[path = "../cases/clock.rs"]
mod clock;
mod modes;
mod server;
mod spec;
mod table;

use std::process::ExitCode;

use libtest_mimic::{Arguments, Failed, Trial};

use spec::PAGINATORS;
use table::Tables;

fn main() -> Result<ExitCode, String> {
    let tables: &'static Tables = Box::leak(Box::new(Tables::read(include_str!("ends.md"))?));
    let mut trials = vec![
        Trial::test("auto/is_refused", || refuses("paginator: auto", "auto")),
        Trial::test("no_paginator/is_refused", || refuses("path: rows", "pages")),
    ];
    for end in &tables.ends {
        for paginator in PAGINATORS {
            let expected = end.outcome(paginator);
            let name = format!("{}/{}", paginator.name, end.name.replace(' ', "_"));
            trials.push(Trial::test(name, move || {
                modes::check(tables, end, paginator, expected).map_err(Failed::from)
            }));
        }
    }
    Ok(libtest_mimic::run(&Arguments::from_args(), trials).exit_code())
}

/// The language does not guess how an API pages.
fn refuses(endpoint: &str, named: &str) -> Result<(), Failed> {
    let text = format!(
        "client: {{ base_url: http://127.0.0.1 }}\nresources:\n  - name: rows\n    endpoint: {{ {endpoint} }}\n    \
         columns: {{ id: bigint! }}\n"
    );
    spec::refused(&text, &[named]).map_err(Failed::from)
}
