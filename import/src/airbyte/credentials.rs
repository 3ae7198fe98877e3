//! Credentials that a manifest has in plain text: secrets of the spec.

use rest_source_codegen::write::Node;

use crate::credentials;
use crate::tree::Place;

use super::config::Usage;
use super::stream::Builder;

impl Builder<'_, '_> {
    /// A text that is sent under a name: a placeholder for a credential that the manifest has in plain text.
    pub(super) fn without_literal(&mut self, place: Place, name: &str, text: String) -> String {
        let is_secret = credentials::is_secret_name(name) || credentials::is_key(name, &text);
        if is_secret {
            self.literal_secret(place, name, text)
        } else {
            text
        }
    }

    /// A value of JSON that is sent under a name, without the credentials that the manifest has in plain text.
    pub(super) fn without_literals(&mut self, place: Place, name: &str, value: Node) -> Node {
        match value {
            Node::Text(text) => Node::Text(self.without_literal(place, name, text)),
            Node::Number(number) if credentials::is_secret_name(name) => {
                Node::Text(self.literal_secret(place, name, number))
            }
            Node::List(mut elements) => {
                for element in &mut elements {
                    let value = std::mem::replace(&mut element.value, Node::Null);
                    element.value = self.without_literals(place, name, value);
                }
                Node::List(elements)
            }
            Node::Map(mut map) => {
                for entry in &mut map.entries {
                    let value = std::mem::replace(&mut entry.value, Node::Null);
                    entry.value = self.without_literals(place, &entry.key, value);
                }
                Node::Map(map)
            }
            value => value,
        }
    }

    /// The placeholder of a secret for a text without placeholders. The scheme of an `Authorization` stays.
    pub(super) fn literal_secret(&mut self, place: Place, name: &str, text: String) -> String {
        if text.trim().is_empty() || has_placeholder(&text) {
            return text;
        }
        let what = format!("`{name}`, a credential that the manifest has in plain text");
        let is_authorization = name.eq_ignore_ascii_case("authorization");
        let has_scheme = is_authorization || name == "api_token";
        let (scheme, value) = match credentials::scheme(&text) {
            Some((scheme, value)) if has_scheme => (format!("{scheme} "), value),
            _ => (String::new(), text.as_str()),
        };
        let name = if is_authorization { "token" } else { name };
        let secret = self.importer.config.literal(name, value);
        self.lose(place, format!("{what}: it is `{{secrets.{secret}}}` here"));
        format!("{scheme}{{secrets.{secret}}}")
    }

    /// A URL without its user, the parameters that are credentials, and the tokens in its path.
    pub(super) fn open_url(&mut self, place: Place, url: &str) -> String {
        let (url, has_secret) = credentials::without_secrets(url);
        if has_secret {
            let what =
                "a credential in a URL in plain text: its value is not copied, send it by `auth`";
            self.lose(place, what);
        }
        self.without_token(place, &url)
    }

    /// A part of a URL without the tokens in its path.
    pub(super) fn without_token(&mut self, place: Place, url: &str) -> String {
        let config = &mut self.importer.config;
        let (url, has_token) = credentials::without_tokens(url, || {
            let placeholder = config.placeholder(&["path_part"], Usage::Address);
            format!("{{{placeholder}}}")
        });
        if has_token {
            self.lose(place, credentials::TOKEN_IN_PATH);
        }
        url
    }
}

/// Whether a text of the spec has a placeholder; braces that stand for themselves are doubled.
fn has_placeholder(text: &str) -> bool {
    text.replace("{{", "").contains('{')
}
