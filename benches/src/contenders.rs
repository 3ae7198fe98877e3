//! Programs that are run in turn against one server, and the ratios of what they cost.

use std::{
    io::{BufRead as _, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use crate::{Cost, say};

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

/// A program and how it is run.
#[derive(Clone, Copy, Debug)]
pub struct Contender {
    /// Its name in the table.
    pub label: &'static str,
    /// What is run.
    pub program: Program,
    /// Records a page.
    pub page: u64,
    /// Requests in flight.
    pub concurrency: u16,
}

/// What a contender runs.
#[derive(Clone, Copy, Debug)]
pub enum Program {
    /// A binary of this crate.
    Binary(&'static str),
    /// A script of `benches/peers`, by the Python of a folder of `target/peers`, which `.ci/peers` installs.
    Python(&'static str, &'static str),
}

impl Program {
    fn command(self) -> Result<Command> {
        match self {
            Self::Binary(name) => Ok(Command::new(sibling(name)?)),
            Self::Python(folder, script) => {
                let workspace = Path::new(env!("CARGO_MANIFEST_DIR"));
                let python = workspace.join(format!("../target/peers/{folder}/bin/python"));
                if !python.exists() {
                    return Err(format!("{} is missing: run .ci/peers", python.display()).into());
                }
                let mut command = Command::new(python);
                command.arg(workspace.join("peers").join(script));
                Ok(command)
            }
        }
    }
}

/// Runs each contender once a round and prints medians; ratios are to the first, round by round.
///
/// # Errors
///
/// When a program fails, or counts another number of records.
pub fn compare(
    title: &str,
    (records, delay): (u64, u64),
    contenders: &[Contender],
    rounds: usize,
) -> Result<()> {
    let counted = (records, records);
    compare_with(title, counted, delay, contenders, rounds, || Ok(None))
}

/// As [`compare`], of programs that write: `target` makes the argument of each run. `counted` are the records that the
/// server has, and those that a program should count.
///
/// # Errors
///
/// As those of [`compare`].
pub fn compare_with(
    title: &str,
    (records, counted): (u64, u64),
    delay: u64,
    contenders: &[Contender],
    rounds: usize,
    mut target: impl FnMut() -> Result<Option<String>>,
) -> Result<()> {
    let (mut server, base) = start_server(records, delay)?;
    let mut costs: Vec<Vec<Cost>> = vec![Vec::new(); contenders.len()];
    for round in 0..=rounds {
        for (contender, costs) in contenders.iter().zip(&mut costs) {
            let cost = cost_of(contender, &base, target()?)?;
            if cost.records != counted {
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

fn cost_of(contender: &Contender, base: &str, target: Option<String>) -> Result<Cost> {
    let output = contender
        .program
        .command()?
        .args([
            base,
            &contender.page.to_string(),
            &contender.concurrency.to_string(),
        ])
        .args(target)
        .stderr(Stdio::inherit())
        .output()?;
    let said = String::from_utf8(output.stdout)?;
    // Tools log before it.
    let line = said.lines().last().unwrap_or_default();
    Cost::parse(line).ok_or_else(|| format!("{} said {said:?}", contender.label).into())
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
