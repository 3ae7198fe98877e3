//! The token endpoints and logins of a source, and what they have issued.

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use rest_source::{
    __private::mock::{Scope, Settings, grant_fields, parse_url},
    Result, Secret,
    plan::{
        Assertion, Auth, ClientAuthentication, Grant, Method, OAuth2, SessionLogin, SourcePlan,
        TokenField, TokenRequest,
    },
    shared::List,
    transport::Response,
};
use serde_json::{Value as Json, json};
use url::form_urlencoded;

use crate::{
    IntoResponse as _,
    access::{Access, basic},
    jwt::SignedClaims,
    page::refusal,
    place,
    read::{Body, Read, as_text},
    route::{Asks, Route},
};

/// How long a token lives.
const LIFE: Duration = Duration::from_secs(3600);

/// The endpoints, and their tokens.
#[derive(Default)]
pub(crate) struct Tokens {
    endpoints: Vec<Endpoint>,
    life: Duration,
    issued: Mutex<Issued>,
}

#[derive(Default)]
struct Issued {
    count: usize,
    valid: Vec<Token>,
    /// The refresh token that is good now, of each endpoint that gave another.
    refresh: Vec<(Auth, String)>,
}

struct Token {
    auth: Auth,
    text: String,
    ends_at: Duration,
}

/// Where tokens of these credentials are issued.
struct Endpoint {
    auth: Auth,
    kind: Kind,
}

enum Kind {
    OAuth2(Box<OAuth2Endpoint>),
    Login {
        route: Box<Route>,
        access: Box<Access>,
    },
}

struct OAuth2Endpoint {
    plan: OAuth2,
    url: String,
    /// What the request has to say.
    fields: Vec<(String, String)>,
    headers: Vec<(String, String)>,
    /// Who the client is, where it does not say so in the fields.
    basic: Option<String>,
    /// The first.
    refresh: Option<String>,
    /// The field of the signed token, and what that has to say.
    assertion: Option<(&'static str, SignedClaims)>,
}

impl OAuth2Endpoint {
    fn new(plan: &OAuth2, scope: Scope<'_>) -> Result<Self> {
        let id = scope.required(&plan.client_id, "`client_id`")?;
        let secret = scope.required(&plan.client_secret, "`client_secret`")?;
        let (refresh, assertion) = match &plan.grant {
            Grant::ClientCredentials => (None, None),
            Grant::RefreshToken(token) => (Some(scope.required(token, "`refresh_token`")?), None),
            Grant::JwtBearer(jwt) => {
                let field = match jwt.sent_as {
                    Assertion::Grant => "assertion",
                    Assertion::Client => "client_assertion",
                };
                (None, Some((field, SignedClaims::new(jwt, scope)?)))
            }
        };
        let mut fields = grant_fields(&plan.grant);
        let basic = match plan.client_authentication {
            ClientAuthentication::Body => {
                let client = [("client_id", id), ("client_secret", secret)];
                let client = client.into_iter().filter(|(_, value)| !value.is_empty());
                fields.extend(client.map(|(name, value)| (name.to_owned(), value)));
                None
            }
            ClientAuthentication::Basic => Some(format!("{}:{}", encoded(&id), encoded(&secret))),
        };
        let named = [("scope", &plan.scope), ("audience", &plan.audience)];
        let named = named
            .into_iter()
            .filter_map(|(name, value)| Some((name.to_owned(), scope.text(value.as_ref()?)?)));
        fields.extend(named);
        let data = &plan.access_token_request_data;
        fields.retain(|(name, _)| !data.iter().any(|param| *param.name == **name));
        let owned = |(name, value): (&str, String)| (name.to_owned(), value);
        fields.extend(scope.params(data).map(owned));
        let headers = scope.params(&plan.access_token_request_headers);
        let url = scope.url(&plan.access_token_url, "`access_token_url`")?;
        Ok(Self {
            plan: plan.clone(),
            url: parse_url(&url, "`access_token_url`")?.into(),
            fields,
            headers: headers.map(owned).collect(),
            basic,
            refresh,
            assertion,
        })
    }

    /// Whether the client is who it has to be, and asks for what it has to.
    fn knows(&self, read: &Read<'_>) -> bool {
        let has = |(name, value): &(String, String)| {
            self.field(read, name).as_deref() == Some(value.as_str())
        };
        let has_header = |(name, value): &(String, String)| {
            let mut values = read.request.headers.all(name);
            values.any(|found| found == value)
        };
        let is_signed = |(field, claims): &(&str, SignedClaims)| {
            let token = self.field(read, field);
            token.is_some_and(|token| claims.are_of(&token))
        };
        self.fields.iter().all(has)
            && self.assertion.as_ref().is_none_or(is_signed)
            && self.headers.iter().all(has_header)
            && self
                .basic
                .as_ref()
                .is_none_or(|wanted| basic(read).as_ref() == Some(wanted))
    }

    /// A field of the token request.
    fn field(&self, read: &Read<'_>, name: &str) -> Option<String> {
        match (&read.body, self.plan.token_request) {
            (Body::Form(fields), TokenRequest::Form) => {
                let found = fields.iter().find(|(field, _)| field == name);
                found.map(|(_, value)| value.clone())
            }
            (Body::Json(body), TokenRequest::Json) => as_text(body.get(name)?),
            _ => None,
        }
    }
}

impl Endpoint {
    /// Nothing for credentials that need no token.
    fn new(
        auth: &Auth,
        plan: &SourcePlan,
        scope: Scope<'_>,
        settings: &Settings,
    ) -> Result<Option<Self>> {
        let kind = match auth {
            Auth::OAuth2(oauth2) => Kind::OAuth2(Box::new(OAuth2Endpoint::new(oauth2, scope)?)),
            Auth::SessionLogin(login) => {
                let alone = SourcePlan {
                    headers: List::EMPTY,
                    ..plan.clone()
                };
                Kind::Login {
                    route: Box::new(Route::new(&alone, &login.resource(), settings)?),
                    access: Box::new(Access::new(login.auth.as_deref(), scope)?),
                }
            }
            _ => return Ok(None),
        };
        let auth = auth.clone();
        Ok(Some(Self { auth, kind }))
    }

    fn is_asked(&self, read: &Read<'_>) -> bool {
        match &self.kind {
            Kind::OAuth2(endpoint) => {
                read.request.method == Method::Post && read.url.as_str() == endpoint.url
            }
            Kind::Login { route, .. } => route.asks(read).is_some(),
        }
    }

    /// Whether whoever asks may have a token.
    fn knows(&self, read: &Read<'_>, secrets: &[Secret], authorize: &dyn Fn() -> bool) -> bool {
        match &self.kind {
            Kind::OAuth2(endpoint) => endpoint.knows(read),
            Kind::Login { route, access } => {
                let is_right = |asks: Asks| asks.has_secrets(secrets);
                let no_tokens = Tokens::default();
                route.asks(read).is_some_and(is_right)
                    && access.allows(read, &no_tokens, Duration::ZERO, authorize)
            }
        }
    }
}

fn encoded(text: &str) -> String {
    form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

impl Tokens {
    /// The endpoints of these credentials; their tokens live as long as a test says.
    ///
    /// # Errors
    ///
    /// Where a placeholder has no value.
    pub(crate) fn new(
        plan: &SourcePlan,
        settings: &Settings,
        scope: Scope<'_>,
        life: Option<Duration>,
    ) -> Result<Self> {
        let mut endpoints: Vec<Endpoint> = Vec::new();
        for resource in &plan.resources {
            if let Some(auth) = plan.auth_of(resource, settings.choice)
                && endpoints.iter().all(|known| known.auth != *auth)
            {
                endpoints.extend(Endpoint::new(auth, plan, scope, settings)?);
            }
        }
        Ok(Self {
            endpoints,
            life: life.unwrap_or(LIFE),
            issued: Mutex::default(),
        })
    }

    /// The URLs at which clients ask for them.
    pub(crate) fn urls(&self) -> impl Iterator<Item = String> + '_ {
        self.endpoints.iter().map(|endpoint| match &endpoint.kind {
            Kind::OAuth2(endpoint) => endpoint.url.clone(),
            Kind::Login { route, .. } => route.url(),
        })
    }

    /// Whether a request is one for a token.
    pub(crate) fn are_asked(&self, read: &Read<'_>) -> bool {
        self.endpoints
            .iter()
            .any(|endpoint| endpoint.is_asked(read))
    }

    /// Answers a request for a token; `hide` hears of every token.
    pub(crate) fn answer(
        &self,
        read: &Read<'_>,
        now: Duration,
        secrets: &[Secret],
        authorize: &dyn Fn() -> bool,
        hide: &dyn Fn(&str),
    ) -> Response {
        let mut asked = self
            .endpoints
            .iter()
            .filter(|endpoint| endpoint.is_asked(read));
        let Some(endpoint) = asked.find(|endpoint| endpoint.knows(read, secrets, authorize)) else {
            return refusal(401, "invalid_client");
        };
        let mut issued = self.lock();
        if let Kind::OAuth2(oauth2) = &endpoint.kind
            && let Some(first) = &oauth2.refresh
        {
            let mut known = issued.refresh.iter();
            let current = known.find(|(auth, _)| *auth == endpoint.auth);
            let current = current.map_or(first, |(_, token)| token);
            if oauth2.field(read, "refresh_token").as_ref() != Some(current) {
                return refusal(400, "invalid_grant");
            }
        }
        issued.count += 1;
        let text = format!("mock-token-{}", issued.count);
        hide(&text);
        let answer = match (&endpoint.kind, &endpoint.auth) {
            (Kind::OAuth2(oauth2), _) => {
                let refresh = format!("mock-refresh-token-{}", issued.count);
                let is_refreshed = oauth2.refresh.is_some();
                if is_refreshed {
                    hide(&refresh);
                    issued.refresh.retain(|(auth, _)| *auth != endpoint.auth);
                    issued
                        .refresh
                        .push((endpoint.auth.clone(), refresh.clone()));
                }
                self.token_reply(&oauth2.plan, &text, is_refreshed.then_some(&refresh))
            }
            (Kind::Login { .. }, Auth::SessionLogin(login)) => self.login_reply(login, &text),
            (Kind::Login { .. }, _) => refusal(404, "no login"),
        };
        issued.valid.push(Token {
            auth: endpoint.auth.clone(),
            text,
            ends_at: now.saturating_add(self.life),
        });
        answer
    }

    fn token_reply(&self, plan: &OAuth2, token: &str, refresh: Option<&String>) -> Response {
        let mut reply = json!({ "token_type": "Bearer" });
        place::put(&mut reply, &plan.access_token_path.0, token.into());
        let life = self.life.as_secs_f64().into();
        place::put(&mut reply, &plan.expires_in_path.0, life);
        if let Some(refresh) = refresh {
            reply["refresh_token"] = refresh.as_str().into();
        }
        reply.into_response()
    }

    fn login_reply(&self, login: &SessionLogin, token: &str) -> Response {
        let mut reply = Json::Null;
        if let TokenField::Body(path) = &login.token {
            place::put(&mut reply, &path.0, token.into());
        }
        if let Some(path) = &login.expires_in_path {
            let life = self.life.as_secs_f64().into();
            place::put(&mut reply, &path.0, life);
        }
        let mut response = reply.into_response();
        match &login.token {
            TokenField::Body(_) => {}
            TokenField::Header(name) => response.headers.push(name.as_str(), token),
            TokenField::Cookie(name) => {
                let cookie = format!("{name}={token}; Path=/; HttpOnly");
                response.headers.push("Set-Cookie", cookie);
            }
        }
        response
    }

    /// Takes back every token.
    pub(crate) fn expire(&self) {
        self.lock().valid.clear();
    }

    /// Whether it is a token of these credentials, and still holds.
    pub(crate) fn holds(&self, auth: &Auth, token: &str, now: Duration) -> bool {
        let is_it =
            |valid: &Token| valid.text == token && valid.auth == *auth && now < valid.ends_at;
        self.lock().valid.iter().any(is_it)
    }

    fn lock(&self) -> MutexGuard<'_, Issued> {
        self.issued.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_one_that_was_issued_by_its_endpoint_and_still_holds() {
        const OTHER: OAuth2 = OAuth2 {
            default_token_expiration: Duration::from_secs(1),
            ..OAuth2::DEFAULT
        };
        let token = |oauth2, text: &str, ends_at| Token {
            auth: Auth::OAuth2(oauth2),
            text: text.to_owned(),
            ends_at: Duration::from_secs(ends_at),
        };
        let tokens = Tokens::default();
        tokens.lock().valid = vec![
            token(OAuth2::DEFAULT, "good", 6),
            token(OAuth2::DEFAULT, "over", 5),
            token(OTHER, "other", 6),
        ];
        let now = Duration::from_secs(5);
        for (text, is_good) in [
            ("good", true),
            ("over", false),
            ("other", false),
            ("", false),
        ] {
            assert_eq!(
                tokens.holds(&Auth::OAuth2(OAuth2::DEFAULT), text, now),
                is_good,
                "{text}"
            );
        }
        tokens.expire();
        assert!(!tokens.holds(&Auth::OAuth2(OAuth2::DEFAULT), "good", now));
    }
}
