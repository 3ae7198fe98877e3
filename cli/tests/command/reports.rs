//! Reports for programs: `--report` and `--metrics`.

use std::collections::BTreeMap;

use rest_source_testkit::{Fault, Server, data, reports};
use serde_json::Value;

use crate::{
    MEDIA, media,
    shell::{Ran, Shell},
};

const SCHEMA: &str = include_str!("../../src/report/report.schema.json");

/// The text of a report as JSON. It is valid by the published schema.
#[track_caller]
pub(crate) fn valid_report(text: &str) -> Value {
    reports::valid_report(text).unwrap_or_else(|error| panic!("{error}"))
}

/// Runs a command that writes a report, and returns it with the exit code of the report checked.
#[track_caller]
fn reported(shell: &Shell, args: &[&str]) -> (Ran, Value) {
    let ran = shell.run(&[args, &["--report", "report.json"]].concat());
    let report = valid_report(&shell.read("report.json"));
    assert_eq!(report["exit_code"], ran.code, "{report}\n{ran}");
    (ran, report)
}

const LOAD: [&str; 4] = ["load", MEDIA, "--to", "sqlite:out.db"];

#[test]
fn schema_is_printed_and_published() {
    let shell = Shell::new();
    let printed = shell.run(&["schema", "report"]);
    assert_eq!((printed.code, printed.stdout.as_str()), (0, SCHEMA));
    let published = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/report.schema.json");
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(published, SCHEMA).unwrap();
    }
    assert_eq!(std::fs::read_to_string(published).unwrap(), SCHEMA);
    let spec = shell.run(&["schema", "spec"]);
    assert_eq!(spec.stdout, shell.run(&["schema"]).stdout);
}

#[tokio::test(flavor = "multi_thread")]
async fn file_that_is_no_report_of_an_earlier_run_is_not_replaced() {
    let (server, shell) = media().await;
    assert_eq!(shell.run(&LOAD).code, 0);
    let asked = server.log().all().len();
    let database = std::fs::read(shell.path("out.db")).unwrap();
    for (options, help) in [
        (&["--report", "out.db"][..], "choose another name"),
        (&["--metrics", "out.db"], "choose another name"),
        (&["--report", MEDIA], "choose another name"),
        (
            &["--report", "both", "--metrics", "both"],
            "give each a file of its own",
        ),
    ] {
        let ran = shell.run(&[&LOAD[..], options].concat());
        assert_eq!(ran.code, 2, "{ran}");
        assert!(ran.stderr.contains(help), "{ran}");
    }
    assert_eq!(std::fs::read(shell.path("out.db")).unwrap(), database);
    assert_eq!(server.log().all().len(), asked);
    // Those of an earlier run are.
    let options = ["--report", "report.json", "--metrics", "metrics.txt"];
    for _ in 0..2 {
        assert_eq!(shell.run(&[&LOAD[..], &options].concat()).code, 0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn load_reports_each_resource() {
    let (server, shell) = media().await;
    server.faults().at(0, Fault::status(503));
    let (ran, report) = reported(&shell, &LOAD);
    assert_eq!(ran.code, 0, "{ran}");
    assert_eq!(report["command"], "load");
    assert_eq!(report["status"], "succeeded");
    let source = &report["sources"][0];
    assert_eq!(source["source"], "media_insights");
    assert_eq!(source["spec"], MEDIA);
    let mut retries = 0;
    for data in server.datasets() {
        let resource = &source["resources"][data.name()];
        assert_eq!(resource["status"], "complete", "{report}");
        assert_eq!(resource["rows"], data.len(), "{report}");
        assert_eq!(resource["rows_in_table"], data.len(), "{report}");
        assert!(resource["line"].as_u64().unwrap() > 1, "{report}");
        assert!(
            resource["fetched"]["bytes"].as_u64().unwrap() > 0,
            "{report}"
        );
        retries += resource["fetched"]["retries"].as_u64().unwrap();
    }
    assert_eq!(retries, 1, "{report}");
    // Each request and each wait has its place in time.
    let timelines = source["resources"].as_object().unwrap().values();
    let timelines: Vec<&Value> = timelines.map(|resource| &resource["timeline"]).collect();
    let count = |key: &str| -> usize {
        let lists = timelines.iter().map(|one| one[key].as_array().unwrap());
        lists.map(Vec::len).sum()
    };
    assert_eq!(count("requests"), server.log().all().len(), "{report}");
    assert_eq!(count("waits"), 1, "{report}");
    assert!(!report.to_string().contains(data::API_KEY), "{report}");
    let ended = report["ended"].as_str().unwrap();
    assert!(report["started"].as_str().unwrap() < ended, "{report}");
}

#[tokio::test(flavor = "multi_thread")]
async fn failed_load_reports_structured_errors() {
    let (server, shell) = media().await;
    server.faults().every(1, Fault::status(404));
    let (ran, report) = reported(&shell, &LOAD);
    assert_eq!(
        (ran.code, report["status"].as_str()),
        (3, Some("failed")),
        "{ran}"
    );
    let source = &report["sources"][0];
    let error = &source["errors"][0];
    assert_eq!(error["kind"], "status");
    assert_eq!(error["status"], 404);
    assert_eq!(error["message"], "answered 404");
    assert_eq!(error["retryable"], false);
    assert!(
        error["request"]
            .as_str()
            .unwrap()
            .starts_with("GET http://"),
        "{error}"
    );
    assert!(
        error["help"].as_str().unwrap().contains("base_url"),
        "{error}"
    );
    let name = error["resource"].as_str().unwrap();
    assert_eq!(source["resources"][name]["status"], "failed", "{report}");
    // Credentials that are refused twice are not tried again.
    let (_server, shell) = media().await;
    let shell = shell.with("MEDIA_INSIGHTS_API_KEY", "another-key");
    let (_, report) = reported(&shell, &LOAD);
    let statuses = report["sources"][0]["resources"]
        .as_object()
        .unwrap()
        .values();
    let not_tried: Vec<_> = statuses
        .filter(|one| one["status"] == "not_tried")
        .collect();
    assert_eq!(not_tried.len(), 2, "{report}");
    assert!(
        not_tried[0]["reason"]
            .as_str()
            .unwrap()
            .contains("credentials")
    );
    assert!(!report.to_string().contains(data::API_KEY));
}

#[tokio::test(flavor = "multi_thread")]
async fn fetch_reports_its_records_and_its_failure() {
    let (server, shell) = media().await;
    let fetch = ["fetch", MEDIA, "user_insights", "--format", "jsonl"];
    let (_, report) = reported(&shell, &[&fetch[..], &["--limit", "5"]].concat());
    let resource = &report["sources"][0]["resources"]["user_insights"];
    assert_eq!(
        (&resource["status"], &resource["rows"]),
        (&"bounded".into(), &5.into())
    );
    server.log().clear();
    server.faults().at(1, Fault::Body("no".to_owned()));
    let (ran, report) = reported(&shell, &fetch);
    assert_eq!(ran.code, 3, "{ran}");
    let resource = &report["sources"][0]["resources"]["user_insights"];
    assert_eq!(
        (&resource["status"], &resource["rows"]),
        (&"failed".into(), &100.into())
    );
    assert_eq!(report["sources"][0]["errors"][0]["kind"], "response");
    assert!(!report.to_string().contains(data::API_KEY));
}

#[test]
fn errors_before_the_first_request_are_reported() {
    let shell = Shell::new();
    let (ran, report) = reported(&shell, &LOAD);
    assert_eq!(ran.code, 2, "{ran}");
    assert_eq!(report["errors"][0]["kind"], "usage");
    assert_eq!(report["status"], "failed");
    shell.write("broken.yaml", crate::BROKEN);
    let (_, report) = reported(&shell, &["fetch", "broken.yaml", "stories"]);
    assert_eq!(report["errors"][0]["kind"], "invalid");
}

#[tokio::test(flavor = "multi_thread")]
async fn report_is_printed_on_stdout_where_no_records_are() {
    let (_server, shell) = media().await;
    let ran = shell.run(&[&LOAD[..], &["--report", "-"]].concat());
    assert_eq!(valid_report(&ran.stdout)["exit_code"], 0, "{ran}");
    let fetch = shell.run(&["fetch", MEDIA, "stories", "--report", "-"]);
    assert_eq!((fetch.code, fetch.stdout.as_str()), (2, ""), "{fetch}");
    assert!(fetch.stderr.contains("--report FILE"), "{fetch}");
}

#[tokio::test(flavor = "multi_thread")]
async fn file_that_cannot_be_written_is_an_error_before_the_first_request() {
    let (server, shell) = media().await;
    for option in ["--report", "--metrics"] {
        let ran = shell.run(&[&LOAD[..], &[option, "nowhere/file"]].concat());
        assert_eq!(ran.code, 2, "{ran}");
        assert!(ran.stderr.contains("create the folder `nowhere`"), "{ran}");
    }
    assert!(server.log().all().is_empty());
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn interrupted_load_reports_what_it_wrote() {
    let (server, shell) = media().await;
    server
        .faults()
        .at(7, Fault::Slow(std::time::Duration::from_secs(60)));
    let load = [&LOAD[..], &["--report", "report.json"]].concat();
    let ran = crate::interrupted(&shell, &load, 8, &server).await;
    let report = valid_report(&shell.read("report.json"));
    assert_eq!(
        (ran.code, &report["exit_code"]),
        (130, &130.into()),
        "{report}"
    );
    assert_eq!(report["status"], "interrupted");
    let resources = report["sources"][0]["resources"].as_object().unwrap();
    let is_interrupted = |one: &Value| one["status"] == "interrupted";
    assert!(resources.values().any(is_interrupted), "{report}");
    assert!(
        resources.values().all(|one| one["rows"].is_u64()),
        "{report}"
    );
    // A resource counts as loaded where the history of the destination says so.
    let history = rusqlite::Connection::open(shell.path("out.db")).unwrap();
    let mut loads = history
        .prepare("SELECT resource, status = 'loaded' FROM _rest_source_loads")
        .unwrap();
    let loads: BTreeMap<String, bool> = loads
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))
        .unwrap()
        .collect::<Result<_, _>>()
        .unwrap();
    assert!(loads.values().any(|is_loaded| *is_loaded), "{loads:?}");
    for (resource, is_loaded) in loads {
        // One without a page so far has no entry.
        let entry = resources.get(&resource);
        let is_complete = entry.is_some_and(|entry| entry["status"] == "complete");
        assert_eq!(is_complete, is_loaded, "{resource}: {report}");
    }
}

/// The samples of an OpenMetrics text by name and labels. Panics where the text does not follow the format.
fn samples(text: &str) -> BTreeMap<String, String> {
    let body = text.strip_suffix("# EOF\n").expect("it ends with `# EOF`");
    let (mut samples, mut family, mut families) = (BTreeMap::new(), String::new(), Vec::new());
    for line in body.lines() {
        if let Some(rest) = line.strip_prefix("# TYPE ") {
            let (name, kind) = rest.split_once(' ').unwrap();
            assert_eq!(kind, "gauge");
            assert!(!families.contains(&name.to_owned()), "{name} twice");
            families.push(name.to_owned());
            name.clone_into(&mut family);
        } else if let Some(rest) = line.strip_prefix("# HELP ") {
            assert!(
                rest.strip_prefix(&family).unwrap().starts_with(' '),
                "{line}"
            );
        } else {
            let (name, value) = line.rsplit_once(' ').unwrap();
            let labels = name.strip_prefix(&*family).unwrap();
            let labels = labels.strip_prefix('{').unwrap().strip_suffix('}').unwrap();
            for label in labels.split(',') {
                let (key, value) = label.split_once('=').unwrap();
                assert!(key.bytes().all(|byte| byte.is_ascii_lowercase()), "{line}");
                assert!(value.starts_with('"') && value.ends_with('"'), "{line}");
            }
            assert!(value.parse::<f64>().unwrap().is_finite(), "{line}");
            assert!(
                samples.insert(name.to_owned(), value.to_owned()).is_none(),
                "{line} twice"
            );
        }
    }
    samples
}

#[tokio::test(flavor = "multi_thread")]
async fn metrics_follow_the_format_and_keep_the_last_success() {
    let (server, shell) = media().await;
    let load = [&LOAD[..], &["--metrics", "load.prom"]].concat();
    assert_eq!(shell.run(&load).code, 0);
    let first = samples(&shell.read("load.prom"));
    let of = |name: &str| {
        format!("rest_source_{name}{{source=\"media_insights\",resource=\"stories\"}}")
    };
    let stories = server.dataset("stories").len();
    assert_eq!(first[&of("rows")], stories.to_string());
    assert_eq!(first[&of("table_rows")], first[&of("rows")]);
    assert_eq!(
        (&*first[&of("complete")], &*first[&of("retries")]),
        ("1", "0")
    );
    assert!(first.contains_key(&of("requests")) && first.contains_key(&of("waited_seconds")));
    let last = &first[&of("last_success_timestamp_seconds")];
    assert!(last.len() == 10, "{last}");
    assert_eq!(first["rest_source_run_exit_code{command=\"load\"}"], "0");
    assert!(first.contains_key("rest_source_run_duration_seconds{command=\"load\"}"));

    server.faults().every(1, Fault::status(404));
    assert_eq!(shell.run(&load).code, 3);
    let second = samples(&shell.read("load.prom"));
    assert_eq!(&second[&of("last_success_timestamp_seconds")], last);
    assert_eq!(second["rest_source_run_exit_code{command=\"load\"}"], "3");
    assert_eq!(second["rest_source_run_errors{command=\"load\"}"], "4");

    let unset = shell.with("MEDIA_INSIGHTS_API_KEY", "");
    assert_eq!(unset.run(&load).code, 2);
    let third = samples(&unset.read("load.prom"));
    assert_eq!(&third[&of("last_success_timestamp_seconds")], last);
    drop::<Server>(server);
}
