//! Which filters of a query the fetch takes over.

use std::{cmp::Ordering, time::Duration};

use datafusion::logical_expr::{BinaryExpr, Expr, Operator, TableProviderFilterPushDown};
use rest_source::{
    Client, Result, Scalar, TimeFormat, Type,
    plan::{Part, PartitionItems, ResourcePlan},
    schema::Column,
    shared::Ref,
};

use crate::literal::{neighbour, scalar};

/// What the filters of a query leave of a resource.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Pushdown {
    /// The cursor value to start at, after that of the spec.
    pub(crate) start: Option<Scalar>,
    /// The cursor value to end at, before that of the spec.
    pub(crate) end: Option<Scalar>,
    /// For lists of `partitions`, by their position: the values to fetch.
    pub(crate) lists: Vec<(usize, Vec<Scalar>)>,
    /// Whether no row passes the filters.
    pub(crate) is_empty: bool,
}

/// A condition on one column.
enum Condition {
    /// Cursor values from this one on.
    Start(Scalar),
    /// Cursor values before this one; with `range_end: closed`, up to this one.
    End(Scalar),
    /// These values of the list at this position.
    List(usize, Vec<Scalar>),
    /// These values of a setting.
    Setting(u16, Vec<Scalar>),
}

impl Condition {
    fn is_exact(&self) -> bool {
        matches!(self, Self::List(..) | Self::Setting(..))
    }
}

/// Whether the fetch applies a filter itself, narrows the records by it, or leaves it to DataFusion.
pub(crate) fn support(resource: &ResourcePlan, filter: &Expr) -> TableProviderFilterPushDown {
    match conditions(resource, filter) {
        None => TableProviderFilterPushDown::Unsupported,
        Some(all) if all.iter().all(Condition::is_exact) => TableProviderFilterPushDown::Exact,
        Some(_) => TableProviderFilterPushDown::Inexact,
    }
}

/// What these filters leave of a resource. Those that the fetch cannot apply are DataFusion's.
///
/// # Errors
///
/// When the range of the spec is invalid.
pub(crate) fn pushdown(
    client: &Client,
    resource: &Ref<ResourcePlan>,
    filters: &[Expr],
) -> Result<Pushdown> {
    let mut all = Pushdown::default();
    let conditions = filters
        .iter()
        .filter_map(|filter| conditions(resource, filter));
    for condition in conditions.flatten() {
        match condition {
            Condition::Start(start) => replace(&mut all.start, start, Ordering::Greater),
            Condition::End(end) => replace(&mut all.end, end, Ordering::Less),
            Condition::List(at, values) => {
                if let Some((_, known)) = all.lists.iter_mut().find(|(list, _)| *list == at) {
                    known.retain(|value| has(&values, value));
                } else {
                    all.lists.push((at, values));
                }
            }
            Condition::Setting(at, values) => {
                let set = client.config().get(usize::from(at));
                all.is_empty |= !set.is_some_and(|set| has(&values, set));
            }
        }
    }
    within_spec(client, resource, &mut all)?;
    Ok(all)
}

/// Restricts the bounds to the range of the spec, which the table has.
fn within_spec(client: &Client, resource: &Ref<ResourcePlan>, all: &mut Pushdown) -> Result<()> {
    if all.start.is_none() && all.end.is_none() {
        return Ok(());
    }
    let (initial, end) = client.cursor_range(resource)?;
    // The spec's own bound is applied by the fetch, unless the query has one.
    all.start = all.start.take().filter(|start| {
        initial
            .as_ref()
            .is_none_or(|initial| start.partial_cmp(initial) == Some(Ordering::Greater))
    });
    all.end = all.end.take().filter(|until| {
        end.as_ref()
            .is_none_or(|end| until.partial_cmp(end) == Some(Ordering::Less))
    });
    let start = all.start.as_ref().or(initial.as_ref());
    let end = all.end.as_ref().or(end.as_ref());
    if let (Some(start), Some(end)) = (start, end) {
        all.is_empty |= start.partial_cmp(end) == Some(Ordering::Greater);
    }
    Ok(())
}

fn replace(bound: &mut Option<Scalar>, other: Scalar, by: Ordering) {
    let is_narrower = bound
        .as_ref()
        .is_none_or(|bound| other.partial_cmp(bound) == Some(by));
    if is_narrower {
        *bound = Some(other);
    }
}

/// Whether a value is one of these, by its text: a list may write numbers as text. Null is none of them.
pub(crate) fn has(values: &[Scalar], value: &Scalar) -> bool {
    let text = value.to_string();
    *value != Scalar::Null && values.iter().any(|one| one.to_string() == text)
}

/// A filter as conditions that all hold, if the fetch can apply it.
fn conditions(resource: &ResourcePlan, filter: &Expr) -> Option<Vec<Condition>> {
    match filter {
        Expr::BinaryExpr(BinaryExpr {
            left,
            op: Operator::And,
            right,
        }) => {
            let mut all = conditions(resource, left)?;
            all.extend(conditions(resource, right)?);
            Some(all)
        }
        Expr::Between(between) if !between.negated => {
            let column = column(resource, &between.expr)?;
            let (low, high) = (literal(&between.low)?, literal(&between.high)?);
            let mut all = compared(resource, column, Operator::GtEq, low)?;
            all.extend(compared(resource, column, Operator::LtEq, high)?);
            Some(all)
        }
        Expr::BinaryExpr(BinaryExpr { left, op, right }) if *op != Operator::Or => {
            if let (Some(at), Some(value)) = (column(resource, left), literal(right)) {
                return compared(resource, at, *op, value);
            }
            let (at, value) = (column(resource, right)?, literal(left)?);
            compared(resource, at, op.swap()?, value)
        }
        _ => {
            let (at, values) = one_of(resource, filter)?;
            listed(resource, at, values).map(|condition| vec![condition])
        }
    }
}

/// The column at this position of the table.
fn column(resource: &ResourcePlan, expr: &Expr) -> Option<usize> {
    match expr {
        Expr::Column(column) => resource.table.position(&column.name),
        _ => None,
    }
}

fn literal(expr: &Expr) -> Option<Scalar> {
    match expr {
        Expr::Literal(value, _) => scalar(value),
        _ => None,
    }
}

/// A column and the values that it may have: `IN`, or equalities with `OR` between them.
fn one_of(resource: &ResourcePlan, expr: &Expr) -> Option<(usize, Vec<Scalar>)> {
    match expr {
        Expr::InList(list) if !list.negated => {
            let values = list.list.iter().map(literal).collect::<Option<_>>()?;
            Some((column(resource, &list.expr)?, values))
        }
        Expr::BinaryExpr(BinaryExpr {
            left,
            op: Operator::Or,
            right,
        }) => {
            let (at, mut values) = one_of(resource, left)?;
            let (other, more) = one_of(resource, right)?;
            values.extend(more);
            (at == other).then_some((at, values))
        }
        Expr::BinaryExpr(BinaryExpr {
            left,
            op: Operator::Eq,
            right,
        }) => column(resource, left)
            .zip(literal(right))
            .or_else(|| column(resource, right).zip(literal(left)))
            .map(|(at, value)| (at, vec![value])),
        _ => None,
    }
}

/// The condition that a column of a list or of a setting has one of these values.
fn listed(resource: &ResourcePlan, at: usize, values: Vec<Scalar>) -> Option<Condition> {
    let column = resource.table.columns.get(at)?;
    // Their texts tell these apart.
    if !matches!(column.data_type, Type::Text | Type::Bigint | Type::Bool) {
        return None;
    }
    let value = column.value.as_ref().map(|value| &*value.0);
    let setting = match value {
        Some([Part::Config(at)]) => Some(*at),
        _ => column.config,
    };
    if let Some(setting) = setting {
        return Some(Condition::Setting(setting, values));
    }
    let list = usize::from(column.partition?);
    let items = &resource.partitions.get(list)?.values;
    // The values of a function are known only when it was called.
    let is_known = !matches!(items, PartitionItems::Rust { .. });
    is_known.then_some(Condition::List(list, values))
}

/// The conditions that a comparison of a column with a value makes.
fn compared(
    resource: &ResourcePlan,
    at: usize,
    op: Operator,
    value: Scalar,
) -> Option<Vec<Condition>> {
    let plan = resource.incremental.as_ref();
    let Some(plan) = plan.filter(|plan| plan.column.map(usize::from) == Some(at)) else {
        let is_equal = op == Operator::Eq;
        return is_equal
            .then(|| listed(resource, at, vec![value]))?
            .map(|condition| vec![condition]);
    };
    let column = resource.table.columns.get(at)?;
    let resolution = resolution(column)?;
    let start = |value: &Scalar| {
        if plan.start_closed {
            return Some(value.clone());
        }
        neighbour(value, false, resolution)
    };
    let end = |value: &Scalar| {
        if plan.end_closed {
            return Some(value.clone());
        }
        neighbour(value, true, resolution)
    };
    Some(match op {
        Operator::GtEq => vec![Condition::Start(start(&value)?)],
        Operator::Gt => vec![Condition::Start(value)],
        Operator::LtEq => vec![Condition::End(end(&value)?)],
        Operator::Lt => vec![Condition::End(value)],
        Operator::Eq => vec![
            Condition::Start(start(&value)?),
            Condition::End(end(&value)?),
        ],
        _ => return None,
    })
}

/// The shortest distance of two values of a cursor column in Arrow; `None` for types whose order an API may see
/// otherwise.
fn resolution(column: &Column) -> Option<Duration> {
    Some(match &column.data_type {
        Type::Bigint | Type::Date(_) => Duration::ZERO,
        Type::Timestamp(TimeFormat::EpochNanos) => Duration::from_nanos(1),
        Type::Timestamp(_) => Duration::from_micros(1),
        _ => return None,
    })
}
