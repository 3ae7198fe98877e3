//! What templates make of a connector: a Rust file, a reference, table definitions, a new crate.
//!
//! A template is [Tera](https://keats.github.io/tera/), over a [`Source`]: its fields are the
//! template's variables. One in the user's own folder takes the place of the built-in one of its name.

mod model;
mod scaffold;

use std::{fs, path::Path};

use tera::{Context, ErrorKind, Kwargs, State, Tera};

use rest_source_codegen::{connector::Connector, crate_path::CratePath};

use crate::{Error, rust::Rust};

pub use model::{Column, Incremental, Resource, Secret, Setting, Source};
pub use scaffold::{Scaffold, scaffold};

/// What can be made of a connector.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Template {
    /// The Rust file that is generated. Besides the fields of [`Source`], its template has `module`, the
    /// connector's module as Rust, formatted, with its documentation, and `items`, what is in it.
    Rust,
    /// A page about it, in Markdown, with a Mermaid graph where resources have parents.
    Reference,
    /// The definitions of its tables in SQLite, as loading it makes them.
    Sqlite,
    /// The definitions of its tables in PostgreSQL.
    Postgres,
}

impl Template {
    /// The name of its file.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Rust => "connector.rs",
            Self::Reference => "reference.md",
            Self::Sqlite => "sqlite.sql",
            Self::Postgres => "postgres.sql",
        }
    }
}

/// The templates that are built in.
const BUILT_IN: [(&str, &str); 4] = [
    ("connector.rs", include_str!("../../templates/connector.rs")),
    ("reference.md", include_str!("../../templates/reference.md")),
    ("sqlite.sql", include_str!("../../templates/sqlite.sql")),
    ("postgres.sql", include_str!("../../templates/postgres.sql")),
];

/// The templates, the user's among them.
#[derive(Debug)]
pub struct Templates {
    tera: Tera,
    /// Where generated Rust finds the runtime.
    runtime: CratePath,
}

impl Templates {
    /// The built-in ones, and in place of those of the same name, the files of this folder. A file of
    /// another name can be included by them.
    ///
    /// # Errors
    ///
    /// When the folder or a file in it cannot be read, or a file is no template: where, is said.
    pub fn new(folder: Option<&Path>) -> Result<Self, Error> {
        let mut texts: Vec<(String, String)> = BUILT_IN
            .iter()
            .map(|(name, text)| ((*name).to_owned(), (*text).to_owned()))
            .collect();
        if let Some(folder) = folder {
            for (name, text) in files(folder)? {
                texts.retain(|(built_in, _)| *built_in != name);
                texts.push((name, text));
            }
        }
        let mut tera = Tera::default();
        tera.autoescape_on(Vec::<&str>::new());
        tera.register_filter("cell", |text: &str, _: Kwargs, _: &State| cell(text));
        tera.register_filter("comment", |text: &str, _: Kwargs, _: &State| comment(text));
        tera.add_raw_templates(texts)
            .map_err(|error| told(&error))?;
        Ok(Self {
            tera,
            runtime: CratePath::default(),
        })
    }

    /// With this path to the crate `rest-source` in generated Rust.
    pub(crate) fn runtime(mut self, runtime: CratePath) -> Self {
        self.runtime = runtime;
        self
    }

    /// What a template makes of a connector.
    ///
    /// # Errors
    ///
    /// When the template names what is not there: where, is said.
    pub fn render(&self, template: Template, connector: &Connector) -> Result<String, Error> {
        let mut context =
            Context::from_serialize(&Source::of(connector)).map_err(|error| told(&error))?;
        if template == Template::Rust {
            let rust = Rust::of(connector, &self.runtime)?;
            context.insert("module", rust.module().trim_end());
            context.insert("items", rust.items().trim_end());
        }
        let text = self.tera.render(template.name(), &context);
        text.map_err(|error| told(&error))
    }
}

/// The files of a folder, by name.
fn files(folder: &Path) -> Result<Vec<(String, String)>, Error> {
    let unread = |error| Error::input(format!("cannot read `{}`: {error}", folder.display()));
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).map_err(unread)? {
        let path = entry.map_err(unread)?.path();
        let Some(name) = path.file_name().and_then(|name| name.to_str()) else {
            continue;
        };
        if path.is_file() && !name.starts_with('.') {
            let text = fs::read_to_string(&path).map_err(|error| {
                Error::input(format!("cannot read `{}`: {error}", path.display()))
            })?;
            files.push((name.to_owned(), text));
        }
    }
    files.sort();
    Ok(files)
}

/// An error of the engine as one of ours: what is wrong, then where.
fn told(error: &tera::Error) -> Error {
    match error.kind() {
        ErrorKind::SyntaxError(report) | ErrorKind::RenderingError(report) => {
            let mut message = report.message().to_owned();
            if let Some(first) = message.get_mut(..1) {
                first.make_ascii_lowercase();
            }
            let span = report.span();
            Error::input(format!(
                "{}\n  --> {}:{}:{}",
                message.trim_end_matches('.'),
                report.filename(),
                span.start_line,
                span.start_col + 1
            ))
        }
        other => Error::input(other.to_string()),
    }
}

/// A text in comments of SQL, each line of which begins with `-- `. What a database or an editor may
/// take for the end of a line becomes a space.
fn comment(text: &str) -> String {
    let is_end = |c: char| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}');
    let lines: Vec<String> = text
        .trim()
        .lines()
        .map(|line| line.replace(is_end, " ").trim_end().to_owned())
        .collect();
    lines.join("\n-- ")
}

/// A text in the cell of a Markdown table.
fn cell(text: &str) -> String {
    let words: Vec<_> = text.split_whitespace().collect();
    words.join(" ").replace('|', "\\|")
}

#[cfg(test)]
mod tests {
    use super::comment;

    #[test]
    fn nothing_in_a_comment_ends_its_line() {
        let text = "a\rDROP TABLE b;\u{b}c\u{85}d\u{2028}e\r\nf\u{0}";
        assert_eq!(comment(text), "a DROP TABLE b; c d e\n-- f");
    }
}
