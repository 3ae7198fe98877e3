//! `rest-source generate`.

use rest_source_build::{Builder, Error, ErrorKind};

use crate::{args::Generate, console::Console, stop::Stop};

pub(crate) fn run(args: &Generate, console: &Console) -> Result<(), Stop> {
    // Paths are from where the user is, whatever crate cargo runs this for.
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
    for warning in done.map_err(|error| stop(&error))? {
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

fn stop(error: &Error) -> Stop {
    let messages = error.messages().map(str::to_owned);
    let stop = match error.kind() {
        ErrorKind::Input => Stop::usage,
        ErrorKind::Output => Stop::failed,
        _ => |message| Stop::wrong(vec![message]),
    };
    let stops = messages.map(stop).reduce(Stop::and);
    stops.unwrap_or_else(|| Stop::wrong(Vec::new()))
}
