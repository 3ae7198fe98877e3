//! The server: receives messages, and answers them from the open documents.

use std::collections::HashMap;

use crossbeam_channel::select;
use lsp_server::{
    Connection, ErrorCode, Message, Notification, Request, RequestId, Response, ResponseError,
};
use lsp_types::notification::{
    DidChangeTextDocument, DidCloseTextDocument, DidOpenTextDocument, Exit,
    Notification as IsNotification, PublishDiagnostics,
};
use lsp_types::request::{
    CodeActionRequest, Completion, DocumentHighlightRequest, DocumentSymbolRequest, GotoDefinition,
    HoverRequest, InlayHintRequest, PrepareRenameRequest, References, Rename, Request as IsRequest,
};
use lsp_types::{
    CodeActionKind, CodeActionOptions, CodeActionProviderCapability, CompletionOptions,
    HoverProviderCapability, InitializeParams, OneOf, PublishDiagnosticsParams, RenameOptions,
    ServerCapabilities, TextDocumentSyncCapability, TextDocumentSyncKind, Uri,
};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::analysis::{Analysis, Analyzer};
use crate::document::Document;
use crate::position::Encoding;
use crate::{ServeError, code_actions, completion, diagnostics, outline, rename};

/// What a request is answered with: a value, or a message for the user.
pub(crate) type Answer<T> = Result<T, String>;

pub(crate) struct Server<'c> {
    connection: &'c Connection,
    encoding: Encoding,
    analyzer: Analyzer,
    documents: HashMap<String, Document>,
}

impl<'c> Server<'c> {
    /// Shakes hands with the client; nothing if it closed the connection.
    pub(crate) fn start(connection: &'c Connection) -> Result<Option<Self>, ServeError> {
        let (id, params) = match connection.initialize_start() {
            Ok(started) => started,
            Err(error) if error.channel_is_disconnected() => return Ok(None),
            Err(_) => {
                return Err(ServeError::new(
                    "the client did not begin with `initialize`",
                ));
            }
        };
        let params: InitializeParams = serde_json::from_value(params)
            .map_err(|_| ServeError::new("the parameters of `initialize` are invalid"))?;
        let encoding = Encoding::negotiate(&params.capabilities);
        let result = json!({
            "capabilities": capabilities(encoding),
            "serverInfo": { "name": env!("CARGO_PKG_NAME"), "version": env!("CARGO_PKG_VERSION") },
        });
        match connection.initialize_finish(id, result) {
            Ok(()) => {}
            Err(error) if error.channel_is_disconnected() => return Ok(None),
            Err(_) => return Err(ServeError::new("the client did not send `initialized`")),
        }
        Ok(Some(Self {
            connection,
            encoding,
            analyzer: Analyzer::start()?,
            documents: HashMap::new(),
        }))
    }

    /// Answers messages until the client shuts the server down.
    pub(crate) fn run(mut self) -> Result<(), ServeError> {
        let connection = self.connection;
        let results = self.analyzer.results.clone();
        loop {
            select! {
                recv(connection.receiver) -> message => match message {
                    Ok(Message::Request(request)) => {
                        let is_shutdown = connection.handle_shutdown(&request);
                        if is_shutdown.map_err(|_| ServeError::new("`exit` did not follow `shutdown`"))? {
                            return Ok(());
                        }
                        self.request(request);
                    }
                    Ok(Message::Notification(one)) if one.method == Exit::METHOD => {
                        return Err(ServeError::new("`exit` came without `shutdown`"));
                    }
                    Ok(Message::Notification(notification)) => self.notification(notification),
                    Ok(Message::Response(_)) => {}
                    Err(_) => return Ok(()),
                },
                recv(results) -> analysis => {
                    if let Ok(analysis) = analysis {
                        self.analyzed(analysis);
                    }
                }
            }
        }
    }

    fn request(&mut self, request: Request) {
        let Request { id, method, params } = request;
        let response = match method.as_str() {
            Completion::METHOD => self.answer::<Completion>(id, params, |document, params| {
                Ok(Some(completion::complete(document, params)))
            }),
            HoverRequest::METHOD => self.answer::<HoverRequest>(id, params, |document, params| {
                Ok(completion::hover(document, params))
            }),
            GotoDefinition::METHOD => {
                self.answer::<GotoDefinition>(id, params, |document, params| {
                    Ok(rename::definition(document, params))
                })
            }
            References::METHOD => self.answer::<References>(id, params, |document, params| {
                Ok(Some(rename::references(document, params)))
            }),
            DocumentHighlightRequest::METHOD => {
                self.answer::<DocumentHighlightRequest>(id, params, |document, params| {
                    Ok(Some(rename::highlights(document, params)))
                })
            }
            PrepareRenameRequest::METHOD => {
                self.answer::<PrepareRenameRequest>(id, params, rename::prepare)
            }
            Rename::METHOD => self.answer::<Rename>(id, params, rename::rename),
            CodeActionRequest::METHOD => {
                self.answer::<CodeActionRequest>(id, params, |document, params| {
                    Ok(Some(code_actions::actions(document, params)))
                })
            }
            DocumentSymbolRequest::METHOD => {
                self.answer::<DocumentSymbolRequest>(id, params, |document, params| {
                    Ok(Some(outline::symbols(document, params)))
                })
            }
            InlayHintRequest::METHOD => {
                self.answer::<InlayHintRequest>(id, params, |document, params| {
                    Ok(Some(outline::hints(document, params)))
                })
            }
            _ => error(id, ErrorCode::MethodNotFound, "unknown method"),
        };
        self.send(response);
    }

    /// Answers a request about a document; nothing if it is not open.
    fn answer<R: IsRequest>(
        &mut self,
        id: RequestId,
        params: Value,
        handler: fn(&mut Document, &R::Params) -> Answer<R::Result>,
    ) -> Response
    where
        R::Params: DeserializeOwned,
    {
        // The parameters may repeat a part of the document, and so would the error of serde.
        let uri = document_of(&params);
        let Ok(params) = serde_json::from_value::<R::Params>(params) else {
            return error(id, ErrorCode::InvalidParams, "the parameters are invalid");
        };
        let Some(document) = uri.and_then(|uri| self.documents.get_mut(&uri)) else {
            return ok(id, Value::Null);
        };
        match handler(document, &params) {
            Ok(result) => match serde_json::to_value(result) {
                Ok(value) => ok(id, value),
                Err(_) => error(id, ErrorCode::InternalError, "the answer is not JSON"),
            },
            Err(message) => error(id, ErrorCode::RequestFailed, message),
        }
    }

    fn notification(&mut self, notification: Notification) {
        let Notification { method, params } = notification;
        match method.as_str() {
            DidOpenTextDocument::METHOD => self.open(params),
            DidChangeTextDocument::METHOD => self.change(params),
            DidCloseTextDocument::METHOD => self.close(params),
            _ => {}
        }
    }

    fn open(&mut self, params: Value) {
        let Ok(params) = parsed::<DidOpenTextDocument>(params) else {
            return;
        };
        let item = params.text_document;
        let key = item.uri.as_str().to_owned();
        let document = Document::new(item.uri, item.version, item.text, self.encoding);
        self.analyzer.check(document.job());
        self.documents.insert(key, document);
    }

    fn change(&mut self, params: Value) {
        let Ok(params) = parsed::<DidChangeTextDocument>(params) else {
            return;
        };
        let id = params.text_document;
        if let Some(document) = self.documents.get_mut(id.uri.as_str()) {
            document.change(id.version, params.content_changes);
            self.analyzer.check(document.job());
        }
    }

    fn close(&mut self, params: Value) {
        let Ok(params) = parsed::<DidCloseTextDocument>(params) else {
            return;
        };
        let uri = params.text_document.uri;
        if self.documents.remove(uri.as_str()).is_some() {
            self.publish(uri, Vec::new(), None);
        }
    }

    /// Publishes what was found, unless the document changed since.
    fn analyzed(&mut self, analysis: Analysis) {
        let Some(document) = self.documents.get_mut(&analysis.uri) else {
            return;
        };
        if analysis.version != document.version {
            return;
        }
        document.update(analysis);
        let uri = document.uri.clone();
        let version = document.version;
        let list = diagnostics::diagnostics(document);
        self.publish(uri, list, Some(version));
    }

    fn publish(&self, uri: Uri, diagnostics: Vec<lsp_types::Diagnostic>, version: Option<i32>) {
        let params = PublishDiagnosticsParams {
            uri,
            diagnostics,
            version,
        };
        if let Ok(params) = serde_json::to_value(params) {
            let method = PublishDiagnostics::METHOD.to_owned();
            self.send(Notification { method, params });
        }
    }

    fn send(&self, message: impl Into<Message>) {
        // A client that is gone is noticed when the next message is received.
        let _ = self.connection.sender.send(message.into());
    }
}

fn parsed<N: IsNotification>(params: Value) -> serde_json::Result<N::Params>
where
    N::Params: DeserializeOwned,
{
    serde_json::from_value(params)
}

/// The document that a request is about.
fn document_of(params: &Value) -> Option<String> {
    let uri = params.get("textDocument")?.get("uri")?;
    uri.as_str().map(str::to_owned)
}

fn ok(id: RequestId, value: Value) -> Response {
    Response {
        id,
        response_result: Ok(value),
    }
}

fn error(id: RequestId, code: ErrorCode, message: impl Into<String>) -> Response {
    let error = ResponseError {
        code: code as i32,
        message: message.into(),
        data: None,
    };
    Response {
        id,
        response_result: Err(error),
    }
}

fn capabilities(encoding: Encoding) -> ServerCapabilities {
    let triggers = [":", " ", "{", "."].map(str::to_owned);
    ServerCapabilities {
        position_encoding: Some(encoding.kind()),
        text_document_sync: Some(TextDocumentSyncCapability::Kind(
            TextDocumentSyncKind::INCREMENTAL,
        )),
        completion_provider: Some(CompletionOptions {
            trigger_characters: Some(triggers.to_vec()),
            ..CompletionOptions::default()
        }),
        hover_provider: Some(HoverProviderCapability::Simple(true)),
        definition_provider: Some(OneOf::Left(true)),
        references_provider: Some(OneOf::Left(true)),
        document_highlight_provider: Some(OneOf::Left(true)),
        document_symbol_provider: Some(OneOf::Left(true)),
        rename_provider: Some(OneOf::Right(RenameOptions {
            prepare_provider: Some(true),
            work_done_progress_options: lsp_types::WorkDoneProgressOptions::default(),
        })),
        code_action_provider: Some(CodeActionProviderCapability::Options(CodeActionOptions {
            code_action_kinds: Some(vec![
                CodeActionKind::QUICKFIX,
                CodeActionKind::SOURCE_FIX_ALL,
            ]),
            ..CodeActionOptions::default()
        })),
        inlay_hint_provider: Some(OneOf::Left(true)),
        ..ServerCapabilities::default()
    }
}
