//! What a response states about the whole: how many records or pages exist, and whether more follow.

use super::{End, EndKind, PageFacts, Position, Total, paging};
use crate::{
    completeness::Reason,
    decode::Probe,
    error::{Error, Result},
    pattern,
    plan::{
        AdvanceBy, Ends, Flag, JsonPlan, Offset, Pages, Paginator, Part, ResourcePlan, Selector,
        Template,
    },
    printable::printable,
    report::count,
    schema::{Path, Step},
    shared::{Text, list},
    transport::Headers,
};

/// An undeclared total of this name allows pages to be fetched side by side.
static HINT: Path = Path(list![Step::Key(Text::of("total"))]);

/// Where else APIs state how many records exist. These only lead to warnings.
static UNDECLARED: [Path; 9] = [
    Path(list![Step::Key(Text::of("total_count"))]),
    Path(list![Step::Key(Text::of("totalCount"))]),
    Path(list![Step::Key(Text::of("total_results"))]),
    Path(list![Step::Key(Text::of("totalResults"))]),
    Path(list![Step::Key(Text::of("count"))]),
    Path(list![
        Step::Key(Text::of("meta")),
        Step::Key(Text::of("total"))
    ]),
    Path(list![
        Step::Key(Text::of("meta")),
        Step::Key(Text::of("total_count"))
    ]),
    Path(list![
        Step::Key(Text::of("pagination")),
        Step::Key(Text::of("total"))
    ]),
    Path(list![
        Step::Key(Text::of("pagination")),
        Step::Key(Text::of("total_count"))
    ]),
];

/// The usual headers of an undeclared total.
const UNDECLARED_HEADERS: [&str; 2] = ["X-Total-Count", "Content-Range"];

/// How many empty pages in a row are passed over where a declared total says that more follows.
pub(super) const MAX_EMPTY: u32 = 2;

/// Why pages end at an empty page.
pub(crate) const EMPTY_PAGE: &str = "an empty page";

/// Reads the statements of the pages of one fetch.
#[derive(Debug)]
pub(crate) struct Statements {
    ends: Ends,
    counts_pages: bool,
    /// Whether the total counts records that the API leaves out of its pages.
    counts_filtered: bool,
    is_single: bool,
    probes: Vec<Path>,
    /// The declared total, as a page stated it last.
    total: Option<u64>,
    /// The flag, as a page stated it last.
    has_more: Option<bool>,
    /// The undeclared total, as a page stated it last.
    undeclared: Option<(String, u64)>,
    change_token: Option<ChangeTokens>,
}

/// The tokens of the next fetch.
#[derive(Debug)]
struct ChangeTokens {
    path: Path,
    /// Whether they are links.
    is_link: bool,
    /// The token that a page stated last.
    last: Option<String>,
    /// Whether that was the last page.
    is_of_last_page: bool,
}

/// What a page has of records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Content {
    /// No content (204).
    Nothing,
    /// Null in their place.
    Null,
    /// None of them.
    Empty,
    /// At least one.
    Records,
}

/// What one page states.
#[derive(Debug, Default)]
pub(crate) struct Stated {
    /// The declared total: of this page or, where it has none, of one before.
    pub(crate) total: Option<u64>,
    /// The undeclared number at `total`.
    pub(crate) hint: Option<u64>,
    /// An undeclared total, and where it is.
    undeclared: Option<(String, u64)>,
    /// The declared flag. An unreadable one is an error only where nothing else ends the pages.
    has_more: Option<Result<bool>>,
    /// The flag of this page or, where it has no content, of the page before.
    announced: bool,
    no_content: bool,
    /// The token at which the next fetch starts.
    change_token: Option<String>,
}

impl Stated {
    /// Whether the flag of this page, or of the page before one without content, states that more follows.
    pub(crate) fn announced(&self) -> bool {
        self.announced
    }

    /// Makes the link of the next fetch absolute.
    ///
    /// # Errors
    ///
    /// If it is not a valid URL for requests.
    pub(crate) fn resolve_link(&mut self, page: &PageFacts<'_>, rebases: bool) -> Result<()> {
        let Some(link) = &self.change_token else {
            return Ok(());
        };
        let resolved = if rebases {
            page.rebase(link)?
        } else {
            page.resolve(link)?
        };
        if let Position::Url(url) = resolved {
            self.change_token = Some(url);
        }
        Ok(())
    }

    /// The flag, where it is readable.
    pub(crate) fn has_more(&self) -> Option<bool> {
        self.has_more.as_ref()?.as_ref().ok().copied()
    }

    /// # Errors
    ///
    /// Where the flag is declared and unreadable.
    pub(crate) fn check_flag(&self) -> Result<()> {
        match &self.has_more {
            Some(Err(error)) => Err(error.clone()),
            _ => Ok(()),
        }
    }
}

impl Statements {
    /// For the pages of this resource.
    pub(crate) fn new(resource: &ResourcePlan) -> Self {
        let Paginator { kind, ends, .. } = &resource.paginator;
        let is_single = *kind == Pages::Single;
        // A body that is one record has fields of any name.
        let is_root = matches!(&resource.selector, Selector::Path(path) if path.0.is_empty());
        let has_hints = ends.total_header.is_none() && !(is_single && is_root);
        let change_token = resource.change_token();
        Self {
            ends: ends.clone(),
            counts_pages: matches!(kind, Pages::Number(_)),
            counts_filtered: matches!(
                kind,
                Pages::Offset(Offset {
                    advance_by: AdvanceBy::Limit,
                    ..
                })
            ),
            is_single,
            probes: change_token
                .map(|token| token.path.clone())
                .into_iter()
                .chain(probes(ends, has_hints))
                .collect(),
            total: None,
            has_more: None,
            undeclared: None,
            change_token: change_token.map(|token| ChangeTokens {
                path: token.path.clone(),
                is_link: token.is_link,
                last: None,
                is_of_last_page: false,
            }),
        }
    }

    /// The token of the last page that had one, at which the next fetch starts, and whether it was the last page.
    pub(crate) fn change_token(&self) -> Option<(&str, bool)> {
        let tokens = self.change_token.as_ref()?;
        Some((tokens.last.as_deref()?, tokens.is_of_last_page))
    }

    /// The places in a body that [`read`](Self::read) wants.
    pub(crate) fn probes(&self) -> &[Path] {
        &self.probes
    }

    /// Reads what a page states. `probes` is what its body holds at [`probes`](Self::probes), `content` what it has
    /// of records.
    ///
    /// # Errors
    ///
    /// Where a declared total is missing from the first page, or is not a number.
    pub(crate) fn read(
        &self,
        probes: &[Probe],
        headers: &Headers,
        content: Content,
    ) -> Result<Stated> {
        let no_content = content == Content::Nothing;
        let mut probes = probes.iter();
        let change_token = match &self.change_token {
            Some(tokens) => token(probes.next().unwrap_or(&Probe::Missing), tokens)?,
            None => None,
        };
        let flag = self.ends.flag.as_ref().map(|flag| {
            let probe = probes.next().unwrap_or(&Probe::Missing);
            (flag, probe)
        });
        let has_more = match flag {
            // After a page with more, null without the flag states nothing.
            Some((_, probe))
                if no_content
                    || (content == Content::Null
                        && is_absent(probe)
                        && self.has_more == Some(true)) =>
            {
                None
            }
            Some((flag, probe)) => Some(self.has_more(flag, probe)),
            None => None,
        };
        let announced = match &has_more {
            Some(flag) => matches!(flag, Ok(true)),
            None => self.has_more == Some(true),
        };
        let pattern = self.ends.total_pattern.as_deref();
        let in_body = self.ends.total_path.as_ref().map(|path| {
            let probe = probes.next().unwrap_or(&Probe::Missing);
            (total(probe, path, pattern), is_absent(probe))
        });
        let in_header = self.ends.total_header.as_ref().map(|name| {
            let value = headers.get(name);
            (header_total(value, name, pattern), value.is_none())
        });
        let declared = match (in_body, in_header) {
            // The header counts where the body is silent.
            (Some((_, true)), Some(in_header @ (_, false))) => Some(in_header),
            (Some((Ok(body), false)), Some((Ok(header), false))) if body != header => {
                return Err(self.differing_totals(body, header));
            }
            (in_body, in_header) => in_body.or(in_header),
        };
        if let Some((total, is_absent)) = declared {
            return Ok(Stated {
                total: self.or_known(total, is_absent, no_content)?,
                has_more,
                announced,
                no_content,
                change_token,
                ..Stated::default()
            });
        }
        let number = |probe: &Probe| match probe {
            Probe::Number(digits) => whole(digits),
            _ => None,
        };
        let hint = probes.next().and_then(number);
        let elsewhere = || {
            let in_body = UNDECLARED.iter().zip(probes);
            let in_body =
                in_body.filter_map(|(path, probe)| Some((path.to_string(), number(probe)?)));
            let in_header = UNDECLARED_HEADERS.iter().filter_map(|name| {
                let total = header_total(headers.get(name), name, None).ok()?;
                Some(((*name).to_owned(), total))
            });
            in_body.chain(in_header).max_by_key(|(_, total)| *total)
        };
        Ok(Stated {
            hint,
            undeclared: hint
                .map(|total| (HINT.to_string(), total))
                .or_else(elsewhere)
                // A page without records may leave it out.
                .or_else(|| {
                    self.undeclared
                        .clone()
                        .filter(|_| content != Content::Records)
                }),
            has_more,
            announced,
            no_content,
            change_token,
            total: None,
        })
    }

    /// Remembers what a page stated, for those after it.
    pub(crate) fn remember(&mut self, stated: &Stated) {
        self.total = stated.total.or(self.total);
        self.has_more = stated.has_more().or(self.has_more);
        self.undeclared.clone_from(&stated.undeclared);
        if let Some(tokens) = &mut self.change_token {
            tokens.is_of_last_page = stated.change_token.is_some();
            tokens.last = stated.change_token.clone().or(tokens.last.take());
        }
    }

    /// The declared total.
    pub(crate) fn as_total(&self, stated: &Stated) -> Option<Total> {
        Some(self.count_of(stated.total?))
    }

    /// The declared total of records, as a page stated it last.
    pub(crate) fn total_records(&self) -> Option<u64> {
        self.total.filter(|_| !self.counts_pages)
    }

    /// The declared total of the page before, where this one states a smaller one.
    pub(crate) fn fallen_total(&self, stated: &Stated) -> Option<Total> {
        let (before, now) = (self.total?, stated.total?);
        (now < before).then(|| self.count_of(before))
    }

    fn count_of(&self, total: u64) -> Total {
        if self.counts_pages {
            Total::Pages(total)
        } else {
            Total::Records(total)
        }
    }

    /// The declared total, where it has to be reached.
    pub(crate) fn expects(&self, stated: &Stated) -> Option<Total> {
        self.as_total(stated)
            .filter(|_| !self.ends.accept_short_total && !self.counts_filtered)
    }

    /// What the pages lack that ended so: a reason, or a warning.
    ///
    /// # Errors
    ///
    /// Where the flag says that more follows, and the page does not say where.
    pub(crate) fn shortfall(
        &self,
        end: &End,
        stated: &Stated,
        arrived: &Arrived,
    ) -> Result<Shortfall> {
        if matches!(end.kind, EndKind::Bounded | EndKind::OutOfRange) {
            return Ok(Shortfall::None);
        }
        if stated.announced
            && let Some(Flag { path, .. }) = &self.ends.flag
        {
            if end.kind == EndKind::NoNext && stated.has_more().is_some() {
                return Err(paging(format!(
                    "the response says at `{path}` that more follows, but has {}",
                    end.reason
                ))
                .with_help(
                    "name the place of the next cursor or link: it is misspelt, or only some responses have it",
                ));
            }
            return Ok(Shortfall::Missing(Reason::MoreAnnounced(format!(
                "the last response says at `{path}` that more follows ({})",
                end.reason
            ))));
        }
        if let Some(expected) = self.expects(stated)
            && let Some(text) = arrived.lack(expected)
        {
            let place = self.total_place();
            return Ok(match expected {
                Total::Pages(total) if self.counts_records(total, stated, arrived) => {
                    Shortfall::Warning(format!(
                        "warning: {place} states {}, and as many records arrived, on fewer pages: it seems to \
                         count records; remove it, because the total of `page_number` counts pages",
                        count(total, "page")
                    ))
                }
                _ => Shortfall::Missing(Reason::ShortTotal(format!(
                    "{place} states {text} (ended: {})",
                    end.reason
                ))),
            });
        }
        let Some((place, total)) = &stated.undeclared else {
            return Ok(Shortfall::None);
        };
        // A response that is one record may have a total of its own.
        let key = if place.starts_with('$') {
            "total_path"
        } else {
            "total_header"
        };
        let is_plausible = !self.is_single || arrived.received != 1;
        Ok(match arrived.lack(Total::Records(*total)) {
            Some(text) if is_plausible => Shortfall::Warning(format!(
                "warning: `{place}` states {text}; declare it as the total (`{key}`) if it counts \
                 these records"
            )),
            _ => Shortfall::None,
        })
    }

    /// What a status, in place of a page, leaves out: as [`shortfall`](Self::shortfall).
    pub(crate) fn shortfall_without_page(&self, end: &End, arrived: &Arrived) -> Shortfall {
        let stated = Stated {
            total: self.total,
            announced: self.has_more == Some(true),
            undeclared: self.undeclared.clone(),
            ..Stated::default()
        };
        self.shortfall(end, &stated, arrived)
            .unwrap_or(Shortfall::None)
    }

    /// Whether a total of pages most likely is the number of records: as many records arrived, the last page has
    /// content, and the total's name does not contain `page`.
    fn counts_records(&self, total: u64, stated: &Stated, arrived: &Arrived) -> bool {
        arrived.received == total
            && !stated.no_content
            && !self.total_place().to_ascii_lowercase().contains("page")
    }

    fn differing_totals(&self, in_body: u64, in_header: u64) -> Error {
        let (path, header) = (&self.ends.total_path, &self.ends.total_header);
        let path = path.as_ref().map(ToString::to_string).unwrap_or_default();
        let header = header.as_deref().unwrap_or_default();
        paging(format!(
            "the response states two totals: {in_body} at `{path}`, and {in_header} in header `{header}`"
        ))
        .with_help("remove `total_path` or `total_header`: the one that does not count these records")
    }

    fn total_place(&self) -> String {
        match (&self.ends.total_path, &self.ends.total_header) {
            (Some(path), _) => format!("`{path}`"),
            (None, header) => format!("header `{}`", header.as_deref().unwrap_or_default()),
        }
    }

    fn has_more(&self, flag: &Flag, probe: &Probe) -> Result<bool> {
        match (probe, flag.default) {
            (Probe::Missing | Probe::Null, _) if self.has_more.is_some() => Ok(false),
            (Probe::Missing | Probe::Null, Some(default)) => Ok(default),
            (probe, _) => Ok(is_true(flag, probe)? != flag.is_last),
        }
    }

    /// The total of this page, or of one before where this one does not have it.
    fn or_known(
        &self,
        total: Result<u64>,
        is_absent: bool,
        no_content: bool,
    ) -> Result<Option<u64>> {
        match total {
            Ok(total) => Ok(Some(total)),
            Err(_) if is_absent && self.total.is_some() => Ok(self.total),
            Err(_) if is_absent && self.ends.total_default.is_some() => Ok(self.ends.total_default),
            // An API without records may have nothing to count.
            Err(_) if no_content && self.ends.stop_after_empty_page => Ok(None),
            Err(error) => Err(error),
        }
    }
}

/// The places of the flag, and of the declared total or else of those that APIs usually state.
fn probes(ends: &Ends, has_hints: bool) -> Vec<Path> {
    let mut probes = Vec::new();
    probes.extend(ends.flag.as_ref().map(|flag| flag.path.clone()));
    match &ends.total_path {
        Some(path) => probes.push(path.clone()),
        None if has_hints => {
            probes.push(HINT.clone());
            probes.extend(UNDECLARED.iter().cloned());
        }
        None => {}
    }
    probes
}

/// What arrived, to be compared with what was stated.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Arrived {
    /// Records of this fetch.
    pub(crate) received: u64,
    /// Records before its first page; nothing where that is unknown.
    pub(crate) skipped: Option<u64>,
    /// Pages up to the last that had records; nothing where pages have no numbers.
    pub(crate) pages: Option<u64>,
}

impl Arrived {
    /// Says what is missing of a total; nothing where all arrived or that cannot be told.
    fn lack(&self, total: Total) -> Option<String> {
        match total {
            Total::Records(total) => {
                let arrived = self.skipped?.saturating_add(self.received);
                (arrived < total).then(|| format!("{}, {arrived} arrived", count(total, "record")))
            }
            // Many APIs state one page where they have no records.
            Total::Pages(total) if total <= 1 => None,
            Total::Pages(total) => {
                let arrived = self.pages?;
                (arrived < total)
                    .then(|| format!("{}, {arrived} with records arrived", count(total, "page")))
            }
        }
    }
}

/// What is missing at the end of the pages.
#[derive(Debug)]
pub(crate) enum Shortfall {
    None,
    /// An undeclared total says so, which may mean something else.
    Warning(String),
    Missing(Reason),
}

/// The change token of a page. Only the last page of many APIs has one.
fn token(
    probe: &Probe,
    ChangeTokens { path, is_link, .. }: &ChangeTokens,
) -> Result<Option<String>> {
    let (what, expected) = if *is_link {
        ("link", "a URL")
    } else {
        ("token", "text or a number")
    };
    match probe {
        Probe::Number(token) if !is_link => Ok(Some(token.clone())),
        Probe::Text(token) => Ok(Some(token.clone()).filter(|token| !token.is_empty())),
        Probe::Missing | Probe::Null => Ok(None),
        Probe::Number(_) | Probe::Bool(_) | Probe::Json(_) => Err(paging(format!(
            "the {what} of the next fetch at `{path}` is {}, expected {expected}",
            shown(probe)
        ))
        .with_help(format!("name the {what}'s place in `incremental`"))),
    }
}

fn is_absent(probe: &Probe) -> bool {
    matches!(probe, Probe::Missing | Probe::Null)
}

fn total(probe: &Probe, path: &Path, pattern: Option<&str>) -> Result<u64> {
    let found = match probe {
        Probe::Number(text) | Probe::Text(text) => match stated(text, pattern) {
            Some(total) => return Ok(total),
            None => match pattern {
                Some(pattern) => format!("{text:?}, in which `{pattern}` finds no number"),
                None => format!("{text:?}, which is not a non-negative integer"),
            },
        },
        other => shown(other),
    };
    let help =
        "name the total's place in `total_path`, or leave it out: pages then end by themselves";
    let help = if is_absent(probe) {
        format!("{help}; `total_default: 0`, if the API leaves out a total of 0")
    } else {
        help.to_owned()
    };
    Err(paging(format!("the response's total at `{path}` is {found}")).with_help(help))
}

fn header_total(value: Option<&str>, name: &str, pattern: Option<&str>) -> Result<u64> {
    // `items 0-99/250` (RFC 9110, 14.4).
    let is_range = pattern.is_none() && name.eq_ignore_ascii_case("content-range");
    let total = value.map(str::trim).and_then(|value| {
        if is_range {
            total_of_range(value)
        } else {
            stated(value, pattern)
        }
    });
    total.ok_or_else(|| {
        let expected = match pattern {
            _ if is_range => "a range without a total".to_owned(),
            Some(pattern) => format!("in which `{pattern}` finds no number"),
            None => "not a number".to_owned(),
        };
        let found = value.map_or("missing".to_owned(), |v| format!("{v:?}, {expected}"));
        paging(format!(
            "the response's total in header `{name}` is {found}"
        ))
        .with_help("correct `total_header`, or leave it out: pages then end by themselves")
    })
}

/// The total after the last `/` of a range.
fn total_of_range(range: &str) -> Option<u64> {
    let (_, total) = range.rsplit_once('/')?;
    let is_number = total.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| total.parse().ok()).flatten()
}

/// The total in a text.
fn stated(text: &str, pattern: Option<&str>) -> Option<u64> {
    match pattern {
        Some(pattern) => whole(pattern::capture(pattern, text)?),
        None => whole(text),
    }
}

/// Whether a flag is true.
///
/// # Errors
///
/// When it is missing or not a flag: without it a fetch could end too early, or never.
fn is_true(flag: &Flag, probe: &Probe) -> Result<bool> {
    let (key, default) = if flag.is_last {
        ("last_page_path", "true")
    } else {
        ("has_more_path", "false")
    };
    let word = match probe {
        Probe::Bool(value) if flag.values.is_empty() => return Ok(*value),
        Probe::Text(word) | Probe::Number(word) if flag.values.is_empty() => {
            word.to_ascii_lowercase()
        }
        Probe::Bool(_) | Probe::Text(_) | Probe::Number(_) => {
            return Ok(flag.values.iter().any(|value| is_value(value, probe)));
        }
        _ => String::new(),
    };
    match word.as_str() {
        "true" | "1" | "yes" | "y" => Ok(true),
        "false" | "0" | "no" | "n" => Ok(false),
        _ => Err(paging(format!(
            "the response's flag at `{}` is {}, expected true or false",
            flag.path,
            shown(probe)
        ))
        .with_help(format!(
            "correct `{key}`; `has_more_default: {default}`, if the API leaves it out where it is {default}"
        ))),
    }
}

/// Whether a probe found this value.
fn is_value(value: &JsonPlan, probe: &Probe) -> bool {
    match (value, probe) {
        (JsonPlan::Bool(value), Probe::Bool(found)) => value == found,
        (JsonPlan::Number(value), Probe::Number(found)) => {
            value.as_str() == found || value.parse::<f64>().ok() == found.parse::<f64>().ok()
        }
        (JsonPlan::Text(Template(parts)), Probe::Text(found)) => {
            matches!(&**parts, [Part::Text(text)] if text.as_str() == found)
        }
        _ => false,
    }
}

/// The end by a cursor that says that there is no next page. In a header, all cursors are texts.
pub(super) fn last_cursor(ends: &Ends, cursor: &Probe) -> Option<End> {
    let (Probe::Text(text) | Probe::Number(text)) = cursor else {
        return None;
    };
    let is_last = |value: &JsonPlan| match value {
        JsonPlan::Number(_) => is_value(value, &Probe::Number(text.clone())),
        value => is_value(value, cursor),
    };
    let is_last = ends.last_cursors.iter().any(is_last);
    is_last.then(|| End::no_next(format!("the cursor `{}`", printable(text))))
}

/// The key that declares the total.
pub(super) fn total_key(ends: &Ends) -> &'static str {
    match ends.total_header {
        Some(_) if ends.total_path.is_none() => "total_header",
        _ => "total_path",
    }
}

/// The end by what the page itself says and has: a flag that is false, no records, or fewer than `size`.
/// A flag or a declared total that says that more follows outweighs an empty or a short page.
pub(super) fn end(ends: &Ends, page: &PageFacts<'_>, size: Option<u64>) -> Option<End> {
    if page.has_more == Some(false) {
        return Some(End::complete("the response says that no more follows"));
    }
    if page.has_more == Some(true) {
        return None;
    }
    if page.received == 0 && ends.stop_after_empty_page {
        return Some(End::complete(EMPTY_PAGE));
    }
    match size {
        Some(size) if ends.stop_after_short_page && page.received < size => {
            Some(End::complete(format!(
                "a page of {}, less than {size}",
                count(page.received, "record")
            )))
        }
        _ => None,
    }
}

/// Whether an undeclared number is the total: it may mean anything, so it has to equal the records that
/// arrived, and the flag must not contradict it.
pub(super) fn hint_is_reached(page: &PageFacts<'_>, arrived: u64) -> bool {
    page.hint == Some(arrived) && page.has_more != Some(true)
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
        Probe::Json(_) => "a list or an object".to_owned(),
    }
}

#[cfg(test)]
mod tests;
