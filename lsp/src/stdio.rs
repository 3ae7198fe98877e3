//! Messages on streams of bytes: `Content-Length`, an empty line, and JSON.
//!
//! A message that is not valid is answered with an error, and the next one is read. No input allocates more than
//! [`LONGEST`].

use std::io::{self, BufRead, Read, Write};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};

use crossbeam_channel::{Sender, bounded};
use lsp_server::{Connection, ErrorCode, Message};
use serde_json::{Value, json};

use crate::{ServeError, serve};

/// The longest message, in bytes.
const LONGEST: u64 = 64 << 20;
/// The longest line of a header, in bytes, and the most lines of one.
const HEADER: (u64, usize) = (4096, 32);

type Threads = (
    JoinHandle<Result<(), ServeError>>,
    JoinHandle<io::Result<()>>,
);

/// Serves the client behind two streams.
pub(crate) fn serve_on(
    input: impl BufRead + Send + 'static,
    output: impl Write + Send + 'static,
) -> Result<(), ServeError> {
    let (connection, (reader, writer)) = connect(input, output)?;
    serve(&connection)?;
    drop(connection);
    let panicked = || ServeError::new("a thread of the server panicked");
    reader.join().map_err(|_| panicked())??;
    let written = writer.join().map_err(|_| panicked())?;
    written.map_err(|_| ServeError::new("cannot write to the client"))
}

fn connect(
    mut input: impl BufRead + Send + 'static,
    output: impl Write + Send + 'static,
) -> Result<(Connection, Threads), ServeError> {
    let output = Arc::new(Mutex::new(output));
    let (sender, to_write) = bounded::<Message>(0);
    let (read, receiver) = bounded::<Message>(0);
    let thread = |name: &str| thread::Builder::new().name(name.to_owned());
    let failed = |_| ServeError::new("cannot start a thread");
    let written = Arc::clone(&output);
    let writer = thread("writer").spawn(move || {
        to_write.into_iter().try_for_each(|message| {
            message.write(&mut *written.lock().unwrap_or_else(PoisonError::into_inner))
        })
    });
    let reader = thread("reader").spawn(move || read_all(&mut input, &output, &read));
    let threads = (reader.map_err(failed)?, writer.map_err(failed)?);
    Ok((Connection { sender, receiver }, threads))
}

/// Reads messages until `exit`, or until the client closes the stream.
fn read_all(
    input: &mut impl BufRead,
    output: &Mutex<impl Write>,
    read: &Sender<Message>,
) -> Result<(), ServeError> {
    while let Some(length) = header(input)? {
        let message = match message(input, length)? {
            Ok(message) => message,
            Err(refusal) => {
                let mut output = output.lock().unwrap_or_else(PoisonError::into_inner);
                if refusal.write(&mut *output).is_err() {
                    return Ok(());
                }
                continue;
            }
        };
        let is_exit = matches!(&message, Message::Notification(one) if one.method == "exit");
        // The server has ended if nothing receives it.
        if read.send(message).is_err() || is_exit {
            break;
        }
    }
    Ok(())
}

/// The answer to what is not a message.
struct Refusal {
    id: Value,
    code: ErrorCode,
    message: String,
}

impl Refusal {
    fn write(&self, output: &mut impl Write) -> io::Result<()> {
        let Self { id, code, message } = self;
        let error = json!({ "code": *code as i32, "message": message });
        let text = json!({ "jsonrpc": "2.0", "id": id, "error": error }).to_string();
        write!(output, "Content-Length: {}\r\n\r\n{text}", text.len())?;
        output.flush()
    }
}

/// The length of the next message; nothing at the end of the stream. After a header that is not valid, the next message
/// cannot be found.
fn header(input: &mut impl BufRead) -> Result<Option<u64>, ServeError> {
    let invalid = || ServeError::new("the client sent a header that is not valid");
    let mut length = None;
    for number in 0..HEADER.1 {
        let mut line = Vec::new();
        let read = input.take(HEADER.0).read_until(b'\n', &mut line);
        match read {
            Ok(0) if number == 0 => return Ok(None),
            Ok(_) if line.ends_with(b"\n") => {}
            _ => return Err(invalid()),
        }
        let line = String::from_utf8(line).map_err(|_| invalid())?;
        let line = line.trim_end_matches(['\r', '\n']);
        if line.is_empty() {
            return length.map(Some).ok_or_else(invalid);
        }
        let (name, value) = line.split_once(':').ok_or_else(invalid)?;
        if name.eq_ignore_ascii_case("content-length") {
            length = Some(value.trim().parse().map_err(|_| invalid())?);
        }
    }
    Err(invalid())
}

/// The next message, or the answer to what is none.
fn message(input: &mut impl BufRead, length: u64) -> Result<Result<Message, Refusal>, ServeError> {
    let ended = || ServeError::new("the client closed the connection within a message");
    let refusal = |id, code, message: &str| {
        let message = message.to_owned();
        Ok(Err(Refusal { id, code, message }))
    };
    if length > LONGEST {
        let skipped = io::copy(&mut input.take(length), &mut io::sink());
        skipped.map_err(|_| ended())?;
        let message = format!("a message has at most {LONGEST} bytes");
        return refusal(Value::Null, ErrorCode::InvalidRequest, &message);
    }
    let mut body = Vec::new();
    let read = input.take(length).read_to_end(&mut body);
    if read.ok().and_then(|read| u64::try_from(read).ok()) != Some(length) {
        return Err(ended());
    }
    let Ok(value) = serde_json::from_slice::<Value>(&body) else {
        return refusal(
            Value::Null,
            ErrorCode::ParseError,
            "the message is not JSON",
        );
    };
    let id = match value.get("id") {
        Some(id @ (Value::Number(_) | Value::String(_))) => id.clone(),
        _ => Value::Null,
    };
    match serde_json::from_value(value) {
        Ok(message) => Ok(Ok(message)),
        Err(_) => refusal(
            id,
            ErrorCode::InvalidRequest,
            "the JSON is not a request, a notification or a response",
        ),
    }
}

#[cfg(test)]
mod tests {
    use std::io::{BufReader, Cursor};

    use super::*;

    /// What the server wrote.
    #[derive(Clone, Default)]
    struct Output(Arc<Mutex<Vec<u8>>>);

    impl Write for Output {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn framed(body: &str) -> String {
        format!("Content-Length: {}\r\n\r\n{body}", body.len())
    }

    fn served(input: impl Read + Send + 'static) -> (Result<(), ServeError>, String) {
        let output = Output::default();
        let result = serve_on(BufReader::new(input), output.clone());
        let bytes = output.0.lock().unwrap().clone();
        (result, String::from_utf8(bytes).unwrap())
    }

    #[test]
    fn what_is_not_a_message_is_answered_and_the_next_is_read() {
        let long = format!("Content-Length: {}\r\n\r\n", LONGEST + 1);
        let first = format!(
            "{}{}{}{long}",
            framed("{bad}"),
            framed("[1]"),
            framed("{\"id\": 7, \"what\": 1}"),
        );
        let rest = [
            r#"{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"capabilities":{}}}"#,
            r#"{"jsonrpc":"2.0","method":"initialized","params":{}}"#,
            r#"{"jsonrpc":"2.0","id":2,"method":"shutdown"}"#,
            r#"{"jsonrpc":"2.0","method":"exit"}"#,
        ]
        .map(framed)
        .concat();
        let body = io::repeat(b' ').take(LONGEST + 1);
        let input = Cursor::new(first).chain(body).chain(Cursor::new(rest));
        let (result, output) = served(input);
        assert_eq!(result, Ok(()), "{output}");
        assert_eq!(output.matches("-32700").count(), 1, "{output}");
        assert_eq!(output.matches("-32600").count(), 3, "{output}");
        assert!(output.contains("\"id\":7"), "{output}");
        assert!(output.contains("capabilities"), "{output}");
    }

    #[test]
    fn a_length_that_does_not_come_allocates_nothing() {
        let (result, output) = served(Cursor::new("Content-Length: 99999999999999\r\n\r\n{"));
        assert_eq!(result, Ok(()));
        assert!(output.contains("-32600"), "{output}");
    }

    #[test]
    fn a_header_that_is_not_valid_is_an_error() {
        for input in [
            "Content-Length: x\r\n\r\n{}".to_owned(),
            "nothing\r\n\r\n".to_owned(),
            "A: b\r\n\r\n{}".to_owned(),
            "Content-Length: 9\r\n\r\n{}".to_owned(),
            "x".repeat(100_000),
        ] {
            assert!(served(Cursor::new(input)).0.is_err());
        }
    }
}
