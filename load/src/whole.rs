//! What keeps rows from giving way to a part of what is to take their place.

use rest_source::{Error, ErrorKind, Pages, Rows};

use crate::Writing;

/// Refuses a fetch, which is over, that did not bring all that was to take the place of other rows. A
/// maximum of the spec says how much all is, but not where a group ends.
///
/// # Errors
///
/// [`ErrorKind::Destination`].
pub(crate) fn check(writing: Writing, fetched: &Pages<Rows>) -> Result<(), Error> {
    let (message, help) = match writing {
        Writing::Replace if fetched.lost_pages() => (
            "pages are missing of what was to take the place of all rows",
            "load it again when the API gives all of them, or leave out the rule of \
             `response_actions` by which a page is ignored",
        ),
        Writing::ReplaceGroups if !fetched.is_complete() => (
            "records are missing of the groups that were to be replaced",
            "load it again when the API gives all of them; a maximum of the paginator, and a rule of \
             `response_actions` by which a page is ignored, do not go with `merge_key`",
        ),
        _ => return Ok(()),
    };
    let mut error = Error::new(ErrorKind::Destination, message).with_help(help);
    for note in &fetched.report().notes {
        error = error.with_detail(note.as_str());
    }
    Err(error)
}
