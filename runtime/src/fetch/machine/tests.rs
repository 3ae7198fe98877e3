//! The machine driven as a pure function, against a server that is a model.

use std::time::SystemTime;

use proptest::prelude::*;

use super::*;
use crate::{
    ErrorKind,
    decode::Probe,
    paginator,
    plan::{
        Cursor, Ends, Method, Offset, PageNumber, Pages, Paginator, ResourcePlan, Retry,
        Slot as Place,
    },
    schema::{Path, Step as Key},
    transport::Headers,
};

const SECOND: Duration = Duration::from_secs(1);
const FIELD: Path = Path(&[Key::Key("field")]);

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
}

/// What befalls an attempt.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Fate {
    Fine,
    Status(u16),
    Interrupted,
    /// 429, with a wait in seconds.
    Throttled(u64),
}

#[derive(Clone, Debug)]
struct Server {
    pages: Pages,
    records: u64,
    /// The most records of a page that it gives, whatever is asked.
    cap: u64,
    /// Where in its pages, by the record they start at, it gives fewer.
    short: Vec<u64>,
    says: Says,
    /// What befalls its attempts, in order; fine past the last.
    fates: Vec<Fate>,
}

impl Server {
    fn new(pages: Pages, records: u64) -> Self {
        Self {
            pages,
            records,
            cap: 10,
            short: Vec::new(),
            says: Says::Nothing,
            fates: Vec::new(),
        }
    }

    fn page(&self, position: &Position) -> (Facts, std::ops::Range<u64>) {
        let start = match position {
            Position::First => 0,
            Position::Offset(offset) => *offset,
            Position::Page(page) => (page - 1) * self.cap,
            Position::Cursor(from) => from.parse().unwrap(),
            Position::Url(url) => url.rsplit('=').next().unwrap().parse().unwrap(),
        };
        let cap = if self.short.contains(&start) {
            self.cap.div_ceil(2)
        } else {
            self.cap
        };
        let end = (start + cap).min(self.records);
        let records = start.min(end)..end;
        let more = end < self.records;
        let total = match (self.says, self.pages) {
            (Says::Total, Pages::Number(_)) => Some(self.records.div_ceil(self.cap)),
            (Says::Total | Says::Hint, _) => Some(self.records),
            (Says::Lie(number), _) => Some(number),
            (Says::Nothing, _) => None,
        };
        let probe = match self.pages {
            Pages::Cursor(_) if more => Probe::Text(end.to_string()),
            Pages::JsonLink { .. } if more => Probe::Text(format!("?from={end}")),
            Pages::Offset(_) | Pages::Number(_) => {
                total.map_or(Probe::Missing, |total| Probe::Number(total.to_string()))
            }
            _ => Probe::Null,
        };
        let mut headers = Headers::new();
        if more {
            headers.push("Link", format!("</things?from={end}>; rel=next"));
        }
        let facts = Facts {
            received: records.end - records.start,
            probes: vec![probe],
            headers,
            url: Url::parse("https://api.example.com/things").unwrap(),
            request: format!("GET at {position}"),
            fingerprint: start,
            no_content: false,
            closed: None,
            failure: None,
        };
        (facts, records)
    }
}

fn refusal(fate: Fate) -> Refusal {
    let (status, what, told) = match fate {
        Fate::Status(status) => (Some(status), format!("answered {status}"), None),
        Fate::Throttled(wait) => (
            Some(429),
            "answered 429".to_owned(),
            Some(Duration::from_secs(wait)),
        ),
        Fate::Fine | Fate::Interrupted => (None, "broke off".to_owned(), None),
    };
    Refusal {
        status,
        what,
        told,
        throttled: status == Some(429),
        request: "GET".to_owned(),
        detail: None,
    }
}

/// What a run came to.
#[derive(Debug)]
struct Run {
    records: Vec<u64>,
    asked: Vec<Position>,
    waits: Vec<Duration>,
    most_in_flight: usize,
    end: Result<End>,
    tally: Tally,
}

fn machine(pages: Pages, concurrency: u16, limit: Option<u64>) -> Machine<std::ops::Range<u64>> {
    let resource = ResourcePlan {
        paginator: Paginator::new(pages),
        ..ResourcePlan::DEFAULT
    };
    let rules = Rules::new(Retry::DEFAULT, &resource, concurrency, limit);
    Machine::new(paginator::of(&pages), rules, None)
}

/// Drives a machine to its end; `picks` says which of the requests in flight is answered next.
fn drive(server: &Server, mut machine: Machine<std::ops::Range<u64>>, picks: &[usize]) -> Run {
    let mut picks = picks.iter().copied().cycle();
    let mut fates = server.fates.iter().copied();
    let mut in_flight: Vec<Order> = Vec::new();
    let mut now = Now {
        elapsed: Duration::ZERO,
        wall: SystemTime::UNIX_EPOCH,
    };
    let mut run = Run {
        records: Vec::new(),
        asked: Vec::new(),
        waits: Vec::new(),
        most_in_flight: 0,
        end: Ok(End::complete("")),
        tally: Tally::default(),
    };
    for _ in 0..20_000 {
        match machine.step(now, true) {
            Step::Send(order) => {
                run.asked.push(order.position.clone());
                in_flight.push(order);
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
                let order = in_flight.remove(pick);
                let answer = match fates.next().unwrap_or(Fate::Fine) {
                    Fate::Fine => {
                        let (facts, records) = server.page(&order.position);
                        Answer::Page(Box::new(facts), records)
                    }
                    fate => Answer::Refused(Box::new(refusal(fate))),
                };
                machine.heard(order.id, answer, now, 0.0);
            }
            Step::Wait(Some(time)) => {
                let wait = time.saturating_sub(now.elapsed);
                assert!(!wait.is_zero(), "a wait that is over");
                run.waits.push(wait);
                now.wall += wait;
                now.elapsed = time;
            }
            Step::Wait(None) => panic!("waits for nothing"),
            Step::Done(end) => {
                run.end = Ok(end);
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
    drive(server, machine(server.pages, 1, None), &[0])
}

fn offset(limit: u64) -> Pages {
    Pages::Offset(Offset::new(limit))
}

fn offset_with_total(limit: u64) -> Pages {
    let ends = Ends {
        total_path: Some(FIELD),
        ..Ends::DEFAULT
    };
    Pages::Offset(Offset {
        ends,
        ..Offset::new(limit)
    })
}

fn by_number(ends: Ends) -> Pages {
    Pages::Number(PageNumber {
        base_page: 1,
        page: 1,
        page_size: Some(10),
        ends,
        ..PageNumber::DEFAULT
    })
}

fn by_cursor() -> Pages {
    Pages::Cursor(Cursor {
        cursor_path: FIELD,
        cursor: Place::Query("cursor"),
        has_more_path: None,
        stop_after_empty_page: false,
    })
}

fn message(run: &Run) -> String {
    run.end.as_ref().unwrap_err().to_string()
}

#[test]
fn pages_follow_each_other_to_an_empty_one() {
    let run = run(&Server::new(offset(10), 20));
    assert_eq!(run.records, (0..20).collect::<Vec<_>>());
    assert_eq!(run.asked, [0, 10, 20].map(Position::Offset));
    assert!(run.end.unwrap().complete);
}

#[test]
fn nothing_is_asked_past_a_total() {
    let mut server = Server::new(offset_with_total(10), 20);
    server.says = Says::Total;
    assert_eq!(run(&server).asked, [0, 10].map(Position::Offset));
}

#[test]
fn a_short_page_in_the_middle_loses_nothing() {
    let mut server = Server::new(offset(10), 27);
    server.short = vec![10];
    let run = run(&server);
    assert_eq!(run.records, (0..27).collect::<Vec<_>>());
    assert_eq!(run.asked, [0, 10, 15, 25, 27].map(Position::Offset));
}

#[test]
fn a_servers_own_cap_is_noted_and_loses_nothing() {
    let run = run(&Server::new(offset(25), 30));
    assert_eq!(run.records, (0..30).collect::<Vec<_>>());
    assert_eq!(
        run.tally.notes,
        ["the API does not honour the page size 25: it gave 10"]
    );
}

#[test]
fn waits_double_and_three_retries_are_four_requests() {
    let mut server = Server::new(offset(10), 5);
    server.fates = vec![Fate::Status(503); 3];
    let run = run(&server);
    assert_eq!(run.records.len(), 5);
    assert_eq!(run.waits, [2 * SECOND, 4 * SECOND, 8 * SECOND]);
    assert_eq!((run.tally.requests, run.tally.retries), (5, 3));
    assert_eq!(run.tally.waited, 14 * SECOND);
}

#[test]
fn the_fourth_failure_says_how_often_it_was_tried_and_where() {
    let mut server = Server::new(offset(10), 50);
    server.fates = vec![Fate::Fine];
    server.fates.extend([Fate::Status(503); 4]);
    let run = run(&server);
    assert_eq!(run.records, (0..10).collect::<Vec<_>>());
    let error = run.end.as_ref().unwrap_err();
    assert_eq!(*error.kind(), ErrorKind::Status(503));
    assert_eq!(error.position(), Some(&Position::Offset(10)));
    assert!(
        message(&run).starts_with("answered 503 four times"),
        "{}",
        message(&run)
    );
}

#[test]
fn what_the_server_says_is_waited_and_no_longer_than_allowed() {
    let mut server = Server::new(offset(10), 5);
    server.fates = vec![Fate::Throttled(7), Fate::Throttled(1)];
    assert_eq!(run(&server).waits, [7 * SECOND, 4 * SECOND]);

    server.fates = vec![Fate::Throttled(3_600)];
    let run = run(&server);
    assert!(run.waits.is_empty());
    let error = run.end.as_ref().unwrap_err();
    let retry_at = SystemTime::UNIX_EPOCH + 3_600 * SECOND;
    assert_eq!(*error.kind(), ErrorKind::RateLimit { retry_at });
    assert_eq!(error.position(), Some(&Position::Offset(0)));
}

#[test]
fn a_status_that_is_not_listed_is_not_retried() {
    let mut server = Server::new(offset(10), 5);
    server.fates = vec![Fate::Status(501)];
    let run = run(&server);
    assert_eq!(run.tally.requests, 1);
    assert!(
        message(&run).starts_with("answered 501"),
        "{}",
        message(&run)
    );
}

#[test]
fn a_post_that_may_not_be_repeated_is_not() {
    let resource = ResourcePlan {
        method: Method::Post,
        ..ResourcePlan::DEFAULT
    };
    let retry = Retry {
        idempotent: false,
        ..Retry::DEFAULT
    };
    let rules = Rules::new(retry, &resource, 1, None);
    let machine = Machine::new(paginator::of(&Pages::Single), rules, None);
    let mut server = Server::new(Pages::Single, 5);
    server.fates = vec![Fate::Status(503)];
    assert_eq!(drive(&server, machine, &[0]).tally.requests, 1);
}

#[test]
fn a_status_of_the_end_ends_past_the_first_page_only() {
    let resource = ResourcePlan {
        paginator: Paginator {
            stop_on_status: &[(404, 404)],
            ..Paginator::new(offset(10))
        },
        ..ResourcePlan::DEFAULT
    };
    let rules = Rules::new(Retry::DEFAULT, &resource, 1, None);
    let machine = || Machine::new(paginator::of(&offset(10)), rules, None);
    let mut server = Server::new(offset(10), 50);
    server.fates = vec![Fate::Fine, Fate::Status(404)];
    let run = drive(&server, machine(), &[0]);
    assert_eq!((run.records.len(), run.end.is_ok()), (10, true));
    server.fates = vec![Fate::Status(404)];
    assert!(drive(&server, machine(), &[0]).end.is_err());
}

#[test]
fn the_most_pages_cut_off_and_no_more_are_asked_for() {
    let resource = ResourcePlan {
        paginator: Paginator {
            maximum_pages: Some(2),
            ..Paginator::new(offset(10))
        },
        ..ResourcePlan::DEFAULT
    };
    let rules = Rules::new(Retry::DEFAULT, &resource, 4, None);
    let mut server = Server::new(offset(10), 100);
    server.says = Says::Hint;
    let run = drive(
        &server,
        Machine::new(paginator::of(&offset(10)), rules, None),
        &[0],
    );
    assert_eq!((run.records.len(), run.asked.len()), (20, 2));
    assert!(!run.end.unwrap().complete);
}

#[test]
fn a_limit_asks_for_no_more_pages_than_it_needs() {
    for (limit, pages) in [(0, 0), (1, 1), (10, 1), (11, 2), (25, 3)] {
        for concurrency in [1, 8] {
            let mut server = Server::new(offset(10), 100);
            server.says = Says::Hint;
            let run = drive(
                &server,
                machine(offset(10), concurrency, Some(limit)),
                &[1, 0],
            );
            assert_eq!(run.records, (0..limit).collect::<Vec<_>>());
            assert_eq!(run.asked.len(), pages, "{limit} by {concurrency}");
        }
    }
}

#[test]
fn once_the_total_is_known_pages_are_asked_for_side_by_side() {
    let mut server = Server::new(offset(10), 95);
    server.says = Says::Hint;
    let run = drive(&server, machine(offset(10), 4, None), &[3, 1, 0, 2]);
    assert_eq!(run.records, (0..95).collect::<Vec<_>>());
    assert_eq!(run.most_in_flight, 4);
    assert_eq!(run.asked.len(), 10);
}

#[test]
fn a_server_that_ignores_the_offset_is_found_out() {
    let mut machine = machine(offset(10), 1, None);
    let now = Now {
        elapsed: Duration::ZERO,
        wall: SystemTime::UNIX_EPOCH,
    };
    let server = Server::new(offset(10), 50);
    let mut delivered = 0;
    let error = loop {
        match machine.step(now, true) {
            Step::Send(order) => {
                let (facts, records) = server.page(&Position::Offset(0));
                machine.heard(order.id, Answer::Page(Box::new(facts), records), now, 0.0);
            }
            Step::Page(_) => delivered += 1,
            Step::Fail(error) => break error,
            other => panic!("{other:?}"),
        }
    };
    assert_eq!((delivered, error.kind()), (1, &ErrorKind::Paging));
}

#[test]
fn a_quota_used_up_delays_the_next_request() {
    let mut machine = machine(offset(10), 1, None);
    let server = Server::new(offset(10), 50);
    let mut now = Now {
        elapsed: Duration::ZERO,
        wall: SystemTime::UNIX_EPOCH,
    };
    let answer = |machine: &mut Machine<_>, now, wait| {
        let Step::Send(order) = machine.step(now, true) else {
            panic!("nothing to send");
        };
        let (mut facts, records) = server.page(&order.position);
        facts.closed = wait;
        machine.heard(order.id, Answer::Page(Box::new(facts), records), now, 0.0);
        assert!(matches!(machine.step(now, true), Step::Page(_)));
    };
    answer(&mut machine, now, Some(30 * SECOND));
    assert_eq!(machine.closed_until(now), Some(30 * SECOND));
    assert!(matches!(machine.step(now, true), Step::Wait(Some(time)) if time == 30 * SECOND));
    now.elapsed = 30 * SECOND;
    answer(&mut machine, now, Some(3_600 * SECOND));
    let Step::Fail(error) = machine.step(now, true) else {
        panic!("asked sooner than told");
    };
    assert!(matches!(error.kind(), ErrorKind::RateLimit { .. }));
    assert_eq!(error.position(), Some(&Position::Offset(20)));
}

#[test]
fn while_the_stream_is_full_only_the_next_page_is_fetched() {
    let mut machine = machine(by_cursor(), 4, None);
    let server = Server::new(by_cursor(), 50);
    let now = Now {
        elapsed: Duration::ZERO,
        wall: SystemTime::UNIX_EPOCH,
    };
    let mut asked = 0;
    for _ in 0..10 {
        if let Step::Send(order) = machine.step(now, false) {
            asked += 1;
            let (facts, records) = server.page(&order.position);
            machine.heard(order.id, Answer::Page(Box::new(facts), records), now, 0.0);
        }
    }
    assert_eq!(asked, 1);
}

fn pages() -> impl Strategy<Value = Pages> {
    let total = Ends {
        total_path: Some(FIELD),
        ..Ends::DEFAULT
    };
    prop_oneof![
        Just(offset(10)),
        Just(offset_with_total(10)),
        Just(offset(25)),
        Just(by_number(Ends::DEFAULT)),
        Just(by_number(total)),
        Just(by_cursor()),
        Just(Pages::HeaderLink {
            header: "Link",
            rel: "next"
        }),
        Just(Pages::JsonLink {
            next_url_path: FIELD
        }),
    ]
}

fn fate() -> impl Strategy<Value = Fate> {
    prop_oneof![
        6 => Just(Fate::Fine),
        1 => Just(Fate::Status(503)),
        1 => Just(Fate::Interrupted),
        1 => (0_u64..70).prop_map(Fate::Throttled),
    ]
}

fn servers() -> impl Strategy<Value = Server> {
    let says = prop_oneof![
        Just(Says::Nothing),
        Just(Says::Hint),
        (0_u64..200).prop_map(Says::Lie)
    ];
    let short = proptest::collection::vec(0_u64..120, 0..20);
    let fates = proptest::collection::vec(fate(), 0..40);
    (pages(), 0_u64..120, says, short, fates).prop_map(|(pages, records, says, short, fates)| {
        let declared = match pages {
            Pages::Offset(plan) => plan.ends.total_path.is_some(),
            Pages::Number(plan) => plan.ends.total_path.is_some(),
            _ => false,
        };
        Server {
            // A page's number says nothing of short pages, so such a server has none.
            short: if matches!(pages, Pages::Number(_)) {
                Vec::new()
            } else {
                short
            },
            says: if declared { Says::Total } else { says },
            fates,
            ..Server::new(pages, records)
        }
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn every_record_comes_once_and_in_order_or_there_is_an_error(
        server in servers(),
        concurrency in 1_u16..6,
        picks in proptest::collection::vec(0_usize..8, 1..20),
    ) {
        let run = drive(&server, machine(server.pages, concurrency, None), &picks);
        let whole: Vec<u64> = (0..server.records).collect();
        prop_assert!(whole.starts_with(&run.records), "{:?}", run.records);
        prop_assert!(run.most_in_flight <= usize::from(concurrency));
        match run.end {
            // A number that happens to be right, at a page that happens to be short, is a total.
            Ok(_) if server.says == Says::Lie(run.records.len() as u64) => {}
            Ok(end) => {
                prop_assert!(end.complete);
                prop_assert_eq!(&run.records, &whole);
            }
            Err(_) => prop_assert!(!server.fates.is_empty()),
        }
    }

    #[test]
    fn a_regular_server_is_asked_as_little_as_can_be(
        pages in pages(),
        records in 0_u64..120,
        concurrency in 1_u16..6,
        picks in proptest::collection::vec(0_usize..8, 1..20),
    ) {
        let mut server = Server::new(pages, records);
        server.says = Says::Total;
        let run = drive(&server, machine(pages, concurrency, None), &picks);
        let full = records.div_ceil(server.cap);
        // Without a declared total, a last page that is full does not say that it is the last.
        let least = full.max(1);
        let asked = run.asked.len() as u64;
        prop_assert!(asked >= least && asked <= full + 1, "{asked} for {records}");
        let says_its_end = !matches!(
            pages,
            Pages::Offset(Offset { ends: Ends { total_path: None, .. }, .. })
                | Pages::Number(PageNumber { ends: Ends { total_path: None, .. }, .. })
        );
        if says_its_end {
            prop_assert_eq!(asked, least);
        }
    }
}
