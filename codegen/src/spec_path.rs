//! The path of a spec in the attribute, and the errors for a file that cannot be read.

use proc_macro2::TokenStream;
use quote::quote;

use crate::suggest::closest;

/// The path of a spec.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SpecPath {
    /// `specs/x.yaml`: relative to the folder of the crate's `Cargo.toml`.
    Manifest(String),
    /// `./x.yaml`, `../x.yaml`: relative to the source file.
    SourceFile(String),
}

/// A spec that was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SpecFile {
    /// Its text.
    pub text: String,
    /// The path that diagnostics show, which opens from where the compiler runs; `None` for the path as the
    /// attribute has it.
    pub shown_path: Option<String>,
}

impl From<String> for SpecFile {
    fn from(text: String) -> Self {
        Self {
            text,
            shown_path: None,
        }
    }
}

/// Why a spec could not be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unread {
    /// There is no such file.
    Missing {
        /// The specs of its folder, by their names.
        siblings: Vec<String>,
        /// The folders in [`SpecPath::above`] that have a file of its name, by their names.
        folders: Vec<String>,
    },
    /// It is no UTF-8.
    NotText,
    /// The compiler does not say where the source file is.
    NoSourceFile,
    /// What the system says.
    Other(String),
}

impl SpecPath {
    /// What a path means.
    ///
    /// # Errors
    ///
    /// A sentence on a path that would mean something else on another machine.
    pub fn of(path: &str) -> Result<Self, String> {
        let drive = path.as_bytes().get(1) == Some(&b':');
        if path.starts_with(['/', '\\']) || drive {
            return Err(format!(
                "`{path}` is an absolute path, which would hold on this machine alone\n\
                 help: write it relative to the folder of `Cargo.toml`, as `specs/name.yaml`, \
                 or to this source file, as `./name.yaml`"
            ));
        }
        if path.contains('\\') {
            return Err(format!(
                "`{path}` has a `\\`, which parts folders on one system alone\n\
                 help: write `{}`",
                path.replace('\\', "/")
            ));
        }
        Ok(if path.starts_with("./") || path.starts_with("../") {
            Self::SourceFile(path.to_owned())
        } else {
            Self::Manifest(path.to_owned())
        })
    }

    /// The path as it was written.
    pub fn path(&self) -> &str {
        match self {
            Self::Manifest(path) | Self::SourceFile(path) => path,
        }
    }

    /// The part of the path that leads to where the folder of the file is, of which the name may be
    /// wrong or left out: nothing of `spec/x.yaml` and of `x.yaml`, `../api/` of `../api/spec/x.yaml`.
    pub fn above(&self) -> &str {
        let path = self.path();
        let Some((folder, _)) = path.rsplit_once('/') else {
            return "";
        };
        let last = folder.rsplit('/').next().unwrap_or_default();
        let end = match last {
            "." | ".." => folder.len() + 1,
            last => folder.len() - last.len(),
        };
        path.get(..end).unwrap_or_default()
    }

    /// An expression that makes the compiler depend on the file. It names no machine's folder.
    pub(crate) fn bytes(&self) -> TokenStream {
        match self {
            Self::Manifest(path) => {
                let path = format!("/{path}");
                quote!(::core::include_bytes!(::core::concat!(
                    ::core::env!("CARGO_MANIFEST_DIR"),
                    #path
                )))
            }
            Self::SourceFile(path) => quote!(::core::include_bytes!(#path)),
        }
    }

    /// The message on why the file at this place could not be read.
    pub(crate) fn unread(&self, why: &Unread) -> String {
        let path = self.path();
        let folder = match self {
            Self::Manifest(_) => "the folder of the crate's `Cargo.toml`",
            Self::SourceFile(_) => "the folder of this source file",
        };
        match why {
            Unread::Missing { siblings, folders } => {
                let help = self.instead(siblings, folders);
                format!("there is no `{path}`, seen from {folder}\nhelp: {help}")
            }
            Unread::NotText => format!("`{path}` is not UTF-8\nhelp: save it as UTF-8 text"),
            Unread::NoSourceFile => format!(
                "the compiler does not say where this source file is, at which `{path}` starts\n\
                 help: write the path from the folder of the crate's `Cargo.toml`"
            ),
            Unread::Other(error) => format!("cannot read `{path}`, seen from {folder}: {error}"),
        }
    }

    /// What to write for a file that is not there, of those that are.
    fn instead(&self, siblings: &[String], folders: &[String]) -> String {
        const SHOWN: usize = 6;
        let name = self.path().rsplit('/').next().unwrap_or_default();
        let folder = self.path().strip_suffix(name).unwrap_or_default();
        if let Some(other) = folders.first() {
            return format!("did you mean `{}{other}/{name}`?", self.above());
        }
        let names: Vec<&str> = siblings.iter().map(String::as_str).collect();
        if let Some(near) = closest(name, &names) {
            return format!("did you mean `{folder}{near}`?");
        }
        if let Some(shown) = siblings
            .get(..siblings.len().min(SHOWN))
            .filter(|s| !s.is_empty())
        {
            let more = siblings.len() - shown.len();
            let more = match more {
                0 => String::new(),
                more => format!(" and {more} more"),
            };
            return format!(
                "the specs in that folder are `{}`{more}",
                shown.join("`, `")
            );
        }
        let help = match self {
            Self::Manifest(_) => "a path begins with `./` where it is seen from this source file",
            Self::SourceFile(_) => {
                "leave `./` out for a path from the folder of the crate's `Cargo.toml`"
            }
        };
        help.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::{SpecPath, Unread};

    #[test]
    fn a_path_starts_at_the_manifest_or_at_the_source_file() {
        assert_eq!(
            SpecPath::of("specs/a.yaml"),
            Ok(SpecPath::Manifest("specs/a.yaml".to_owned()))
        );
        for path in ["./a.yaml", "../specs/a.yaml"] {
            assert_eq!(
                SpecPath::of(path),
                Ok(SpecPath::SourceFile(path.to_owned()))
            );
        }
    }

    #[test]
    fn a_path_of_one_machine_is_refused() {
        for path in ["/a.yaml", "C:/a.yaml", r"\\server\a.yaml", r"specs\a.yaml"] {
            let message = SpecPath::of(path).unwrap_err();
            assert!(message.contains("help: write"), "{message}");
        }
    }

    fn missing(path: &str, siblings: &[&str], folders: &[&str]) -> String {
        let owned = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect();
        SpecPath::of(path).unwrap().unread(&Unread::Missing {
            siblings: owned(siblings),
            folders: owned(folders),
        })
    }

    #[test]
    fn a_missing_file_is_said_to_be_another() {
        let message = missing("specs/shops.yaml", &["shop.yaml", "datasets.yaml"], &[]);
        assert!(
            message.ends_with("help: did you mean `specs/shop.yaml`?"),
            "{message}"
        );
        let message = missing("specs/x.yaml", &["shop.yaml", "datasets.yaml"], &[]);
        let there = "help: the specs in that folder are `shop.yaml`, `datasets.yaml`";
        assert!(message.ends_with(there), "{message}");
        let message = missing("specs/x.yaml", &[], &[]);
        assert!(message.contains("begins with `./`"), "{message}");
        for (path, meant) in [
            ("spec/x.yaml", "specs/x.yaml"),
            ("../api/spec/x.yaml", "../api/specs/x.yaml"),
            ("./spec/x.yaml", "./specs/x.yaml"),
            ("../x.yaml", "../specs/x.yaml"),
            ("x.yaml", "specs/x.yaml"),
        ] {
            let message = missing(path, &[], &["specs"]);
            assert!(
                message.ends_with(&format!("did you mean `{meant}`?")),
                "{message}"
            );
        }
    }
}
