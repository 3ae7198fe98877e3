//! JSONPath (RFC 9535), and dlt's bare form of it: `data` and `a.b` are `$.data` and `$.a.b`.

mod filter;
mod reader;

use crate::connector::{Path, Step, Text};

use reader::Reader;

/// What a JSONPath is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Parsed {
    /// Keys and indexes only: one place.
    Path(Path),
    /// Anything more, checked, beginning with `$`.
    Query(Text),
}

/// Reads a JSONPath; the reason where it is none.
pub(crate) fn parse(text: &str) -> Result<Parsed, String> {
    if text.starts_with('$') {
        return whole(text, false);
    }
    let with_root = if text.starts_with(['[', '.']) {
        format!("${text}")
    } else {
        format!("$.{text}")
    };
    match whole(&with_root, true)? {
        // What is handed on as a query is read again, by the letter.
        Parsed::Query(_) => whole(&with_root, false),
        path @ Parsed::Path(_) => Ok(path),
    }
}

/// A JSONPath from its `$` on. In a bare one `-` may stand in a name, as people write it.
fn whole(text: &str, is_bare: bool) -> Result<Parsed, String> {
    let mut reader = Reader::new(text, is_bare);
    reader.expect("$")?;
    let mut steps = Vec::new();
    let mut is_path = true;
    while !reader.is_done() {
        match segment(&mut reader)? {
            Segment::Step(step) => steps.push(step),
            Segment::Many => is_path = false,
        }
    }
    Ok(if is_path {
        Parsed::Path(Path(steps.into()))
    } else {
        Parsed::Query(text.to_owned().into())
    })
}

/// Whether a selector tells which rows the API pages: it leads to one list, and then chooses among its
/// elements. Of one that is not valid, yes.
pub(crate) fn tells_rows(text: &str) -> bool {
    let Ok(Parsed::Query(query)) = parse(text) else {
        return true;
    };
    let mut reader = Reader::new(&query, false);
    if reader.expect("$").is_err() {
        return true;
    }
    while !reader.is_done() {
        let start = reader.rest();
        match segment(&mut reader) {
            Ok(Segment::Step(_)) => {}
            Ok(Segment::Many) => {
                let len = start.len() - reader.rest().len();
                return chooses_elements(start.get(..len).unwrap_or_default());
            }
            Err(_) => return true,
        }
    }
    true
}

/// Whether a segment takes elements of a list alone: it does not descend and has no keys.
fn chooses_elements(segment: &str) -> bool {
    if segment.starts_with("..") {
        return false;
    }
    let mut reader = Reader::new(segment, false);
    if !reader.take("[") {
        return true;
    }
    loop {
        reader.blanks();
        if reader.rest().starts_with(['\'', '"']) {
            return false;
        }
        if selector(&mut reader).is_err() {
            return true;
        }
        reader.blanks();
        if !reader.take(",") {
            return true;
        }
    }
}

/// A part of a query.
enum Segment {
    /// To one place.
    Step(Step),
    /// To any number of places.
    Many,
}

/// `.name`, `.*`, `..name`, `[…]`.
fn segment(reader: &mut Reader<'_>) -> Result<Segment, String> {
    if reader.take("..") {
        if reader.rest().starts_with('[') {
            bracketed(reader)?;
        } else if !reader.take("*") {
            reader.name()?;
        }
        return Ok(Segment::Many);
    }
    if reader.rest().starts_with('[') {
        return bracketed(reader);
    }
    reader.expect(".")?;
    if reader.take("*") {
        return Ok(Segment::Many);
    }
    reader
        .name()
        .map(|name| Segment::Step(Step::Key(name.into())))
}

/// `['name']`, `[0]`, `[*]`, `[1:3]`, `[?@.a]`, several of them with commas between.
fn bracketed(reader: &mut Reader<'_>) -> Result<Segment, String> {
    reader.expect("[")?;
    reader.blanks();
    let mut first = selector(reader)?;
    reader.blanks();
    while reader.take(",") {
        reader.blanks();
        selector(reader)?;
        reader.blanks();
        first = Segment::Many;
    }
    reader.expect("]")?;
    Ok(first)
}

fn selector(reader: &mut Reader<'_>) -> Result<Segment, String> {
    match reader.rest().chars().next() {
        Some('\'' | '"') => reader
            .quoted()
            .map(|key| Segment::Step(Step::Key(key.into()))),
        Some('*') => {
            reader.expect("*")?;
            Ok(Segment::Many)
        }
        Some('?') => {
            reader.expect("?")?;
            reader.blanks();
            filter::condition(reader)?;
            Ok(Segment::Many)
        }
        _ => index_or_slice(reader),
    }
}

/// `0`, `-1`, `1:3`, `::2`.
fn index_or_slice(reader: &mut Reader<'_>) -> Result<Segment, String> {
    let start = reader.integer()?;
    reader.blanks();
    if !reader.take(":") {
        let index = start.ok_or_else(|| match reader.rest().chars().next() {
            Some(found) => format!("expected an index or a key in quotes, not `{found}`"),
            None => "it ends where an index or a key in quotes is expected".to_owned(),
        })?;
        return Ok(Segment::Step(Step::Index(index)));
    }
    reader.blanks();
    reader.integer()?;
    reader.blanks();
    if reader.take(":") {
        reader.blanks();
        reader.integer()?;
    }
    Ok(Segment::Many)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(text: &str) -> Vec<Step> {
        match parse(text) {
            Ok(Parsed::Path(Path(steps))) => steps.to_vec(),
            other => panic!("{text}: {other:?}"),
        }
    }

    fn key(name: &str) -> Step {
        Step::Key(name.to_owned().into())
    }

    #[test]
    fn a_bare_word_is_a_key_of_the_root() {
        assert_eq!(path("data"), [key("data")]);
        assert_eq!(path("a.b"), path("$.a.b"));
        assert_eq!(path("$"), []);
        assert_eq!(path("[0].id"), [Step::Index(0), key("id")]);
        assert_eq!(path("paging-info.next"), [key("paging-info"), key("next")]);
        assert_eq!(
            path(r#"$['a b']["c'd"][-1].größe"#),
            [key("a b"), key("c'd"), Step::Index(-1), key("größe")]
        );
        assert_eq!(path(r"$['\u00e9\'\ud83d\ude00']"), [key("é'😀")]);
    }

    #[test]
    fn anything_beyond_keys_and_indexes_is_a_query() {
        for text in [
            "$.*",
            "$..id",
            "$..*",
            "$..[0]",
            "$[*].items",
            "$.a[1:3]",
            "$.a[::-1]",
            "$.a[0,1]",
            "$.a['b','c']",
            "$.a[?@.b]",
            "$.a[?!@.b]",
            "$.a[?(@.b == 'x' || @['c'][0] >= 1.5e3) && !(@.d)]",
            "$.a[?length(@.b) > 3 && match(@.c, 'x.*')]",
            "$.a[?count(@..b) == 1]",
            "$.a[?value(@.b) != null]",
            "$[?$.limit < @.size]",
        ] {
            assert_eq!(parse(text), Ok(Parsed::Query(text.to_owned().into())));
        }
        assert_eq!(parse("items[*]"), Ok(Parsed::Query("$.items[*]".into())));
    }

    #[test]
    fn a_selector_tells_the_rows_by_the_list_that_it_chooses_from() {
        for text in [
            "data",
            "$.data[0].items",
            "$.data[*].items[*]",
            "data.*",
            "$.data[?@.a == 'b'].items",
            "$.data[1:]",
            "$.data[ 0 , 1:2 ]",
            "$.data[*]..items",
            "no path",
        ] {
            assert!(tells_rows(text), "{text}");
        }
        for text in [
            "$..items[*]",
            "$.a..b",
            "$.a['b', 'c'][*]",
            "$.a[0, 'c']",
            "$['a', \"b\"]",
        ] {
            assert!(!tells_rows(text), "{text}");
        }
    }

    #[test]
    fn what_is_no_jsonpath_says_why() {
        for text in [
            "",
            "$.",
            "a..",
            "$a",
            "$.a b",
            "$[",
            "$[]",
            "$[a]",
            "$[01]",
            "$[-0]",
            "$['a]",
            "$['\\x']",
            "$.a-b",
            "a-b[*]",
            "$[?]",
            "$[?@.a ==]",
            "$[?@.a = 1]",
            "$[?@.* == 1]",
            "$[?1]",
            "$[?length(@.a)]",
            "$[?match(@.a)]",
            "$[?nope(@.a)]",
            "$[?count(1) == 1]",
            "$[99999999999]",
            "$.data | length",
        ] {
            assert!(parse(text).is_err(), "{text}: {:?}", parse(text));
        }
        let deep = format!("$[?{}@.a{}]", "(".repeat(10_000), ")".repeat(10_000));
        assert!(parse(&deep).is_err());
        let nested = "$[?@".repeat(10_000);
        assert!(parse(&nested).is_err());
    }
}
