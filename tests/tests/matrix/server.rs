//! The server of the matrix: it gives the pages of a script, whichever way they are asked for.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

use rest_source_testkit::{Asked, Reply};
use serde_json::{Map, Value, json};

/// The most records of a page.
pub(crate) const LIMIT: usize = 2;

/// A page of a script.
#[derive(Clone, Debug)]
pub(crate) struct Page {
    content: Content,
    /// What it has at `more`.
    flag: Option<bool>,
    has_total: bool,
    lead: Lead,
    /// Whether it has the records of the page before.
    repeats: bool,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Content {
    Records(usize),
    Null,
    Status(u16),
}

/// Where a page leads, by its link or cursor.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Lead {
    /// To the next page, unless it is the last.
    Next,
    Onward,
    Itself,
}

impl Page {
    /// # Errors
    ///
    /// When the text is not a page.
    pub(crate) fn read(text: &str) -> Result<Self, String> {
        let content = text.trim_end_matches(['+', '-', '~', '>', '^', '=']);
        let marks = &text[content.len()..];
        let content = match (content, content.parse()) {
            ("null", _) => Content::Null,
            (_, Ok(status @ 100..)) => Content::Status(status),
            (_, Ok(records)) => Content::Records(records.into()),
            _ => return Err(format!("not a page: {text}")),
        };
        Ok(Self {
            content,
            flag: match (marks.contains('+'), marks.contains('-')) {
                (false, false) => None,
                (more, _) => Some(more),
            },
            has_total: !marks.contains('~'),
            lead: match (marks.contains('>'), marks.contains('^')) {
                (true, _) => Lead::Onward,
                (_, true) => Lead::Itself,
                _ => Lead::Next,
            },
            repeats: marks.contains('='),
        })
    }

    pub(crate) fn records(&self) -> usize {
        match self.content {
            Content::Records(records) => records,
            Content::Null | Content::Status(_) => 0,
        }
    }

    /// By how much an offset moves past it.
    fn width(&self) -> usize {
        match self.records() {
            0 => LIMIT,
            records => records,
        }
    }
}

/// What the pages state of the whole.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Total {
    records: u64,
    pages: u64,
}

impl Total {
    /// # Errors
    ///
    /// When the text is not `6/3`.
    pub(crate) fn read(text: &str) -> Result<Self, String> {
        let numbers = text.split_once('/').and_then(|(records, pages)| {
            let (records, pages) = (records.parse().ok()?, pages.parse().ok()?);
            Some(Self { records, pages })
        });
        numbers.ok_or_else(|| format!("not a total: {text}"))
    }
}

/// How a request says which page it wants.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Address {
    Nothing,
    Offset,
    Page,
    Cursor,
    CursorInBody,
    HeaderCursor,
    Link,
    HeaderLink,
}

/// Where the total is, and what it counts.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Stating {
    pub(crate) in_header: bool,
    pub(crate) counts_pages: bool,
}

impl Stating {
    fn number(self, total: Total) -> u64 {
        if self.counts_pages {
            total.pages
        } else {
            total.records
        }
    }
}

/// A list of records, page by page.
#[derive(Clone, Debug)]
pub(crate) struct List {
    pub(crate) pages: Vec<Page>,
    pub(crate) total: Option<Total>,
    /// The `id` of its first record.
    pub(crate) first_id: i64,
}

impl List {
    /// A list that every paginator and every key reads to its end: one page.
    pub(crate) fn whole(first_id: i64) -> Self {
        Self {
            pages: Page::read("2-").into_iter().collect(),
            total: Total::read("2/1").ok(),
            first_id,
        }
    }

    /// The records of a page: its `day` is the number of the page.
    fn records(&self, number: usize) -> Vec<Value> {
        let page = &self.pages[number];
        let number = number - usize::from(page.repeats);
        let record = |n: usize| {
            let day = i64::try_from(number).unwrap_or_default();
            let id = self.first_id + 10 * day + i64::try_from(n).unwrap_or_default();
            json!({ "id": id, "at": id, "day": day })
        };
        (0..page.records()).map(record).collect()
    }

    /// The `id`s of the first so many records.
    pub(crate) fn ids(&self, records: usize) -> Vec<i64> {
        let all = (0..self.pages.len()).flat_map(|number| self.records(number));
        all.filter_map(|record| record["id"].as_i64())
            .take(records)
            .collect()
    }
}

/// Lists by their paths. Clones share them. Other paths are answered by [`Lists::other`].
#[derive(Clone)]
pub(crate) struct Lists {
    address: Address,
    stating: Stating,
    by_path: Arc<Mutex<BTreeMap<String, List>>>,
}

impl Lists {
    pub(crate) fn new(address: Address, stating: Stating) -> Self {
        Self {
            address,
            stating,
            by_path: Arc::default(),
        }
    }

    /// Serves this list at this path from now on.
    pub(crate) fn serve(&self, path: &str, list: List) {
        let mut lists = self.by_path.lock().unwrap_or_else(PoisonError::into_inner);
        lists.insert(path.to_owned(), list);
    }

    pub(crate) fn answer(&self, asked: &Asked) -> Reply {
        let lists = self.by_path.lock().unwrap_or_else(PoisonError::into_inner);
        match lists.get(asked.path()) {
            Some(list) => self.page(list, asked),
            None => Self::other(asked.path()),
        }
    }

    /// Two boxes, and one note of each parent.
    fn other(path: &str) -> Reply {
        let number = path
            .strip_prefix("/parents/")
            .or_else(|| path.strip_prefix("/owners/"))
            .and_then(|rest| rest.strip_suffix("/notes"));
        match number.map(str::parse::<i64>) {
            Some(Ok(id)) => Reply::json(&json!({ "items": [{ "id": id, "at": id, "day": 0 }] })),
            _ if path == "/boxes" => Reply::json(
                &json!({ "items": [{ "id": 1, "at": 0, "day": 0 }, { "id": 2, "at": 0, "day": 0 }] }),
            ),
            _ => Reply::status(410),
        }
    }

    fn page(&self, list: &List, asked: &Asked) -> Reply {
        let (number, passed) = self.number(list, asked);
        let past = Page {
            content: Content::Records(0),
            repeats: false,
            lead: Lead::Next,
            ..list.pages[list.pages.len() - 1].clone()
        };
        let page = list.pages.get(number).unwrap_or(&past);
        let mut body = Map::new();
        let mut reply = Reply::status(200);
        match page.content {
            Content::Status(status) => reply = Reply::status(status),
            Content::Null => _ = body.insert("items".to_owned(), Value::Null),
            Content::Records(0) => _ = body.insert("items".to_owned(), json!([])),
            Content::Records(_) => {
                let records = list.records(number).into_iter().skip(passed);
                body.insert("items".to_owned(), records.collect());
            }
        }
        if let Some(flag) = page.flag {
            body.insert("more".to_owned(), flag.into());
        }
        if let Some(total) = list.total.filter(|_| page.has_total) {
            let total = self.stating.number(total);
            if self.stating.in_header {
                reply = reply.header("X-Total", total.to_string());
            } else {
                body.insert("total".to_owned(), total.into());
            }
        }
        let next = match page.lead {
            Lead::Itself => Some(number),
            Lead::Onward => Some(number + 1),
            Lead::Next => (number + 1 < list.pages.len()).then_some(number + 1),
        };
        if let Some(next) = next {
            reply = self.lead(next, asked, &mut body, reply);
        }
        if matches!(page.content, Content::Status(_)) {
            return reply;
        }
        let body = Value::Object(body).to_string();
        reply.header("Content-Type", "application/json").body(body)
    }

    /// Adds the cursor or link of the next page, in the body or in a header.
    fn lead(
        &self,
        next: usize,
        asked: &Asked,
        body: &mut Map<String, Value>,
        reply: Reply,
    ) -> Reply {
        let cursor = format!("c{next}");
        let host = asked.header("host").unwrap_or_default();
        let link = format!("http://{host}{}?page={next}", asked.path());
        let in_body = match self.address {
            Address::Cursor | Address::CursorInBody => cursor,
            Address::Link => link,
            Address::HeaderCursor => return reply.header("X-Next", cursor),
            Address::HeaderLink => return reply.header("Link", format!("<{link}>; rel=\"next\"")),
            Address::Nothing | Address::Offset | Address::Page => return reply,
        };
        body.insert("next".to_owned(), in_body.into());
        reply
    }

    /// The number of the page that a request asks for, and how many of its records precede the offset.
    fn number(&self, list: &List, asked: &Asked) -> (usize, usize) {
        let cursor = |text: &str| text.trim_start_matches('c').parse().ok();
        let number = match self.address {
            Address::Nothing => None,
            Address::Offset => {
                let mut rest = asked.number_in("offset").unwrap_or_default();
                for (number, page) in list.pages.iter().enumerate() {
                    if rest < page.width() {
                        return (number, rest);
                    }
                    rest -= page.width();
                }
                return (list.pages.len(), 0);
            }
            Address::Page | Address::Link | Address::HeaderLink => asked.number_in("page"),
            Address::Cursor | Address::HeaderCursor => asked.param("after").and_then(cursor),
            Address::CursorInBody => {
                let body: Value = serde_json::from_str(&asked.body).unwrap_or_default();
                body["after"].as_str().and_then(cursor)
            }
        };
        (number.unwrap_or_default(), 0)
    }
}
