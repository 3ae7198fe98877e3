//! `rest-source generate`.

use rest_source_build::{Builder, Error, ErrorKind};

use crate::{args::Generate, console::Console, error::CommandError};

pub(crate) fn run(args: &Generate, console: &Console) -> Result<(), CommandError> {
    // Paths are relative to the current folder, not to a crate.
    let mut builder = Builder::new()
        .manifest_dir("")
        .any_path()
        .out_dir(&args.out);
    if let Some(folder) = &args.templates {
        builder = builder.templates(folder);
    }
    let specs = args.specs.iter();
    let builder = specs.fold(builder, Builder::spec);
    let done = if args.check {
        builder.check()
    } else {
        builder.try_generate()
    };
    for warning in done.map_err(|error| command_error(&error))? {
        console.warning(warning + "\n");
    }
    let files = args.specs.len();
    let s = if files == 1 { "" } else { "s" };
    console.say(format_args!(
        "{files} file{s} up to date in {}",
        args.out.display()
    ));
    Ok(())
}

fn command_error(error: &Error) -> CommandError {
    let messages = error.messages().map(str::to_owned);
    let new = match error.kind() {
        ErrorKind::Input => CommandError::usage,
        ErrorKind::Output => CommandError::failed,
        _ => |message| CommandError::invalid(vec![message]),
    };
    let errors = messages.map(new).reduce(CommandError::and);
    errors.unwrap_or_else(|| CommandError::invalid(Vec::new()))
}
