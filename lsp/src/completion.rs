//! Completion and hover.

use lsp_types::{
    CompletionItem, CompletionItemKind, CompletionParams, CompletionResponse, CompletionTextEdit,
    Documentation, Hover, HoverContents, HoverParams, InsertTextFormat, MarkupContent, MarkupKind,
    TextEdit,
};
use rest_source_codegen::describe::editor::{self, CompletionKind, completions};

use crate::document::Document;

pub(crate) fn complete(document: &mut Document, params: &CompletionParams) -> CompletionResponse {
    let at = document.byte(params.text_document_position.position);
    let tree = document.whole_tree();
    let found = completions(&document.text, at, &tree);
    let range = document.range(&found.span);
    let items = found.list.into_iter().enumerate();
    let items = items.map(|(order, one)| item(order, one, range)).collect();
    CompletionResponse::Array(items)
}

fn item(order: usize, one: editor::Completion, range: lsp_types::Range) -> CompletionItem {
    let documentation = (!one.documentation.is_empty())
        .then(|| Documentation::MarkupContent(markdown(one.documentation)));
    CompletionItem {
        label: one.label,
        kind: Some(match one.kind {
            CompletionKind::Key => CompletionItemKind::PROPERTY,
            CompletionKind::Word => CompletionItemKind::ENUM_MEMBER,
            CompletionKind::Column => CompletionItemKind::FIELD,
            CompletionKind::Resource => CompletionItemKind::CLASS,
            CompletionKind::Setting | CompletionKind::Secret | CompletionKind::Partition => {
                CompletionItemKind::VARIABLE
            }
            CompletionKind::Placeholder => CompletionItemKind::VALUE,
            CompletionKind::Function => CompletionItemKind::FUNCTION,
        }),
        detail: (!one.detail.is_empty()).then_some(one.detail),
        documentation,
        // Editors sort by text.
        sort_text: Some(format!("{order:05}")),
        filter_text: Some(one.filter),
        insert_text_format: Some(InsertTextFormat::PLAIN_TEXT),
        text_edit: Some(CompletionTextEdit::Edit(TextEdit::new(range, one.insert))),
        ..CompletionItem::default()
    }
}

pub(crate) fn hover(document: &mut Document, params: &HoverParams) -> Option<Hover> {
    let at = document.byte(params.text_document_position_params.position);
    let mapped = document.best_tree();
    let found = mapped.to_tree(at).and_then(|at| {
        let hover = mapped.tree.hover(at, &document.types)?;
        Some((mapped.span(&hover.span)?, hover.text))
    });
    found.map(|(span, text)| Hover {
        contents: HoverContents::Markup(markdown(text)),
        range: Some(document.range(&span)),
    })
}

fn markdown(value: String) -> MarkupContent {
    MarkupContent {
        kind: MarkupKind::Markdown,
        value,
    }
}
