//! `rest-source completions`.

use clap::CommandFactory;

use crate::{
    args::{Args, Completions},
    console::Console,
    error::CommandError,
};

/// Prints the completion script of a shell.
pub(crate) fn run(args: &Completions, console: &Console) -> Result<(), CommandError> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Args::command(), "rest-source", &mut script);
    console.print(&script)?;
    Ok(())
}
