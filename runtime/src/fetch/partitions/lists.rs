//! The lists of values that a resource is fetched for: each combination of one of each.

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
    /// The number of combinations.
    number: usize,
    /// The partition that the lists divide, and the number of its next combination.
    current: Option<(Partition, usize)>,
}

impl Lists {
    /// The lists of a resource.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`] if a list is empty, or there are too many combinations.
    pub(super) fn new(client: &Client, resource: &ResourcePlan) -> Result<Self> {
        let lists = resource.partitions.iter().map(|list| {
            let values = values(client, &list.values);
            if values.is_empty() {
                let message = format!("the list `{}` of `partitions` is empty", list.name);
                return Err(Error::new(ErrorKind::Config, message)
                    .with_help("give its setting a value: without one nothing is fetched"));
            }
            Ok((list.name.to_string(), values))
        });
        let lists: Vec<(String, Vec<Scalar>)> = lists.collect::<Result<_>>()?;
        let lengths = lists.iter().map(|(_, values)| values.len());
        let number = lengths.fold(1usize, usize::saturating_mul);
        if number > MOST {
            let message = format!("`partitions` has {number} combinations, more than {MOST}");
            return Err(Error::new(ErrorKind::Config, message)
                .with_help("shorten its lists, or fetch them by several sources"));
        }
        Ok(Self {
            named: lists,
            number,
            current: None,
        })
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
        let mut record = whole.record.unwrap_or_default();
        self.add_to(&mut record, at);
        Some(Partition {
            record: Some(record),
            range: whole.range,
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

fn values(client: &Client, items: &PartitionItems) -> Vec<Scalar> {
    match items {
        PartitionItems::Values(values) => values.iter().map(scalar).collect(),
        PartitionItems::Config(at) => {
            let at = usize::from(*at);
            let setting = client.plan().config.get(at).zip(client.config().get(at));
            let values = setting.map(|(setting, value)| settings::setting_values(setting, value));
            let mut unique: Vec<Scalar> = Vec::new();
            let mut seen = std::collections::HashSet::new();
            for value in values.unwrap_or_default() {
                if seen.insert(value.to_string()) {
                    unique.push(value);
                }
            }
            unique
        }
    }
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
