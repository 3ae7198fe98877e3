//! Where a spec holds credentials as literals. What is here is hidden from every message; whether it is
//! an error is for the checks to say.
//!
//! A key may be misspelt or misplaced, so a name counts as that of a credential where it looks like one.

use crate::check::NAMESPACES;
use crate::diagnostic::Span;
use crate::grammar::AUTH;
use crate::grammar::source::secret;
use crate::other_placeholders::{self, Jinja};
use crate::redact::Redaction;
use crate::secret_names;
use crate::suggest::{self, Meant};
use crate::value;
use crate::yaml::{Entry, Node};

/// The search through the tree of a spec.
pub(crate) struct Search<'a> {
    /// The text of the spec.
    text: &'a str,
    redaction: &'a mut Redaction,
    /// The maps in which every scalar is a credential.
    regions: Vec<Span>,
}

impl<'a> Search<'a> {
    pub(crate) fn new(text: &'a str, redaction: &'a mut Redaction) -> Self {
        Self {
            text,
            redaction,
            regions: Vec::new(),
        }
    }

    /// A whole spec, and the entries that are not in its tree since their key was there already.
    pub(crate) fn spec(&mut self, root: Option<&Node>, dropped: &[Entry]) {
        if let Some(root) = root {
            self.node(root);
        }
        for entry in dropped {
            let at = entry.key.span.start;
            if self.regions.iter().any(|region| region.contains(&at)) {
                self.all(&entry.value);
            } else {
                self.entry(entry);
            }
        }
    }

    fn node(&mut self, node: &Node) {
        for entry in node.entries() {
            self.entry(entry);
        }
        for element in node.elements() {
            self.node(element);
        }
        self.url(node);
    }

    fn entry(&mut self, entry: &Entry) {
        match entry.key.name.as_str() {
            "auth" => self.auth(&entry.value),
            "secrets" => self.secrets(&entry.value),
            "config" => self.settings(&entry.value),
            // What stands under a name there is a type.
            "columns" | "fields" => {}
            name if secret_names::looks_secret(name) => self.all(&entry.value),
            // A text in place of a map may be an entry without its colon.
            "headers" | "params" if entry.value.scalar().is_some() => self.all(&entry.value),
            _ => self.node(&entry.value),
        }
    }

    /// An `auth`: all of it but what tells its kind and where it goes.
    fn auth(&mut self, auth: &Node) {
        self.regions.push(auth.span.clone());
        if auth.scalar().is_some_and(|word| !is_of_auth(&word.text)) {
            self.all(auth);
        }
        for element in auth.elements() {
            self.all(element);
        }
        for entry in auth.entries() {
            let value = &entry.value;
            let text = value.scalar().map(|scalar| scalar.text.as_str());
            match (entry.key.name.as_str(), text) {
                ("choices", _) => {
                    for choice in value.entries() {
                        self.auth(&choice.value);
                    }
                }
                ("auth", None) => self.auth(value),
                (
                    "type"
                    | "location"
                    | "client_authentication"
                    | "token_request"
                    | "method"
                    | "algorithm"
                    | "key_encoding"
                    | "sent_as",
                    Some(text),
                ) if is_of_auth(text) => {}
                (
                    "name" | "rust" | "scope" | "audience" | "header" | "prefix" | "query"
                    | "cookie" | "token_header" | "token_cookie",
                    Some(text),
                ) if secret_names::names_place(text) => {}
                (
                    "path" | "token_path" | "body_path" | "access_token_path" | "expires_in_path",
                    Some(text),
                ) if secret_names::in_query(text).is_none() => {}
                ("access_token_request_data", None) => self.request_data(value),
                ("default_token_expiration", Some(text)) if value::integer(text).is_some() => {}
                (_, Some(text)) if is_plain_url(text) => {}
                _ => {
                    self.key(entry);
                    self.all(value);
                }
            }
        }
    }

    /// The fields of a token request, of which one names the kind of it.
    fn request_data(&mut self, data: &Node) {
        for entry in data.entries() {
            let is_kind = matches!(entry.key.name.as_str(), "grant_type" | "scope" | "audience");
            let is_plain = entry
                .value
                .scalar()
                .is_some_and(|scalar| is_word(&scalar.text));
            if !(is_kind && is_plain) {
                self.key(entry);
                self.all(&entry.value);
            }
        }
    }

    /// `secrets`: no values belong there. The name of a variable is no secret.
    fn secrets(&mut self, secrets: &Node) {
        self.regions.push(secrets.span.clone());
        for secret in secrets.entries() {
            for entry in secret.value.entries() {
                let is_variable = entry.key.name == secret::ENV.name
                    && entry
                        .value
                        .scalar()
                        .is_some_and(|env| is_variable(&env.text));
                if !is_variable {
                    self.all(&entry.value);
                }
            }
            if secret.value.entries().is_empty() {
                self.all(&secret.value);
            }
        }
        if secrets.entries().is_empty() {
            self.all(secrets);
        }
    }

    /// `config`: the default of a setting that is named like a credential.
    fn settings(&mut self, config: &Node) {
        for setting in config.entries() {
            if !secret_names::looks_secret(&setting.key.name) {
                self.node(&setting.value);
                continue;
            }
            for entry in setting.value.entries() {
                if !matches!(entry.key.name.as_str(), "type" | "description") {
                    self.all(&entry.value);
                }
            }
            let text = setting.value.scalar().map(|scalar| scalar.text.as_str());
            if text.is_some_and(|text| !suggest::is_word_of_language(text)) {
                self.all(&setting.value);
            }
        }
    }

    /// Every scalar within, and the keys that are no words.
    fn all(&mut self, node: &Node) {
        self.regions.push(node.span.clone());
        for entry in node.entries() {
            self.key(entry);
            self.all(&entry.value);
        }
        for element in node.elements() {
            self.all(element);
        }
        if let Some(scalar) = node.scalar() {
            self.literals(&scalar.text, &node.span);
        }
    }

    /// A key that may be a value: that of `token: {abc123}`, which YAML reads as a map.
    fn key(&mut self, entry: &Entry) {
        let name = &entry.key.name;
        if !is_word(name) && !is_placeholder(name) && !suggest::is_word_of_language(name) {
            self.redaction.hide(&entry.key.span, name);
        }
    }

    /// What of a scalar is no placeholder.
    fn literals(&mut self, text: &str, span: &Span) {
        let literals = literals(text);
        let written = self.text.get(span.clone()).unwrap_or_default();
        let is_whole = literals.len() == 1 && literals.first().is_some_and(|one| *one == text);
        for literal in literals {
            let place = written.find(literal).filter(|_| !is_whole);
            let place = place.map_or(span.clone(), |at| {
                span.start + at..span.start + at + literal.len()
            });
            self.redaction.hide(&place, literal);
            // A message may have it without the braces that were meant for a placeholder.
            self.redaction
                .hide(&place, literal.trim_matches([' ', '$', '{', '}']));
        }
    }

    /// `https://user:password@host`, and a secret in a query.
    fn url(&mut self, node: &Node) {
        let Some(scalar) = node.scalar() else { return };
        let secrets = secrets_of_url(&scalar.text);
        if secrets.is_empty() {
            return;
        }
        for secret in secrets {
            self.redaction.hide(&node.span, secret);
        }
    }
}

/// Whether a key of the language holds a credential, which is a secret.
pub(super) fn is_credential(key: &str) -> bool {
    matches!(
        key,
        "api_key" | "token" | "password" | "client_secret" | "refresh_token"
    )
}

/// The user and password of a URL, and the values in its query that are named like credentials.
fn secrets_of_url(url: &str) -> Vec<&str> {
    let mut secrets = Vec::new();
    if let Some((_, rest)) = url.split_once("://")
        && let Some((user, _)) = rest
            .split(['/', '?', '#'])
            .next()
            .unwrap_or_default()
            .rsplit_once('@')
    {
        secrets.push(user);
        secrets.extend(user.split(':'));
    }
    let query = url.split_once('?').map_or("", |(_, query)| query);
    for (name, value) in query.split('&').filter_map(|pair| pair.split_once('=')) {
        if (secret_names::looks_secret(name) || name == "key")
            && !other_placeholders::holds_placeholder(value)
        {
            secrets.push(value);
        }
    }
    secrets.retain(|secret| !secret.is_empty());
    secrets
}

fn is_plain_url(text: &str) -> bool {
    (text.starts_with("https://") || text.starts_with("http://")) && secrets_of_url(text).is_empty()
}

/// Whether a word is, or was meant for, a word that an `auth` may hold.
fn is_of_auth(word: &str) -> bool {
    const OTHERS: [&str; 18] = [
        "header", "query", "cookie", "body", "basic", "form", "json", "GET", "POST", "RS256",
        "RS384", "ES256", "ES384", "HS256", "text", "base64", "grant", "client",
    ];
    let mut known: Vec<&'static str> = AUTH.members.iter().map(|one| one.word.name).collect();
    known.extend(OTHERS);
    AUTH.member(word).is_some()
        || OTHERS.contains(&word)
        || (is_word(word) && Meant::of(&[AUTH.name, "location"], word, &known).is_some())
}

/// `MEDIA_API_KEY`: the name of a variable, and no key of upper-case letters and digits.
fn is_variable(text: &str) -> bool {
    let is_upper = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_';
    let has_digits = text.contains(|c: char| c.is_ascii_digit());
    value::is_identifier(text) && text.chars().all(is_upper) && (!has_digits || text.contains('_'))
}

/// Whether it is too plain for a credential: a few letters.
pub(crate) fn is_word(text: &str) -> bool {
    const LONGEST: usize = 24;
    text.len() <= LONGEST
        && text
            .chars()
            .all(|c| c.is_ascii_alphabetic() || "_- ".contains(c))
}

/// What stands between the braces of a placeholder, or was meant for one.
fn is_placeholder(inner: &str) -> bool {
    let (namespace, name) = inner.trim().split_once('.').unwrap_or(("", inner.trim()));
    if namespace.is_empty() {
        return is_word(name) && secret_names::looks_secret(name);
    }
    suggest::closest(namespace, &NAMESPACES).is_some()
        && name
            .chars()
            .all(|c| c.is_alphanumeric() || "_.-[]".contains(c))
}

/// The parts of a text that are no placeholders, nor a scheme before one.
fn literals(text: &str) -> Vec<&str> {
    let is_meant = |one: &Jinja<'_>| one.ours(true).is_some() && one.whole == text.trim();
    if other_placeholders::jinja(text).iter().any(is_meant) {
        return Vec::new();
    }
    let mut literals = Vec::new();
    let mut begin = 0;
    let mut at = 0;
    while let Some(open) = text.get(at..).and_then(|rest| rest.find('{')) {
        let open = at + open;
        let inner = text
            .get(open + 1..)
            .and_then(|rest| rest.split_once('}'))
            .map(|(inner, _)| inner);
        if let Some(inner) = inner.filter(|inner| is_placeholder(inner)) {
            literals.extend(text.get(begin..open));
            begin = open + inner.len() + 2;
            at = begin;
        } else {
            at = open + 1;
        }
    }
    literals.extend(text.get(begin..));
    let has_placeholder = begin > 0;
    literals.retain(|literal| {
        let is_scheme = has_placeholder
            && literal.ends_with(' ')
            && is_word(literal)
            && literal.trim().len() <= 12;
        !literal.trim_matches([' ', '$', '{', '}']).is_empty() && !is_scheme
    });
    literals
}

/// Hides the same in a text whose syntax is wrong, so that there may be no tree of it: what follows
/// such a key in its line, and in the lines below that are indented more.
pub(crate) fn hide_in_lines(text: &str, redaction: &mut Redaction) {
    let mut begin = 0;
    // The indentation of the key of which the value is hidden, and of the `auth` around it.
    let (mut value_of, mut region): (Option<usize>, Option<usize>) = (None, None);
    for line in text.split_inclusive('\n') {
        let trimmed = line.trim();
        let indent = line.len() - line.trim_start().len();
        if !trimmed.is_empty() {
            value_of = value_of.filter(|of| indent > *of);
            region = region.filter(|of| indent > *of);
        }
        if value_of.is_some() && !trimmed.is_empty() {
            hide_rest(line, begin, indent, redaction);
        }
        let mut keys = keys_of_line(line);
        if keys.is_empty() && !trimmed.is_empty() {
            keys.push(first_word(line));
        }
        for (name, after) in keys {
            if matches!(name, "auth" | "secrets") {
                region = Some(indent);
                continue;
            }
            let rest = line.get(after..).unwrap_or_default();
            let is_public = matches!(
                name,
                "type" | "location" | "name" | "choices" | "access_token_url" | "token_url"
            );
            let is_secret = secret_names::looks_secret(name) || (region.is_some() && !is_public);
            if is_secret && !is_only_placeholder(rest) {
                hide_rest(line, begin, after, redaction);
                value_of = Some(indent);
            }
        }
        begin += line.len();
    }
}

/// Hides what stands in a line from a byte of it.
fn hide_rest(line: &str, begin: usize, from: usize, redaction: &mut Redaction) {
    let end = line.trim_end().len();
    if from >= end {
        return;
    }
    let rest = line.get(from..end).unwrap_or_default();
    let spaces = rest.len() - rest.trim_start().len();
    redaction.hide(&(begin + from + spaces..begin + end), rest);
    for word in rest.split(|c: char| c.is_whitespace() || "\"',[]{}*&".contains(c)) {
        const SHORTEST: usize = 6;
        if word.len() >= SHORTEST && !word.starts_with("secrets.") {
            redaction.hide(&(begin + from + spaces..begin + end), word);
        }
    }
}

/// Whether a value is a placeholder of a secret and nothing else.
fn is_only_placeholder(value: &str) -> bool {
    let value = value.trim().trim_end_matches(['}', ',', ' ', '"', '\'']);
    let name = value.trim_start_matches(['"', '\'', ' ']);
    name.strip_prefix("{secrets.")
        .is_some_and(|name| name.chars().all(|c| c.is_alphanumeric() || c == '_'))
}

/// The first word of a line without a colon, which may be a key, and the byte after it. The word is empty where
/// the line begins with anything else, or has no further word.
fn first_word(line: &str) -> (&str, usize) {
    let begin = line.len() - line.trim_start_matches([' ', '\t', '-', '"', '\'']).len();
    let rest = line.get(begin..).unwrap_or_default();
    let length = rest
        .find(|c: char| !(c.is_alphanumeric() || "_-".contains(c)))
        .unwrap_or(rest.len());
    let (word, after) = rest.split_at(length);
    if after.trim().is_empty() {
        // It is a value.
        return ("", begin);
    }
    (word, begin + length)
}

/// The words of a line that have a colon behind them, and the byte after that.
fn keys_of_line(line: &str) -> Vec<(&str, usize)> {
    let is_part = |c: char| c.is_alphanumeric() || "_-".contains(c);
    let mut keys = Vec::new();
    for (colon, _) in line.match_indices(':') {
        let before = line
            .get(..colon)
            .unwrap_or_default()
            .trim_end_matches(['"', '\'', ' ']);
        let name = before
            .rsplit(|c| !is_part(c))
            .next()
            .unwrap_or_default()
            .trim_start_matches('-');
        if !name.is_empty() {
            keys.push((name, colon + 1));
        }
    }
    keys
}
