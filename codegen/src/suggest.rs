//! What was probably meant: words that look alike, and the words of other tools.

use crate::diagnostic::{Applicability, Diagnostic};
use crate::grammar::{self, AnyKey, Context, Family};

/// The word of these that looks most like `word`, if any does.
pub(crate) fn closest<'a>(word: &str, words: &[&'a str]) -> Option<&'a str> {
    const LONGEST: usize = 60;
    let typed: Vec<char> = word.to_lowercase().chars().take(LONGEST + 1).collect();
    if typed.is_empty() || typed.len() > LONGEST {
        return None;
    }
    let mut best: Option<(usize, &str)> = None;
    for word in words {
        let candidate: Vec<char> = word.to_lowercase().chars().collect();
        let allowed = (typed.len().max(candidate.len()) / 3).max(1);
        let distance = distance(&typed, &candidate);
        if distance <= allowed && best.is_none_or(|(least, _)| distance < least) {
            best = Some((distance, word));
        }
    }
    best.map(|(_, word)| word)
}

/// Whether a word is another but for a slip or two.
pub(crate) fn is_slip_of(word: &str, of: &str) -> bool {
    const LONG: usize = 7;
    let letters = |word: &str| -> Vec<char> { word.to_lowercase().chars().collect() };
    let allowed = if of.len() < LONG { 1 } else { 2 };
    // Most words differ in length: that is decided without comparing letters.
    word.len().abs_diff(of.len()) <= allowed && distance(&letters(word), &letters(of)) <= allowed
}

/// Insertions, deletions, replacements and swaps of neighbours that make one of the other.
fn distance(a: &[char], b: &[char]) -> usize {
    let mut before_last: Vec<usize> = vec![0; b.len() + 1];
    let mut last: Vec<usize> = (0..=b.len()).collect();
    for (i, from) in a.iter().enumerate() {
        let mut row = vec![i + 1; b.len() + 1];
        for (j, to) in b.iter().enumerate() {
            let replaced = last[j] + usize::from(from != to);
            let mut edits = replaced.min(last[j + 1] + 1).min(row[j] + 1);
            if i > 0 && j > 0 && a[i - 1] == *to && *from == b[j - 1] {
                edits = edits.min(before_last[j - 1] + 1);
            }
            row[j + 1] = edits;
        }
        before_last = std::mem::replace(&mut last, row);
    }
    last[b.len()]
}

/// What a word of Airbyte, of an older dlt, of JSON Schema or of habit is called here.
///
/// `place` is the name of the [`Context`] or the [`Family`] in which it was found.
fn translation(table: &[Translation], place: &str, word: &str) -> Option<&'static str> {
    // Other marks mean something: `string[]` is more than a `string`.
    if word.contains(|c: char| !c.is_alphanumeric() && !"_- ".contains(c)) {
        return None;
    }
    let mut simple = word.to_lowercase();
    simple.retain(char::is_alphanumeric);
    let mut rows = table.iter();
    let row = rows.find(|(where_, other, _)| *where_ == place && *other == simple);
    row.map(|(_, _, ours)| *ours)
}

/// Whether the tables know a word of another tool at this place.
pub(crate) fn is_translated(place: &str, word: &str) -> bool {
    [SAME_WORDS, NEAR_WORDS]
        .iter()
        .any(|table| translation(table, place, word).is_some())
}

/// What a word that is not known was probably meant to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Meant {
    pub word: &'static str,
    /// Whether it is the word of another tool, rather than misspelt.
    pub is_translated: bool,
    /// Whether it surely means the same, so that it may be put there unseen.
    pub is_sure: bool,
}

impl Meant {
    /// Which of the known words was meant by this one, by the words of others at these places, or by
    /// how it looks.
    pub(crate) fn of(places: &[&str], word: &str, known: &[&'static str]) -> Option<Self> {
        let translated = |table| {
            let mut ours = places
                .iter()
                .filter_map(|place| translation(table, place, word));
            ours.find(|ours| known.contains(ours))
        };
        let by_table = |word, is_sure| Self {
            word,
            is_translated: true,
            is_sure,
        };
        translated(SAME_WORDS)
            .map(|ours| by_table(ours, true))
            .or_else(|| translated(NEAR_WORDS).map(|ours| by_table(ours, false)))
            .or_else(|| {
                let close = closest(word, known)?;
                Some(Self {
                    word: close,
                    is_translated: false,
                    is_sure: is_unambiguous(word, close, known),
                })
            })
    }

    /// The diagnostic on `word`, with what to write instead.
    pub(crate) fn advise(self, diagnostic: Diagnostic, word: &str) -> Diagnostic {
        let ours = self.word;
        let help = if self.is_translated {
            format!("here it is called `{ours}`")
        } else {
            format!("did you mean `{ours}`?")
        };
        diagnostic
            .help(help)
            .suggest(word, ours, Applicability::sure_if(self.is_sure))
    }
}

/// Whether a word can hardly be anything but this one, misspelt: it is one slip away, or two in a long
/// word, and two slips more from every other.
fn is_unambiguous(word: &str, close: &str, known: &[&str]) -> bool {
    const LONG: usize = 8;
    let letters = |word: &str| -> Vec<char> { word.to_lowercase().chars().collect() };
    let typed = letters(word);
    let slips = distance(&typed, &letters(close));
    let allowed = match close.len() {
        0..4 => 0,
        4..LONG => 1,
        _ => 2,
    };
    let is_word = word.chars().all(|c| c.is_alphabetic() || c == '_');
    let mut others = known.iter().filter(|other| **other != close);
    is_word
        && slips <= allowed
        && others.all(|other| distance(&typed, &letters(other)) >= slips + 2)
}

/// A place, a word of others in lower case and without punctuation, and ours.
type Translation = (&'static str, &'static str, &'static str);

/// Words that mean the same as ours, whatever is said with them.
const SAME_WORDS: &[Translation] = &[
    ("a spec", "streams", "resources"),
    ("a spec", "resourcedefault", "resource_defaults"),
    ("a spec", "defaults", "resource_defaults"),
    ("a spec", "settings", "config"),
    ("`client`", "url", "base_url"),
    ("`client`", "urlbase", "base_url"),
    ("`client`", "authenticator", "auth"),
    ("`client`", "authentication", "auth"),
    ("`client`", "pagination", "paginator"),
    ("`client`", "requestheaders", "headers"),
    ("a resource", "fields", "columns"),
    ("a resource", "disposition", "write_disposition"),
    ("an endpoint", "httpmethod", "method"),
    ("an endpoint", "queryparams", "params"),
    ("an endpoint", "parameters", "params"),
    ("an endpoint", "requestparameters", "params"),
    ("an endpoint", "requestheaders", "headers"),
    ("an endpoint", "requestbodyjson", "json"),
    ("an endpoint", "requestbodydata", "data"),
    ("an endpoint", "datapath", "data_selector"),
    ("an endpoint", "recordspath", "data_selector"),
    ("an endpoint", "selector", "data_selector"),
    ("an endpoint", "authenticator", "auth"),
    ("an endpoint", "pagination", "paginator"),
    ("`retry`", "codes", "statuses"),
    ("`retry`", "httpcodes", "statuses"),
    ("`retry`", "statuscodes", "statuses"),
    ("`retry`", "factor", "backoff_factor"),
    ("`rate_limit`", "period", "per"),
    ("`rate_limit`", "interval", "per"),
    ("paginator", "initialoffset", "offset"),
    ("paginator", "nexturlkey", "next_url_path"),
    ("paginator", "maxpages", "maximum_pages"),
    ("paginator", "offsetpaginator", "offset"),
    ("paginator", "pagenumberpaginator", "page_number"),
    ("paginator", "singlepagepaginator", "single_page"),
    ("paginator", "headerlinkpaginator", "header_link"),
    ("paginator", "jsonlinkpaginator", "json_link"),
    ("paginator", "jsonresponsepaginator", "json_link"),
    ("paginator", "jsonresponsecursorpaginator", "cursor"),
    ("paginator", "headercursorpaginator", "header_cursor"),
    ("paginator", "offsetincrement", "offset"),
    ("paginator", "limitoffset", "offset"),
    ("paginator", "pageincrement", "page_number"),
    ("paginator", "jsonresponsecursor", "cursor"),
    ("paginator", "nopagination", "single_page"),
    ("paginator", "none", "single_page"),
    ("paginator", "single", "single_page"),
    ("paginator", "linkheader", "header_link"),
    ("paginator", "jsonresponse", "json_link"),
    ("auth", "apikeyauthenticator", "api_key"),
    ("auth", "apitoken", "token"),
    ("auth", "bearerauthenticator", "bearer"),
    ("auth", "bearertokenauth", "bearer"),
    ("auth", "apikeyauth", "api_key"),
    ("auth", "httpbasicauth", "http_basic"),
    ("auth", "basichttpauthenticator", "http_basic"),
    ("auth", "basic", "http_basic"),
    ("auth", "basicauth", "http_basic"),
    ("auth", "user", "username"),
    ("auth", "clientcredentials", "oauth2_client_credentials"),
    (
        "auth",
        "oauth2clientcredential",
        "oauth2_client_credentials",
    ),
    ("auth", "tokenrefreshendpoint", "access_token_url"),
    ("auth", "tokenendpoint", "access_token_url"),
    ("auth", "accesstokenendpoint", "access_token_url"),
    ("a response action", "httpcodes", "status_code"),
    ("a response action", "errormessage", "message"),
    ("`incremental`", "cursorfield", "cursor_path"),
    ("`incremental`", "cursor", "cursor_path"),
    ("`incremental`", "initial", "initial_value"),
    ("`incremental`", "startvalue", "initial_value"),
    ("column", "type", "data_type"),
    ("column", "null", "nullable"),
    ("column", "columns", "fields"),
    ("column", "oneof", "of"),
    ("column", "anyof", "of"),
    ("column", "comment", "description"),
    ("column", "string", "text"),
    ("column", "str", "text"),
    ("column", "varchar", "text"),
    ("column", "uuid", "text"),
    ("column", "integer", "bigint"),
    ("column", "int", "bigint"),
    ("column", "int64", "bigint"),
    ("column", "i64", "bigint"),
    ("column", "long", "bigint"),
    ("column", "float", "double"),
    ("column", "float64", "double"),
    ("column", "f64", "double"),
    ("column", "real", "double"),
    ("column", "boolean", "bool"),
    ("column", "timestamptz", "timestamp"),
    ("column", "numeric", "decimal"),
    ("column", "jsonb", "json"),
    ("column", "complex", "json"),
    ("column", "struct", "object"),
    ("column", "list", "array"),
    ("column", "dict", "map"),
    ("write_disposition", "upsert", "merge"),
    ("write_disposition", "overwrite", "replace"),
    ("write_disposition", "truncate", "replace"),
    ("write_disposition", "insert", "append"),
    ("location", "params", "query"),
    ("location", "queryparam", "query"),
    ("location", "requestparameter", "query"),
    ("location", "headers", "header"),
    ("on_cursor_value_missing", "drop", "exclude"),
    ("row_order", "ascending", "asc"),
    ("row_order", "descending", "desc"),
];

/// Words that mean nearly the same as ours: what is said with them has to be looked at.
const NEAR_WORDS: &[Translation] = &[
    ("paginator", "nexturl", "next_url_path"),
    ("a resource", "properties", "columns"),
    ("a resource", "schema", "columns"),
    ("`client`", "errorhandler", "retry"),
    ("`client`", "retries", "retry"),
    ("`client`", "ratelimiter", "rate_limit"),
    ("`client`", "allowedhosts", "allow_origins"),
    ("a resource", "tablename", "name"),
    ("a resource", "key", "primary_key"),
    ("a resource", "id", "primary_key"),
    ("a resource", "requester", "endpoint"),
    ("a resource", "retriever", "endpoint"),
    ("a resource", "transformations", "processing_steps"),
    ("an endpoint", "url", "path"),
    ("an endpoint", "query", "params"),
    ("an endpoint", "body", "json"),
    ("an endpoint", "form", "data"),
    ("an endpoint", "recordselector", "data_selector"),
    ("an endpoint", "extractor", "data_selector"),
    ("an endpoint", "fieldpath", "data_selector"),
    ("an endpoint", "incrementalsync", "incremental"),
    ("an endpoint", "errorhandler", "response_actions"),
    ("`retry`", "maxattempts", "max_retries"),
    ("`retry`", "retries", "max_retries"),
    ("`retry`", "backoff", "backoff_factor"),
    ("`timeout`", "read", "request"),
    ("`timeout`", "total", "request"),
    ("paginator", "initiallimit", "limit"),
    ("paginator", "initialpage", "base_page"),
    ("paginator", "startfrompage", "base_page"),
    ("paginator", "startpage", "base_page"),
    ("paginator", "firstpage", "base_page"),
    ("paginator", "pagesize", "limit"),
    ("paginator", "nextkey", "next_url_path"),
    ("paginator", "cursorvalue", "cursor_path"),
    ("paginator", "stopcondition", "has_more_path"),
    ("paginator", "maxpage", "maximum_page"),
    ("paginator", "maxoffset", "maximum_offset"),
    ("paginator", "page", "page_number"),
    ("paginator", "pages", "page_number"),
    ("paginator", "cursorpagination", "cursor"),
    ("paginator", "cursorpaginator", "cursor"),
    ("paginator", "link", "header_link"),
    ("paginator", "nextlink", "json_link"),
    ("auth", "apikey", "token"),
    ("auth", "accesstoken", "token"),
    ("auth", "bearertoken", "token"),
    ("auth", "key", "api_key"),
    ("auth", "value", "api_key"),
    ("auth", "header", "name"),
    ("auth", "fieldname", "name"),
    ("auth", "in", "location"),
    ("auth", "injectinto", "location"),
    ("auth", "token", "bearer"),
    ("auth", "httpauth", "http_basic"),
    ("auth", "oauthauthenticator", "oauth2_client_credentials"),
    ("auth", "oauth", "oauth2_client_credentials"),
    ("auth", "selectiveauthenticator", "one_of"),
    ("auth", "scopes", "scope"),
    ("auth", "refreshrequestbody", "access_token_request_data"),
    ("a response action", "status", "status_code"),
    ("a response action", "errormessagecontains", "content"),
    ("`incremental`", "startdatetime", "initial_value"),
    ("`incremental`", "startdate", "initial_value"),
    ("`incremental`", "enddatetime", "end_value"),
    ("`incremental`", "lookbackwindow", "lag"),
    ("`incremental`", "lookback", "lag"),
    ("`incremental`", "datetimeformat", "format"),
    ("`incremental`", "starttimeoption", "start_param"),
    ("`incremental`", "endtimeoption", "end_param"),
    ("column", "name", "rename"),
    ("column", "path", "from"),
    ("column", "source", "from"),
    ("column", "properties", "fields"),
    ("column", "additionalproperties", "values"),
    ("column", "options", "values"),
    ("column", "enum", "values"),
    ("a setting", "options", "values"),
    ("column", "number", "double"),
    ("column", "datetime", "timestamp"),
    ("column", "money", "decimal"),
    ("column", "wei", "decimal"),
    ("column", "bytes", "binary"),
    ("column", "blob", "binary"),
    ("column", "any", "json"),
    ("column", "record", "object"),
    ("on_cursor_value_missing", "ignore", "include"),
    ("on_cursor_value_missing", "skip", "exclude"),
];

/// The key of this name, wherever it may stand.
pub(crate) fn key(word: &str) -> Option<&'static str> {
    let contexts: [&Context; 7] = [
        &grammar::SOURCE,
        &grammar::RESOURCE,
        &grammar::ENDPOINT,
        &grammar::CLIENT,
        &grammar::INCREMENTAL,
        &grammar::RETRY,
        &grammar::TIMEOUT,
    ];
    let families = grammar::FAMILIES;
    let mut keys = contexts.iter().flat_map(|context| context.keys).chain(
        families
            .iter()
            .flat_map(|family| family.members.iter().flat_map(|member| member.keys)),
    );
    keys.find(|key| key.is_called(word)).map(|key| key.name)
}

/// Where a key of this name may stand, in words, if it may anywhere.
pub(crate) fn home(word: &str) -> Option<String> {
    let contexts: [(&Context, &str); 7] = [
        (&grammar::SOURCE, "the top of the spec"),
        (&grammar::RESOURCE, "a resource"),
        (&grammar::ENDPOINT, "the `endpoint` of a resource"),
        (&grammar::CLIENT, "`client`"),
        (&grammar::INCREMENTAL, "the `incremental` of an endpoint"),
        (&grammar::RETRY, "the `retry` of `client`"),
        (&grammar::TIMEOUT, "the `timeout` of `client`"),
    ];
    let mut homes: Vec<String> = Vec::new();
    for (context, home) in contexts {
        if context.key(word).is_some() {
            homes.push(home.to_owned());
        }
    }
    for family in grammar::FAMILIES {
        let mut members = Vec::new();
        for member in family.members {
            // A login has the keys of an endpoint, which are meant more often.
            let is_of_login = member.word.name == "session_login";
            let is_meant = !(is_of_login && grammar::ENDPOINT.key(word).is_some());
            if is_meant && has(member.keys, word) {
                members.push(format!("`{}`", member.word.name));
            }
        }
        if has(family.common, word) {
            homes.push(format!("a {}", family.name));
        } else if !members.is_empty() {
            let article = if family.name == "auth" { "an" } else { "a" };
            homes.push(format!(
                "{article} {} of {} {}",
                family.name,
                family.tag,
                members.join(", ")
            ));
        }
    }
    (!homes.is_empty()).then(|| homes.join(" or in "))
}

/// Whether it is a key of the language, or the word of a kind of `auth`, `paginator` or column.
pub(crate) fn is_word_of_language(word: &str) -> bool {
    let is_member = |family: &&Family| family.member(word).is_some() || family.tag == word;
    home(word).is_some() || grammar::FAMILIES.iter().any(is_member)
}

fn has(keys: &[&dyn AnyKey], word: &str) -> bool {
    keys.iter().any(|key| key.is_called(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_of_the_finger_is_understood() {
        let words = &["primary_key", "name", "columns", "write_disposition"];
        assert_eq!(closest("primary_keys", words), Some("primary_key"));
        assert_eq!(closest("colunms", words), Some("columns"));
        assert_eq!(closest("Name", words), Some("name"));
        assert_eq!(closest("zebra", words), None);
        assert_eq!(closest("", words), None);
    }

    #[test]
    fn a_word_is_sure_where_it_can_be_no_other() {
        let known = [
            "primary_key",
            "name",
            "columns",
            "offset",
            "offset_param",
            "asc",
        ];
        let meant = |word| Meant::of(&["a resource", "column"], word, &known).unwrap();
        for (word, ours) in [
            ("primary_keys", "primary_key"),
            ("colunms", "columns"),
            ("Name", "name"),
            ("fields", "columns"),
            ("ofset", "offset"),
        ] {
            let meant = meant(word);
            assert_eq!((meant.word, meant.is_sure), (ours, true), "{word}");
        }
        for (word, ours) in [
            ("colmuns_", "columns"),
            ("id", "primary_key"),
            ("acs", "asc"),
        ] {
            let meant = meant(word);
            assert_eq!((meant.word, meant.is_sure), (ours, false), "{word}");
        }
        let near = Meant::of(&[], "offset_parm", &["offset_param", "offset_para"]).unwrap();
        assert!(!near.is_sure);
    }

    #[test]
    fn every_translation_leads_to_a_word_of_the_language() {
        for (place, other, ours) in SAME_WORDS.iter().chain(NEAR_WORDS) {
            let is_word = grammar::FAMILIES.iter().any(|family| {
                family.name == *place
                    && (family.member(ours).is_some()
                        || has(family.common, ours)
                        || family.tag == *ours
                        || family.members.iter().any(|member| has(member.keys, ours)))
            });
            let rule = &grammar::RESPONSE_ACTION;
            let is_word = is_word || (rule.name == *place && has(rule.keys, ours));
            let is_known_elsewhere = home(ours).is_some();
            let is_value = matches!(
                *place,
                "write_disposition"
                    | "location"
                    | "on_cursor_value_missing"
                    | "row_order"
                    | "`rate_limit`"
            );
            assert!(
                is_word || is_known_elsewhere || is_value,
                "{place} {other} {ours}"
            );
        }
    }
}
