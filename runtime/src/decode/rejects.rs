//! Records that the schema contract sets aside: kept with their text, and read again.

use serde_json::{Map, Value as Json};

use super::{Format, PageShape, Probes, decode_or_leave, included::Included, reader::Reader};
use crate::{
    Scalar,
    error::{Error, ErrorKind, Result},
    plan::{DataTypeContract, Paginator, ResourcePlan, SchemaContract, Selector},
    reject::Reject,
    rows::Rows,
    schema::{Path, Step, Table, Type},
    shared::Text,
};

/// Whether records that are set aside are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rejects {
    /// They are counted.
    Counted,
    /// They are kept with their text.
    Kept,
    /// One is read again: it cannot be set aside once more.
    ReadAgain,
}

impl Included {
    /// The values by the names of their columns, as JSON.
    pub(super) fn to_json(&self, table: &Table) -> String {
        let values = self.values().filter_map(|(at, value)| {
            let column = table.columns.get(at)?;
            Some((column.name.to_string(), value.to_json()))
        });
        Json::Object(values.collect()).to_string()
    }

    /// The values of such JSON. Columns that the table no longer has are left out.
    fn from_json(text: &str, table: &Table) -> Result<Self> {
        let json: Map<String, Json> = serde_json::from_str(text).map_err(|error| {
            let message = format!("the stored values of the record are not JSON: {error}");
            Error::new(ErrorKind::Response, message)
        })?;
        let columns = table.columns.iter().enumerate();
        let mut values = Vec::new();
        for (at, column) in columns {
            if let Some(json) = json.get(column.name.as_str()) {
                values.push((at, scalar(json, &column.data_type)?));
            }
        }
        Ok(Self::of(values))
    }
}

/// The value of a column, from its JSON.
fn scalar(json: &Json, data_type: &Type) -> Result<Scalar> {
    Ok(match (json, data_type) {
        (Json::Null, _) => Scalar::Null,
        (json, Type::Json) => Scalar::Json(json.to_string()),
        (Json::Bool(value), Type::Bool) => Scalar::Bool(*value),
        (Json::String(text), _) => Scalar::read(data_type, text)?.unwrap_or(Scalar::Null),
        (json, _) => Scalar::read(data_type, &json.to_string())?.unwrap_or(Scalar::Null),
    })
}

impl Reader<'_, '_> {
    /// Reads a record, and keeps its text if it is set aside.
    pub(super) fn keeping_rejects(&mut self, raw: &str, read: impl FnOnce(&mut Self)) {
        let before = self.out.faults.rejects().len();
        read(self);
        self.out.faults.put_record(before, raw);
    }
}

/// The rows of a record that was set aside, by its spec as it is now.
///
/// # Errors
///
/// [`ErrorKind::Schema`] where it still does not fit; [`ErrorKind::Config`] where a column is read from around the record.
pub(crate) fn read_reject(reject: &Reject, resource: &ResourcePlan, spec: &Text) -> Result<Rows> {
    let mut columns = resource.table.columns.iter();
    if let Some(column) = columns.find(|column| column.response.is_some()) {
        let message = format!(
            "the column `{}` is read from around the record, which was not kept",
            column.name
        );
        return Err(Error::new(ErrorKind::Config, message)
            .with_resource(&resource.name)
            .with_help("load the resource again, as far as the API still has the record"));
    }
    let alone = ResourcePlan {
        selector: Selector::Path(Path::ROOT),
        rows_path: None,
        selector_required: true,
        paginator: Paginator::DEFAULT,
        schema_contract: SchemaContract {
            data_type: DataTypeContract::Freeze,
            ..resource.schema_contract
        },
        ..resource.clone()
    };
    let table = resource.table.clone();
    let included = Included::from_json(&reject.included, &table)?;
    let mut shape = PageShape::new(&alone, table, &Probes::default(), spec)?;
    shape.included = included;
    shape.rejects = Rejects::ReadAgain;
    let is_of_list = |path: &Path| matches!(path.0.first(), None | Some(Step::Index(_)));
    let mut columns = resource.table.columns.iter();
    let is_value = resource.table.columns.is_empty()
        || columns.any(|column| column.from.as_ref().is_some_and(is_of_list));
    if !is_value && !reject.record.trim_start().starts_with('{') {
        let message = "the record is not an object".to_owned();
        return Err(Error::new(ErrorKind::Schema, message).with_resource(&resource.name));
    }
    let mut body = if is_value {
        format!("[{}]", reject.record)
    } else {
        reject.record.clone()
    }
    .into_bytes();
    let decoded = decode_or_leave(&mut body, Format::Json, None, &shape)?;
    match decoded.failure {
        Some(error) => Err(error),
        None => Ok(decoded.rows),
    }
}
