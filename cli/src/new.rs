//! `rest-source new`.

use std::{fs, path::Path};

use rest_source_build::templates::{Scaffold, scaffold};

use crate::{args::New, console::Console, stop::Stop};

pub(crate) fn run(args: &New, console: &Console) -> Result<(), Stop> {
    let usage = |error: rest_source_build::Error| Stop::usage(error.to_string());
    let mut names = Scaffold::named(&args.name).map_err(usage)?;
    names.runtime = runtime();
    let folder = args.path.join(&names.package);
    let shown = folder.display();
    if folder.exists() {
        return Err(Stop::usage(format!(
            "`{shown}` is there already\n  help: take another name, or `--path` for another folder"
        )));
    }
    for (path, text) in scaffold(&names, args.templates.as_deref()).map_err(usage)? {
        let file = folder.join(path);
        let parent = file.parent().unwrap_or(&folder);
        fs::create_dir_all(parent)
            .and_then(|()| fs::write(&file, text))
            .map_err(|error| Stop::failed(format!("cannot write `{}`: {error}", file.display())))?;
    }
    console.say(format_args!(
        "made `{shown}`: `cargo test` in it needs no network; `specs/{}.yaml` is where to go on",
        names.source
    ));
    Ok(())
}

/// The folder of the runtime that this command was built beside, if it is still there: a new crate
/// then builds at once, and takes no stranger's crate of that name.
fn runtime() -> Option<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../runtime");
    let folder = folder.canonicalize().ok()?;
    folder.to_str().map(str::to_owned)
}
