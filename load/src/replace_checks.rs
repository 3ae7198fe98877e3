//! Checks that a replacement is whole before it deletes rows.

use rest_source::{
    Completeness, Error, ErrorKind, Report,
    plan::{ParentPlan, ResourcePlan},
    schema::Table,
};

use crate::{Target, Writing, report};

/// Rejects an incremental resource that fetches parts of merge-key groups. The merge key must contain the
/// cursor, and the parent's key where each parent has its own cursor. `check` rejects such a spec; a plan may
/// be written by hand.
///
/// # Errors
///
/// [`ErrorKind::Destination`].
pub(crate) fn check_groups(resource: &ResourcePlan) -> Result<(), Error> {
    if !resource.has_state() {
        return Ok(());
    }
    let incremental = resource.incremental.as_ref();
    let cursor = incremental
        .and_then(|incremental| incremental.column)
        .and_then(|at| resource.table.columns.get(usize::from(at)));
    let refuse = |why: String, instead: String| {
        let message = "an incremental load would delete rows that it does not fetch";
        Err(
            Error::new(ErrorKind::Destination, format!("{message}: {why}")).with_help(format!(
                "{instead}; or merge by a `primary_key` alone; or remove `incremental`"
            )),
        )
    };
    if let Some(cursor) = cursor.filter(|cursor| !cursor.merge_key) {
        return refuse(
            format!(
                "the `merge_key` does not contain the cursor `{}`",
                cursor.name
            ),
            format!("add `{}` to the `merge_key`", cursor.name),
        );
    }
    let parents = resource.parent.as_ref();
    match parents.and_then(|parents| parent_without_key(parents, &resource.table)) {
        Some(parent) => {
            let name = &parent.name;
            refuse(
                format!(
                    "the `merge_key` does not contain the key of `{name}`, and the children of each of its records are \
                     fetched at another time"
                ),
                format!(
                    "include the key of `{name}` by `include_from_parent`, and add it to the `merge_key`"
                ),
            )
        }
        None => Ok(()),
    }
}

/// The first parent whose whole key the merge key of a child's table does not contain. A parent may have no key.
fn parent_without_key<'p>(parents: &'p ParentPlan, child: &Table) -> Option<&'p ResourcePlan> {
    let mut each = parents.resources().zip(0..);
    let without = each.find(|(parent, of)| !contains_key(parents, (parent, *of), child));
    without.map(|(parent, _)| &**parent)
}

fn contains_key(parents: &ParentPlan, (parent, of): (&ResourcePlan, u16), child: &Table) -> bool {
    let is_in_merge_key = |at: usize| {
        child.columns.iter().any(|column| {
            let field = column
                .parent
                .and_then(|at| parents.fields.get(usize::from(at)));
            let field = field.filter(|field| field.of == of);
            column.merge_key
                && field
                    .is_some_and(|field| usize::from(field.column) == at && field.path.0.is_empty())
        })
    };
    let columns = parent.table.columns.iter().enumerate();
    let mut key = columns.filter(|(_, column)| column.primary_key).peekable();
    key.peek().is_some() && key.all(|(at, _)| is_in_merge_key(at))
}

/// Rejects a fetch with unfetched parts if it replaces rows: the rows of these parts would be deleted. Groups
/// that belong to one parent each are safe.
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
        // No group is replaced.
        (Writing::ReplaceGroups, _) if fetched.delivered == 0 => false,
        (Writing::ReplaceGroups, Some(parent)) => {
            parent_without_key(parent, &target.resource.table).is_some()
        }
        (Writing::Replace | Writing::ReplaceGroups, _) => true,
    };
    if !deletes || !completeness.has_unfetched_parts() {
        return Ok(());
    }
    let of = match &target.resource.parent {
        Some(parent) => format!("of some {}", parent.names()),
        None => "of its first page".to_owned(),
    };
    let message = format!("records {of} were not fetched, and their rows would be deleted");
    let error = Error::new(ErrorKind::Incomplete, message).with_help(
        "load again when the API returns them; or use `write_disposition: merge` with a `primary_key`, \
         which deletes no rows",
    );
    Err(report::with_notes(error, fetched))
}

/// Rejects a bounded fetch if it replaces groups: it may end within a group.
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
        "the fetch may have ended within a group of the `merge_key`",
    )
    .with_help("remove the paginator's maximum: `merge_key` needs whole groups");
    Err(report::with_notes(error, fetched))
}
