//! `Authorization: Digest …` (RFC 7616), with MD5 or SHA-256.
//!
//! The first request has no credentials: the API answers it with a challenge, and it is sent again. All requests of a
//! source then answer this challenge, each with the next number, until the API replaces it.

use std::sync::{Mutex, MutexGuard, PoisonError};

use md5::Md5;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use sha2::{Digest as _, Sha256};

use crate::{
    Error, ErrorKind, Result, Secret,
    http_context::HttpContext,
    transport::{BoxFuture, Headers, Request, Response},
};

use super::{Authenticate, Generation};

pub(super) struct Digest {
    username: String,
    password: Secret,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// The challenge that requests answer.
    challenge: Option<Challenge>,
    /// Changes with the challenge; 0 without one.
    generation: Generation,
    /// How many requests answered it.
    count: u32,
}

/// What an API asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(clippy::struct_excessive_bools)] // Each is a parameter of a challenge.
struct Challenge {
    realm: String,
    nonce: String,
    opaque: Option<String>,
    algorithm: Algorithm,
    is_session: bool,
    /// Whether it takes `qop=auth`; without it an answer is as in RFC 2069.
    has_qop: bool,
    is_stale: bool,
    hashes_username: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Algorithm {
    Md5,
    Sha256,
}

impl Digest {
    /// # Errors
    ///
    /// When the name or the password holds a control character.
    pub(super) fn new(username: String, password: String) -> Result<Self> {
        if username.contains(char::is_control) || password.contains(char::is_control) {
            let message = "`username` or `password` holds a control character";
            return Err(Error::new(ErrorKind::Config, message));
        }
        Ok(Self {
            username,
            password: Secret::from(password),
            state: Mutex::default(),
        })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The answer to the known challenge, and its generation; `None` before the first.
    fn answer(&self, request: &Request, client_nonce: &str) -> Option<(String, Generation)> {
        let mut state = self.state();
        let challenge = state.challenge.clone()?;
        state.count = state.count.saturating_add(1);
        let (count, generation) = (state.count, state.generation);
        drop(state);
        let method = request.method.as_str();
        let answer = challenge.answer(
            (&self.username, self.password.expose()),
            (method, target(&request.url)),
            (count, client_nonce),
        );
        Some((answer, generation))
    }
}

impl Authenticate for Digest {
    fn authenticate<'a>(
        &'a self,
        request: &'a mut Request,
        _: &'a HttpContext,
    ) -> BoxFuture<'a, Result<Generation>> {
        let client_nonce = format!("{:016x}{:016x}", fastrand::u64(..), fastrand::u64(..));
        let generation = match self.answer(request, &client_nonce) {
            Some((answer, generation)) => {
                request.headers.set("Authorization", answer);
                generation
            }
            None => 0,
        };
        Box::pin(std::future::ready(Ok(generation)))
    }

    /// One for the first challenge; the others for nonces that expire while other requests use them.
    fn most_renewals(&self) -> usize {
        4
    }

    /// Takes the challenge of a 401, unless the credentials were rejected.
    fn renew_by(&self, refused: Generation, response: &Response) -> bool {
        let mut state = self.state();
        if state.generation != refused {
            // Another request was challenged in the meantime.
            return true;
        }
        let Some(challenge) = Challenge::of(&response.headers) else {
            return false;
        };
        let is_rejected = state
            .challenge
            .as_ref()
            .is_some_and(|known| !challenge.is_stale && known.realm == challenge.realm);
        if is_rejected {
            return false;
        }
        *state = State {
            challenge: Some(challenge),
            generation: refused + 1,
            count: 0,
        };
        true
    }
}

impl Challenge {
    /// The first challenge in the headers that can be answered.
    fn of(headers: &Headers) -> Option<Self> {
        headers
            .all("WWW-Authenticate")
            .flat_map(challenges)
            .find_map(|fields| Self::new(&fields))
    }

    /// A challenge with these parameters; `None` if it is incomplete, or of an unknown algorithm.
    fn new(fields: &[(String, String)]) -> Option<Self> {
        let field = |name: &str| {
            let mut fields = fields.iter();
            let found = fields.find(|(field, _)| field.eq_ignore_ascii_case(name));
            found.map(|(_, value)| value.as_str())
        };
        let is_true = |name| field(name).is_some_and(|value| value.eq_ignore_ascii_case("true"));
        let algorithm = field("algorithm").unwrap_or("MD5").to_ascii_uppercase();
        let (name, is_session) = match algorithm.strip_suffix("-SESS") {
            Some(name) => (name, true),
            None => (algorithm.as_str(), false),
        };
        let algorithm = match name {
            "MD5" => Algorithm::Md5,
            "SHA-256" => Algorithm::Sha256,
            _ => return None,
        };
        let qop = field("qop");
        let mut offered = qop.iter().flat_map(|qop| qop.split(','));
        let has_qop = offered.any(|one| one.trim().eq_ignore_ascii_case("auth"));
        if qop.is_some() && !has_qop {
            return None;
        }
        Some(Self {
            realm: field("realm")?.to_owned(),
            nonce: field("nonce")?.to_owned(),
            opaque: field("opaque").map(str::to_owned),
            algorithm,
            is_session,
            has_qop,
            is_stale: is_true("stale"),
            hashes_username: is_true("userhash"),
        })
    }

    /// The value of `Authorization`.
    fn answer(
        &self,
        (username, password): (&str, &str),
        (method, target): (&str, &str),
        (count, client_nonce): (u32, &str),
    ) -> String {
        let hash = |text: String| self.algorithm.hash(&text);
        let Self { realm, nonce, .. } = self;
        let mut key = hash(format!("{username}:{realm}:{password}"));
        if self.is_session {
            key = hash(format!("{key}:{nonce}:{client_nonce}"));
        }
        let request = hash(format!("{method}:{target}"));
        let response = if self.has_qop {
            hash(format!(
                "{key}:{nonce}:{count:08x}:{client_nonce}:auth:{request}"
            ))
        } else {
            hash(format!("{key}:{nonce}:{request}"))
        };
        let mut fields = vec![if self.hashes_username {
            format!("username=\"{}\"", hash(format!("{username}:{realm}")))
        } else if username.is_ascii() {
            format!("username={}", quoted(username))
        } else {
            let encoded = utf8_percent_encode(username, NON_ALPHANUMERIC);
            format!("username*=UTF-8''{encoded}")
        }];
        fields.push(format!("realm={}", quoted(realm)));
        fields.push(format!("uri={}", quoted(target)));
        let session = if self.is_session { "-sess" } else { "" };
        fields.push(format!("algorithm={}{session}", self.algorithm.name()));
        fields.push(format!("nonce={}", quoted(nonce)));
        if self.has_qop {
            fields.push(format!("nc={count:08x}"));
            fields.push("qop=auth".to_owned());
        }
        if self.has_qop || self.is_session {
            fields.push(format!("cnonce={}", quoted(client_nonce)));
        }
        fields.push(format!("response=\"{response}\""));
        if let Some(opaque) = &self.opaque {
            fields.push(format!("opaque={}", quoted(opaque)));
        }
        if self.hashes_username {
            fields.push("userhash=true".to_owned());
        }
        format!("Digest {}", fields.join(", "))
    }
}

impl Algorithm {
    const fn name(self) -> &'static str {
        match self {
            Self::Md5 => "MD5",
            Self::Sha256 => "SHA-256",
        }
    }

    #[allow(clippy::format_collect)] // A hash is short.
    fn hash(self, text: &str) -> String {
        let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        match self {
            Self::Md5 => hex(&Md5::digest(text)),
            Self::Sha256 => hex(&Sha256::digest(text)),
        }
    }
}

/// The path and query of a URL.
fn target(url: &str) -> &str {
    let after = url.split_once("://").map_or(url, |(_, after)| after);
    let path = after.find('/').and_then(|at| after.get(at..));
    path.and_then(|path| path.split('#').next()).unwrap_or("/")
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

/// The parameters of each `Digest` challenge in a header, which may hold challenges of several schemes.
fn challenges(header: &str) -> Vec<Vec<(String, String)>> {
    let mut found: Vec<Vec<(String, String)>> = Vec::new();
    let mut is_digest = false;
    for item in items(header) {
        let item = item.trim();
        let (before, value) = item.split_once('=').unwrap_or((item, ""));
        // A scheme stands before the first of its parameters.
        let name = match before.trim().split_once(char::is_whitespace) {
            Some((scheme, name)) => {
                is_digest = scheme.eq_ignore_ascii_case("Digest");
                if is_digest {
                    found.push(Vec::new());
                }
                name.trim()
            }
            None if !item.contains('=') => {
                is_digest = false;
                continue;
            }
            None => before.trim(),
        };
        if let (true, Some(fields)) = (is_digest, found.last_mut()) {
            fields.push((name.to_owned(), unquoted(value.trim())));
        }
    }
    found
}

/// The parts between commas outside of quotes.
fn items(header: &str) -> Vec<&str> {
    let (mut items, mut start) = (Vec::new(), 0);
    let (mut is_quoted, mut is_escaped) = (false, false);
    for (at, c) in header.char_indices() {
        match c {
            _ if is_escaped => is_escaped = false,
            '\\' if is_quoted => is_escaped = true,
            '"' => is_quoted = !is_quoted,
            ',' if !is_quoted => {
                items.extend(header.get(start..at));
                start = at + 1;
            }
            _ => {}
        }
    }
    items.extend(header.get(start..));
    items
}

fn unquoted(value: &str) -> String {
    let Some(inside) = value
        .strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'))
    else {
        return value.to_owned();
    };
    let mut text = String::with_capacity(inside.len());
    let mut chars = inside.chars();
    while let Some(c) = chars.next() {
        text.extend(if c == '\\' { chars.next() } else { Some(c) });
    }
    text
}

/// Whether the `Authorization` of a request answers a challenge with this nonce. For the mock.
pub(crate) fn is_answered(
    (username, password): (&str, &str),
    nonce: &str,
    method: &str,
    url: &str,
    authorization: &str,
) -> bool {
    let Some(fields) = challenges(authorization).into_iter().next() else {
        return false;
    };
    let field = |name: &str| {
        let mut fields = fields.iter();
        fields
            .find(|(field, _)| field == name)
            .map(|(_, value)| value.as_str())
    };
    let count = field("nc").and_then(|count| u32::from_str_radix(count, 16).ok());
    let (Some(count), Some(client_nonce), Some(challenge)) =
        (count, field("cnonce"), Challenge::new(&fields))
    else {
        return false;
    };
    challenge.nonce == nonce
        && challenge.answer(
            (username, password),
            (method, target(url)),
            (count, client_nonce),
        ) == authorization
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::Method;

    /// The examples of RFC 7616, 3.9.1.
    const RFC: &str = "Digest realm=\"http-auth@example.org\", qop=\"auth, auth-int\", algorithm=ALGORITHM, \
        nonce=\"7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v\", opaque=\"FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS\"";

    fn challenge(header: &str) -> Option<Challenge> {
        let mut headers = Headers::new();
        headers.push("WWW-Authenticate", header);
        Challenge::of(&headers)
    }

    fn response_of(answer: &str) -> String {
        let fields = challenges(answer).remove(0);
        let mut fields = fields.into_iter();
        fields.find(|(name, _)| name == "response").unwrap().1
    }

    #[test]
    fn the_examples_of_the_rfc_are_answered_as_it_says() {
        for (algorithm, response) in [
            ("MD5", "8ca523f5e9506fed4657c9700eebdbec"),
            (
                "SHA-256",
                "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1",
            ),
        ] {
            let challenge = challenge(&RFC.replace("ALGORITHM", algorithm)).unwrap();
            let answer = challenge.answer(
                ("Mufasa", "Circle of Life"),
                ("GET", "/dir/index.html"),
                (1, "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ"),
            );
            assert_eq!(response_of(&answer), response);
            assert!(answer.contains("nc=00000001, qop=auth, "), "{answer}");
            assert!(answer.contains("opaque=\"FQhe/"), "{answer}");
        }
    }

    #[test]
    fn an_old_challenge_is_answered_without_a_count() {
        // The example of RFC 2069, corrected by its errata.
        let header = "Digest realm=\"testrealm@host.com\", nonce=\"dcd98b7102dd2f0e8b11d0f600bfb0c093\", \
                      opaque=\"5ccc069c403ebaf9f0171e9517f40e41\"";
        let answer = challenge(header).unwrap().answer(
            ("Mufasa", "CircleOfLife"),
            ("GET", "/dir/index.html"),
            (1, "unused"),
        );
        assert_eq!(response_of(&answer), "1949323746fe6a43ef61f9606e7febea");
        assert!(
            !answer.contains("nc=") && !answer.contains("unused"),
            "{answer}"
        );
    }

    #[test]
    fn sessions_and_hashed_names_are_answered() {
        let header =
            "Digest realm=\"r\", nonce=\"n\", qop=\"auth\", algorithm=MD5-sess, userhash=true";
        let answer = challenge(header)
            .unwrap()
            .answer(("me", "word"), ("GET", "/"), (2, "c"));
        let md5 = |text: &str| Algorithm::Md5.hash(text);
        let key = md5(&format!("{}:n:c", md5("me:r:word")));
        let response = md5(&format!("{key}:n:00000002:c:auth:{}", md5("GET:/")));
        assert_eq!(response_of(&answer), response);
        assert!(answer.contains(&format!("username=\"{}\"", md5("me:r"))));
        assert!(answer.contains("algorithm=MD5-sess"), "{answer}");
    }

    #[test]
    fn the_first_challenge_that_is_known_is_answered() {
        let several = "Negotiate, Basic realm=\"a, b\", Digest realm=\"x\\\"y\", nonce=\"1\", algorithm=SHA-512-256, \
                       qop=auth, Digest realm=\"r\", nonce=\"2\", qop=\"auth\"";
        let found = challenge(several).unwrap();
        assert_eq!((found.realm.as_str(), found.nonce.as_str()), ("r", "2"));
        for none in [
            "",
            "Basic realm=\"r\", nonce=\"n\"",
            "Digest",
            "Digest realm=\"r\"",
            "Digest realm=\"r\", nonce=\"n\", qop=\"auth-int\"",
            "Digest realm=\"r, nonce=n",
        ] {
            assert_eq!(challenge(none), None, "{none}");
        }
    }

    #[test]
    fn a_name_in_any_letters_is_sent() {
        let header = "Digest realm=\"r\", nonce=\"n\", qop=\"auth\"";
        let challenge = challenge(header).unwrap();
        let answer = |name| challenge.answer((name, "w"), ("GET", "/"), (1, "c"));
        assert!(answer("a\"b").contains("username=\"a\\\"b\""));
        assert!(answer("grün").contains("username*=UTF-8''gr%C3%BCn"));
    }

    #[test]
    fn a_challenge_is_answered_until_it_is_replaced() {
        let digest = Digest::new("me".to_owned(), "word".to_owned()).unwrap();
        let request = Request {
            method: Method::Get,
            url: "https://api.example.com/?q=1#top".to_owned(),
            headers: Headers::new(),
            body: Vec::new(),
        };
        let refused = |header: &str| Response {
            status: 401,
            headers: [("WWW-Authenticate", header)].into_iter().fold(
                Headers::new(),
                |mut headers, (name, value)| {
                    headers.push(name, value);
                    headers
                },
            ),
            body: Vec::new(),
        };
        assert!(digest.answer(&request, "c").is_none());
        assert!(!digest.renew_by(0, &refused("Basic realm=\"r\"")));
        let first = refused("Digest realm=\"r\", nonce=\"1\", qop=\"auth\"");
        assert!(digest.renew_by(0, &first));
        // Another worker was challenged as well.
        let other = refused("Digest realm=\"r\", nonce=\"other\", qop=\"auth\"");
        assert!(digest.renew_by(0, &other));
        for count in ["nc=00000001", "nc=00000002"] {
            let (answer, generation) = digest.answer(&request, "c").unwrap();
            assert_eq!(generation, 1);
            assert!(
                answer.contains("nonce=\"1\"") && answer.contains(count),
                "{answer}"
            );
            assert!(answer.contains("uri=\"/?q=1\""), "{answer}");
            assert!(!answer.contains("word"), "{answer}");
        }
        // Rejected credentials are not sent again.
        assert!(!digest.renew_by(1, &other));
        let stale = refused("Digest realm=\"r\", nonce=\"3\", qop=\"auth\", stale=TRUE");
        assert!(digest.renew_by(1, &stale));
        let (answer, generation) = digest.answer(&request, "c").unwrap();
        assert_eq!(generation, 2);
        assert!(
            answer.contains("nonce=\"3\"") && answer.contains("nc=00000001"),
            "{answer}"
        );
    }
}
