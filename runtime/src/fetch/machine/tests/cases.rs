//! Cases.

use super::*;
use crate::shared::list;

fn message(run: &Run) -> String {
    run.end.as_ref().unwrap_err().to_string()
}

#[test]
fn pages_follow_each_other_to_an_empty_one() {
    let run = run(&Server::new(offset(10), 20));
    assert_eq!(run.records, (0..20).collect::<Vec<_>>());
    assert_eq!(run.asked, [0, 10, 20].map(Position::Offset));
    assert!(run.end.unwrap().is_complete());
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
    assert_eq!(run(&server).waits, [7 * SECOND, SECOND]);

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
    let rules = MachineConfig::new(retry, &resource, 1, None);
    let machine = machine_by(Paginator::DEFAULT, &rules);
    let mut server = Server::new(Paginator::DEFAULT, 5);
    server.fates = vec![Fate::Status(503)];
    assert_eq!(drive(&server, machine, &[0]).tally.requests, 1);
}

#[test]
fn a_status_of_the_end_ends_past_the_first_page_only() {
    let pages = Paginator {
        stop_on_status: list![(404, 404)],
        ..offset(10)
    };
    let machine = || machine(pages.clone(), 1, None);
    let mut server = Server::new(offset(10), 50);
    server.fates = vec![Fate::Fine, Fate::Status(404)];
    let run = drive(&server, machine(), &[0]);
    assert_eq!((run.records.len(), run.end.is_ok()), (10, true));
    server.fates = vec![Fate::Status(404)];
    assert!(drive(&server, machine(), &[0]).end.is_err());
}

#[test]
fn the_most_pages_cut_off_and_no_more_are_asked_for() {
    let pages = Paginator {
        maximum_pages: Some(2),
        ..offset(10)
    };
    let mut server = Server::new(offset(10), 100);
    server.says = Says::Hint;
    let run = drive(&server, machine(pages, 4, None), &[0]);
    assert_eq!((run.records.len(), run.asked.len()), (20, 2));
    assert!(run.end.unwrap().is_bounded());
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
            Step::Send(attempt) => {
                let (facts, records) = server.page(&Position::Offset(0));
                machine.on_response(
                    attempt.id,
                    AttemptOutcome::Page(Box::new(facts), records),
                    now,
                    0.0,
                );
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
        let Step::Send(attempt) = machine.step(now, true) else {
            panic!("nothing to send");
        };
        let (mut facts, records) = server.page(&attempt.position);
        facts.closed = wait;
        machine.on_response(
            attempt.id,
            AttemptOutcome::Page(Box::new(facts), records),
            now,
            0.0,
        );
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
fn a_quota_used_up_drops_no_page_in_flight() {
    let pages = offset_with_total(10);
    let server = Server {
        says: Says::Total,
        ..Server::new(pages.clone(), 90)
    };
    let mut machine = machine(pages, 4, None);
    let now = Now {
        elapsed: Duration::ZERO,
        wall: SystemTime::UNIX_EPOCH,
    };
    let (mut in_flight, mut delivered) = (Vec::new(), Vec::new());
    // The first page, then the last of the four after it, which says that no quota is left.
    let mut closing = [None, Some(3_600 * SECOND)].into_iter();
    let error = loop {
        match machine.step(now, true) {
            Step::Send(attempt) => in_flight.push(attempt),
            Step::Page(records) => delivered.extend(records),
            Step::Wait(_) => {
                let closed = closing.next();
                let at = if closed.is_some() {
                    in_flight.len() - 1
                } else {
                    0
                };
                let attempt = in_flight.remove(at);
                let (mut facts, records) = server.page(&attempt.position);
                facts.closed = closed.flatten();
                machine.on_response(
                    attempt.id,
                    AttemptOutcome::Page(Box::new(facts), records),
                    now,
                    0.0,
                );
            }
            Step::Fail(error) => break error,
            Step::Done(end, _) => panic!("{end:?}"),
        }
    };
    assert!(matches!(error.kind(), ErrorKind::RateLimit { .. }));
    assert_eq!(error.position(), Some(&Position::Offset(50)));
    assert_eq!(delivered, (0..50).collect::<Vec<_>>());
    assert_eq!(machine.tally().requests, 5);
}

#[test]
fn a_quota_used_up_ends_a_page_that_waits_to_be_asked_again() {
    let pages = offset_with_total(10);
    let server = Server {
        says: Says::Total,
        ..Server::new(pages.clone(), 90)
    };
    let mut machine = machine(pages, 2, None);
    let now = Now {
        elapsed: Duration::ZERO,
        wall: SystemTime::UNIX_EPOCH,
    };
    let mut asked = 0;
    let mut in_flight = Vec::new();
    let error = loop {
        match machine.step(now, true) {
            Step::Send(attempt) => in_flight.push(attempt),
            Step::Page(_) => {}
            Step::Wait(_) => {
                let attempt = in_flight.remove(0);
                asked += 1;
                let answer = if asked == 2 {
                    AttemptOutcome::Refused(Box::new(failed_attempt(Fate::Status(503))))
                } else {
                    let (mut facts, records) = server.page(&attempt.position);
                    facts.closed = (asked == 3).then_some(3_600 * SECOND);
                    AttemptOutcome::Page(Box::new(facts), records)
                };
                machine.on_response(attempt.id, answer, now, 0.0);
            }
            Step::Fail(error) => break error,
            Step::Done(end, _) => panic!("{end:?}"),
        }
    };
    assert!(matches!(error.kind(), ErrorKind::RateLimit { .. }));
    assert_eq!(error.position(), Some(&Position::Offset(10)));
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
        if let Step::Send(attempt) = machine.step(now, false) {
            asked += 1;
            let (facts, records) = server.page(&attempt.position);
            machine.on_response(
                attempt.id,
                AttemptOutcome::Page(Box::new(facts), records),
                now,
                0.0,
            );
        }
    }
    assert_eq!(asked, 1);
}

fn with_gap(says: Says) -> Server {
    Server {
        says,
        hidden: vec![10],
        ..Server::new(offset_with_total(10), 40)
    }
}

#[test]
fn an_empty_page_below_the_total_is_requested_again() {
    let mut server = with_gap(Says::Total);
    server.hidden_once = true;
    let run = run(&server);
    assert_eq!(run.records, (0..40).collect::<Vec<_>>());
    assert!(run.end.unwrap().is_complete());
    assert_eq!(run.asked, [0, 10, 10, 20, 30].map(Position::Offset));
}

#[test]
fn an_empty_page_below_the_total_is_passed_over_and_incomplete() {
    let run = run(&with_gap(Says::Total));
    assert_eq!(run.records.len(), 30);
    assert_eq!(run.asked, [0, 10, 10, 20, 30].map(Position::Offset));
    let completeness = run.end.unwrap();
    assert!(completeness.is_incomplete());
    let text = completeness.to_string();
    assert!(
        text.contains("`$.meta.all` states 40 records, 30 arrived"),
        "{text}"
    );
}

#[test]
fn pages_that_stay_empty_below_the_total_end_incomplete() {
    let mut server = Server::new(offset_with_total(10), 10);
    server.says = Says::Wrongly(100);
    let run = run(&server);
    assert_eq!(run.asked, [0, 10, 10, 20, 30].map(Position::Offset));
    assert!(run.end.unwrap().is_incomplete());
}

#[test]
fn a_short_total_is_accepted_where_the_spec_says_so() {
    let mut server = Server::new(offset_with_total(10), 10);
    server.pages.ends.accept_short_total = true;
    server.says = Says::Wrongly(100);
    let run = run(&server);
    assert_eq!(run.asked, [0, 10].map(Position::Offset));
    assert!(run.end.unwrap().is_complete());
}

#[test]
fn an_undeclared_total_that_is_not_reached_is_a_warning() {
    let mut server = Server::new(offset(10), 20);
    server.says = Says::Lie(35);
    let run = run(&server);
    assert!(run.end.unwrap().is_complete());
    let [note] = &run.tally.notes[..] else {
        panic!("{:?}", run.tally.notes);
    };
    assert!(
        note.contains("`$.total` states 35 records, 20 arrived"),
        "{note}"
    );
}

#[test]
fn a_total_is_a_check_of_pages_by_cursor() {
    let ends = Ends {
        total_path: Some(TOTAL),
        ..Ends::DEFAULT
    };
    let mut server = Server::new(by_cursor_and(ends), 25);
    server.says = Says::Total;
    assert!(run(&server).end.unwrap().is_complete());
    server.says = Says::Wrongly(26);
    assert!(run(&server).end.unwrap().is_incomplete());
}

#[test]
fn a_flag_that_says_more_without_a_cursor_is_an_error() {
    let ends = Ends {
        flag: Some(crate::plan::Flag::at(MORE)),
        ..Ends::DEFAULT
    };
    let mut server = Server::new(by_cursor_and(ends), 25);
    server.flag = Flag::Always;
    let run = run(&server);
    assert_eq!(run.records.len(), 25);
    let text = message(&run);
    assert!(
        text.contains("`$.more`") && text.contains("`$.field`"),
        "{text}"
    );
}

#[test]
fn a_limit_that_is_reached_is_bounded_whatever_the_total_says() {
    let mut server = Server::new(offset_with_total(10), 10);
    server.says = Says::Wrongly(100);
    let run = drive(&server, machine(server.pages.clone(), 1, Some(10)), &[0]);
    assert!(run.end.unwrap().is_bounded());
}
