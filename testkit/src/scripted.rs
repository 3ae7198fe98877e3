//! A server that says what it is told to, byte by byte: also what no HTTP library would send, and
//! what breaks off.

use std::{
    io,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};

use crate::lock;

/// A server on a free port of 127.0.0.1 whose answers are a function of the request, until it is
/// dropped.
#[derive(Debug)]
pub struct Scripted {
    url: String,
    shared: Arc<Shared>,
    task: JoinHandle<()>,
}

#[derive(Debug, Default)]
struct Shared {
    asked: Mutex<Vec<Asked>>,
    answering: AtomicUsize,
    most: AtomicUsize,
}

/// A request, as it came.
#[derive(Clone, Debug)]
pub struct Asked {
    /// How many came before it.
    pub number: usize,
    /// The method.
    pub method: String,
    /// The path and the query, as they were sent.
    pub target: String,
    /// The headers, their names in lower case, in order.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: String,
}

impl Asked {
    /// `GET /things?offset=0`.
    pub fn line(&self) -> String {
        format!("{} {}", self.method, self.target)
    }

    /// The path, as it was sent.
    pub fn path(&self) -> &str {
        self.target
            .split_once('?')
            .map_or(&self.target, |(path, _)| path)
    }

    /// The first value of a query parameter, as it was sent.
    pub fn param(&self, name: &str) -> Option<&str> {
        let (_, query) = self.target.split_once('?')?;
        query
            .split('&')
            .filter_map(|pair| pair.split_once('='))
            .find_map(|(found, value)| (found == name).then_some(value))
    }

    /// A query parameter as a number.
    pub fn number_in(&self, name: &str) -> Option<usize> {
        self.param(name)?.parse().ok()
    }

    /// The first value of a header, its name in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut headers = self.headers.iter();
        headers.find_map(|(found, value)| (found == name).then_some(value.as_str()))
    }
}

/// Where in a response something happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// Before its first byte.
    BeforeHead,
    /// In the middle of its headers.
    InHead,
    /// Between the headers and the body.
    BeforeBody,
    /// In the middle of its body.
    InBody,
    /// Past its last byte.
    AfterBody,
}

impl Place {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::BeforeHead,
        Self::InHead,
        Self::BeforeBody,
        Self::InBody,
        Self::AfterBody,
    ];
}

/// What happens to a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mishap {
    /// It is reset.
    Reset,
    /// It is closed, in order.
    Closed,
    /// Nothing comes for so long; then it goes on.
    Pause(Duration),
    /// From there on each byte comes so long after the one before.
    Trickle(Duration),
}

/// An answer.
#[derive(Clone, Debug)]
pub struct Reply {
    status: u16,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
    framed: bool,
    raw: Option<Vec<u8>>,
    mishap: Option<(Place, Mishap)>,
}

impl Reply {
    /// An answer of this status, with an empty body.
    pub fn status(status: u16) -> Self {
        Self {
            status,
            headers: Vec::new(),
            body: Vec::new(),
            framed: true,
            raw: None,
            mishap: None,
        }
    }

    /// A success with this as its JSON.
    pub fn json(body: &serde_json::Value) -> Self {
        Self::status(200)
            .header("Content-Type", "application/json")
            .body(body.to_string())
    }

    /// These bytes, head and body, and the end of the connection.
    pub fn raw(bytes: impl Into<Vec<u8>>) -> Self {
        Self {
            raw: Some(bytes.into()),
            ..Self::status(0)
        }
    }

    /// With one more header, as it stands: a value may come twice.
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    /// With this body.
    pub fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self
    }

    /// Says that the body is so long, whether it is or not; then the connection ends.
    pub fn length(self, bytes: usize) -> Self {
        Self {
            framed: false,
            ..self.header("Content-Length", bytes.to_string())
        }
    }

    /// Something happens there.
    pub fn mishap(mut self, place: Place, mishap: Mishap) -> Self {
        self.mishap = Some((place, mishap));
        self
    }

    /// The head and the body, and whether the connection goes on after them.
    fn parts(&self) -> (Vec<u8>, &[u8], bool) {
        if let Some(raw) = &self.raw {
            return (Vec::new(), raw, false);
        }
        let mut lines = vec![format!("HTTP/1.1 {} As Told", self.status)];
        let headers = self.headers.iter();
        lines.extend(headers.map(|(name, value)| format!("{name}: {value}")));
        // A 204 has no body, and says nothing of its length.
        if self.framed && self.status != 204 {
            lines.push(format!("Content-Length: {}", self.body.len()));
        }
        let head = lines.join("\r\n") + "\r\n\r\n";
        (head.into_bytes(), &self.body, self.framed)
    }

    /// Writes it; whether the connection goes on.
    async fn write(&self, stream: &mut TcpStream) -> io::Result<bool> {
        let (head, body, goes_on) = self.parts();
        let whole = [&head[..], body].concat();
        let Some((place, mishap)) = self.mishap else {
            stream.write_all(&whole).await?;
            return Ok(goes_on);
        };
        let at = match place {
            Place::BeforeHead => 0,
            Place::InHead => head.len() / 2,
            Place::BeforeBody => head.len(),
            Place::InBody => head.len() + body.len() / 2,
            Place::AfterBody => whole.len(),
        };
        let (before, after) = whole.split_at(at);
        stream.write_all(before).await?;
        stream.flush().await?;
        match mishap {
            Mishap::Pause(time) => tokio::time::sleep(time).await,
            Mishap::Closed => return Ok(false),
            Mishap::Trickle(time) => {
                for byte in after {
                    tokio::time::sleep(time).await;
                    stream.write_all(&[*byte]).await?;
                }
                return Ok(goes_on);
            }
            Mishap::Reset => {
                // What was written has to be on its way before the connection ends.
                tokio::time::sleep(Duration::from_millis(5)).await;
                stream.set_zero_linger()?;
                return Ok(false);
            }
        }
        stream.write_all(after).await?;
        Ok(goes_on)
    }
}

impl Scripted {
    /// Serves these answers, on the runtime that this is called on.
    ///
    /// # Errors
    ///
    /// When no port can be had.
    pub async fn start(
        answer: impl Fn(&Asked) -> Reply + Send + Sync + 'static,
    ) -> io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let url = format!("http://{}", listener.local_addr()?);
        let shared = Arc::<Shared>::default();
        let answer = Arc::new(answer);
        let all = Arc::clone(&shared);
        let task = tokio::spawn(async move {
            // It ends when the task is aborted.
            while let Ok((stream, _)) = listener.accept().await {
                let (answer, shared) = (Arc::clone(&answer), Arc::clone(&all));
                // A connection that breaks is the client's affair.
                tokio::spawn(async move { converse(stream, &*answer, &shared).await });
            }
        });
        Ok(Self { url, shared, task })
    }

    /// `http://127.0.0.1:<port>`.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// What was asked, in the order of arrival.
    pub fn asked(&self) -> Vec<Asked> {
        lock(&self.shared.asked).clone()
    }

    /// The most requests that were being answered at a time.
    pub fn most_at_once(&self) -> usize {
        self.shared.most.load(Ordering::SeqCst)
    }
}

impl Drop for Scripted {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Answers the requests of one connection.
async fn converse(
    mut stream: TcpStream,
    answer: &(dyn Fn(&Asked) -> Reply + Send + Sync),
    shared: &Shared,
) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut buffer = Vec::new();
    while let Some(mut asked) = read(&mut stream, &mut buffer).await? {
        {
            let mut log = lock(&shared.asked);
            asked.number = log.len();
            log.push(asked.clone());
        }
        let answering = shared.answering.fetch_add(1, Ordering::SeqCst) + 1;
        shared.most.fetch_max(answering, Ordering::SeqCst);
        let written = answer(&asked).write(&mut stream).await;
        shared.answering.fetch_sub(1, Ordering::SeqCst);
        if !written? {
            break;
        }
    }
    Ok(())
}

/// The next request; what came past it stays in the buffer.
async fn read(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> io::Result<Option<Asked>> {
    let head = loop {
        if let Some(end) = buffer.windows(4).position(|window| window == b"\r\n\r\n") {
            break end;
        }
        if stream.read_buf(buffer).await? == 0 {
            return Ok(None);
        }
    };
    let text = String::from_utf8_lossy(buffer.get(..head).unwrap_or_default()).into_owned();
    let mut lines = text.split("\r\n");
    let mut request = lines.next().unwrap_or_default().split(' ');
    let mut asked = Asked {
        number: 0,
        method: request.next().unwrap_or_default().to_owned(),
        target: request.next().unwrap_or_default().to_owned(),
        headers: lines
            .filter_map(|line| line.split_once(':'))
            .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
            .collect(),
        body: String::new(),
    };
    let length = asked.header("content-length").and_then(|n| n.parse().ok());
    let end = head + 4 + length.unwrap_or(0);
    while buffer.len() < end {
        if stream.read_buf(buffer).await? == 0 {
            return Ok(None);
        }
    }
    let rest = buffer.split_off(end);
    let body = buffer.get(head + 4..).unwrap_or_default();
    asked.body = String::from_utf8_lossy(body).into_owned();
    *buffer = rest;
    Ok(Some(asked))
}
