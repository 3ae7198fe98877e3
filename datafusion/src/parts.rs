//! The partitions of a scan: parts of a resource that are fetched side by side.

use rest_source::{
    Client, Result, Scalar, Timestamp,
    plan::{JsonPlan, Part as TemplatePart, PartitionItems, ResourcePlan, Template, WindowStep},
    shared::Ref,
};

use crate::filters::{Pushdown, has};

/// A part of a resource, which one fetch delivers.
#[derive(Clone, Debug)]
pub struct Part {
    /// The resource with the part's values of its lists of `partitions`.
    pub resource: Ref<ResourcePlan>,
    /// The cursor value to start at, instead of that of the spec.
    pub start: Option<Scalar>,
    /// The cursor value to end at, instead of that of the spec.
    pub end: Option<Scalar>,
}

/// The parts of what the filters leave of a resource: at most so many, and one if there is a limit, so that no request
/// is sent for records that are not wanted.
///
/// # Errors
///
/// When the range of the spec is invalid.
pub(crate) fn parts(
    client: &Client,
    resource: &Ref<ResourcePlan>,
    pushdown: &Pushdown,
    most: usize,
) -> Result<Vec<Part>> {
    let lists = lists(client, resource, pushdown);
    if pushdown.is_empty
        || lists
            .iter()
            .any(|list| list.as_ref().is_some_and(Vec::is_empty))
    {
        return Ok(Vec::new());
    }
    let whole = Part {
        resource: with_lists(resource, &lists),
        start: pushdown.start.clone(),
        end: pushdown.end.clone(),
    };
    // Each part of a child would fetch its parents again.
    if most < 2 || resource.parent.is_some() || resource.tree.is_some() {
        return Ok(vec![whole]);
    }
    let longest = lists.iter().enumerate();
    let longest = longest.filter_map(|(at, list)| Some((at, list.as_ref()?)));
    if let Some((at, list)) = longest.max_by_key(|(_, list)| list.len())
        && list.len() > 1
    {
        let parts = divided(list, most).map(|values| {
            let mut lists = lists.clone();
            lists[at] = Some(values.to_vec());
            Part {
                resource: with_lists(resource, &lists),
                ..whole.clone()
            }
        });
        return Ok(parts.collect());
    }
    by_windows(client, whole, most)
}

/// The values of each list of `partitions` that the filters leave; `None` for those that only a fetch knows.
fn lists(
    client: &Client,
    resource: &ResourcePlan,
    pushdown: &Pushdown,
) -> Vec<Option<Vec<JsonPlan>>> {
    let list = |(at, list): (usize, &rest_source::plan::PartitionPlan)| {
        let mut values: Vec<JsonPlan> = match &list.values {
            PartitionItems::Values(values) => values.to_vec(),
            PartitionItems::Config(at) => {
                let values = client.setting_values(*at);
                let mut plans = Vec::new();
                for value in values.iter().map(json_plan) {
                    plans.extend(Some(value?).filter(|value| !plans.contains(value)));
                }
                plans
            }
            PartitionItems::Rust { .. } => return None,
        };
        // An empty list is an error of the fetch.
        if values.is_empty() {
            return None;
        }
        if let Some((_, wanted)) = pushdown.lists.iter().find(|(list, _)| *list == at) {
            values.retain(|value| scalar(value).is_none_or(|value| has(wanted, &value)));
        }
        Some(values)
    };
    resource.partitions.iter().enumerate().map(list).collect()
}

/// The resource with these values in its lists.
fn with_lists(resource: &Ref<ResourcePlan>, lists: &[Option<Vec<JsonPlan>>]) -> Ref<ResourcePlan> {
    if lists.iter().all(Option::is_none) {
        return resource.clone();
    }
    let partitions = resource.partitions.iter().zip(lists);
    let partitions = partitions.map(|(list, values)| match values {
        Some(values) => rest_source::plan::PartitionPlan {
            values: PartitionItems::Values(values.clone().into()),
            ..list.clone()
        },
        None => list.clone(),
    });
    Ref::from(ResourcePlan {
        partitions: partitions.collect(),
        ..ResourcePlan::clone(resource)
    })
}

fn json_plan(value: &Scalar) -> Option<JsonPlan> {
    Some(match value {
        Scalar::Bigint(number) => JsonPlan::Number(number.to_string().into()),
        Scalar::Text(text) => {
            let part = TemplatePart::Text(text.clone().into());
            JsonPlan::Text(Template(vec![part].into()))
        }
        Scalar::Bool(value) => JsonPlan::Bool(*value),
        _ => return None,
    })
}

/// The value of a list's element; `None` for one that only a fetch knows.
pub(crate) fn scalar(value: &JsonPlan) -> Option<Scalar> {
    Some(match value {
        JsonPlan::Bool(value) => Scalar::Bool(*value),
        JsonPlan::Number(digits) => Scalar::Text(digits.to_string()),
        JsonPlan::Text(template) => match &*template.0 {
            [] => Scalar::Text(String::new()),
            [TemplatePart::Text(text)] => Scalar::Text(text.to_string()),
            _ => return None,
        },
        _ => return None,
    })
}

/// The values in at most so many groups of about the same length, in order.
fn divided<T>(values: &[T], most: usize) -> impl Iterator<Item = &[T]> {
    let length = values.len().div_ceil(most.max(1)).max(1);
    values.chunks(length)
}

/// The part by whole windows of its range, if the spec cuts that by a fixed time.
fn by_windows(client: &Client, whole: Part, most: usize) -> Result<Vec<Part>> {
    let plan = whole.resource.incremental.as_ref();
    // Half-open ranges of records that have a cursor follow each other without a gap or a repeated record.
    let plan = plan.filter(|plan| plan.column.is_some() && plan.start_closed && !plan.end_closed);
    let windows = plan.and_then(|plan| plan.windows);
    let step = windows.filter(|windows| windows.step_setting.is_none());
    let Some(WindowStep::Duration(step)) = step.map(|windows| windows.step) else {
        return Ok(vec![whole]);
    };
    let (initial, end) = client.cursor_range(&whole.resource)?;
    let start = whole.start.clone().or(initial);
    let end = whole.end.clone().or(end);
    let now = || Some(client.now());
    let end = end.as_ref().map_or_else(now, instant);
    let (Some(start), Some(end)) = (start.as_ref().and_then(instant), end) else {
        return Ok(vec![whole]);
    };
    let mut edges = Vec::new();
    let mut edge = start;
    // A range of a very small step is not listed.
    while edges.len() <= 100_000
        && let Some(next) = edge.checked_add(step).filter(|next| *next < end)
    {
        edges.push(next);
        edge = next;
    }
    if edges.is_empty() || edges.len() > 100_000 {
        return Ok(vec![whole]);
    }
    let each = (edges.len() + 1).div_ceil(most).max(1);
    let inner: Vec<Timestamp> = edges.into_iter().skip(each - 1).step_by(each).collect();
    let starts = std::iter::once(whole.start.clone())
        .chain(inner.iter().map(|edge| Some(Scalar::Timestamp(*edge))));
    let ends = inner.iter().map(|edge| Some(Scalar::Timestamp(*edge)));
    let ends = ends.chain([whole.end.clone()]);
    let parts = starts.zip(ends).map(|(start, end)| Part {
        resource: whole.resource.clone(),
        start,
        end,
    });
    Ok(parts.collect())
}

fn instant(value: &Scalar) -> Option<Timestamp> {
    match value {
        Scalar::Timestamp(at) => Some(*at),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::divided;

    #[test]
    fn groups_have_about_the_same_length_and_all_values() {
        let values: Vec<u32> = (0..10).collect();
        let lengths = |most| -> Vec<usize> { divided(&values, most).map(<[u32]>::len).collect() };
        assert_eq!(lengths(4), [3, 3, 3, 1]);
        assert_eq!(lengths(20), [1; 10]);
        assert_eq!(lengths(1), [10]);
        assert_eq!(
            divided(&values, 3).flatten().copied().collect::<Vec<_>>(),
            values
        );
    }
}
