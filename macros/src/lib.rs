//! The attribute `#[rest_source]`. It passes the attribute's tokens to `rest-source-codegen`.

use std::{
    env, fs, io,
    path::{Path, PathBuf},
};

use proc_macro::{Span, TokenStream};
use rest_source_codegen::{
    attribute::expand,
    spec_path::{SpecFile, SpecPath, Unread},
};

/// Generates the typed connector of a YAML spec into a module.
///
/// ```ignore
/// #[rest_source::rest_source("specs/media_insights.yaml")]
/// pub mod media {}
/// ```
///
/// The path is relative to the folder of the crate's `Cargo.toml`; a path that begins with `./` or `../` is relative
/// to the source file. A change of the spec triggers a rebuild.
///
/// Set `crate` if the dependency is renamed, `#[api::rest_source("specs/media.yaml", crate = "api")]`, or
/// re-exported by another crate, `crate = "facade::rest_source"`.
///
/// With `serialize`, `#[rest_source("specs/media.yaml", serialize)]`, the generated records implement serde's `Serialize`,
/// as objects with the names of the columns. It needs the feature `serde` of `rest-source`. A struct of your own
/// derives what it wants.
///
/// The module contains a `Source` with a method per resource, a struct per resource with a field per column, and
/// `Secrets` and `Config` if the spec declares any. Items in the module's body are kept.
///
/// A struct in the body with the name of a record, or of an object within one, replaces the generated struct. It may
/// have fewer fields, in any order, and fields of your own types that implement `FromCell`. Each field is checked
/// against the schema:
///
/// ```ignore
/// #[rest_source::rest_source("specs/media_insights.yaml")]
/// pub mod media {
///     #[derive(Debug)]
///     pub struct Stories {
///         pub id: String,
///         pub profile_views: i64,
///         //                 ^^^ error: `profile_views` is nullable: this field must be `Option<i64>`
///     }
/// }
/// ```
///
/// Mistakes in the spec are compile errors that point into the spec. All of them are reported at once.
#[proc_macro_attribute]
pub fn rest_source(attribute: TokenStream, item: TokenStream) -> TokenStream {
    expand(attribute.into(), item.into(), &read).into()
}

fn read(place: &SpecPath) -> Result<SpecFile, Unread> {
    let folder = match place {
        SpecPath::Manifest(_) => env::var_os("CARGO_MANIFEST_DIR")
            .map(PathBuf::from)
            .unwrap_or_default(),
        SpecPath::SourceFile(_) => {
            let file = Span::call_site().local_file().ok_or(Unread::NoSourceFile)?;
            file.parent().map(Path::to_owned).unwrap_or_default()
        }
    };
    let path = folder.join(place.path());
    let text = fs::read_to_string(&path).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => Unread::Missing {
            siblings: specs_beside(&path),
            folders: folders_with(&path, &folder.join(place.above())),
        },
        io::ErrorKind::InvalidData => Unread::NotText,
        _ => Unread::Other(error.to_string()),
    })?;
    Ok(SpecFile {
        text,
        shown_path: shown(&path),
    })
}

/// The path of a spec from rustc's working folder: relative if the file is below it, as rustc shows paths, otherwise
/// absolute. In a workspace rustc runs in the workspace's root.
fn shown(path: &Path) -> Option<String> {
    let file = fs::canonicalize(path).ok()?;
    let folder = fs::canonicalize(env::current_dir().ok()?).ok()?;
    let shown = match file.strip_prefix(folder) {
        Ok(below) => below.to_owned(),
        Err(_) => std::path::absolute(path).ok()?,
    };
    Some(shown.to_str()?.replace('\\', "/"))
}

/// The subfolders that contain a file with this name.
fn folders_with(path: &Path, above: &Path) -> Vec<String> {
    let name = path.file_name().unwrap_or_default();
    let folders = fs::read_dir(above).into_iter().flatten().flatten();
    let mut names: Vec<String> = folders
        .filter(|folder| folder.path().join(name).is_file())
        .map(|folder| folder.file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}

/// The specs in the folder of a missing file.
fn specs_beside(path: &Path) -> Vec<String> {
    let folder = path.parent().and_then(|folder| fs::read_dir(folder).ok());
    let files = folder.into_iter().flatten().flatten();
    let mut names: Vec<String> = files
        .map(|file| PathBuf::from(file.file_name()))
        .filter(|name| {
            name.extension()
                .is_some_and(|end| end == "yaml" || end == "yml")
        })
        .map(|name| name.to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}
