//! Runs the programs of this crate in turn against one server and prints what each cost, as a ratio
//! to the loop written by hand in the same round: the machine's mood then cancels out.
//!
//! `cargo run --release -p rest-source-benches --bin compare [ROUNDS]`, after building all of them.

use rest_source_benches::contenders::{Contender, Program, compare};

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

fn main() -> Result<()> {
    let rounds = std::env::args().nth(1).map_or(Ok(7), |word| word.parse())?;
    let run = |label, program, page, concurrency| Contender {
        label,
        program: Program::Binary(program),
        page,
        concurrency,
    };

    compare(
        "200,000 records, 100 a page",
        (200_000, 0),
        &[
            run("by hand", "by-hand", 100, 1),
            run("best by hand", "best-by-hand", 100, 1),
            run("ours, one at a time", "ours", 100, 1),
            run("ours, as shipped", "ours", 100, 4),
            run("ours, on one thread", "ours-on-one-thread", 100, 4),
        ],
        rounds,
    )?;
    compare(
        "1,000,000 records, 1,000 a page",
        (1_000_000, 0),
        &[
            run("by hand", "by-hand", 1000, 1),
            run("best by hand", "best-by-hand", 1000, 1),
            run("ours, one at a time", "ours", 1000, 1),
            run("ours, as shipped", "ours", 1000, 4),
            run("ours, on one thread", "ours-on-one-thread", 1000, 4),
        ],
        rounds,
    )?;
    compare(
        "200,000 records of 2,000 parents, a page of 100 each",
        (200_000, 0),
        &[
            run("pages, as shipped", "ours", 100, 4),
            run("children, 1 at once", "ours-children", 100, 1),
            run("children, as shipped", "ours-children", 100, 4),
        ],
        rounds,
    )?;
    compare(
        "100,000 records of 10,000 parents, a page of 10 each",
        (100_000, 0),
        &[
            run("children, 1 at once", "ours-children", 10, 1),
            run("children, as shipped", "ours-children", 10, 4),
            run("children, 16 at once", "ours-children", 10, 16),
        ],
        rounds,
    )?;
    compare(
        "10,000 records, 100 a page, 20 ms a request",
        (10_000, 20),
        &[
            run("ours, 1 at once", "ours", 100, 1),
            run("ours, 4 at once", "ours", 100, 4),
            run("ours, 8 at once", "ours", 100, 8),
            run("ours, 16 at once", "ours", 100, 16),
        ],
        rounds,
    )
}
