//! Checks that no record is appended twice.

use rest_source::{
    Error, ErrorKind, Report,
    plan::{FutureCursor, OnMissing, ParentSelection, ResourcePlan, RowOrder},
};

use crate::report;

const MERGE: &str = "say `write_disposition: merge`, with a `primary_key`, which stores each record \
                     once";

/// Rejects a resource whose loads all deliver some records again. `check` rejects such a spec; a plan may be
/// written by hand.
///
/// # Errors
///
/// [`ErrorKind::Destination`].
pub(crate) fn check(resource: &ResourcePlan) -> Result<(), Error> {
    if resource.parents == ParentSelection::Changed {
        let message = "every load would append the records of changed parents again";
        return Err(Error::new(ErrorKind::Destination, message).with_help(MERGE));
    }
    let Some(incremental) = &resource.incremental else {
        return Ok(());
    };
    let which = if incremental.lag.is_some() {
        "those within the `lag`"
    } else if incremental.on_missing == OnMissing::Include {
        "those without a cursor value, by `on_cursor_value_missing: include`"
    } else if resource.future_cursor() == FutureCursor::Cap {
        "those whose cursor is in the future, by `future_cursor: cap`"
    } else {
        return Ok(());
    };
    let message = format!("every load would append some records again: {which}");
    Err(Error::new(ErrorKind::Destination, message).with_help(MERGE))
}

/// The error for a start that the caller chose, of a resource that was loaded before.
pub(crate) fn of_chosen_start(resource: &ResourcePlan) -> Error {
    let message = format!(
        "`{}` was loaded before: from another start its rows would be appended again, or left out",
        resource.name
    );
    Error::new(ErrorKind::Config, message).with_help(MERGE)
}

/// The error for a fetch whose state does not cover all delivered records.
pub(crate) fn would_repeat(resource: &ResourcePlan, fetched: &Report) -> Error {
    let message = "the next load would append some of these records again";
    let is_ascending = resource
        .incremental
        .as_ref()
        .is_some_and(|plan| plan.row_order == Some(RowOrder::Ascending) && plan.start_closed);
    let has_order = resource.incremental.is_some() && resource.change_token().is_none();
    let help = if is_ascending || !has_order {
        MERGE.to_owned()
    } else {
        format!(
            "{MERGE}; or `row_order: asc`, if the API returns records in that order: the next load then resumes \
             where this one stopped"
        )
    };
    let error = Error::new(ErrorKind::Destination, message).with_help(help);
    report::with_notes(error, fetched)
}
