//! The `rest-source` command: checks connector specs, generates Rust from them, and runs them without
//! a compiler.
//!
//! A library for tests: [`run()`] runs the command within the process.

mod args;
mod budget;
mod check;
mod completions;
mod console;
mod context;
#[cfg(feature = "mock")]
mod demo;
mod destination;
mod diff;
mod doctor;
mod error;
mod exchange;
mod explain;
mod fetch;
mod file;
mod format;
mod generate;
mod import;
mod infer;
mod interrupt;
mod load;
mod lock;
mod logs;
#[cfg(feature = "lsp")]
mod lsp;
mod man;
#[cfg(feature = "mock")]
mod mock;
mod new;
mod observer;
mod param;
mod print;
mod printable;
mod progress;
mod project;
mod refresh_token_file;
mod rejects;
#[cfg(feature = "mock")]
mod replay;
mod report;
mod runs_page;
mod secrets;
mod several;
mod source_load;
mod spec;
mod spec_files;
#[cfg(feature = "sql")]
mod sql;
mod state;
mod state_file;
mod status;
mod telemetry;
mod variables;
mod verify;
mod work;

use std::{ffi::OsString, process::ExitCode};

use clap::Parser;

use args::{Args, Command};
use console::Console;
use error::CommandError;
use interrupt::NetworkCommand;
use logs::LogOptions;
use report::RunReport;
use work::WorkCommand;

pub use context::{Context, Output};

/// Runs the command with the process's arguments until it ends or is interrupted.
pub fn main() -> ExitCode {
    let context = Context::default();
    let done = match start(Args::parse().command, &context) {
        Started::Done(done) => done,
        Started::Network(command) => {
            let report = command.report.clone();
            reported(interrupt::run(command), report, &context)
        }
    };
    exit_code(done, &context.console).into()
}

/// Runs the command with these arguments within this process, and returns its exit code. The first argument is
/// the command's name. Dropping the future interrupts the command.
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
        Started::Network(command) => {
            let report = command.report.clone();
            let done = command.future.await;
            command.telemetry.end(&done).await;
            reported(done, report, context)
        }
    };
    exit_code(done, &context.console)
}

/// A command that has ended, or one that sends requests and still has to run.
enum Started {
    Done(Result<(), CommandError>),
    Network(NetworkCommand),
}

fn start(command: Command, context: &Context) -> Started {
    let console = &context.console;
    Started::Done(match command {
        Command::Check(check) => check::run(&check, console),
        Command::Generate(generate) => generate::run(&generate, console),
        Command::Docs(docs) => print::docs(&docs, console),
        Command::Ddl(ddl) => print::ddl(&ddl, console),
        Command::Diff(diff) => diff::run(&diff, console),
        Command::Import(import) => import::run(&import, console),
        Command::Infer(infer) if infer.from.is_empty() => {
            let logs = infer.logs.clone();
            return logged("infer", &logs, infer::fetch(infer, context), context);
        }
        Command::Infer(infer) => infer::run(&infer, context),
        Command::New(new) if new.is_inferred() => {
            return Started::Network(new::fetch(new, context));
        }
        Command::New(new) => new::run(&new, console),
        Command::Schema(schema) => print::schema(&schema, console),
        Command::Explain(explain) => explain::run(&explain, console),
        Command::Completions(completions) => completions::run(&completions, console),
        Command::Man(man) => man::run(&man, console),
        #[cfg(feature = "lsp")]
        Command::Lsp => lsp::run(),
        #[cfg(feature = "mock")]
        Command::Demo(demo) => return Started::Network(demo::run(demo, context)),
        #[cfg(feature = "mock")]
        Command::Mock(mock) => return Started::Network(mock::run(mock, context)),
        #[cfg(feature = "mock")]
        Command::Test(test) => return Started::Network(replay::run(test, context)),
        Command::Doctor(doctor) => return Started::Network(doctor::run(doctor, context)),
        Command::Secrets(secrets) => return Started::Network(secrets::run(secrets, context)),
        Command::Report(report) => return Started::Network(runs_page::run(report, context)),
        Command::Status(status) => return Started::Network(status::run(status, context)),
        Command::Rejects(rejects) => return Started::Network(rejects::run(rejects, context)),
        Command::State(state) => return Started::Network(state::run(state, context)),
        Command::Fetch(fetch) => {
            let logs = fetch.logs.clone();
            match fetch::run(fetch, context) {
                Ok(command) => return logged("fetch", &logs, command, context),
                Err(error) => Err(error),
            }
        }
        Command::Load(load) => {
            let logs = load.logs.clone();
            match load::run(load, context) {
                Ok(command) => return logged("load", &logs, command, context),
                Err(error) => Err(error),
            }
        }
        Command::Verify(verify) => {
            let logs = verify.logs.clone();
            match verify::run(verify, context) {
                Ok(command) => return logged("verify", &logs, command, context),
                Err(error) => Err(error),
            }
        }
        Command::Work(work) => {
            let logs = match &work {
                WorkCommand::Plan(plan) => Some(plan.logs.clone()),
                WorkCommand::Run(run) => Some(run.logs.clone()),
                WorkCommand::Status(_) => None,
            };
            let command = work::run(work, context);
            return match logs {
                Some(logs) => logged("work", &logs, command, context),
                None => Started::Network(command),
            };
        }
        #[cfg(feature = "sql")]
        Command::Sql(sql) => {
            let logs = sql.logs.clone();
            return logged("sql", &logs, sql::run(sql, context), context);
        }
        Command::Run(run) => {
            let logs = run.logs.clone();
            match project::run(run, context) {
                Ok(command) => return logged("run", &logs, command, context),
                Err(error) => Err(error),
            }
        }
    })
}

/// Ends the report of a run, if it has one.
fn reported(
    done: Result<(), CommandError>,
    report: Option<RunReport>,
    context: &Context,
) -> Result<(), CommandError> {
    match report {
        Some(report) => report.end(done, context),
        None => done,
    }
}

/// A command of this name that writes these logs.
fn logged(
    name: &'static str,
    logs: &LogOptions,
    command: NetworkCommand,
    context: &Context,
) -> Started {
    match logs.attach(name, command, context) {
        Ok(command) => Started::Network(command),
        Err(error) => Started::Done(Err(error)),
    }
}

/// Prints the error, if there is one, and returns the exit code.
fn exit_code(done: Result<(), CommandError>, console: &Console) -> u8 {
    match done {
        Ok(()) => 0,
        Err(error) => error.report(console),
    }
}
