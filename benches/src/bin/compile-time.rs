//! What a connector costs a user's crate to compile, beside the same structs under serde's derive.
//!
//! `cargo run -p rest-source-benches --bin compile-time [RESOURCES …]` makes a crate for
//! each number of resources (1, 10, 100 and 1,000 unless said otherwise), 15 columns each, checks and
//! builds it with the dependencies ready, and prints CPU seconds with those of an empty crate taken
//! off. Run it without `--release` to see the expansion as the macro makes it in a debug build. The absolute times are the machine's; the ratio is ours.

use std::{
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
    process::Command,
    time::Instant,
};

use nix::sys::{
    resource::{UsageWho, getrusage},
    time::TimeValLike,
};
use quote::quote;
use rest_source_benches::say;
use rest_source_codegen::attribute::expand;

type Result<T, E = Box<dyn std::error::Error>> = std::result::Result<T, E>;

/// Runs of each command; the least is taken, as whatever disturbs a compiler only adds to it.
const RUNS: usize = 3;

fn main() -> Result<()> {
    let words = std::env::args().skip(1);
    let mut sizes = words
        .map(|word| word.parse())
        .collect::<Result<Vec<usize>, _>>()?;
    if sizes.is_empty() {
        sizes = vec![1, 10, 100, 1000];
    }
    let bench = Bench::new()?;

    let alone = clean(&bench.alone, &bench.alone.join("target"))?;
    let beside = clean(&bench.root, &bench.root.join("chain"))?;
    say(&format!(
        "the macro and all it depends on, clean debug build: {alone:.1} s of CPU\n\
         the same where others of a user's crate want more of syn: {beside:.1} s of CPU\n"
    ));

    say("CPU seconds, 15 columns a resource   ours   serde   ratio");
    for size in sizes {
        if size <= 100 {
            say(&format!(
                "{size:>5} resources  expansion          {:>7.3}",
                expansion(size)
            ));
        }
        for command in ["check", "build"] {
            let empty = bench.cost(command, "// nothing\n", None)?;
            let ours = bench.cost(command, OURS, Some(&spec(size)))? - empty;
            let serde = bench.cost(command, &serde_structs(size), None)? - empty;
            let ratio = ours / serde;
            say(&format!(
                "{size:>5} resources  {command:<17}  {ours:>7.2} {serde:>7.2} {ratio:>7.2}"
            ));
        }
    }
    Ok(())
}

const OURS: &str = "#[rest_source::rest_source(\"spec.yaml\")]\npub mod connector {}\n";

/// A crate that is made again and again.
struct Bench {
    root: PathBuf,
    target: PathBuf,
    /// A crate that depends on the macro and on nothing else.
    alone: PathBuf,
}

impl Bench {
    fn new() -> Result<Self> {
        let workspace = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("..")
            .canonicalize()?;
        let root = workspace.join("target/compile-time");
        let alone = root.join("alone");
        let macros = workspace.join("macros").display().to_string();
        make_crate(
            &alone,
            &format!("rest-source-macros = {{ path = {macros:?} }}\n"),
        )?;
        let runtime = workspace.join("runtime").display().to_string();
        let dependencies = format!(
            "rest-source = {{ path = {runtime:?}, default-features = false, features = [\"macros\"] \
             }}\nserde = {{ version = \"1\", features = [\"derive\"] }}\nserde_json = \"1\"\njiff = {{ \
             version = \"0.2\", features = [\"serde\"] }}\n"
        );
        make_crate(&root, &dependencies)?;
        for folder in [&root, &alone] {
            fs::copy(workspace.join("Cargo.lock"), folder.join("Cargo.lock"))?;
        }
        Ok(Self {
            target: root.join("target"),
            root,
            alone,
        })
    }

    /// The CPU seconds of a cargo command on a crate of this source, the least of some runs.
    fn cost(&self, command: &str, source: &str, spec: Option<&str>) -> Result<f64> {
        let lib = self.root.join("src/lib.rs");
        if let Some(spec) = spec {
            fs::write(self.root.join("spec.yaml"), spec)?;
        }
        let mut least = f64::INFINITY;
        for run in 0..=RUNS {
            fs::write(&lib, format!("{source}// {run}\n"))?;
            let cost = cargo(&self.root, &[command], &self.target)?;
            if run > 0 {
                least = least.min(cost); // the first may build the dependencies
            }
        }
        Ok(least)
    }
}

/// A crate without code, and in a workspace of its own.
fn make_crate(folder: &Path, dependencies: &str) -> Result<()> {
    let package = "[package]\nname = \"user\"\nversion = \"0.0.0\"\nedition = \"2024\"\n";
    fs::create_dir_all(folder.join("src"))?;
    fs::write(folder.join("src/lib.rs"), "")?;
    let manifest = format!("{package}\n[workspace]\n\n[dependencies]\n{dependencies}");
    Ok(fs::write(folder.join("Cargo.toml"), manifest)?)
}

/// The CPU seconds of building the macro crate and its dependencies from nothing, as a crate has them,
/// the least of some runs.
fn clean(folder: &Path, target: &Path) -> Result<f64> {
    let mut least = f64::INFINITY;
    for _ in 0..RUNS {
        let _ = fs::remove_dir_all(target);
        least = least.min(cargo(
            folder,
            &["build", "-p", "rest-source-macros"],
            target,
        )?);
    }
    Ok(least)
}

/// The CPU seconds of a cargo command.
fn cargo(folder: &Path, arguments: &[&str], target: &Path) -> Result<f64> {
    let before = children()?;
    let output = Command::new(env!("CARGO"))
        .args(arguments)
        .current_dir(folder)
        .env("CARGO_TARGET_DIR", target)
        .env("CARGO_INCREMENTAL", "0")
        .output()?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into_owned().into());
    }
    Ok(children()? - before)
}

/// CPU seconds of all children so far.
fn children() -> Result<f64> {
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN)?;
    let micros = usage.user_time().num_microseconds() + usage.system_time().num_microseconds();
    #[allow(clippy::cast_precision_loss)] // far below 2^53
    Ok(micros as f64 / 1e6)
}

/// Seconds from a spec's text to tokens, in this program, the least of some runs.
fn expansion(size: usize) -> f64 {
    let text = spec(size);
    let mut least = f64::INFINITY;
    for _ in 0..RUNS {
        let start = Instant::now();
        let tokens = expand(
            quote!("spec.yaml"),
            quote!(
                pub mod connector {}
            ),
            &|_| Ok(text.clone().into()),
        );
        least = least.min(start.elapsed().as_secs_f64());
        drop(std::hint::black_box(tokens));
    }
    least
}

/// The columns of every resource: name, type in a spec, type in Rust.
const COLUMNS: [(&str, &str, &str); 15] = [
    ("id", "text!", "String"),
    ("name", "text!", "String"),
    ("title", "text", "Option<String>"),
    ("note", "text", "Option<String>"),
    ("value", "bigint!", "i64"),
    ("count", "bigint", "Option<i64>"),
    ("rank", "bigint", "Option<i64>"),
    ("score", "double!", "f64"),
    ("share", "double", "Option<f64>"),
    ("active", "bool!", "bool"),
    ("reviewed", "bool", "Option<bool>"),
    ("created_at", "timestamp!", "jiff::Timestamp"),
    ("updated_at", "timestamp", "Option<jiff::Timestamp>"),
    (
        "tags",
        "{ data_type: array, items: text!, nullable: false }",
        "Vec<String>",
    ),
    ("extra", "json", "Option<serde_json::Value>"),
];

fn spec(size: usize) -> String {
    let mut text = String::from(
        "name: connector\nclient:\n  base_url: https://api.example.com\nresource_defaults:\n  \
         primary_key: id\n  write_disposition: merge\n  endpoint:\n    data_selector: data\n    \
         paginator: { type: offset, limit: 100 }\nresources:\n",
    );
    for n in 0..size {
        let _ = writeln!(text, "  - name: resource_{n}\n    columns:");
        for (name, in_spec, _) in COLUMNS {
            let _ = writeln!(text, "      {name}: {in_spec}");
        }
    }
    text
}

fn serde_structs(size: usize) -> String {
    let mut text = String::from("use serde::Deserialize;\n");
    for n in 0..size {
        let _ = writeln!(
            text,
            "#[derive(Clone, Debug, PartialEq, Deserialize)]\npub struct Resource{n} {{"
        );
        for (name, _, in_rust) in COLUMNS {
            let _ = writeln!(text, "    pub {name}: {in_rust},");
        }
        let _ = writeln!(
            text,
            "}}\npub fn resource_{n}(page: &[u8]) -> serde_json::Result<Vec<Resource{n}>> {{ \
             serde_json::from_slice(page) }}"
        );
    }
    text
}
