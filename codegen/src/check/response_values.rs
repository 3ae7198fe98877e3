//! `value: "{response.…}"`, `"{key}"` and `"{index}"`: columns that a response has outside of the record.

use crate::connector::{Record, ResponseValue, Selector, Type};
use crate::diagnostic::Diagnostic;
use crate::grammar::column;
use crate::grammar::endpoint;
use crate::jsonpath::{self, Parsed};
use crate::spec::{Text, View};

use super::Check;
use super::columns::UNKNOWN;

/// Whether the text of a `value` has such a placeholder.
pub(super) fn is_one(text: &str) -> bool {
    ["{response.", "{key", "{index"]
        .iter()
        .any(|start| text.contains(start))
}

impl Check<'_> {
    /// The value of the response that a column has.
    pub(super) fn response_value(
        &mut self,
        view: &View<'_>,
        data_type: &Type,
        owner: &str,
    ) -> Option<ResponseValue> {
        let text = view.text(&column::VALUE)?;
        if *data_type == UNKNOWN || !is_one(text.text) {
            return None;
        }
        self.value_has_a_place(view, text, owner)?;
        let inner = text
            .text
            .strip_prefix('{')
            .and_then(|rest| rest.strip_suffix('}'));
        let value = match inner {
            Some("key") => ResponseValue::Key,
            Some("index") => ResponseValue::Index,
            Some(inner) if !inner.contains(['{', '}', '|']) => self.of_response(text, inner)?,
            _ => {
                self.not_alone(text);
                return None;
            }
        };
        self.value_has_the_type(view, text, &value, data_type)?;
        Some(value)
    }

    fn of_response(&mut self, text: Text<'_>, inner: &str) -> Option<ResponseValue> {
        let Some(path) = inner.strip_prefix("response.") else {
            self.not_alone(text);
            return None;
        };
        if let Some(header) = path.strip_prefix("headers.") {
            return Some(ResponseValue::Header(header.to_owned().into()));
        }
        match jsonpath::parse(path) {
            Ok(Parsed::Path(path)) => Some(ResponseValue::Body(path)),
            Ok(Parsed::Query(_)) => {
                let message = format!("`{path}` leads to several places of the page");
                self.error(
                    Diagnostic::error("RS0618", text.span, message)
                        .help("use keys and indexes only: `{response.meta.time}`"),
                );
                None
            }
            Err(reason) => {
                let message = format!("`{path}` is not a valid path: {reason}");
                self.error(
                    Diagnostic::error("RS0618", text.span, message)
                        .help("write a field of the page, `{response.meta.time}`, or a header, `{response.headers.Date}`"),
                );
                None
            }
        }
    }

    fn not_alone(&mut self, text: Text<'_>) {
        let message = "a value of the response stands alone, without text and functions";
        self.error(
            Diagnostic::error("RS0618", text.span, message).help(
                "write `{response.meta.time}`, `{response.headers.Date}`, `{key}` or `{index}`",
            ),
        );
    }

    fn value_has_the_type(
        &mut self,
        view: &View<'_>,
        text: Text<'_>,
        value: &ResponseValue,
        data_type: &Type,
    ) -> Option<()> {
        let is_of_a_text = matches!(
            data_type,
            Type::Text
                | Type::Bigint
                | Type::Double
                | Type::Decimal { .. }
                | Type::Timestamp(_)
                | Type::Date(_)
        );
        let (fits, what) = match value {
            ResponseValue::Body(_) => (true, ""),
            ResponseValue::Header(_) => (is_of_a_text, "the text of a header"),
            ResponseValue::Key => (is_of_a_text, "a key"),
            ResponseValue::Index => (*data_type == Type::Bigint, "a bigint"),
        };
        if !fits {
            self.no_value_of_type(text, data_type, what);
            return None;
        }
        // Not every type has the key.
        let mut entries = view.node.entries().iter();
        let decode = entries.find(|entry| entry.key.name == column::DECODE.name);
        if !matches!(value, ResponseValue::Body(_))
            && let Some(entry) = decode
        {
            let message = "`decode` has no effect here";
            self.error(
                Diagnostic::error("RS0602", &entry.key.span, message)
                    .help("remove it: a key or a header is read as the column's type"),
            );
        }
        Some(())
    }

    /// Records have keys where a query takes the values of an object.
    pub(super) fn records_have_keys(
        &mut self,
        endpoint: &View<'_>,
        columns: &View<'_>,
        record: &Record,
    ) {
        let mut own = record.columns().iter();
        let has_key = own.find(|column| column.response == Some(ResponseValue::Key));
        let Some(column) = has_key else {
            return;
        };
        if matches!(endpoint.get(&endpoint::DATA_SELECTOR), Selector::Query(_)) {
            return;
        }
        let entry = super::resource::columns_of(columns).and_then(|columns| {
            let mut entries = columns.entries().iter();
            entries.find(|entry| entry.key.name == *column.key)
        });
        if let Some(entry) = entry {
            let message = "these records have no keys: `data_selector` names their list";
            self.error(
                Diagnostic::error("RS0618", &entry.value.span, message)
                    .help("select the values of an object: `data_selector: rates.*`"),
            );
        }
    }
}
