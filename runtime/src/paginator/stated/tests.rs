//! What responses state, and what pages lack of it.

use super::*;
use crate::{
    plan::{Offset, PageNumber},
    shared::Ref::Static,
};

const ALL: Path = Path(list![Step::Key(Static("all"))]);
const MORE: Path = Path(list![Step::Key(Static("more"))]);

fn statements(kind: Pages, ends: Ends) -> Statements {
    Statements::new(&ResourcePlan {
        paginator: Paginator {
            ends,
            ..Paginator::new(kind)
        },
        selector: Selector::Path(Path(list![Step::Key(Static("data"))])),
        ..ResourcePlan::DEFAULT
    })
}

fn offset(ends: Ends) -> Statements {
    statements(Pages::Offset(Offset::new(10)), ends)
}

fn by_total() -> Statements {
    offset(Ends {
        total_path: Some(ALL),
        ..Ends::COUNTED
    })
}

fn by_flag(has_more_default: Option<bool>) -> Statements {
    offset(Ends {
        flag: Some(Flag {
            path: MORE,
            default: has_more_default,
            ..Flag::DEFAULT
        }),
        ..Ends::COUNTED
    })
}

fn number(digits: &str) -> Probe {
    Probe::Number(digits.to_owned())
}

fn read(statements: &Statements, probe: Probe) -> Result<Stated> {
    statements.read(&[probe], &Headers::new(), Content::Records)
}

fn arrived(received: u64) -> Arrived {
    Arrived {
        received,
        skipped: Some(0),
        pages: None,
    }
}

#[test]
fn a_declared_total_that_is_missing_or_not_a_number_is_an_error() {
    for (probe, wanted) in [
        (Probe::Missing, "`$.all` is missing"),
        (Probe::Null, "is null"),
        (Probe::Text("NaN".into()), "\"NaN\""),
        (number("-1"), "\"-1\""),
    ] {
        let text = read(&by_total(), probe).unwrap_err().to_string();
        assert!(text.contains(wanted), "{text}");
    }
}

#[test]
fn a_total_that_only_the_first_page_has_is_remembered() {
    let mut statements = by_total();
    let first = read(&statements, number("30")).unwrap();
    statements.remember(&first);
    let later = read(&statements, Probe::Missing).unwrap();
    assert_eq!(later.total, Some(30));
}

#[test]
fn a_total_in_a_header_is_read_from_a_page_without_content() {
    let statements = offset(Ends {
        total_header: Some(Static("X-Total")),
        stop_after_empty_page: false,
        ..Ends::COUNTED
    });
    let mut headers = Headers::new();
    let error = statements
        .read(&[], &headers, Content::Nothing)
        .unwrap_err();
    assert!(error.to_string().contains("header `X-Total` is missing"));
    headers.push("x-total", "4");
    assert_eq!(
        statements
            .read(&[], &headers, Content::Nothing)
            .unwrap()
            .total,
        Some(4)
    );
}

#[test]
fn a_flag_may_be_left_out_once_it_was_seen_or_has_a_default() {
    let mut statements = by_flag(None);
    let stated = read(&statements, Probe::Missing).unwrap();
    assert_eq!(stated.has_more(), None);
    let text = stated.check_flag().unwrap_err().to_string();
    assert!(text.contains("`has_more_default: false`"), "{text}");

    let first = read(&statements, Probe::Bool(true)).unwrap();
    statements.remember(&first);
    let last = read(&statements, Probe::Null).unwrap();
    assert_eq!(last.has_more(), Some(false));

    let defaulted = read(&by_flag(Some(false)), Probe::Missing).unwrap();
    assert_eq!(defaulted.has_more(), Some(false));
}

#[test]
fn a_flag_is_a_bool_or_a_usual_word_for_one() {
    let text = |word: &str| Probe::Text(word.to_owned());
    for (probe, wanted) in [
        (text("True"), Some(true)),
        (text("no"), Some(false)),
        (text("Y"), Some(true)),
        (text("0"), Some(false)),
        (number("1"), Some(true)),
        (number("2"), None),
        (text("maybe"), None),
        (Probe::Json("{}".to_owned()), None),
    ] {
        let stated = read(&by_flag(None), probe.clone()).unwrap();
        assert_eq!(stated.has_more(), wanted, "{probe:?}");
    }
}

#[test]
fn fewer_records_than_the_total_are_a_shortfall_unless_accepted() {
    let end = End::complete("an empty page");
    let shortfall = |statements: &Statements, received| {
        let stated = read(statements, number("30")).unwrap();
        statements
            .shortfall(&end, &stated, &arrived(received))
            .unwrap()
    };
    let Shortfall::Missing(reason) = shortfall(&by_total(), 18) else {
        panic!("no shortfall");
    };
    assert_eq!(
        reason.to_string(),
        "`$.all` states 30 records, 18 arrived (ended: an empty page)"
    );
    assert!(matches!(shortfall(&by_total(), 30), Shortfall::None));
    let accepting = offset(Ends {
        total_path: Some(ALL),
        accept_short_total: true,
        ..Ends::COUNTED
    });
    assert!(matches!(shortfall(&accepting, 18), Shortfall::None));
}

#[test]
fn a_page_without_content_leaves_the_flag_before_it_standing() {
    let mut statements = by_flag(None);
    let first = read(&statements, Probe::Bool(true)).unwrap();
    statements.remember(&first);
    let by_default = by_flag(Some(true))
        .read(&[Probe::Missing], &Headers::new(), Content::Null)
        .unwrap();
    assert!(by_default.announced());
    for content in [Content::Nothing, Content::Null] {
        let stated = statements
            .read(&[Probe::Missing], &Headers::new(), content)
            .unwrap();
        let end = End::complete("an empty page");
        let shortfall = statements.shortfall(&end, &stated, &arrived(10)).unwrap();
        assert!(matches!(
            shortfall,
            Shortfall::Missing(Reason::MoreAnnounced(_))
        ));
    }
}

#[test]
fn an_undeclared_total_anywhere_usual_is_a_warning_that_names_the_field() {
    let mut statements = offset(Ends::COUNTED);
    let place = Path(list![Step::Key(Static("meta")), Step::Key(Static("total"))]);
    let probes: Vec<Probe> = statements
        .probes()
        .iter()
        .map(|path| {
            if *path == place {
                number("30")
            } else {
                Probe::Missing
            }
        })
        .collect();
    let stated = statements
        .read(&probes, &Headers::new(), Content::Records)
        .unwrap();
    statements.remember(&stated);
    let read = |content| statements.read(&[], &Headers::new(), content).unwrap();
    for stated in [stated, read(Content::Nothing), read(Content::Empty)] {
        let text = warning(&statements, &stated, 18);
        assert!(
            text.contains("`$.meta.total` states 30 records, 18 arrived"),
            "{text}"
        );
    }
}

#[test]
fn an_undeclared_range_of_content_is_a_warning_also_of_a_single_page() {
    let mut headers = Headers::new();
    headers.set("Content-Range", "items 0-4/30");
    for (kind, received) in [
        (Pages::Offset(Offset::new(10)), 1),
        (Pages::Single, 0),
        (Pages::Single, 5),
    ] {
        let statements = statements(kind, Ends::COUNTED);
        let stated = statements.read(&[], &headers, Content::Records).unwrap();
        let text = warning(&statements, &stated, received);
        assert!(text.contains("`Content-Range` states 30 records"), "{text}");
        assert!(text.contains("(`total_header`)"), "{text}");
    }
}

/// The warning after so many records.
#[track_caller]
fn warning(statements: &Statements, stated: &Stated, received: u64) -> String {
    let end = End::complete("an empty page");
    match statements.shortfall(&end, stated, &arrived(received)) {
        Ok(Shortfall::Warning(text)) => text,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_body_that_is_one_record_states_no_total() {
    let single = Statements::new(&ResourcePlan {
        paginator: Paginator::DEFAULT,
        ..ResourcePlan::DEFAULT
    });
    assert!(single.probes().is_empty());
}

#[test]
fn a_total_is_a_whole_number_however_written() {
    for (text, wanted) in [
        ("250", Some(250)),
        ("250.0", Some(250)),
        ("2.5e2", Some(250)),
        ("0", Some(0)),
        ("-1", None),
        ("2.5", None),
        ("NaN", None),
        ("inf", None),
        ("1e400", None),
        ("", None),
        ("many", None),
    ] {
        assert_eq!(whole(text), wanted, "{text}");
    }
}

#[test]
fn a_total_of_pages_that_equals_the_records_leads_to_a_warning() {
    let statements = statements(
        Pages::Number(PageNumber::DEFAULT),
        Ends {
            total_path: Some(ALL),
            ..Ends::COUNTED
        },
    );
    let stated = read(&statements, number("6")).unwrap();
    let shortfall = |received, pages| {
        let arrived = Arrived {
            pages: Some(pages),
            ..arrived(received)
        };
        statements.shortfall(&End::complete("an empty page"), &stated, &arrived)
    };
    let warned = shortfall(6, 3).unwrap();
    assert!(
        matches!(&warned, Shortfall::Warning(text) if text.contains("count records")),
        "{warned:?}"
    );
    assert!(matches!(shortfall(6, 6), Ok(Shortfall::None)));
    assert!(matches!(shortfall(5, 3), Ok(Shortfall::Missing(_))));
}
