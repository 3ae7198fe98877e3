//! A resource inferred from pages of an API: selector, paginator, key, cursor and columns, each with its evidence.
//!
//! ```
//! use rest_source_import::infer::{Budget, Page, Request, infer};
//!
//! let page = |number: usize| {
//!     let records: Vec<String> = (number * 20..number * 20 + 20)
//!         .map(|id| format!(r#"{{"id": {id}, "name": "n{id}"}}"#))
//!         .collect();
//!     let request = Request {
//!         url: format!("https://api.example.com/things?page={}", number + 1),
//!         ..Request::default()
//!     };
//!     let body = format!(r#"{{"items": [{}]}}"#, records.join(", "));
//!     Page::read(&request, Vec::new(), &body, &mut Budget::default()).unwrap()
//! };
//!
//! let proposal = infer(&[page(0), page(1)], "things").unwrap();
//! let text = proposal.spec("things").unwrap().text();
//! assert!(text.contains("data_selector: items"));
//! assert!(text.contains("type: page_number"));
//! assert!(text.contains("primary_key: id"));
//! ```

mod columns;
mod json;
mod keys;
mod merge;
mod page;
mod paging;
mod prepare;
#[cfg(test)]
mod properties;
mod proposal;
mod selector;
#[cfg(test)]
mod tests;
mod times;
mod trial;
mod values;

use rest_source_codegen::write::Map;

pub use columns::{Column, DataType};
pub use json::{Budget, Json};
pub use merge::{Merged, merge};
pub use page::{Page, Request};
pub use paging::Candidate;
use paging::keys_of_params;
pub use prepare::{
    completed, has_in_endpoint, is_paged, untyped, with_paginator, with_selector, without_uncertain,
};
pub use proposal::{draft, spec_name};
pub use selector::Shape;
pub use trial::{StartTrial, Trial, start_trials, trials};

/// The pages show no resource: what is wrong, and what to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InferError {
    /// What is wrong.
    pub message: String,
    /// What to do.
    pub help: &'static str,
}

impl std::fmt::Display for InferError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}\n  help: {}", self.message, self.help)
    }
}

impl std::error::Error for InferError {}

/// A part of a proposal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding<T> {
    /// What is proposed.
    pub value: T,
    /// What was seen.
    pub evidence: Vec<String>,
    /// What is not certain.
    pub doubts: Vec<String>,
}

impl<T> Finding<T> {
    fn new(value: T, evidence: String) -> Self {
        Self {
            value,
            evidence: vec![evidence],
            doubts: Vec::new(),
        }
    }

    /// The comments of the finding in a spec.
    pub fn comments(&self) -> Vec<String> {
        comments(&self.evidence, &self.doubts)
    }
}

/// The comments in a spec: what was seen, then each doubt.
fn comments(evidence: &[String], doubts: &[String]) -> Vec<String> {
    let seen = (!evidence.is_empty()).then(|| format!("Seen: {}.", evidence.join("; ")));
    let doubts = doubts
        .iter()
        .map(|doubt| format!("{}{doubt}.", crate::NOT_CERTAIN));
    seen.into_iter().chain(doubts).collect()
}

/// What pages of one resource show.
#[derive(Clone, Debug)]
pub struct Proposal {
    /// The request of the first page.
    pub request: Request,
    /// The number of pages.
    pub pages: usize,
    /// The number of records.
    pub records: usize,
    /// Whether the bodies are JSON Lines.
    pub is_lines: bool,
    /// Where the records are.
    pub selector: Finding<Shape>,
    /// How the pages follow each other.
    pub paginator: Finding<Map>,
    /// The paginators that the pages allow, the most certain first.
    pub candidates: Vec<Candidate>,
    /// The keys of the primary key.
    pub key: Option<Finding<Vec<String>>>,
    /// The `incremental` of the endpoint.
    pub cursor: Option<Finding<Map>>,
    /// The columns.
    pub columns: Vec<Column>,
    /// The credentials of the client, where they are known.
    pub auth: Option<Map>,
}

/// Infers a resource from pages of one fetch, in order.
///
/// # Errors
///
/// If the pages have no records.
pub fn infer(pages: &[Page], resource: &str) -> Result<Proposal, InferError> {
    infer_at(pages, resource, None)
}

/// Like [`infer`], with the records at a place that is known.
///
/// # Errors
///
/// If the pages have no records there.
pub fn infer_at(
    pages: &[Page],
    resource: &str,
    shape: Option<&Shape>,
) -> Result<Proposal, InferError> {
    let Some(first) = pages.first() else {
        return Err(InferError {
            message: "there is no page".to_owned(),
            help: "save pages: `rest-source fetch SPEC RESOURCE --save DIR`",
        });
    };
    let selector = match shape {
        Some(shape) => Finding::new(shape.clone(), "the spec names it".to_owned()),
        None => selector::find(pages, resource),
    };
    let shape = &selector.value;
    let records: Vec<&Json> = pages
        .iter()
        .flat_map(|page| shape.records(&page.body))
        .collect();
    if !records.iter().any(|record| !record.members().is_empty()) {
        return Err(no_records(pages, &selector));
    }
    let candidates = paging::candidates(pages, shape);
    let columns = columns::infer(&records);
    let key = keys::primary_key(&records, &columns, resource);
    // Without a key, changed records could not replace what is stored.
    let cursor = key
        .as_ref()
        .and_then(|_| keys::cursor(&records, &columns, first));
    Ok(Proposal {
        request: first.request.clone(),
        pages: pages.len(),
        records: records.len(),
        is_lines: first.is_lines,
        paginator: paging::choose(&candidates, pages, shape),
        candidates,
        key,
        cursor,
        columns,
        auth: None,
        selector,
    })
}

fn no_records(pages: &[Page], selector: &Finding<Shape>) -> InferError {
    let seen = count(pages.len(), "page");
    // A list was found, but not named by a spec, if nothing is certain about it.
    let is_found = !selector.doubts.is_empty();
    let is_object = pages.iter().all(|page| matches!(page.body, Json::Map(_)));
    InferError {
        message: match selector.value.selector() {
            Some(place) if is_found && is_object => {
                format!(
                    "no record in {seen}: the response is one object, whose list `{place}` has none"
                )
            }
            Some(place) => format!("no record in {seen} at `{place}`"),
            None => format!("no record in {seen}"),
        },
        help: "give pages with records, which are JSON objects: an error page or an empty result shows no columns",
    }
}

fn count(count: usize, noun: &str) -> String {
    let s = if count == 1 { "" } else { "s" };
    format!("{count} {noun}{s}")
}

fn path_text(keys: &[String]) -> String {
    let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
    crate::openapi::key_path(&keys)
}
