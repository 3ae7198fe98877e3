//! What keeps records from being appended twice.

use rest_source::{
    Error, ErrorKind, Report,
    plan::{OnMissing, ResourcePlan},
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
    let Some(incremental) = resource.incremental else {
        return Ok(());
    };
    let which = if incremental.lag.is_some() {
        "those within the `lag`"
    } else if incremental.on_missing == OnMissing::Include {
        "those without a cursor value, by `on_cursor_value_missing: include`"
    } else {
        return Ok(());
    };
    let message =
        format!("every load would append records again that an earlier one brought: {which}");
    Err(Error::new(ErrorKind::Destination, message).with_help(MERGE))
}

/// The error for a fetch that does not bring the state past all that it gave.
pub(crate) fn would_repeat(fetched: &Report) -> Error {
    let message = "the next load would append records again that this one brought";
    let error = Error::new(ErrorKind::Destination, message).with_help(format!(
        "{MERGE}; or `row_order: asc`, where the API keeps that order, by which a load goes on where \
         the last one was cut off"
    ));
    report::with_notes(error, fetched)
}
