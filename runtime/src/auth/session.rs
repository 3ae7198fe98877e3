//! A token of the API's own login request.

use std::{sync::Arc, time::Duration};

use serde_json::Value;
use url::Url;

use crate::{
    Error, ErrorKind, Result,
    http_context::HttpContext,
    origin,
    plan::{self, SourcePlan, TokenField},
    request::Draft,
    schema::Path,
    template::Scope,
    transport::{BoxFuture, Request, Response},
};

use super::{
    Authenticate,
    token::{
        Granted, Issuer, Recipient, TokenSource, reply,
        request::{Refusal, ask, seen},
    },
};

/// What the errors call it.
const PEER: &str = "the login";

/// Logs in.
struct Login {
    request: Request,
    auth: Option<Box<dyn Authenticate>>,
    token: TokenField,
    expires_in_path: Option<Path>,
    default_life: Option<Duration>,
}

/// The token of a login, which `auth` has the credentials of.
///
/// # Errors
///
/// When its URL may not have credentials, or a value cannot be sent.
pub(super) fn token_source(
    plan: &plan::SessionLogin,
    auth: Option<Box<dyn Authenticate>>,
    base: &Url,
    scope: Scope<'_>,
    context: &Arc<HttpContext>,
) -> Result<TokenSource> {
    let redactor = Arc::clone(&context.redactor);
    let draft = Draft::first(
        &SourcePlan::DEFAULT,
        &plan.resource(),
        base,
        scope,
        redactor,
    )?;
    origin::check_scheme(&draft.url)?;
    let login = Login {
        request: draft.request(),
        auth,
        token: plan.token.clone(),
        expires_in_path: plan.expires_in_path.clone(),
        default_life: plan.default_token_expiration,
    };
    Ok(TokenSource::new(login, &plan.place, context))
}

impl Login {
    async fn log_in(&self, recipient: &Recipient) -> Result<Granted, Refusal> {
        let context = &*recipient.context;
        let mut request = self.request.clone();
        if let Some(auth) = &self.auth {
            let authenticated = auth.authenticate(&mut request, context).await;
            authenticated.map_err(Refusal::Final)?;
        }
        ask(&request, PEER, recipient, |response| {
            self.read(response, context)
                .map_err(|error| seen(error, response, &context.redactor))
        })
        .await
    }

    /// The token in a response.
    fn read(&self, response: &Response, context: &HttpContext) -> Result<Granted> {
        let status = response.status;
        if !(200..300).contains(&status) {
            let message = format!("{PEER} answered {status}");
            let error = Error::new(ErrorKind::Auth, message);
            return Err(match status {
                401 | 403 => error.with_help("check the credentials of the login"),
                _ => error,
            });
        }
        let body = || -> Value {
            let body = &response.body;
            // A token may be all of a body, as text.
            serde_json::from_slice(body)
                .unwrap_or_else(|_| String::from_utf8_lossy(body).trim().into())
        };
        let token = match &self.token {
            TokenField::Header(name) => response.headers.get(name).map(str::to_owned),
            TokenField::Cookie(name) => cookie(response, name),
            TokenField::Body(path) => token(&body(), path)?,
        };
        let Some(token) = token.filter(|token| !token.is_empty()) else {
            let field = match &self.token {
                TokenField::Header(name) => format!("the header `{name}`"),
                TokenField::Cookie(name) => format!("the cookie `{name}`"),
                TokenField::Body(path) => format!("a token at `{path}`"),
            };
            let message = format!("{PEER} answered without {field}");
            let help = "the body is not shown, as it may hold a token";
            return Err(Error::new(ErrorKind::Auth, message).with_help(help));
        };
        let told = self.expires_in_path.as_ref();
        let told = told.and_then(|path| reply::life(&body(), path, response, context));
        Ok(Granted {
            token: token.into(),
            life: told.or(self.default_life),
        })
    }
}

impl Issuer for Login {
    fn issue<'a>(&'a self, recipient: &'a Recipient) -> BoxFuture<'a, Result<Granted, Refusal>> {
        Box::pin(self.log_in(recipient))
    }
}

fn token(body: &Value, path: &Path) -> Result<Option<String>> {
    match reply::at(body, path) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(token)) => Ok(Some(token.clone())),
        Some(Value::Number(token)) => Ok(Some(token.to_string())),
        Some(other) => {
            let found = reply::type_of(other);
            let message = format!("{PEER}'s `{path}` is {found}, expected a token");
            Err(Error::new(ErrorKind::Auth, message))
        }
    }
}

/// The value of a cookie that a response sets (RFC 6265, 4.1).
fn cookie(response: &Response, name: &str) -> Option<String> {
    let mut cookies = response.headers.all("Set-Cookie");
    cookies.find_map(|cookie| {
        let pair = cookie.split(';').next()?.trim();
        let value = pair.strip_prefix(name)?.strip_prefix('=')?;
        Some(value.to_owned())
    })
}
