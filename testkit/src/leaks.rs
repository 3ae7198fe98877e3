//! Secrets in texts that must not have any, such as logs.

use base64::{Engine as _, engine::general_purpose::STANDARD_NO_PAD};

/// Shorter secrets are redacted only where they stand alone: they may be a part of any word.
const SHORT: usize = 6;

/// The first line of a text that has one of these secrets in it: as it is, percent-encoded, escaped as JSON, or within
/// base64.
pub fn leak<S: AsRef<str>>(text: &str, secrets: impl IntoIterator<Item = S>) -> Option<&str> {
    let is_long = |secret: &S| secret.as_ref().chars().count() >= SHORT;
    let secrets: Vec<S> = secrets.into_iter().filter(is_long).collect();
    let forms: Vec<String> = (secrets.iter())
        .flat_map(|secret| forms(secret.as_ref()))
        .collect();
    text.lines().find(|line| {
        forms.iter().any(|form| line.contains(form))
            || decoded(line).any(|text| {
                let has = |secret: &S| {
                    let secret = secret.as_ref().as_bytes();
                    text.windows(secret.len()).any(|part| part == secret)
                };
                secrets.iter().any(has)
            })
    })
}

fn forms(secret: &str) -> [String; 4] {
    let url: String = form_urlencoded::byte_serialize(secret.as_bytes()).collect();
    let json = serde_json::Value::from(secret).to_string();
    [
        secret.to_owned(),
        url.replace('+', "%20"),
        url,
        json.trim_matches('"').to_owned(),
    ]
}

/// The words of a line that are base64, decoded.
fn decoded(line: &str) -> impl Iterator<Item = Vec<u8>> {
    let is_other = |c: char| !(c.is_ascii_alphanumeric() || "+/-_".contains(c));
    let words = line.split(is_other).filter(|word| word.len() >= SHORT);
    words.filter_map(|word| {
        let word = word.replace('-', "+").replace('_', "/");
        STANDARD_NO_PAD.decode(word).ok()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encoded_secrets_are_found() {
        let secrets = ["pass w\"ord", "short"];
        for line in [
            "key: pass w\"ord.",
            "?key=pass+w%22ord",
            "?key=pass%20w%22ord&a",
            "{\"key\":\"pass w\\\"ord\"}",
            // `user:pass w"ord`
            "Authorization: Basic dXNlcjpwYXNzIHcib3Jk=",
        ] {
            let text = format!("before\n{line}\nafter");
            assert_eq!(leak(&text, secrets), Some(line));
        }
        assert_eq!(leak("key: [secret], shorter", secrets), None);
    }
}
