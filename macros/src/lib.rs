//! The attribute `#[rest_source]`: attribute in, tokens out. All else is `rest-source-codegen`'s.

use std::{
    env, fs, io,
    path::{Path, PathBuf},
};

use proc_macro::{Span, TokenStream};
use rest_source_codegen::{
    attribute::expand,
    place::{Place, SpecFile, Unread},
};

/// Fills a module with the typed connector that a YAML spec describes.
///
/// ```ignore
/// #[rest_source::rest_source("specs/media_insights.yaml")]
/// pub mod media {}
/// ```
///
/// The path is relative to the folder of the crate's `Cargo.toml`, or, where it begins with `./` or
/// `../`, to the source file. The crate is built again when the file changes.
///
/// A crate that renames the dependency names it, `#[api::rest_source("specs/media.yaml", crate = "api")]`, and
/// so does one that reaches it through another, by a path: `crate = "facade::rest_source"`.
///
/// The module gets a `Source` with a method per resource, a struct per resource with a field per
/// column, and, where the spec has any, `Secrets` and `Config`. Items written in its body stay.
///
/// A struct in the body of the name of a record, or of an object within one, is used in place of the
/// one that would be made. It may have fewer fields, in any order, and fields of types of your own,
/// which implement `FromCell`; each is checked against the schema:
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
/// A mistake in the spec is a compile error that points into the spec; all of them are shown at once.
#[proc_macro_attribute]
pub fn rest_source(attribute: TokenStream, item: TokenStream) -> TokenStream {
    expand(attribute.into(), item.into(), &read).into()
}

fn read(place: &Place) -> Result<SpecFile, Unread> {
    let folder = match place {
        Place::Manifest(_) => env::var_os("CARGO_MANIFEST_DIR")
            .map(PathBuf::from)
            .unwrap_or_default(),
        Place::SourceFile(_) => {
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

/// The path of a spec as it opens from where rustc runs: relative to that folder where the file is below it,
/// as rustc shows its own, else absolute. In a workspace rustc runs at its root, not beside `Cargo.toml`.
fn shown(path: &Path) -> Option<String> {
    let file = fs::canonicalize(path).ok()?;
    let folder = fs::canonicalize(env::current_dir().ok()?).ok()?;
    let shown = match file.strip_prefix(folder) {
        Ok(below) => below.to_owned(),
        Err(_) => std::path::absolute(path).ok()?,
    };
    Some(shown.to_str()?.replace('\\', "/"))
}

/// The names of the folders in this one that have a file of the name of another.
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

/// The names of the specs in the folder where a file should be.
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
