//! The build-time generator: connector specs in, formatted Rust out.
//!
//! It makes the same code as the attribute `#[rest_source]`, as a file, for those who want it checked
//! in, or no procedural macro in their build.
//!
//! ```no_run
//! // The `main` of build.rs:
//! rest_source_build::Builder::new()
//!     .spec("specs/media_insights.yaml")
//!     .generate();
//! ```
//!
//! The crate then has the module by `rest_source::include_source!("media_insights");`, the name being
//! the spec's own, or that of its file.

mod error;
mod rust;
#[cfg(feature = "templates")]
pub mod templates;

use std::{
    env, fs,
    io::{self, Write},
    path::{Path, PathBuf},
};

use rest_source_codegen::{compile, connector::Connector, crate_path::CratePath, place::Place};

use rust::Rust;

pub use error::{Error, ErrorKind};

/// What to generate, and where.
#[derive(Clone, Debug, Default)]
pub struct Builder {
    specs: Vec<String>,
    manifest_dir: Option<PathBuf>,
    out_dir: Option<PathBuf>,
    takes_any_path: bool,
    layout: Layout,
    crate_path: Option<String>,
}

/// How a generated file is laid out.
#[derive(Clone, Debug, Default)]
enum Layout {
    #[default]
    BuiltIn,
    /// By the templates in this folder.
    #[cfg(feature = "templates")]
    Templates(PathBuf),
}

/// A generated file.
struct File {
    /// The source's name; with `.rs`, the file's.
    name: String,
    text: String,
    /// What is of no use in its spec.
    warnings: Vec<String>,
}

impl Builder {
    /// Nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// This spec, by its path from the folder of the crate's `Cargo.toml`, with `/` between folders.
    pub fn spec(mut self, path: impl Into<String>) -> Self {
        self.specs.push(path.into());
        self
    }

    /// With paths from this folder, in place of that of the crate's `Cargo.toml`.
    pub fn manifest_dir(mut self, folder: impl Into<PathBuf>) -> Self {
        self.manifest_dir = Some(folder.into());
        self
    }

    /// With paths of this machine, absolute ones among them: for files that are not built elsewhere.
    pub fn any_path(mut self) -> Self {
        self.takes_any_path = true;
        self
    }

    /// Into this folder, from that of the crate's `Cargo.toml`, in place of `OUT_DIR`.
    pub fn out_dir(mut self, folder: impl Into<PathBuf>) -> Self {
        self.out_dir = Some(folder.into());
        self
    }

    /// For a crate that renames the dependency `rest-source` to this, or reaches it by this path, as
    /// `crate::api`. The attribute says it by `crate = "…"`.
    pub fn crate_path(mut self, path: impl Into<String>) -> Self {
        self.crate_path = Some(path.into());
        self
    }

    /// Laid out by the template `connector.rs` in this folder, from that of the crate's `Cargo.toml`,
    /// where there is one. See [`Template::Rust`](templates::Template::Rust) for what it sees. Needs
    /// the feature `templates`.
    #[cfg(feature = "templates")]
    pub fn templates(mut self, folder: impl Into<PathBuf>) -> Self {
        self.layout = Layout::Templates(folder.into());
        self
    }

    /// Generates, and tells cargo: which files it depends on, and what is wrong with them, all of it,
    /// which fails the build.
    pub fn generate(self) {
        let mut lines = String::new();
        for spec in &self.specs {
            lines.push_str(&instruction("rerun-if-changed", spec));
        }
        #[cfg(feature = "templates")]
        if let Layout::Templates(folder) = &self.layout {
            let folder = folder.display().to_string();
            lines.push_str(&instruction("rerun-if-changed", &folder));
        }
        match self.try_generate() {
            Ok(warnings) => {
                for warning in warnings {
                    lines.push_str(&instruction("warning", &warning));
                }
            }
            Err(error) => {
                for message in error.messages() {
                    lines.push_str(&instruction("error", message));
                }
            }
        }
        // Cargo reads the other end; if it is gone there is nobody left to tell.
        let _ = io::stdout().write_all(lines.as_bytes());
    }

    /// Generates without a word to cargo, and returns the warnings.
    ///
    /// # Errors
    ///
    /// When a spec cannot be read or is wrong, or a file cannot be written. Nothing is written unless
    /// every spec is right.
    pub fn try_generate(&self) -> Result<Vec<String>, Error> {
        let folder = self.folder()?;
        let files = self.files()?;
        for file in &files {
            write(&folder, file, &self.layout)?;
        }
        Ok(files.into_iter().flat_map(|file| file.warnings).collect())
    }

    /// Writes nothing, but sees that what was generated is what would be, and returns the warnings:
    /// for files that are checked in.
    ///
    /// # Errors
    ///
    /// As of [`try_generate`](Self::try_generate), and when a file is missing or is not up to date:
    /// every one of them is named.
    pub fn check(&self) -> Result<Vec<String>, Error> {
        let folder = self.folder()?;
        let files = self.files()?;
        let stale: Vec<_> = files
            .iter()
            .filter_map(|file| stale(&folder, file))
            .collect();
        if let Some(error) = Error::all(stale) {
            return Err(error);
        }
        Ok(files.into_iter().flat_map(|file| file.warnings).collect())
    }

    /// What paths start at.
    fn root(&self) -> PathBuf {
        let manifest = || PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default());
        self.manifest_dir.clone().unwrap_or_else(manifest)
    }

    /// Where files are written.
    fn folder(&self) -> Result<PathBuf, Error> {
        match (&self.out_dir, env::var_os("OUT_DIR")) {
            (Some(folder), _) => Ok(self.root().join(folder)),
            (None, Some(folder)) => Ok(PathBuf::from(folder)),
            (None, None) => Err(Error::input(
                "there is no `OUT_DIR` to write to\n\
                 help: call this from `build.rs`, or say where with `out_dir`",
            )),
        }
    }

    /// The files that the specs become.
    fn files(&self) -> Result<Vec<File>, Error> {
        let root = self.root();
        let runtime = match &self.crate_path {
            Some(path) => CratePath::parse(path).map_err(Error::input)?,
            None => CratePath::default(),
        };
        let mut files: Vec<File> = Vec::new();
        let mut errors = Vec::new();
        for spec in &self.specs {
            match self.file(&root, spec, &runtime) {
                Ok(file) if files.iter().any(|other| other.name == file.name) => {
                    let name = file.name;
                    errors.push(Error::new(
                        ErrorKind::Spec,
                        format!("`{spec}` and another spec both have the name `{name}`"),
                    ));
                }
                Ok(file) => files.push(file),
                Err(error) => errors.push(error),
            }
        }
        match Error::all(errors) {
            None => Ok(files),
            Some(error) => Err(error),
        }
    }
}

impl Builder {
    /// The file that a spec becomes.
    fn file(&self, root: &Path, spec: &str, runtime: &CratePath) -> Result<File, Error> {
        // All paths start at the manifest here, but an absolute one is refused for the same reason.
        if !self.takes_any_path {
            Place::of(spec).map_err(Error::input)?;
        }
        let text = fs::read_to_string(root.join(spec))
            .map_err(|error| Error::input(format!("cannot read `{spec}`: {error}")))?;
        let compiled = compile(spec, &text);
        let Some(connector) = compiled.connector else {
            let messages = compiled.diagnostics.messages().into_iter();
            let errors = messages.map(|message| Error::new(ErrorKind::Spec, message));
            let nothing = || Error::new(ErrorKind::Spec, format!("`{spec}` is wrong"));
            return Err(Error::all(errors).unwrap_or_else(nothing));
        };
        Ok(File {
            text: self.layout.file(root, &connector, runtime)?,
            name: connector.plan.name.to_string(),
            warnings: compiled.diagnostics.warnings(),
        })
    }
}

impl Layout {
    /// Whether what is in the place of a generated file was generated, so that it may be replaced. A
    /// template of the user's may begin a file in any way, but hardly makes one of these names.
    #[cfg_attr(not(feature = "templates"), expect(unused_variables))]
    fn may_replace(&self, name: &str, there: &str) -> bool {
        let is_made = there.trim().is_empty() || there.starts_with(rust::MADE);
        match self {
            Self::BuiltIn => is_made,
            #[cfg(feature = "templates")]
            Self::Templates(_) => is_made || !matches!(name, "main" | "lib" | "mod" | "build"),
        }
    }

    /// The file of a connector.
    #[cfg_attr(not(feature = "templates"), expect(unused_variables))]
    fn file(
        &self,
        root: &Path,
        connector: &Connector,
        runtime: &CratePath,
    ) -> Result<String, Error> {
        match self {
            Self::BuiltIn => Ok(Rust::of(connector, runtime)?.file(&connector.plan.spec)),
            #[cfg(feature = "templates")]
            Self::Templates(folder) => templates::Templates::new(Some(&root.join(folder)))?
                .runtime(runtime.clone())
                .render(templates::Template::Rust, connector),
        }
    }
}

/// What is wrong with what is in the file's place.
fn stale(folder: &Path, File { name, text, .. }: &File) -> Option<Error> {
    let path = folder.join(format!("{name}.rs"));
    let shown = path.display();
    let what = match fs::read_to_string(&path) {
        Ok(there) if there == *text => return None,
        Ok(_) => format!("`{shown}` is not up to date"),
        Err(error) if error.kind() == io::ErrorKind::NotFound => format!("there is no `{shown}`"),
        Err(error) => return Some(Error::input(format!("cannot read `{shown}`: {error}"))),
    };
    let message = format!("{what}\n  help: generate it, and check it in");
    Some(Error::new(ErrorKind::Outdated, message))
}

/// Writes a file, unless it is there already, so that nothing is compiled for nothing. What no run
/// generated is left alone, and so is what a link leads to.
fn write(folder: &Path, File { name, text, .. }: &File, layout: &Layout) -> Result<(), Error> {
    let path = folder.join(format!("{name}.rs"));
    let shown = path.display();
    if fs::symlink_metadata(&path).is_ok_and(|there| there.is_symlink()) {
        return Err(Error::input(format!(
            "`{shown}` is a symbolic link, and would be written through\n  help: remove it, or \
             choose another folder"
        )));
    }
    match fs::read_to_string(&path) {
        Ok(there) if there == *text => return Ok(()),
        Ok(there) if !layout.may_replace(name, &there) => {
            return Err(Error::input(format!(
                "`{shown}` was not generated, and would be overwritten\n  help: choose another \
                 folder, or give the spec another `name`"
            )));
        }
        _ => {}
    }
    fs::create_dir_all(folder)
        .and_then(|()| fs::write(&path, text))
        .map_err(|error| {
            Error::new(
                ErrorKind::Output,
                format!("cannot write `{shown}`: {error}"),
            )
        })
}

/// Lines for cargo: a message of several lines is as many instructions.
fn instruction(key: &str, message: &str) -> String {
    let lines = message.lines().map(|line| format!("cargo::{key}={line}\n"));
    lines.collect()
}

#[cfg(test)]
mod tests {
    use super::instruction;

    #[test]
    fn a_message_of_several_lines_is_as_many_instructions() {
        assert_eq!(
            instruction("error", "unknown key\n --> specs/a.yaml:1:1"),
            "cargo::error=unknown key\ncargo::error= --> specs/a.yaml:1:1\n"
        );
    }
}
