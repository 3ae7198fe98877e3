//! Loads of several sources: `run` with a project file, and `load` with several specs.

use std::time::Duration;

use rest_source_testkit::{Mishap, Place, Reply, Scripted};
use serde_json::json;

use crate::shell::{Shell, snapshot};

/// A server with `/NAME/rows` for each source: three rows, but `/broken` answers 404, `/short` states more rows than it
/// has, and `/slow…` waits. Every request needs the key of its source.
async fn server() -> Scripted {
    let started = Scripted::start(|asked| {
        let source = asked.path().split('/').nth(1).unwrap_or_default();
        if asked.header("x-key") != Some(&format!("key-of-{source}")) {
            return Reply::status(401);
        }
        let is_first = asked.number_in("offset") == Some(0);
        let rows = |most: u64| -> Vec<_> {
            let most = if is_first { most } else { 0 };
            (1..=most).map(|id| json!({ "id": id })).collect()
        };
        match source {
            "broken" => Reply::status(404),
            "short" => Reply::json(&json!({ "total": 4, "items": rows(1) })),
            _ => {
                let reply = Reply::json(&json!({ "total": 3, "items": rows(3) }));
                if source.starts_with("slow") {
                    reply.mishap(Place::BeforeHead, Mishap::Pause(PAUSE))
                } else {
                    reply
                }
            }
        }
    });
    started.await.unwrap()
}

/// So long that loads which run at the same time send their requests in the meantime.
const PAUSE: Duration = Duration::from_millis(700);

/// A shell with a spec and a key for each source.
fn shell(server: &Scripted, sources: &[&str]) -> Shell {
    let mut shell = Shell::new();
    for source in sources {
        let url = server.url();
        let spec = format!(
            "name: {source}
client:
  base_url: {url}/{source}
  paginator: {{ type: offset, limit: 10, total_path: total }}
  retry: {{ max_retries: 0 }}
  auth: {{ type: api_key, name: X-Key, api_key: \"{{secrets.key}}\" }}
resources:
  - name: {source}_rows
    primary_key: id
    write_disposition: merge
    endpoint: {{ path: rows, data_selector: items }}
    columns: {{ id: bigint }}
"
        );
        shell.write(&format!("apis/{source}.yaml"), &spec);
        let key = format!("key-of-{source}");
        shell = shell.with(&format!("{}_KEY", source.to_uppercase()), &key);
    }
    shell
}

#[tokio::test(flavor = "multi_thread")]
async fn failure_of_one_source_leaves_the_others_and_the_lowest_exit_code_wins() {
    let server = server().await;
    let shell = shell(&server, &["one", "broken", "short", "two"]);
    shell.write(
        "rest-source.yaml",
        "destinations: { out: { to: \"sqlite:out.db\" } }\nsources:\n  one: { spec: apis/one.yaml }\n  \
         broken: { spec: apis/broken.yaml }\n  short: { spec: apis/short.yaml }\n  two: { spec: apis/two.yaml }\n",
    );
    let ran = shell.run(&["run"]);
    snapshot("run-failures", &ran);
    assert_eq!(ran.code, 3);
    for (table, rows) in [("one_rows", 3), ("two_rows", 3), ("short_rows", 1)] {
        assert_eq!(shell.rows("out.db", table), rows);
    }
    let ran = shell.run(&["run", "--report", "report.json"]);
    assert_eq!(ran.code, 3);
    let report: serde_json::Value = serde_json::from_str(&shell.read("report.json")).unwrap();
    assert_eq!(report["exit_code"], 3);
    let of = |at: usize, resource: &str| report["sources"][at]["resources"][resource].clone();
    assert_eq!(of(0, "one_rows")["rows"], 3);
    assert_eq!(of(1, "broken_rows")["status"], "failed");
    assert_eq!(of(2, "short_rows")["status"], "incomplete");

    // A load can be continued, and a fetch cannot.
    let load = ["load", "apis/short.yaml", "--to", "sqlite:other.db"];
    assert_eq!(shell.run(&load).code, 4);
    let ran = shell.run(&[
        "fetch",
        "apis/short.yaml",
        "short_rows",
        "--report",
        "fetch.json",
    ]);
    assert_eq!(ran.code, 3, "{ran}");
    let report: serde_json::Value = serde_json::from_str(&shell.read("fetch.json")).unwrap();
    assert_eq!(
        (&report["status"], &report["exit_code"]),
        (&"failed".into(), &3.into())
    );

    let ran = shell.run(&["run", "--only", "short", "--only", "one"]);
    assert_eq!(ran.code, 4, "{ran}");
    assert!(
        ran.stderr.ends_with("2 sources: 1 loaded, 1 incomplete\n"),
        "{ran}"
    );
    let ran = shell.run(&["run", "--only", "one"]);
    assert_eq!(ran.code, 0, "{ran}");
    let ran = shell.run(&["run", "--only", "ones"]);
    assert_eq!(ran.code, 2, "{ran}");
    assert!(ran.stderr.contains("has no source `ones`"), "{ran}");
}

#[tokio::test(flavor = "multi_thread")]
async fn sources_are_loaded_at_the_same_time_and_no_more_than_allowed() {
    for (concurrency, name) in [(1, "one at a time"), (3, "at the same time")] {
        let server = server().await;
        let shell = shell(&server, &["slow_a", "slow_b", "slow_c"]);
        let project = format!(
            "concurrency: {concurrency}
destinations: {{ db: {{ to: \"sqlite:a.db\" }}, files: {{ to: \"jsonl:files\" }} }}
sources:
  one: {{ spec: apis/slow_a.yaml, destination: db }}
  two: {{ spec: apis/slow_b.yaml, destination: files }}
  three: {{ spec: apis/slow_c.yaml, destination: db, table_prefix: x_ }}
"
        );
        shell.write("rest-source.yaml", &project);
        let ran = shell.run(&["run"]);
        assert_eq!(ran.code, 0, "{ran}");
        assert_eq!(server.most_at_once() > 1, concurrency > 1, "{name}");
        assert_eq!(shell.rows("a.db", "slow_a_rows"), 3);
        assert_eq!(shell.rows("a.db", "x_slow_c_rows"), 3);
        assert!(shell.path("files").is_dir());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn project_gives_settings_secrets_and_options_and_its_paths_are_relative_to_it() {
    let server = server().await;
    let shell = shell(&server, &["one", "two"])
        .with("ONE_KEY", "wrong")
        .with("OF_ONE", "key-of-one");
    shell.write("jobs/two.env", "TWO_KEY_OF_FILE=key-of-two\n");
    shell.write(
        "jobs/daily.yaml",
        "destinations: { out: { to: \"sqlite:out.db\", table_prefix: raw_ } }\nsources:\n  \
         one: { spec: ../apis/one.yaml, resources: [one_rows], secrets: { key: env:OF_ONE }, stamp_rows: true }\n  \
         two: { spec: ../apis/two.yaml, env_file: two.env, secrets: { key: env:TWO_KEY_OF_FILE }, max_requests: 5, max_time: 1h }\n",
    );
    let ran = shell.run(&["run", "jobs/daily.yaml"]);
    assert_eq!(ran.code, 0, "{ran}");
    assert_eq!(
        shell.rows("jobs/out.db", "raw_one_rows WHERE _load_id IS NOT NULL"),
        3
    );
    assert_eq!(shell.rows("jobs/out.db", "raw_two_rows"), 3);
    assert!(!ran.to_string().contains("key-of"), "{ran}");
}

#[tokio::test(flavor = "multi_thread")]
async fn reports_tell_two_sources_of_one_spec_apart() {
    let server = server().await;
    let shell = shell(&server, &["one"]);
    shell.write(
        "rest-source.yaml",
        "destinations: { out: { to: \"sqlite:out.db\" } }\nsources:\n  \
         eu: { spec: apis/one.yaml, table_prefix: eu_ }\n  us: { spec: apis/one.yaml, table_prefix: us_ }\n",
    );
    let ran = shell.run(&["run", "--report", "run.json", "--metrics", "run.txt"]);
    assert_eq!(ran.code, 0, "{ran}");
    let report: serde_json::Value = serde_json::from_str(&shell.read("run.json")).unwrap();
    let sources = report["sources"].as_array().unwrap();
    let named = sources.iter().map(|source| &source["project_source"]);
    assert_eq!(named.collect::<Vec<_>>(), ["eu", "us"], "{report}");
    let metrics = shell.read("run.txt");
    let mut series: Vec<&str> = metrics
        .lines()
        .filter_map(|line| line.split_once("} "))
        .map(|(series, _)| series)
        .collect();
    let count = series.len();
    series.sort_unstable();
    series.dedup();
    assert_eq!(series.len(), count, "{metrics}");
    assert!(
        metrics.contains("{source=\"one\",resource=\"one_rows\",project_source=\"eu\""),
        "{metrics}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn path_in_the_variable_of_a_destination_is_relative_to_the_project() {
    let server = server().await;
    let shell = shell(&server, &["one"]).with("WAREHOUSE", "sqlite:out.db");
    shell.write(
        "jobs/daily.yaml",
        "destinations: { out: { to: env:WAREHOUSE } }\nsources: { one: { spec: ../apis/one.yaml } }\n",
    );
    let ran = shell.run(&["run", "jobs/daily.yaml"]);
    assert_eq!(ran.code, 0, "{ran}");
    assert_eq!(shell.rows("jobs/out.db", "one_rows"), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_destinations_that_are_one_database_are_one() {
    let server = server().await;
    let shell = shell(&server, &["one"]);
    for (one, other) in [
        ("sqlite:out.db", "sqlite:./out.db"),
        ("jsonl:out", "jsonl:out/"),
        ("sqlite:apis/../out.db", "sqlite:out.db"),
    ] {
        shell.write(
            "rest-source.yaml",
            &format!(
                "destinations: {{ a: {{ to: '{one}' }}, b: {{ to: '{other}' }} }}\nsources:\n  \
                 one: {{ spec: apis/one.yaml, destination: a }}\n  again: {{ spec: apis/one.yaml, destination: b }}\n"
            ),
        );
        for args in [&["run", "--dry-run"][..], &["run"]] {
            let ran = shell.run(args);
            assert_eq!(ran.code, 2, "{one} {other}: {ran}");
            let error = "`again` would write the table `one_rows`, which `one` writes too";
            assert!(ran.stderr.contains(error), "{one} {other}: {ran}");
        }
    }
    shell.write(
        "rest-source.yaml",
        "destinations: { a: { to: 'sqlite:a.db' }, b: { to: 'sqlite:b.db' } }\nsources:\n  \
         one: { spec: apis/one.yaml, destination: a }\n  again: { spec: apis/one.yaml, destination: b }\n",
    );
    let ran = shell.run(&["run"]);
    assert_eq!(ran.code, 0, "{ran}");
}

#[tokio::test(flavor = "multi_thread")]
async fn dry_run_lists_what_is_loaded_and_what_is_missing_and_sends_nothing() {
    let server = server().await;
    let shell = shell(&server, &["one", "two", "three", "four"]);
    shell.write(
        "rest-source.yaml",
        "destinations:\n  out: { to: \"sqlite:out.db\" }\n  nowhere: { to: \"sqlite:no/such/folder.db\" }\nsources:\n  \
         one: { spec: apis/one.yaml, destination: out }\n  \
         two: { spec: apis/two.yaml, destination: nowhere }\n  \
         three: { spec: apis/three.yaml, destination: out, secrets: { key: env:NOT_SET } }\n  \
         four: { spec: apis/four.yaml, destination: out, secrets: { keys: env:FOUR_KEY } }\n  \
         again: { spec: apis/one.yaml, destination: out }\n  \
         missing: { spec: apis/missing.yaml, destination: out }\n",
    );
    let ran = shell.run(&["run", "--dry-run"]);
    snapshot("run-dry", &ran);
    assert_eq!(ran.code, 2);
    shell.run(&["run", "--dry-run", "--report", "dry.json"]);
    let report: serde_json::Value = serde_json::from_str(&shell.read("dry.json")).unwrap();
    let errors = report["errors"].as_array().unwrap();
    assert_eq!(
        errors.len(),
        ran.stderr.matches("error: ").count(),
        "{report}"
    );
    let ran = shell.run(&["run", "--only", "three", "--report", "-"]);
    let report: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
    let message = report["errors"][0]["message"].as_str().unwrap();
    assert!(message.contains("`NOT_SET`"), "{report}");
    assert!(server.asked().is_empty());
    assert!(!shell.path("out.db").exists());
    let ran = shell.run(&["run", "--dry-run", "--only", "one"]);
    assert_eq!(ran.code, 0, "{ran}");
}

#[tokio::test(flavor = "multi_thread")]
async fn dry_run_compares_the_tables_of_a_database_and_changes_nothing() {
    let server = server().await;
    let shell = shell(&server, &["one", "two"]);
    shell.write(
        "rest-source.yaml",
        "destinations: { out: { to: \"sqlite:out.db\" } }\nsources:\n  one: { spec: apis/one.yaml }\n  \
         two: { spec: apis/two.yaml }\n",
    );
    let ran = shell.run(&["run", "--only", "one"]);
    assert_eq!(ran.code, 0, "{ran}");
    let asked = server.asked().len();
    let before = std::fs::read(shell.path("out.db")).unwrap();
    let spec = shell.read("apis/one.yaml");
    let wider = "columns: { id: bigint, name: text, lines: { data_type: array, items: text } }";
    shell.write(
        "apis/one.yaml",
        &spec.replace("columns: { id: bigint }", wider),
    );
    let ran = shell.run(&["run", "--dry-run"]);
    assert_eq!(ran.code, 0, "{ran}");
    for line in [
        "table `one_rows`: add the column `name`; add the column `lines`",
        "table `two_rows`: create it",
    ] {
        assert!(ran.stderr.contains(line), "{ran}");
    }
    shell.write(
        "apis/one.yaml",
        &spec.replace("columns: { id: bigint }", "columns: { id: text }"),
    );
    let ran = shell.run(&["run", "--dry-run"]);
    assert_eq!(ran.code, 3, "{ran}");
    let refused = "the table `one_rows` does not fit the spec";
    assert!(ran.stderr.contains(refused), "{ran}");
    assert!(ran.stderr.contains("table `two_rows`: create it"), "{ran}");
    assert_eq!(server.asked().len(), asked);
    assert_eq!(std::fs::read(shell.path("out.db")).unwrap(), before);
    shell.write("apis/one.yaml", &spec);
    let ran = shell.run(&["run", "--dry-run", "--only", "one"]);
    assert!(ran.stderr.contains("table `one_rows`: no change"), "{ran}");
}

#[tokio::test(flavor = "multi_thread")]
async fn mistake_in_a_project_is_shown_with_its_place_and_no_secret() {
    let shell = Shell::new();
    let ran = shell.run(&["run"]);
    snapshot("run-without-project", &ran);
    assert_eq!(ran.code, 2);
    shell.write(
        "rest-source.yaml",
        "destinations: { out: { to: \"postgres://me:hunter2@db/shop\" } }\nsources:\n  one: { specs: apis/one.yaml }\n",
    );
    let ran = shell.run(&["run"]);
    snapshot("run-mistakes", &ran);
    assert_eq!(ran.code, 1);
    assert!(!ran.to_string().contains("hunter2"));
}

#[tokio::test(flavor = "multi_thread")]
async fn several_specs_are_loaded_into_one_destination() {
    let server = server().await;
    let shell = shell(&server, &["one", "broken", "two"]);
    let ran = shell.run(&[
        "load",
        "apis/one.yaml",
        "apis/broken.yaml",
        "apis/two.yaml",
        "--to",
        "sqlite:out.db",
    ]);
    snapshot("load-several", &ran);
    assert_eq!(ran.code, 3);
    assert_eq!(
        shell.rows("out.db", "one_rows") + shell.rows("out.db", "two_rows"),
        6
    );

    // One budget for all of them.
    let asked = server.asked().len();
    let ran = shell.run(&[
        "load",
        "apis/one.yaml",
        "apis/two.yaml",
        "--to",
        "sqlite:out.db",
        "--max-requests",
        "1",
    ]);
    assert_eq!((ran.code, server.asked().len()), (4, asked + 1), "{ran}");

    let twice = [
        "load",
        "apis/one.yaml",
        "apis/one.yaml",
        "--to",
        "sqlite:out.db",
    ];
    let of_one = [
        "load",
        "apis/one.yaml",
        "apis/two.yaml",
        "--to",
        "sqlite:out.db",
        "--resource",
        "one_rows",
    ];
    for args in [&twice[..], &of_one] {
        let ran = shell.run(args);
        assert_eq!(ran.code, 2, "{ran}");
        assert!(ran.stderr.contains("help: "), "{ran}");
    }
    assert_eq!(server.asked().len(), asked + 1);
}

#[test]
fn example_of_the_page_is_a_valid_project() {
    let page = include_str!("../../../docs/COMMAND.md");
    let (_, section) = page.split_once("\n## `run`\n").unwrap();
    let (_, yaml) = section.split_once("```yaml\n").unwrap();
    let (yaml, _) = yaml.split_once("```").unwrap();
    let (project, diagnostics) = rest_source_codegen::project::read("rest-source.yaml", yaml);
    assert_eq!(
        project.unwrap().sources.len(),
        2,
        "{}",
        diagnostics.render()
    );
}
