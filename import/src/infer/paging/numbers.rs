//! Offsets and page numbers that a page or its request has, and those that are tried.

use super::{Candidate, Fact, candidate, is_flag};
use crate::infer::{Json, Page, Shape, path_text};

/// The page size of a proposal where no request has one.
const SIZE: u64 = 100;

/// Pairs of the parameters of a page number or an offset and of a page size.
const NUMBERED: [(&str, &str); 11] = [
    ("page", "per_page"),
    ("page", "page_size"),
    ("page", "limit"),
    ("page", "pageSize"),
    ("page", "size"),
    ("page", "perPage"),
    ("page[number]", "page[size]"),
    ("pageNumber", "pageSize"),
    ("p", "per_page"),
    ("pn", "ps"),
    ("pg", "limit"),
];
const OFFSETS: [(&str, &str); 10] = [
    ("offset", "limit"),
    ("skip", "limit"),
    ("skip", "take"),
    ("$skip", "$top"),
    ("start", "limit"),
    ("startAt", "maxResults"),
    ("start", "rows"),
    ("offset", "count"),
    ("from", "size"),
    ("startIndex", "count"),
];

/// The offsets and page numbers that a page or its request states.
pub(super) fn stated_numbers(first: &Page, shape: &Shape, facts: &[Fact<'_>]) -> Vec<Candidate> {
    let mut found = Vec::new();
    found.extend(numbers_of_body(first, shape));
    let own = |name: &str| first.param(name).is_some();
    let records = shape.records(&first.body).len();
    // Pairs of which the request has both are likelier.
    let (mut offsets, mut numbered) = (OFFSETS, NUMBERED);
    for pairs in [&mut offsets[..], &mut numbered[..]] {
        pairs.sort_by_key(|(one, other)| !(own(one) && own(other)));
    }
    let states = |names: &[&str]| {
        facts
            .iter()
            .any(|fact| names.contains(&fact.name().as_str()) && fact.value.as_count().is_some())
    };
    for (offset, limit) in offsets {
        if own(offset) || own(limit) && !NUMBERED.iter().any(|(page, _)| own(page)) && !own("page")
        {
            found.extend(offset_candidate(
                first,
                records,
                offset,
                limit,
                "the request has its parameters",
            ));
        }
    }
    for (page, size) in numbered {
        if own(page) {
            found.extend(number_candidate(
                first,
                records,
                page,
                size,
                "the request has its parameter",
            ));
        }
    }
    if states(&["offset", "skip", "startat", "startindex"]) {
        for (offset, limit) in OFFSETS {
            found.extend(offset_candidate(
                first,
                records,
                offset,
                limit,
                "the page states its offset",
            ));
        }
    }
    if states(&[
        "page",
        "currentpage",
        "pagenumber",
        "totalpages",
        "lastpage",
        "pagecount",
        "pages",
    ]) {
        for (page, size) in NUMBERED {
            found.extend(number_candidate(
                first,
                records,
                page,
                size,
                "the page states its number",
            ));
        }
    }
    found
}

/// Offsets and page numbers among the fields of the request's body.
fn numbers_of_body(first: &Page, shape: &Shape) -> Vec<Candidate> {
    let mut found = Vec::new();
    if shape.records(&first.body).len() < 3 {
        return found;
    }
    let field = |name: &str| first.field(name)?.value.parse::<u64>().ok();
    let path = |name: &str| first.field(name).map(|sent| sent.name.as_str());
    let why = || "the request has it in its body".to_owned();
    for (offset, limit) in OFFSETS {
        let (Some(_), Some(size)) = (field(offset), field(limit).filter(|size| *size > 0)) else {
            continue;
        };
        let mut one = candidate("offset", why());
        one.paginator
            .set("limit", size)
            .set("offset_body_path", path(offset).unwrap_or(offset))
            .set("limit_body_path", path(limit).unwrap_or(limit));
        found.push(one);
    }
    for (page, size) in NUMBERED {
        let Some(number) = field(page) else {
            continue;
        };
        let mut one = candidate("page_number", why());
        one.paginator
            .set("base_page", number.min(1))
            .set("page_body_path", path(page).unwrap_or(page));
        if let (Some(value), Some(path)) = (field(size).filter(|size| *size > 0), path(size)) {
            one.paginator
                .set("page_size", value)
                .set("page_size_body_path", path);
        }
        found.push(one);
    }
    found
}

/// The parameters of pages that say nothing, the most frequent first: whether they are of an offset, and their names.
const GUESSES: [(bool, &str, &str); 12] = [
    (false, "page", "per_page"),
    (true, "offset", "limit"),
    (true, "skip", "limit"),
    (true, "start", "limit"),
    (false, "page", "limit"),
    (true, "$skip", "$top"),
    (true, "startAt", "maxResults"),
    (false, "pageNumber", "pageSize"),
    (false, "page", "page_size"),
    (true, "skip", "take"),
    (false, "page[number]", "page[size]"),
    (false, "page", "pageSize"),
];

/// Pages without any statement: the usual parameters, to be tried.
pub(super) fn guesses(first: &Page, shape: &Shape, facts: &[Fact<'_>]) -> Vec<Candidate> {
    let mut found = Vec::new();
    let records = shape.records(&first.body);
    let has_flag = facts
        .iter()
        .any(|fact| is_flag(fact) && *fact.value == Json::Bool(true));
    let last_id = records
        .last()
        .and_then(|record| record.get("id"))
        .and_then(Json::as_scalar);
    if let (true, Some(_), Shape::List(path)) = (has_flag, last_id, shape) {
        let mut one = candidate(
            "cursor",
            "a flag says that there is more, and records have an `id`".to_owned(),
        );
        let path = format!(
            "{}[-1].id",
            if path.is_empty() {
                "$".to_owned()
            } else {
                path_text(path)
            }
        );
        one.paginator
            .set("cursor_path", path)
            .set("cursor_param", "starting_after");
        one.doubts
            .push("the parameter `starting_after` is a guess".to_owned());
        found.push(one);
    }
    for (is_offset, one, other) in GUESSES {
        let made = if is_offset {
            offset_candidate
        } else {
            number_candidate
        };
        found.extend(made(
            first,
            records.len(),
            one,
            other,
            "nothing in the page names it",
        ));
    }
    found
}

fn own_size(first: &Page, name: &str) -> Option<u64> {
    first.param(name)?.parse().ok().filter(|size| *size > 0)
}

fn offset_candidate(
    first: &Page,
    records: usize,
    offset: &str,
    limit: &str,
    why: &str,
) -> Option<Candidate> {
    let mut one = candidate("offset", why.to_owned());
    one.paginator
        .set("limit", own_size(first, limit).unwrap_or(SIZE));
    one.paginator
        .set("offset_param", offset)
        .set("limit_param", limit);
    one.doubts.push(format!(
        "the parameters `{offset}` and `{limit}` are a guess"
    ));
    if records < 3 {
        return None;
    }
    Some(one)
}

fn number_candidate(
    first: &Page,
    records: usize,
    page: &str,
    size: &str,
    why: &str,
) -> Option<Candidate> {
    let mut one = candidate("page_number", why.to_owned());
    let stated = first
        .param(page)
        .and_then(|value| value.parse::<u64>().ok());
    one.paginator
        .set("base_page", stated.filter(|page| *page <= 1).unwrap_or(1));
    one.paginator.set("page_param", page);
    one.paginator
        .set("page_size", own_size(first, size).unwrap_or(SIZE))
        .set("page_size_param", size);
    one.doubts
        .push(format!("the parameters `{page}` and `{size}` are a guess"));
    if records < 3 {
        return None;
    }
    Some(one)
}
