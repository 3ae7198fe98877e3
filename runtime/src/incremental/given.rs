//! What the state that a fetch was given says to it.

use std::{collections::BTreeSet, sync::Arc, time::SystemTime};

use super::{Range, Whose};
use crate::{
    Column, Error, ErrorKind, Result, Scalar, State,
    parent::ParentRecord,
    plan::{ParentPlan, ResourcePlan, WriteDisposition},
    schema::Table,
    state::{Mark, Marks, Reach},
};

/// How far an earlier fetch came.
#[derive(Clone, Debug)]
pub(crate) struct Last {
    pub(crate) cursor: Scalar,
    /// The keys of the records that had it.
    pub(crate) seen: Arc<BTreeSet<String>>,
}

impl Last {
    pub(super) fn of(mark: &Mark, column: &Column) -> Result<Self> {
        Ok(Self {
            cursor: cursor(&mark.value, column)?,
            seen: Arc::clone(&mark.seen),
        })
    }
}

/// A cursor value of a state.
pub(super) fn cursor(text: &str, column: &Column) -> Result<Scalar> {
    Scalar::read(&column.data_type, text)?.ok_or_else(|| {
        let word = column.data_type.word();
        foreign(format!("the state's cursor `{text}` is no {word}"))
    })
}

/// What an incremental fetch is asked for.
#[derive(Clone, Debug)]
pub(crate) struct Request<'a> {
    pub(crate) resource: &'a ResourcePlan,
    pub(crate) table: &'a Table,
    pub(crate) state: Option<&'a State>,
    pub(crate) until: Option<Scalar>,
    /// Whether its records are upserted: those that the state knows are delivered again.
    pub(crate) is_upsert: bool,
    /// When it begins.
    pub(crate) now: SystemTime,
}

/// The range of a fetch of this resource, for one record of the parent where there is one, since a
/// state and until a value where they are given. `None` for a resource without `incremental`.
///
/// # Errors
///
/// [`ErrorKind::State`] where the state is not this fetch's; [`ErrorKind::Config`] where a value is not
/// of the cursor's type.
pub(crate) fn range(request: Request<'_>, parent: Option<&ParentRecord>) -> Result<Option<Range>> {
    let (resource, state) = (request.resource, request.state);
    let Some(mut range) = Range::new(request)? else {
        return Ok(None);
    };
    let column = range.column.clone();
    if let Some(state) = state {
        check(state, resource, &range)?;
    }
    let reach = state.map(|state| &state.reach);
    let (last, whose) = match (&resource.parent, parent) {
        (Some(plan), Some(parent)) => for_one(reach, plan, parent, &column)?,
        _ => (for_all(reach, &column)?, Whose::All),
    };
    let last = last
        .map(|last| range.future.resume(&column.name, last))
        .transpose()?;
    Ok(Some(range.since(last).of(whose)))
}

fn for_all(reach: Option<&Reach>, column: &Column) -> Result<Option<Last>> {
    match reach {
        None => Ok(None),
        Some(Reach::All(mark)) => Last::of(mark, column).map(Some),
        Some(Reach::One(..) | Reach::Each(_)) => Err(foreign(
            "the state is of the children of a parent, which the resource does not have".to_owned(),
        )),
    }
}

/// For one record of the parent: its own state, or its part in that of all.
fn for_one(
    reach: Option<&Reach>,
    plan: &ParentPlan,
    parent: &ParentRecord,
    column: &Column,
) -> Result<(Option<Last>, Whose)> {
    let key = &parent.key;
    let marks = match reach {
        None => return Ok((None, Whose::One(key.clone()))),
        Some(Reach::One(of, mark)) if of == key => {
            return Ok((Some(Last::of(mark, column)?), Whose::One(key.clone())));
        }
        Some(Reach::One(of, _)) => {
            let (is, wants) = (of.shown(&plan.resource.name), &parent.name);
            return Err(foreign(format!(
                "the state is of {is}, the fetch for {wants}"
            )));
        }
        Some(Reach::All(_)) => return Err(without_parents(plan)),
        Some(Reach::Each(marks)) => Arc::clone(marks),
    };
    tells_apart(&marks, &key.by, plan)?;
    let last = marks.get(&key.values).map(|mark| Last::of(mark, column));
    let last = last.transpose()?;
    Ok((last, Whose::OneOf(marks, key.clone())))
}

/// What a state says of each of the parents, which are told apart `by` this.
pub(super) fn for_each(reach: Option<&Reach>, plan: &ParentPlan, by: Vec<String>) -> Result<Marks> {
    match reach {
        None => Ok(Marks::new(by)),
        Some(Reach::All(_)) => Err(without_parents(plan)),
        Some(Reach::Each(marks)) => {
            tells_apart(marks, &by, plan)?;
            Ok((**marks).clone())
        }
        Some(Reach::One(of, _)) => Err(foreign(format!(
            "the state is of {}, the fetch for all records of the parent",
            of.shown(&plan.resource.name)
        ))),
    }
}

fn without_parents(plan: &ParentPlan) -> Error {
    let parent = &plan.resource.name;
    foreign(format!(
        "the state has no cursor for each record of `{parent}`"
    ))
}

/// Checks that a state is of this resource and its cursor, and that what it has seen is recognised,
/// where that would be appended again.
pub(super) fn check(state: &State, resource: &ResourcePlan, range: &Range) -> Result<()> {
    let Range { column, by, .. } = range;
    let found = [&state.resource, &state.column, &state.data_type];
    if found != [&*resource.name, &*column.name, column.data_type.word()] {
        let [resource, column, word] = found;
        return Err(foreign(format!(
            "the state is of `{resource}`, by its {word} `{column}`"
        )));
    }
    let is_appended = resource.write_disposition == WriteDisposition::Append;
    let was = &state.by;
    if is_appended && state.reach.has_seen() && !by.knows_those_by(was) {
        let (is, wants) = (was.names().join("`, `"), by.names().join("`, `"));
        return Err(foreign(format!(
            "the state knows the records at its cursor by `{is}`, the fetch by `{wants}`: they would be \
             appended again"
        )));
    }
    Ok(())
}

/// Checks that a state tells parents apart by what a fetch knows of them.
fn tells_apart(marks: &Marks, by: &[String], plan: &ParentPlan) -> Result<()> {
    if marks.by == by {
        return Ok(());
    }
    let (is, wants) = (marks.by.join("`, `"), by.join("`, `"));
    Err(foreign(format!(
        "the state tells the records of `{}` apart by `{is}`, the fetch by `{wants}`",
        plan.resource.name
    )))
}

pub(super) fn foreign(message: String) -> Error {
    Error::new(ErrorKind::State, message).with_help("a full refresh starts over, without a state")
}
