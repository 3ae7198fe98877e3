//! Fields of the parent, where a placeholder asks for one.

use std::rc::Rc;

use crate::connector::{Column, List, OnNullParent, ParentField, Path, RustType, Step, Type};
use crate::diagnostic::{Diagnostic, Span};
use crate::grammar::endpoint;
use crate::jsonpath::{self, Parsed};
use crate::spec::View;

use crate::check::calls::Written;

use super::several::names;
use super::{Check, Known, Parent, Taken, UNKNOWN, keys, position, take};

/// Where the steps of a field lead so far.
struct Reached<'c> {
    column: &'c Column,
    nullable: bool,
    /// The steps within the parent's column.
    path: Vec<Step>,
}

impl Check<'_> {
    /// `{resources.PARENT.FIELD}`: the position of its value among what is taken of the parent.
    pub(in crate::check) fn parent_placeholder(
        &mut self,
        name: &str,
        span: &Span,
        what: &str,
        written: &Written<'_>,
    ) -> Option<u16> {
        let parents = match &self.parent {
            Parent::Known(parents) => Rc::clone(parents),
            Parent::Unclear => return None,
            Parent::Nowhere => {
                self.error(
                    Diagnostic::error(
                        "RS0809",
                        span,
                        format!("a field of a parent cannot stand in {what}"),
                    )
                    .help("it may stand in `path`, `params`, `headers`, `json` and `data` of an endpoint"),
                );
                return None;
            }
        };
        let of = name.split(['.', '[']).next()?;
        let parent = parents.iter().find(|parent| parent.name == of)?;
        let field = name.strip_prefix(of)?;
        let field = field.strip_prefix('.').unwrap_or(field);
        let taken = self.reach(parent, field, span)?;
        if !self.is_of_one_list(parent, &self.taken.clone(), &taken, span) {
            return None;
        }
        if taken.of_nullable_list && written.has_default() {
            self.list_may_be_null(parent, &taken, span);
            return None;
        }
        if !written.takes_lists() && !written.has_default() {
            self.fits(&taken, field, span, what);
        }
        Some(take(&mut self.taken, taken))
    }

    /// The type of what is taken at this position.
    pub(in crate::check) fn taken_type(&self, at: u16) -> Option<&Type> {
        let taken = self.taken.get(usize::from(at))?;
        Some(&taken.typed.data_type)
    }

    /// Where a field of the parent leads: through its columns, and into them. `[*]` leads to each element of a list.
    pub(super) fn reach(&mut self, parent: &Known, field: &str, span: &Span) -> Option<Taken> {
        let (before, within) = match field.split_once("[*]") {
            Some((before, within)) => (before, Some(within)),
            None => (field, None),
        };
        let steps = self.steps(before, span)?;
        let Some((Step::Key(first), steps)) = steps.split_first() else {
            return self.leads_nowhere(span, "it begins with no column".to_owned());
        };
        let Some(at) = keys::position(&parent.record, first) else {
            self.no_such_column(parent, first, span);
            return None;
        };
        let mut place = Reached {
            column: parent.record.columns.get(at)?,
            nullable: parent.record.columns.get(at)?.nullable,
            path: Vec::new(),
        };
        self.walk(&mut place, steps, span)?;
        let mut list = None;
        if let Some(within) = within {
            list = Some((place.path.len(), place.nullable));
            self.elements(&mut place, span)?;
            let steps = if within.is_empty() {
                Path::ROOT
            } else {
                Path(self.steps(&format!("${within}"), span)?)
            };
            self.walk(&mut place, &steps.0, span)?;
        }
        Some(Taken {
            field: ParentField {
                of: parent.of,
                column: position(at),
                path: Path(place.path.into()),
                each: list.map(|(at, _)| position(at)),
            },
            nullable: place.nullable,
            of_nullable_list: list.is_some_and(|(_, nullable)| nullable),
            is_in_key: false,
            typed: place.column.typed(),
        })
    }

    /// The steps of a path to one value.
    fn steps(&mut self, path: &str, span: &Span) -> Option<List<Step>> {
        match jsonpath::parse(path) {
            Ok(Parsed::Path(Path(steps))) => Some(steps),
            Ok(Parsed::Query(_)) => {
                let why = "it may find several values; `[*]` may stand in it once";
                self.leads_nowhere(span, why.to_owned())
            }
            Err(reason) => self.leads_nowhere(span, reason),
        }
    }

    fn walk(&mut self, place: &mut Reached<'_>, steps: &[Step], span: &Span) -> Option<()> {
        for step in steps {
            let column = place.column;
            if column.data_type == UNKNOWN {
                break;
            }
            match (&column.data_type, &column.rust, step) {
                (_, RustType::Struct(object), Step::Key(key)) => {
                    let Some(inner) = keys::position(object, key) else {
                        let known = object.column_names().join(", ");
                        return self.leads_nowhere(
                            span,
                            format!("`{}` has no `{key}`; it has: {known}", object.name),
                        );
                    };
                    place.column = object.columns.get(inner)?;
                    place.nullable |= place.column.nullable;
                    place.path.push(Step::Key(place.column.name.clone()));
                }
                (Type::Array(_), RustType::Element(element), Step::Index(_))
                | (Type::Map(_), RustType::Element(element), Step::Key(_)) => {
                    place.column = element;
                    place.nullable = true;
                    place.path.push(step.clone());
                }
                (Type::Json, ..) => {
                    place.nullable = true;
                    place.path.push(step.clone());
                }
                (Type::Array(_), _, Step::Key(_)) => {
                    let hint = format!(
                        "`{}` is a list: write `[0]` for its first, or `[*]` for a request for each",
                        column.name
                    );
                    return self.leads_nowhere(span, hint);
                }
                _ => return self.has_none_of(column, span),
            }
        }
        Some(())
    }

    /// Goes on at the elements of a list.
    fn elements(&mut self, place: &mut Reached<'_>, span: &Span) -> Option<()> {
        let column = place.column;
        match (&column.data_type, &column.rust) {
            (Type::Array(_), RustType::Element(element)) => {
                place.column = element;
                place.nullable = element.nullable;
            }
            (Type::Json, _) => place.nullable = true,
            (data_type, _) if *data_type == UNKNOWN => {}
            _ => return self.has_none_of(column, span),
        }
        Some(())
    }

    fn has_none_of<T>(&mut self, column: &Column, span: &Span) -> Option<T> {
        let hint = format!(
            "`{}` is of type {}, with nothing of that kind in it",
            column.name,
            column.data_type.word()
        );
        self.leads_nowhere(span, hint)
    }

    fn leads_nowhere<T>(&mut self, span: &Span, why: String) -> Option<T> {
        self.error(
            Diagnostic::error("RS0805", span, "this leads to no field of the parent")
                .label(why)
                .help("write `{resources.PARENT.COLUMN}`, and `.KEY` or `[INDEX]` to reach into a column"),
        );
        None
    }

    /// A value has to suit the place that it is put in.
    fn fits(&mut self, taken: &Taken, field: &str, span: &Span, what: &str) {
        let holds_others = matches!(
            taken.typed.data_type,
            Type::Object(_) | Type::Array(_) | Type::Map(_) | Type::Union(_)
        );
        let is_path = what == "`path`";
        let is_any = is_path && taken.typed.data_type == Type::Json;
        if (holds_others && what != "`json`") || is_any {
            self.error(
                Diagnostic::error(
                    "RS0807",
                    span,
                    format!(
                        "`{field}` is of type {}, which is no text for {what}",
                        taken.typed.data_type.word()
                    ),
                )
                .help(if is_any {
                    "declare a column with a type, read `from` there"
                } else if matches!(taken.typed.data_type, Type::Array(_)) {
                    "`{resources.PARENT.COLUMN[*]}` is each of its elements, `{resources.PARENT.COLUMN[0]}` the first"
                } else {
                    "reach into it: `{resources.PARENT.COLUMN.KEY}`"
                }),
            );
        } else if is_path
            && taken.nullable
            && !self.handles_null_parents
            && !self
                .taken
                .iter()
                .any(|one| one.is_in_key && one.field == taken.field)
        {
            self.path_needs_a_value(field, span, taken);
        }
    }

    /// What a null does in a field of the parent that a request needs.
    pub(in crate::check) fn on_null_parent(&mut self, endpoint: &View<'_>) -> OnNullParent {
        self.handles_null_parents = endpoint.entry(&endpoint::ON_NULL_PARENT).is_some();
        endpoint.get(&endpoint::ON_NULL_PARENT)
    }

    /// What a null does, where there can be none. A default is for other resources.
    pub(in crate::check) fn null_parents_are_possible(&mut self, endpoint: &View<'_>) {
        let entry = endpoint.entry(&endpoint::ON_NULL_PARENT);
        let entry = entry.filter(|entry| endpoint.node.span.contains(&entry.key.span.start));
        let Some(entry) = entry else { return };
        let why = match &self.parent {
            Parent::Nowhere => "the resource has no parent".to_owned(),
            Parent::Known(parents) if !self.taken.iter().any(Taken::may_be_null) => {
                format!("no field of {} that it takes may be null", names(parents))
            }
            Parent::Known(_) | Parent::Unclear => return,
        };
        let message = "`on_null_parent` has no effect here";
        self.error(
            Diagnostic::error("RS0602", &entry.key.span, message).help(format!("remove it: {why}")),
        );
    }

    fn path_needs_a_value(&mut self, field: &str, span: &Span, taken: &Taken) {
        let is_within = !taken.field.path.0.is_empty();
        let message = format!("`{field}` may be null, and a path needs a value");
        let how = if is_within {
            "`nullable: false`".to_owned()
        } else {
            keys::non_null(&taken.typed.data_type)
        };
        let fix = if taken.field.each.is_some() {
            format!("make it non-null in the list's elements: {how}")
        } else {
            format!("make the parent's column non-null: {how}, or part of its `primary_key`")
        };
        let diagnostic = Diagnostic::error("RS0806", span, message).help(format!(
            "{fix}; or say what a null does: `on_null_parent: skip` in the endpoint"
        ));
        self.error(if is_within && taken.field.each.is_none() {
            diagnostic.note("what holds it may be null, and an element missing; a column of its own may be read `from` there")
        } else {
            diagnostic
        });
    }

    /// A parameter that a path is bound to has to suit the path.
    pub(in crate::check) fn bound_fits_path(&mut self, at: u16, span: &Span) {
        if let Some(taken) = self.taken.get(usize::from(at)).cloned() {
            let parents = self.parent.known();
            let parent = parents.and_then(|all| all.get(usize::from(taken.field.of)));
            let name = parent
                .and_then(|parent| parent.record.columns.get(usize::from(taken.field.column)));
            let name = name.map_or(String::new(), |column| column.name.to_string());
            self.fits(&taken, &name, span, "`path`");
        }
    }
}
