//! `decoder: xml`: its keys, how they are read, and the rules about them.

use crate::check::Check;
use crate::connector::{List, Text, Xml};
use crate::diagnostic::Diagnostic;
use crate::grammar::{AnyKey, Key, text};
use crate::spec::View;

pub(super) static KEYS: &[&dyn AnyKey] = &[&RECORDS, &super::CHARSET, &super::STRIP_PREFIX];

static RECORDS: Key<Text> = text(
    "records",
    "the names of the elements that lead to a record, without prefixes",
)
.required()
.example("/feed/entry");

impl Check<'_> {
    pub(super) fn xml(&mut self, view: &View<'_>) -> Xml {
        let records = view.text(&RECORDS);
        let mut names: Vec<Text> = Vec::new();
        if let Some(path) = records {
            let is_name = |name: &str| {
                !name.is_empty()
                    && !name.contains(|c: char| c.is_whitespace() || "*@[]():".contains(c))
            };
            let steps = path.text.strip_prefix('/').map(|steps| steps.split('/'));
            match steps {
                Some(mut steps) if steps.clone().all(is_name) => {
                    names.extend(steps.by_ref().map(|name| Text::from(name.to_owned())));
                }
                _ => {
                    let message = format!("`{}` is not a path of elements", path.text);
                    self.error(Diagnostic::error("RS0825", path.span, message).help(
                        "write the name of the first element of a response, and of those within it down to a record: \
                         `/feed/entry`; names have no prefix",
                    ));
                }
            }
        }
        Xml {
            records: List::from(names),
        }
    }
}
