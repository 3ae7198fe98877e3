//! `[*]`: a request for each element of a list of the parent.

use crate::connector::{self, ParentField, Part, ResourcePlan};
use crate::diagnostic::{Diagnostic, Span};
use crate::grammar::resource;
use crate::spec::View;

use super::{Check, Known, Taken, position};

impl Check<'_> {
    /// Elements of two lists: each request has one element.
    pub(super) fn is_of_one_list(
        &mut self,
        parent: &Known,
        others: &[Taken],
        taken: &Taken,
        span: &Span,
    ) -> bool {
        let mut others = others.iter().map(|other| &other.field);
        let is_of_other = |other: &&ParentField| {
            let are_elements =
                other.of == taken.field.of && other.each.is_some() && taken.field.each.is_some();
            are_elements && !other.is_of_list_of(&taken.field)
        };
        let Some(other) = others.find(is_of_other) else {
            return true;
        };
        let table = connector::table(&parent.name, &parent.record.columns);
        let name = |field: &ParentField| field.name(&table).unwrap_or_default();
        let (field, other) = (name(&taken.field), name(other));
        let message = format!("`{field}` is of another list than `{other}`");
        self.error(
            Diagnostic::error("RS0850", span, message)
                .help("take the elements of one list: a request is sent for each of them"),
        );
        false
    }

    /// A default for an element of a list that may be null, and then has none.
    pub(super) fn list_may_be_null(&mut self, parent: &Known, taken: &Taken, span: &Span) {
        let columns = &parent.record.columns;
        let column = columns.get(usize::from(taken.field.column));
        let name = column.map_or("", |column| column.name.as_str());
        self.error(
            Diagnostic::error(
                "RS0850",
                span,
                "`default` is for an element, and the list may be null",
            )
            .help(format!(
                "declare `{name}` with `nullable: false`, or remove `default`"
            ))
            .note("`on_null_parent` says what a null list does"),
        );
    }

    /// An element that records carry, and no request has: each would be fetched by the same requests.
    pub(in crate::check) fn elements_are_sent(
        &mut self,
        resource: &View<'_>,
        plan: &ResourcePlan,
        fields: &[ParentField],
    ) {
        let mut elements = fields
            .iter()
            .zip(0..)
            .filter(|(field, _)| field.each.is_some());
        if elements.clone().next().is_none()
            || elements.any(|(_, at)| plan.sends(&Part::Parent(position(at))))
            || self.sink.has_errors_in(&resource.node.span)
        {
            return;
        }
        let place = resource.place(&resource::INCLUDE_FROM_PARENT);
        self.error(
            Diagnostic::error("RS0850", place, "no request has an element of this list")
                .help(
                    "write `{resources.PARENT.COLUMN[*]}` in `path`, `params`, `headers` or a body",
                )
                .note("each of its elements would be fetched by the same requests"),
        );
    }
}
