//! Credentials in the URLs of a text: values of parameters that are named like one, and the user of a URL.
//!
//! A link of a response may carry a token that nobody knows beforehand.

use crate::plan::{Part, Slot, SourcePlan, TokenPlace};

use super::view::{Span, View};

/// What is known of the names of a source's parameters, each in its [plain](plain) form.
#[derive(Default)]
pub(super) struct ParamNames {
    /// Those that carry its credentials.
    secret: Vec<String>,
    /// Those that it sends itself, without a secret.
    public: Vec<String>,
    /// The names of its secrets.
    named: Vec<String>,
}

impl ParamNames {
    pub(super) fn of(plan: &SourcePlan) -> Self {
        let own = plan.resources.iter();
        let own = own.filter_map(|resource| resource.auth.as_ref());
        let auths = own.chain(plan.choices.iter().map(|choice| &choice.auth));
        let mut names = Self {
            named: plan.secrets.iter().map(|one| plain(&one.name)).collect(),
            ..Self::default()
        };
        for auth in auths {
            if let Some(TokenPlace::Query(name)) = auth.place() {
                names.secret.push(plain(&name));
            }
        }
        for resource in &plan.resources {
            for param in &resource.params {
                let mut parts = param.value.0.iter();
                let is_secret = parts.any(|part| matches!(part.source(), Part::Secret(_)));
                let into = if is_secret {
                    &mut names.secret
                } else {
                    &mut names.public
                };
                into.push(plain(&param.name));
            }
            for slot in resource.paginator.kind.slots() {
                if let Slot::Query(name) = slot {
                    names.public.push(plain(name));
                }
            }
            if let Some(incremental) = &resource.incremental {
                let params = [&incremental.start_param, &incremental.end_param];
                let params = params.into_iter().flatten();
                names.public.extend(params.map(|name| plain(name)));
            }
        }
        names
    }

    fn is_secret(&self, name: &str) -> bool {
        let name = plain(name);
        self.secret.contains(&name)
            || is_certain(&name)
            || (self.named.contains(&name) || is_general(&name)) && !self.public.contains(&name)
    }
}

/// Whether a parameter of a link is named like a credential. `page_token` and the like are positions.
pub(crate) fn is_credential_name(name: &str) -> bool {
    let name = plain(name);
    is_certain(&name) || is_general(&name)
}

/// The letters and digits of a name, in lower case.
fn plain(name: &str) -> String {
    let letters = name.chars().filter(char::is_ascii_alphanumeric);
    letters.map(|letter| letter.to_ascii_lowercase()).collect()
}

fn is_certain(plain: &str) -> bool {
    const PARTS: [&str; 14] = [
        "accesstoken",
        "apitoken",
        "authtoken",
        "refreshtoken",
        "idtoken",
        "securitytoken",
        "apikey",
        "accesskey",
        "secret",
        "passw",
        "signature",
        "credential",
        "authorization",
        "sessionid",
    ];
    let may_contain = |part: &&&str| part.len() <= plain.len();
    let mut parts = PARTS.iter().filter(may_contain);
    parts.any(|part| plain.contains(part))
}

/// Whether a name is one of a credential at some APIs, and of something public at others.
fn is_general(plain: &str) -> bool {
    const WHOLE: [&str; 9] = [
        "token", "key", "sig", "jwt", "auth", "code", "sid", "session", "hmac",
    ];
    WHOLE.contains(&plain)
}

/// Finds the credentials in the URLs of a text, in whatever escapes it has.
pub(super) fn find(names: &ParamNames, text: &str, found: &mut Vec<Span>) {
    if !text.contains(['=', '@', '%', '\\', '&']) {
        return;
    }
    for view in View::of(text).levels() {
        find_params(names, &view, found);
        find_users(&view, found);
    }
}

/// The values of parameters behind `?`, `&`, `;` or `#` that are named like credentials.
fn find_params(names: &ParamNames, view: &View, found: &mut Vec<Span>) {
    let bytes = view.bytes.as_slice();
    let mut after = 0;
    for at in memchr::memchr_iter(b'=', bytes) {
        if at < after {
            continue;
        }
        let is_name = |byte: &&u8| {
            byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.' | b'$' | b'[' | b']')
        };
        let length = bytes[after..at].iter().rev().take_while(is_name).count();
        let start = at - length;
        let is_param = start > 0 && matches!(bytes[start - 1], b'?' | b'&' | b';' | b'#');
        let name = std::str::from_utf8(&bytes[start..at]).unwrap_or_default();
        if !is_param || !names.is_secret(name) {
            continue;
        }
        let value = &bytes[at + 1..];
        let end = value.iter().position(|byte| ends_value(*byte));
        let value = &value[..end.unwrap_or(value.len())];
        // What follows a URL in a sentence.
        let punctuation = |byte: &&u8| matches!(byte, b',' | b'.' | b':' | b';' | b')');
        let length = value.len() - value.iter().rev().take_while(punctuation).count();
        if length > 0 {
            found.push(view.span(at + 1, at + 1 + length));
            after = at + 1 + length;
        }
    }
}

/// Users and passwords before the host of a URL.
fn find_users(view: &View, found: &mut Vec<Span>) {
    let bytes = view.bytes.as_slice();
    for at in memchr::memmem::find_iter(bytes, "://") {
        let start = at + 3;
        let ends = |byte: &u8| ends_value(*byte) || matches!(byte, b'/' | b'?');
        let end = bytes[start..].iter().position(ends);
        let authority = &bytes[start..end.map_or(bytes.len(), |end| start + end)];
        if let Some(length) = authority.iter().rposition(|byte| *byte == b'@')
            && length > 0
        {
            found.push(view.span(start, start + length));
        }
    }
}

/// Whether a value of a URL ends before this byte.
const fn ends_value(byte: u8) -> bool {
    byte <= b' ' || matches!(byte, b'&' | b'#' | b'"' | b'<' | b'>' | b'`' | b'\\' | 0x7f)
}
