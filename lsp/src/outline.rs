//! The outline, and the Rust types of columns.

use lsp_types::{
    DocumentSymbol, DocumentSymbolParams, DocumentSymbolResponse, InlayHint, InlayHintKind,
    InlayHintLabel, InlayHintParams, SymbolKind,
};
use rest_source_codegen::describe::editor::{OutlineItem, OutlineKind};

use crate::document::{Document, MappedTree};

/// The most symbols of an outline. Beyond them it has no columns, which editors could not show within a moment.
const SYMBOLS: usize = 4_000;

pub(crate) fn symbols(document: &mut Document, _: &DocumentSymbolParams) -> DocumentSymbolResponse {
    let mapped = document.best_tree();
    let mut items = mapped.tree.outline();
    if count(&items) > SYMBOLS {
        remove_columns(&mut items);
    }
    let symbols = items.iter().map(|item| symbol(document, &mapped, item));
    DocumentSymbolResponse::Nested(symbols.collect())
}

fn count(items: &[OutlineItem]) -> usize {
    let children = items.iter().map(|item| count(&item.children));
    items.len() + children.sum::<usize>()
}

fn remove_columns(items: &mut Vec<OutlineItem>) {
    items.retain(|item| item.kind != OutlineKind::Column);
    for item in items {
        remove_columns(&mut item.children);
    }
}

fn symbol(document: &Document, mapped: &MappedTree, item: &OutlineItem) -> DocumentSymbol {
    let span = mapped.outer_span(&item.span);
    let name = mapped.outer_span(&item.name_span);
    let children = item.children.iter();
    let children: Vec<_> = children
        .map(|child| symbol(document, mapped, child))
        .collect();
    #[allow(deprecated)]
    DocumentSymbol {
        // An empty name is invalid.
        name: if item.name.is_empty() {
            "\"\"".to_owned()
        } else {
            item.name.clone()
        },
        detail: None,
        kind: match item.kind {
            OutlineKind::Section => SymbolKind::NAMESPACE,
            OutlineKind::Secret => SymbolKind::KEY,
            OutlineKind::Setting => SymbolKind::VARIABLE,
            OutlineKind::Resource => SymbolKind::STRUCT,
            OutlineKind::Column => SymbolKind::FIELD,
            OutlineKind::Partition => SymbolKind::ENUM,
        },
        tags: None,
        deprecated: None,
        range: document.range(&span),
        selection_range: document.range(&name),
        children: (!children.is_empty()).then_some(children),
    }
}

pub(crate) fn hints(document: &mut Document, params: &InlayHintParams) -> Vec<InlayHint> {
    let wanted = document.byte(params.range.start)..=document.byte(params.range.end);
    let mapped = document.best_tree();
    let hints = mapped.tree.column_hints(&document.types);
    let hints = hints.into_iter().filter_map(|(at, rust)| {
        let at = mapped.span(&(at..at))?.start;
        wanted.contains(&at).then(|| InlayHint {
            position: document.position(at),
            label: InlayHintLabel::String(rust),
            kind: Some(InlayHintKind::TYPE),
            text_edits: None,
            tooltip: None,
            padding_left: Some(true),
            padding_right: None,
            data: None,
        })
    });
    hints.collect()
}
