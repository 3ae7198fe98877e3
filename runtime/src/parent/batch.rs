//! Batches: one request for several records of a parent.

use super::ParentRecord;
use crate::{
    Error, ErrorKind, Scalar,
    partition::PartitionValues,
    plan::{Function, Part, ResourcePlan},
    template::elements,
};

impl ParentRecord {
    /// The records of a batch as one, whose values are lists. `None` of no records.
    pub(crate) fn of_batch(records: &[Self]) -> Option<Self> {
        let first = records.first()?;
        let list = |at: usize| {
            let sent = records
                .iter()
                .filter_map(|record| record.values.sent().get(at));
            let elements: Vec<String> = sent.map(Scalar::to_json_text).collect();
            Scalar::Json(format!("[{}]", elements.join(",")))
        };
        let name = match records.len() {
            1 => first.values.name.clone(),
            number => format!("{} and {} more", first.values.name, number - 1),
        };
        Some(Self {
            key: first.key.clone(),
            values: PartitionValues {
                values: (0..first.values.values.len()).map(list).collect(),
                sent: None,
                lists: Vec::new(),
                name,
            },
        })
    }
}

/// The error for a text of a batch that contains the separator of its list: the API would read it as two.
pub(crate) fn ambiguous_batch(resource: &ResourcePlan, batch: &ParentRecord) -> Option<Error> {
    resource.batch?;
    let mut found = None;
    resource.each_template(&mut |place, template| {
        for part in &template.0 {
            let (Part::Parent(at), [Function::Join(separator)]) = (part.source(), part.functions())
            else {
                continue;
            };
            let Some(Scalar::Json(list)) = batch.values.values.get(usize::from(*at)) else {
                continue;
            };
            let contains = |value: &Scalar| {
                matches!(value, Scalar::Text(text) if text.contains(separator.as_str()))
            };
            let value = elements(list).into_iter().find(contains);
            if let (Some(value), None) = (value, &found) {
                let value: String = value.to_string().chars().take(80).collect();
                let message = format!(
                    "{value:?} contains the separator {:?} of the values in {place}, in a batch of {}",
                    separator.as_str(),
                    batch.values.name
                );
                found = Some(Error::new(ErrorKind::Schema, message).with_help(
                    "join the values by another text, `{resources.PARENT.FIELD | join(\"|\")}`, send them as a JSON \
                     list, or leave `batch` out",
                ));
            }
        }
    });
    found
}
