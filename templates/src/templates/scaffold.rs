//! A new connector's crate.

use tera::{Context, Tera};

use super::told;
use crate::Error;

/// What a new crate is called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scaffold {
    /// The package's name, with `-`.
    pub package: String,
    /// The source's name, with `_`.
    pub source: String,
    /// What the names of its environment variables begin with.
    pub env: String,
    /// The folder of the crate `rest-source`, to depend on by path; without one it depends on this
    /// version from the registry.
    pub runtime: Option<String>,
}

/// Names that cargo refuses, and those of crates that a new one uses.
const TAKEN: [&str; 9] = [
    "alloc",
    "build",
    "core",
    "deps",
    "proc_macro",
    "rest_source",
    "std",
    "test",
    "tokio",
];

impl Scaffold {
    /// For a name of lower-case letters, digits, `-` and `_` that begins with a letter.
    ///
    /// # Errors
    ///
    /// A name that is none for a package.
    pub fn named(name: &str) -> Result<Self, Error> {
        let is_name = name.starts_with(|c: char| c.is_ascii_lowercase())
            && name
                .chars()
                .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '_'));
        let source = name.replace('-', "_");
        if !is_name
            || syn::parse_str::<syn::Ident>(&source).is_err()
            || TAKEN.contains(&source.as_str())
        {
            return Err(Error::new(format!(
                "`{name}` is no name for a crate\n  \
                 help: take lower-case letters, digits, `-` and `_`, a letter first, and no word of Rust's own"
            )));
        }
        Ok(Self {
            package: name.to_owned(),
            env: source.to_uppercase(),
            source,
            runtime: None,
        })
    }
}

/// The templates of a new crate's files, by their paths in it.
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

/// The files of a new crate: their paths, with `/` between folders, and their texts.
///
/// # Errors
///
/// None that a name could cause; a defect in a template, else.
pub fn scaffold(names: &Scaffold) -> Result<Vec<(String, String)>, Error> {
    let mut context = Context::new();
    context.insert("package", &names.package);
    context.insert("source", &names.source);
    context.insert("env", &names.env);
    let runtime = match &names.runtime {
        Some(folder) => format!("path = {folder:?}"),
        None => format!("version = {:?}", env!("CARGO_PKG_VERSION")),
    };
    context.insert("runtime", &runtime);
    FILES
        .iter()
        .map(|(path, template)| {
            let text = Tera::one_off(template, &context, false).map_err(|error| told(&error))?;
            Ok((path.replace("SOURCE", &names.source), text))
        })
        .collect()
}
