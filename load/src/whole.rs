//! What keeps rows from giving way to a part of what is to take their place.

use rest_source::{
    Completeness, Error, ErrorKind, Report,
    plan::{ParentPlan, ResourcePlan},
    schema::Table,
};

use crate::{Target, Writing, report};

/// Refuses a resource of which a load of what is new brings parts of groups: the merge key has to have
/// the cursor, so that a group is new or not as a whole, and to say whose records they are where each
/// parent has a cursor of its own. The compiler refuses such a spec; a plan may be written by hand.
///
/// # Errors
///
/// [`ErrorKind::Destination`].
pub(crate) fn check_groups(resource: &ResourcePlan) -> Result<(), Error> {
    let Some(incremental) = &resource.incremental else {
        return Ok(());
    };
    let cursor = resource.table.columns.get(usize::from(incremental.column));
    let refuse = |why: String, instead: String| {
        let message =
            "a load of what is new would delete rows of its groups that it does not fetch";
        Err(
            Error::new(ErrorKind::Destination, format!("{message}: {why}")).with_help(format!(
                "{instead}; or merge by a `primary_key` alone, record by record; or leave \
                 `incremental` out, and fetch all"
            )),
        )
    };
    if let Some(cursor) = cursor.filter(|cursor| !cursor.merge_key) {
        return refuse(
            format!("the `merge_key` does not have the cursor `{}`", cursor.name),
            "let the cursor be a column of the `merge_key`".to_owned(),
        );
    }
    match &resource.parent {
        Some(parent) if !has_key_of(parent, &resource.table) => {
            let name = &parent.resource.name;
            refuse(
                format!(
                    "the `merge_key` does not have the whole key of `{name}`, each of which has a \
                     cursor of its own"
                ),
                format!(
                    "include the key of `{name}` by `include_from_parent`, and in the `merge_key`"
                ),
            )
        }
        _ => Ok(()),
    }
}

/// Whether the merge key of a child's table has all of its parent's key, where that has one.
fn has_key_of(parent: &ParentPlan, child: &Table) -> bool {
    let fixes = |at: usize| {
        child.columns.iter().any(|column| {
            let field = column
                .parent
                .and_then(|at| parent.fields.get(usize::from(at)));
            column.merge_key
                && field
                    .is_some_and(|field| usize::from(field.column) == at && field.path.0.is_empty())
        })
    };
    let columns = parent.resource.table.columns.iter().enumerate();
    let mut key = columns.filter(|(_, column)| column.primary_key).peekable();
    key.peek().is_some() && key.all(|(at, _)| fixes(at))
}

/// Refuses a fetch that left out a part of the resource where rows would be deleted: those of the part
/// would be, too. Groups are safe that are each of one parent.
///
/// # Errors
///
/// [`ErrorKind::Incomplete`].
pub(crate) fn check_parts(
    target: &Target,
    completeness: &Completeness,
    fetched: &Report,
) -> Result<(), Error> {
    let deletes = match (target.writing, &target.resource.parent) {
        (Writing::Append | Writing::Merge, _) => false,
        // There is no group to be replaced.
        (Writing::ReplaceGroups, _) if fetched.delivered == 0 => false,
        (Writing::ReplaceGroups, Some(parent)) => !has_key_of(parent, &target.resource.table),
        (Writing::Replace | Writing::ReplaceGroups, _) => true,
    };
    if !deletes || !completeness.has_unfetched_parts() {
        return Ok(());
    }
    let of = match &target.resource.parent {
        Some(parent) => format!("of some `{}`", parent.resource.name),
        None => "of its first page".to_owned(),
    };
    let message = format!("records {of} were not fetched: their rows would be deleted");
    let error = Error::new(ErrorKind::Incomplete, message).with_help(
        "load again once the API gives them; or say `write_disposition: merge`, with a `primary_key`, \
         which deletes no rows",
    );
    Err(report::with_notes(error, fetched))
}

/// Refuses a bounded fetch where the rows of a group are replaced: a maximum of the spec says how much
/// the whole is, but not where a group ends.
///
/// # Errors
///
/// [`ErrorKind::Destination`].
pub(crate) fn check_groups_are_whole(
    writing: Writing,
    completeness: &Completeness,
    fetched: &Report,
) -> Result<(), Error> {
    if writing != Writing::ReplaceGroups || completeness.is_complete() {
        return Ok(());
    }
    let error = Error::new(
        ErrorKind::Destination,
        "records are missing of the groups that were to be replaced",
    )
    .with_help("remove the maximum of the paginator: it does not go with `merge_key`");
    Err(report::with_notes(error, fetched))
}
