//! The machine driven as a pure function, against a server that is a model.

mod cases;
mod properties;

use std::{sync::LazyLock, time::SystemTime};

use url::Url;

use super::*;
use crate::{
    ErrorKind,
    decode::Probe,
    fetch::{failed_attempt::FailedAttempt, page_fingerprint::PageFingerprint},
    hooks::Hooks,
    plan::{
        Cursor, Ends, Method, Offset, PageNumber, Pages, Paginator, ResourcePlan, Retry, Selector,
    },
    schema::{Path, Step as Key},
    shared::{Ref::Static, list},
    transport::Headers,
};

const SECOND: Duration = Duration::from_secs(1);
const FIELD: Path = Path(list![Key::Key(Static("field"))]);
const TOTAL: Path = Path(list![Key::Key(Static("meta")), Key::Key(Static("all"))]);
const HINT: Path = Path(list![Key::Key(Static("total"))]);
const MORE: Path = Path(list![Key::Key(Static("more"))]);

/// How a server says how much there is.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Says {
    Nothing,
    /// Where the spec says.
    Total,
    /// In a number that no spec declares.
    Hint,
    /// In such a number that means something else.
    Lie(u64),
    /// Where the spec says, whatever the truth is.
    Wrongly(u64),
}

/// What a server says of whether there is more, where the spec asks.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Flag {
    /// The truth.
    Right,
    /// That there is, whatever the truth is.
    Always,
}

/// What befalls an attempt.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Fate {
    Fine,
    Status(u16),
    Interrupted,
    /// 429, with a wait in seconds.
    Throttled(u64),
    /// A page that is none, and would be none again.
    Broken,
}

#[derive(Clone, Debug)]
struct Server {
    pages: Paginator,
    records: u64,
    /// The most records of a page that it gives, whatever is asked.
    cap: u64,
    /// Where in its pages, by the record they start at, it gives fewer.
    short: Vec<u64>,
    says: Says,
    flag: Flag,
    /// Which of its pages, by the record they start at, are empty, and whether only the first time.
    hidden: Vec<u64>,
    hidden_once: bool,
    /// Which of its pages by cursor or link, by the record they start at, are empty at first, and lead
    /// to what they should have held.
    empty: Vec<u64>,
    /// From the page that starts at this record on, but not from the first, a cursor or link leads to
    /// the second page.
    circle: Option<u64>,
    /// What befalls its attempts, in order; fine past the last.
    fates: Vec<Fate>,
}

impl Server {
    fn new(pages: Paginator, records: u64) -> Self {
        Self {
            pages,
            records,
            cap: 10,
            short: Vec::new(),
            hidden: Vec::new(),
            hidden_once: false,
            says: Says::Nothing,
            flag: Flag::Right,
            empty: Vec::new(),
            circle: None,
            fates: Vec::new(),
        }
    }

    fn page(&self, position: &Position) -> (ResponseFacts, std::ops::Range<u64>) {
        let (start, after_empty) = match position {
            Position::First => (0, false),
            Position::Offset(offset) => (*offset, false),
            Position::Page(page) => ((page - 1) * self.cap, false),
            Position::Cursor(text) => place(text),
            Position::CursorNumber(_) | Position::CursorJson(_) => {
                unreachable!("its cursors are text")
            }
            Position::Url(url) => place(url.rsplit('=').next().unwrap()),
        };
        let is_empty_at_first = self.empty.contains(&start) && self.leads() && !after_empty;
        let records = if is_empty_at_first || self.hidden.contains(&start) {
            start..start
        } else {
            start.min(self.records)..self.end(start)
        };
        let next = self.next(&records);
        let total = match (self.says, self.pages.kind.clone()) {
            (Says::Total, Pages::Number(_)) => Some(self.records.div_ceil(self.cap)),
            (Says::Total | Says::Hint, _) => Some(self.records),
            (Says::Lie(number) | Says::Wrongly(number), _) => Some(number),
            (Says::Nothing, _) => None,
        };
        let next_probe = match (self.pages.kind.clone(), &next) {
            (Pages::Cursor(_), Some(next)) => Probe::Text(next.clone()),
            (Pages::JsonLink { .. }, Some(next)) => Probe::Text(format!("?from={next}")),
            _ => Probe::Null,
        };
        let more = self.flag == Flag::Always || records.end < self.records;
        let mut headers = Headers::new();
        if let Some(next) = next {
            headers.push("Link", format!("</things?from={next}>; rel=next"));
        }
        let statements = statements(self.pages.clone());
        let probe = |path: &Path| match total {
            _ if *path == MORE => Probe::Bool(more),
            Some(total) if *path == TOTAL || *path == HINT => Probe::Number(total.to_string()),
            _ => Probe::Missing,
        };
        let mut probes: Vec<Probe> = statements.probes().iter().map(probe).collect();
        probes.push(next_probe);
        let facts = ResponseFacts {
            received: records.end - records.start,
            selected: records.end - records.start,
            probes,
            headers,
            url: Url::parse("https://api.example.com/things").unwrap(),
            request: format!("GET at {position}"),
            fingerprint: PageFingerprint::Keys(records.start),
            no_content: false,
            is_partly_delivered: false,
            is_null: false,
            closed: None,
            failure: None,
        };
        (facts, records)
    }

    /// Whether its pages say where the next is.
    fn leads(&self) -> bool {
        !matches!(self.pages.kind, Pages::Offset(_) | Pages::Number(_))
    }

    /// The record past the page that starts at this one.
    fn end(&self, start: u64) -> u64 {
        let cap = if self.short.contains(&start) {
            self.cap.div_ceil(2)
        } else {
            self.cap
        };
        (start + cap).min(self.records)
    }

    /// Where a page of these records leads.
    fn next(&self, records: &std::ops::Range<u64>) -> Option<String> {
        let more = records.end < self.records;
        if more && self.circle.is_some_and(|from| from.max(1) <= records.start) {
            return Some(self.end(0).to_string());
        }
        let again = if records.is_empty() { "again" } else { "" };
        more.then(|| format!("{}{again}", records.end))
    }
}

/// The record that a cursor stands for, and whether it is what an empty page led to.
fn place(cursor: &str) -> (u64, bool) {
    match cursor.strip_suffix("again") {
        Some(start) => (start.parse().unwrap(), true),
        None => (cursor.parse().unwrap(), false),
    }
}

fn failed_attempt(fate: Fate) -> FailedAttempt {
    let (status, what, told) = match fate {
        Fate::Status(status) => (Some(status), format!("answered {status}"), None),
        Fate::Throttled(wait) => (
            Some(429),
            "answered 429".to_owned(),
            Some(Duration::from_secs(wait)),
        ),
        Fate::Fine | Fate::Broken | Fate::Interrupted => (None, "broke off".to_owned(), None),
    };
    FailedAttempt {
        rule: None,
        is_unserved: false,
        status,
        what,
        told,
        told_all: told,
        throttled: status == Some(429),
        request: "GET".to_owned(),
        detail: None,
        help: None,
        cause: None,
    }
}

/// What a run came to.
#[derive(Debug)]
struct Run {
    records: Vec<u64>,
    asked: Vec<Position>,
    waits: Vec<Duration>,
    most_in_flight: usize,
    end: Result<Completeness>,
    tally: Counters,
}

fn resource(paginator: Paginator) -> ResourcePlan {
    ResourcePlan {
        paginator,
        selector: Selector::Path(Path(list![Key::Key(Static("data"))])),
        ..ResourcePlan::DEFAULT
    }
}

fn statements(paginator: Paginator) -> Statements {
    Statements::new(&resource(paginator))
}

fn machine(
    pages: Paginator,
    concurrency: u16,
    limit: Option<u64>,
) -> Machine<std::ops::Range<u64>> {
    let rules = MachineConfig::new(Retry::DEFAULT, &resource(pages.clone()), concurrency, limit);
    machine_by(pages, &rules)
}

fn machine_by(pages: Paginator, rules: &MachineConfig) -> Machine<std::ops::Range<u64>> {
    Machine::new(
        Hooks::NONE.paginator(&pages).unwrap(),
        statements(pages),
        rules.clone(),
        rules.limit,
        None,
    )
}

/// Drives a machine to its end; `picks` says which of the requests in flight is answered next.
fn drive(server: &Server, mut machine: Machine<std::ops::Range<u64>>, picks: &[usize]) -> Run {
    let mut picks = picks.iter().copied().cycle();
    let mut fates = server.fates.iter().copied();
    let mut in_flight: Vec<Attempt> = Vec::new();
    let mut now = Now {
        elapsed: Duration::ZERO,
        wall: SystemTime::UNIX_EPOCH,
    };
    let mut run = Run {
        records: Vec::new(),
        asked: Vec::new(),
        waits: Vec::new(),
        most_in_flight: 0,
        end: Ok(Completeness::COMPLETE),
        tally: Counters::default(),
    };
    for _ in 0..20_000 {
        match machine.step(now, true) {
            Step::Send(attempt) => {
                run.asked.push(attempt.position.clone());
                in_flight.push(attempt);
                run.most_in_flight = run.most_in_flight.max(in_flight.len());
            }
            Step::Page(records) => {
                let wanted = machine.wanted.unwrap_or(u64::MAX);
                let length = records.end - records.start;
                run.records
                    .extend(records.take(usize::try_from(wanted).unwrap_or(usize::MAX)));
                machine.delivered(length.min(wanted), length > wanted);
            }
            Step::Wait(_) if !in_flight.is_empty() => {
                let pick = picks.next().unwrap_or_default() % in_flight.len();
                let attempt = in_flight.remove(pick);
                let answer = match fates.next().unwrap_or(Fate::Fine) {
                    Fate::Fine => {
                        let mut server = server.clone();
                        if server.hidden_once && attempt.number > 1 {
                            server.hidden.clear();
                        }
                        let (facts, records) = server.page(&attempt.position);
                        AttemptOutcome::Page(Box::new(facts), records)
                    }
                    Fate::Broken => {
                        AttemptOutcome::Broken(Error::new(ErrorKind::Response, "no page"))
                    }
                    fate => AttemptOutcome::Refused(Box::new(failed_attempt(fate))),
                };
                machine.on_response(attempt.id, answer, now, 0.0);
            }
            Step::Wait(Some(time)) => {
                let wait = time.saturating_sub(now.elapsed);
                assert!(!wait.is_zero(), "a wait that is over");
                run.waits.push(wait);
                now.wall += wait;
                now.elapsed = time;
            }
            Step::Wait(None) => panic!("waits for nothing"),
            Step::Done(_, completeness) => {
                run.end = Ok(completeness);
                run.tally = machine.tally().clone();
                return run;
            }
            Step::Fail(error) => {
                run.end = Err(error);
                run.tally = machine.tally().clone();
                return run;
            }
        }
    }
    panic!("does not end");
}

fn run(server: &Server) -> Run {
    drive(server, machine(server.pages.clone(), 1, None), &[0])
}

fn offset(limit: u64) -> Paginator {
    Paginator::new(Pages::Offset(Offset::new(limit)))
}

fn offset_with_total(limit: u64) -> Paginator {
    Paginator {
        ends: BY_TOTAL.clone(),
        ..offset(limit)
    }
}

static BY_TOTAL: LazyLock<Ends> = LazyLock::new(|| Ends {
    total_path: Some(TOTAL),
    ..Ends::COUNTED
});

fn by_number(ends: Ends) -> Paginator {
    let kind = Pages::Number(PageNumber {
        base_page: 1,
        page: 1,
        page_size: Some(10),
        ..PageNumber::DEFAULT
    });
    Paginator {
        ends,
        ..Paginator::new(kind)
    }
}

fn by_cursor() -> Paginator {
    Paginator::new(Pages::Cursor(Cursor {
        cursor_path: Selector::Path(FIELD),
        ..Cursor::DEFAULT
    }))
}

fn by_cursor_and(ends: Ends) -> Paginator {
    Paginator {
        ends,
        ..by_cursor()
    }
}
