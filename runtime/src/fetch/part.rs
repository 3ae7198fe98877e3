//! Parts of a fetch, which several processes fetch alone.

use std::{str::FromStr, sync::Arc, time::SystemTime};

use serde_json::{Map, Value as Json, json};

use super::{Fetch, FetchSpec, partitions};
use crate::{
    Error, ErrorKind, Result, Scalar, State, Timestamp, incremental,
    parent::ParentRecord,
    partition::{PartitionKey, PartitionValues},
    plan::{ParentSelection, ResourcePlan},
};

/// The version of the JSON.
const VERSION: u64 = 1;

/// A part of a fetch: some partitions of the resource, one window of a partition, or a resource without either.
///
/// [`Fetch::plan_parts`] divides a fetch, and [`Fetch::part`] fetches one of the parts, in any process: a part is JSON
/// text without secrets, though with values of the parents' records. The parts of a fetch have its range and its time, so that
/// each record is in one of them, whenever and however often it is fetched.
#[derive(Clone, Debug)]
pub struct FetchPart {
    pub(super) began: SystemTime,
    /// The records of its partitions; `None` of a resource that has none.
    pub(super) records: Option<Vec<ParentRecord>>,
    /// Start and end of its window.
    pub(super) window: Option<(Timestamp, Timestamp)>,
}

impl FetchPart {
    /// Its name in messages: `` `posts` with `id` 7 ``.
    pub fn name(&self) -> String {
        let mut names = Vec::new();
        if let Some(records) = &self.records {
            names.extend(records.first().map(|record| record.values.name.clone()));
            if records.len() > 1 {
                names.push(format!("and {} more", records.len() - 1));
            }
        }
        if let Some((start, end)) = &self.window {
            names.push(format!("{start} to {end}"));
        }
        if names.is_empty() {
            return "all records".to_owned();
        }
        names.join(", ").replace(", and ", " and ")
    }

    /// The part as JSON text.
    pub fn to_json(&self) -> String {
        let began = Timestamp::try_from(self.began).unwrap_or(Timestamp::EPOCH);
        let records = self.records.as_ref();
        let records = records.map(|records| records.iter().map(record_json).collect::<Vec<_>>());
        let window = self.window.as_ref();
        let window = window.map(|(start, end)| json!([start.to_string(), end.to_string()]));
        json!({
            "version": VERSION,
            "began": began.to_string(),
            "records": records,
            "window": window,
        })
        .to_string()
    }

    /// The part of this JSON text.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::State`] if it is not a part of this version.
    pub fn from_json(text: &str) -> Result<Self> {
        Self::read(text).ok_or_else(|| {
            let message = format!("this is not a part of a fetch of version {VERSION}");
            Error::new(ErrorKind::State, message)
                .with_help("plan the work again with the version of rest-source that runs it")
        })
    }

    fn read(text: &str) -> Option<Self> {
        let json: Json = serde_json::from_str(text).ok()?;
        if json.get("version")?.as_u64()? != VERSION {
            return None;
        }
        let records = match json.get("records")? {
            Json::Null => None,
            records => Some(list(records, record)?),
        };
        let window = match json.get("window")? {
            Json::Null => None,
            window => match list(window, parsed::<Timestamp>)?[..] {
                [start, end] => Some((start, end)),
                _ => return None,
            },
        };
        let began: Timestamp = parsed(json.get("began")?)?;
        Some(Self {
            began: began.into(),
            records,
            window,
        })
    }

    /// Its window.
    pub(super) fn window(&self) -> Option<(Timestamp, Timestamp)> {
        self.window
    }

    /// Whether it is less than the whole resource.
    pub(super) fn is_divided(&self) -> bool {
        self.records.is_some() || self.window.is_some()
    }

    /// The keys of its partitions.
    pub(super) fn keys(&self) -> impl Iterator<Item = &str> {
        let records = self.records.iter().flatten();
        records.map(|record| record.key.values.as_str())
    }
}

impl<T, Parent> Fetch<T, Parent> {
    /// Divides the fetch into parts that can be fetched by other processes: one for each window of a range, or one for so
    /// many combinations of lists and records of parents (at least 1). Parents are fetched now, and no record of the resource
    /// is. A resource without partitions and windows is one part.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`] if the resource cannot be divided: a tree, whose records tell its partitions; a resource with
    /// a token or link as its state; one with `parents: changed`. Errors of the fetch of the parents.
    pub async fn plan_parts(&self, partitions: usize) -> Result<Vec<FetchPart>> {
        let mut spec = self.spec.clone();
        spec.began.get_or_insert(spec.client.clock().now());
        let planned = match check(&spec.resource) {
            Ok(()) => {
                spec.client.check_settings(&spec.resource)?;
                Box::pin(partitions::plan_parts(&spec, partitions.max(1))).await
            }
            Err(error) => Err(error),
        };
        planned.map_err(|error| spec.error(error))
    }

    /// Fetches only this part. Give it the state, the range and the disposition of the fetch that was divided.
    ///
    /// The [state](crate::Pages::state) at its end has the cursors of this part alone:
    /// [`merge_states`](Self::merge_states) makes the next state of all.
    pub fn part(mut self, part: FetchPart) -> Self {
        self.spec.since = self.spec.since.map(|state| state.of_partitions(&part));
        self.spec.began = Some(part.began);
        self.spec.part = Some(Arc::new(part));
        self
    }

    /// The state after all parts of the fetch: of the states at their ends, in the order of the parts. `None` without
    /// `incremental`, or if no record arrived.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::State`] if a state does not fit the fetch, or has no room for a partition of an appended resource.
    pub fn merge_states(&self, states: impl IntoIterator<Item = State>) -> Result<Option<State>> {
        let spec = &self.spec;
        // The cursors of partitions that are gone are forgotten, as by a fetch of all.
        let before = spec.since.clone().filter(|_| !spec.is_upsert);
        let states = before.into_iter().chain(states);
        incremental::merge_states(spec.incremental(), states).map_err(|error| spec.error(error))
    }
}

impl State {
    /// The state with the cursors of these partitions only, if it has any.
    fn of_partitions(mut self, part: &FetchPart) -> Self {
        if part.records.is_some() {
            let keys = part.keys().collect();
            self.reach.keep(&keys);
        }
        self
    }
}

/// Rejects a resource that cannot be divided.
fn check(resource: &ResourcePlan) -> Result<()> {
    let why = if resource.tree.is_some() {
        "the records of a tree tell which partitions it has"
    } else if resource.parents == ParentSelection::Changed {
        "its state is that of its parents (`parents: changed`)"
    } else if resource.change_token().is_some() {
        "its state is a token of the API's last page"
    } else {
        return Ok(());
    };
    let message = format!("the resource cannot be fetched in parts by several processes: {why}");
    Err(Error::new(ErrorKind::Config, message)
        .with_help("load it by `rest-source load`, and the other resources in parts"))
}

/// The error for the window of a part that the range of its fetch does not have.
pub(super) fn lost_window(spec: &FetchSpec) -> Error {
    let message = format!(
        "the range of `{}` has no such window any more",
        spec.resource.name
    );
    Error::new(ErrorKind::State, message).with_help("plan the work again")
}

fn record_json(record: &ParentRecord) -> Json {
    let scalars = |scalars: &[Scalar]| scalars.iter().map(scalar_json).collect::<Vec<_>>();
    let values = &record.values;
    json!({
        "by": record.key.by,
        "key": record.key.values,
        "values": scalars(&values.values),
        "sent": values.sent.as_deref().map(scalars),
        "lists": scalars(&values.lists),
        "name": values.name,
    })
}

fn record(json: &Json) -> Option<ParentRecord> {
    let text = |json: &Json| json.as_str().map(str::to_owned);
    let sent = match json.get("sent")? {
        Json::Null => None,
        sent => Some(list(sent, scalar)?),
    };
    Some(ParentRecord {
        key: PartitionKey {
            by: list(json.get("by")?, text)?,
            values: text(json.get("key")?)?,
        },
        values: PartitionValues {
            values: list(json.get("values")?, scalar)?,
            sent,
            lists: list(json.get("lists")?, scalar)?,
            name: text(json.get("name")?)?,
        },
    })
}

fn list<T>(json: &Json, read: impl Fn(&Json) -> Option<T>) -> Option<Vec<T>> {
    json.as_array()?.iter().map(read).collect()
}

fn parsed<T: FromStr>(json: &Json) -> Option<T> {
    json.as_str()?.parse().ok()
}

/// A value as JSON: null, booleans and text as they are, others as `{"bigint": "7"}`.
fn scalar_json(scalar: &Scalar) -> Json {
    let word = match scalar {
        Scalar::Null => return Json::Null,
        Scalar::Bool(value) => return (*value).into(),
        Scalar::Text(value) => return value.as_str().into(),
        Scalar::Binary(bytes) => return json!({ "binary": bytes }),
        Scalar::Json(text) => return json!({ "json": text }),
        Scalar::Bigint(_) => "bigint",
        Scalar::Double(_) => "double",
        Scalar::Timestamp(_) => "timestamp",
        Scalar::Date(_) => "date",
        Scalar::Time(_) => "time",
        Scalar::Decimal(_) => "decimal",
    };
    let value = scalar.to_string().into();
    Json::Object(Map::from_iter([(word.to_owned(), value)]))
}

fn scalar(json: &Json) -> Option<Scalar> {
    let object = match json {
        Json::Null => return Some(Scalar::Null),
        Json::Bool(value) => return Some(Scalar::Bool(*value)),
        Json::String(text) => return Some(Scalar::Text(text.clone())),
        Json::Object(object) => object,
        _ => return None,
    };
    let (word, value) = object.iter().next()?;
    Some(match word.as_str() {
        "binary" => {
            let byte = |json: &Json| json.as_u64().and_then(|byte| u8::try_from(byte).ok());
            Scalar::Binary(list(value, byte)?)
        }
        "json" => Scalar::Json(value.as_str()?.to_owned()),
        "bigint" => Scalar::Bigint(parsed(value)?),
        "double" => Scalar::Double(parsed(value)?),
        "timestamp" => Scalar::Timestamp(parsed(value)?),
        "date" => Scalar::Date(parsed(value)?),
        "time" => Scalar::Time(parsed(value)?),
        "decimal" => Scalar::Decimal(parsed(value)?),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn part_is_the_same_after_json() {
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        let values = vec![
            Scalar::Null,
            Scalar::Bool(true),
            Scalar::Bigint(-7),
            Scalar::Double(0.1),
            Scalar::Text("a \"b\"".to_owned()),
            Scalar::Timestamp(at("2026-11-30T19:00:00.123456789Z")),
            Scalar::Date("2026-11-30".parse().unwrap()),
            Scalar::Time("09:30:00.5".parse().unwrap()),
            Scalar::Decimal("12.50".parse().unwrap()),
            Scalar::Binary(vec![0, 255]),
            Scalar::Json("[1,{\"a\":null}]".to_owned()),
        ];
        let record = ParentRecord {
            key: PartitionKey {
                by: vec!["id".to_owned()],
                values: "[7]".to_owned(),
            },
            values: PartitionValues {
                values: values.clone(),
                sent: Some(values.clone()),
                lists: values,
                name: "`posts` with `id` 7".to_owned(),
            },
        };
        let part = FetchPart {
            began: at("2026-11-30T19:00:00.5Z").into(),
            records: Some(vec![record]),
            window: Some((at("2026-11-01T00:00:00Z"), at("2026-11-02T00:00:00Z"))),
        };
        let read = FetchPart::from_json(&part.to_json()).unwrap();
        assert_eq!(format!("{read:?}"), format!("{part:?}"));
        let name = "`posts` with `id` 7, 2026-11-01T00:00:00Z to 2026-11-02T00:00:00Z";
        assert_eq!(read.name(), name);
        for wrong in [
            "",
            "{}",
            "{\"version\":2,\"began\":\"\",\"records\":null,\"window\":null}",
        ] {
            assert_eq!(
                *FetchPart::from_json(wrong).unwrap_err().kind(),
                ErrorKind::State
            );
        }
    }
}
