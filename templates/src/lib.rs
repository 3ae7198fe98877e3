//! The build-time generator: writes a connector's formatted Rust code to a file.
//!
//! It generates the same code as the attribute `#[rest_source]`. Use it to check in the generated code, or to build
//! without a procedural macro.
//!
//! ```no_run
//! // The `main` of build.rs:
//! rest_source_build::Builder::new()
//!     .spec("specs/media_insights.yaml")
//!     .generate();
//! ```
//!
//! The crate includes the module with `rest_source::include_source!("media_insights");`. The argument is the spec's
//! `name`, by default its file name.

mod error;
mod rust;
#[cfg(feature = "templates")]
pub mod templates;

use std::{
    env, fs,
    io::{self, Write},
    path::{Path, PathBuf},
};

use rest_source_codegen::{
    compile, connector::Connector, crate_path::CratePath, emit::Options, spec_path::SpecPath,
};

use rust::Rust;

pub use error::{Error, ErrorKind};

/// Configuration of the generator.
#[derive(Clone, Debug, Default)]
pub struct Builder {
    specs: Vec<String>,
    manifest_dir: Option<PathBuf>,
    out_dir: Option<PathBuf>,
    takes_any_path: bool,
    layout: Layout,
    crate_path: Option<String>,
    serialize: bool,
}

/// The layout of a generated file.
#[derive(Clone, Debug, Default)]
enum Layout {
    #[default]
    BuiltIn,
    /// The templates in this folder.
    #[cfg(feature = "templates")]
    Templates(PathBuf),
}

/// A generated file.
struct File {
    /// The source's name, which is the file's name without `.rs`.
    name: String,
    text: String,
    /// The warnings about its spec.
    warnings: Vec<String>,
}

impl Builder {
    /// A generator without specs.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a spec. The path is relative to the folder of the crate's `Cargo.toml`, with `/` as separator.
    pub fn spec(mut self, path: impl Into<String>) -> Self {
        self.specs.push(path.into());
        self
    }

    /// Resolves paths relative to this folder instead of the crate's `Cargo.toml`.
    pub fn manifest_dir(mut self, folder: impl Into<PathBuf>) -> Self {
        self.manifest_dir = Some(folder.into());
        self
    }

    /// Allows any path, also absolute ones. The generated code then builds on this machine only.
    pub fn any_path(mut self) -> Self {
        self.takes_any_path = true;
        self
    }

    /// Writes to this folder, relative to the crate's `Cargo.toml`, instead of `OUT_DIR`.
    pub fn out_dir(mut self, folder: impl Into<PathBuf>) -> Self {
        self.out_dir = Some(folder.into());
        self
    }

    /// The path of the crate `rest-source` in the generated code, if the dependency is renamed or re-exported, such as
    /// `crate::api`. Like `crate = "…"` of the attribute.
    pub fn crate_path(mut self, path: impl Into<String>) -> Self {
        self.crate_path = Some(path.into());
        self
    }

    /// Implements serde's `Serialize` for the records, which needs the feature `serde` of `rest-source`. Like `serialize`
    /// of the attribute.
    pub fn serialize(mut self) -> Self {
        self.serialize = true;
        self
    }

    /// Uses the template `connector.rs` in this folder, relative to the crate's `Cargo.toml`, if it exists.
    /// [`Template::Rust`](templates::Template::Rust) lists its variables. Needs the feature `templates`.
    #[cfg(feature = "templates")]
    pub fn templates(mut self, folder: impl Into<PathBuf>) -> Self {
        self.layout = Layout::Templates(folder.into());
        self
    }

    /// Generates the files, and prints cargo instructions: the specs to rebuild for, warnings, and all errors, which
    /// fail the build.
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
        // Without a reader there is nowhere to report a failure.
        let _ = io::stdout().write_all(lines.as_bytes());
    }

    /// Generates the files without cargo instructions, and returns the warnings.
    ///
    /// # Errors
    ///
    /// When a spec cannot be read or is invalid, or a file cannot be written. Nothing is written unless all specs are
    /// valid.
    pub fn try_generate(&self) -> Result<Vec<String>, Error> {
        let folder = self.folder()?;
        let files = self.files()?;
        for file in &files {
            write(&folder, file, &self.layout)?;
        }
        Ok(files.into_iter().flat_map(|file| file.warnings).collect())
    }

    /// Checks that the files on disk are up to date, without writing, and returns the warnings. Use it for files that
    /// are checked in.
    ///
    /// # Errors
    ///
    /// As [`try_generate`](Self::try_generate), and when files are missing or out of date; the error names all of
    /// them.
    pub fn check(&self) -> Result<Vec<String>, Error> {
        let folder = self.folder()?;
        let files = self.files()?;
        let outdated: Vec<_> = files
            .iter()
            .filter_map(|file| outdated(&folder, file))
            .collect();
        if let Some(error) = Error::all(outdated) {
            return Err(error);
        }
        Ok(files.into_iter().flat_map(|file| file.warnings).collect())
    }

    /// The folder that paths are relative to.
    fn root(&self) -> PathBuf {
        let manifest = || PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default());
        self.manifest_dir.clone().unwrap_or_else(manifest)
    }

    /// The output folder.
    fn folder(&self) -> Result<PathBuf, Error> {
        match (&self.out_dir, env::var_os("OUT_DIR")) {
            (Some(folder), _) => Ok(self.root().join(folder)),
            (None, Some(folder)) => Ok(PathBuf::from(folder)),
            (None, None) => Err(Error::input(
                "`OUT_DIR` is not set\n\
                 help: call this from `build.rs`, or set the folder with `out_dir`",
            )),
        }
    }

    /// Generates the files of all specs.
    fn files(&self) -> Result<Vec<File>, Error> {
        let root = self.root();
        let runtime = match &self.crate_path {
            Some(path) => CratePath::parse(path).map_err(Error::input)?,
            None => CratePath::default(),
        };
        let options = Options {
            runtime,
            serialize: self.serialize,
        };
        let mut files: Vec<File> = Vec::new();
        let mut errors = Vec::new();
        for spec in &self.specs {
            match self.file(&root, spec, &options) {
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
    /// Generates the file of a spec.
    fn file(&self, root: &Path, spec: &str, options: &Options) -> Result<File, Error> {
        // As in the attribute, an absolute path would build on this machine only.
        if !self.takes_any_path {
            SpecPath::of(spec).map_err(Error::input)?;
        }
        let text = fs::read_to_string(root.join(spec))
            .map_err(|error| Error::input(format!("cannot read `{spec}`: {error}")))?;
        let compiled = compile(spec, &text);
        let Some(connector) = compiled.connector else {
            let messages = compiled.diagnostics.messages().into_iter();
            let errors = messages.map(|message| Error::new(ErrorKind::Spec, message));
            let nothing = || Error::new(ErrorKind::Spec, format!("`{spec}` is invalid"));
            return Err(Error::all(errors).unwrap_or_else(nothing));
        };
        Ok(File {
            text: self.layout.file(root, &connector, options)?,
            name: connector.plan.name.to_string(),
            warnings: compiled.diagnostics.warnings(),
        })
    }
}

impl Layout {
    /// Whether an existing file was generated and may be replaced. A file from a user's template cannot be recognized
    /// by its start, so only the names of common handwritten files are protected.
    #[cfg_attr(not(feature = "templates"), expect(unused_variables))]
    fn may_replace(&self, name: &str, existing: &str) -> bool {
        let is_generated = existing.trim().is_empty() || existing.starts_with(rust::HEADER);
        match self {
            Self::BuiltIn => is_generated,
            #[cfg(feature = "templates")]
            Self::Templates(_) => is_generated || !matches!(name, "main" | "lib" | "mod" | "build"),
        }
    }

    /// Renders the file of a connector.
    #[cfg_attr(not(feature = "templates"), expect(unused_variables))]
    fn file(&self, root: &Path, connector: &Connector, options: &Options) -> Result<String, Error> {
        match self {
            Self::BuiltIn => Ok(Rust::of(connector, options)?.file(&connector.plan.spec)),
            #[cfg(feature = "templates")]
            Self::Templates(folder) => templates::Templates::new(Some(&root.join(folder)))?
                .options(options.clone())
                .render(templates::Template::Rust, connector),
        }
    }
}

/// The error for a missing or outdated file.
fn outdated(folder: &Path, File { name, text, .. }: &File) -> Option<Error> {
    let path = folder.join(format!("{name}.rs"));
    let shown = path.display();
    let what = match fs::read_to_string(&path) {
        Ok(existing) if existing == *text => return None,
        Ok(_) => format!("`{shown}` is out of date"),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            format!("`{shown}` does not exist")
        }
        Err(error) => return Some(Error::input(format!("cannot read `{shown}`: {error}"))),
    };
    let message = format!("{what}\n  help: generate it again, and check it in");
    Some(Error::new(ErrorKind::Outdated, message))
}

/// Writes a file unless it is up to date, which would cause a rebuild. Does not replace files that were not generated,
/// and does not follow links.
fn write(folder: &Path, File { name, text, .. }: &File, layout: &Layout) -> Result<(), Error> {
    let path = folder.join(format!("{name}.rs"));
    let shown = path.display();
    if fs::symlink_metadata(&path).is_ok_and(|existing| existing.is_symlink()) {
        return Err(Error::input(format!(
            "`{shown}` is a symbolic link, which is not followed\n  help: remove it, or \
             choose another folder"
        )));
    }
    match fs::read_to_string(&path) {
        Ok(existing) if existing == *text => return Ok(()),
        Ok(existing) if !layout.may_replace(name, &existing) => {
            return Err(Error::input(format!(
                "`{shown}` was not generated and is not overwritten\n  help: choose another \
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

/// Formats cargo instructions, one for each line of the message.
fn instruction(key: &str, message: &str) -> String {
    let lines = message.lines().map(|line| format!("cargo::{key}={line}\n"));
    lines.collect()
}

#[cfg(test)]
mod tests {
    use super::instruction;

    #[test]
    fn each_line_of_a_message_is_an_instruction() {
        assert_eq!(
            instruction("error", "unknown key\n --> specs/a.yaml:1:1"),
            "cargo::error=unknown key\ncargo::error= --> specs/a.yaml:1:1\n"
        );
    }
}
