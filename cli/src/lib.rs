//! The `rest-source` command: checks connector specs, generates Rust from them, and runs them without
//! a compiler.
//!
//! It is a library so that a test can reach what the command is made of: [`plan()`], above all, which
//! has to be what generated code holds, and [`run()`], which is the command within a process.

mod args;
mod check;
mod completions;
mod console;
mod context;
mod explain;
mod fetch;
mod file;
mod format;
mod generate;
mod interrupt;
mod load;
mod make;
mod new;
mod param;
mod plan;
mod run;
mod spec;
mod spec_files;
mod state;
mod stop;
mod token;

use std::{ffi::OsString, process::ExitCode};

use clap::Parser;

use args::{Args, Command};
use console::Console;
use run::Work;
use stop::Stop;

pub use context::{Context, Output};
pub use plan::{NeedsCompiler, plan};

/// Runs the command of the process's arguments, until it is done or interrupted.
pub fn main() -> ExitCode {
    let context = Context::default();
    let done = match start(Args::parse().command, &context) {
        Started::Done(done) => done,
        Started::Work(work) => run::to_the_end(work),
    };
    exit_code(done, &context.console).into()
}

/// Runs the command of these arguments, the first of which is its name, within this process, and
/// returns the code it exits with. Dropping the future interrupts it.
pub async fn run<T>(args: impl IntoIterator<Item = T>, context: &Context) -> u8
where
    T: Into<OsString> + Clone,
{
    let args = match Args::try_parse_from(args) {
        Ok(args) => args,
        Err(error) => {
            context.console.say(error.render());
            return u8::try_from(error.exit_code()).unwrap_or(u8::MAX);
        }
    };
    let done = match start(args.command, context) {
        Started::Done(done) => done,
        Started::Work(work) => work.doing.await,
    };
    exit_code(done, &context.console)
}

/// A command, run to its end or as far as it goes without waiting.
enum Started {
    Done(Result<(), Stop>),
    Work(Work),
}

fn start(command: Command, context: &Context) -> Started {
    let console = &context.console;
    Started::Done(match command {
        Command::Check(check) => check::run(&check, console),
        Command::Generate(generate) => generate::run(&generate, console),
        Command::Docs(docs) => make::docs(&docs, console),
        Command::Ddl(ddl) => make::ddl(&ddl, console),
        Command::New(new) => new::run(&new, console),
        Command::Schema => make::schema(console),
        Command::Explain(explain) => explain::run(&explain, console),
        Command::Completions(completions) => completions::run(&completions, console),
        Command::Fetch(fetch) => return Started::Work(fetch::run(fetch, context)),
        Command::Load(load) => return Started::Work(load::run(load, context)),
    })
}

/// Prints the error, if there is one, and returns the exit code.
fn exit_code(done: Result<(), Stop>, console: &Console) -> u8 {
    match done {
        Ok(()) => 0,
        Err(stop) => stop.report(console),
    }
}
