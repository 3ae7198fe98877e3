//! Links and cursors that a page has.

use rest_source_codegen::write::snake_name;

use super::{Candidate, Fact, candidate, is_url, plain};
use crate::infer::{Page, page::Place};

pub(super) fn header_links(first: &Page) -> Vec<Candidate> {
    let links = first.headers("link");
    let links = links.flat_map(|value| value.split(", <"));
    let is_next = |link: &&str| {
        let mut params = link
            .split(';')
            .skip(1)
            .map(|param| param.trim().replace('"', ""));
        params.any(|param| param.eq_ignore_ascii_case("rel=next"))
    };
    let mut found = Vec::new();
    if links.clone().any(|link| is_next(&link)) {
        let mut one = candidate(
            "header_link",
            "the header `Link` has a relation `next`".to_owned(),
        );
        one.is_confirmed = true;
        found.push(one);
    }
    found
}

pub(super) fn body_links(facts: &[Fact<'_>]) -> Vec<Candidate> {
    let is_next = |fact: &&Fact<'_>| {
        let (name, parent) = (fact.name(), fact.parent());
        let is_named = matches!(
            name.as_str(),
            "next"
                | "nexturl"
                | "nextlink"
                | "nextpage"
                | "nextpageurl"
                | "nextpagelink"
                | "nexthref"
                | "nexturi"
                | "nextpageuri"
                | "odatanextlink"
                | "nextrecordsurl"
                | "nextpath"
        );
        let is_below = parent == "next" && matches!(name.as_str(), "href" | "url" | "link" | "uri");
        (is_named || is_below) && is_url(fact.value)
    };
    let links = facts.iter().filter(is_next).map(|fact| {
        let mut one = candidate(
            "json_link",
            format!("`{}` is the URL of a next page", fact.text()),
        );
        one.paginator.set("next_url_path", fact.text());
        one.is_confirmed = true;
        one
    });
    links.collect()
}

/// How many fields of a body are tried for a cursor.
const BODY_FIELDS: usize = 8;

/// Names of parameters that a cursor with this name may be sent in, the likeliest first.
fn cursor_params(first: &Page, fact: &str) -> Vec<String> {
    let name = snake_name(fact);
    let is_camel = fact.chars().any(char::is_uppercase);
    let mut params: Vec<String> = Vec::new();
    let mut add = |param: String| {
        if !params.contains(&param) {
            params.push(param);
        }
    };
    for sent in first.sent.iter().filter(|sent| sent.place != Place::Header) {
        if sent.value.is_empty() && !sent.name.is_empty() {
            add(sent.name.clone());
        }
    }
    let short = name
        .strip_prefix("next_")
        .or_else(|| name.strip_prefix("end_"));
    if let Some(short) = short {
        add(if is_camel {
            camel(short)
        } else {
            short.to_owned()
        });
        if first.has_json_body() {
            add(format!("start_{short}"));
        }
    }
    if name == "end_cursor" || name == "after" {
        add("after".to_owned());
    }
    for param in [
        "cursor",
        fact,
        "after",
        "page_token",
        "pageToken",
        "next_token",
        "page",
        "starting_after",
        "offset",
    ] {
        add(param.to_owned());
    }
    params
}

fn camel(snake: &str) -> String {
    let mut words = snake.split('_');
    let mut camel = words.next().unwrap_or_default().to_owned();
    for word in words {
        let mut letters = word.chars();
        camel.extend(letters.next().map(|letter| letter.to_ascii_uppercase()));
        camel.push_str(letters.as_str());
    }
    camel
}

pub(super) fn cursors(first: &Page, facts: &[Fact<'_>]) -> Vec<Candidate> {
    let is_cursor = |fact: &&Fact<'_>| {
        let name = fact.name();
        let is_named = name.contains("cursor")
            || name.ends_with("pagetoken")
            || name.ends_with("nexttoken")
            || name.starts_with("continuation")
            || matches!(
                name.as_str(),
                "next"
                    | "nextpage"
                    | "nextid"
                    | "nextoffset"
                    | "nextafter"
                    | "nextmarker"
                    | "bookmark"
                    | "scrollid"
                    | "after"
                    | "nextkey"
                    | "nextpageid"
                    | "nextstart"
                    | "nextcontinuation"
            )
            || name == "offset"
                && fact
                    .value
                    .as_text()
                    .is_some_and(|text| text.parse::<u64>().is_err());
        let is_backward = name.contains("prev")
            || name.starts_with("start")
            || name.starts_with("first")
            || name == "before"
            || name.starts_with("current");
        let is_value = fact.value.as_scalar().is_some_and(|text| !text.is_empty());
        is_named && !is_backward && is_value && !is_url(fact.value)
    };
    let mut found: Vec<Candidate> = Vec::new();
    let mut cursors: Vec<&Fact<'_>> = facts.iter().filter(is_cursor).collect();
    cursors.sort_by_key(|fact| !fact.name().starts_with("next"));
    for fact in cursors {
        let key = fact.path.last().map_or("", String::as_str);
        if fact.name() == "scrollid" {
            let evidence = format!("`{}` is the id of a scroll", fact.text());
            let mut one = candidate("scroll", evidence);
            one.paginator.set("scroll_path", fact.text());
            one.doubts
                .push("the request for a next page was not tried: see `continue`".to_owned());
            found.push(one);
            continue;
        }
        let params = cursor_params(first, key);
        if first.has_json_body() {
            for param in params.iter().take(BODY_FIELDS) {
                let mut one = candidate("cursor", format!("`{}` is a cursor", fact.text()));
                one.paginator
                    .set("cursor_path", fact.text())
                    .set("cursor_body_path", param.as_str());
                one.doubts
                    .push(format!("the field `{param}` of the body is a guess"));
                found.push(one);
            }
        }
        for param in params {
            let mut one = candidate("cursor", format!("`{}` is a cursor", fact.text()));
            one.paginator
                .set("cursor_path", fact.text())
                .set("cursor_param", param.as_str());
            one.doubts
                .push(format!("the parameter `{param}` is a guess"));
            found.push(one);
        }
    }
    let headers = first.headers.iter().filter(|(name, value)| {
        let name = plain(name);
        let is_named = name.contains("cursor")
            || name.ends_with("nexttoken")
            || name.ends_with("nextpagetoken")
            || name.contains("continuation")
            || name == "xnext"
            || name == "next";
        is_named && !name.contains("prev") && !value.is_empty() && !value.starts_with("http")
    });
    for (name, _) in headers {
        for param in cursor_params(
            first,
            name.trim_start_matches("x-").trim_start_matches("X-"),
        ) {
            let mut one = candidate("header_cursor", format!("the header `{name}` has a cursor"));
            one.paginator
                .set("cursor_key", name.as_str())
                .set("cursor_param", param.as_str());
            one.doubts
                .push(format!("the parameter `{param}` is a guess"));
            found.push(one);
        }
    }
    found
}
