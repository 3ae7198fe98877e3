//! What two requests that follow each other have differently.

use rest_source_codegen::write::Map;

use super::{Candidate, Fact, candidate, is_url, plain};
use crate::infer::{
    Json, Page, Shape,
    page::{Place, Sent},
    path_text,
};

/// What the request of a second page tells.
pub(super) fn between(
    first: &Page,
    second: &Page,
    shape: &Shape,
    facts: &[Fact<'_>],
) -> Vec<Candidate> {
    let records = shape.records(&first.body);
    if records.first() == shape.records(&second.body).first() {
        return Vec::new();
    }
    let mut found = Vec::new();
    let url = second.request.url.as_str();
    for fact in facts.iter().filter(|fact| is_url(fact.value)) {
        let text = fact.value.as_text().unwrap_or_default();
        if !url.is_empty() && (url == text || url.ends_with(text)) {
            let mut one = candidate(
                "json_link",
                format!("`{}` was the URL of page 2", fact.text()),
            );
            one.paginator.set("next_url_path", fact.text());
            found.push(one);
        }
    }
    for sent in &second.sent {
        let is_same = |own: &&Sent| own.place == sent.place && own.name == sent.name;
        let old = first
            .sent
            .iter()
            .find(is_same)
            .map(|own| own.value.as_str());
        if old != Some(&sent.value) && !sent.value.is_empty() {
            let change = Change {
                first,
                sent,
                old,
                records: &records,
            };
            found.extend(change.cursor(shape, facts).or_else(|| change.number()));
        }
    }
    // A link or a cursor is sent with what it replaces: an offset in a link is no paginator.
    if found.iter().any(|one| one.kind() == "json_link") {
        found.retain(|one| one.kind() == "json_link");
    }
    for one in &mut found {
        one.is_confirmed = one.doubts.is_empty();
    }
    found
}

/// A value that two requests have differently.
struct Change<'a> {
    first: &'a Page,
    sent: &'a Sent,
    old: Option<&'a str>,
    records: &'a [&'a Json],
}

impl Change<'_> {
    /// The start of evidence.
    fn evidence(&self) -> String {
        format!("page 2 was requested with `{}`", self.sent.name)
    }

    /// Sets the place that a value is sent in.
    fn set(&self, paginator: &mut Map, what: &str) {
        self.sent.set(paginator, what);
    }

    /// The value, if the first page has it.
    fn cursor(&self, shape: &Shape, facts: &[Fact<'_>]) -> Option<Candidate> {
        let value = self.sent.value.as_str();
        let number = value.parse::<u64>().ok();
        let name = plain(&self.sent.name);
        let is_cursor_name = [
            "cursor", "token", "after", "since", "last", "marker", "bookmark", "scroll", "continu",
        ]
        .iter()
        .any(|word| name.contains(word));
        // Small numbers are equal by chance.
        let is_telling = number.map_or(value.len() > 2, |number| number > 1000) || is_cursor_name;
        if !is_telling {
            return None;
        }
        if let Some(fact) = facts
            .iter()
            .find(|fact| fact.value.as_scalar() == Some(value))
        {
            let from = format!("{}, which is `{}` of page 1", self.evidence(), fact.text());
            if fact.name() == "scrollid" {
                let mut one = candidate("scroll", from);
                one.paginator.set("scroll_path", fact.text());
                self.set(&mut one.paginator, "scroll");
                return Some(one);
            }
            let mut one = candidate("cursor", from);
            one.paginator.set("cursor_path", fact.text());
            self.set(&mut one.paginator, "cursor");
            return Some(one);
        }
        if let Some((header, _)) = self.first.headers.iter().find(|(_, own)| own == value) {
            let mut one = candidate(
                "header_cursor",
                format!(
                    "{}, which is the header `{header}` of page 1",
                    self.evidence()
                ),
            );
            one.paginator.set("cursor_key", header.as_str());
            self.set(&mut one.paginator, "cursor");
            return Some(one);
        }
        let Shape::List(path) = shape else {
            return None;
        };
        let members = self.records.last()?.members();
        let (key, _) = members
            .iter()
            .find(|(_, own)| own.as_scalar() == Some(value))?;
        let place = if path.is_empty() {
            "$".to_owned()
        } else {
            path_text(path)
        };
        let mut one = candidate(
            "cursor",
            format!(
                "{}, which is `{key}` of the last record of page 1",
                self.evidence()
            ),
        );
        one.paginator
            .set("cursor_path", format!("{place}[-1].{key}"));
        self.set(&mut one.paginator, "cursor");
        Some(one)
    }

    /// A page number or an offset.
    fn number(&self) -> Option<Candidate> {
        let number: u64 = self.sent.value.parse().ok()?;
        let start: u64 = match self.old {
            Some(old) => old.parse().ok()?,
            None => 0,
        };
        let name = plain(&self.sent.name);
        let step = number.checked_sub(start).filter(|step| *step > 0)?;
        let is_offset = ["offset", "skip", "start", "from", "first"]
            .iter()
            .any(|word| name.contains(word))
            && !name.contains("page");
        let before = self
            .old
            .map_or_else(|| "without it".to_owned(), |old| format!("with {old}"));
        let evidence = format!(
            "page 2 was requested with `{}={number}`, page 1 {before}",
            self.sent.name
        );
        let size = self.size();
        let is_page = step == 1 && !(is_offset && self.records.len() <= 1)
            || self.old.is_none() && number == 2 && self.records.len() > 2;
        let mut one;
        if is_page {
            one = candidate("page_number", evidence);
            one.paginator.set("base_page", number - 1);
            self.set(&mut one.paginator, "page");
            if let Some((size, value)) = size {
                one.paginator.set("page_size", value);
                size.set(&mut one.paginator, "page_size");
            }
        } else {
            one = candidate("offset", evidence);
            one.paginator
                .set("limit", size.map_or(step, |(_, value)| value));
            self.set(&mut one.paginator, "offset");
            if start > 0 {
                one.paginator.set("base_offset", start);
            }
            match size {
                Some((size, _)) => size.set(&mut one.paginator, "limit"),
                None => one.doubts.push(
                    "no parameter of a limit was sent: `limit` may be unknown to the API"
                        .to_owned(),
                ),
            }
        }
        if self.old.is_none() {
            one.paginator.set("inject_on_first_request", false);
        }
        Some(one)
    }

    /// The part of the request that carries the size of a page.
    fn size(&self) -> Option<(&Sent, u64)> {
        let sizes = self
            .first
            .sent
            .iter()
            .filter_map(|sent| Some((sent, sent.value.parse::<u64>().ok()?)));
        let mut sizes = sizes.filter(|(sent, size)| {
            let name = plain(&sent.name);
            let is_named = [
                "limit", "size", "count", "top", "take", "rows", "results", "per", "max",
            ];
            sent.name != self.sent.name
                && sent.place != Place::Header
                && *size > 0
                && *size >= self.records.len() as u64
                && is_named.iter().any(|word| name.contains(word))
        });
        sizes.next()
    }
}

impl Sent {
    /// Sets the key that names where a paginator sends a value.
    fn set(&self, paginator: &mut Map, what: &str) {
        let end = match self.place {
            Place::Query => "param",
            Place::Header => "header",
            Place::Body => "body_path",
        };
        paginator.set(&format!("{what}_{end}"), self.name.as_str());
    }
}
