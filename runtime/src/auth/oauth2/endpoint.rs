//! A token endpoint: one request, one token.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::Value;
use url::{Url, form_urlencoded};

use crate::{
    Error, ErrorKind, Result, Secret,
    auth::{
        jwt::Signer,
        token::{
            Granted, Recipient, reply,
            request::{Refusal, ask, quoted, seen},
        },
    },
    http_context::HttpContext,
    origin,
    plan::{Assertion, ClientAuthentication, Grant, Method, OAuth2, TokenPlace, TokenRequest},
    redact::Redactor,
    request::{USER_AGENT, check_header, form},
    schema::Path,
    template::Scope,
    transport::{Headers, Request, Response},
};

/// What the errors call it.
const PEER: &str = "the token endpoint";

pub(super) struct Endpoint {
    url: Url,
    headers: Headers,
    fields: Vec<(String, String)>,
    assertion: Option<(Signer, &'static str)>,
    token_request: TokenRequest,
    access_token_path: Path,
    expires_in_path: Path,
    default_life: std::time::Duration,
    is_bearer: bool,
}

/// What the endpoint gives.
pub(super) struct Reply {
    pub(super) granted: Granted,
    /// The one to use from now on, where the endpoint gives one.
    pub(super) refresh_token: Option<Secret>,
}

impl Endpoint {
    /// # Errors
    ///
    /// When the URL may not have credentials, or a value cannot be sent.
    pub(super) fn new(plan: &OAuth2, scope: Scope<'_>, redactor: &Redactor) -> Result<Self> {
        let url = scope.url(&plan.access_token_url, "`access_token_url`")?;
        let url = origin::parse(&url, "`access_token_url`")?;
        origin::check_scheme(&url)?;
        let mut headers = headers(plan.token_request);
        let fields = fields(plan, scope, redactor, &mut headers)?;
        for (name, value) in scope.params(&plan.access_token_request_headers) {
            check_header(name, &value, ErrorKind::Config)?;
            headers.set(name, value);
        }
        let assertion = match &plan.grant {
            Grant::JwtBearer(jwt) => {
                let signer = Signer::new(jwt, Some(url.as_str()), scope)?;
                let field = match jwt.sent_as {
                    Assertion::Grant => "assertion",
                    Assertion::Client => "client_assertion",
                };
                Some((signer, field))
            }
            Grant::ClientCredentials | Grant::RefreshToken(_) => None,
        };
        Ok(Self {
            url,
            headers,
            fields,
            assertion,
            token_request: plan.token_request,
            access_token_path: plan.access_token_path.clone(),
            expires_in_path: plan.expires_in_path.clone(),
            default_life: plan.default_token_expiration,
            is_bearer: plan.place == TokenPlace::BEARER,
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
        recipient: &Recipient,
    ) -> Result<Reply, Refusal> {
        let mut refresh_token = None;
        let request = self.request(refresh, &recipient.context);
        let request = request.map_err(Refusal::Final)?;
        let granted = ask(&request, PEER, recipient, |response| {
            let reply = self.read(response, &recipient.context)?;
            refresh_token = reply.refresh_token;
            Ok(reply.granted)
        });
        Ok(Reply {
            granted: granted.await?,
            refresh_token,
        })
    }

    fn request(&self, refresh: Option<&Secret>, context: &HttpContext) -> Result<Request> {
        let mut fields = self.fields.clone();
        if let Some((signer, field)) = &self.assertion {
            let token = signer.sign(true, context)?;
            fields.push(((*field).to_owned(), token.expose().to_owned()));
        }
        fields.extend(refresh.map(|token| ("refresh_token".to_owned(), token.expose().to_owned())));
        let body = match self.token_request {
            TokenRequest::Form => form(&fields),
            TokenRequest::Json => {
                let fields = fields.into_iter();
                let members = fields.map(|(name, value)| (name, Value::from(value)));
                Value::Object(members.collect()).to_string().into_bytes()
            }
        };
        Ok(Request {
            method: Method::Post,
            url: self.url.to_string(),
            headers: self.headers.clone(),
            body,
        })
    }

    /// The token in a response.
    fn read(&self, response: &Response, context: &HttpContext) -> Result<Reply> {
        let redactor = &context.redactor;
        let status = response.status;
        let body: Option<Value> = serde_json::from_slice(&response.body).ok();
        let body = body.filter(Value::is_object);
        if let Some(body) = &body {
            self.learn_tokens(body, redactor);
            if !body["error"].is_null() {
                return Err(refused_by(body, redactor));
            }
        }
        let refused =
            |message: String| seen(Error::new(ErrorKind::Auth, message), response, redactor);
        if !(200..300).contains(&status) {
            return Err(refused(format!("{PEER} answered {status}")));
        }
        let Some(body) = body else {
            let help = "check `access_token_url`; the body is not shown, as it may hold a token";
            let message = format!("{PEER} did not answer with a JSON object");
            return Err(refused(message).with_help(help));
        };
        let token = self
            .token(&body)
            .map_err(|error| seen(error, response, redactor))?;
        let life = reply::life(&body, &self.expires_in_path, response, context);
        Ok(Reply {
            granted: Granted {
                token: token.into(),
                life: Some(life.unwrap_or(self.default_life)),
            },
            refresh_token: body["refresh_token"]
                .as_str()
                .filter(|token| !token.is_empty())
                .map(Secret::from),
        })
    }

    /// Redacts the tokens of a response, of one that is refused too.
    fn learn_tokens(&self, body: &Value, redactor: &Redactor) {
        let named = ["access_token", "refresh_token", "id_token"].map(|name| body.get(name));
        let tokens = named
            .into_iter()
            .chain([reply::at(body, &self.access_token_path)]);
        for token in tokens.flatten() {
            match token {
                Value::String(token) => redactor.learn_token(token),
                Value::Number(token) => redactor.learn_token(&token.to_string()),
                _ => {}
            }
        }
    }

    fn token<'b>(&self, body: &'b Value) -> Result<&'b str> {
        let refused = |message: String| Error::new(ErrorKind::Auth, message);
        let path = self.access_token_path.to_string();
        let name = path.strip_prefix("$.").unwrap_or(&path);
        let token = match reply::at(body, &self.access_token_path) {
            Some(Value::String(token)) if !token.is_empty() => token,
            None | Some(Value::Null | Value::String(_)) => {
                return Err(refused(format!("{PEER} answered without `{name}`")));
            }
            Some(other) => {
                let found = reply::type_of(other);
                let message = format!("{PEER}'s `{name}` is {found}, expected text");
                return Err(refused(message));
            }
        };
        let token_type = body["token_type"].as_str().unwrap_or_default();
        let is_other = |other: &&str| other.eq_ignore_ascii_case(token_type);
        if self.is_bearer && NOT_BEARER.iter().any(is_other) {
            let message = format!(
                "{PEER}'s `token_type` is `{token_type}`, and only bearer tokens are supported"
            );
            return Err(refused(message)
                .with_help("ask the endpoint for a bearer token, or write a `custom` auth"));
        }
        Ok(token)
    }
}

/// The registered types of token that are sent with a proof, and not as `Authorization: Bearer`. APIs
/// name a bearer token in many ways.
const NOT_BEARER: [&str; 4] = ["mac", "dpop", "pop", "n_a"];

fn headers(token_request: TokenRequest) -> Headers {
    let mut headers = Headers::new();
    headers.push("Accept", "application/json");
    let content_type = match token_request {
        TokenRequest::Form => "application/x-www-form-urlencoded",
        TokenRequest::Json => "application/json",
    };
    headers.push("Content-Type", content_type);
    headers.push("User-Agent", USER_AGENT);
    headers
}

/// The fields of the token request. The client may prove itself in a header in place of them.
fn fields(
    plan: &OAuth2,
    scope: Scope<'_>,
    redactor: &Redactor,
    headers: &mut Headers,
) -> Result<Vec<(String, String)>> {
    let mut fields = grant_fields(&plan.grant);
    let id = scope.required(&plan.client_id, "`client_id`")?;
    let secret = scope.required(&plan.client_secret, "`client_secret`")?;
    match plan.client_authentication {
        ClientAuthentication::Body => {
            let client = [("client_id", id), ("client_secret", secret)];
            let client = client.into_iter().filter(|(_, value)| !value.is_empty());
            fields.extend(client.map(|(name, value)| (name.to_owned(), value)));
        }
        ClientAuthentication::Basic => {
            headers.push("Authorization", basic(&id, &secret, redactor));
        }
    }
    for (name, template) in [("scope", &plan.scope), ("audience", &plan.audience)] {
        if let Some(template) = template {
            let value = scope.required(template, &format!("`{name}`"))?;
            fields.push((name.to_owned(), value));
        }
    }
    let data = &plan.access_token_request_data;
    fields.retain(|(name, _)| !data.iter().any(|param| *param.name == **name));
    let data = scope.params(data);
    fields.extend(data.map(|(name, value)| (name.to_owned(), value)));
    Ok(fields)
}

/// The fields of a token request that say what a token is given for.
pub(crate) fn grant_fields(grant: &Grant) -> Vec<(String, String)> {
    let (grant, client) = match grant {
        Grant::ClientCredentials => ("client_credentials", None),
        Grant::RefreshToken(_) => ("refresh_token", None),
        Grant::JwtBearer(jwt) => match jwt.sent_as {
            Assertion::Grant => ("urn:ietf:params:oauth:grant-type:jwt-bearer", None),
            Assertion::Client => {
                let kind = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
                ("client_credentials", Some(("client_assertion_type", kind)))
            }
        },
    };
    let fields = [("grant_type", grant)].into_iter().chain(client);
    let owned = fields.map(|(name, value)| (name.to_owned(), value.to_owned()));
    owned.collect()
}

/// An error response (RFC 6749, 5.2).
fn refused_by(body: &Value, redactor: &Redactor) -> Error {
    // %x20-21 / %x23-5B / %x5D-7E
    let is_valid = |c: char| matches!(c, ' '..='~') && !matches!(c, '"' | '\\');
    let error = match &body["error"] {
        Value::String(error) if error.chars().all(is_valid) => {
            format!("`{}`", quoted(error, redactor))
        }
        Value::String(_) => "its `error` holds invalid characters".to_owned(),
        other => format!("its `error` is {}, expected text", reply::type_of(other)),
    };
    let message = format!("{PEER} refused the client: {error}");
    let mut refused = Error::new(ErrorKind::Auth, message);
    if body["error"] == "invalid_grant" {
        refused =
            refused.with_help("the refresh token is over, or was used elsewhere: get another");
    }
    if let Some(description) = body["error_description"].as_str() {
        refused = refused.with_detail(quoted(description, redactor));
    }
    refused
}

/// HTTP Basic, its two halves form-encoded first (RFC 6749, 2.3.1).
fn basic(id: &str, secret: &str, redactor: &Redactor) -> String {
    let encode = |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
    let encoded = STANDARD.encode(format!("{}:{}", encode(id), encode(secret)));
    redactor.learn(&encoded);
    format!("Basic {encoded}")
}
