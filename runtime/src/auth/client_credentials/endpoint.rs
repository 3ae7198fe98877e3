//! A token endpoint: one request, one token.

use std::time::Duration;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::Value;
use url::{Url, form_urlencoded};

use crate::{
    Error, ErrorKind, Result, Secret, origin,
    plan::{ClientAuthentication, ClientCredentials, Method},
    redact::Redactor,
    request::check_header,
    template::Scope,
    transport::{Headers, Response},
    wire::Wire,
};

/// The longest answer that is read.
const LONGEST_ANSWER: u64 = 1 << 20;

pub(super) struct Endpoint {
    url: Url,
    form: Vec<(&'static str, String)>,
    /// The header, where the client does not prove itself in the form.
    authorization: Option<String>,
}

/// A token, and how long it lives.
pub(super) struct Granted {
    pub(super) access_token: Secret,
    pub(super) expires_in: Option<Duration>,
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
}

impl Endpoint {
    /// # Errors
    ///
    /// When the URL may not have credentials.
    pub(super) fn new(
        plan: &ClientCredentials,
        scope: Scope<'_>,
        redactor: &Redactor,
    ) -> Result<Self> {
        let url = scope.required(plan.access_token_url, "`access_token_url`")?;
        let url = origin::parse(&url, "`access_token_url`")?;
        origin::check_scheme(&url)?;
        let id = scope.required(plan.client_id, "`client_id`")?;
        let secret = scope.required(plan.client_secret, "`client_secret`")?;
        let mut form = vec![("grant_type", "client_credentials".to_owned())];
        let authorization = match plan.client_authentication {
            ClientAuthentication::Body => {
                form.extend([("client_id", id), ("client_secret", secret)]);
                None
            }
            ClientAuthentication::Basic => Some(basic(&id, &secret, redactor)),
        };
        for (name, template) in [("scope", plan.scope), ("audience", plan.audience)] {
            if let Some(template) = template {
                form.push((name, scope.required(template, &format!("`{name}`"))?));
            }
        }
        let data = plan.access_token_request_data;
        form.retain(|(name, _)| !data.iter().any(|param| param.name == *name));
        form.extend(scope.params(data));
        Ok(Self {
            url,
            form,
            authorization,
        })
    }

    /// Asks, and asks again while the endpoint may answer later, as often as the source's `retry`
    /// allows.
    ///
    /// # Errors
    ///
    /// When there is no token.
    pub(super) async fn ask_until_answered(&self, wire: &Wire) -> Result<Granted> {
        self.ask(wire).await.map_err(Refusal::into_error)
    }

    /// Asks once.
    pub(super) async fn ask(&self, wire: &Wire) -> Result<Granted, Refusal> {
        let mut headers = Headers::new();
        headers.push("Accept", "application/json");
        headers.push("Content-Type", "application/x-www-form-urlencoded");
        if let Some(authorization) = &self.authorization {
            headers.push("Authorization", authorization);
        }
        let body = form_urlencoded::Serializer::new(String::new())
            .extend_pairs(&self.form)
            .finish();
        let mut request = wire.request(Method::Post, &self.url, headers, body.into_bytes());
        request.max_response_bytes = LONGEST_ANSWER;
        let blanked = |error: Error| {
            error
                .with_request(format!("POST {}", self.url))
                .map_text(|text| wire.redactor.redact(text))
        };
        match wire.send(&request).await {
            Ok(response) => self.read(response, wire).map_err(|refusal| match refusal {
                Refusal::Transient(error, response) => Refusal::Transient(blanked(error), response),
                Refusal::Final(error) => Refusal::Final(blanked(error)),
            }),
            Err(error) => {
                let message = format!("no token: {error}");
                let shown = blanked(Error::new(ErrorKind::Transport, message));
                Err(if error.kind.is_transient() {
                    Refusal::Transient(shown, None)
                } else {
                    Refusal::Final(shown)
                })
            }
        }
    }

    fn read(&self, response: Response, wire: &Wire) -> Result<Granted, Refusal> {
        let status = response.status;
        let refused = |message: String| Error::new(ErrorKind::Auth, message);
        if is_transient(status, wire) {
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
        let answer: Value = serde_json::from_slice(&response.body).unwrap_or(Value::Null);
        if let Some(error) = answer.get("error").filter(|error| !error.is_null()) {
            let error = error
                .as_str()
                .map_or_else(|| error.to_string(), str::to_owned);
            let mut refused = refused(format!("the token endpoint refused the client: `{error}`"));
            if let Some(description) = answer["error_description"].as_str() {
                refused = refused.with_detail(description);
            }
            return Err(Refusal::Final(refused));
        }
        if !(200..300).contains(&status) {
            let message = format!("the token endpoint answered {status}");
            return Err(Refusal::Final(refused(message)));
        }
        granted(&answer).map_err(Refusal::Final)
    }
}

fn granted(answer: &Value) -> Result<Granted> {
    let refused = |message: &str| Error::new(ErrorKind::Auth, message);
    let Some(access_token) = answer["access_token"]
        .as_str()
        .filter(|token| !token.is_empty())
    else {
        return Err(refused(
            "the token endpoint answered without `access_token`",
        ));
    };
    if check_header("Authorization", access_token).is_err() {
        return Err(refused(
            "the token endpoint's `access_token` cannot stand in a header",
        ));
    }
    Ok(Granted {
        access_token: access_token.into(),
        expires_in: seconds(&answer["expires_in"]),
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

fn is_transient(status: u16, wire: &Wire) -> bool {
    status == 429
        || (500..600).contains(&status)
        || wire
            .retry
            .statuses
            .iter()
            .any(|(from, to)| (*from..=*to).contains(&status))
}

/// HTTP Basic, its two halves form-encoded first (RFC 6749, 2.3.1).
fn basic(id: &str, secret: &str, redactor: &Redactor) -> String {
    let encode = |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
    let encoded = STANDARD.encode(format!("{}:{}", encode(id), encode(secret)));
    redactor.learn(&encoded);
    format!("Basic {encoded}")
}
