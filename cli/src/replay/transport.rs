//! A transport that answers requests with saved responses.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rest_source::transport::{
    self, BoxFuture, Bytes, ForCredentials, Headers, Limits, Request, Response, Transport,
    TransportError, TransportErrorKind, http,
};
use rest_source_mock::PlanApi;

use crate::exchange::{REDACTED, SavedRequest, SavedResponse};

/// A response, and the request that it answers.
pub(super) struct SavedExchange {
    pub(super) request: SavedRequest,
    pub(super) response: SavedResponse,
    pub(super) body: Vec<u8>,
}

/// Answers each request with the next saved response to an equal request, and requests for credentials by a mock.
/// Clones share the responses that are left.
#[derive(Clone)]
pub(super) struct Replay {
    credentials: Arc<PlanApi>,
    left: Arc<Mutex<Vec<SavedExchange>>>,
}

impl Replay {
    pub(super) fn new(exchanges: Vec<SavedExchange>, credentials: PlanApi) -> Self {
        Self {
            credentials: Arc::new(credentials),
            left: Arc::new(Mutex::new(exchanges)),
        }
    }

    /// The saved requests that were not sent.
    pub(super) fn unsent(&self) -> Vec<String> {
        let left = self.lock();
        left.iter()
            .map(|saved| line(&saved.request.method, &saved.request.url))
            .collect()
    }

    fn lock(&self) -> MutexGuard<'_, Vec<SavedExchange>> {
        self.left.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn answer(&self, request: &Request) -> Result<Response, TransportError> {
        let mut left = self.lock();
        let found = left.iter().position(|saved| {
            saved.request.method == request.method.as_str()
                && matches(&saved.request.url, &request.url)
                && matches(&saved.request.body, &String::from_utf8_lossy(&request.body))
        });
        let Some(found) = found else {
            let asked = line(request.method.as_str(), &request.url);
            let message = format!("no saved response answers `{asked}`");
            return Err(TransportError::new(TransportErrorKind::Request, message));
        };
        let saved = left.remove(found);
        let mut headers = Headers::default();
        for (name, value) in saved.response.headers {
            headers.push(name, value);
        }
        Ok(Response {
            status: saved.response.status,
            headers,
            body: saved.body,
        })
    }
}

impl Transport for Replay {
    fn send(
        &self,
        request: http::Request<Bytes>,
        limits: Limits,
    ) -> BoxFuture<'_, Result<http::Response<transport::Body>, TransportError>> {
        if request.extensions().get::<ForCredentials>().is_some() {
            return self.credentials.send(request, limits);
        }
        Box::pin(async move {
            // Other tasks run in between, as with a real transport.
            tokio::task::yield_now().await;
            self.answer(&Request::from_http(&request))?.into_http()
        })
    }
}

fn line(method: &str, url: &str) -> String {
    format!("{method} {url}")
}

/// Whether a text equals a saved one, in which secrets were replaced.
fn matches(saved: &str, sent: &str) -> bool {
    let mut parts = saved.split(REDACTED);
    let Some(mut rest) = parts.next().and_then(|first| sent.strip_prefix(first)) else {
        return false;
    };
    let mut parts: Vec<&str> = parts.collect();
    let Some(last) = parts.pop() else {
        return rest.is_empty();
    };
    for part in parts {
        let Some((_, after)) = rest.split_once(part) else {
            return false;
        };
        rest = after;
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::matches;

    #[test]
    fn a_replaced_secret_stands_for_any_text() {
        for (saved, sent, expected) in [
            ("/a?page=1", "/a?page=1", true),
            ("/a?page=1", "/a?page=2", false),
            ("/a?page=1", "/a?page=11", false),
            ("/a?key=[secret]&page=1", "/a?key=dummy&page=1", true),
            ("/a?key=[secret]&page=1", "/a?key=dummy&page=2", false),
            ("/a?page=1&key=[secret]", "/a?page=1&key=x", true),
            ("/a/[secret]/b?key=[secret]", "/a/t/b?key=", true),
            ("/a/[secret]/b?key=[secret]", "/a/t/c?key=x", false),
        ] {
            assert_eq!(matches(saved, sent), expected, "{saved} {sent}");
        }
    }
}
