//! Removal of secrets from recorded exchanges.

use rest_source::{
    Client,
    plan::{SourcePlan, TokenPlace},
};
use rest_source_codegen::secret_names::looks_secret;

/// What replaces a secret.
pub(crate) const REDACTED: &str = "[secret]";

/// Removes secrets from exchanges: whatever stands where the spec puts credentials, values of headers with a
/// credential's name, and everywhere else what the client redacts.
pub(crate) struct Redaction<'a> {
    client: &'a Client,
    headers: Vec<String>,
}

impl<'a> Redaction<'a> {
    pub(crate) fn new(client: &'a Client) -> Self {
        let places = places(client.plan());
        let headers = places.iter().filter_map(TokenPlace::header);
        Self {
            client,
            headers: headers.map(str::to_owned).collect(),
        }
    }

    /// A text without the secrets that the client knows, and without the credentials in its URLs.
    pub(crate) fn text(&self, text: &str) -> String {
        self.client.redact(text)
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
        self.text(value)
    }
}

/// Where the credentials of a source go.
fn places(plan: &SourcePlan) -> Vec<TokenPlace> {
    let own = plan.resources.iter();
    let own = own.filter_map(|resource| resource.auth.as_ref());
    let chosen = plan.choices.iter().map(|choice| &choice.auth);
    own.chain(chosen).filter_map(|auth| auth.place()).collect()
}
