//! The CSV format.

use rest_source::{Row, Value};
use rest_source_load::encode::write_csv;

pub(super) fn page(out: &mut Vec<u8>, header: Option<&[String]>, rows: &[Row<'_>]) {
    if let Some(names) = header {
        write_csv(out, names.iter().map(|name| Value::Text(name)));
    }
    for row in rows {
        write_csv(out, row.values());
    }
}
