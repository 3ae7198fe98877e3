//! What `merge_key` replaces has to come whole: the records of a group are new together, or not.

use crate::connector::{
    Column, ParentField, ParentSelection, Path, Record, ResourcePlan, WriteDisposition,
};
use crate::diagnostic::Diagnostic;
use crate::grammar;
use crate::grammar::endpoint::incremental as incremental_key;
use crate::grammar::{endpoint, resource};
use crate::names;
use crate::spec::View;

use super::Check;
use super::parent::Known;

const DELETES: &str = "every load would delete those records of a group that it does not fetch";
const INSTEAD: &str = "or merge by a `primary_key` alone, or leave `incremental` out";

impl Check<'_> {
    pub(super) fn groups_come_whole(
        &mut self,
        resource: &View<'_>,
        endpoint: &View<'_>,
        record: &Record,
        plan: &ResourcePlan,
        parents: Option<(&[Known], &[ParentField])>,
    ) {
        if plan.write_disposition != WriteDisposition::Merge || !plan.has_state() {
            return;
        }
        let incremental = plan.incremental.as_ref();
        let columns = record.columns();
        if !columns.iter().any(|column| column.merge_key) {
            return;
        }
        if let Some(cursor) = incremental
            .and_then(|incremental| incremental.column)
            .and_then(|at| columns.get(usize::from(at)))
            && !cursor.merge_key
        {
            self.a_group_has_a_cursor(resource, endpoint, cursor);
        }
        let (parents, fields) = parents.unwrap_or_default();
        let mut without_key = parents.iter();
        if let Some(parent) = without_key.find(|parent| !has_key_of(parent, fields, columns)) {
            self.a_group_has_a_parent(resource, parent, parents.len() > 1, plan.parents);
        }
    }

    /// By a cursor that is finer than the groups, older records of a group are not fetched again.
    fn a_group_has_a_cursor(&mut self, resource: &View<'_>, endpoint: &View<'_>, cursor: &Column) {
        let message = format!(
            "{DELETES}: the `merge_key` lacks the cursor `{}`",
            cursor.name
        );
        let mut diagnostic =
            Diagnostic::error("RS0708", resource.place(&resource::MERGE_KEY), message).help(
                format!("let the cursor be a column of the `merge_key`, {INSTEAD}"),
            );
        if let Some(view) = endpoint.view(&endpoint::ENDPOINT_INCREMENTAL, &grammar::INCREMENTAL) {
            diagnostic = diagnostic.also(view.place(&incremental_key::CURSOR_PATH), "the cursor");
        }
        self.error(diagnostic);
    }

    /// Each record of the parent has a cursor of its own, so that what is fetched of one is older than
    /// what is fetched of another.
    fn a_group_has_a_parent(
        &mut self,
        resource: &View<'_>,
        parent: &Known,
        has_others: bool,
        parents: ParentSelection,
    ) {
        let name = parent.name();
        let message = format!("{DELETES}: the `merge_key` lacks the key of the parent `{name}`");
        let key: Vec<_> = parent
            .primary_key()
            .map(|(_, key)| key.name.as_str())
            .collect();
        let included = key
            .iter()
            .map(|key| format!("`_{}_{key}`", names::snake(name)));
        let add = if key.is_empty() {
            format!("give `{name}` a `primary_key`, and add that by `include_from_parent`")
        } else {
            format!(
                "add {} to it, by `include_from_parent: [{}]`",
                included.collect::<Vec<_>>().join(" and "),
                key.iter()
                    .map(|key| parent.included_name(key, has_others))
                    .collect::<Vec<_>>()
                    .join(", ")
            )
        };
        let diagnostic = Diagnostic::error("RS0708", resource.place(&resource::MERGE_KEY), message)
            .help(match parents {
                ParentSelection::All => format!("{add}, {INSTEAD}"),
                ParentSelection::Changed => format!("{add}, or merge by a `primary_key` alone"),
            })
            .note(match parents {
                ParentSelection::All => "each record of a parent has a cursor of its own",
                ParentSelection::Changed => "only the children of changed parents are fetched",
            });
        self.error(diagnostic);
    }
}

/// Whether the merge key has all of the parent's key, where that has one.
fn has_key_of(parent: &Known, fields: &[ParentField], columns: &[Column]) -> bool {
    let fixes = |at: usize| {
        columns.iter().any(|column| {
            let field = column.parent.and_then(|at| fields.get(usize::from(at)));
            column.merge_key
                && field.is_some_and(|field| {
                    parent.has(field) && usize::from(field.column) == at && field.path == Path::ROOT
                })
        })
    };
    let mut key = parent.primary_key().peekable();
    key.peek().is_some() && key.all(|(at, _)| fixes(at))
}
