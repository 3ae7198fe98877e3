//! The `rest-source` command: checks connector specs, generates Rust from them, and runs them without
//! a compiler.
//!
//! It is a library so that a test can reach what the command is made of: [`plan()`], above all, which
//! has to be what generated code holds.

mod args;
mod check;
mod completions;
mod console;
mod explain;
mod fetch;
mod file;
mod format;
mod generate;
mod load;
mod make;
mod new;
mod param;
mod plan;
mod run;
mod spec;
mod state;
mod stop;
mod token;

use std::process::ExitCode;

use clap::Parser;

use args::{Args, Command};
pub use plan::{NeedsCompiler, plan};

/// Runs the command of the process's arguments.
pub fn main() -> ExitCode {
    let done = match Args::parse().command {
        Command::Check(check) => check::run(&check),
        Command::Generate(generate) => generate::run(&generate),
        Command::Docs(docs) => make::docs(&docs),
        Command::Ddl(ddl) => make::ddl(&ddl),
        Command::New(new) => new::run(&new),
        Command::Schema => make::schema(),
        Command::Explain(explain) => explain::run(&explain),
        Command::Completions(completions) => completions::run(&completions),
        Command::Fetch(fetch) => run::to_the_end(fetch::run(fetch)),
        Command::Load(load) => run::to_the_end(load::run(load)),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(stop) => stop.report(),
    }
}
