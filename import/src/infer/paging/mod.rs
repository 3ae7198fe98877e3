//! How pages follow each other: candidates for the paginator.

mod between;
mod links;
mod numbers;

use rest_source_codegen::write::{Map, Node};

use super::{Finding, Json, Page, Shape, count, path_text};
use between::between;
use links::{body_links, cursors, header_links};
use numbers::{guesses, stated_numbers};

/// How deep values outside of records are looked at, in keys, and how many of them.
const DEPTH: usize = 5;
const VALUES: usize = 2000;

/// A paginator that the pages suggest.
#[derive(Clone, Debug)]
pub struct Candidate {
    /// As a spec has it.
    pub paginator: Map,
    /// What was seen.
    pub evidence: Vec<String>,
    /// What is not certain.
    pub doubts: Vec<String>,
    /// Whether a response or a further page proves it.
    pub is_confirmed: bool,
    /// Whether nothing but its frequent use speaks for it.
    is_guess: bool,
}

/// A scalar of a page outside of its records.
struct Fact<'a> {
    path: Vec<String>,
    value: &'a Json,
}

impl Fact<'_> {
    /// The last key, letters and digits only, in lower case.
    fn name(&self) -> String {
        plain(self.path.last().map_or("", String::as_str))
    }

    fn parent(&self) -> String {
        let parent = self
            .path
            .len()
            .checked_sub(2)
            .and_then(|at| self.path.get(at));
        plain(parent.map_or("", String::as_str))
    }

    fn text(&self) -> String {
        path_text(&self.path)
    }

    /// Whether it is the count of this name, or its `value`.
    fn counts(&self, name: &str) -> bool {
        self.name() == name || self.name() == "value" && self.parent() == name
    }
}

fn plain(text: &str) -> String {
    let letters = text.chars().filter(char::is_ascii_alphanumeric);
    letters.map(|letter| letter.to_ascii_lowercase()).collect()
}

/// The candidates, the most certain first. Pages are those of one fetch, in order.
pub(super) fn candidates(pages: &[Page], shape: &Shape) -> Vec<Candidate> {
    let Some(first) = pages.first() else {
        return Vec::new();
    };
    let facts = facts(&first.body, shape);
    let mut found = Vec::new();
    if let Some(second) = pages.get(1) {
        found.extend(between(first, second, shape, &facts));
    }
    found.extend(header_links(first));
    found.extend(body_links(&facts));
    found.extend(cursors(first, &facts));
    found.extend(stated_numbers(first, shape, &facts));
    let is_open = found.is_empty();
    if is_open {
        let guesses = guesses(first, shape, &facts).into_iter();
        found.extend(guesses.map(|mut guess| {
            guess.is_guess = true;
            guess
        }));
    }
    // What leads to the same page again is no way to the next one.
    if let Some(second) = pages.get(1)
        && shape.records(&first.body) == shape.records(&second.body)
    {
        for one in &mut found {
            one.is_confirmed = false;
            one.doubts.push("page 2 repeats page 1".to_owned());
        }
    }
    let mut seen: Vec<Map> = Vec::new();
    found.retain(|candidate| {
        let is_new = !seen.contains(&candidate.paginator);
        seen.push(candidate.paginator.clone());
        is_new
    });
    for candidate in &mut found {
        add_ends(candidate, first, shape, &facts);
    }
    found.sort_by_key(|candidate| !candidate.is_confirmed);
    found
}

/// All scalars outside of the records.
fn facts<'a>(body: &'a Json, shape: &Shape) -> Vec<Fact<'a>> {
    fn collect<'a>(
        value: &'a Json,
        path: &mut Vec<String>,
        shape: &Shape,
        facts: &mut Vec<Fact<'a>>,
    ) {
        if facts.len() >= VALUES || path.len() > DEPTH {
            return;
        }
        match value {
            Json::Map(members) => {
                let is_records = matches!(shape, Shape::Keyed(_)) && path == shape.path();
                for (key, value) in members.iter().filter(|_| !is_records) {
                    path.push(key.clone());
                    collect(value, path, shape, facts);
                    path.pop();
                }
            }
            Json::List(_) => {}
            value => facts.push(Fact {
                path: path.clone(),
                value,
            }),
        }
    }
    let mut facts = Vec::new();
    if !matches!(shape, Shape::Single(path) if path.is_empty()) {
        collect(body, &mut Vec::new(), shape, &mut facts);
    }
    facts
}

fn candidate(kind: &str, evidence: String) -> Candidate {
    let mut paginator = Map::new();
    paginator.set("type", kind);
    Candidate {
        paginator,
        evidence: vec![evidence],
        doubts: Vec::new(),
        is_confirmed: false,
        is_guess: false,
    }
}

fn is_url(value: &Json) -> bool {
    let text = value.as_text().unwrap_or_default();
    ["http://", "https://", "/", "?"]
        .iter()
        .any(|start| text.starts_with(start))
}

impl Candidate {
    fn kind(&self) -> &str {
        self.paginator
            .get("type")
            .and_then(Node::as_text)
            .unwrap_or_default()
    }
}

/// The paginator to propose: a confirmed candidate, or else one that the pages suggest, with its doubts.
pub(super) fn choose(candidates: &[Candidate], pages: &[Page], shape: &Shape) -> Finding<Map> {
    let best = candidates
        .iter()
        .find(|one| one.is_confirmed || !one.is_guess);
    if let Some(best) = best {
        let mut doubts = best.doubts.clone();
        if !best.is_confirmed && doubts.is_empty() {
            doubts.push("no second page shows that it is right".to_owned());
        }
        return Finding {
            value: best.paginator.clone(),
            evidence: best.evidence.clone(),
            doubts,
        };
    }
    single(pages, shape)
}

/// One page, and how sure that is.
pub(super) fn single(pages: &[Page], shape: &Shape) -> Finding<Map> {
    let mut single = Map::new();
    single.set("type", "single_page");
    let Some(first) = pages.first() else {
        return Finding {
            value: single,
            evidence: Vec::new(),
            doubts: Vec::new(),
        };
    };
    let records = shape.records(&first.body).len() as u64;
    let facts = facts(&first.body, shape);
    let total = total_of(&facts, records);
    match (total, shape) {
        (Some(total), _) if pages.len() == 1 && records > 0 => {
            // A fetch of fewer records than the total is an error.
            single.set("total_path", total.text());
            let stated = total.value.as_count().unwrap_or_default();
            let evidence = format!(
                "`{}` is {stated}, and the page has {}",
                total.text(),
                count(shape.records(&first.body).len(), "record")
            );
            let mut finding = Finding::new(single, evidence);
            if stated > records || says_more(&facts) {
                finding.doubts.push(MORE.to_owned());
            }
            finding
        }
        (_, Shape::Single(_)) => Finding::new(single, "the page is one record".to_owned()),
        _ => {
            let seen = match pages.len() {
                1 => "one page, which does not show that there is another".to_owned(),
                pages => {
                    format!("{pages} pages, whose requests do not show how they follow each other")
                }
            };
            let mut finding = Finding::new(single, seen);
            let doubt = if pages.len() == 1 && says_more(&facts) {
                MORE
            } else {
                "there may be more pages: set the paginator if there are"
            };
            finding.doubts.push(doubt.to_owned());
            finding
        }
    }
}

/// The names of parameters, headers and places of a request that a plan sets.
pub(super) fn keys_of_params(map: &Map) -> Vec<String> {
    let is_place = |key: &str| {
        ["_param", "_header", "_body_path"]
            .iter()
            .any(|end| key.ends_with(end))
    };
    let own = map
        .entries
        .iter()
        .filter(|entry| is_place(&entry.key) && entry.key != "total_header");
    own.filter_map(|entry| entry.value.as_text().map(str::to_owned))
        .collect()
}

fn is_flag(fact: &Fact<'_>) -> bool {
    matches!(
        fact.name().as_str(),
        "hasmore"
            | "hasnext"
            | "hasnextpage"
            | "more"
            | "moreresults"
            | "hasmoreitems"
            | "moreresultsavailable"
            | "hasmorepages"
            | "moreitemsincollection"
    ) && matches!(fact.value, Json::Bool(_))
}

fn is_last_flag(fact: &Fact<'_>) -> bool {
    matches!(
        fact.name().as_str(),
        "islast" | "last" | "lastpage" | "islastpage" | "done" | "finished" | "complete"
    ) && matches!(fact.value, Json::Bool(_))
}

/// Names of the number of all records, the most telling first.
const TOTALS: [&str; 12] = [
    "total",
    "totalcount",
    "totalresults",
    "totalrecords",
    "totalitems",
    "totalsize",
    "totalelements",
    "numfound",
    "nbhits",
    "recordcount",
    "found",
    "count",
];

/// Names of the number of all pages, the most telling first.
const TOTAL_PAGES: [&str; 6] = [
    "totalpages",
    "pagecount",
    "lastpage",
    "pages",
    "numpages",
    "totalpagecount",
];

const MORE: &str =
    "there are more pages, and how they follow each other is not known: set the paginator";

/// The number of all records: one that the page does not reach, or else one that it reaches. A `count` may be that of
/// the page, which proves nothing.
fn total_of<'a, 'b>(facts: &'a [Fact<'b>], records: u64) -> Option<&'a Fact<'b>> {
    let find = |is_total: &dyn Fn(&str, u64) -> bool| {
        TOTALS.iter().find_map(|name| {
            facts.iter().find(|fact| {
                let count = fact.value.as_count();
                fact.counts(name) && count.is_some_and(|count| is_total(name, count))
            })
        })
    };
    find(&|_, count| count > records)
        .or_else(|| find(&|name, count| count == records && name != "count"))
}

/// Whether a page says that it is not the last one.
fn says_more(facts: &[Fact<'_>]) -> bool {
    facts.iter().any(|fact| {
        is_flag(fact) && *fact.value == Json::Bool(true)
            || is_last_flag(fact) && *fact.value == Json::Bool(false)
            || TOTAL_PAGES.iter().any(|name| fact.counts(name))
                && fact.value.as_count().is_some_and(|pages| pages > 1)
    })
}

/// Adds what ends the pages: flags and totals.
fn add_ends(candidate: &mut Candidate, first: &Page, shape: &Shape, facts: &[Fact<'_>]) {
    let kind = candidate.kind().to_owned();
    let is_counted = matches!(kind.as_str(), "offset" | "page_number");
    if let Some(flag) = facts.iter().find(|fact| is_flag(fact)) {
        candidate.paginator.set("has_more_path", flag.text());
        candidate
            .evidence
            .push(format!("`{}` says whether there is more", flag.text()));
    } else if let Some(flag) = facts.iter().find(|fact| is_last_flag(fact)) {
        candidate.paginator.set("last_page_path", flag.text());
        candidate.evidence.push(format!(
            "`{}` says whether it is the last page",
            flag.text()
        ));
    }
    if !is_counted {
        return;
    }
    let records = shape.records(&first.body).len() as u64;
    let total = if kind == "offset" {
        total_of(facts, records)
    } else {
        let mut names = TOTAL_PAGES.iter();
        names.find_map(|name| {
            let is_count = |fact: &&Fact<'_>| fact.counts(name) && fact.value.as_count().is_some();
            facts.iter().find(is_count)
        })
    };
    if let Some(total) = total {
        let counts = if kind == "offset" { "records" } else { "pages" };
        candidate.evidence.push(format!(
            "`{}` states {} {counts}",
            total.text(),
            total.value.as_scalar().unwrap_or_default()
        ));
        candidate.paginator.set("total_path", total.text());
        return;
    }
    let header = first.headers.iter().find(|(name, value)| {
        let name = plain(name);
        let is_named = if kind == "offset" {
            matches!(
                name.as_str(),
                "xtotal" | "xtotalcount" | "totalcount" | "xtotalrecords"
            )
        } else {
            matches!(name.as_str(), "xtotalpages" | "xpages" | "xwptotalpages")
        };
        is_named && value.parse::<u64>().is_ok()
    });
    if let Some((name, value)) = header {
        candidate
            .evidence
            .push(format!("the header `{name}` states {value}"));
        candidate.paginator.set("total_header", name.as_str());
    }
}
