//! `rest-source new`.

use std::{fs, path::Path};

use rest_source_build::templates::{Scaffold, ScaffoldSpec, scaffold};
use rest_source_codegen::{compile, describe::json_schema};
use rest_source_dynamic::needs_no_rust;

use crate::{args::New, console::Console, error::CommandError, import, spec};

/// The file with the schema of specs, beside the spec.
const SCHEMA: &str = "rest-source.schema.json";

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
    let mut rust = None;
    if let Some(from) = &args.from {
        let (spec, names_rust) = spec_from(from, &names.source, console)?;
        names.spec = Some(spec);
        rust = names_rust;
    }
    let mut files = scaffold(&names, args.templates.as_deref()).map_err(usage)?;
    files.insert(format!("specs/{SCHEMA}"), json_schema());
    for (path, text) in files {
        let file = folder.join(path);
        let parent = file.parent().unwrap_or(&folder);
        fs::create_dir_all(parent)
            .and_then(|()| fs::write(&file, text))
            .map_err(|error| {
                CommandError::failed(format!("cannot write `{}`: {error}", file.display()))
            })?;
    }
    let source = &names.source;
    console.say(match (&rust, args.from.is_some()) {
        (Some(path), _) => format!(
            "created `{shown}`: its spec names Rust code, so write `{path}` in `src/lib.rs` before `cargo test`"
        ),
        (None, true) => {
            format!("created `{shown}`: its `cargo test` needs no network; read `specs/{source}.yaml` next")
        }
        (None, false) => {
            format!("created `{shown}`: its `cargo test` needs no network; edit `specs/{source}.yaml` next")
        }
    });
    Ok(())
}

/// The spec that `--from` names, with the line by which editors find the schema, and the path of Rust code that it
/// names, if it does.
fn spec_from(
    from: &str,
    source: &str,
    console: &Console,
) -> Result<(ScaffoldSpec, Option<String>), CommandError> {
    let text = match import::of_argument(from)? {
        Some(imported) => {
            let text = imported.text();
            import::list(&imported, console);
            text
        }
        None => spec::text(Path::new(from))?,
    };
    let schema = "# yaml-language-server: $schema=";
    let text = if text.contains(schema) {
        text
    } else {
        format!("{schema}{SCHEMA}\n{text}")
    };
    let compiled = compile(&format!("specs/{source}.yaml"), &text);
    let Some(connector) = compiled.connector else {
        return Err(CommandError::invalid(compiled.diagnostics.messages()));
    };
    let plan = &connector.plan;
    let mut features: Vec<&str> = plan
        .resources
        .iter()
        .flat_map(|one| one.decoder.features())
        .collect();
    features.extend(plan.has_digest().then_some("digest"));
    features.extend(plan.jwts().next().map(|_| "jwt"));
    features.sort_unstable();
    features.dedup();
    let secrets = plan.secrets.iter().map(|secret| secret.env.to_string());
    let needed = plan
        .config
        .iter()
        .filter(|one| one.default.is_none() && !one.optional);
    let variables = secrets.chain(needed.map(|one| one.env.to_string()));
    let spec = ScaffoldSpec {
        text,
        variables: variables.collect(),
        features,
    };
    Ok((spec, needs_no_rust(plan).err().map(|needs| needs.path)))
}

/// The source folder of the runtime that this command was built from, if it still exists. The new crate then
/// depends on it by path, and not on a crate of that name from a registry.
fn runtime() -> Option<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../runtime");
    let folder = folder.canonicalize().ok()?;
    folder.to_str().map(str::to_owned)
}
