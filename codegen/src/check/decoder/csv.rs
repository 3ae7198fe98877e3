//! `decoder: csv`: its keys, how they are read, and the rules about them.

use crate::check::Check;
use crate::connector::{Csv, List, Step, Text};
use crate::diagnostic::Diagnostic;
use crate::grammar::{AnyKey, DefaultKey, Key, Shape, column, flag, integer, key, text};
use crate::jsonpath::{self, Parsed};
use crate::spec::{View, text as text_of};
use crate::yaml::Node;

pub(super) static KEYS: &[&dyn AnyKey] = &[
    &DELIMITER,
    &QUOTE,
    &ESCAPE,
    &COLUMN_NAMES,
    &NULL_TEXT,
    &NULL_QUOTED,
    &SKIP_LINES,
    &super::CHARSET,
    &super::STRIP_PREFIX,
];

static DELIMITER: Key<Text> = text("delimiter", "the character between the values of a row")
    .example("\"\\t\"")
    .remark("`,`");
static QUOTE: Key<Text> = text(
    "quote",
    "the character around a value that may hold any text; `none`, if there is none",
)
.example("\"'\"")
.remark("`\"`");
static ESCAPE: Key<Text> = text(
    "escape",
    "the character before a quote within a quoted value",
)
.example("'\\'")
.remark("the quote itself");
static COLUMN_NAMES: Key = key(
    "column_names",
    Shape::List(&Shape::Text),
    "the names of the values of a row, in order; the body has no header row then",
);
static NULL_TEXT: Key<Text> = text(
    "null_text",
    "the text of a value that is null, if it is not quoted",
)
.example("N/A")
.remark("nothing between two delimiters");
static NULL_QUOTED: DefaultKey<bool> = flag(
    "null_quoted",
    "whether a quoted `null_text` is null too, for an API that quotes every value",
)
.or(Csv::DEFAULT.null_quoted);
static SKIP_LINES: DefaultKey<u64> =
    integer("skip_lines", 0, "lines before the header or the first row")
        .or(Csv::DEFAULT.skip_lines);

/// The word for no quote.
const NONE: &str = "none";

impl Check<'_> {
    pub(super) fn csv(&mut self, view: &View<'_>) -> Csv {
        let delimiter = self.character(view, &DELIMITER);
        let has_quotes = view.text(&QUOTE).is_none_or(|quote| quote.text != NONE);
        let quote = has_quotes.then(|| self.character(view, &QUOTE).or(Csv::DEFAULT.quote));
        let csv = Csv {
            delimiter: delimiter.unwrap_or(Csv::DEFAULT.delimiter),
            quote: quote.flatten(),
            escape: self.character(view, &ESCAPE),
            column_names: self.column_names(view),
            null_text: view.get(&NULL_TEXT).unwrap_or_default(),
            null_quoted: view.get(&NULL_QUOTED),
            skip_lines: view.get(&SKIP_LINES),
        };
        self.characters_differ(view, &csv);
        csv
    }

    /// One ASCII character that is no end of a line.
    fn character(&mut self, view: &View<'_>, key: &Key<Text>) -> Option<u8> {
        let text = view.text(key)?;
        match text.text.as_bytes() {
            [byte] if byte.is_ascii() && !matches!(byte, b'\n' | b'\r') => Some(*byte),
            _ => {
                let message = format!("`{}` is not one ASCII character", key.name);
                self.error(
                    Diagnostic::error("RS0822", text.span, message)
                        .help("write one character; a tab is `\"\\t\"`"),
                );
                None
            }
        }
    }

    /// Names that tell the values of a row apart.
    fn column_names(&mut self, view: &View<'_>) -> List<Text> {
        let names = view.texts(&COLUMN_NAMES);
        for (at, name) in names.iter().enumerate() {
            if let Some(first) = names.iter().take(at).find(|other| other.text == name.text) {
                let message = format!("`{}` is named twice", name.text);
                self.error(
                    Diagnostic::error("RS0823", name.span, message)
                        .help("give each value of a row a name of its own")
                        .also(first.span, "first named here"),
                );
            }
        }
        if let Some(entry) = view.entry(&COLUMN_NAMES).filter(|_| names.is_empty()) {
            self.error(
                Diagnostic::error(
                    "RS0110",
                    &entry.value.span,
                    "the list of `column_names` is empty",
                )
                .help("name the values of a row, or remove the key: the first row is the header"),
            );
        }
        names.iter().map(|name| name.owned()).collect()
    }

    /// A delimiter that is also the quote.
    fn characters_differ(&mut self, view: &View<'_>, csv: &Csv) {
        let delimiter = Some(csv.delimiter);
        let (key, other): (&dyn AnyKey, &str) = if csv.quote == delimiter {
            (&QUOTE, "delimiter")
        } else if csv.escape == delimiter {
            (&ESCAPE, "delimiter")
        } else if csv.escape.is_some() && csv.quote.is_none() {
            let message = "`escape` has no effect here";
            self.error(
                Diagnostic::error("RS0602", view.place(&ESCAPE), message)
                    .help("it is for quoted values, and `quote: none` says that there are none"),
            );
            return;
        } else {
            return;
        };
        let place = view
            .entry(key)
            .map_or_else(|| view.place(&DELIMITER), |entry| &entry.key.span);
        let message = format!("`{}` is the same character as `{other}`", key.name);
        self.error(
            Diagnostic::error("RS0822", place, message)
                .help("a row cannot be read so: write two different characters"),
        );
    }

    /// `from: owner.name`, though a value of a row has nothing within it.
    pub(super) fn columns_are_values(&mut self, columns: Option<&Node>) {
        for column in columns.map(Node::entries).unwrap_or_default() {
            let Some(from) = column.value.get(column::FROM.name).and_then(text_of) else {
                continue;
            };
            let Ok(Parsed::Path(path)) = jsonpath::parse(from.text) else {
                continue;
            };
            if !matches!(&path.0[..], [Step::Key(_)]) {
                let message = "`from` has to name a column of the CSV";
                self.error(
                    Diagnostic::error("RS0824", from.span, message).help(
                        "write one name, in quotes where it has other characters: `from: \"['Order ID']\"`; JSON \
                         in a value is read by `data_type: object` or `json`",
                    ),
                );
            }
        }
    }
}
