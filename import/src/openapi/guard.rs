//! The last step: a spec that passes `check`.

use rest_source_codegen::compile;
use rest_source_codegen::write::Node;

use crate::{ImportError, Imported, Loss};

/// How often resources are left out before the import is given up.
const ROUNDS: usize = 6;

/// Leaves out the resources that `check` rejects, each with a loss that says why.
pub(super) fn valid(file: &str, mut imported: Imported) -> Result<Imported, ImportError> {
    let mut last = String::new();
    for _ in 0..ROUNDS {
        let text = imported.text();
        let compiled = compile("spec.yaml", &text);
        let errors: Vec<(usize, String)> = compiled
            .diagnostics
            .located()
            .filter(|one| one.severity == rest_source_codegen::diagnostic::Severity::Error)
            .map(|one| {
                let line = one.places.first().map_or(0, |place| place.start.0);
                (line, format!("{} [{}]", one.message, one.code))
            })
            .collect();
        if errors.is_empty() {
            return Ok(imported);
        }
        let starts: Vec<usize> = resource_lines(&text);
        let mut rejected: Vec<(usize, String)> = Vec::new();
        for (line, message) in errors {
            let at = starts.partition_point(|start| *start <= line);
            last.clone_from(&message);
            if at > 0 && !rejected.iter().any(|(known, _)| *known == at - 1) {
                rejected.push((at - 1, message));
            }
        }
        if rejected.is_empty() || rejected.len() >= starts.len() {
            break;
        }
        leave_out(&mut imported, rejected);
    }
    Err(ImportError {
        place: file.to_owned(),
        message: format!("no valid spec can be made of the document: {last}"),
        help: "import a part of it: `--include PATTERN` or `--tag TAG`".to_owned(),
    })
}

/// The lines, from 1, at which resources begin.
fn resource_lines(text: &str) -> Vec<usize> {
    let lines = text.lines().enumerate();
    let lines = lines.skip_while(|(_, line)| *line != "resources:");
    lines
        .filter(|(_, line)| line.starts_with("  - "))
        .map(|(at, _)| at + 1)
        .collect()
}

fn leave_out(imported: &mut Imported, mut rejected: Vec<(usize, String)>) {
    rejected.sort();
    let Some(Node::List(mut resources)) = imported.spec.remove("resources") else {
        return;
    };
    for (at, message) in rejected.into_iter().rev() {
        if at >= resources.len() {
            continue;
        }
        let resource = resources.remove(at);
        let name = resource.value.as_map().and_then(|map| map.get("name"));
        let name = name.and_then(Node::as_text).unwrap_or_default().to_owned();
        let loss = format!("the resource `{name}` is left out: {message}");
        imported.spec.comment_top(&loss);
        imported.losses.push(Loss {
            place: format!("resource `{name}`"),
            what: loss,
        });
    }
    imported.spec.set("resources", Node::List(resources));
}
