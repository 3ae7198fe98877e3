//! What a request has beside its credentials.

use crate::connector::{Auth, Body, Incremental, Path, TokenPlace};
use crate::diagnostic::Diagnostic;
use crate::grammar::endpoint;
use crate::spec::View;
use crate::yaml::{Node, Value};

use super::super::Check;
use super::super::client::Client;
use super::super::paginator::Paging;

impl Check<'_> {
    /// A header or a parameter that the credentials are sent in.
    pub(in crate::check) fn auth_owns_what_it_sends(
        &mut self,
        auth: Option<&Auth>,
        endpoint: &View<'_>,
        client: &Client<'_>,
        body: &Body,
    ) {
        for auth in self.possible(auth) {
            self.one_owns_what_it_sends(&auth, endpoint, client);
            if let Some(TokenPlace::Body(path)) = auth.place() {
                self.token_has_a_body(&path, endpoint, body);
            }
        }
    }

    /// Credentials in a parameter that the paginator, or `incremental`, writes.
    pub(in crate::check) fn auth_has_params_of_its_own(
        &mut self,
        (auth, node): (Option<&Auth>, Option<&Node>),
        paging: Option<&Paging>,
        incremental: Option<&Incremental>,
    ) {
        let Some(node) = node.filter(|node| !self.sink.has_errors_in(&node.span)) else {
            return;
        };
        let paged = paging.map(|paging| &paging.params[..]).unwrap_or_default();
        let range = incremental.map(|one| [&one.start_param, &one.end_param]);
        for auth in self.possible(auth) {
            let Some(TokenPlace::Query(name)) = auth.place() else {
                continue;
            };
            let key = paged.iter().find(|(param, _)| *param == name);
            let key = key.map(|(_, key)| format!("the paginator's `{key}`"));
            let mut range = range.iter().flatten().copied().flatten();
            let of_range = range.any(|param| *param == name);
            let other = key.or(of_range.then(|| "that of `incremental`".to_owned()));
            if let Some(other) = other {
                let message = format!("the parameter `{name}` of the credentials is also {other}");
                self.error(
                    Diagnostic::error("RS0303", &node.span, message)
                        .help("give one of them the name that the API reads")
                        .note("one of the two values would not be sent"),
                );
                return;
            }
        }
    }

    /// A token that goes into the body of a request without one, or in place of another value.
    fn token_has_a_body(&mut self, path: &Path, endpoint: &View<'_>, body: &Body) {
        let is_taken = match body {
            Body::None => {
                let message = "the token goes into the body, and this request has none";
                self.error(
                    Diagnostic::error("RS0503", &endpoint.node.span, message)
                        .help("give the endpoint `method: POST` and `json: {}`"),
                );
                return;
            }
            Body::Json(json) => json.has(path),
            Body::Form(fields) => fields.iter().any(|field| path.is_key(&field.name)),
        };
        if is_taken {
            let body = endpoint.entry(&endpoint::JSON);
            let body = body.or(endpoint.entry(&endpoint::DATA));
            let span = body.map_or(&endpoint.node.span, |body| &body.key.span);
            let message = format!("the value at `{path}` of the body is the auth's");
            self.error(
                Diagnostic::error("RS0303", span, message)
                    .help("remove it: the auth writes the credentials"),
            );
        }
    }

    fn one_owns_what_it_sends(&mut self, auth: &Auth, endpoint: &View<'_>, client: &Client<'_>) {
        let own_headers = endpoint.entries(&endpoint::HEADERS);
        let headers = client.header_entries.iter().chain(own_headers);
        let place = auth.place();
        let owned = place.as_ref().and_then(TokenPlace::header);
        let owned = owned.unwrap_or("Authorization");
        for header in headers {
            let name = header.key.name.as_str();
            // The auth adds its cookie to the others.
            if let Some(TokenPlace::Cookie(own)) = &place
                && name.eq_ignore_ascii_case("cookie")
                && !has_cookie(&header.value, own)
            {
                continue;
            }
            if name.eq_ignore_ascii_case("authorization") || name.eq_ignore_ascii_case(owned) {
                self.error(
                    Diagnostic::error(
                        "RS0303",
                        &header.key.span,
                        format!("the header `{name}` stands beside an `auth`"),
                    )
                    .help("remove it: the auth writes the credentials"),
                );
            }
        }
        if let Some(TokenPlace::Query(name)) = &place {
            let param = endpoint
                .entries(&endpoint::PARAMS)
                .iter()
                .find(|param| param.key.name == *name);
            if let Some(param) = param {
                self.error(
                    Diagnostic::error(
                        "RS0303",
                        &param.key.span,
                        format!("the parameter `{name}` is the auth's"),
                    )
                    .help("remove it: the auth writes the credentials"),
                );
            }
        }
    }
}

/// Whether the value of a header `Cookie` has a cookie of this name.
fn has_cookie(value: &Node, name: &str) -> bool {
    let Value::Scalar(scalar) = &value.value else {
        return true;
    };
    let mut cookies = scalar.text.split(';');
    cookies.any(|cookie| cookie.trim().split('=').next() == Some(name))
}
