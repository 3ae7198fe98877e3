//! The model of a server: what it holds, how it pages, and how it misbehaves.

use std::sync::{Arc, Mutex};

use rest_source_testkit::{ScriptedTransport, response};
use serde_json::{Map, Value, json};

use crate::plans::{Kind, LIMIT};

const BOXES: i64 = 3;

#[derive(Clone, Debug)]
struct Thing {
    place: i64,
    id: i64,
    at: i64,
    value: i64,
    /// Whether the caller may not see it: pages count it, and leave it out.
    is_hidden: bool,
}

/// How the records of a server change.
#[derive(Clone, Debug)]
pub(crate) enum Change {
    /// New ones, of a later time, or of the latest that there is.
    Insert { records: usize, at_boundary: bool },
    /// One is changed, and has a later time.
    Update(usize),
    /// The latest is changed, and keeps its time.
    UpdateAtBoundary,
    /// New ones that the caller may not see.
    InsertHidden,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Total {
    #[default]
    Right,
    Missing,
    TooLarge,
}

/// How a server misbehaves during one load.
#[derive(Clone, Debug, Default)]
pub(crate) struct Fault {
    /// Pages are shorter than asked for.
    pub(crate) page_cap: Option<usize>,
    pub(crate) total: Total,
    /// No page says whether there is more.
    pub(crate) hides_flag: bool,
    /// This page of a list is empty, every time or at the first request for it.
    pub(crate) empty_page: Option<(usize, bool)>,
    /// This page has the cursor that it was asked for by.
    pub(crate) repeats_cursor: Option<usize>,
    /// This page has no cursor.
    pub(crate) loses_cursor: Option<usize>,
    /// This request and the next fail.
    pub(crate) fails_at: Option<usize>,
    /// Boxes that are not listed.
    pub(crate) absent_parents: Vec<i64>,
    /// Boxes that are listed twice.
    pub(crate) repeated_parents: Vec<i64>,
}

#[derive(Clone)]
pub(crate) struct Server(Arc<Mutex<State>>);

struct State {
    kind: Kind,
    is_append: bool,
    /// Whether it leaves out what is before the start that it is sent.
    filters: bool,
    newest_first: bool,
    things: Vec<Thing>,
    time: i64,
    fault: Fault,
    during: Option<(usize, Change)>,
    requests: usize,
    emptied: Vec<String>,
}

impl Server {
    pub(crate) fn new(kind: Kind, is_append: bool, filters: bool, newest_first: bool) -> Self {
        let mut state = State {
            kind,
            is_append,
            filters,
            newest_first,
            things: Vec::new(),
            time: 0,
            fault: Fault::default(),
            during: None,
            requests: 0,
            emptied: Vec::new(),
        };
        for _ in 0..3 {
            state.change(&Change::Insert {
                records: 5,
                at_boundary: false,
            });
        }
        Self(Arc::new(Mutex::new(state)))
    }

    /// Begins a load.
    pub(crate) fn begin(&self, before: &[Change], during: Option<(usize, Change)>, fault: Fault) {
        let mut state = self.0.lock().unwrap();
        for change in before {
            state.change(change);
        }
        state.fault = fault;
        state.during = during;
        state.requests = 0;
        state.emptied.clear();
    }

    /// A transport to it.
    pub(crate) fn transport(&self) -> ScriptedTransport {
        let state = Arc::clone(&self.0);
        ScriptedTransport::new(move |request| {
            let (status, body) = state.lock().unwrap().answer(&request.url);
            let json = [("Content-Type", "application/json")];
            Ok(response(status, &json, body.to_string()))
        })
    }

    /// What a table of it holds.
    pub(crate) fn held(&self) -> Vec<[i64; 4]> {
        let state = self.0.lock().unwrap();
        let seen = state.things.iter().filter(|thing| !thing.is_hidden);
        let mut rows: Vec<_> = seen
            .map(|thing| [thing.place, thing.id, thing.at, thing.value])
            .collect();
        rows.sort_unstable();
        rows
    }
}

impl State {
    fn change(&mut self, change: &Change) {
        match change {
            Change::Insert {
                records,
                at_boundary,
            } => {
                self.time += i64::from(!at_boundary);
                for _ in 0..*records {
                    self.insert(false);
                }
            }
            // What is not listed by a stable order would be skipped by an offset, or come twice.
            Change::InsertHidden if self.counts_records() => {}
            Change::InsertHidden => self.insert(true),
            // What is appended stays as it is.
            Change::Update(_) | Change::UpdateAtBoundary if self.is_append => {}
            Change::Update(number) => {
                self.time += 1;
                let number = number % self.things.len();
                let thing = &mut self.things[number];
                thing.at = self.time;
                thing.value += 1;
            }
            Change::UpdateAtBoundary => {
                for place in 0..BOXES {
                    let of_place = self.things.iter_mut().filter(|thing| thing.place == place);
                    if let Some(last) = of_place.max_by_key(|thing| thing.at) {
                        last.value += 1;
                    }
                }
            }
        }
    }

    fn insert(&mut self, is_hidden: bool) {
        let id = i64::try_from(self.things.len()).unwrap();
        self.things.push(Thing {
            place: id % BOXES,
            id,
            at: self.time,
            value: 0,
            is_hidden,
        });
    }

    /// Whether the next page is told by the number of records before it.
    fn counts_records(&self) -> bool {
        matches!(self.kind, Kind::CountedOffset | Kind::Offset)
    }

    fn answer(&mut self, url: &str) -> (u16, Value) {
        let number = self.requests;
        self.requests += 1;
        if let Some((_, change)) = self.during.take_if(|(at, _)| *at == number) {
            // A record that moves to the end leaves a place that the next offset skips.
            let moves = matches!(change, Change::Update(_))
                && !matches!(self.kind, Kind::Cursor | Kind::Link);
            if !moves {
                self.change(&change);
            }
        }
        let failing = self.fault.fails_at;
        if failing.is_some_and(|at| number == at || number == at + 1) {
            return (500, json!({ "error": "no" }));
        }
        let (path, query) = url.split_once('?').unwrap_or((url, ""));
        let query = |name: &str| -> Option<&str> {
            query
                .split('&')
                .find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='))
        };
        let segments: Vec<&str> = path.split('/').collect();
        match segments.as_slice() {
            [.., "boxes"] => (200, self.boxes(query("offset"))),
            [.., "boxes", place, "things"] => {
                let place = place.parse().unwrap();
                let since = query("since").and_then(|since| since.parse().ok());
                let position = ["offset", "page", "after"].into_iter().find_map(query);
                (200, self.things(path, place, since, position))
            }
            _ => (404, Value::Null),
        }
    }

    fn boxes(&self, offset: Option<&str>) -> Value {
        let absent = &self.fault.absent_parents;
        let mut ids: Vec<i64> = (0..BOXES).filter(|id| !absent.contains(id)).collect();
        let again = &self.fault.repeated_parents;
        ids.extend(again.iter().filter(|id| !absent.contains(id)));
        let offset: usize = offset.and_then(|offset| offset.parse().ok()).unwrap_or(0);
        let page = ids.iter().skip(offset).take(LIMIT);
        let data: Vec<Value> = page.map(|id| json!({ "id": id })).collect();
        json!({ "data": data, "total": ids.len() })
    }

    fn things(
        &mut self,
        path: &str,
        place: i64,
        since: Option<i64>,
        position: Option<&str>,
    ) -> Value {
        let since = since.filter(|_| self.filters);
        let is_in =
            |thing: &&Thing| thing.place == place && since.is_none_or(|since| thing.at >= since);
        let mut list: Vec<Thing> = self.things.iter().filter(is_in).cloned().collect();
        let is_keyset = matches!(self.kind, Kind::Cursor | Kind::Link);
        if is_keyset {
            list.sort_by_key(|thing| (thing.at, thing.id));
        } else if self.newest_first {
            list.reverse();
        }
        let size = self
            .fault
            .page_cap
            .filter(|_| self.kind != Kind::Number)
            .unwrap_or(LIMIT);
        let begin = match (self.kind, position) {
            (_, None) => 0,
            (Kind::Number, Some(page)) => page.parse::<usize>().unwrap() * LIMIT,
            (Kind::CountedOffset | Kind::Offset, Some(offset)) => offset.parse().unwrap(),
            (Kind::Cursor | Kind::Link, Some(after)) => {
                let (at, id) = after.split_once('.').unwrap();
                let after = (at.parse().unwrap(), id.parse().unwrap());
                list.iter()
                    .filter(|thing| (thing.at, thing.id) <= after)
                    .count()
            }
        };
        let begin = begin.min(list.len());
        let end = (begin + size).min(list.len());
        let has_more = end < list.len();
        let page = &list[begin..end];
        let number = begin / LIMIT;
        let is_seen = |thing: &&Thing| !thing.is_hidden;
        let mut data: Vec<Value> = page
            .iter()
            .filter(is_seen)
            .map(|thing| json!({ "id": thing.id, "at": thing.at, "value": thing.value }))
            .collect();
        if self.is_empty_page(number, place) {
            data.clear();
        }
        let mut body = Map::new();
        body.insert("data".to_owned(), data.into());
        let total = list.iter().filter(is_seen).count();
        match self.fault.total {
            Total::Right => body.insert("total".to_owned(), total.into()),
            Total::TooLarge => body.insert("total".to_owned(), (total + 2).into()),
            Total::Missing => None,
        };
        if !self.fault.hides_flag {
            body.insert("more".to_owned(), has_more.into());
        }
        if is_keyset {
            let next = page
                .last()
                .filter(|_| has_more)
                .map(|last| format!("{}.{}", last.at, last.id));
            let next = match next {
                Some(_) if self.fault.loses_cursor == Some(number) => None,
                Some(_) if self.fault.repeats_cursor == Some(number) => position.map(str::to_owned),
                next => next,
            };
            let next = next.map(|next| match self.kind {
                Kind::Link => {
                    let since = since
                        .map(|since| format!("&since={since}"))
                        .unwrap_or_default();
                    format!("{path}?after={next}{since}")
                }
                _ => next,
            });
            body.insert("next".to_owned(), next.into());
        }
        body.into()
    }

    /// Whether a page is empty that has records. Only where the server says how many there are: nobody could
    /// tell otherwise.
    fn is_empty_page(&mut self, number: usize, place: i64) -> bool {
        let is_told = self.kind != Kind::Number && self.fault.total == Total::Right;
        match self.fault.empty_page {
            Some((page, lasts)) if is_told && page == number => {
                let name = format!("{place}/{number}");
                let is_first = !self.emptied.contains(&name);
                self.emptied.push(name);
                lasts || is_first
            }
            _ => false,
        }
    }
}
