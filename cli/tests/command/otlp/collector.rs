//! A collector of spans on loopback.

use std::{
    collections::BTreeMap,
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{TcpListener, TcpStream},
    sync::{Arc, Mutex},
    thread,
};

use super::protobuf::Message;

/// A collector, and what it was sent.
pub(super) struct Collector {
    pub(super) url: String,
    bodies: Arc<Mutex<Vec<Vec<u8>>>>,
}

/// A span as it was sent.
#[derive(Debug)]
pub(super) struct Span {
    pub(super) trace: String,
    pub(super) id: String,
    /// Empty without one.
    pub(super) parent: String,
    pub(super) name: String,
    pub(super) start: u64,
    pub(super) end: u64,
    pub(super) attributes: BTreeMap<String, String>,
    pub(super) events: Vec<String>,
    pub(super) is_error: bool,
    kind: u64,
}

impl Collector {
    /// One that answers with this status.
    pub(super) fn start(status: u16) -> Self {
        Self::serve(move |stream| {
            let answer = format!(
                "HTTP/1.1 {status} Status\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
            );
            let _ = stream.write_all(answer.as_bytes());
        })
    }

    /// One that never answers.
    pub(super) fn silent() -> Self {
        Self::serve(|_| {
            loop {
                thread::park();
            }
        })
    }

    fn serve(answer: impl Fn(&mut TcpStream) + Copy + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let bodies = Arc::new(Mutex::new(Vec::new()));
        let received = Arc::clone(&bodies);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let received = Arc::clone(&received);
                thread::spawn(move || receive(stream, &received, answer));
            }
        });
        Self { url, bodies }
    }

    fn bodies(&self) -> Vec<Vec<u8>> {
        self.bodies.lock().unwrap().clone()
    }

    /// All that it was sent, as text.
    pub(super) fn text(&self) -> String {
        let bodies = self.bodies().concat();
        String::from_utf8_lossy(&bodies).into_owned()
    }

    /// All spans that it was sent.
    pub(super) fn spans(&self) -> Vec<Span> {
        let requests: Vec<Message> = self
            .bodies()
            .iter()
            .map(|body| Message::read(body))
            .collect();
        let resources = requests.iter().flat_map(|request| request.messages(1));
        let scopes = resources.flat_map(|spans| spans.messages(2));
        let spans = scopes.flat_map(|scope| scope.messages(2));
        spans.map(|span| Span::of(&span)).collect()
    }

    /// The attributes of the resource of the first request.
    pub(super) fn resource(&self) -> BTreeMap<String, String> {
        let request = Message::read(&self.bodies()[0]);
        let resource = request.messages(1)[0].messages(1);
        attributes(&resource[0], 1)
    }
}

fn receive(mut stream: TcpStream, received: &Mutex<Vec<Vec<u8>>>, answer: impl Fn(&mut TcpStream)) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let mut head = Vec::new();
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).unwrap_or(0) == 0 || line == "\r\n" {
            break;
        }
        head.push(line.trim().to_ascii_lowercase());
    }
    assert_eq!(head[0], "post /v1/traces http/1.1");
    assert!(
        head.contains(&"content-type: application/x-protobuf".to_owned()),
        "{head:?}"
    );
    let length = head
        .iter()
        .find_map(|line| line.strip_prefix("content-length: "));
    let mut body = vec![0; length.unwrap().parse().unwrap()];
    reader.read_exact(&mut body).unwrap();
    received.lock().unwrap().push(body);
    answer(&mut stream);
}

impl Span {
    fn of(span: &Message) -> Self {
        let status = span.messages(15);
        Self {
            trace: hex(&span.bytes(1)),
            id: hex(&span.bytes(2)),
            parent: hex(&span.bytes(4)),
            name: span.text(5),
            kind: span.number(6),
            start: span.number(7),
            end: span.number(8),
            attributes: attributes(span, 9),
            events: span.messages(11).iter().map(event).collect(),
            is_error: status.iter().any(|status| status.number(3) == 2),
        }
    }

    /// What it is, besides its name, without what differs from run to run.
    pub(super) fn shown(&self) -> String {
        let mut text = match self.kind {
            1 => String::new(),
            3 => " (client)".to_owned(),
            other => format!(" (kind {other})"),
        };
        if self.is_error {
            text += " error";
        }
        text + &shown(&self.attributes)
    }
}

fn event(event: &Message) -> String {
    event.text(2) + &shown(&attributes(event, 3))
}

fn shown(attributes: &BTreeMap<String, String>) -> String {
    let pairs = attributes.iter().map(|(name, value)| match name.as_str() {
        "server.port" | "http.response.body.size" | "rest_source.wait_seconds" => {
            [" ", name, "=…"].concat()
        }
        _ => [" ", name, "=", value].concat(),
    });
    pairs.collect()
}

/// The attributes in this field of a message.
fn attributes(message: &Message, field: u64) -> BTreeMap<String, String> {
    let pairs = message.messages(field);
    pairs
        .iter()
        .map(|pair| {
            let value = &pair.messages(2)[0];
            let text = match value.fields() {
                [1] => value.text(1),
                [2 | 3] => value.number(value.fields()[0]).to_string(),
                [4] => f64::from_bits(value.number(4)).to_string(),
                other => panic!("a value of the kinds {other:?}"),
            };
            (pair.text(1), text)
        })
        .collect()
}

fn hex(bytes: &[u8]) -> String {
    let digit = |half: u8| char::from_digit(half.into(), 16).unwrap();
    let digits = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    digits.map(digit).collect()
}
