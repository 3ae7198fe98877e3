//! The lists of values that a resource is fetched for: each combination of one of each.

use std::collections::HashSet;

use super::Partition;
use crate::{
    Client, Error, ErrorKind, Result, Scalar,
    parent::ParentRecord,
    partition::MAX_SHOWN,
    plan::{JsonPlan, Part, PartitionItems, ResourcePlan},
    settings,
};

/// The most combinations.
const MOST: usize = 10_000_000;

/// The lists of values, and the next combination of one of each.
pub(super) struct Lists {
    /// Their names and values.
    named: Vec<(String, Vec<Scalar>)>,
    /// Remarks for the report.
    notes: Vec<String>,
    /// The number of combinations.
    number: usize,
    /// The partition that the lists divide, and the number of its next combination.
    current: Option<(Partition, usize)>,
}

impl Lists {
    /// The lists of a resource. Functions that find values are called, one after the other.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`] if the list of a setting is empty, or there are too many combinations; the error of a
    /// function that fails.
    pub(super) async fn new(client: &Client, resource: &ResourcePlan) -> Result<Self> {
        let mut lists: Vec<(String, Vec<Scalar>)> = Vec::new();
        let mut notes = Vec::new();
        for list in &resource.partitions {
            let values = match &list.values {
                PartitionItems::Values(values) => values.iter().map(scalar).collect(),
                PartitionItems::Config(at) => setting(client, *at),
                PartitionItems::Rust { rust, data_type } => {
                    let hook = client.hooks().partitions(rust)?;
                    let values = unique(hook.call(client, *data_type).await?);
                    if values.is_empty() {
                        notes.push(format!(
                            "`{rust}` found no values for the list `{}` of `partitions`: nothing is fetched",
                            list.name
                        ));
                    }
                    lists.push((list.name.to_string(), values));
                    continue;
                }
            };
            if values.is_empty() {
                let message = format!("the list `{}` of `partitions` is empty", list.name);
                return Err(Error::new(ErrorKind::Config, message)
                    .with_help("give its setting a value: without one nothing is fetched"));
            }
            lists.push((list.name.to_string(), values));
        }
        let lengths = lists.iter().map(|(_, values)| values.len());
        let number = lengths.fold(1usize, usize::saturating_mul);
        if number > MOST {
            let message = format!("`partitions` has {number} combinations, more than {MOST}");
            return Err(Error::new(ErrorKind::Config, message)
                .with_help("shorten its lists, or fetch them by several sources"));
        }
        Ok(Self {
            named: lists,
            notes,
            number,
            current: None,
        })
    }

    /// No lists.
    pub(super) fn none() -> Self {
        Self {
            named: Vec::new(),
            notes: Vec::new(),
            number: 1,
            current: None,
        }
    }

    /// Takes the remarks for the report.
    pub(super) fn take_notes(&mut self) -> Vec<String> {
        std::mem::take(&mut self.notes)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.named.is_empty()
    }

    pub(super) fn names(&self) -> impl Iterator<Item = String> {
        self.named.iter().map(|(name, _)| name.clone())
    }

    /// Starts to divide a partition.
    pub(super) fn divide(&mut self, partition: Partition) {
        self.current = Some((partition, 0));
    }

    /// The next part of the partition that is being divided.
    pub(super) fn next(&mut self) -> Option<Partition> {
        let (whole, next) = self.current.as_mut()?;
        let at = *next;
        *next += 1;
        if at >= self.number {
            self.current = None;
            return None;
        }
        let whole = whole.clone();
        if self.named.is_empty() {
            return Some(whole);
        }
        let mut record = whole.record.clone().unwrap_or_default();
        self.add_to(&mut record, at);
        Some(Partition {
            record: Some(record),
            ..whole
        })
    }

    /// Adds the combination with this number to a record. The last list changes first.
    fn add_to(&self, record: &mut ParentRecord, number: usize) {
        let mut rest = number;
        let mut chosen: Vec<&Scalar> = Vec::with_capacity(self.named.len());
        for (_, values) in self.named.iter().rev() {
            chosen.extend(values.get(rest % values.len()));
            rest /= values.len();
        }
        chosen.reverse();
        let names = self.named.iter().map(|(name, _)| name);
        let values = names.zip(chosen);
        let mut shown: Vec<String> = Some(record.values.name.clone())
            .filter(|name| !name.is_empty())
            .into_iter()
            .collect();
        for (name, value) in values.clone() {
            let value: String = value.to_string().chars().take(MAX_SHOWN).collect();
            shown.push(format!("`{name}` {value:?}"));
        }
        record.values.name = shown.join(", ");
        record.values.lists = values.clone().map(|(_, value)| value.clone()).collect();
        record
            .key
            .extend(values.map(|(name, value)| (name.clone(), value.to_json())));
    }
}

/// The values of a list setting.
fn setting(client: &Client, at: u16) -> Vec<Scalar> {
    let at = usize::from(at);
    let setting = client.plan().config.get(at).zip(client.config().get(at));
    let values = setting.map(|(setting, value)| settings::setting_values(setting, value));
    unique(values.unwrap_or_default())
}

/// Each value once, in order.
fn unique(values: Vec<Scalar>) -> Vec<Scalar> {
    let mut seen = HashSet::new();
    let mut unique = values;
    unique.retain(|value| seen.insert(value.to_string()));
    unique
}

/// A value of a spec.
fn scalar(value: &JsonPlan) -> Scalar {
    match value {
        JsonPlan::Bool(value) => Scalar::Bool(*value),
        JsonPlan::Number(digits) => match digits.parse() {
            Ok(number) => Scalar::Bigint(number),
            Err(_) => Scalar::Json(digits.to_string()),
        },
        JsonPlan::Text(text) => match &*text.0 {
            [Part::Text(text)] => Scalar::Text(text.to_string()),
            _ => Scalar::Null,
        },
        JsonPlan::Null | JsonPlan::Array(_) | JsonPlan::Object(_) => Scalar::Null,
    }
}
