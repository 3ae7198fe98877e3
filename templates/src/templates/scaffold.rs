//! A new connector's crate.

use std::{collections::BTreeMap, path::Path};

use tera::{Context, Tera};

use super::{files, template_error};
use crate::Error;

/// The names of a new crate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scaffold {
    /// The package's name, with `-`.
    pub package: String,
    /// The source's name, with `_`.
    pub source: String,
    /// The prefix of its environment variables.
    pub env: String,
    /// The folder of the crate `rest-source` for a path dependency; `None` for this version from the registry.
    pub runtime: Option<String>,
    /// The spec; `None` for a first one to edit.
    pub spec: Option<ScaffoldSpec>,
}

/// The spec of a new crate.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ScaffoldSpec {
    /// Its text.
    pub text: String,
    /// The environment variables without which it does not run.
    pub variables: Vec<String>,
    /// The features of `rest-source` that it needs.
    pub features: Vec<&'static str>,
}

/// Names that cargo rejects, and names of the new crate's dependencies.
const RESERVED: [&str; 10] = [
    "alloc",
    "build",
    "core",
    "deps",
    "proc_macro",
    "rest_source",
    "rest_source_mock",
    "std",
    "test",
    "tokio",
];

impl Scaffold {
    /// Derives the names from a package name of lower-case letters, digits, `-` and `_` that begins with a letter.
    ///
    /// # Errors
    ///
    /// When the name is not a valid package name.
    pub fn new(name: &str) -> Result<Self, Error> {
        let is_name = name.starts_with(|c: char| c.is_ascii_lowercase())
            && name
                .chars()
                .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '_'));
        let source = name.replace('-', "_");
        if !is_name
            || syn::parse_str::<syn::Ident>(&source).is_err()
            || RESERVED.contains(&source.as_str())
        {
            return Err(Error::input(format!(
                "`{name}` is not a valid crate name\n  \
                 help: use lower-case letters, digits, `-` and `_`, with a letter first, and no Rust keyword"
            )));
        }
        Ok(Self {
            package: name.to_owned(),
            env: source.to_uppercase(),
            source,
            runtime: None,
            spec: None,
        })
    }
}

/// The templates of a new crate's files, by their paths in the crate.
const FILES: [(&str, &str); 6] = [
    (
        "Cargo.toml",
        include_str!("../../templates/crate/Cargo.toml.tera"),
    ),
    ("README.md", include_str!("../../templates/crate/README.md")),
    (
        "src/lib.rs",
        include_str!("../../templates/crate/lib.rs.tera"),
    ),
    (
        "src/main.rs",
        include_str!("../../templates/crate/main.rs.tera"),
    ),
    (
        "specs/SOURCE.yaml",
        include_str!("../../templates/crate/spec.yaml"),
    ),
    (
        "tests/pages/items.json",
        include_str!("../../templates/crate/items.json"),
    ),
];

/// Those of a crate whose spec is given.
const FILES_OF_SPEC: [(&str, &str); 4] = [
    (
        "Cargo.toml",
        include_str!("../../templates/crate_of_spec/Cargo.toml.tera"),
    ),
    (
        "README.md",
        include_str!("../../templates/crate_of_spec/README.md"),
    ),
    (
        "src/lib.rs",
        include_str!("../../templates/crate_of_spec/lib.rs.tera"),
    ),
    (
        "src/main.rs",
        include_str!("../../templates/crate_of_spec/main.rs.tera"),
    ),
];

/// Renders the files of a new crate: their paths, with `/` as separator, and texts.
///
/// Each file but a given spec is a Tera template with the variables `package`, `source`, `env`, `runtime`, `mock`,
/// `load`, `features` and `variables`. The three in the middle are the dependencies on `rest-source`,
/// `rest-source-mock` and `rest-source-load` in `Cargo.toml`. `SOURCE` in a path is the source's name. Files in the user's folder override those of the same path, or are added.
///
/// # Errors
///
/// When the folder or a file in it cannot be read, or a template uses an unknown variable. The error has the line.
pub fn scaffold(
    names: &Scaffold,
    folder: Option<&Path>,
) -> Result<BTreeMap<String, String>, Error> {
    let mut context = Context::new();
    context.insert("package", &names.package);
    context.insert("source", &names.source);
    context.insert("env", &names.env);
    let dependency = |beside: &str| match &names.runtime {
        Some(folder) => format!("path = {:?}", format!("{folder}{beside}")),
        None => format!("version = {:?}", env!("CARGO_PKG_VERSION")),
    };
    context.insert("runtime", &dependency(""));
    context.insert("mock", &dependency("/../mock"));
    context.insert("load", &dependency("/../load"));
    let spec = names.spec.as_ref();
    let features: Vec<String> = spec
        .iter()
        .flat_map(|spec| &spec.features)
        .map(|name| format!("{name:?}"))
        .collect();
    context.insert(
        "features",
        &match features.as_slice() {
            [] => String::new(),
            features => format!(", features = [{}]", features.join(", ")),
        },
    );
    let variables = spec.iter().flat_map(|spec| &spec.variables);
    let assignments: Vec<String> = variables.map(|name| format!("{name}=… ")).collect();
    context.insert("variables", &assignments.concat());
    let built_in = match spec {
        Some(_) => &FILES_OF_SPEC[..],
        None => &FILES,
    };
    let built_in = built_in
        .iter()
        .map(|(path, text)| ((*path).to_owned(), (*text).to_owned()));
    let mut templates: BTreeMap<String, String> = built_in.collect();
    if let Some(folder) = folder {
        templates.extend(files_below(folder)?);
    }
    let mut rendered: BTreeMap<String, String> = templates
        .into_iter()
        .map(|(path, template)| {
            let mut tera = Tera::default();
            tera.autoescape_on(Vec::<&str>::new());
            let text = tera
                .add_raw_template(&path, &template)
                .and_then(|()| tera.render(&path, &context))
                .map_err(|error| template_error(&error))?;
            Ok((path.replace("SOURCE", &names.source), text))
        })
        .collect::<Result<_, Error>>()?;
    if let Some(spec) = spec {
        rendered.insert(format!("specs/{}.yaml", names.source), spec.text.clone());
    }
    Ok(rendered)
}

/// The files of a folder, recursively, by their relative paths.
fn files_below(folder: &Path) -> Result<Vec<(String, String)>, Error> {
    let mut found = files(folder)?;
    let unread = |error| Error::input(format!("cannot read `{}`: {error}", folder.display()));
    for entry in std::fs::read_dir(folder).map_err(unread)? {
        let path = entry.map_err(unread)?.path();
        if let Some(name) = path.file_name().and_then(|name| name.to_str())
            && path.is_dir()
        {
            let within = files_below(&path)?.into_iter();
            found.extend(within.map(|(file, text)| (format!("{name}/{file}"), text)));
        }
    }
    Ok(found)
}
