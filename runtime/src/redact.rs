//! Redaction: every known secret is replaced in a text, whatever its encoding.
//!
//! A server may quote a secret as it likes: escaped as JSON, in a URL, in HTML, in base64 or hex, or cut. So
//! secrets are not encoded and searched for; the text is decoded, in each way, and searched.

use std::{
    collections::VecDeque,
    fmt,
    sync::{PoisonError, RwLock},
};

use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE},
};
use memchr::memmem::Finder;

use self::{
    urls::ParamNames,
    view::{Span, View, is_dropped},
};
use crate::{plan::SourcePlan, shared::Text};
pub(crate) use urls::is_credential_name;

/// What stands for a secret.
pub(crate) const BLANK: &str = "[secret]";

/// Secrets with fewer characters are redacted only where they stand alone: in the middle of a word
/// they would redact text that has nothing to do with them.
const SHORT: usize = 6;

/// Secrets with fewer bytes are redacted only as a whole. Of longer ones, any three quarters are redacted.
const LONG: usize = 12;

/// The longest start of a secret that is left at the end of a text that was cut, in bytes.
const REST: usize = 2;

/// The most bytes of an escape that a cut may have split.
const SPLIT: usize = 12;

/// How many encodings within each other are decoded: base64 in base64, or in hex, is two.
const NESTED: usize = 2;

/// How many tokens are remembered; the oldest, long expired, are forgotten first.
const TOKENS: usize = 64;

/// The most bytes of a server's text that are searched for secrets before it is cut for a message.
const SEARCHED: usize = 16 << 10;

/// The texts to redact: the secrets of a source, and the tokens it was given.
#[derive(Default)]
pub struct Redactor {
    known: RwLock<Known>,
    /// The path of the spec, which messages name as the place of a mistake. A secret that is a word of it
    /// stays there.
    spec: Text,
    params: ParamNames,
}

#[derive(Default)]
struct Known {
    secrets: Vec<String>,
    tokens: VecDeque<String>,
    /// What to search for, of all of them.
    needles: Vec<Needle>,
}

impl Redactor {
    /// Redacts these secrets.
    pub fn new<'a>(secrets: impl IntoIterator<Item = &'a str>) -> Self {
        let redactor = Self::default();
        for secret in secrets {
            redactor.learn(secret);
        }
        redactor
    }

    /// Redacts the credentials in URLs as this plan names them, and leaves the path of its spec as it is.
    #[must_use]
    pub fn of_plan(mut self, plan: &SourcePlan) -> Self {
        self.spec = plan.spec.clone();
        self.params = ParamNames::of(plan);
        self
    }

    /// Redacts this secret too, from now on.
    pub(crate) fn learn(&self, secret: &str) {
        self.change(|known| known.secrets.push(secret.to_owned()));
    }

    /// Redacts this token too, until many others have followed it.
    pub fn learn_token(&self, token: &str) {
        self.change(|known| {
            known.tokens.push_back(token.to_owned());
            if known.tokens.len() > TOKENS {
                known.tokens.pop_front();
            }
        });
    }

    fn change(&self, change: impl FnOnce(&mut Known)) {
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        change(&mut known);
        let all = known.secrets.iter().chain(&known.tokens);
        let mut needles: Vec<Needle> = all.flat_map(|secret| needles(secret)).collect();
        needles.sort_by(|a, b| a.bytes.cmp(&b.bytes));
        needles.dedup_by(|a, b| a.bytes == b.bytes && a.is_short == b.is_short);
        known.needles = needles;
    }

    /// The text without the secrets, and without what is named like one in its URLs.
    pub fn redact(&self, text: &str) -> String {
        self.replace(text, false)
    }

    /// Whether a value holds a secret. A short one must be all of the value.
    pub(crate) fn is_held_by(&self, value: &str) -> bool {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        let mut all = known.secrets.iter().chain(&known.tokens);
        all.any(|secret| {
            !secret.is_empty()
                && (value == secret || secret.len() >= SHORT && value.contains(secret.as_str()))
        })
    }

    /// The start of a text that a server wrote, without the secrets, to be cut for a message. A secret
    /// that the end cuts in two is not left there in part.
    pub(crate) fn redact_start(&self, text: &[u8]) -> String {
        let start = text.get(..SEARCHED).unwrap_or(text);
        let is_cut = start.len() < text.len();
        self.replace(&String::from_utf8_lossy(start), is_cut)
    }

    fn replace(&self, text: &str, is_cut: bool) -> String {
        let mut found = Vec::new();
        urls::find(&self.params, text, &mut found);
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        if known.needles.is_empty() && found.is_empty() {
            return text.to_owned();
        }
        for level in View::of(text).levels() {
            for needle in known.needles.iter().filter(|needle| needle.is_short) {
                needle.find_alone(&level, &mut found);
            }
        }
        View::of(text).visit(NESTED, &mut |view| {
            find(&known.needles, view, is_cut, &mut found);
        });
        let spared = self.places_in_spec(text);
        let is_spared = |&(start, end): &Span| {
            let mut spared = spared.iter();
            spared.any(|place| place.0 <= start && end <= place.1 && *place != (start, end))
        };
        found.retain(|span| !is_spared(span));
        blank(text, found)
    }

    /// Where a text names the spec, with the line that follows it. No number that is long enough for a secret
    /// is a line.
    fn places_in_spec(&self, text: &str) -> Vec<Span> {
        if self.spec.is_empty() {
            return Vec::new();
        }
        let places = text.match_indices(self.spec.as_str()).map(|(start, path)| {
            let end = start + path.len();
            let line = text[end..].strip_prefix(':').map_or(0, |rest| {
                let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
                if digits < SHORT { 1 + digits } else { 0 }
            });
            (start, end + line)
        });
        places.collect()
    }
}

impl fmt::Debug for Redactor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Redactor")
    }
}

/// One form of a secret, as it stands in a view.
struct Needle {
    bytes: Vec<u8>,
    is_short: bool,
    /// How many of the bytes are redacted without the others.
    enough: usize,
    /// The position of what `finder` searches for.
    core: usize,
    /// Searches for the middle, which every part of `enough` bytes contains.
    finder: Finder<'static>,
}

impl Needle {
    fn short(bytes: &[u8]) -> Self {
        Self {
            finder: Finder::new(bytes).into_owned(),
            bytes: bytes.to_vec(),
            is_short: true,
            enough: bytes.len(),
            core: 0,
        }
    }

    /// Its letters in lower case: whether a server changes their case does not matter.
    fn long(compact: &[u8]) -> Self {
        let bytes = compact.to_ascii_lowercase();
        let enough = match bytes.len() {
            length if length < LONG => length,
            length => (length * 3).div_ceil(4).max(LONG),
        };
        let core = bytes.len() - enough;
        Self {
            finder: Finder::new(&bytes[core..enough]).into_owned(),
            bytes,
            is_short: false,
            enough,
            core,
        }
    }

    /// Finds it, or enough of it, in a compact view in lower case.
    fn find(&self, view: &View, found: &mut Vec<Span>) {
        let mut end = 0;
        for at in self.finder.find_iter(&view.bytes) {
            let before = view.bytes[..at].iter().rev();
            let own = self.bytes[..self.core].iter().rev();
            let start = at - before.zip(own).take_while(|(a, b)| a == b).count();
            let matched = common(&view.bytes[at..], &self.bytes[self.core..]);
            // Of a secret that repeats itself, a later part may begin within an earlier one.
            if at + matched > end && at + matched - start >= self.enough {
                end = at + matched;
                found.push(view.span(start, end));
            }
        }
    }

    /// Finds where a compact view in lower case was cut within it.
    fn find_cut(&self, view: &View, found: &mut Vec<Span>) {
        let length = view.bytes.len();
        let first = length.saturating_sub(self.bytes.len() + SPLIT);
        for at in first..length {
            let common = common(&view.bytes[at..], &self.bytes);
            if common > REST && at + common + SPLIT >= length {
                found.push((view.span(at, length).0, usize::MAX));
                return;
            }
        }
    }

    /// Finds it where it stands alone.
    fn find_alone(&self, view: &View, found: &mut Vec<Span>) {
        let is_word = |byte: &u8| byte.is_ascii_alphanumeric() || !byte.is_ascii();
        for at in self.finder.find_iter(&view.bytes) {
            let end = at + self.bytes.len();
            let before = view.bytes[..at].last();
            let after = view.bytes.get(end);
            if ![before, after].into_iter().flatten().any(is_word) {
                found.push(view.span(at, end));
            }
        }
    }
}

/// How many bytes two texts have in common at their start.
fn common(one: &[u8], other: &[u8]) -> usize {
    one.iter().zip(other).take_while(|(a, b)| a == b).count()
}

/// Finds the secrets that are not short.
fn find(needles: &[Needle], view: &View, is_cut: bool, found: &mut Vec<Span>) {
    let mut view = view.compact();
    view.bytes.make_ascii_lowercase();
    for needle in needles.iter().filter(|needle| !needle.is_short) {
        needle.find(&view, found);
        if is_cut {
            needle.find_cut(&view, found);
        }
    }
}

/// What to search for, of one secret: a secret that has escapes itself is decoded with the text.
fn needles(secret: &str) -> Vec<Needle> {
    // One at the end may be taken for the escape of what follows.
    let secret = secret.trim().trim_end_matches('\\');
    let mut forms: Vec<Vec<u8>> = View::of(secret)
        .levels()
        .into_iter()
        .map(|level| level.bytes)
        .collect();
    if !secret.is_ascii() {
        // A server may write another charset, which is read as if it were UTF-8.
        let misread = secret.replace(|c: char| !c.is_ascii(), "\u{fffd}");
        forms.push(misread.into_bytes());
        // Headers have bytes, which many servers read as Latin-1, and write as what they then are.
        let as_latin_1: String = secret.bytes().map(char::from).collect();
        forms.push(as_latin_1.into_bytes());
    }
    if secret.chars().count() < SHORT {
        forms.push(secret.replace(' ', "+").into_bytes());
        forms.push(STANDARD.encode(secret).into_bytes());
        forms.push(URL_SAFE.encode(secret).into_bytes());
        let hex = hex(secret.as_bytes());
        // A shorter one is any small number.
        if hex.len() >= SHORT {
            forms.push(hex.into_bytes());
        }
    }
    forms
        .iter()
        .filter(|form| !form.is_empty())
        .map(|form| {
            let compact: Vec<u8> = form.iter().copied().filter(|b| !is_dropped(*b)).collect();
            if String::from_utf8_lossy(&compact).chars().count() < SHORT {
                Needle::short(form)
            } else {
                Needle::long(&compact)
            }
        })
        .collect()
}

fn hex(bytes: &[u8]) -> String {
    let mut hex = String::with_capacity(bytes.len() * 2);
    for digit in bytes.iter().flat_map(|byte| [byte >> 4, byte & 0xf]) {
        hex.extend(char::from_digit(digit.into(), 16));
    }
    hex
}

/// The text with what was found replaced.
fn blank(text: &str, mut found: Vec<Span>) -> String {
    found.sort_unstable();
    let mut blanked = String::with_capacity(text.len());
    let mut done = 0;
    for (start, end) in found {
        let end = ceil(text, end);
        let start = floor(text, start);
        if end <= done {
            continue;
        }
        if start >= done {
            blanked.push_str(&text[done..start]);
            blanked.push_str(BLANK);
        }
        done = end;
    }
    blanked.push_str(&text[done..]);
    blanked
}

/// The character's boundary at or before this byte.
fn floor(text: &str, at: usize) -> usize {
    let at = at.min(text.len());
    (0..=at)
        .rev()
        .find(|at| text.is_char_boundary(*at))
        .unwrap_or(0)
}

/// The character's boundary at or after this byte.
fn ceil(text: &str, at: usize) -> usize {
    let at = at.min(text.len());
    (at..=text.len())
        .find(|at| text.is_char_boundary(*at))
        .unwrap_or(text.len())
}

mod urls;
mod view;

#[cfg(test)]
mod tests;
