//! Blanking every known secret in a text, whatever its encoding.

use std::{
    borrow::Cow,
    collections::HashSet,
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

/// How many values that were learned at run time are remembered; the oldest are forgotten first.
const LEARNED: usize = 64;

/// The texts to blank: the secrets of a source, and the tokens it was given.
#[derive(Default)]
pub(crate) struct Redactor {
    /// The forms of the secrets, the longest first.
    fixed: Vec<String>,
    /// The forms of each token, the oldest first.
    learned: RwLock<Vec<Vec<String>>>,
}

impl Redactor {
    /// Blanks these values.
    pub(crate) fn new<'a>(secrets: impl IntoIterator<Item = &'a str>) -> Self {
        let mut fixed: Vec<String> = secrets.into_iter().flat_map(forms).collect();
        longest_first(&mut fixed);
        Self {
            fixed,
            learned: RwLock::default(),
        }
    }

    /// Blanks this value too, from now on.
    pub(crate) fn learn(&self, value: &str) {
        let mut learned = self.learned.write().unwrap_or_else(PoisonError::into_inner);
        let forms = forms(value);
        if learned.contains(&forms) {
            return;
        }
        if learned.len() == LEARNED {
            learned.remove(0);
        }
        learned.push(forms);
    }

    /// The text without the secrets.
    pub(crate) fn redact(&self, text: &str) -> String {
        let mut text = Cow::Borrowed(text);
        let learned = self.learned.read().unwrap_or_else(PoisonError::into_inner);
        for form in learned.iter().flatten().chain(&self.fixed) {
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
    let mut forms = vec![
        everything.replace("%20", "+"),
        lower_hex(&everything),
        everything,
        query::encode(secret),
        lower_hex(&query::encode(secret)),
        form_urlencoded(secret),
        unquoted(&json),
        unquoted(&format!("{secret:?}")),
        STANDARD.encode(secret),
        secret.to_owned(),
    ];
    longest_first(&mut forms);
    forms
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

/// A form that holds another must be blanked first, or its remains would show.
fn longest_first(forms: &mut Vec<String>) {
    let mut seen = HashSet::new();
    forms.retain(|form| !form.is_empty() && seen.insert(form.clone()));
    forms.sort_by_key(|form| std::cmp::Reverse(form.len()));
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
        let secret = "p@ss zq/zq+\"ü\"~\"";
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
        redactor.learn("token-1");
        assert_eq!(redactor.redact("Bearer token-1"), "Bearer [secret]");
    }

    #[test]
    fn nothing_is_blanked_for_an_empty_secret() {
        assert_eq!(Redactor::new([""]).redact("text"), "text");
    }
}
