//! `processing_steps`: functions that records go through.

use crate::connector::ProcessingStep;
use crate::diagnostic::Diagnostic;
use crate::grammar;
use crate::spec::View;
use crate::yaml::{Node, Value};

use super::Check;

const KINDS: [&str; 3] = ["filter", "map", "yield_map"];

impl Check<'_> {
    /// The steps of a resource, in order. Whether there are such functions is for rustc to say.
    pub(super) fn processing_steps(&mut self, view: &View<'_>) -> Vec<ProcessingStep> {
        let Some(list) = view.node("processing_steps") else {
            return Vec::new();
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
        let mut entries: Vec<_> = KINDS.iter().filter_map(|kind| view.entry(kind)).collect();
        entries.sort_by_key(|entry| entry.key.span.start);
        if let [first, second, ..] = entries.as_slice() {
            self.error(
                Diagnostic::error("RS0408", &second.key.span, "a step is one function")
                    .help("make a step of each; they are called in the order of the list")
                    .also(&first.key.span, "the first is here"),
            );
        }
        if entries.is_empty() && !self.sink.has_errors_in(&node.span) {
            self.error(
                Diagnostic::error("RS0110", &node.span, "this step names no function")
                    .help("say `filter: …`, `map: …` or `yield_map: …`"),
            );
        }
        let path = |kind| view.owned(kind);
        path("filter")
            .map(ProcessingStep::Filter)
            .or_else(|| path("map").map(ProcessingStep::Map))
            .or_else(|| path("yield_map").map(ProcessingStep::YieldMap))
    }
}
