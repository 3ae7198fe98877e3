//! The placeholders of a page: `{paginator.offset}`.

use crate::connector::{Part, Template};
use crate::diagnostic::{Diagnostic, Span};
use crate::grammar;
use crate::grammar::AnyKey;
use crate::grammar::paginator as key;
use crate::spec::View;
use crate::suggest;
use crate::yaml::Node;

use super::Check;

/// The values of a page that a request may have a place for, and the placeholders that it has.
pub(in crate::check) struct Placeholders {
    kind: &'static str,
    names: Vec<(&'static str, Part)>,
    /// The names of its parameters, each of which stands in a path for its value.
    params: Vec<(String, Part)>,
    /// Whether the first page may have no position.
    is_late: bool,
    used: Vec<Used>,
}

struct Used {
    part: Part,
    span: Span,
    is_bare: bool,
}

impl Placeholders {
    /// Those of a paginator.
    pub(in crate::check) fn of(node: &Node) -> Option<Self> {
        let (member, view) = View::tagged(node, &grammar::PAGINATOR)?;
        let kind = member.word.name;
        let (position, size): (_, &[&dyn AnyKey]) = match kind {
            "offset" => ("offset", &[&key::OFFSET_PARAM, &key::LIMIT_PARAM]),
            "page_number" => ("page", &[&key::PAGE_PARAM, &key::PAGE_SIZE_PARAM]),
            "cursor" | "header_cursor" => ("cursor", &[&key::CURSOR_PARAM]),
            "scroll" => ("scroll_id", &[&key::SCROLL_PARAM]),
            "custom" => ("cursor", &[]),
            _ => return None,
        };
        let mut names = vec![(position, Part::Position)];
        match kind {
            "offset" => names.push(("limit", Part::PageSize)),
            "page_number" if view.entry(&key::PAGE_SIZE).is_some() => {
                names.push(("page_size", Part::PageSize));
            }
            "custom" => names.extend([
                ("offset", Part::Position),
                ("page", Part::Position),
                ("page_size", Part::PageSize),
            ]),
            _ => {}
        }
        let parts = [Part::Position, Part::PageSize];
        let params = size.iter().zip(parts).map(|(key, part)| {
            let written = view.text(*key).map(|text| text.text.to_owned());
            (written.unwrap_or_else(|| key.default()), part)
        });
        Some(Self {
            kind,
            names,
            params: params.filter(|(name, _)| !name.is_empty()).collect(),
            is_late: match kind {
                "offset" | "page_number" => !view.get(&key::INJECT_ON_FIRST_REQUEST),
                "cursor" | "header_cursor" => view.entry(&key::INITIAL_CURSOR).is_none(),
                _ => true,
            },
            used: Vec::new(),
        })
    }
}

impl Check<'_> {
    /// `{paginator.NAME}`.
    pub(in crate::check) fn page_placeholder(
        &mut self,
        name: &str,
        span: &Span,
        what: &str,
    ) -> Option<Part> {
        let Some(pages) = &mut self.pages else {
            let message = format!("`{{paginator.{name}}}` has no value in {what}");
            self.error(Diagnostic::error("RS0209", span, message).help(
                "it has one in a request of a resource that is paged by offset, number or cursor",
            ));
            return None;
        };
        if let Some((_, part)) = pages.names.iter().find(|(known, _)| *known == name) {
            let part = part.clone();
            pages.used.push(Used {
                part: part.clone(),
                span: span.clone(),
                is_bare: false,
            });
            return Some(part);
        }
        let known: Vec<&str> = pages.names.iter().map(|(name, _)| *name).collect();
        let message = format!("the paginator `{}` has no `{name}`", pages.kind);
        let help = match suggest::closest(name, &known) {
            Some(close) => format!("did you mean `{{paginator.{close}}}`?"),
            None => format!(
                "it has `{{paginator.{}}}`",
                known.join("}` and `{paginator.")
            ),
        };
        let place = self.part_of(span, name);
        self.error(Diagnostic::error("RS0208", &place, message).help(help));
        None
    }

    /// `{page}` in a path, where that is a parameter of the paginator: it is then no parameter.
    pub(in crate::check) fn bare_page_placeholder(
        &mut self,
        name: &str,
        span: &Span,
    ) -> Option<Part> {
        let pages = self.pages.as_mut()?;
        let (_, part) = pages.params.iter().find(|(param, _)| param == name)?;
        let part = part.clone();
        pages.used.push(Used {
            part: part.clone(),
            span: span.clone(),
            is_bare: true,
        });
        Some(part)
    }

    /// Where the requests have a place for a value, and whether that is its parameter in the path.
    pub(super) fn placeholder_of(&self, part: &Part) -> Option<(Span, bool)> {
        let mut used = self.pages.as_ref()?.used.iter();
        let used = used.find(|used| used.part == *part)?;
        Some((used.span.clone(), used.is_bare))
    }

    pub(super) fn has_placeholder(&self, part: &Part) -> bool {
        self.placeholder_of(part).is_some()
    }

    /// A part of a path cannot be left out.
    pub(in crate::check) fn page_is_known_in_path(&mut self, endpoint: &View<'_>, path: &Template) {
        let is_late = self.pages.as_ref().is_some_and(|pages| pages.is_late);
        let Some(text) = crate::check::job::path_of(endpoint) else {
            return;
        };
        if is_late && path.has(&Part::Position) {
            let kind = self.pages.as_ref().map_or("", |pages| pages.kind);
            let help = match kind {
                "cursor" | "header_cursor" => {
                    "say the cursor of the first page in `initial_cursor`"
                }
                "offset" | "page_number" => "remove `inject_on_first_request: false`",
                _ => "send it in `params`, `headers` or `json`",
            };
            let message = "the first page has no value here, and `path` cannot leave it out";
            self.error(Diagnostic::error("RS0209", text.span, message).help(help));
        }
    }
}
