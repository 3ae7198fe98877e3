//! `report`: a page about runs, from the history of a destination and from reports.

use rest_source_testkit::{Fault, data};
use rusqlite::Connection;

use crate::{MEDIA, media, shell::Shell};

const REPORT: &[&str] = &["report", "--html", "runs.html"];

fn page(shell: &Shell, more: &[&str]) -> String {
    let ran = shell.run(&[REPORT, more].concat());
    assert_eq!(ran.code, 0, "{ran}");
    assert_eq!(ran.stderr, "page written to `runs.html`\n");
    shell.read("runs.html")
}

/// The number of bars of this class in a part of the page.
fn bars(part: &str, class: &str) -> usize {
    part.matches(&format!("<rect class=\"{class}\"")).count()
}

fn section<'p>(page: &'p str, id: &str) -> &'p str {
    let (_, section) = page
        .split_once(&format!("<section aria-labelledby=\"{id}\">"))
        .expect(id);
    let end = section
        .find("\n<section aria-labelledby")
        .unwrap_or(section.len());
    &section[..end]
}

#[tokio::test(flavor = "multi_thread")]
async fn page_shows_the_history_and_the_requests_of_a_report() {
    let (server, shell) = media().await;
    let load = [
        "load",
        MEDIA,
        "--to",
        "sqlite:out.db",
        "--report",
        "report.json",
    ];
    assert_eq!(shell.run(&load).code, 0);
    server.log().clear();
    server.faults().at(0, Fault::status(503));
    server.faults().at(2, Fault::Body("<no & JSON>".to_owned()));
    let failed = shell.run(&load);
    assert_eq!(failed.code, 3, "{failed}");
    let requests = server.log().all().len();

    let page = page(&shell, &["--to", "sqlite:out.db", "report.json"]);
    let runs = section(&page, "runs");
    assert_eq!((bars(runs, "ok"), bars(runs, "bad")), (1, 1), "{runs}");
    assert!(
        runs.contains(
            "aria-label=\"Runs of media_insights over time: 2 runs: 1 loaded, 1 failed\""
        ),
        "{runs}"
    );
    assert!(
        runs.contains("<caption>2 runs, the latest first</caption>"),
        "{runs}"
    );

    // The error stands once, with its line in the spec, and escaped.
    let errors = section(&page, "errors");
    assert_eq!(errors.matches("<li>").count(), 1, "{errors}");
    let spec = shell.read(MEDIA);
    let name = errors
        .split("<b>")
        .nth(1)
        .unwrap()
        .split(' ')
        .next()
        .unwrap();
    let line = spec
        .lines()
        .position(|line| line == format!("  - name: {name}"))
        .unwrap()
        + 1;
    assert!(
        errors.contains(&format!("<code>{MEDIA}:{line}</code>")),
        "{errors}"
    );
    assert!(errors.contains("request: GET http://"), "{errors}");
    assert!(!page.contains("<no & JSON>"), "{page}");

    let timeline = section(&page, "timeline-1");
    assert_eq!(
        bars(timeline, "ok") + bars(timeline, "bad"),
        requests,
        "{timeline}"
    );
    assert_eq!(bars(timeline, "bad"), 1, "{timeline}");
    assert_eq!(bars(timeline, "warn"), 1, "{timeline}");
    assert!(timeline.contains("<td>status 503</td>"), "{timeline}");

    // A bar of each run in two charts for each of the four resources; a failed run has a mark beside its bar.
    let resources = section(&page, "resources");
    assert_eq!(
        resources.matches("<section class=\"resource\"").count(),
        4,
        "{resources}"
    );
    let all = bars(resources, "ok") + bars(resources, "bad") + bars(resources, "other");
    let database = Connection::open(shell.path("out.db")).unwrap();
    let count = |status: &str| {
        let sql = format!("SELECT count(*) FROM _rest_source_loads WHERE status {status}");
        database
            .query_row(&sql, [], |row| row.get::<_, u32>(0))
            .unwrap()
    };
    let all = u32::try_from(all).unwrap();
    assert_eq!(
        all,
        2 * count("= 'loaded'") + 4 * count("<> 'loaded'"),
        "{resources}"
    );

    for loaded in ["<script", "<link", "src=", "url(", "@import", "http-equiv"] {
        assert!(!page.contains(loaded), "{loaded}");
    }
    assert!(!page.contains(data::API_KEY), "{page}");
}

#[tokio::test(flavor = "multi_thread")]
async fn reports_alone_and_files_have_a_page_too() {
    let (_server, shell) = media().await;
    for (report, to) in [("one.json", "jsonl:out"), ("two.json", "jsonl:out")] {
        let load = ["load", MEDIA, "--to", to, "--report", report];
        assert_eq!(shell.run(&load).code, 0);
    }
    let of_reports = page(&shell, &["one.json", "two.json"]);
    let runs = section(&of_reports, "runs");
    assert_eq!(bars(runs, "ok"), 2, "{runs}");
    assert!(
        section(&of_reports, "timeline-2").contains("two.json"),
        "{of_reports}"
    );
    assert!(!of_reports.contains("id=\"errors\""), "{of_reports}");
    let of_files = page(&shell, &["--to", "jsonl:out"]);
    assert_eq!(bars(section(&of_files, "runs"), "ok"), 2, "{of_files}");
    // The latest loads of resources, of one run.
    let last = page(&shell, &["--to", "jsonl:out", "--last", "4"]);
    assert_eq!(bars(section(&last, "runs"), "ok"), 1, "{last}");
    let other = page(&shell, &["--to", "jsonl:out", "--source", "other"]);
    assert!(!other.contains("id=\"runs\""), "{other}");
    assert!(other.contains("<b>never</b>last success"), "{other}");
}

#[test]
fn what_is_not_a_report_is_an_error() {
    let shell = Shell::new();
    shell.write("other.json", "{}");
    shell.write("later.json", r#"{"version": 2, "command": "load", "started": "2026-11-30T00:00:00Z", "ended": "2026-11-30T00:00:00Z", "status": "succeeded", "exit_code": 0, "sources": [], "errors": []}"#);
    shell.write("large.json", r#"{"version": 1, "command": "load", "started": "2026-11-30T00:00:00Z", "ended": "2026-11-30T00:00:00Z", "status": "succeeded", "exit_code": 0, "errors": [], "sources": [{"source": "a", "spec": "a.yaml", "errors": [], "resources": {"r": {"status": "complete", "rows": 18446744073709551615}}}]}"#);
    for (args, why) in [
        (&["other.json"][..], "`other.json` is not a report: "),
        (
            &["large.json"],
            "18446744073709551615 is not a plausible count",
        ),
        (&["later.json"], "`later.json` is a report of version 2"),
        (&["none.json"], "cannot read `none.json`: "),
        (
            &["--to", "sqlite:none.db"],
            "there is no database `none.db`",
        ),
        (&[], "<REPORT>"),
    ] {
        let ran = shell.run(&[REPORT, args].concat());
        assert_eq!(ran.code, 2, "{ran}");
        assert!(ran.stderr.contains(why), "{ran}");
        assert!(!shell.path("runs.html").exists() && !shell.path("none.db").exists());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn page_replaces_only_a_page() {
    let (_server, shell) = media().await;
    let load = ["load", MEDIA, "--to", "sqlite:out.db"];
    assert_eq!(shell.run(&load).code, 0);
    let again = ["--to", "sqlite:out.db"];
    page(&shell, &again);
    page(&shell, &again);
    shell.write("runs.html", "<!DOCTYPE html>\n<title>Mine</title>\n");
    let ran = shell.run(&[REPORT, &again].concat());
    assert_eq!(ran.code, 2, "{ran}");
    assert!(
        ran.stderr.contains(
            "`runs.html` exists and does not hold a page of `rest-source report`: it is not replaced"
        ),
        "{ran}"
    );
    assert!(shell.read("runs.html").contains("Mine"));
}

#[tokio::test(flavor = "multi_thread")]
async fn history_in_postgres_has_a_page() {
    let Ok(url) = std::env::var("REST_SOURCE_TEST_POSTGRES") else {
        return;
    };
    let (_server, shell) = media().await;
    let schema = format!("runs_page_{}", std::process::id());
    let to = ["--to", url.as_str(), "--schema", schema.as_str()];
    let create = format!("CREATE SCHEMA {schema}");
    crate::shell::psql(&url, &create);
    for _ in 0..2 {
        let load = [&["load", MEDIA, "--resource", "stories"], &to[..]].concat();
        let ran = shell.run(&load);
        assert_eq!(ran.code, 0, "{ran}");
    }
    let status = shell.run(&[&["status", "--max-age", "1h"], &to[..]].concat());
    assert_eq!(status.code, 0, "{status}");
    let page = page(&shell, &to);
    crate::shell::psql(&url, &format!("DROP SCHEMA {schema} CASCADE"));
    assert_eq!(bars(section(&page, "runs"), "ok"), 2, "{page}");
}
