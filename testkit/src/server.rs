//! The HTTP server: from a request to a page, a token, or what goes wrong.

use std::{
    fmt::Write as _,
    io,
    sync::{Arc, Mutex},
    time::{Duration, SystemTime},
};

use axum::{
    Router,
    body::{Body, Bytes},
    extract::{ConnectInfo, Query, State},
    http::{HeaderMap, Method, StatusCode, Uri, header},
    response::{IntoResponse, Json, Response},
};
use futures_util::{StreamExt, stream};
use serde_json::{Value, json};
use tokio::{net::TcpListener, task::JoinHandle};

use crate::{
    Access, Dataset, Fault, Faults, Log, Paging, Seen, Tokens, Wait, lock,
    wire::{Cut, Wires},
};

/// An API: what it serves, and how.
#[derive(Clone, Debug)]
pub struct Api {
    /// What it serves.
    pub datasets: Vec<Dataset>,
    /// Who may ask.
    pub access: Access,
    /// How rows are cut into pages.
    pub paging: Paging,
    /// Whether text beyond ASCII is written as `\u` escapes.
    pub escaped: bool,
}

impl Api {
    /// An API that serves these, without anything odd about it.
    pub fn new(access: Access, datasets: Vec<Dataset>) -> Self {
        Self {
            datasets,
            access,
            paging: Paging::default(),
            escaped: false,
        }
    }

    /// Cuts rows into pages this way.
    #[must_use]
    pub fn paging(mut self, paging: Paging) -> Self {
        self.paging = paging;
        self
    }

    /// Writes text beyond ASCII as `\u` escapes.
    #[must_use]
    pub fn escaped(mut self) -> Self {
        self.escaped = true;
        self
    }
}

/// A running server, on a free port of 127.0.0.1, until it is dropped.
#[derive(Debug)]
pub struct Server {
    url: String,
    shared: Arc<Shared>,
    task: JoinHandle<()>,
}

#[derive(Debug)]
struct Shared {
    datasets: Vec<Dataset>,
    access: Access,
    paging: Mutex<Paging>,
    escaped: bool,
    tokens: Tokens,
    faults: Faults,
    log: Log,
}

impl Server {
    /// Serves an API, on the runtime that this is called on.
    ///
    /// # Errors
    ///
    /// When no port can be had.
    pub async fn start(api: Api) -> io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let url = format!("http://{}", listener.local_addr()?);
        let shared = Arc::new(Shared {
            datasets: api.datasets,
            access: api.access,
            paging: Mutex::new(api.paging),
            escaped: api.escaped,
            tokens: Tokens::default(),
            faults: Faults::default(),
            log: Log::default(),
        });
        let router = Router::new()
            .fallback(answer)
            .with_state(Arc::clone(&shared))
            .into_make_service_with_connect_info::<Cut>();
        let task = tokio::spawn(async move {
            // It ends when the task is aborted.
            let _ = axum::serve(Wires(listener), router).await;
        });
        Ok(Self { url, shared, task })
    }

    /// `http://127.0.0.1:<port>`.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Where tokens are issued.
    pub fn token_url(&self) -> String {
        format!("{}{TOKEN_PATH}", self.url)
    }

    /// The dataset of this name; one without rows, served nowhere, where there is none.
    pub fn dataset(&self, name: &str) -> Dataset {
        let found = self.datasets().iter().find(|data| data.name() == name);
        found
            .cloned()
            .unwrap_or_else(|| Dataset::new("", "", 0, |_| Value::Null))
    }

    /// All datasets.
    pub fn datasets(&self) -> &[Dataset] {
        &self.shared.datasets
    }

    /// What was asked.
    pub fn log(&self) -> &Log {
        &self.shared.log
    }

    /// What goes wrong.
    pub fn faults(&self) -> &Faults {
        &self.shared.faults
    }

    /// The tokens that were issued.
    pub fn tokens(&self) -> &Tokens {
        &self.shared.tokens
    }

    /// Cuts rows into pages this way from now on.
    pub fn set_paging(&self, paging: Paging) {
        *lock(&self.shared.paging) = paging;
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

const TOKEN_PATH: &str = "/oauth/token";

async fn answer(
    State(shared): State<Arc<Shared>>,
    ConnectInfo(cut): ConnectInfo<Cut>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let request = Seen {
        method: method.to_string(),
        path: uri.path().to_owned(),
        query: Query::try_from_uri(&uri).map_or_else(|_| Vec::new(), |Query(pairs)| pairs),
        headers: headers
            .iter()
            .map(|(name, value)| (name.to_string(), text(value.as_bytes())))
            .collect(),
    };
    shared.log.push(request.clone());
    if request.path == TOKEN_PATH {
        let answer = shared.token(&method, &body);
        tokio::time::sleep(shared.tokens.wait()).await;
        return answer;
    }
    match shared.faults.step(&request.path) {
        None => shared.page(&request).into_response(),
        Some(Fault::Status {
            status,
            retry_after,
        }) => refusal(status, retry_after),
        Some(Fault::Body(body)) => json_text(body).into_response(),
        Some(Fault::Truncated) => in_halves(shared.page(&request), Second::Never),
        Some(Fault::Slow(wait)) => in_halves(shared.page(&request), Second::After(wait)),
        Some(Fault::Reset) => {
            cut.cut();
            StatusCode::OK.into_response()
        }
    }
}

type Page = (StatusCode, HeaderMap, String);

impl Shared {
    fn page(&self, request: &Seen) -> Page {
        if !self.access.allows(request, &self.tokens) {
            return message(StatusCode::UNAUTHORIZED, "who are you?");
        }
        let Some(data) = self.datasets.iter().find(|d| d.path() == request.path) else {
            return message(StatusCode::NOT_FOUND, "no such resource");
        };
        let paging = lock(&self.paging).clone();
        let (page, told) = data.asked(
            |name| request.param(name),
            |rows| paging.page(rows, request),
        );
        let page = page.to_string();
        let (status, mut headers, body) =
            json_text(if self.escaped { escape(&page) } else { page });
        if let Some((name, value)) = told
            && let Ok(value) = value.try_into()
        {
            headers.insert(name, value);
        }
        (status, headers, body)
    }

    fn token(&self, method: &Method, form: &Bytes) -> Response {
        let query = Uri::builder().path_and_query(format!("/?{}", text(form)));
        let form = query
            .build()
            .ok()
            .and_then(|uri| Query::<Vec<(String, String)>>::try_from_uri(&uri).ok())
            .map_or_else(Vec::new, |Query(pairs)| pairs);
        if method != Method::POST || !self.access.issues(&form, &self.tokens) {
            let error = json!({ "error": "invalid_client" });
            return (StatusCode::UNAUTHORIZED, Json(error)).into_response();
        }
        let mut answer = json!({
            "access_token": self.tokens.issue(),
            "token_type": "Bearer",
            "expires_in": 3600,
        });
        if matches!(self.access, Access::Rotating { .. }) {
            answer["refresh_token"] = self.tokens.rotate().into();
        }
        Json(answer).into_response()
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn json_text(body: String) -> Page {
    (StatusCode::OK, json_headers(), body)
}

fn json_headers() -> HeaderMap {
    let json = header::HeaderValue::from_static("application/json");
    HeaderMap::from_iter([(header::CONTENT_TYPE, json)])
}

fn message(status: StatusCode, message: &str) -> Page {
    let body = json!({ "error": message }).to_string();
    (status, json_headers(), body)
}

fn refusal(status: u16, retry_after: Option<Wait>) -> Response {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let retry_after = retry_after.map(|wait| match wait {
        Wait::Seconds(seconds) => seconds.to_string(),
        Wait::Date(seconds) => {
            httpdate::fmt_http_date(SystemTime::now() + Duration::from_secs(seconds))
        }
    });
    let mut response = message(status, "not now").into_response();
    if let Some(value) = retry_after.and_then(|value| value.try_into().ok()) {
        response.headers_mut().insert(header::RETRY_AFTER, value);
    }
    response
}

/// When the second half of a body comes.
enum Second {
    After(Duration),
    Never,
}

/// A page whose second half is late, or whose connection ends after the first.
fn in_halves((status, headers, mut first): Page, second: Second) -> Response {
    let length = [(header::CONTENT_LENGTH, first.len().to_string())];
    let mut half = first.len() / 2;
    while !first.is_char_boundary(half) {
        half += 1;
    }
    let rest = first.split_off(half);
    let rest = stream::once(async move {
        match second {
            Second::After(wait) => {
                tokio::time::sleep(wait).await;
                Ok(rest)
            }
            Second::Never => {
                // The first half has to be on its way before the connection ends.
                tokio::time::sleep(Duration::from_millis(5)).await;
                Err(io::Error::from(io::ErrorKind::UnexpectedEof))
            }
        }
    });
    let body = stream::once(async { Ok(first) }).chain(rest);
    (status, headers, length, Body::from_stream(body)).into_response()
}

/// JSON with everything beyond ASCII written as `\u` escapes, in surrogate pairs where need be.
fn escape(json: &str) -> String {
    let mut escaped = String::with_capacity(json.len());
    for character in json.chars() {
        if character.is_ascii() {
            escaped.push(character);
        } else {
            let mut units = [0; 2];
            for unit in character.encode_utf16(&mut units) {
                // Writing to a string does not fail.
                let _ = write!(escaped, "\\u{unit:04x}");
            }
        }
    }
    escaped
}
