//! `processing_steps`: functions that records go through.

use crate::connector::{List, ProcessingStep, Text};
use crate::diagnostic::Diagnostic;
use crate::grammar;
use crate::grammar::Key;
use crate::grammar::resource::{self, step};
use crate::spec::View;
use crate::yaml::{Entry, Node, Value};

use super::Check;

impl Check<'_> {
    /// The steps of a resource, in order. Whether there are such functions is for rustc to say.
    pub(super) fn processing_steps(&mut self, view: &View<'_>) -> List<ProcessingStep> {
        let Some(list) = view.node(&resource::PROCESSING_STEPS) else {
            return List::EMPTY;
        };
        if matches!(&list.value, Value::List(steps) if steps.is_empty()) {
            self.error(
                Diagnostic::error(
                    "RS0110",
                    &list.span,
                    "the list of `processing_steps` is empty",
                )
                .help("name a function, or remove the key; `~` removes a default"),
            );
        }
        let steps = list.elements().iter();
        steps
            .filter_map(|step| self.processing_step(step))
            .collect()
    }

    fn processing_step(&mut self, node: &Node) -> Option<ProcessingStep> {
        let view = View::new(node, &grammar::PROCESSING_STEP);
        let mut found: Option<(&Entry, ProcessingStep)> = None;
        for entry in node.entries() {
            let is = |key: &Key<Text>| key.is_called(&entry.key.name);
            let step = if is(&step::FILTER) {
                view.get(&step::FILTER).map(ProcessingStep::Filter)
            } else if is(&step::MAP) {
                view.get(&step::MAP).map(ProcessingStep::Map)
            } else if is(&step::YIELD_MAP) {
                view.get(&step::YIELD_MAP).map(ProcessingStep::YieldMap)
            } else {
                None
            };
            let Some(step) = step else {
                continue;
            };
            if let Some((first, _)) = &found {
                self.error(
                    Diagnostic::error("RS0408", &entry.key.span, "a step is one function")
                        .help("make a step of each; they are called in the order of the list")
                        .also(&first.key.span, "the first is here"),
                );
                break;
            }
            found = Some((entry, step));
        }
        if found.is_none() && !self.sink.has_errors_in(&node.span) {
            self.error(
                Diagnostic::error("RS0110", &node.span, "this step names no function")
                    .help("say `filter: …`, `map: …` or `yield_map: …`"),
            );
        }
        found.map(|(_, step)| step)
    }
}
