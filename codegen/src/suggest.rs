//! What was probably meant: words that look alike, and the words of other tools.

use crate::grammar::{self, Context, Family, Key};

/// The word of these that looks most like `word`, if any does.
pub(crate) fn closest<'a>(word: &str, words: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
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
pub(crate) fn translated(place: &str, word: &str) -> Option<&'static str> {
    let simple: String = word
        .chars()
        .filter(|c| c.is_alphanumeric())
        .flat_map(char::to_lowercase)
        .collect();
    OTHER_WORDS
        .iter()
        .find(|(where_, other, _)| *where_ == place && *other == simple)
        .map(|(_, _, ours)| *ours)
}

/// Place, the other word in lower case without punctuation, ours.
const OTHER_WORDS: &[(&str, &str, &str)] = &[
    ("a spec", "streams", "resources"),
    ("a spec", "resourcedefault", "resource_defaults"),
    ("a spec", "defaults", "resource_defaults"),
    ("a spec", "settings", "config"),
    ("`client`", "url", "base_url"),
    ("`client`", "urlbase", "base_url"),
    ("`client`", "authenticator", "auth"),
    ("`client`", "authentication", "auth"),
    ("`client`", "pagination", "paginator"),
    ("`client`", "errorhandler", "retry"),
    ("`client`", "retries", "retry"),
    ("`client`", "requestheaders", "headers"),
    ("`client`", "ratelimiter", "rate_limit"),
    ("`client`", "allowedhosts", "allow_origins"),
    ("a resource", "schema", "columns"),
    ("a resource", "fields", "columns"),
    ("a resource", "properties", "columns"),
    ("a resource", "tablename", "name"),
    ("a resource", "key", "primary_key"),
    ("a resource", "id", "primary_key"),
    ("a resource", "requester", "endpoint"),
    ("a resource", "retriever", "endpoint"),
    ("a resource", "transformations", "processing_steps"),
    ("a resource", "disposition", "write_disposition"),
    ("an endpoint", "url", "path"),
    ("an endpoint", "httpmethod", "method"),
    ("an endpoint", "query", "params"),
    ("an endpoint", "queryparams", "params"),
    ("an endpoint", "parameters", "params"),
    ("an endpoint", "requestparameters", "params"),
    ("an endpoint", "requestheaders", "headers"),
    ("an endpoint", "body", "json"),
    ("an endpoint", "requestbodyjson", "json"),
    ("an endpoint", "requestbodydata", "data"),
    ("an endpoint", "form", "data"),
    ("an endpoint", "recordselector", "data_selector"),
    ("an endpoint", "extractor", "data_selector"),
    ("an endpoint", "fieldpath", "data_selector"),
    ("an endpoint", "datapath", "data_selector"),
    ("an endpoint", "recordspath", "data_selector"),
    ("an endpoint", "selector", "data_selector"),
    ("an endpoint", "incrementalsync", "incremental"),
    ("an endpoint", "authenticator", "auth"),
    ("an endpoint", "pagination", "paginator"),
    ("an endpoint", "errorhandler", "response_actions"),
    ("`retry`", "maxattempts", "max_retries"),
    ("`retry`", "retries", "max_retries"),
    ("`retry`", "codes", "statuses"),
    ("`retry`", "httpcodes", "statuses"),
    ("`retry`", "statuscodes", "statuses"),
    ("`retry`", "factor", "backoff_factor"),
    ("`retry`", "backoff", "backoff_factor"),
    ("`timeout`", "read", "request"),
    ("`timeout`", "total", "request"),
    ("`rate_limit`", "period", "per"),
    ("`rate_limit`", "interval", "per"),
    ("paginator", "initiallimit", "limit"),
    ("paginator", "initialoffset", "offset"),
    ("paginator", "initialpage", "base_page"),
    ("paginator", "startfrompage", "base_page"),
    ("paginator", "pagesize", "limit"),
    ("paginator", "nexturlkey", "next_url_path"),
    ("paginator", "nextkey", "next_url_path"),
    ("paginator", "nexturl", "next_url_path"),
    ("paginator", "cursorvalue", "cursor_path"),
    ("paginator", "stopcondition", "has_more_path"),
    ("paginator", "maxpages", "maximum_pages"),
    ("paginator", "maxpage", "maximum_page"),
    ("paginator", "maxoffset", "maximum_offset"),
    ("paginator", "offsetincrement", "offset"),
    ("paginator", "limitoffset", "offset"),
    ("paginator", "pageincrement", "page_number"),
    ("paginator", "page", "page_number"),
    ("paginator", "pages", "page_number"),
    ("paginator", "cursorpagination", "cursor"),
    ("paginator", "cursorpaginator", "cursor"),
    ("paginator", "jsonresponsecursor", "cursor"),
    ("paginator", "nopagination", "single_page"),
    ("paginator", "none", "single_page"),
    ("paginator", "single", "single_page"),
    ("paginator", "linkheader", "header_link"),
    ("paginator", "link", "header_link"),
    ("paginator", "jsonresponse", "json_link"),
    ("paginator", "nextlink", "json_link"),
    ("auth", "apikeyauthenticator", "api_key"),
    ("auth", "apitoken", "token"),
    ("auth", "key", "api_key"),
    ("auth", "value", "api_key"),
    ("auth", "header", "name"),
    ("auth", "fieldname", "name"),
    ("auth", "in", "location"),
    ("auth", "injectinto", "location"),
    ("auth", "bearerauthenticator", "bearer"),
    ("auth", "token", "bearer"),
    ("auth", "basichttpauthenticator", "http_basic"),
    ("auth", "basic", "http_basic"),
    ("auth", "basicauth", "http_basic"),
    ("auth", "httpauth", "http_basic"),
    ("auth", "user", "username"),
    ("auth", "oauthauthenticator", "oauth2_client_credentials"),
    ("auth", "clientcredentials", "oauth2_client_credentials"),
    (
        "auth",
        "oauth2clientcredential",
        "oauth2_client_credentials",
    ),
    ("auth", "oauth", "oauth2_client_credentials"),
    ("auth", "selectiveauthenticator", "one_of"),
    ("auth", "tokenrefreshendpoint", "access_token_url"),
    ("auth", "tokenendpoint", "access_token_url"),
    ("auth", "accesstokenendpoint", "access_token_url"),
    ("auth", "scopes", "scope"),
    ("auth", "refreshrequestbody", "access_token_request_data"),
    ("a response action", "status", "status_code"),
    ("a response action", "httpcodes", "status_code"),
    ("a response action", "errormessagecontains", "content"),
    ("a response action", "errormessage", "message"),
    ("`incremental`", "cursorfield", "cursor_path"),
    ("`incremental`", "cursor", "cursor_path"),
    ("`incremental`", "initial", "initial_value"),
    ("`incremental`", "startvalue", "initial_value"),
    ("`incremental`", "startdatetime", "initial_value"),
    ("`incremental`", "startdate", "initial_value"),
    ("`incremental`", "enddatetime", "end_value"),
    ("`incremental`", "lookbackwindow", "lag"),
    ("`incremental`", "lookback", "lag"),
    ("`incremental`", "datetimeformat", "format"),
    ("`incremental`", "starttimeoption", "start_param"),
    ("`incremental`", "endtimeoption", "end_param"),
    ("column", "type", "data_type"),
    ("column", "name", "rename"),
    ("column", "null", "nullable"),
    ("column", "required", "nullable"),
    ("column", "optional", "nullable"),
    ("column", "path", "from"),
    ("column", "source", "from"),
    ("column", "properties", "fields"),
    ("column", "columns", "fields"),
    ("column", "additionalproperties", "values"),
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
    ("column", "number", "double"),
    ("column", "float", "double"),
    ("column", "float64", "double"),
    ("column", "f64", "double"),
    ("column", "real", "double"),
    ("column", "boolean", "bool"),
    ("column", "datetime", "timestamp"),
    ("column", "timestamptz", "timestamp"),
    ("column", "numeric", "decimal"),
    ("column", "money", "decimal"),
    ("column", "wei", "decimal"),
    ("column", "bytes", "binary"),
    ("column", "blob", "binary"),
    ("column", "any", "json"),
    ("column", "jsonb", "json"),
    ("column", "complex", "json"),
    ("column", "struct", "object"),
    ("column", "record", "object"),
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
    ("on_cursor_value_missing", "ignore", "include"),
    ("on_cursor_value_missing", "skip", "exclude"),
    ("on_cursor_value_missing", "drop", "exclude"),
    ("row_order", "ascending", "asc"),
    ("row_order", "descending", "desc"),
];

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
    let homes = contexts
        .iter()
        .filter(|(context, _)| context.key(word).is_some());
    let mut homes: Vec<String> = homes.map(|(_, home)| (*home).to_owned()).collect();
    let families: [&Family; 3] = [&grammar::PAGINATOR, &grammar::AUTH, &grammar::COLUMN];
    for family in families {
        let members = family
            .members
            .iter()
            .filter(|member| has(member.keys, word));
        let members: Vec<String> = members
            .map(|member| format!("`{}`", member.word.name))
            .collect();
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

fn has(keys: &[Key], word: &str) -> bool {
    keys.iter().any(|key| key.is_called(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_of_the_finger_is_understood() {
        let words = ["primary_key", "name", "columns", "write_disposition"];
        assert_eq!(closest("primary_keys", words), Some("primary_key"));
        assert_eq!(closest("colunms", words), Some("columns"));
        assert_eq!(closest("Name", words), Some("name"));
        assert_eq!(closest("zebra", words), None);
        assert_eq!(closest("", words), None);
    }

    #[test]
    fn every_translation_leads_to_a_word_of_the_language() {
        for (place, other, ours) in OTHER_WORDS {
            let families = [&grammar::PAGINATOR, &grammar::AUTH, &grammar::COLUMN];
            let is_word = families.iter().any(|family| {
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
