//! How a page holds its records: `single_record`, records that are values without keys (`from: $`), and rows that are
//! elements of a list in the record (`explode`).

use crate::connector::{
    Column, Pages, Paginator, Path, Record, ResponseValue, Selector, Step, Type,
};
use crate::diagnostic::{Diagnostic, Span};
use crate::grammar::endpoint;
use crate::grammar::resource as resource_key;
use crate::grammar::{DefaultKey, Key, flag, path};
use crate::jsonpath;
use crate::spec::View;
use crate::yaml::Entry;

use super::Check;

pub(crate) static SINGLE_RECORD: DefaultKey<bool> = flag(
    "single_record",
    "whether one record may come in place of a list of one",
)
.or(crate::connector::ResourcePlan::DEFAULT.single_record);

pub(crate) static EXPLODE: Key<Path> = path(
    "explode",
    "a list in the record: a row for each of its elements, with the record's other columns",
);

impl Check<'_> {
    /// What is said of the place of the records in a page.
    pub(super) fn records_are_found(
        &mut self,
        resource: &View<'_>,
        endpoint: &View<'_>,
        record: &Record,
        paginator: Option<&Paginator>,
    ) {
        self.records_have_keys(endpoint, resource, record);
        self.exploded_list_is_read(resource, endpoint, record);
        self.required_needs_a_selector(endpoint);
        self.rows_are_known(endpoint, paginator);
        self.single_record_is_possible(endpoint, record, paginator);
    }

    /// Offsets, totals and empty pages are about the rows that the API pages. A selector that descends, or
    /// takes several keys, does not tell which these are.
    fn rows_are_known(&mut self, endpoint: &View<'_>, paginator: Option<&Paginator>) {
        let Some(paginator) = paginator else {
            return;
        };
        if let Some(rows) = endpoint.entry(&endpoint::ROWS_PATH) {
            if paginator.kind == Pages::Single {
                self.error(
                    Diagnostic::error("RS0602", &rows.key.span, "`rows_path` has no effect here")
                        .help("it is for pages, and `single_page` has one"),
                );
            }
            return;
        }
        let Some(text) = endpoint.text(&endpoint::DATA_SELECTOR) else {
            return;
        };
        if paginator.counts_rows() && !jsonpath::tells_rows(text.text) {
            self.error(
                Diagnostic::error(
                    "RS0512",
                    text.span,
                    "`data_selector` does not tell which rows the API counts",
                )
                .help(
                    "add `rows_path`, the place of the list whose elements a page's limit counts",
                ),
            );
        }
    }

    /// The root of a response is always there.
    fn required_needs_a_selector(&mut self, endpoint: &View<'_>) {
        if let (Some(required), None) = (
            endpoint.entry(&endpoint::DATA_SELECTOR_REQUIRED),
            endpoint.entry(&endpoint::DATA_SELECTOR),
        ) {
            self.error(
                Diagnostic::error(
                    "RS0602",
                    &required.key.span,
                    "`data_selector_required` has no effect here",
                )
                .help("it is for a `data_selector` that may find nothing"),
            );
        }
    }

    /// The elements of a list that is exploded are read by columns, and told apart by the key.
    fn exploded_list_is_read(&mut self, resource: &View<'_>, endpoint: &View<'_>, record: &Record) {
        let (Some(entry), Some(Path(list))) = (endpoint.entry(&EXPLODE), endpoint.get(&EXPLODE))
        else {
            return;
        };
        let span = &entry.value.span;
        // Values without elements have no list either.
        if self.sink.has_errors_in(&entry.key.span) {
            return;
        }
        let Record::Struct(record) = record else {
            if super::resource::columns_of(resource).is_some() {
                let message = "untyped records have no columns that are read from elements";
                self.error(Diagnostic::error("RS0620", span, message).help("declare the columns"));
            }
            return;
        };
        if list.is_empty() {
            let message = "`explode: $` is the record itself";
            self.error(Diagnostic::error("RS0620", span, message).help(
                "name a list in it, `explode: lines`; `data_selector` names a list of records",
            ));
            return;
        }
        let shown = Path(list.clone()).to_string();
        let is_of_element = |column: &Column| match (&column.response, &column.from) {
            (Some(ResponseValue::Index), _) => true,
            _ if !column.is_received() => false,
            (_, Some(from)) => from.0.starts_with(&list),
            (_, None) => matches!(&list[..], [Step::Key(key)] if *key == column.key),
        };
        if !record.columns.iter().any(is_of_element) {
            let message = format!("no column is read from the elements of `{shown}`");
            self.error(
                Diagnostic::error("RS0620", span, message)
                    .help(format!("read one from there: `from: {shown}.id`")),
            );
            return;
        }
        let mut key = record.columns.iter().filter(|column| column.primary_key);
        let has_key = key.clone().next().is_some();
        if has_key && !key.any(is_of_element) && !self.key_is_unclear(resource) {
            let message =
                format!("the rows of one record have one key: none of it is read from `{shown}`");
            self.error(
                Diagnostic::error("RS0620", resource.place(&resource_key::PRIMARY_KEY), message)
                    .help("add a column of the elements, or their position: `{data_type: bigint, value: \"{index}\"}`")
                    .also(span, "the list"),
            );
        }
    }

    /// An object is one record already where there is one page, or where a query selects it.
    fn single_record_is_possible(
        &mut self,
        endpoint: &View<'_>,
        record: &Record,
        paginator: Option<&Paginator>,
    ) {
        let (Some(entry), Some(paginator)) = (endpoint.entry(&SINGLE_RECORD), paginator) else {
            return;
        };
        if !endpoint.get(&SINGLE_RECORD) || !endpoint.node.span.contains(&entry.key.span.start) {
            return;
        }
        let is_value = record.columns().iter().any(is_whole_value);
        let why = if matches!(endpoint.get(&endpoint::DATA_SELECTOR), Selector::Query(_)) {
            "remove it: each object that a query selects is one record"
        } else if paginator.kind == Pages::Single && !is_value {
            "remove it: with `single_page`, an object is one record"
        } else {
            return;
        };
        let message = "`single_record` has no effect here";
        self.error(Diagnostic::error("RS0602", &entry.key.span, message).help(why));
    }

    /// Whether a column may be the record as a whole (`from: $`).
    pub(super) fn value_is_record(&mut self, place: &Span, data_type: &Type, owner: &str) {
        let (message, help) = match data_type {
            // The name of an object has a dot.
            _ if owner.contains('.') => (
                "`from: $` is the whole record, and this is a column of an object",
                "lead to a place in the object: `from: $.a.b`",
            ),
            Type::Object(_) | Type::Map(_) | Type::Json => (
                "`from: $` is the whole record, and the record is an object",
                "lead to a place in it: `from: $.a.b`; for records that are taken as they are, `columns: json`",
            ),
            _ => return,
        };
        self.error(Diagnostic::error("RS0616", place, message).help(help));
    }

    /// A record that is one value has no keys for other columns.
    pub(super) fn value_is_alone(&mut self, columns: &[Column], entries: &[Entry]) {
        let Some(whole) = columns.iter().find(|column| is_whole_value(column)) else {
            return;
        };
        let declared = |column: &Column| {
            let mut entries = entries.iter();
            let entry = entries.find(|entry| entry.key.name == *column.key)?;
            let is_good = !self.sink.has_errors_in(&entry.value.span);
            is_good.then(|| entry.key.span.clone())
        };
        let mut wrong = Vec::new();
        let is_list = matches!(whole.data_type, Type::Array(_));
        let may_be_object = matches!(whole.data_type, Type::Union(_) | Type::Scalar);
        for column in columns {
            let is_element = matches!(&column.from, Some(Path(steps)) if matches!(steps.first(), Some(Step::Index(_))));
            let fits = !column.is_received()
                || is_whole_value(column)
                || may_be_object
                || is_list && is_element;
            let (Some(span), Some(place)) = (declared(column), declared(whole)) else {
                continue;
            };
            if fits {
                continue;
            }
            let message = format!(
                "the record is a {}, and has no key `{}`",
                whole.data_type.word(),
                column.key
            );
            wrong.push(
                Diagnostic::error("RS0616", &span, message)
                    .help("remove this column, or the one that is the whole record")
                    .also(&place, format!("`{}` is the whole record", whole.name)),
            );
        }
        for diagnostic in wrong {
            self.error(diagnostic);
        }
    }
}

/// Whether a column is read from the record itself.
fn is_whole_value(column: &Column) -> bool {
    column.from.as_ref().is_some_and(|from| from.0.is_empty()) && column.value.is_none()
}
