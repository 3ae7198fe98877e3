//! Runs other tools in turn against one server and prints what each cost, as a ratio to ours in the same round.
//!
//! `cargo run --release -p rest-source-benches --bin compare-peers [ROUNDS]`, after building all of them. `.ci/peers`
//! installs the tools.

use std::fs;

use rest_source_benches::contenders::{Contender, Program, compare, compare_with};

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

/// Records of the server. The slowest tool takes a quarter of a millisecond for each.
const RECORDS: u64 = 100_000;

fn main() -> Result<()> {
    let rounds = std::env::args().nth(1).map_or(Ok(3), |word| word.parse())?;
    compare(
        "100,000 records, 100 a page, extracted",
        (RECORDS, 0),
        &[
            run("ours, as shipped", Program::Binary("ours")),
            run("by hand", Program::Binary("by-hand")),
            run("dlt", Program::Python("dlt", "dlt_extract.py")),
            run("Airbyte", Program::Python("airbyte", "airbyte_read.py")),
            run("Singer SDK", Program::Python("singer", "singer_tap.py")),
        ],
        rounds,
    )?;
    let folder = std::env::temp_dir().join(format!("rest-source-peers-{}", std::process::id()));
    let target = || {
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder)?;
        Ok(Some(format!("sqlite:{}", folder.join("db").display())))
    };
    let compared = compare_with(
        "100,000 records, 100 a page, merged into SQLite",
        (RECORDS, RECORDS),
        0,
        &[
            run("ours, as shipped", Program::Binary("load-ours")),
            run("by hand", Program::Binary("load-by-hand")),
            run("dlt", Program::Python("dlt", "dlt_merge.py")),
        ],
        rounds,
        target,
    );
    let _ = fs::remove_dir_all(&folder);
    compared
}

fn run(label: &'static str, program: Program) -> Contender {
    Contender {
        label,
        program,
        page: 100,
        concurrency: 4,
    }
}
