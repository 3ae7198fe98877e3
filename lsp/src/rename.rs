//! The places of a name: definition, references, rename.

use std::collections::HashMap;

use lsp_types::{
    DocumentHighlight, DocumentHighlightParams, GotoDefinitionParams, GotoDefinitionResponse,
    Location, Position, PrepareRenameResponse, ReferenceParams, RenameParams,
    TextDocumentPositionParams, TextEdit, WorkspaceEdit,
};
use rest_source_codegen::describe::editor::{Occurrence, SpecTree, Symbol, SymbolKind};

use crate::document::Document;
use crate::server::Answer;

const BROKEN: &str = "the spec has a syntax error: fix it before you rename";

/// The places of the name at a position, and whether it is declared there.
fn places(document: &mut Document, position: Position) -> Vec<(lsp_types::Range, bool)> {
    let at = document.byte(position);
    let mapped = document.best_tree();
    let symbol = mapped.to_tree(at).and_then(|at| mapped.tree.symbol_at(at));
    let Some(symbol) = symbol.map(|one| &one.symbol) else {
        return Vec::new();
    };
    let found = mapped.tree.occurrences(symbol).filter_map(|one| {
        let span = mapped.span(&one.span)?;
        Some((document.range(&span), one.is_definition))
    });
    found.collect()
}

pub(crate) fn definition(
    document: &mut Document,
    params: &GotoDefinitionParams,
) -> Option<GotoDefinitionResponse> {
    let found = places(document, params.text_document_position_params.position);
    let definitions = found
        .into_iter()
        .filter(|(_, is_definition)| *is_definition);
    let locations: Vec<_> = definitions
        .map(|(range, _)| Location::new(document.uri.clone(), range))
        .collect();
    (!locations.is_empty()).then_some(GotoDefinitionResponse::Array(locations))
}

pub(crate) fn references(document: &mut Document, params: &ReferenceParams) -> Vec<Location> {
    let found = places(document, params.text_document_position.position);
    let includes = params.context.include_declaration;
    let found = found
        .into_iter()
        .filter(|(_, is_definition)| includes || !is_definition);

    found
        .map(|(range, _)| Location::new(document.uri.clone(), range))
        .collect()
}

pub(crate) fn highlights(
    document: &mut Document,
    params: &DocumentHighlightParams,
) -> Vec<DocumentHighlight> {
    let found = places(document, params.text_document_position_params.position);
    let highlight = |(range, _)| DocumentHighlight { range, kind: None };
    found.into_iter().map(highlight).collect()
}

pub(crate) fn prepare(
    document: &mut Document,
    params: &TextDocumentPositionParams,
) -> Answer<Option<PrepareRenameResponse>> {
    let at = document.byte(params.position);
    let mapped = document.best_tree();
    let symbol = mapped.to_tree(at).and_then(|at| mapped.tree.symbol_at(at));
    let place = symbol.and_then(|one| Some((one, mapped.span(&one.span)?)));
    let Some((one, span)) = place else {
        return Ok(None);
    };
    if !document.is_whole() {
        return Err(BROKEN.to_owned());
    }
    renamed(&mapped.tree, &one.symbol)?;
    Ok(Some(PrepareRenameResponse::RangeWithPlaceholder {
        range: document.range(&span),
        placeholder: one.symbol.name.clone(),
    }))
}

// A URI is not changed while it is a key.
#[allow(clippy::mutable_key_type)]
pub(crate) fn rename(
    document: &mut Document,
    params: &RenameParams,
) -> Answer<Option<WorkspaceEdit>> {
    let at = document.byte(params.text_document_position.position);
    let tree = document.current_tree();
    let Some(symbol) = tree.symbol_at(at).map(|one| &one.symbol) else {
        return Err("no secret, setting, resource, column or partition is here".to_owned());
    };
    let name = params.new_name.as_str();
    if let Some(reason) = symbol.rejects(name) {
        return Err(reason);
    }
    let taken = Symbol {
        name: name.to_owned(),
        ..symbol.clone()
    };
    if name != symbol.name && tree.occurrences(&taken).next().is_some() {
        let kind = symbol.kind.word();
        return Err(format!("there is a {kind} `{name}` already"));
    }
    let edits: Vec<TextEdit> = renamed(&tree, symbol)?
        .into_iter()
        .map(|one| TextEdit::new(document.range(&one.span), name.to_owned()))
        .collect();
    let changes = HashMap::from([(document.uri.clone(), edits)]);
    Ok(Some(WorkspaceEdit::new(changes)))
}

/// The places that a rename changes, or why it cannot.
fn renamed<'t>(tree: &'t SpecTree, symbol: &'t Symbol) -> Answer<Vec<&'t Occurrence>> {
    if !tree.is_whole() {
        return Err(BROKEN.to_owned());
    }
    let places: Vec<_> = tree.occurrences(symbol).collect();
    let (name, kind) = (&symbol.name, symbol.kind);
    let is_shared = matches!(kind, SymbolKind::Column | SymbolKind::Partition)
        && places.iter().any(|one| one.symbol.is_default());
    if is_shared {
        return Err(format!(
            "`resource_defaults` names the {} `{name}`, which other resources may share: rename it by hand",
            kind.word()
        ));
    }
    let is_written = |one: &&Occurrence| tree.text().get(one.span.clone()) == Some(name);
    if !places.iter().all(is_written) {
        return Err(format!(
            "`{name}` is written with escapes: rename it by hand"
        ));
    }
    Ok(places)
}
