//! The language server over the command's stdin and stdout.

use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};

use serde_json::{Value, json};

fn write(to: &mut impl Write, message: &Value) {
    let text = message.to_string();
    write!(to, "Content-Length: {}\r\n\r\n{text}", text.len()).unwrap();
    to.flush().unwrap();
}

fn read(from: &mut impl BufRead) -> Value {
    let mut length = 0;
    loop {
        let mut line = String::new();
        from.read_line(&mut line).unwrap();
        if line.trim().is_empty() {
            break;
        }
        if let Some(text) = line.strip_prefix("Content-Length: ") {
            length = text.trim().parse().unwrap();
        }
    }
    let mut body = vec![0; length];
    from.read_exact(&mut body).unwrap();
    serde_json::from_slice(&body).unwrap()
}

#[test]
fn a_spec_is_diagnosed_over_stdio() {
    let mut server = Command::new(env!("CARGO_BIN_EXE_rest-source"))
        .arg("lsp")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = server.stdin.take().unwrap();
    let mut output = BufReader::new(server.stdout.take().unwrap());
    let request = |id: u64, method: &str, params: Value| json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params });
    let notification = |method: &str, params: Value| json!({ "jsonrpc": "2.0", "method": method, "params": params });
    write(
        &mut input,
        &request(1, "initialize", json!({ "capabilities": {} })),
    );
    let started = read(&mut output);
    assert_eq!(started["result"]["serverInfo"]["name"], "rest-source-lsp");
    write(&mut input, &notification("initialized", json!({})));
    let text = "client: { base_url: 'https://api.example.com', pagination: single_page }\n\
                resources: [{ name: a, columns: { id: text } }]\n";
    let document =
        json!({ "uri": "file:///a.yaml", "languageId": "yaml", "version": 1, "text": text });
    write(
        &mut input,
        &notification("textDocument/didOpen", json!({ "textDocument": document })),
    );
    let published = read(&mut output);
    let found = &published["params"]["diagnostics"];
    assert_eq!(found[0]["code"], "RS0102");
    assert_eq!(
        found[0]["range"]["start"],
        json!({ "line": 0, "character": 47 })
    );
    write(&mut input, &request(2, "shutdown", Value::Null));
    assert_eq!(read(&mut output)["id"], 2);
    write(&mut input, &notification("exit", Value::Null));
    assert_eq!(server.wait().unwrap().code(), Some(0));
}

#[test]
fn an_invalid_message_is_an_error_that_does_not_repeat_it() {
    let mut server = Command::new(env!("CARGO_BIN_EXE_rest-source"))
        .arg("lsp")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = server.stdin.take().unwrap();
    write!(input, "Content-Length: 12\r\n\r\nnot_a_secret").unwrap();
    drop(input);
    let output = server.wait_with_output().unwrap();
    let answer = String::from_utf8(output.stdout).unwrap();
    assert!(answer.contains("-32700"), "{answer}");
    assert!(!answer.contains("not_a_secret"), "{answer}");
    assert_eq!(output.stderr, b"");
}
