//! What keeps records from being appended twice.

use rest_source::{
    Error, ErrorKind, Report,
    plan::{FutureCursor, OnMissing, ResourcePlan, RowOrder},
};

use crate::report;

const MERGE: &str = "say `write_disposition: merge`, with a `primary_key`, which stores each record \
                     once";

/// Refuses a resource of which every load would bring records again. The compiler refuses such a
/// spec; a plan may be written by hand.
///
/// # Errors
///
/// [`ErrorKind::Destination`].
pub(crate) fn check(resource: &ResourcePlan) -> Result<(), Error> {
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
    let message =
        format!("every load would append records again that an earlier one brought: {which}");
    Err(Error::new(ErrorKind::Destination, message).with_help(MERGE))
}

/// The error for a fetch that does not bring the state past all that it gave.
pub(crate) fn would_repeat(resource: &ResourcePlan, fetched: &Report) -> Error {
    let message = "the next load would append records again that this one brought";
    let is_ascending = resource
        .incremental
        .as_ref()
        .is_some_and(|plan| plan.row_order == Some(RowOrder::Ascending) && plan.start_closed);
    let help = if is_ascending {
        MERGE.to_owned()
    } else {
        format!(
            "{MERGE}; or `row_order: asc`, where the API keeps that order, by which a load goes on where \
             the last one was cut off"
        )
    };
    let error = Error::new(ErrorKind::Destination, message).with_help(help);
    report::with_notes(error, fetched)
}
