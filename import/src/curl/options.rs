//! The options of curl, as far as they say what is requested.

use super::Wrong;
use super::words::Word;

/// Options without a value that change nothing about the records.
const HARMLESS: [&str; 21] = [
    "silent",
    "show-error",
    "location",
    "include",
    "verbose",
    "compressed",
    "fail",
    "no-buffer",
    "progress-bar",
    "http1.0",
    "http1.1",
    "http2",
    "http2-prior-knowledge",
    "http3",
    "tlsv1.2",
    "tlsv1.3",
    "ipv4",
    "ipv6",
    "fail-with-body",
    "no-progress-meter",
    "disable",
];
/// Options with a value that are not carried over.
const WITH_VALUE: [&str; 17] = [
    "output",
    "write-out",
    "proxy",
    "connect-timeout",
    "max-time",
    "retry",
    "retry-delay",
    "retry-max-time",
    "cookie-jar",
    "cacert",
    "cert",
    "key",
    "resolve",
    "dump-header",
    "max-redirs",
    "interface",
    "proto-default",
];
/// Options without a value that are not carried over.
const WITHOUT_VALUE: [&str; 5] = ["insecure", "remote-name", "negotiate", "ntlm", "anyauth"];
/// Short options and their long names.
const SHORT: [(char, &str); 34] = [
    ('4', "ipv4"),
    ('6', "ipv6"),
    ('0', "http1.0"),
    ('X', "request"),
    ('H', "header"),
    ('d', "data"),
    ('G', "get"),
    ('u', "user"),
    ('b', "cookie"),
    ('A', "user-agent"),
    ('e', "referer"),
    ('I', "head"),
    ('F', "form"),
    ('T', "upload-file"),
    ('K', "config"),
    ('s', "silent"),
    ('S', "show-error"),
    ('L', "location"),
    ('i', "include"),
    ('v', "verbose"),
    ('f', "fail"),
    ('g', "globoff"),
    ('N', "no-buffer"),
    ('#', "progress-bar"),
    ('o', "output"),
    ('w', "write-out"),
    ('x', "proxy"),
    ('m', "max-time"),
    ('c', "cookie-jar"),
    ('E', "cert"),
    ('D', "dump-header"),
    ('k', "insecure"),
    ('O', "remote-name"),
    ('q', "disable"),
];

/// A part of the body, or of the query with `-G`.
#[derive(Debug)]
pub(super) enum Data {
    /// As it is sent.
    Plain(Word),
    /// A value that is encoded first, behind its name and `=`.
    Encoded(Word),
    Json(Word),
}

/// What a command line asks for.
#[derive(Debug, Default)]
pub(super) struct Options {
    pub url: Option<Word>,
    pub method: Option<Word>,
    pub headers: Vec<Word>,
    pub data: Vec<Data>,
    pub is_get: bool,
    pub user: Option<Word>,
    pub is_digest: bool,
    /// Whether brackets and braces of the URL stand for themselves.
    pub is_literal: bool,
    pub bearer: Option<Word>,
    pub cookies: Vec<Word>,
    /// Further parts of the query.
    pub query: Vec<Word>,
    /// Options that are not carried over.
    pub ignored: Vec<(usize, String)>,
}

impl Options {
    /// Reads the words behind `curl`.
    pub(super) fn read(words: Vec<Word>) -> Result<Self, Wrong> {
        let mut options = Self::default();
        let mut words = words.into_iter();
        let mut is_rest = false;
        while let Some(word) = words.next() {
            if is_rest || word.text == "-" || !word.text.starts_with('-') {
                options.url(word)?;
            } else if word.text == "--" {
                is_rest = true;
            } else if let Some(name) = word.text.strip_prefix("--") {
                if !options.flag(name, word.at)? {
                    let value = words.next().ok_or_else(|| missing(word.at, &word.text))?;
                    options.valued(name, word.at, value)?;
                }
            } else {
                options.short(&word, &mut words)?;
            }
        }
        Ok(options)
    }

    /// `-sSL`, `-XPOST`, `-d value`: several options in a word, the last with its value.
    fn short(&mut self, word: &Word, words: &mut impl Iterator<Item = Word>) -> Result<(), Wrong> {
        let mut letters = word.text[1..].chars();
        while let Some(letter) = letters.next() {
            let name = SHORT.iter().find(|(one, _)| *one == letter);
            let Some((_, name)) = name else {
                return Err(unknown(word.at, &format!("-{letter}")));
            };
            if self.flag(name, word.at)? {
                continue;
            }
            let attached = letters.as_str();
            let value = if attached.is_empty() {
                words
                    .next()
                    .ok_or_else(|| missing(word.at, &format!("-{letter}")))?
            } else {
                Word {
                    at: word.at,
                    text: attached.to_owned(),
                }
            };
            return self.valued(name, word.at, value);
        }
        Ok(())
    }

    /// An option without a value; false for another.
    fn flag(&mut self, name: &str, at: usize) -> Result<bool, Wrong> {
        match name {
            "get" => self.is_get = true,
            "globoff" => self.is_literal = true,
            "digest" => self.is_digest = true,
            "basic" => {}
            "head" => {
                return Err(Wrong::new(
                    at,
                    "a HEAD request, which has no records",
                    "give a command that reads records",
                ));
            }
            _ if HARMLESS.contains(&name) => {}
            _ if WITHOUT_VALUE.contains(&name) => self.ignored.push((at, format!("`--{name}`"))),
            _ => return Ok(false),
        }
        Ok(true)
    }

    fn valued(&mut self, name: &str, at: usize, value: Word) -> Result<(), Wrong> {
        match name {
            "request" => self.method = Some(value),
            "header" => self.headers.push(value),
            "data" | "data-ascii" | "data-binary" => {
                file(&value, '@')?;
                self.data.push(Data::Plain(value));
            }
            "data-raw" => self.data.push(Data::Plain(value)),
            "data-urlencode" => self.data.push(Data::Encoded(value)),
            "json" => {
                file(&value, '@')?;
                self.data.push(Data::Json(value));
            }
            "user" => self.user = Some(value),
            "oauth2-bearer" => self.bearer = Some(value),
            "cookie" => self.cookies.push(value),
            "url-query" => {
                let name = value.text.split('=').next().unwrap_or_default();
                if !value.text.starts_with('+') && name.contains('@') {
                    return Err(Wrong::new(
                        value.at,
                        "a value from a file, which is not read",
                        "write the value in the command",
                    ));
                }
                self.query.push(value);
            }
            "url" => self.url(value)?,
            "user-agent" => self.headers.push(Word {
                at,
                text: format!("User-Agent: {}", value.text),
            }),
            "referer" => self.ignored.push((at, "`--referer`".to_owned())),
            "form" | "form-string" | "upload-file" | "config" => {
                let message =
                    format!("`--{name}`: a file or a multipart form, which a spec cannot send");
                return Err(Wrong::new(
                    at,
                    &message,
                    "give a command with a JSON body or a form",
                ));
            }
            _ if WITH_VALUE.contains(&name) => self.ignored.push((at, format!("`--{name}`"))),
            _ => return Err(unknown(at, &format!("--{name}"))),
        }
        Ok(())
    }

    fn url(&mut self, word: Word) -> Result<(), Wrong> {
        if self.url.is_some() {
            return Err(Wrong::new(
                word.at,
                "a second URL, or a value without its option",
                "give a command with one URL, and quotes around values with spaces",
            ));
        }
        self.url = Some(word);
        Ok(())
    }
}

fn file(value: &Word, mark: char) -> Result<(), Wrong> {
    if value.text.starts_with(mark) {
        return Err(Wrong::new(
            value.at,
            "a body from a file, which is not read",
            "write the body in the command",
        ));
    }
    Ok(())
}

fn unknown(at: usize, option: &str) -> Wrong {
    // An option with a value attached may have a secret in it.
    let shown: String = option
        .chars()
        .take(24)
        .take_while(|c| c.is_ascii_alphanumeric() || "-.#".contains(*c))
        .collect();
    Wrong::new(
        at,
        &format!("the option `{shown}` is unknown"),
        "leave it out, or write its usual name",
    )
}

fn missing(at: usize, option: &str) -> Wrong {
    let known = option.chars().all(|c| c.is_ascii_lowercase() || c == '-') || option.len() == 2;
    let shown = if known { option } else { "this option" };
    Wrong::new(
        at,
        &format!("the value of `{shown}` is missing"),
        "write it behind the option",
    )
}
