//! `rest-source new`.

use std::{fs, path::Path};

use rest_source_build::templates::{Scaffold, scaffold};

use crate::{args::New, console::Console, error::CommandError};

pub(crate) fn run(args: &New, console: &Console) -> Result<(), CommandError> {
    let usage = |error: rest_source_build::Error| CommandError::usage(error.to_string());
    let mut names = Scaffold::new(&args.name).map_err(usage)?;
    names.runtime = runtime();
    let folder = args.path.join(&names.package);
    let shown = folder.display();
    if folder.exists() {
        return Err(CommandError::usage(format!(
            "`{shown}` already exists\n  help: use another name, or `--path` for another folder"
        )));
    }
    for (path, text) in scaffold(&names, args.templates.as_deref()).map_err(usage)? {
        let file = folder.join(path);
        let parent = file.parent().unwrap_or(&folder);
        fs::create_dir_all(parent)
            .and_then(|()| fs::write(&file, text))
            .map_err(|error| {
                CommandError::failed(format!("cannot write `{}`: {error}", file.display()))
            })?;
    }
    console.say(format_args!(
        "created `{shown}`: its `cargo test` needs no network; edit `specs/{}.yaml` next",
        names.source
    ));
    Ok(())
}

/// The source folder of the runtime that this command was built from, if it still exists. The new crate then
/// depends on it by path, and not on a crate of that name from a registry.
fn runtime() -> Option<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../runtime");
    let folder = folder.canonicalize().ok()?;
    folder.to_str().map(str::to_owned)
}
