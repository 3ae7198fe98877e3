//! What may end pages that are counted: totals, has-more, empty and short pages.

use super::{End, PageFacts, Total, paging};
use crate::{
    decode::Probe,
    error::Result,
    plan::Ends,
    schema::{Path, Step},
};

/// Where a total is looked for that no spec declares.
const HINT: Path = Path(&[Step::Key("total")]);

/// What the body is asked for: the total, declared or not, then has-more.
pub(super) fn probes(ends: &Ends) -> Vec<Path> {
    let mut probes = vec![ends.total_path.unwrap_or(HINT)];
    probes.extend(ends.has_more_path);
    probes
}

/// What a page says of the end.
pub(super) struct Said {
    /// The total of the spec's path or header, to be believed.
    pub(super) total: Option<u64>,
    /// A number that may be the total.
    pub(super) hint: Option<u64>,
    /// Whether there is more, where the spec asks; the error of a flag that does not say is one only where
    /// nothing else ends the pages.
    pub(super) has_more: Option<Result<bool>>,
}

impl Said {
    /// Whether the flag says that there is no more.
    pub(super) fn no_more(&self) -> bool {
        matches!(self.has_more, Some(Ok(false)))
    }

    /// Whether a number that no spec declares is the total: it may mean anything, so it has to agree to
    /// the record, and nothing that is declared may speak against it.
    pub(super) fn hints_at(&self, come: u64) -> bool {
        self.hint == Some(come) && matches!(self.has_more, None | Some(Ok(false)))
    }
}

/// Reads what a page says.
pub(super) fn read(ends: &Ends, page: &PageFacts<'_>) -> Result<Said> {
    if page.no_content {
        return without_body(ends, page);
    }
    let probe = page.probes.first().unwrap_or(&Probe::Missing);
    let in_body = match ends.total_path {
        Some(path) => Some(total(probe, &path)?),
        None => None,
    };
    let in_header = match ends.total_header {
        Some(name) => Some(header_total(page, name)?),
        None => None,
    };
    let declared = in_body.or(in_header);
    Ok(Said {
        total: declared,
        hint: match (declared, probe) {
            (None, Probe::Number(digits)) => whole(digits),
            _ => None,
        },
        has_more: ends
            .has_more_path
            .map(|path| has_more(page.probes.get(1), &path)),
    })
}

/// What is known at a page without a body, which cannot say anything: the total that one before it said
/// stands, and so does a flag, which said that there is more.
///
/// # Errors
///
/// When no total is known that the spec declares. Where an empty page is the end it needs none.
fn without_body(ends: &Ends, page: &PageFacts<'_>) -> Result<Said> {
    let is_declared = ends.total_path.is_some() || ends.total_header.is_some();
    let known = page.total.filter(|_| is_declared);
    let in_header = ends
        .total_header
        .filter(|name| page.headers.get(name).is_some())
        .map(|name| header_total(page, name));
    let said = in_header.transpose()?.or(known.map(Total::number));
    if said.is_none() && !ends.stop_after_empty_page {
        if let Some(path) = ends.total_path {
            total(&Probe::Missing, &path)?;
        }
        if let Some(name) = ends.total_header {
            header_total(page, name)?;
        }
    }
    Ok(Said {
        total: said,
        hint: None,
        has_more: None,
    })
}

fn total(probe: &Probe, path: &Path) -> Result<u64> {
    let found = match probe {
        Probe::Number(text) | Probe::Text(text) => match whole(text) {
            Some(total) => return Ok(total),
            None => format!("{text:?}, which is no number of things"),
        },
        other => shown(other),
    };
    Err(
        paging(format!("the response's total at `{path}` is {found}")).with_help(
            "name the total's place in `total_path`, or leave it out: pages then end by themselves",
        ),
    )
}

fn header_total(page: &PageFacts<'_>, name: &str) -> Result<u64> {
    let value = page.headers.get(name);
    value.and_then(|value| whole(value.trim())).ok_or_else(|| {
        let found = value.map_or("missing".to_owned(), |v| format!("{v:?}, no number"));
        paging(format!(
            "the response's total in header `{name}` is {found}"
        ))
        .with_help("correct `total_header`, or leave it out")
    })
}

/// What a has-more flag says.
///
/// # Errors
///
/// When it is missing or no flag: without it a fetch could end too early, or never.
pub(super) fn has_more(probe: Option<&Probe>, path: &Path) -> Result<bool> {
    match probe.unwrap_or(&Probe::Missing) {
        Probe::Bool(more) => Ok(*more),
        Probe::Text(text) if text.eq_ignore_ascii_case("true") => Ok(true),
        Probe::Text(text) if text.eq_ignore_ascii_case("false") => Ok(false),
        Probe::Number(digits) if digits == "1" => Ok(true),
        Probe::Number(digits) if digits == "0" => Ok(false),
        other => Err(paging(format!(
            "the response's flag at `{path}` is {}, where true or false is wanted",
            shown(other)
        ))
        .with_help("correct `has_more_path`, or leave it out")),
    }
}

/// A non-negative whole number, by its digits (`250`, `250.0`, `2.5e2`).
fn whole(text: &str) -> Option<u64> {
    text.parse().ok().or_else(|| {
        let number: f64 = text.parse().ok()?;
        // Past 2^53 a float no longer tells neighbours apart; no total is as large.
        let exact = number.fract() == 0.0 && (0.0..=9_007_199_254_740_992.0).contains(&number);
        // `as` is exact in that range.
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
        exact.then_some(number as u64)
    })
}

/// What a probe found, for a message.
pub(super) fn shown(probe: &Probe) -> String {
    match probe {
        Probe::Missing => "missing".to_owned(),
        Probe::Null => "null".to_owned(),
        Probe::Bool(value) => value.to_string(),
        Probe::Number(digits) => digits.clone(),
        Probe::Text(text) => format!("{text:?}"),
        Probe::Other => "a list or an object".to_owned(),
    }
}

/// What a full page is, and what ends there are by the page's own size.
pub(super) fn by_size(ends: &Ends, page: &PageFacts<'_>, size: Option<u64>) -> Option<End> {
    if page.received == 0 && ends.stop_after_empty_page {
        return Some(End::complete("an empty page"));
    }
    match size {
        Some(size) if ends.stop_after_short_page && page.received < size => Some(End::complete(
            format!("a page of {} records, less than {size}", page.received),
        )),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::whole;

    #[test]
    fn a_total_is_a_whole_number_however_written() {
        for (text, wanted) in [
            ("250", Some(250)),
            ("250.0", Some(250)),
            ("2.5e2", Some(250)),
            ("0", Some(0)),
            ("-1", None),
            ("2.5", None),
            ("NaN", None),
            ("inf", None),
            ("1e400", None),
            ("", None),
            ("many", None),
        ] {
            assert_eq!(whole(text), wanted, "{text}");
        }
    }
}
