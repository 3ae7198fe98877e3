//! A token endpoint: one request, one token.

use std::time::Duration;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::Value;
use url::{Url, form_urlencoded};

use crate::{
    Error, ErrorKind, Result, Secret,
    http_context::HttpContext,
    origin,
    plan::{ClientAuthentication, Grant, Method, OAuth2},
    redact::Redactor,
    request::{USER_AGENT, check_header},
    retry_after,
    template::Scope,
    transport::{Headers, Request, Response, TransportError},
};

/// The longest answer that is read.
const LONGEST_ANSWER: u64 = 1 << 20;

/// The most characters of an answer that a message quotes.
const LONGEST_QUOTE: usize = 300;

pub(super) struct Endpoint {
    url: Url,
    form: Vec<(String, String)>,
    /// The header, where the client does not prove itself in the form.
    authorization: Option<String>,
}

/// A token, and how long it lives.
pub(super) struct Granted {
    pub(super) access_token: Secret,
    pub(super) expires_in: Option<Duration>,
    /// The one to use from now on, where the endpoint gives one.
    pub(super) refresh_token: Option<Secret>,
}

/// No token.
pub(super) enum Refusal {
    /// Now, but maybe later. Carries the answer, where there was one.
    Transient(Error, Option<Response>),
    /// For good.
    Final(Error),
}

impl Refusal {
    pub(super) fn into_error(self) -> Error {
        match self {
            Self::Transient(error, _) | Self::Final(error) => error,
        }
    }

    fn map(self, change: impl FnOnce(Error) -> Error) -> Self {
        match self {
            Self::Transient(error, answer) => Self::Transient(change(error), answer),
            Self::Final(error) => Self::Final(change(error)),
        }
    }
}

impl Endpoint {
    /// # Errors
    ///
    /// When the URL may not have credentials.
    pub(super) fn new(plan: &OAuth2, scope: Scope<'_>, redactor: &Redactor) -> Result<Self> {
        let url = scope.url(&plan.access_token_url, "`access_token_url`")?;
        let url = origin::parse(&url, "`access_token_url`")?;
        origin::check_scheme(&url)?;
        let id = scope.required(&plan.client_id, "`client_id`")?;
        let secret = scope.required(&plan.client_secret, "`client_secret`")?;
        let grant = match plan.grant {
            Grant::ClientCredentials => "client_credentials",
            Grant::RefreshToken(_) => "refresh_token",
        };
        let mut form = vec![("grant_type".to_owned(), grant.to_owned())];
        let authorization = match plan.client_authentication {
            ClientAuthentication::Body => {
                form.extend([
                    ("client_id".to_owned(), id),
                    ("client_secret".to_owned(), secret),
                ]);
                None
            }
            ClientAuthentication::Basic => Some(basic(&id, &secret, redactor)),
        };
        for (name, template) in [("scope", &plan.scope), ("audience", &plan.audience)] {
            if let Some(template) = template {
                form.push((
                    name.to_owned(),
                    scope.required(template, &format!("`{name}`"))?,
                ));
            }
        }
        let data = &plan.access_token_request_data;
        form.retain(|(name, _)| !data.iter().any(|param| *param.name == **name));
        let data = scope.params(data);
        form.extend(data.map(|(name, value)| (name.to_owned(), value)));
        Ok(Self {
            url,
            form,
            authorization,
        })
    }

    /// Asks once, with this refresh token where the grant is one.
    ///
    /// # Errors
    ///
    /// When there is no token.
    pub(super) async fn ask(
        &self,
        refresh: Option<&Secret>,
        context: &HttpContext,
    ) -> Result<Granted, Refusal> {
        let mut limits = context.limits();
        limits.max_response_bytes = LONGEST_ANSWER;
        let answer = match context.send(&self.request(refresh), limits).await {
            Ok(response) => read(response, &context.redactor),
            Err(error) => Err(unreached(&error, context)),
        };
        answer.map_err(|refusal| {
            refusal.map(|error| {
                error
                    .with_request(format!("POST {}", self.url))
                    .map_text(|text| context.redactor.redact(text))
            })
        })
    }

    fn request(&self, refresh: Option<&Secret>) -> Request {
        let mut headers = Headers::new();
        headers.push("Accept", "application/json");
        headers.push("Content-Type", "application/x-www-form-urlencoded");
        headers.push("User-Agent", USER_AGENT);
        if let Some(authorization) = &self.authorization {
            headers.push("Authorization", authorization);
        }
        let body = form_urlencoded::Serializer::new(String::new())
            .extend_pairs(&self.form)
            .extend_pairs(refresh.map(|token| ("refresh_token", token.expose())))
            .finish();
        Request {
            method: Method::Post,
            url: self.url.to_string(),
            headers,
            body: body.into_bytes(),
        }
    }
}

fn unreached(error: &TransportError, context: &HttpContext) -> Refusal {
    let message = format!("no answer from the token endpoint: {error}");
    let mut shown = Error::new(ErrorKind::Transport, message).with_cause(error.clone());
    if let Some(help) = error.help() {
        shown = shown.with_help(help);
    }
    if context.may_retry(error) {
        Refusal::Transient(shown, None)
    } else {
        Refusal::Final(shown)
    }
}

/// The token in an answer.
fn read(response: Response, redactor: &Redactor) -> Result<Granted, Refusal> {
    let status = response.status;
    let refused = |message: String| Error::new(ErrorKind::Auth, message);
    if is_transient(status) {
        let message = format!("the token endpoint answered {status}");
        let error = Error::new(ErrorKind::Status(status), message);
        return Err(Refusal::Transient(error, Some(response)));
    }
    if (300..400).contains(&status) {
        let message = format!("the token endpoint answered {status}, a redirect");
        return Err(Refusal::Final(refused(message).with_help(
            "credentials do not follow it: give the endpoint's own URL",
        )));
    }
    // Of anything else, nothing is shown: it may hold a token under any name.
    let answer = serde_json::from_slice(&response.body).ok();
    let answer = answer.filter(Value::is_object);
    if let Some(answer) = &answer {
        learn_tokens(answer, redactor);
        if !answer["error"].is_null() {
            return Err(Refusal::Final(refused_by(answer, redactor)));
        }
    }
    let seen = |error: Error| {
        let content_type = response.headers.get("Content-Type").unwrap_or("none");
        error
            .with_detail(format!("status: {status}"))
            .with_detail(format!("content type: {}", quoted(content_type, redactor)))
    };
    if !(200..300).contains(&status) {
        let message = format!("the token endpoint answered {status}");
        return Err(Refusal::Final(seen(refused(message))));
    }
    let Some(answer) = answer else {
        let message = "the token endpoint did not answer with a JSON object".to_owned();
        let help = "check `access_token_url`; the body is not shown, as it may hold a token";
        return Err(Refusal::Final(seen(refused(message)).with_help(help)));
    };
    granted(&answer).map_err(|error| Refusal::Final(seen(error)))
}

/// Redacts the tokens of an answer, of one that is refused too.
fn learn_tokens(answer: &Value, redactor: &Redactor) {
    for name in ["access_token", "refresh_token", "id_token"] {
        match &answer[name] {
            Value::String(token) => redactor.learn_token(token),
            Value::Number(token) => redactor.learn_token(&token.to_string()),
            _ => {}
        }
    }
}

/// An error response (RFC 6749, 5.2).
fn refused_by(answer: &Value, redactor: &Redactor) -> Error {
    // %x20-21 / %x23-5B / %x5D-7E
    let is_valid = |c: char| matches!(c, ' '..='~') && !matches!(c, '"' | '\\');
    let error = match &answer["error"] {
        Value::String(error) if error.chars().all(is_valid) => {
            format!("`{}`", quoted(error, redactor))
        }
        Value::String(_) => "its `error` holds invalid characters".to_owned(),
        other => format!("its `error` is {}, expected text", type_of(other)),
    };
    let mut refused = Error::new(
        ErrorKind::Auth,
        format!("the token endpoint refused the client: {error}"),
    );
    if answer["error"] == "invalid_grant" {
        refused =
            refused.with_help("the refresh token is over, or was used elsewhere: get another");
    }
    if let Some(description) = answer["error_description"].as_str() {
        refused = refused.with_detail(quoted(description, redactor));
    }
    refused
}

fn type_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "text",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}

/// The registered types of token that are sent with a proof, and not as `Authorization: Bearer`. APIs
/// name a bearer token in many ways.
const NOT_BEARER: [&str; 4] = ["mac", "dpop", "pop", "n_a"];

fn granted(answer: &Value) -> Result<Granted> {
    let refused = |message: &str| Error::new(ErrorKind::Auth, message);
    let access_token = match &answer["access_token"] {
        Value::String(token) if !token.is_empty() => token,
        Value::Null | Value::String(_) => {
            return Err(refused(
                "the token endpoint answered without `access_token`",
            ));
        }
        other => {
            return Err(refused(&format!(
                "the token endpoint's `access_token` is {}, expected text",
                type_of(other)
            )));
        }
    };
    let token_type = answer["token_type"].as_str().unwrap_or_default();
    if NOT_BEARER
        .iter()
        .any(|other| other.eq_ignore_ascii_case(token_type))
    {
        return Err(refused(&format!(
            "the token endpoint's `token_type` is `{token_type}`, and only bearer tokens are supported"
        ))
        .with_help("ask the endpoint for a bearer token, or write a `custom` auth"));
    }
    if check_header("Authorization", access_token, ErrorKind::Auth).is_err() {
        return Err(refused(
            "the token endpoint's `access_token` cannot stand in a header",
        ));
    }
    Ok(Granted {
        access_token: access_token.as_str().into(),
        expires_in: seconds(&answer["expires_in"]),
        refresh_token: answer["refresh_token"]
            .as_str()
            .filter(|token| !token.is_empty())
            .map(Secret::from),
    })
}

/// A life in seconds, as a number or as text. One that is over from the start is none.
fn seconds(value: &Value) -> Option<Duration> {
    let seconds = match value {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    }?;
    Duration::try_from_secs_f64(seconds)
        .ok()
        .filter(|life| !life.is_zero())
}

/// The beginning of a text that a server wrote, on one line. Secrets are blanked before it is cut: a
/// part of one would not be known again.
fn quoted(text: &str, redactor: &Redactor) -> String {
    let text = redactor.redact_start(text.as_bytes());
    text.chars().take(LONGEST_QUOTE).collect()
}

fn is_transient(status: u16) -> bool {
    matches!(status, 408 | 429 | 500..=599)
}

/// How long the endpoint says to wait.
pub(super) fn told(answer: &Response, context: &HttpContext) -> Option<Duration> {
    let now = context.clock.now();
    let reset = || match answer.status {
        429 | 503 => retry_after::reset(&answer.headers, now),
        _ => None,
    };
    retry_after::retry_after(&answer.headers, now).max(reset())
}

pub(super) fn too_long(wait: Duration, context: &HttpContext) -> Error {
    let now = context.clock.now();
    let retry_at = now.checked_add(wait).unwrap_or(now);
    let message = format!("the token endpoint asks for a wait of {wait:?}");
    Error::new(ErrorKind::RateLimit { retry_at }, message)
        .with_help("try again then, or raise `max_delay` in `retry`")
}

/// HTTP Basic, its two halves form-encoded first (RFC 6749, 2.3.1).
fn basic(id: &str, secret: &str, redactor: &Redactor) -> String {
    let encode = |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
    let encoded = STANDARD.encode(format!("{}:{}", encode(id), encode(secret)));
    redactor.learn(&encoded);
    format!("Basic {encoded}")
}
