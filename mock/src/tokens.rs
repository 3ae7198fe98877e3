//! The token endpoints of a source (RFC 6749), and what they have issued.

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use rest_source::{
    __private::mock::{Scope, parse_url},
    Result,
    plan::{Auth, ClientAuthentication, Grant, Method, OAuth2, SourcePlan},
    transport::Response,
};
use serde_json::json;
use url::form_urlencoded;

use crate::{
    IntoResponse as _,
    access::basic,
    page::refusal,
    read::{Body, Read},
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
    refresh: Vec<(OAuth2, String)>,
}

struct Token {
    endpoint: OAuth2,
    text: String,
    ends_at: Duration,
}

struct Endpoint {
    plan: OAuth2,
    url: String,
    /// What the form has to say.
    form: Vec<(String, String)>,
    /// Who the client is, where it does not say so in the form.
    basic: Option<String>,
    /// The first.
    refresh: Option<String>,
}

impl Endpoint {
    fn new(plan: &OAuth2, scope: Scope<'_>) -> Result<Self> {
        let id = scope.required(&plan.client_id, "`client_id`")?;
        let secret = scope.required(&plan.client_secret, "`client_secret`")?;
        let (grant, refresh) = match &plan.grant {
            Grant::ClientCredentials => ("client_credentials", None),
            Grant::RefreshToken(token) => (
                "refresh_token",
                Some(scope.required(token, "`refresh_token`")?),
            ),
        };
        let mut form = vec![("grant_type".to_owned(), grant.to_owned())];
        let basic = match plan.client_authentication {
            ClientAuthentication::Body => {
                form.extend([
                    ("client_id".to_owned(), id),
                    ("client_secret".to_owned(), secret),
                ]);
                None
            }
            ClientAuthentication::Basic => Some(format!("{}:{}", encoded(&id), encoded(&secret))),
        };
        let named = [("scope", &plan.scope), ("audience", &plan.audience)];
        let named = named
            .into_iter()
            .filter_map(|(name, value)| Some((name.to_owned(), scope.text(value.as_ref()?)?)));
        form.extend(named);
        let data = &plan.access_token_request_data;
        form.retain(|(name, _)| !data.iter().any(|param| *param.name == **name));
        let data = scope.params(data);
        form.extend(data.map(|(name, value)| (name.to_owned(), value)));
        let url = scope.url(&plan.access_token_url, "`access_token_url`")?;
        Ok(Self {
            plan: plan.clone(),
            url: parse_url(&url, "`access_token_url`")?.into(),
            form,
            basic,
            refresh,
        })
    }

    fn is_asked(&self, read: &Read<'_>) -> bool {
        read.request.method == Method::Post && read.url.as_str() == self.url
    }

    /// Whether the client is who it has to be, and asks for what it has to.
    fn knows(&self, read: &Read<'_>, form: &[(String, String)]) -> bool {
        let has =
            |(name, value): &(String, String)| form.iter().any(|(n, v)| n == name && v == value);
        self.form.iter().all(has)
            && self
                .basic
                .as_ref()
                .is_none_or(|wanted| basic(read).as_ref() == Some(wanted))
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
        choice: Option<usize>,
        scope: Scope<'_>,
        life: Option<Duration>,
    ) -> Result<Self> {
        let mut endpoints: Vec<Endpoint> = Vec::new();
        for resource in &plan.resources {
            if let Some(Auth::OAuth2(oauth2)) = plan.auth_of(resource, choice)
                && endpoints.iter().all(|known| known.plan != *oauth2)
            {
                endpoints.push(Endpoint::new(oauth2, scope)?);
            }
        }
        Ok(Self {
            endpoints,
            life: life.unwrap_or(LIFE),
            issued: Mutex::default(),
        })
    }

    /// Whether a request is one for a token.
    pub(crate) fn are_asked(&self, read: &Read<'_>) -> bool {
        self.endpoints
            .iter()
            .any(|endpoint| endpoint.is_asked(read))
    }

    /// Answers a request for a token; `hide` hears of every token.
    pub(crate) fn answer(&self, read: &Read<'_>, now: Duration, hide: &dyn Fn(&str)) -> Response {
        let form = match &read.body {
            Body::Form(form) => form.as_slice(),
            _ => &[],
        };
        let mut asked = self
            .endpoints
            .iter()
            .filter(|endpoint| endpoint.is_asked(read));
        let Some(endpoint) = asked.find(|endpoint| endpoint.knows(read, form)) else {
            return refusal(401, "invalid_client");
        };
        let mut issued = self.lock();
        if let Some(first) = &endpoint.refresh {
            let current = issued
                .refresh
                .iter()
                .find(|(plan, _)| *plan == endpoint.plan);
            let current = current.map_or(first, |(_, token)| token);
            if !form
                .iter()
                .any(|(name, value)| name == "refresh_token" && value == current)
            {
                return refusal(400, "invalid_grant");
            }
        }
        issued.count += 1;
        let text = format!("mock-token-{}", issued.count);
        hide(&text);
        let mut answer = json!({
            "access_token": text,
            "token_type": "Bearer",
            "expires_in": self.life.as_secs_f64(),
        });
        if endpoint.refresh.is_some() {
            let refresh = format!("mock-refresh-token-{}", issued.count);
            hide(&refresh);
            answer["refresh_token"] = refresh.as_str().into();
            issued.refresh.retain(|(plan, _)| *plan != endpoint.plan);
            issued.refresh.push((endpoint.plan.clone(), refresh));
        }
        issued.valid.push(Token {
            endpoint: endpoint.plan.clone(),
            text,
            ends_at: now.saturating_add(self.life),
        });
        answer.into_response()
    }

    /// Takes back every token.
    pub(crate) fn expire(&self) {
        self.lock().valid.clear();
    }

    /// Whether it is a token of this endpoint, and still holds.
    pub(crate) fn holds(&self, endpoint: &OAuth2, token: &str, now: Duration) -> bool {
        let is_it = |valid: &Token| {
            valid.text == token && valid.endpoint == *endpoint && now < valid.ends_at
        };
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
        let token = |endpoint, text: &str, ends_at| Token {
            endpoint,
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
            assert_eq!(tokens.holds(&OAuth2::DEFAULT, text, now), is_good, "{text}");
        }
        tokens.expire();
        assert!(!tokens.holds(&OAuth2::DEFAULT, "good", now));
    }
}
