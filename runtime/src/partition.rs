//! The key and the values of a partition: a part of a resource that is fetched by requests of its own.

use serde_json::Value as Json;

use crate::Scalar;

/// How much of a value a message shows, in characters.
pub(crate) const MAX_SHOWN: usize = 80;

/// Identifies a partition among those of its resource.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct PartitionKey {
    /// The names of the columns.
    pub(crate) by: Vec<String>,
    /// Their values, as a JSON list.
    pub(crate) values: String,
}

impl PartitionKey {
    /// The key of columns and their values.
    pub(crate) fn new(values: impl Iterator<Item = (String, Json)>) -> Self {
        let (by, values): (_, Vec<Json>) = values.unzip();
        Self {
            by,
            values: Json::from(values).to_string(),
        }
    }

    /// The columns and their values.
    pub(crate) fn columns(&self) -> impl Iterator<Item = (String, Json)> {
        let values: Vec<Json> = serde_json::from_str(&self.values).unwrap_or_default();
        self.by.clone().into_iter().zip(values)
    }

    /// Adds columns and their values.
    pub(crate) fn extend(&mut self, values: impl Iterator<Item = (String, Json)>) {
        let mut all: Vec<Json> = serde_json::from_str(&self.values).unwrap_or_default();
        for (name, value) in values {
            self.by.push(name);
            all.push(value);
        }
        self.values = Json::from(all).to_string();
    }

    /// The name of the partition in messages, long values cut off: `` `posts` with `id` 7 ``.
    pub(crate) fn shown(&self, of: &str) -> String {
        let values = self.columns().map(|(name, value)| {
            let value: String = value.to_string().chars().take(MAX_SHOWN).collect();
            format!("`{name}` {value}")
        });
        format!("{of} with {}", values.collect::<Vec<_>>().join(", "))
    }
}

/// The values that the requests and records of a partition take.
#[derive(Clone, Debug, Default)]
pub(crate) struct PartitionValues {
    /// The values, as records have them.
    pub(crate) values: Vec<Scalar>,
    /// The values as requests send them, where these differ.
    pub(crate) sent: Option<Vec<Scalar>>,
    /// The values of its lists.
    pub(crate) lists: Vec<Scalar>,
    /// The name of the partition in messages, long values cut off: `` `posts` with `id` 7 ``.
    pub(crate) name: String,
}

impl PartitionValues {
    /// The values as requests send them.
    pub(crate) fn sent(&self) -> &[Scalar] {
        self.sent.as_deref().unwrap_or(&self.values)
    }

    /// About how much memory the values take, in bytes.
    pub(crate) fn bytes(&self) -> usize {
        let values = || self.values.iter().chain(self.sent.iter().flatten());
        let texts = values().map(|value| match value {
            Scalar::Text(text) | Scalar::Json(text) => text.len(),
            Scalar::Binary(bytes) => bytes.len(),
            _ => 0,
        });
        values().count() * size_of::<Scalar>() + texts.sum::<usize>() + self.name.len()
    }
}
