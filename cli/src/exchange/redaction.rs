//! Removal of secrets from recorded exchanges.

use rest_source::{
    Client,
    plan::{SourcePlan, TokenPlace},
};
use rest_source_codegen::secret_names::looks_secret;

/// What replaces a secret.
const REDACTED: &str = "[secret]";

/// Removes secrets from exchanges: whatever stands where the spec puts credentials, values of headers and parameters
/// with a credential's name, and everywhere else the secrets and tokens that the client knows.
pub(crate) struct Redaction<'a> {
    client: &'a Client,
    headers: Vec<String>,
    params: Vec<String>,
}

impl<'a> Redaction<'a> {
    pub(crate) fn new(client: &'a Client) -> Self {
        let places = places(client.plan());
        let headers = places.iter().filter_map(TokenPlace::header);
        let params = places.iter().filter_map(|place| match place {
            TokenPlace::Query(name) => Some(name.to_string()),
            _ => None,
        });
        Self {
            client,
            headers: headers.map(str::to_owned).collect(),
            params: params.collect(),
        }
    }

    /// A text without the secrets that the client knows.
    pub(crate) fn text(&self, text: &str) -> String {
        self.client.redact(text)
    }

    /// A URL, or a text with URLs such as `Link`, without secrets.
    pub(crate) fn url(&self, text: &str) -> String {
        let ends = |c: char| matches!(c, '?' | '&' | '<' | '>' | '"') || c.is_whitespace();
        let parts = text.split_inclusive(ends).map(|part| {
            let end = part.trim_end_matches(ends).len();
            self.pair(&part[..end]) + &part[end..]
        });
        self.text(&parts.collect::<String>())
    }

    /// A pair of a query or a form.
    fn pair(&self, pair: &str) -> String {
        let Some((name, value)) = pair.split_once('=') else {
            return pair.to_owned();
        };
        let decoded = url::form_urlencoded::parse(name.as_bytes()).next();
        let decoded = decoded.map_or_else(String::new, |(name, _)| name.into_owned());
        let is_secret = self.params.contains(&decoded) || looks_secret(&decoded);
        if is_secret && !value.is_empty() {
            format!("{name}={REDACTED}")
        } else {
            pair.to_owned()
        }
    }

    /// The value of a header without secrets.
    pub(crate) fn header(&self, name: &str, value: &str) -> String {
        let mut known = self.headers.iter();
        let is_secret = known.any(|known| known.eq_ignore_ascii_case(name))
            || looks_secret(name)
            || name.eq_ignore_ascii_case("set-cookie");
        if is_secret {
            return REDACTED.to_owned();
        }
        self.url(value)
    }
}

/// Where the credentials of a source go.
fn places(plan: &SourcePlan) -> Vec<TokenPlace> {
    let own = plan.resources.iter();
    let own = own.filter_map(|resource| resource.auth.as_ref());
    let chosen = plan.choices.iter().map(|choice| &choice.auth);
    own.chain(chosen).filter_map(|auth| auth.place()).collect()
}
