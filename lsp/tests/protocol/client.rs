//! A client that is scripted by the tests.

#![allow(clippy::needless_pass_by_value)]

use std::thread::{self, JoinHandle};
use std::time::Duration;

use lsp_server::{Connection, Message, Notification, Request, Response};
use rest_source_lsp::{ServeError, serve};
use serde_json::{Value, json};

/// How long a test waits for a message.
const PATIENCE: Duration = Duration::from_secs(60);

pub(crate) const URI: &str = "file:///specs/media.yaml";

/// A client with one document.
pub(crate) struct Client {
    connection: Connection,
    server: Option<JoinHandle<Result<(), ServeError>>>,
    next: i32,
    version: i32,
    pub(crate) text: String,
    pub(crate) capabilities: Value,
    published: Option<(Value, Vec<Value>)>,
    /// Every message of the server, as text.
    pub(crate) received: Vec<String>,
}

impl Client {
    /// Starts a server, and opens a document.
    pub(crate) fn open(text: &str) -> Self {
        Self::open_with(text, json!({}))
    }

    pub(crate) fn open_with(text: &str, capabilities: Value) -> Self {
        let (server, connection) = Connection::memory();
        let server = thread::spawn(move || serve(&server));
        let mut client = Self {
            connection,
            server: Some(server),
            next: 0,
            version: 1,
            text: text.to_owned(),
            capabilities: Value::Null,
            published: None,
            received: Vec::new(),
        };
        let result = client.ask("initialize", json!({ "capabilities": capabilities }));
        client.capabilities = result.unwrap()["capabilities"].clone();
        client.notify("initialized", json!({}));
        let item = json!({ "uri": URI, "languageId": "yaml", "version": 1, "text": text });
        client.notify("textDocument/didOpen", json!({ "textDocument": item }));
        client
    }

    pub(crate) fn notify(&self, method: &str, params: Value) {
        let method = method.to_owned();
        let message = Notification { method, params };
        self.connection.sender.send(message.into()).unwrap();
    }

    /// The answer to a request, or the message of its error.
    pub(crate) fn ask(&mut self, method: &str, params: Value) -> Result<Value, String> {
        self.next += 1;
        let id = self.next.into();
        let request = Request {
            id,
            method: method.to_owned(),
            params,
        };
        let id = request.id.clone();
        self.connection.sender.send(request.into()).unwrap();
        loop {
            let message = self.receive();
            if let Message::Response(Response {
                id: answered,
                response_result,
            }) = message
            {
                assert_eq!(answered, id);
                return response_result.map_err(|error| error.message);
            }
        }
    }

    fn receive(&mut self) -> Message {
        let message = self.connection.receiver.recv_timeout(PATIENCE).unwrap();
        self.received.push(serde_json::to_string(&message).unwrap());
        if let Message::Notification(one) = &message
            && one.method == "textDocument/publishDiagnostics"
        {
            let list = one.params["diagnostics"].as_array().unwrap().clone();
            self.published = Some((one.params["version"].clone(), list));
        }
        message
    }

    /// Asks about the place of the document at which a piece begins.
    pub(crate) fn ask_at(&mut self, method: &str, piece: &str) -> Result<Value, String> {
        self.ask_with(method, piece, json!({}))
    }

    pub(crate) fn ask_with(
        &mut self,
        method: &str,
        piece: &str,
        more: Value,
    ) -> Result<Value, String> {
        let at = self.text.find(piece).unwrap();
        self.ask_at_byte(method, at, more)
    }

    pub(crate) fn ask_at_byte(
        &mut self,
        method: &str,
        at: usize,
        more: Value,
    ) -> Result<Value, String> {
        let mut params = json!({
            "textDocument": { "uri": URI },
            "position": self.position(at),
            "context": { "includeDeclaration": true, "diagnostics": [], "triggerKind": 1 },
            "range": { "start": self.position(at), "end": self.position(at) },
        });
        for (key, value) in more.as_object().unwrap() {
            params[key] = value.clone();
        }
        self.ask(method, params)
    }

    /// The answer about the whole document.
    pub(crate) fn ask_whole(&mut self, method: &str) -> Result<Value, String> {
        let range = json!({ "start": self.position(0), "end": self.position(self.text.len()) });
        self.ask_at_byte(method, 0, json!({ "range": range }))
    }

    /// Replaces a piece of the document, as an editor sends it.
    pub(crate) fn replace(&mut self, piece: &str, new: &str) {
        let start = self.text.find(piece).unwrap();
        self.replace_range(start, start + piece.len(), new);
    }

    pub(crate) fn replace_range(&mut self, start: usize, end: usize, new: &str) {
        let range = json!({ "start": self.position(start), "end": self.position(end) });
        self.text.replace_range(start..end, new);
        self.change(&json!({ "range": range, "text": new }));
    }

    fn change(&mut self, change: &Value) {
        self.version += 1;
        let document = json!({ "uri": URI, "version": self.version });
        let params = json!({ "textDocument": document, "contentChanges": [change] });
        self.notify("textDocument/didChange", params);
    }

    /// The diagnostics of the current version.
    pub(crate) fn diagnostics(&mut self) -> Vec<Value> {
        loop {
            if let Some((version, list)) = &self.published
                && *version == self.version
            {
                return list.clone();
            }
            self.receive();
        }
    }

    /// Applies the edits of an answer.
    pub(crate) fn apply(&mut self, edit: &Value) {
        let mut edits: Vec<Value> = edit["changes"][URI].as_array().unwrap().clone();
        edits.sort_by_key(|edit| std::cmp::Reverse(self.byte(&edit["range"]["start"])));
        for edit in edits {
            let start = self.byte(&edit["range"]["start"]);
            let end = self.byte(&edit["range"]["end"]);
            self.replace_range(start, end, edit["newText"].as_str().unwrap());
        }
    }

    /// Where the lines begin.
    fn lines(&self) -> Vec<usize> {
        let text = self.text.as_bytes();
        let ends = |at: &usize| match text[*at] {
            b'\n' => true,
            b'\r' => text.get(at + 1) != Some(&b'\n'),
            _ => false,
        };
        let starts = (0..text.len()).filter(ends).map(|at| at + 1);
        std::iter::once(0).chain(starts).collect()
    }

    /// A byte as line and UTF-16 code units.
    pub(crate) fn position(&self, at: usize) -> Value {
        let lines = self.lines();
        let line = lines.partition_point(|start| *start <= at) - 1;
        let before = &self.text[lines[line]..at];
        let character: usize = before.chars().map(char::len_utf16).sum();
        json!({ "line": line, "character": character })
    }

    pub(crate) fn byte(&self, position: &Value) -> usize {
        let line = usize::try_from(position["line"].as_u64().unwrap()).unwrap();
        let wanted = usize::try_from(position["character"].as_u64().unwrap()).unwrap();
        let start = self.lines()[line];
        let mut units = 0;
        for (at, c) in self.text[start..].char_indices() {
            if units >= wanted {
                return start + at;
            }
            units += c.len_utf16();
        }
        self.text.len()
    }

    /// Shuts the server down, as the protocol wants it.
    pub(crate) fn close(mut self) {
        self.ask("shutdown", Value::Null).unwrap();
        self.notify("exit", Value::Null);
        let server = self.server.take().unwrap();
        server.join().unwrap().unwrap();
    }
}

/// The labels of an answer with completions.
pub(crate) fn labels(answer: &Value) -> Vec<&str> {
    let items = answer.as_array().unwrap().iter();
    items.map(|item| item["label"].as_str().unwrap()).collect()
}
