//! What holds for every server that the model can be.

use proptest::prelude::*;

use super::*;

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
