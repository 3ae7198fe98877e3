//! Requests that show whether a proposal is right: of two pages by a paginator, and of changes since a time.

use rest_source_codegen::write::{Map, Node, snake_name};

use super::{Finding, Json, Page, Proposal, Shape, count, paging};

/// How many paginators are tried, and how many parameters of a start.
const TRIALS: (usize, usize) = (16, 8);

/// A paginator to fetch two pages by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trial {
    /// The paginator, with small pages where it sets their size.
    pub paginator: Map,
    /// The number of records of these pages.
    size: Option<usize>,
    evidence: Vec<String>,
}

/// The paginators to try, the likeliest first.
pub fn trials(proposal: &Proposal, first: &Page) -> Vec<Trial> {
    let records = proposal.selector.value.records(&first.body).len();
    let size = match records {
        0..3 => None,
        3..6 => Some(1),
        _ => Some(2),
    };
    let mut trials = Vec::new();
    for candidate in &proposal.candidates {
        let mut trial = Trial {
            paginator: candidate.paginator.clone(),
            size: None,
            evidence: candidate.evidence.clone(),
        };
        let key = size_key(&trial.paginator).filter(|key| trial.paginator.get(key).is_some());
        if let Some(key) = key {
            let Some(size) = size else {
                continue;
            };
            trial.size = Some(size);
            trial.paginator.set(key, size as u64);
            // A small page says that there are more pages in any case.
            if trial.paginator.get("base_page").is_some() {
                let mut other = trial.clone();
                let is_zero = trial.paginator.get("base_page") == Some(&Node::from(0));
                other.paginator.set("base_page", u64::from(is_zero));
                trials.extend([trial, other]);
                continue;
            }
        }
        trials.push(trial);
    }
    trials.truncate(TRIALS.0);
    trials
}

/// The key of the size of a page, if the paginator has one.
fn size_key(paginator: &Map) -> Option<&'static str> {
    match paginator.get("type").and_then(Node::as_text) {
        Some("offset") => Some("limit"),
        Some("page_number") => Some("page_size"),
        _ => None,
    }
}

impl Trial {
    /// The paginator with its evidence, if the two pages that it fetched show that it is right. `first` is the page of a
    /// request without it.
    pub fn judge(&self, first: &Page, pages: &[Page], shape: &Shape) -> Option<Finding<Map>> {
        let [one, two, ..] = pages else {
            return None;
        };
        let all = shape.records(&first.body);
        let (one, two) = (shape.records(&one.body), shape.records(&two.body));
        if two.is_empty() || two.iter().any(|record| one.contains(record)) {
            return None;
        }
        let mut paginator = self.paginator.clone();
        let key = size_key(&paginator);
        let (Some(size), Some(key)) = (self.size, key) else {
            return Some(self.finding(paginator, "a request for page 2 returned other records"));
        };
        let slices = (all.get(..size), all.get(size..2 * size));
        if slices == (Some(&one[..]), Some(&two[..])) {
            paginator.set(key, all.len() as u64);
            let seen = format!(
                "requests for pages of {size} returned the right ones of the first {} records",
                all.len()
            );
            return Some(self.finding(paginator, &seen));
        }
        // The size has no effect, but the number of the page has.
        if one != all {
            return None;
        }
        if key == "page_size" {
            paginator.remove("page_size");
            paginator.remove("page_size_param");
            paginator.remove("page_size_body_path");
        } else {
            paginator.set(key, all.len() as u64);
        }
        Some(self.finding(
            paginator,
            "a request for page 2 returned other records, a size had no effect",
        ))
    }

    fn finding(&self, paginator: Map, seen: &str) -> Finding<Map> {
        let mut evidence = self.evidence.clone();
        evidence.push(seen.to_owned());
        Finding {
            value: paginator,
            evidence,
            doubts: Vec::new(),
        }
    }
}

impl Proposal {
    /// Notes that none of the paginators that were tried fetched a second page. What page 1 states, such as a link, is
    /// still proposed, but is not certain.
    pub fn reject(&mut self, tried: usize, pages: &[Page]) {
        if tried == 0 {
            return;
        }
        if self.candidates.iter().any(|one| one.is_confirmed) {
            let doubt = "no request by it fetched a page 2 with other records";
            self.paginator.doubts.push(doubt.to_owned());
            return;
        }
        self.paginator = paging::single(pages, &self.selector.value);
        let seen = format!(
            "none of {} that were tried fetched a second page",
            count(tried, "paginator")
        );
        self.paginator.evidence.push(seen);
    }
}

/// A parameter that may ask for records since a time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StartTrial {
    /// Its name.
    pub param: String,
    /// A time that divides the records of the first page.
    pub value: String,
    key: String,
}

/// The parameters to try, where a cursor has none yet.
pub fn start_trials(proposal: &Proposal, first: &Page) -> Vec<StartTrial> {
    let Some(cursor) = &proposal.cursor else {
        return Vec::new();
    };
    let key = cursor.value.get("cursor_path").and_then(Node::as_text);
    let (Some(key), None) = (key, cursor.value.get("start_param")) else {
        return Vec::new();
    };
    let records = proposal.selector.value.records(&first.body);
    let mut values: Vec<&Json> = records
        .iter()
        .filter_map(|record| record.get(key))
        .collect();
    values.sort_by(|one, other| Json::cmp_scalars(one, other));
    let Some(value) = values
        .get(values.len() / 2)
        .filter(|value| values.first() != Some(value))
    else {
        return Vec::new();
    };
    let Some(value) = value.as_scalar() else {
        return Vec::new();
    };
    let name = snake_name(key);
    let stem = name
        .strip_suffix("_at")
        .or_else(|| name.strip_suffix("_on"))
        .unwrap_or(&name);
    let names = [
        format!("{stem}_since"),
        "since".to_owned(),
        format!("{stem}_after"),
        format!("{name}_min"),
        format!("{name}[gte]"),
        "modified_since".to_owned(),
        format!("{name}_gte"),
        format!("{name}_from"),
        "start_date".to_owned(),
    ];
    let mut trials: Vec<StartTrial> = Vec::new();
    for param in names {
        if trials.len() < TRIALS.1 && trials.iter().all(|known| known.param != param) {
            trials.push(StartTrial {
                param,
                value: value.to_owned(),
                key: key.to_owned(),
            });
        }
    }
    trials
}

impl StartTrial {
    /// Puts the parameter into the cursor, if the page that was requested with it has no record before the time.
    pub fn judge(&self, cursor: &Finding<Map>, page: &Page, shape: &Shape) -> Option<Finding<Map>> {
        let records = shape.records(&page.body);
        let start = Json::Text(self.value.clone());
        let is_since = |record: &&Json| {
            let value = record.get(&self.key);
            value.is_some_and(|value| Json::cmp_scalars(value, &start).is_ge())
        };
        if records.is_empty() || !records.iter().all(is_since) {
            return None;
        }
        let mut finding = cursor.clone();
        finding.value.set("start_param", self.param.as_str());
        finding.evidence.push(format!(
            "a request with `{}` returned no record before its value",
            self.param
        ));
        finding.doubts.clear();
        Some(finding)
    }
}
