//! Resumes a fetch at a saved state, after checking that the state fits.

use std::{collections::BTreeSet, sync::Arc, time::SystemTime};

use super::{CursorRange, StateScope};
use crate::{
    Column, Error, ErrorKind, Result, Scalar, State,
    parent::ParentRecord,
    plan::{Lag, ParentPlan, ResourcePlan, WriteDisposition},
    schema::Table,
    state::{Checkpoint, Checkpoints, Progress},
};

/// The cursor that an earlier fetch reached.
#[derive(Clone, Debug)]
pub(crate) struct ResumePoint {
    pub(crate) cursor: Scalar,
    /// The keys of the records at that cursor.
    pub(crate) seen: Arc<BTreeSet<String>>,
}

impl ResumePoint {
    pub(super) fn of(mark: &Checkpoint, column: &Column) -> Result<Self> {
        Ok(Self {
            cursor: cursor(&mark.value, column)?,
            seen: Arc::clone(&mark.seen),
        })
    }
}

/// Reads a cursor of a state.
pub(super) fn cursor(text: &str, column: &Column) -> Result<Scalar> {
    Scalar::read(&column.data_type, text)?.ok_or_else(|| {
        let word = column.data_type.word();
        mismatch(format!(
            "the cursor `{text}` of the state is not a valid {word}"
        ))
    })
}

/// The values that the range of a fetch is made of.
#[derive(Clone, Debug, Default)]
pub(crate) struct RangeEnds {
    /// The spec's `initial_value`.
    pub(crate) initial: Option<Scalar>,
    /// The spec's `end_value`.
    pub(crate) end: Option<Scalar>,
    /// The spec's `lag`.
    pub(crate) lag: Option<Lag>,
    /// The value of the setting of the `lag`.
    pub(crate) lag_setting: Option<Scalar>,
    /// The value of the setting of the `step`.
    pub(crate) step_setting: Option<Scalar>,
    /// The start that the caller chose for this fetch.
    pub(crate) from: Option<Scalar>,
    /// The end that the caller chose for this fetch.
    pub(crate) until: Option<Scalar>,
}

#[cfg(test)]
impl RangeEnds {
    /// The values of a plan whose ends are texts.
    pub(super) fn of_texts(plan: &crate::plan::Incremental) -> Self {
        let text = |template: &Option<crate::plan::Template>| match &*template.as_ref()?.0 {
            [crate::plan::Part::Text(text)] => Some(Scalar::Text(text.to_string())),
            _ => None,
        };
        Self {
            initial: text(&plan.initial_value),
            end: text(&plan.end_value),
            lag: plan.lag.clone(),
            ..Self::default()
        }
    }
}

/// The parameters of an incremental fetch.
#[derive(Clone, Debug)]
pub(crate) struct Request<'a> {
    pub(crate) resource: &'a ResourcePlan,
    pub(crate) table: &'a Table,
    pub(crate) state: Option<&'a State>,
    pub(crate) ends: RangeEnds,
    /// Whether the consumer upserts: records that the state knows are delivered again.
    pub(crate) is_upsert: bool,
    /// When the fetch starts.
    pub(crate) now: SystemTime,
}

/// The range of a fetch, for one record of the parent if given. `None` without `incremental`.
///
/// # Errors
///
/// [`ErrorKind::State`] if the state does not fit the fetch; [`ErrorKind::Config`] if a value does not have
/// the cursor's type.
pub(crate) fn range(
    request: Request<'_>,
    parent: Option<&ParentRecord>,
) -> Result<Option<CursorRange>> {
    let (resource, state) = (request.resource, request.state);
    let Some(mut range) = CursorRange::new(request)? else {
        return Ok(None);
    };
    let column = range.column.clone();
    if let Some(state) = state {
        check(state, resource, &range)?;
    }
    let reach = state.map(|state| &state.reach);
    let (last, scope) = match (&resource.parent, parent) {
        (Some(plan), Some(parent)) => for_one(reach, plan, parent, &column)?,
        _ => (for_all(reach, &column)?, StateScope::All),
    };
    let last = last
        .map(|last| range.future.resume(&column.name, last))
        .transpose()?;
    Ok(Some(range.since(last).with_scope(scope)))
}

fn for_all(reach: Option<&Progress>, column: &Column) -> Result<Option<ResumePoint>> {
    match reach {
        None => Ok(None),
        Some(Progress::All(mark)) => ResumePoint::of(mark, column).map(Some),
        Some(Progress::One(..) | Progress::Each(_)) => Err(mismatch(
            "the state is of the children of a parent, which the resource does not have".to_owned(),
        )),
        Some(Progress::Parents(_)) => Err(of_parents()),
    }
}

/// Resumes one record of the parent at its own state, or at its checkpoint in the state of all.
fn for_one(
    reach: Option<&Progress>,
    plan: &ParentPlan,
    parent: &ParentRecord,
    column: &Column,
) -> Result<(Option<ResumePoint>, StateScope)> {
    let key = &parent.key;
    let name = plan.names();
    let marks = match reach {
        None => return Ok((None, StateScope::One(key.clone()))),
        Some(Progress::One(of, mark)) if of == key => {
            return Ok((
                Some(ResumePoint::of(mark, column)?),
                StateScope::One(key.clone()),
            ));
        }
        Some(Progress::One(of, _)) => {
            let (is, wants) = (of.shown(&plan.names()), &parent.values.name);
            return Err(mismatch(format!(
                "the state is of {is}, the fetch for {wants}"
            )));
        }
        Some(Progress::All(_)) => return Err(without_partitions(&name)),
        Some(Progress::Parents(_)) => return Err(of_parents()),
        Some(Progress::Each(marks)) => Arc::clone(marks),
    };
    check_key_columns(&marks, &key.by, &name)?;
    let last = marks
        .get(&key.values)
        .map(|mark| ResumePoint::of(mark, column));
    let last = last.transpose()?;
    Ok((last, StateScope::OneOf(marks, key.clone())))
}

/// The checkpoints of all partitions, whose keys are `by` these columns.
pub(super) fn for_each(
    reach: Option<&Progress>,
    name: &str,
    by: Vec<String>,
) -> Result<Checkpoints> {
    match reach {
        None => Ok(Checkpoints::new(by)),
        Some(Progress::All(_)) => Err(without_partitions(name)),
        Some(Progress::Parents(_)) => Err(of_parents()),
        Some(Progress::Each(marks)) => {
            check_key_columns(marks, &by, name)?;
            Ok((**marks).clone())
        }
        Some(Progress::One(of, _)) => Err(mismatch(format!(
            "the state is of {}, the fetch for all records of the parent",
            of.shown(name)
        ))),
    }
}

fn of_parents() -> Error {
    mismatch("the state is of changed parents, and the resource is fetched for all".to_owned())
}

fn without_partitions(name: &str) -> Error {
    mismatch(format!("the state has no cursor for each record of {name}"))
}

/// Checks that a state belongs to this resource and cursor, and that its records are recognised if they
/// would be appended again.
pub(super) fn check(state: &State, resource: &ResourcePlan, range: &CursorRange) -> Result<()> {
    let CursorRange { column, by, .. } = range;
    let found = [&state.resource, &state.column, &state.data_type];
    if found != [&*resource.name, &*column.name, column.data_type.word()] {
        let [resource, column, word] = found;
        return Err(mismatch(format!(
            "the state is of `{resource}`, by its {word} `{column}`"
        )));
    }
    let is_appended = resource.write_disposition == WriteDisposition::Append;
    let was = &state.by;
    if is_appended && state.reach.has_seen() && !by.recognises(was) {
        let (is, wants) = (was.names().join("`, `"), by.names().join("`, `"));
        return Err(mismatch(format!(
            "the saved state identifies records by `{is}`, the spec by `{wants}`: they would be appended \
             twice"
        )));
    }
    Ok(())
}

/// Checks that a state identifies partitions by the same columns as the fetch.
fn check_key_columns(marks: &Checkpoints, by: &[String], name: &str) -> Result<()> {
    if marks.by == by {
        return Ok(());
    }
    let (is, wants) = (marks.by.join("`, `"), by.join("`, `"));
    Err(mismatch(format!(
        "the state identifies the records of {name} by `{is}`, the fetch by `{wants}`"
    )))
}

pub(crate) fn mismatch(message: String) -> Error {
    Error::new(ErrorKind::State, message).with_help(
        "use a state of this resource and cursor; or fetch everything again, without a state (`fetch`) or by a full \
         refresh (`load`)",
    )
}
