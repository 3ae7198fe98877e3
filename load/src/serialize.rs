//! Reports and errors of loads by serde, behind the feature `serde`.

use std::collections::BTreeMap;

use rest_source::shared::Text;
use serde::{Serialize, Serializer, ser::SerializeMap as _};

use crate::{
    Difference, Differences, DifferingRecord, LoadError, LoadReport, NotTried, ResourceReport,
};

/// The names of resources.
fn names(names: &[Text]) -> Vec<&str> {
    names.iter().map(Text::as_str).collect()
}

/// As a map of its fields.
impl Serialize for ResourceReport {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        map.serialize_entry("resource", self.resource.as_str())?;
        map.serialize_entry("written", &self.written)?;
        map.serialize_entry("rows", &self.rows)?;
        map.serialize_entry("resumed", &self.resumed)?;
        map.serialize_entry("fetched", &self.fetched)?;
        map.end()
    }
}

/// As a map of its fields.
impl Serialize for LoadReport {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        map.serialize_entry("resources", &self.resources)?;
        map.serialize_entry("skipped", &names(&self.skipped))?;
        let killed = names(&self.appended_by_killed_load);
        map.serialize_entry("appended_by_killed_load", &killed)?;
        map.serialize_entry("appended_after_kill", &names(&self.appended_after_kill))?;
        map.end()
    }
}

/// As a map of its fields.
impl Serialize for Differences {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        map.serialize_entry("equal", &self.is_equal())?;
        map.serialize_entry("compared", &self.compared)?;
        map.serialize_entry("missing", &self.missing)?;
        map.serialize_entry("differing", &self.differing)?;
        let finds_extra = self.is_whole || self.extra > 0;
        map.serialize_entry("extra", &finds_extra.then_some(self.extra))?;
        map.serialize_entry("pending", &self.pending)?;
        let columns = self.columns.iter();
        let columns: BTreeMap<&str, u64> = columns
            .map(|(name, count)| (name.as_str(), *count))
            .collect();
        map.serialize_entry("columns", &columns)?;
        map.serialize_entry("examples", &self.examples)?;
        map.serialize_entry("written", &self.written)?;
        map.serialize_entry("deleted", &self.deleted)?;
        let orphans = self.orphans.iter();
        let orphans: BTreeMap<&str, u64> = orphans
            .map(|(table, count)| (table.as_str(), *count))
            .collect();
        map.serialize_entry("orphans", &orphans)?;
        map.end()
    }
}

/// As a map of its fields, with the columns by name.
impl Serialize for DifferingRecord {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        let kind = match self.kind {
            Difference::Missing => "missing",
            Difference::Differing => "differing",
            Difference::Extra => "extra",
        };
        map.serialize_entry("kind", kind)?;
        let key = self.key.iter();
        let key: BTreeMap<&str, &str> = key
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect();
        map.serialize_entry("key", &key)?;
        let columns = self.columns.iter();
        let columns: BTreeMap<&str, Option<BTreeMap<&str, &Option<String>>>> = columns
            .map(|column| {
                let values = column.values.as_ref();
                let values =
                    values.map(|(stored, api)| BTreeMap::from([("stored", stored), ("api", api)]));
                (column.name.as_str(), values)
            })
            .collect();
        map.serialize_entry("columns", &columns)?;
        map.end()
    }
}

/// As a map of its fields; the reason as text.
impl Serialize for NotTried {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        map.serialize_entry("resource", self.resource.as_str())?;
        map.serialize_entry("reason", &self.reason.to_string())?;
        map.end()
    }
}

/// As a map of its fields.
impl Serialize for LoadError {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        map.serialize_entry("errors", &self.errors)?;
        map.serialize_entry("failed", &self.failed)?;
        map.serialize_entry("not_tried", &self.not_tried)?;
        map.serialize_entry("loaded", &self.loaded)?;
        map.end()
    }
}

#[cfg(test)]
mod tests {
    use rest_source::{Error, ErrorKind};

    use super::*;
    use crate::Reason;

    #[test]
    fn error_of_a_load_has_the_errors_and_what_was_not_tried() {
        let failed = Error::new(ErrorKind::Status(503), "answered 503").with_resource("users");
        let error = LoadError {
            errors: vec![failed],
            not_tried: vec![NotTried {
                resource: "posts".into(),
                reason: Reason::Parent("users".into()),
            }],
            ..LoadError::default()
        };
        let json = serde_json::to_value(&error).unwrap();
        assert_eq!(json["errors"][0]["kind"], "status");
        assert_eq!(json["errors"][0]["status"], 503);
        assert_eq!(json["errors"][0]["resource"], "users");
        assert_eq!(
            json["not_tried"][0]["reason"],
            "`users` could not be fetched"
        );
        assert_eq!(json["loaded"]["resources"], serde_json::json!([]));
    }
}
