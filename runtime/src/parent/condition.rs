//! The condition on the records of a parent that a child is fetched for.

use serde_json::Value as Json;

use crate::{Result, Row, json_path::JsonPath, plan::ResourcePlan};

/// The records of the parent for which a child is fetched.
#[derive(Debug)]
pub(crate) struct ParentCondition(JsonPath);

impl ParentCondition {
    /// The condition of a child; `None` if it is fetched for all records.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`](crate::ErrorKind::Config) if it is not a valid filter, which `check` rejects.
    pub(crate) fn of(child: &ResourcePlan) -> Result<Option<Self>> {
        let Some(condition) = &child.parent_condition else {
            return Ok(None);
        };
        let path = JsonPath::parse("where", &format!("$[?{condition}]"))
            .map_err(|error| error.with_resource(child.name.clone()))?;
        Ok(Some(Self(path)))
    }

    /// Whether it holds for a record, as the API wrote it.
    pub(crate) fn holds(&self, row: Row<'_>) -> bool {
        let record = row.json().and_then(|json| serde_json::from_str(json).ok());
        let list = Json::Array(vec![record.unwrap_or_default()]);
        !self.0.values(&list).is_empty()
    }
}
