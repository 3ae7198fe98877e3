//! Templates: a connector's Rust file, reference page and table definitions, and a new crate.
//!
//! Templates are [Tera](https://keats.github.io/tera/) templates. The fields of [`Source`] are their variables. A
//! template in the user's folder overrides the built-in one of the same name.

mod graph;
mod model;
mod scaffold;

use std::{fs, path::Path};

use serde::Serialize;
use tera::{Context, ErrorKind, Kwargs, State, Tera};

use rest_source_codegen::{connector::Connector, emit::Options};

use crate::{Error, rust::Rust};

pub use graph::{Edge, Graph, Node};
pub use model::{Column, Incremental, Resource, Secret, Setting, Source};
pub use scaffold::{Scaffold, ScaffoldSpec, scaffold};

/// The templates for a connector.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Template {
    /// The generated Rust file. Its template has two variables in addition to the fields of [`Source`]: `module`, the
    /// connector's formatted module with its documentation, and `items`, the module's items.
    Rust,
    /// A Markdown page about the connector, with a Mermaid graph of parents and children.
    Reference,
    /// The same page in HTML, self-contained, with a drawing of the graph. Its template has the variable `graph`, a
    /// [`Graph`], in addition.
    Html,
    /// The SQL definitions of its SQLite tables, as a load creates them.
    Sqlite,
    /// The SQL definitions of its PostgreSQL tables.
    Postgres,
}

impl Template {
    /// The file name of the template.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Rust => "connector.rs",
            Self::Reference => "reference.md",
            Self::Html => "reference.html",
            Self::Sqlite => "sqlite.sql",
            Self::Postgres => "postgres.sql",
        }
    }
}

/// The built-in templates.
const BUILT_IN: [(&str, &str); 7] = [
    ("connector.rs", include_str!("../../templates/connector.rs")),
    ("reference.md", include_str!("../../templates/reference.md")),
    (
        "reference.html",
        include_str!("../../templates/reference.html"),
    ),
    ("report.html", include_str!("../../templates/report.html")),
    // The style of both HTML pages.
    ("page.css", include_str!("../../templates/page.css")),
    ("sqlite.sql", include_str!("../../templates/sqlite.sql")),
    ("postgres.sql", include_str!("../../templates/postgres.sql")),
];

/// The built-in templates, and the user's.
#[derive(Debug)]
pub struct Templates {
    tera: Tera,
    /// How Rust is generated.
    options: Options,
}

impl Templates {
    /// Loads the built-in templates and the files of this folder, which override those of the same name. Files of
    /// other names can be included.
    ///
    /// # Errors
    ///
    /// When the folder or a file in it cannot be read, or a file is not a valid template. The error has the line.
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
        tera.autoescape_on(vec![".html"]);
        tera.register_filter("cell", |text: &str, _: Kwargs, _: &State| cell(text));
        tera.register_filter("comment", |text: &str, _: Kwargs, _: &State| comment(text));
        tera.add_raw_templates(texts)
            .map_err(|error| template_error(&error))?;
        Ok(Self {
            tera,
            options: Options::default(),
        })
    }

    /// Sets how Rust is generated.
    pub(crate) fn options(mut self, options: Options) -> Self {
        self.options = options;
        self
    }

    /// Renders a template for a connector.
    ///
    /// # Errors
    ///
    /// When the template uses an unknown variable. The error has the line.
    pub fn render(&self, template: Template, connector: &Connector) -> Result<String, Error> {
        let source = Source::of(connector);
        let mut context =
            Context::from_serialize(&source).map_err(|error| template_error(&error))?;
        if template == Template::Html {
            context.insert("graph", &Graph::of(&source.resources));
        }
        if template == Template::Rust {
            let rust = Rust::of(connector, &self.options)?;
            context.insert("module", rust.module().trim_end());
            context.insert("items", rust.items().trim_end());
        }
        let text = self.tera.render(template.name(), &context);
        text.map_err(|error| template_error(&error))
    }
}

/// Renders the HTML page about runs of the command, `report.html`, with these variables.
///
/// # Errors
///
/// When a variable of the template is missing.
pub fn report_page(variables: &impl Serialize) -> Result<String, Error> {
    let templates = Templates::new(None)?;
    let context = Context::from_serialize(variables).map_err(|error| template_error(&error))?;
    let text = templates.tera.render("report.html", &context);
    text.map_err(|error| template_error(&error))
}

/// The files of a folder, sorted by name.
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

/// Converts a Tera error: the message, then its place.
fn template_error(error: &tera::Error) -> Error {
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

/// Formats a text as SQL comments: each further line begins with `-- `. Other characters that end a line for a
/// database or an editor become spaces.
fn comment(text: &str) -> String {
    let is_end = |c: char| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}');
    let lines: Vec<String> = text
        .trim()
        .lines()
        .map(|line| line.replace(is_end, " ").trim_end().to_owned())
        .collect();
    lines.join("\n-- ")
}

/// Formats a text for the cell of a Markdown table.
fn cell(text: &str) -> String {
    let words: Vec<_> = text.split_whitespace().collect();
    words.join(" ").replace('|', "\\|")
}

#[cfg(test)]
mod tests {
    use super::comment;

    #[test]
    fn control_characters_do_not_end_a_comment() {
        let text = "a\rDROP TABLE b;\u{b}c\u{85}d\u{2028}e\r\nf\u{0}";
        assert_eq!(comment(text), "a DROP TABLE b; c d e\n-- f");
    }
}
