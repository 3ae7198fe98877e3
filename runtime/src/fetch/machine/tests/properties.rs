//! What holds for every server that the model can be.

use std::sync::LazyLock;

use proptest::prelude::*;

use super::*;
use crate::shared::Ref::Static;

static BY_FLAG: LazyLock<Ends> = LazyLock::new(|| Ends {
    flag: Some(crate::plan::Flag::at(MORE)),
    ..Ends::COUNTED
});
static LINKED_BY_FLAG: LazyLock<Ends> = LazyLock::new(|| Ends {
    flag: Some(crate::plan::Flag::at(MORE)),
    ..Ends::DEFAULT
});
static LINKED_BY_TOTAL: LazyLock<Ends> = LazyLock::new(|| Ends {
    total_path: Some(TOTAL),
    ..Ends::DEFAULT
});

fn pages() -> impl Strategy<Value = Paginator> {
    let flagged = |limit| Paginator {
        ends: BY_FLAG.clone(),
        ..offset(limit)
    };
    let link = Paginator::new(Pages::HeaderLink {
        header: Static("Link"),
        rel: Static("next"),
    });
    let json_link = Paginator::new(Pages::JsonLink {
        next_url_path: Selector::Path(FIELD),
    });
    prop_oneof![
        Just(offset(10)),
        Just(offset_with_total(10)),
        Just(offset(25)),
        Just(offset_with_total(25)),
        Just(flagged(10)),
        Just(flagged(25)),
        Just(by_number(Ends::COUNTED)),
        Just(by_number(BY_TOTAL.clone())),
        Just(by_number(BY_FLAG.clone())),
        Just(by_cursor()),
        Just(by_cursor_and(LINKED_BY_FLAG.clone())),
        Just(by_cursor_and(LINKED_BY_TOTAL.clone())),
        Just(link.clone()),
        Just(Paginator {
            ends: LINKED_BY_TOTAL.clone(),
            ..link
        }),
        Just(json_link.clone()),
        Just(Paginator {
            ends: LINKED_BY_FLAG.clone(),
            ..json_link
        }),
    ]
}

/// A fate that another attempt may better.
fn stumble() -> impl Strategy<Value = Fate> {
    prop_oneof![
        8 => Just(Fate::Fine),
        1 => Just(Fate::Status(503)),
        1 => Just(Fate::Interrupted),
        1 => (0_u64..50).prop_map(Fate::Throttled),
    ]
}

fn fate() -> impl Strategy<Value = Fate> {
    prop_oneof![
        60 => stumble(),
        1 => Just(Fate::Throttled(3_600)),
        1 => Just(Fate::Status(501)),
        1 => Just(Fate::Broken),
    ]
}

fn servers() -> impl Strategy<Value = Server> {
    let undeclared = prop_oneof![
        Just(Says::Nothing),
        Just(Says::Hint),
        (0_u64..200).prop_map(Says::Lie)
    ];
    let declared = prop_oneof![
        2 => Just(Says::Total),
        1 => (0_u64..200).prop_map(Says::Wrongly)
    ];
    let starts = || proptest::collection::vec(0_u64..120, 0..20);
    let flag = prop_oneof![Just(Flag::Right), Just(Flag::Always)];
    let circle = proptest::option::weighted(0.2, 0_u64..120);
    let fates = proptest::collection::vec(fate(), 0..40);
    let says = (declared, undeclared);
    (
        pages(),
        0_u64..120,
        1_u64..15,
        says,
        flag,
        starts(),
        starts(),
        circle,
        fates,
    )
        .prop_map(
            |(pages, records, cap, (declared, undeclared), flag, short, empty, circle, fates)| {
                // A page's number says nothing of short pages, so such a server has none, and its pages
                // are as long as asked for.
                let numbered = matches!(pages.kind, Pages::Number(_));
                let leads = !numbered && !matches!(pages.kind, Pages::Offset(_));
                let is_declared = pages.ends.total_path.is_some();
                Server {
                    cap: if numbered { 10 } else { cap },
                    short: if numbered { Vec::new() } else { short },
                    says: if is_declared { declared } else { undeclared },
                    flag,
                    empty: if leads { empty } else { Vec::new() },
                    circle: circle.filter(|_| leads),
                    fates,
                    ..Server::new(pages, records)
                }
            },
        )
}

/// Whether a page of this server leads to one that another led to.
fn goes_in_a_circle(server: &Server) -> bool {
    if !server.leads() {
        return false;
    }
    let mut given: Vec<String> = Vec::new();
    let mut next = server.next(&server.page(&Position::First).1);
    while let Some(cursor) = next {
        if given.contains(&cursor) {
            return true;
        }
        next = server.next(&server.page(&Position::Cursor(cursor.clone())).1);
        given.push(cursor);
    }
    false
}

/// Whether an empty page of this server leads to itself, which is the end of a feed that is polled.
fn ends_as_a_feed(server: &Server) -> bool {
    let mut at = Position::First;
    for _ in 0..200 {
        let (_, records) = server.page(&at);
        let Some(next) = server.next(&records).filter(|_| server.leads()) else {
            return false;
        };
        let next = Position::Cursor(next);
        if records.is_empty() && next == at {
            return true;
        }
        at = next;
    }
    false
}

/// The records that a declared total, believed, makes the last.
fn believed(server: &Server) -> Option<u64> {
    match (server.says, server.pages.kind.clone()) {
        (Says::Wrongly(pages), Pages::Number(_)) => Some(pages * server.cap),
        (Says::Wrongly(records), _) => Some(records),
        _ => None,
    }
}

/// Whether the flag that the spec declares says at the end that more follows.
fn flag_lies(server: &Server) -> bool {
    server.flag == Flag::Always && server.pages.ends.flag.is_some()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4 * ProptestConfig::default().cases))]

    #[test]
    fn every_record_comes_once_and_in_order_or_there_is_an_error(
        server in servers(),
        concurrency in 1_u16..6,
        picks in proptest::collection::vec(0_usize..8, 1..20),
    ) {
        let run = drive(&server, machine(server.pages.clone(), concurrency, None), &picks);
        let whole: Vec<u64> = (0..server.records).collect();
        let came = run.records.len() as u64;
        prop_assert!(whole.starts_with(&run.records), "{:?}", run.records);
        prop_assert!(run.most_in_flight <= usize::from(concurrency));
        match run.end {
            // A number that happens to be right, at a page that happens to be short, is a total where
            // nothing says that there is more.
            Ok(_) if server.says == Says::Lie(came)
                && server.pages.ends.flag.is_none() => {}
            // What the spec says is the total is one, also where it is too small.
            Ok(_) if believed(&server) == Some(came) => {}
            Ok(completeness) if completeness.is_incomplete() => {
                let too_large = believed(&server).is_some_and(|total| total > came);
                prop_assert!(
                    too_large || flag_lies(&server) || ends_as_a_feed(&server),
                    "{completeness}"
                );
            }
            Ok(_) if ends_as_a_feed(&server) => {}
            Ok(completeness) => {
                prop_assert!(completeness.is_complete());
                prop_assert_eq!(&run.records, &whole);
                prop_assert!(!goes_in_a_circle(&server));
            }
            Err(error) if *error.kind() == ErrorKind::Paging => {
                let too_small = believed(&server).is_some_and(|total| total < server.records);
                let nothing = server.records == 0 && believed(&server) > Some(0);
                prop_assert!(
                    too_small || nothing || flag_lies(&server) || goes_in_a_circle(&server),
                    "{error}"
                );
            }
            Err(error) => {
                prop_assert!(server.fates.iter().any(|fate| *fate != Fate::Fine), "{error}");
                prop_assert!(error.position().is_some(), "{error}");
            }
        }
    }

    #[test]
    fn a_limit_gives_the_first_records_of_the_same(
        server in servers(),
        concurrency in 1_u16..6,
        limit in 0_u64..130,
        picks in proptest::collection::vec(0_usize..8, 1..20),
    ) {
        let server = Server { fates: Vec::new(), ..server };
        let all = drive(&server, machine(server.pages.clone(), concurrency, None), &picks);
        let some = drive(&server, machine(server.pages.clone(), concurrency, Some(limit)), &picks);
        let wanted = usize::try_from(limit).unwrap().min(all.records.len());
        prop_assert_eq!(&some.records, &all.records[..wanted]);
        if limit < all.records.len() as u64 {
            prop_assert!(some.end.is_ok(), "{:?}", some.end);
        }
    }

    #[test]
    fn a_regular_server_is_asked_as_little_as_can_be_and_once_more_for_each_fault(
        pages in pages(),
        records in 0_u64..120,
        concurrency in 1_u16..6,
        fates in proptest::collection::vec(stumble(), 0..40),
        picks in proptest::collection::vec(0_usize..8, 1..20),
    ) {
        let mut server = Server::new(pages.clone(), records);
        server.says = Says::Total;
        server.fates = fates;
        let run = drive(&server, machine(pages.clone(), concurrency, None), &picks);
        let asked = run.asked.len() as u64;
        prop_assert_eq!((asked, asked - run.tally.retries), (run.tally.requests, {
            let mut once = run.asked.clone();
            once.sort_by_key(ToString::to_string);
            once.dedup();
            once.len() as u64
        }), "what was answered is not asked for again");
        if run.end.is_err() {
            return Ok(());
        }
        let full = records.div_ceil(server.cap);
        // Without a declared end, a last page that is full does not say that it is the last.
        let least = full.max(1);
        let pages_asked = asked - run.tally.retries;
        prop_assert!(pages_asked >= least && pages_asked <= full + 1, "{pages_asked} for {records}");
        let Ends { total_path, flag, .. } = pages.ends;
        let counted = matches!(pages.kind, Pages::Offset(_) | Pages::Number(_));
        if !counted || total_path.is_some() || flag.is_some() {
            prop_assert_eq!(pages_asked, least);
        }
    }
}
