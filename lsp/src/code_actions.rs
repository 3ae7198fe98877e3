//! The suggestions of diagnostics as code actions: the edits of `check --fix`, and those that a person has to
//! confirm.

use std::collections::HashMap;
use std::ops::Range;

use lsp_types::{
    CodeAction, CodeActionKind, CodeActionOrCommand, CodeActionParams, CodeActionResponse,
    TextEdit, WorkspaceEdit,
};
use rest_source_codegen::diagnostic::{Applicability, Located};

use crate::diagnostics::diagnostic;
use crate::document::Document;

/// A diagnostic with the edits that resolve it.
struct Fix {
    located: Located,
    title: String,
    is_sure: bool,
    edits: Vec<(Range<usize>, String)>,
}

pub(crate) fn actions(document: &mut Document, params: &CodeActionParams) -> CodeActionResponse {
    let wanted = document.byte(params.range.start)..document.byte(params.range.end);
    let only = params.context.only.as_deref();
    let wants = |kind: &CodeActionKind| {
        only.is_none_or(|only| {
            only.iter().any(|one| {
                let rest = kind.as_str().strip_prefix(one.as_str());
                rest.is_some_and(|rest| {
                    one.as_str().is_empty() || rest.is_empty() || rest.starts_with('.')
                })
            })
        })
    };
    let fixes = fixes(document);
    let mut actions = Vec::new();
    if wants(&CodeActionKind::QUICKFIX) {
        let is_near = |fix: &&Fix| {
            let mut places = fix.located.places.iter().take(1);
            places.any(|place| place.bytes.start <= wanted.end && wanted.start <= place.bytes.end)
        };
        for fix in fixes.iter().filter(is_near) {
            actions.push(CodeAction {
                title: fix.title.clone(),
                kind: Some(CodeActionKind::QUICKFIX),
                diagnostics: Some(vec![diagnostic(document, &fix.located)]),
                edit: Some(edit(document, &fix.edits)),
                is_preferred: Some(fix.is_sure),
                ..CodeAction::default()
            });
        }
    }
    let sure = apart(fixes.iter().filter(|fix| fix.is_sure));
    if wants(&CodeActionKind::SOURCE_FIX_ALL) && !sure.is_empty() {
        actions.push(CodeAction {
            title: "Fix all that is unambiguous".to_owned(),
            kind: Some(CodeActionKind::SOURCE_FIX_ALL),
            edit: Some(edit(document, &sure)),
            ..CodeAction::default()
        });
    }
    let actions = actions.into_iter().map(CodeActionOrCommand::CodeAction);
    actions.collect()
}

fn fixes(document: &mut Document) -> Vec<Fix> {
    let Some(analysis) = document.analysis() else {
        return Vec::new();
    };
    let text = analysis.diagnostics.text();
    let fix = |located: Located| {
        let edit = located.edit.clone()?;
        let before = text.get(edit.place.bytes.clone())?;
        let edits = minimal(before, &edit.replacement, edit.place.bytes.start);
        // An edit that repeats a credential would carry it out of the document.
        let is_secret =
            |(_, new): &(Range<usize>, String)| analysis.diagnostics.redacted(new) != *new;
        if edits.iter().any(is_secret) {
            return None;
        }
        let mut title = edit.place.label.chars();
        let title = title
            .next()
            .map(|first| first.to_uppercase().chain(title).collect());
        Some(Fix {
            title: title.unwrap_or_default(),
            is_sure: edit.applicability == Applicability::MachineApplicable,
            edits,
            located,
        })
    };
    analysis.diagnostics.located().filter_map(fix).collect()
}

/// What changes, without what stays: quotes around a text do not repeat it.
fn minimal(before: &str, after: &str, start: usize) -> Vec<(Range<usize>, String)> {
    if !before.is_empty()
        && let Some(at) = after.find(before)
    {
        let (first, last) = (after.get(..at), after.get(at + before.len()..));
        let end = start + before.len();
        let inserts = [(start..start, first), (end..end, last)].into_iter();
        let inserts = inserts.filter_map(|(place, text)| Some((place, text?.to_owned())));
        return inserts.filter(|(_, text)| !text.is_empty()).collect();
    }
    if let Some(at) = before.find(after).filter(|_| !after.is_empty()) {
        let removed = [
            start..start + at,
            start + at + after.len()..start + before.len(),
        ];
        let removed = removed.into_iter().filter(|place| !place.is_empty());
        return removed.map(|place| (place, String::new())).collect();
    }
    vec![(start..start + before.len(), after.to_owned())]
}

/// The edits of fixes, without those that overlap an earlier one.
fn apart<'f>(fixes: impl Iterator<Item = &'f Fix>) -> Vec<(Range<usize>, String)> {
    let mut all = Vec::new();
    let mut end = 0;
    for fix in fixes {
        let Some(first) = fix.edits.first() else {
            continue;
        };
        if first.0.start >= end {
            end = fix.edits.last().map_or(end, |last| last.0.end);
            all.extend(fix.edits.iter().cloned());
        }
    }
    all
}

// A URI is not changed while it is a key.
#[allow(clippy::mutable_key_type)]
fn edit(document: &Document, edits: &[(Range<usize>, String)]) -> WorkspaceEdit {
    let edits = edits.iter();
    let edits = edits.map(|(place, text)| TextEdit::new(document.range(place), text.clone()));
    WorkspaceEdit::new(HashMap::from([(document.uri.clone(), edits.collect())]))
}
