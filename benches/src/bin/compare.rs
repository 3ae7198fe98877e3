//! Runs the programs of this crate in turn against one server and prints what each cost, as a ratio
//! to the loop written by hand in the same round: the machine's mood then cancels out.
//!
//! `cargo run --release -p rest-source-benches --bin compare [ROUNDS]`, after building all of them.

use std::{
    io::{BufRead as _, BufReader},
    path::PathBuf,
    process::{Child, Command, Stdio},
};

use rest_source_benches::{Cost, say};

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

/// A program and how it is run.
#[derive(Clone, Copy)]
struct Contender {
    label: &'static str,
    program: &'static str,
    page: u64,
    concurrency: u16,
}

fn main() -> Result<()> {
    let rounds = std::env::args().nth(1).map_or(Ok(7), |word| word.parse())?;
    let run = |label, program, page, concurrency| Contender {
        label,
        program,
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

/// Runs each contender once a round and prints medians; ratios are to the first, round by round.
fn compare(
    title: &str,
    (records, delay): (u64, u64),
    contenders: &[Contender],
    rounds: usize,
) -> Result<()> {
    let (mut server, base) = start_server(records, delay)?;
    let mut costs: Vec<Vec<Cost>> = vec![Vec::new(); contenders.len()];
    for round in 0..=rounds {
        for (contender, costs) in contenders.iter().zip(&mut costs) {
            let cost = cost_of(contender, &base)?;
            if cost.records != records {
                return Err(format!("{}: {} records", contender.label, cost.records).into());
            }
            if round > 0 {
                costs.push(cost); // the first round warms the caches
            }
        }
    }
    drop(server.stdin.take());
    server.wait()?;

    say(&format!("\n{title}: medians of {rounds}"));
    say("                        wall s    cpu s  peak MiB   cpu ratio  wall ratio");
    for (contender, of_it) in contenders.iter().zip(&costs) {
        let ratio =
            |f: fn(&Cost) -> f64| median(of_it.iter().zip(&costs[0]).map(|(a, b)| f(a) / f(b)));
        say(&format!(
            "  {:<20} {:>8.3} {:>8.3}  {:>8.1}  {:>10.2}  {:>10.2}",
            contender.label,
            median(of_it.iter().map(|cost| cost.wall)),
            median(of_it.iter().map(|cost| cost.cpu)),
            median(of_it.iter().map(|cost| cost.peak)),
            ratio(|cost| cost.cpu),
            ratio(|cost| cost.wall),
        ));
    }
    Ok(())
}

fn start_server(records: u64, delay: u64) -> Result<(Child, String)> {
    let mut server = Command::new(sibling("bench-server")?)
        .args([records.to_string(), delay.to_string()])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()?;
    let mut port = String::new();
    BufReader::new(server.stdout.take().ok_or("no output")?).read_line(&mut port)?;
    Ok((server, format!("http://127.0.0.1:{}", port.trim())))
}

fn cost_of(contender: &Contender, base: &str) -> Result<Cost> {
    let output = Command::new(sibling(contender.program)?)
        .args([
            base,
            &contender.page.to_string(),
            &contender.concurrency.to_string(),
        ])
        .stderr(Stdio::inherit())
        .output()?;
    let said = String::from_utf8(output.stdout)?;
    Cost::parse(&said).ok_or_else(|| format!("{} said {said:?}", contender.label).into())
}

/// Another program of this crate, built beside this one.
fn sibling(name: &str) -> Result<PathBuf> {
    let path = std::env::current_exe()?.with_file_name(name);
    if path.exists() {
        Ok(path)
    } else {
        Err(format!("{name} is not built: cargo build --release -p rest-source-benches").into())
    }
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}
