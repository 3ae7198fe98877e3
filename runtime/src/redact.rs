//! Blanking every known secret in a text, whatever its encoding.

use std::{
    borrow::Cow,
    cmp::Reverse,
    collections::{HashSet, VecDeque},
    fmt,
    sync::{PoisonError, RwLock},
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use crate::query;

/// What stands for a secret.
pub(crate) const BLANK: &str = "[secret]";

/// Secrets shorter than this are blanked only where they stand alone: in the middle of a word they
/// would blank text that has nothing to do with them.
const SHORT: usize = 6;

/// How many tokens are remembered; the oldest, long over, are forgotten first.
const TOKENS: usize = 64;

/// The texts to blank: the secrets of a source, and the tokens it was given.
#[derive(Default)]
pub(crate) struct Redactor(RwLock<Known>);

#[derive(Default)]
struct Known {
    secrets: Vec<String>,
    tokens: VecDeque<String>,
    /// The forms of all of them, the longest first: one that holds another must be blanked before
    /// it, or its remains would show.
    forms: Vec<String>,
}

impl Redactor {
    /// Blanks these secrets.
    pub(crate) fn new<'a>(secrets: impl IntoIterator<Item = &'a str>) -> Self {
        let redactor = Self::default();
        for secret in secrets {
            redactor.learn(secret);
        }
        redactor
    }

    /// Blanks this secret too, from now on.
    pub(crate) fn learn(&self, secret: &str) {
        self.change(|known| known.secrets.push(secret.to_owned()));
    }

    /// Blanks this token too, until many others have followed it.
    pub(crate) fn learn_token(&self, token: &str) {
        self.change(|known| {
            known.tokens.push_back(token.to_owned());
            if known.tokens.len() > TOKENS {
                known.tokens.pop_front();
            }
        });
    }

    fn change(&self, change: impl FnOnce(&mut Known)) {
        let mut known = self.0.write().unwrap_or_else(PoisonError::into_inner);
        change(&mut known);
        let all = known.secrets.iter().chain(&known.tokens);
        let forms: HashSet<String> = all.flat_map(|secret| forms(secret)).collect();
        known.forms = forms.into_iter().collect();
        known.forms.sort_by_key(|form| Reverse(form.len()));
    }

    /// The text without the secrets.
    pub(crate) fn redact(&self, text: &str) -> String {
        let known = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let mut text = Cow::Borrowed(text);
        for form in &known.forms {
            if text.contains(form.as_str()) {
                text = Cow::Owned(blank(&text, form));
            }
        }
        text.into_owned()
    }
}

impl fmt::Debug for Redactor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Redactor")
    }
}

/// How a secret may stand in a text: as it is, in a URL, in a JSON text, as base64.
fn forms(secret: &str) -> Vec<String> {
    if secret.is_empty() {
        return Vec::new();
    }
    let everything = utf8_percent_encode(secret, NON_ALPHANUMERIC).to_string();
    let json = serde_json::Value::from(secret).to_string();
    vec![
        everything.replace("%20", "+"),
        lower_hex(&everything),
        everything,
        query::encode(secret),
        lower_hex(&query::encode(secret)),
        form_urlencoded(secret),
        unquoted(&json),
        unquoted(&json).replace('/', "\\/"),
        html_safe(&unquoted(&json)),
        unquoted(&format!("{secret:?}")),
        STANDARD.encode(secret),
        secret.to_owned(),
    ]
}

/// As JSON that may stand in a page of HTML: many writers of JSON escape these by default.
fn html_safe(json: &str) -> String {
    json.replace('&', "\\u0026")
        .replace('<', "\\u003c")
        .replace('>', "\\u003e")
}

fn unquoted(text: &str) -> String {
    let inner = text
        .strip_prefix('"')
        .and_then(|text| text.strip_suffix('"'));
    inner.unwrap_or(text).to_owned()
}

fn form_urlencoded(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

/// The same with the hexadecimal digits of `%XX` in lower case.
fn lower_hex(encoded: &str) -> String {
    let mut escape = 0;
    encoded
        .chars()
        .map(|c| {
            if c == '%' {
                escape = 2;
            } else if escape > 0 {
                escape -= 1;
                return c.to_ascii_lowercase();
            }
            c
        })
        .collect()
}

/// Every occurrence of `secret` blanked; of a short one, only where it stands alone.
fn blank(text: &str, secret: &str) -> String {
    if secret.chars().count() >= SHORT {
        return text.replace(secret, BLANK);
    }
    let mut blanked = String::with_capacity(text.len());
    let mut rest = text;
    let mut before: Option<char> = None;
    while let Some(at) = rest.find(secret) {
        let (head, tail) = rest.split_at(at);
        let tail = &tail[secret.len()..];
        before = head.chars().next_back().or(before);
        let inside = [before, tail.chars().next()]
            .into_iter()
            .flatten()
            .any(char::is_alphanumeric);
        blanked.push_str(head);
        blanked.push_str(if inside { secret } else { BLANK });
        before = secret.chars().next_back();
        rest = tail;
    }
    blanked.push_str(rest);
    blanked
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_blanked_in_every_encoding() {
        let secret = "p@ss zq/zq+<&>\"ü\"~\"";
        let redactor = Redactor::new([secret]);
        let percent = utf8_percent_encode(secret, NON_ALPHANUMERIC).to_string();
        let json = serde_json::json!({ "password": secret }).to_string();
        for text in [
            format!("key {secret}!"),
            format!("?k={percent}"),
            format!("?k={}", percent.to_lowercase()),
            format!("?k={}", form_urlencoded(secret)),
            format!("?k={}", query::encode(secret)),
            format!("Basic {}", STANDARD.encode(secret)),
            json.replace('/', r"\/"),
            json.replace('<', r"\u003c")
                .replace('&', r"\u0026")
                .replace('>', r"\u003e"),
            json,
            format!("{:?}", Some(secret)),
        ] {
            let blanked = redactor.redact(&text);
            assert!(blanked.contains(BLANK), "{text} -> {blanked}");
            assert!(
                !blanked.contains("p@ss") && !blanked.contains("zq"),
                "{blanked}"
            );
        }
    }

    #[test]
    fn a_secret_within_another_leaves_no_remains() {
        let redactor = Redactor::new(["abcdef", "abcdefghijkl"]);
        assert_eq!(redactor.redact("abcdefghijkl"), BLANK);
    }

    #[test]
    fn a_short_secret_is_blanked_only_where_it_stands_alone() {
        let redactor = Redactor::new(["a"]);
        assert_eq!(
            redactor.redact("a day: key=a&b=aa"),
            "[secret] day: key=[secret]&b=aa"
        );
    }

    #[test]
    fn tokens_learned_at_run_time_are_blanked() {
        let redactor = Redactor::new([]);
        redactor.learn("basic-1");
        for n in 1..100 {
            redactor.learn_token(&format!("token-{n}"));
        }
        assert_eq!(redactor.redact("Bearer token-99"), "Bearer [secret]");
        assert_eq!(redactor.redact("Basic basic-1"), "Basic [secret]");
    }

    #[test]
    fn nothing_is_blanked_for_an_empty_secret() {
        assert_eq!(Redactor::new([""]).redact("text"), "text");
    }
}
