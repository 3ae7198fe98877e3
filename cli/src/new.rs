//! `rest-source new`.

use std::{
    fs,
    path::{Path, PathBuf},
};

use rest_source_build::templates::{Scaffold, ScaffoldSpec, scaffold};
use rest_source_codegen::{compile, describe::json_schema};
use rest_source_dynamic::needs_no_rust;

use crate::{
    args::{Credentials, credentials},
    console::Console,
    context::Context,
    error::CommandError,
    import, infer,
    interrupt::{NetworkCommand, TokenRequests},
    spec,
};

/// Create a connector's crate: a first spec, a program, and a test that needs no network
#[derive(Debug, clap::Args)]
pub(crate) struct New {
    /// The crate's name: lower-case letters, digits, `-` and `_`
    name: String,
    /// Folder to create it in
    #[arg(
        long,
        value_name = "DIR",
        default_value = ".",
        hide_default_value = true
    )]
    path: PathBuf,
    /// The spec to start from, instead of a first one to edit: a spec, a document to import, such as
    /// `openapi:notes.json` or `airbyte:source-notes`, or the URL of a list, from whose pages it is inferred
    #[arg(long, value_name = "SPEC|FORMAT:FILE|URL")]
    from: Option<String>,
    /// The credentials of a URL, as for `infer`: `bearer`, `header:NAME` or `query:NAME`
    #[arg(long, value_name = "KIND", value_parser = credentials, requires = "from")]
    auth: Option<Credentials>,
    /// Folder with your own templates, by their paths in the crate; they override or extend the built-in ones
    #[arg(long, value_name = "DIR")]
    templates: Option<PathBuf>,
}

impl New {
    /// The URL that the spec is inferred from.
    fn url(&self) -> Option<&str> {
        let from = self.from.as_deref()?;
        let is_url = from.starts_with("https://") || from.starts_with("http://");
        is_url.then_some(from)
    }

    /// Whether it sends requests.
    pub(crate) fn is_inferred(&self) -> bool {
        self.url().is_some()
    }
}

/// A spec to start from.
struct FirstSpec {
    text: String,
    /// The text of the import, which the next import is merged with.
    imported: Option<String>,
}

/// The file with the schema of specs, beside the spec.
const SCHEMA: &str = "rest-source.schema.json";

/// Creates a crate whose spec is inferred from the pages of a URL.
pub(crate) fn fetch(args: New, context: &Context) -> NetworkCommand {
    let token_requests = TokenRequests::default();
    let requests = token_requests.clone();
    let context = context.clone();
    let future = async move {
        free_folder(&args)?;
        let url = args.url().unwrap_or_default();
        let text = infer::text_of_url(url, args.auth.clone(), &context, requests).await?;
        let from = FirstSpec {
            text,
            imported: None,
        };
        create(&args, Some(from), &context.console)
    };
    NetworkCommand {
        token_requests,
        ..NetworkCommand::new(future, "interrupted: nothing was written")
    }
}

pub(crate) fn run(args: &New, console: &Console) -> Result<(), CommandError> {
    if args.auth.is_some() {
        return Err(CommandError::usage(
            "`--auth` is for a URL\n  help: a spec names its credentials in `client.auth`",
        ));
    }
    free_folder(args)?;
    let from = args.from.as_deref().map(|from| read(from, console));
    create(args, from.transpose()?, console)
}

/// The names of the crate, whose folder does not exist yet, and this folder.
fn free_folder(args: &New) -> Result<(Scaffold, PathBuf), CommandError> {
    let names =
        Scaffold::new(&args.name).map_err(|error| CommandError::usage(error.to_string()))?;
    let folder = args.path.join(&names.package);
    if folder.exists() {
        return Err(CommandError::usage(format!(
            "`{}` already exists\n  help: use another name, or `--path` for another folder",
            folder.display()
        )));
    }
    Ok((names, folder))
}

fn create(args: &New, from: Option<FirstSpec>, console: &Console) -> Result<(), CommandError> {
    let usage = |error: rest_source_build::Error| CommandError::usage(error.to_string());
    let (mut names, folder) = free_folder(args)?;
    names.runtime = runtime();
    let shown = folder.display();
    let mut rust = None;
    let mut imported = None;
    if let Some(from) = from {
        let (spec, names_rust) = spec_of(from.text, &names.source)?;
        names.spec = Some(spec);
        rust = names_rust;
        imported = from.imported;
    }
    let mut files = scaffold(&names, args.templates.as_deref()).map_err(usage)?;
    files.insert(format!("specs/{SCHEMA}"), json_schema());
    if let Some(text) = imported {
        let spec = format!("specs/{}.yaml", names.source);
        let base = import::base_of(Path::new(&spec));
        files.insert(base.to_string_lossy().into_owned(), text);
    }
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

/// Reads the spec, or the document to import, that `--from` names.
fn read(from: &str, console: &Console) -> Result<FirstSpec, CommandError> {
    if let Some(imported) = import::of_argument(from)? {
        import::list(&imported, console);
        let text = imported.text();
        return Ok(FirstSpec {
            text: text.clone(),
            imported: Some(text),
        });
    }
    let text = spec::text(Path::new(from))?;
    // Mistakes are those of the user's file: that of the new crate does not exist yet.
    let compiled = compile(from, &text);
    if compiled.connector.is_none() {
        return Err(CommandError::invalid(compiled.diagnostics.messages()));
    }
    Ok(FirstSpec {
        text,
        imported: None,
    })
}

/// A spec with the line by which editors find the schema, and the path of Rust code that it names, if it does.
fn spec_of(text: String, source: &str) -> Result<(ScaffoldSpec, Option<String>), CommandError> {
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
    let features = plan.features().into_iter().collect();
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
