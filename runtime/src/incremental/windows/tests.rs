use std::{cmp::Ordering, sync::LazyLock, time::SystemTime};

use proptest::prelude::*;

use super::*;
use crate::{
    Column, Table, TimeFormat,
    incremental::{RangeEnds, Request, resume},
    plan::{Incremental, Part, ResourcePlan, Template},
    shared::Ref::Static,
    template::Bounds,
};

static TABLE: LazyLock<Table> = LazyLock::new(|| {
    let columns = [
        ("at", Type::TIMESTAMP),
        ("day", Type::Date(TimeFormat::Date)),
    ];
    let columns = columns.map(|(name, data_type)| Column::new(name, data_type));
    Table::new("things", Vec::from(columns).into())
});

/// The windows of this plan, in a fetch that starts at this second.
fn windows(plan: Incremental, now: u64) -> Vec<CursorRange> {
    let resource = ResourcePlan {
        table: TABLE.clone().into(),
        incremental: Some(plan),
        ..ResourcePlan::DEFAULT
    };
    let request = Request {
        resource: &resource,
        table: &resource.table,
        state: None,
        ends: RangeEnds::of_texts(resource.incremental.as_ref().unwrap()),
        is_upsert: false,
        now: SystemTime::UNIX_EPOCH + Duration::from_secs(now),
    };
    let range = resume::range(request, None).unwrap().unwrap();
    Windows::new(&range).unwrap().unwrap().collect()
}

fn text(text: &str) -> Template {
    Template(vec![Part::Text(text.to_owned().into())].into())
}

fn plan(step: &str, initial: &str, end: Option<&str>) -> Incremental {
    let step = match step.split_once('m') {
        Some((months, _)) => WindowStep::Months(months.parse().unwrap()),
        None => WindowStep::Duration(Duration::from_secs(step.parse().unwrap())),
    };
    Incremental {
        column: Some(0),
        initial_value: Some(text(initial)),
        end_value: end.map(text),
        windows: Some(plan::Windows {
            step,
            step_setting: None,
            granularity: None,
        }),
        ..Incremental::DEFAULT
    }
}

fn granularity(seconds: u64, plan: Incremental) -> Incremental {
    let windows = plan.windows.map(|windows| plan::Windows {
        granularity: Some(Duration::from_secs(seconds)),
        ..windows
    });
    Incremental { windows, ..plan }
}

fn sent(windows: &[CursorRange]) -> Vec<String> {
    let sent = windows.iter().map(|window| {
        let Bounds { start, end, .. } = window.bounds().unwrap();
        format!("{} {}", start.unwrap(), end.unwrap())
    });
    sent.collect()
}

#[test]
fn months_are_those_of_the_calendar() {
    let days = Incremental {
        column: Some(1),
        format: TimeFormat::Date,
        ..plan("1m", "2024-01-31", Some("2024-04-15"))
    };
    assert_eq!(
        sent(&windows(days, 0)),
        [
            "2024-01-31 2024-02-29",
            "2024-02-29 2024-03-31",
            "2024-03-31 2024-04-15"
        ]
    );
}

#[test]
fn end_that_the_api_includes_is_one_granularity_before_the_next_start() {
    let days = Incremental {
        column: Some(1),
        end_closed: true,
        format: TimeFormat::Date,
        ..plan("604800", "2024-02-20", Some("2024-03-05"))
    };
    assert_eq!(
        sent(&windows(days, 0)),
        [
            "2024-02-20 2024-02-26",
            "2024-02-27 2024-03-04",
            "2024-03-05 2024-03-05"
        ]
    );
    let times = Incremental {
        end_closed: true,
        format: TimeFormat::EpochSeconds,
        ..plan("100", "1970-01-01T00:00:00Z", None)
    };
    assert_eq!(
        sent(&windows(granularity(1, times), 250)),
        ["0 99", "100 199", "200 250"]
    );
}

#[test]
fn windows_of_days_start_at_one_local_time_across_clock_changes() {
    let local = Incremental {
        format: TimeFormat::Local {
            zone: Static("Europe/Berlin"),
        },
        ..plan(
            "86400",
            "2024-10-25T22:00:00Z",
            Some("2024-10-28T23:00:00Z"),
        )
    };
    let days = [
        "2024-10-26T00:00:00 2024-10-27T00:00:00",
        "2024-10-27T00:00:00 2024-10-28T00:00:00",
        "2024-10-28T00:00:00 2024-10-29T00:00:00",
    ];
    assert_eq!(sent(&windows(local.clone(), 0)), days);
    assert_eq!(sent(&windows(granularity(86_400, local), 0)), days);
}

#[test]
fn no_window_ends_within_a_repeated_hour() {
    let local = Incremental {
        format: TimeFormat::Local {
            zone: Static("Europe/Berlin"),
        },
        ..plan("1800", "2024-10-26T23:30:00Z", Some("2024-10-27T02:30:00Z"))
    };
    assert_eq!(
        sent(&windows(local, 0)),
        [
            "2024-10-27T01:30:00 2024-10-27T03:00:00",
            "2024-10-27T03:00:00 2024-10-27T03:30:00"
        ]
    );
}

#[test]
fn included_end_is_sent_after_a_repeated_hour() {
    let local = Incremental {
        format: TimeFormat::Local {
            zone: Static("Europe/Berlin"),
        },
        end_closed: true,
        ..plan("3600", "2024-10-26T23:00:00Z", Some("2024-10-27T03:00:00Z"))
    };
    let expected = [
        "2024-10-27T01:00:00 2024-10-27T01:59:59",
        "2024-10-27T02:00:00 2024-10-27T03:00:00",
        "2024-10-27T03:00:01 2024-10-27T03:59:59",
        "2024-10-27T04:00:00 2024-10-27T04:00:00",
    ];
    let sent = sent(&windows(granularity(1, local), 2_000_000_000));
    assert_eq!(sent[sent.len() - 2..], expected[2..]);
    assert!(
        sent.iter().all(|window| !window.contains("T02:")),
        "{sent:?}"
    );
}

#[test]
fn start_and_end_are_whole_granules() {
    let hours = |end_closed| Incremental {
        end_closed,
        ..plan("3600", "1970-01-01T00:31:21.5Z", None)
    };
    assert_eq!(
        sent(&windows(granularity(3_600, hours(true)), 5_000)),
        [
            "1970-01-01T00:00:00Z 1970-01-01T00:00:00Z",
            "1970-01-01T01:00:00Z 1970-01-01T01:00:00Z"
        ]
    );
    assert_eq!(
        sent(&windows(granularity(3_600, hours(false)), 5_000)),
        [
            "1970-01-01T00:00:00Z 1970-01-01T01:00:00Z",
            "1970-01-01T01:00:00Z 1970-01-01T02:00:00Z"
        ]
    );
}

#[test]
fn format_bounds_the_halves_of_a_window() {
    let dates = Incremental {
        end_closed: true,
        format: TimeFormat::Date,
        ..plan("1m", "2024-08-14T07:00:00Z", Some("2024-08-16T00:00:00Z"))
    };
    let whole = &windows(dates, 2_000_000_000)[0];
    let [first, second] = whole.window.as_ref().unwrap().halves().unwrap();
    for half in [first, second] {
        assert!(half.window.as_ref().unwrap().halves().is_none());
    }
}

#[test]
fn empty_range_has_no_windows() {
    assert!(windows(plan("60", "2024-01-01T00:00:00Z", None), 0).is_empty());
}

#[test]
fn window_is_halved_down_to_its_granularity() {
    let days = Incremental {
        column: Some(1),
        format: TimeFormat::Date,
        ..plan("259200", "2024-01-01", Some("2024-01-04"))
    };
    let whole = &windows(days, 0)[0];
    let [first, second] = whole.window.as_ref().unwrap().halves().unwrap();
    assert_eq!(
        sent(&[first.clone(), second]),
        ["2024-01-01 2024-01-02", "2024-01-02 2024-01-04"]
    );
    assert!(first.window.as_ref().unwrap().halves().is_none());
}

/// Whether this second is on the right side of a bound.
fn is_past(bound: &Scalar, second: i64, includes: bool, side: Ordering) -> bool {
    let Scalar::Bigint(bound) = bound else {
        panic!("{bound} is not a number");
    };
    let order = second.cmp(bound);
    order == side || (includes && order == Ordering::Equal)
}

fn is_in(window: &CursorRange, second: i64) -> bool {
    let at = Timestamp::from_epoch(second, 0).map(Scalar::Timestamp);
    let compare = |bound: &Option<Scalar>| {
        let bound = bound
            .as_ref()
            .and_then(|bound| bound.compare(at.as_ref()?.as_value()));
        bound.unwrap()
    };
    let (start, end) = (compare(&window.start), compare(&window.end));
    (start == Ordering::Less || window.plan.start_closed && start == Ordering::Equal)
        && (end == Ordering::Greater || window.plan.end_closed && end == Ordering::Equal)
}

/// The windows of one of several loads, in seconds that are sent, and the state after it.
fn load(
    plan: &Incremental,
    state: &mut Option<Scalar>,
    is_upsert: bool,
    now: u64,
) -> Vec<(i64, i64)> {
    let resource = ResourcePlan {
        table: TABLE.clone().into(),
        incremental: Some(plan.clone()),
        ..ResourcePlan::DEFAULT
    };
    let request = Request {
        resource: &resource,
        table: &resource.table,
        state: None,
        ends: RangeEnds::of_texts(plan),
        is_upsert,
        now: SystemTime::UNIX_EPOCH + Duration::from_millis(now),
    };
    let last = state.clone().map(|cursor| ResumePoint {
        cursor,
        seen: Arc::default(),
    });
    let range = resume::range(request, None).unwrap().unwrap().since(last);
    let windows: Vec<_> = Windows::new(&range).unwrap().unwrap().collect();
    if let Some(last) = windows.last() {
        *state = Some(last.window.as_ref().unwrap().resume_at.clone());
    }
    let sent = windows.iter().map(|window| {
        let Bounds { start, end, .. } = window.bounds().unwrap();
        match (start.unwrap(), end.unwrap()) {
            (Scalar::Bigint(start), Scalar::Bigint(end)) => (start, end),
            fraction => panic!("{fraction:?}"),
        }
    });
    sent.collect()
}

proptest! {
    /// Each granule of the range is requested, and kept, in one window; and only there if no cursor tells.
    #[test]
    fn each_instant_is_in_one_window(
        start in 0i64..5_000, length in 0i64..5_000, step in 1u64..900, granularity_of in 1u64..60,
        start_closed: bool, end_closed: bool, has_cursor: bool, has_end: bool, instants in prop::collection::vec(0i64..10_000, 40),
    ) {
        let unit = i64::try_from(granularity_of).unwrap();
        let (start, end) = (start / unit * unit, (start + length) / unit * unit);
        let time = |second| Timestamp::from_epoch(second, 0).unwrap().to_string();
        let step = step.max(granularity_of);
        let plan = Incremental {
            column: has_cursor.then_some(0),
            format: TimeFormat::EpochSeconds,
            start_closed,
            end_closed,
            ..plan(&step.to_string(), &time(start), has_end.then(|| time(end)).as_deref())
        };
        // An end that was given is in the past.
        let now = if has_end { 20_000 } else { end };
        let windows = windows(granularity(granularity_of, plan), u64::try_from(now).unwrap());
        let most = (length + unit) / i64::try_from(step / granularity_of * granularity_of).unwrap() + 1;
        prop_assert!(i64::try_from(windows.len()).unwrap() <= most);
        for (window, after) in windows.iter().zip(windows.iter().skip(1)) {
            prop_assert_eq!(&window.end, &after.start);
        }
        for second in instants.into_iter().map(|second| second / unit * unit) {
            // The granule of the time of the fetch is not over: it is requested where it can be requested again.
            let has_last = if has_end { end_closed } else { has_cursor };
            let is_wanted = (second > start || start_closed && second == start)
                && (second < end || has_last && second == end);
            let requested: Vec<_> = windows.iter().filter(|window| {
                let Bounds { start, end, .. } = window.bounds().unwrap();
                is_past(&start.unwrap(), second, start_closed, Ordering::Greater)
                    && is_past(&end.unwrap(), second, end_closed, Ordering::Less)
            }).collect();
            let kept = requested.iter().filter(|window| is_in(window, second)).count();
            prop_assert_eq!(kept, usize::from(is_wanted), "{}", second);
            if !has_cursor {
                prop_assert_eq!(requested.len(), usize::from(is_wanted), "{}", second);
            }
        }
    }

    /// Without a cursor, loads after each other request each granule once if they append, and otherwise each one
    /// again until it is over. They send whole granules, and no start after an end.
    #[test]
    fn each_granule_is_in_a_load_after_it_is_over(
        start in 0i64..5_000, step in 1u64..900, granularity_of in 1u64..60,
        start_closed: bool, end_closed: bool, is_upsert: bool, waits in prop::collection::vec(1u64..400_000, 1..6),
    ) {
        let unit = i64::try_from(granularity_of).unwrap();
        let plan = Incremental {
            column: None,
            format: TimeFormat::EpochSeconds,
            start_closed,
            end_closed,
            ..plan(&step.max(granularity_of).to_string(), &Timestamp::from_epoch(start, 0).unwrap().to_string(), None)
        };
        let plan = granularity(granularity_of, plan);
        let (mut now, mut state, mut requested) = (5_000_000, None, Vec::new());
        for wait in waits {
            now += wait;
            for (from, to) in load(&plan, &mut state, is_upsert, now) {
                prop_assert!(from % unit == 0 && to % unit == 0 && from <= to, "{}..{}", from, to);
                let first = if start_closed { from } else { from + unit };
                let end = if end_closed { to + unit } else { to };
                for granule in (first..end).step_by(usize::try_from(unit).unwrap()) {
                    requested.push((granule, now));
                }
            }
        }
        let is_aligned = start % unit == 0;
        let first = if start_closed || !is_aligned { start / unit * unit } else { start + unit };
        let seconds = i64::try_from(now / 1_000).unwrap();
        for granule in (first..=seconds - unit).step_by(usize::try_from(unit).unwrap()) {
            let is_over = |now: u64| i64::try_from(now / 1_000).unwrap() >= granule + unit;
            let loads = requested.iter().filter(|(requested, _)| *requested == granule);
            let after_it = loads.clone().filter(|(_, now)| is_over(*now)).count();
            prop_assert_eq!(after_it, 1, "{}", granule);
            if !is_upsert {
                prop_assert_eq!(loads.count(), 1, "{}", granule);
            }
        }
    }
}

#[test]
fn step_of_a_setting_is_positive_and_in_range() {
    let day = WindowStep::Duration(Duration::from_secs(86_400));
    for (unit, value, step) in [
        (
            day,
            30,
            Some(WindowStep::Duration(Duration::from_secs(30 * 86_400))),
        ),
        (WindowStep::Months(12), 2, Some(WindowStep::Months(24))),
        (day, 0, None),
        (day, -1, None),
        (WindowStep::Months(12), i64::from(u32::MAX), None),
        (day, i64::MAX, None),
    ] {
        let windows = plan::Windows {
            step: unit,
            step_setting: Some(0),
            granularity: None,
        };
        let resolved = resolved_windows(Some(windows), Some(&Scalar::Bigint(value)));
        let resolved = resolved.ok().flatten().map(|windows| windows.step);
        assert_eq!(resolved, step, "{value}");
    }
}
