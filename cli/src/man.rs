//! `rest-source man`.

use std::{fs, path::PathBuf};

use clap::CommandFactory as _;

use crate::{args::Args, console::Console, error::CommandError, spec::shown};

/// Write the man pages: one of the command, and one of each subcommand
///
/// Packages install them in `share/man/man1`; `man -l DIR/rest-source-load.1` shows one of them.
#[derive(Debug, clap::Args)]
pub(crate) struct Man {
    /// Folder to write them to; created if missing
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
}

/// Writes the man pages.
pub(crate) fn run(args: &Man, console: &Console) -> Result<(), CommandError> {
    let folder = shown(&args.out);
    fs::create_dir_all(&args.out)
        .and_then(|()| clap_mangen::generate_to(Args::command(), &args.out))
        .map_err(|error| CommandError::usage(format!("cannot write to `{folder}`: {error}")))?;
    console.say(format_args!("man pages written to `{folder}`"));
    Ok(())
}
