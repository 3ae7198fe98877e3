//! The command, as a user runs it: what it prints, and the code it exits with.

#![cfg(test)]

#[cfg(all(unix, feature = "mock"))]
mod console;
mod diff;
mod doctor;
#[cfg(unix)]
mod fetch_kills;
mod html;
mod import;
mod infer;
mod keyring;
#[cfg(unix)]
mod kills;
mod language;
mod locks;
mod logs;
#[cfg(feature = "lsp")]
mod lsp;
#[cfg(feature = "mock")]
mod mock;
mod network;
mod new;
#[cfg(feature = "otlp")]
mod otlp;
mod page;
mod param;
mod postgres;
mod progress;
mod project;
mod raw;
#[cfg(all(unix, feature = "mock"))]
mod recipes;
mod replay;
mod reports;
mod runs_page;
mod same;
mod secrets;
mod shell;
mod side_by_side;
#[cfg(feature = "sql")]
mod sql;
mod state;
mod status;
mod stdout;
mod tls;
#[cfg(unix)]
mod token_kills;
mod tokens;
mod wire;
#[cfg(all(unix, feature = "mock", feature = "postgres"))]
mod work;

use rest_source_testkit::{Fault, Server, data};
use shell::{Shell, snapshot};

const MEDIA: &str = "specs/media_insights.yaml";

/// With every mistake that takes another form on the screen.
const BROKEN: &str = "\
name: broken
client:
  base_url: https://api.example.com
  paginator: single_page
  retry: { max_retries: 3, max_delay: 1h }
config:
  unused: text
resources:
  - name: stories
    primary_keys: id
    columns: { id: text! }
  - name: stories
    columns: { id: txt }
";

#[test]
fn help_says_what_each_command_does() {
    let shell = Shell::new();
    snapshot("help", &shell.run(&["--help"]));
    for command in [
        "check",
        "explain",
        "generate",
        "fetch",
        "load",
        "run",
        "secrets",
        "doctor",
        "status",
        "report",
        "docs",
        "ddl",
        "diff",
        "import",
        "infer",
        "new",
        "demo",
        "mock",
        "test",
        "schema",
        "lsp",
        "completions",
        "man",
    ] {
        snapshot(&format!("help-{command}"), &shell.run(&[command, "--help"]));
    }
    for format in ["airbyte", "curl", "dlt", "openapi"] {
        let help = shell.run(&["import", format, "--help"]);
        snapshot(&format!("help-import-{format}"), &help);
    }
}

#[test]
fn a_right_spec_is_said_to_be_right() {
    let shell = Shell::new();
    snapshot(
        "check-right",
        &shell.run(&["check", MEDIA, "specs/datasets.yaml"]),
    );
}

#[test]
fn every_mistake_of_a_spec_is_shown() {
    let shell = Shell::new();
    shell.write("broken.yaml", BROKEN);
    snapshot("check-broken", &shell.run(&["check", "broken.yaml", MEDIA]));
}

#[test]
fn mistakes_are_shown_as_rustc_shows_its_own_to_editors() {
    let shell = Shell::new();
    shell.write("broken.yaml", BROKEN);
    let shown = shell.run(&["check", "--format", "json", "broken.yaml"]);
    let lines = shown.stdout.lines();
    let pretty: Vec<_> = lines
        .map(|line| {
            let line: serde_json::Value = serde_json::from_str(line).unwrap();
            format!("{line:#}\n")
        })
        .collect();
    snapshot("check-json", &shown.with_stdout(pretty.concat()));
}

#[test]
fn a_file_that_is_not_there_is_named_and_the_others_are_checked() {
    let shell = Shell::new();
    snapshot(
        "check-missing",
        &shell.run(&["check", "nowhere.yaml", MEDIA]),
    );
}

#[test]
fn the_specs_of_a_folder_are_checked() {
    let shell = Shell::new();
    shell.write("api/broken.yaml", BROKEN);
    shell.write("api/v2/right.yml", &shell.read(MEDIA));
    shell.write("api/.hidden/broken.yaml", BROKEN);
    shell.write("api/cache/CACHEDIR.TAG", "");
    shell.write("api/cache/broken.yaml", BROKEN);
    shell.write("api/README.md", "");
    shell.write("empty/README.md", "");
    let folder = shell.run(&["check", "api"]);
    assert_eq!(folder.code, 1, "{folder}");
    assert!(folder.stderr.contains("--> api/broken.yaml:"), "{folder}");
    let checked: Vec<&str> = folder
        .stderr
        .lines()
        .filter(|line| line.starts_with("api/"))
        .collect();
    assert_eq!(
        checked,
        [
            "api/broken.yaml: 4 errors",
            "api/v2/right.yml: 4 resources, no error"
        ]
    );
    assert_eq!(shell.run(&["check", "api/v2", MEDIA]).code, 0);
    // The right ones are checked beside what cannot be.
    let empty = shell.run(&["check", "empty", "api/v2"]);
    assert_eq!(empty.code, 2, "{empty}");
    assert!(empty.stderr.contains("no spec found in `empty`"), "{empty}");
    assert!(empty.stderr.contains("api/v2/right.yml: 4"), "{empty}");
}

#[test]
fn stdin_is_checked() {
    let shell = Shell::new();
    let right = shell.run_with_stdin(&["check", "-"], &shell.read(MEDIA));
    assert_eq!(right.code, 0, "{right}");
    assert_eq!(right.stderr, "<stdin>: 4 resources, no error\n");
    let wrong = shell.run_with_stdin(&["check", "-", MEDIA], BROKEN);
    assert_eq!(wrong.code, 1, "{wrong}");
    assert!(wrong.stderr.contains("--> <stdin>:5:28"), "{wrong}");
    assert!(wrong.stderr.contains("<stdin>: 4 errors"), "{wrong}");
    let json = shell.run_with_stdin(&["check", "--format", "json", "-"], BROKEN);
    assert!(json.stdout.contains(r#""file_name": "<stdin>""#), "{json}");
    // A spec without a name is no mistake because it comes from stdin.
    let nameless = shell.read(MEDIA).replacen("name: media_insights", "", 1);
    let nameless = shell.run_with_stdin(&["check", "-"], &nameless);
    assert_eq!(nameless.code, 0, "{nameless}");
    let fixed = shell.run_with_stdin(&["check", "--fix", "-"], BROKEN);
    assert_eq!(fixed.code, 2, "{fixed}");
    assert!(fixed.stderr.contains("stdin is not a file"), "{fixed}");
}

#[test]
fn generate_takes_absolute_paths_and_exits_by_what_failed() {
    let shell = Shell::new();
    shell.write("broken.yaml", BROKEN);
    shell.write("file", "");
    let absolute = |path: &str| shell.path(path).display().to_string();
    let generate = |spec: &str, out: &str| shell.run(&["generate", spec, "--out", out]);
    assert_eq!(generate(&absolute(MEDIA), "generated").code, 0);
    let broken = generate(&absolute("broken.yaml"), "generated");
    assert_eq!(broken.code, 1, "{broken}");
    for missing in ["nowhere.yaml", &absolute("nowhere.yaml")] {
        let ran = generate(missing, "generated");
        assert_eq!(ran.code, 2, "{ran}");
        let read = format!("error: cannot read `{missing}`: ");
        assert!(ran.stderr.starts_with(&read), "{ran}");
        assert!(!ran.stderr.contains("Cargo.toml"), "{ran}");
    }
    let blocked = generate(MEDIA, "file/generated");
    assert_eq!(blocked.code, 3, "{blocked}");
}

#[test]
fn generate_replaces_only_what_it_wrote() {
    let shell = Shell::new();
    let own = "fn main() {}\n";
    shell.write("src/media_insights.rs", own);
    let generate = || shell.run(&["generate", MEDIA, "--out", "src"]);
    let refused = generate();
    assert_eq!(refused.code, 2, "{refused}");
    assert!(
        refused
            .stderr
            .contains("`src/media_insights.rs` was not generated and is not overwritten"),
        "{refused}"
    );
    assert_eq!(shell.read("src/media_insights.rs"), own);
    #[cfg(unix)]
    {
        let file = shell.path("src/media_insights.rs");
        std::fs::remove_file(&file).unwrap();
        shell.write("elsewhere.rs", "");
        std::os::unix::fs::symlink(shell.path("elsewhere.rs"), &file).unwrap();
        let refused = generate();
        assert_eq!(refused.code, 2, "{refused}");
        assert!(refused.stderr.contains("is a symbolic link"), "{refused}");
        assert_eq!(shell.read("elsewhere.rs"), "");
    }
}

#[test]
fn generated_files_are_written_once_and_checked() {
    let shell = Shell::new();
    let generate = |more: &[&str]| {
        let mut args = vec!["generate", MEDIA, "--out", "src/generated"];
        args.extend(more);
        shell.run(&args)
    };
    snapshot("generate-check-missing", &generate(&["--check"]));
    snapshot("generate", &generate(&[]));
    let written = shell.read("src/generated/media_insights.rs");
    assert!(written.contains("pub mod media_insights {"), "{written}");
    assert_eq!(generate(&["--check"]).code, 0);
    let changed = format!("{written}// changed by hand\n");
    shell.write("src/generated/media_insights.rs", &changed);
    snapshot("generate-check-changed", &generate(&["--check"]));
    assert_eq!(generate(&[]).code, 0);
    assert_eq!(shell.read("src/generated/media_insights.rs"), written);
}

#[test]
fn nothing_is_generated_of_a_wrong_spec() {
    let shell = Shell::new();
    shell.write("broken.yaml", BROKEN);
    let args = ["generate", MEDIA, "broken.yaml", "--out", "generated"];
    snapshot("generate-broken", &shell.run(&args));
    assert!(!shell.path("generated").exists());
}

#[test]
fn what_cannot_be_fetched_is_said_before_anything_is_sent() {
    let shell = Shell::new();
    shell.write("broken.yaml", BROKEN);
    snapshot("fetch-unknown", &shell.run(&["fetch", MEDIA, "storys"]));
    snapshot("fetch-no-resource", &shell.run(&["fetch", MEDIA]));
    snapshot("fetch-no-secret", &shell.run(&["fetch", MEDIA, "stories"]));
    snapshot(
        "fetch-broken",
        &shell.run(&["fetch", "broken.yaml", "stories"]),
    );
    let shell = shell.with("MEDIA_INSIGHTS_API_KEY", data::API_KEY);
    let config = ["fetch", MEDIA, "stories", "--config", "base_uri=x"];
    snapshot("fetch-no-setting", &shell.run(&config));
    let state = ["fetch", MEDIA, "user_insights", "--state", "state.json"];
    snapshot("fetch-no-state", &shell.run(&state));
    shell.write("state.json", "{}");
    let state = ["fetch", MEDIA, "stories", "--state", "state.json"];
    snapshot("fetch-bad-state", &shell.run(&state));
    snapshot(
        "fetch-state-in-no-folder",
        &shell.run(&["fetch", MEDIA, "stories", "--state", "no/such/state.json"]),
    );
    snapshot(
        "load-blank",
        &shell.run(&["load", MEDIA, "--to", "sqlite: "]),
    );
    snapshot(
        "load-into-no-folder",
        &shell.run(&["load", MEDIA, "--to", "sqlite:no/such/out.db"]),
    );
    snapshot(
        "load-nowhere",
        &shell.run(&["load", MEDIA, "--to", "out.db"]),
    );
    let unknown = [
        "load",
        MEDIA,
        "--to",
        "sqlite:out.db",
        "--resource",
        "storys",
    ];
    snapshot("load-unknown", &shell.run(&unknown));
    assert!(!shell.path("out.db").exists());
}

/// A server, and a shell in which it is where the spec says that the API is.
async fn media() -> (Server, Shell) {
    let server = Server::start(data::media_insights()).await.unwrap();
    let shell = Shell::new()
        .with("MEDIA_INSIGHTS_API_KEY", data::API_KEY)
        .with("MEDIA_INSIGHTS_BASE_URL", server.url());
    (server, shell)
}

#[tokio::test(flavor = "multi_thread")]
async fn records_are_printed_in_every_format() {
    let (server, shell) = media().await;
    for resource in ["media_insights", "user_insights"] {
        for format in ["table", "jsonl", "csv"] {
            let args = ["fetch", MEDIA, resource, "--limit", "5", "--format", format];
            snapshot(&format!("fetch-{resource}-{format}"), &shell.run(&args));
        }
    }
    server.log().clear();
    let all = shell.run(&["fetch", MEDIA, "stories", "--format", "jsonl"]);
    assert_eq!(all.stdout.lines().count(), server.dataset("stories").len());
    assert_eq!(all.code, 0, "{all:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_resource_without_records_still_has_its_columns() {
    let (server, shell) = media().await;
    server
        .faults()
        .every(1, Fault::Body(r#"{"data": []}"#.to_owned()));
    for format in ["table", "csv", "jsonl"] {
        let args = ["fetch", MEDIA, "user_insights", "--format", format];
        snapshot(&format!("fetch-nothing-{format}"), &shell.run(&args));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_setting_on_the_command_line_stands_before_the_environment() {
    let server = Server::start(data::media_insights()).await.unwrap();
    let shell = Shell::new()
        .with("MEDIA_INSIGHTS_API_KEY", data::API_KEY)
        .with("MEDIA_INSIGHTS_BASE_URL", "http://127.0.0.1:9");
    let setting = format!("base_url={}", server.url());
    let args = [
        "fetch", MEDIA, "stories", "--limit", "1", "--config", &setting,
    ];
    assert_eq!(shell.run(&args).code, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_next_fetch_with_a_state_asks_only_for_what_is_new() {
    let (server, shell) = media().await;
    let args = [
        "fetch",
        MEDIA,
        "stories",
        "--format",
        "jsonl",
        "--state",
        "stories.json",
    ];
    let first = shell.run(&args);
    assert_eq!(
        first.stdout.lines().count(),
        server.dataset("stories").len()
    );
    let state = shell.read("stories.json");
    assert!(state.contains("\"resource\":\"stories\""), "{state}");
    let second = shell.run(&args);
    assert_eq!(
        (second.code, second.stdout.lines().count()),
        (0, 0),
        "{second:?}"
    );
    // A fetch that fails leaves the state as it was.
    server.faults().every(1, Fault::Body("no".to_owned()));
    assert_eq!(shell.run(&args).code, 3);
    assert_eq!(shell.read("stories.json"), state);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_fetch_prints_what_came_before_and_says_why() {
    let (server, shell) = media().await;
    let args = ["fetch", MEDIA, "user_insights", "--format", "jsonl"];
    server.faults().at(1, Fault::Body("no".to_owned()));
    let failed = shell.run(&args);
    assert_eq!((failed.stdout.lines().count(), failed.code), (100, 3));
    snapshot("fetch-failed", &failed.with_stdout(String::new()));
    let shell = shell.with("MEDIA_INSIGHTS_API_KEY", "another-key");
    let refused = shell.run(&args);
    assert!(!refused.stderr.contains("another-key"));
    snapshot("fetch-refused", &refused);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_source_is_loaded_and_loaded_again() {
    let (server, shell) = media().await;
    let load = |more: &[&str]| {
        let mut args = vec!["load", MEDIA, "--to", "sqlite:out.db"];
        args.extend(more);
        shell.run(&args)
    };
    snapshot("load", &load(&[]));
    for data in server.datasets() {
        assert_eq!(shell.rows("out.db", data.name()), data.len());
    }
    snapshot("load-again", &load(&["--resource", "stories"]));
    snapshot(
        "load-full",
        &load(&["--resource", "stories", "--full-refresh"]),
    );
    for data in server.datasets() {
        assert_eq!(shell.rows("out.db", data.name()), data.len());
    }
}

/// Starts a command, and interrupts it when the server has seen so many requests.
#[cfg(unix)]
async fn interrupted(shell: &Shell, args: &[&str], requests: usize, server: &Server) -> shell::Ran {
    interrupted_when(shell, args, || server.log().all().len() >= requests).await
}

/// Starts a command, and interrupts it once a condition holds.
#[cfg(unix)]
async fn interrupted_when(shell: &Shell, args: &[&str], is_due: impl Fn() -> bool) -> shell::Ran {
    let child = shell.command(args).spawn().unwrap();
    while !is_due() {
        tokio::time::sleep(std::time::Duration::from_millis(1)).await;
    }
    let id = child.id().to_string();
    let kill = std::process::Command::new("kill")
        .args(["-INT", &id])
        .status();
    assert!(kill.unwrap().success());
    shell::Ran::of(child.wait_with_output().unwrap())
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn a_load_that_is_interrupted_is_completed_by_the_next() {
    let (server, shell) = media().await;
    let slow = Fault::Slow(std::time::Duration::from_secs(60));
    server.faults().at_path("/v1/stories", 1, slow);
    let load = ["load", MEDIA, "--to", "sqlite:out.db"];
    let others_are_committed = || shell.has_rows("out.db", "media_insights");
    let ran = interrupted_when(&shell, &load, others_are_committed).await;
    snapshot("load-interrupted", &ran);
    let all: usize = server
        .datasets()
        .iter()
        .map(rest_source_testkit::Dataset::len)
        .sum();
    let committed = shell.all_rows("out.db");
    assert!(0 < committed && committed < all, "{committed} of {all}");
    server.faults().clear();
    assert_eq!(shell.run(&load).code, 0);
    for data in server.datasets() {
        assert_eq!(shell.rows("out.db", data.name()), data.len());
    }
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn a_fetch_that_is_interrupted_ends_with_a_whole_record_and_the_old_state() {
    let (server, shell) = media().await;
    server
        .faults()
        .at(3, Fault::Slow(std::time::Duration::from_secs(60)));
    let args = [
        "fetch",
        MEDIA,
        "stories",
        "--format",
        "jsonl",
        "--state",
        "state.json",
    ];
    let ran = interrupted(&shell, &args, 3, &server).await;
    assert!(ran.stdout.is_empty() || ran.stdout.ends_with("}\n"));
    assert!(!shell.path("state.json").exists());
    snapshot("fetch-interrupted", &ran.with_stdout(String::new()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_that_has_seen_enough_is_no_error() {
    let (_server, shell) = media().await;
    let mut child = shell.command(&["fetch", MEDIA, "stories"]).spawn().unwrap();
    drop(child.stdout.take());
    let ran = shell::Ran::of(child.wait_with_output().unwrap());
    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""));
}

#[test]
fn a_connector_has_a_page() {
    let shell = Shell::new();
    snapshot("docs", &shell.run(&["docs", MEDIA]));
    shell.write("family.yaml", FAMILY);
    snapshot("docs-family", &shell.run(&["docs", "family.yaml"]));
}

/// A parent, a child, an untyped resource, and texts that could break a table.
const FAMILY: &str = "\
name: family
client: { base_url: 'https://api.example.com', paginator: single_page }
config:
  region: { type: enum, values: [eu, us], default: eu, description: 'Either | of two.' }
resources:
  - name: parents
    primary_key: id
    write_disposition: merge
    endpoint: { path: '/{config.region}/parents' }
    columns:
      id: text
      label: { data_type: union, of: [text, bigint], description: 'a | b' }
      marks: { data_type: array, items: double! }
      seen: { data_type: bool, nullable: false }
  - name: children
    selected: false
    endpoint: { path: '/parents/{resources.parents.id}/children' }
    columns: json
";

#[test]
fn tables_are_defined_for_each_database() {
    let shell = Shell::new();
    shell.write("family.yaml", FAMILY);
    for dialect in ["sqlite", "postgres"] {
        for (name, spec) in [("media", MEDIA), ("family", "family.yaml")] {
            let ran = shell.run(&["ddl", spec, "--dialect", dialect]);
            snapshot(&format!("ddl-{name}-{dialect}"), &ran);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_tables_are_those_that_a_load_makes() {
    let (_server, shell) = media().await;
    shell.write("kinds.yaml", KINDS);
    let defined_and_loaded = |spec: &str, database: &str| {
        let loaded = shell.run(&["load", spec, "--to", &format!("sqlite:{database}")]);
        assert_eq!(loaded.code, 0, "{loaded}");
        let ddl = shell.run(&["ddl", spec]).stdout;
        let defined = rusqlite::Connection::open_in_memory().unwrap();
        defined.execute_batch(&ddl).unwrap();
        let loaded = rusqlite::Connection::open(shell.path(database)).unwrap();
        (tables(&defined), tables(&loaded))
    };
    for (spec, database, number) in [(MEDIA, "media.db", 4), ("kinds.yaml", "kinds.db", 3)] {
        let (defined, loaded) = defined_and_loaded(spec, database);
        assert_eq!(defined.len(), number);
        assert_eq!(defined, loaded);
    }
}

/// The media server's records in every kind of table.
const KINDS: &str = "
name: media_insights
config: { base_url: text }
client:
  base_url: '{config.base_url}'
  auth: { type: api_key, name: api_key, api_key: '{secrets.api_key}', location: query }
resource_defaults:
  write_disposition: merge
  endpoint: { path: /v1/media_insights, data_selector: data, paginator: { type: offset, limit: 100 } }
resources:
  - name: untyped
    write_disposition: append
    columns: json
  - name: keyed
    primary_key: id
    merge_key: [kind, is_sponsored]
    columns: json
  - name: grouped
    merge_key: kind
    columns: { id: text, kind: text }
";

/// The statements that made a database's tables.
fn tables(database: &rusqlite::Connection) -> Vec<String> {
    let sql = "SELECT sql FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE '\\_%' \
               ESCAPE '\\' ORDER BY name";
    let mut statement = database.prepare(sql).unwrap();
    let tables = statement.query_map([], |row| row.get(0)).unwrap();
    tables.map(Result::unwrap).collect()
}
#[test]
fn a_template_of_the_users_own_takes_the_place_of_ours() {
    let shell = Shell::new();
    std::fs::create_dir(shell.path("ours")).unwrap();
    shell.write("ours/row.md", "* {{ resource.name }}\n");
    let page = "{% for resource in resources %}{% include \"row.md\" %}{% endfor %}";
    shell.write("ours/reference.md", page);
    let docs = ["docs", MEDIA, "--templates", "ours"];
    let ran = shell.run(&docs);
    assert_eq!(ran.stdout.lines().next(), Some("* media_insights"), "{ran}");
    shell.write("ours/reference.md", "# {{ name }}\n\n  {{ titel }}\n");
    snapshot("docs-unknown-variable", &shell.run(&docs));
    shell.write("ours/reference.md", "# {{ name\n{% endfor %}\n");
    snapshot("docs-bad-template", &shell.run(&docs));
    snapshot(
        "docs-no-folder",
        &shell.run(&["docs", MEDIA, "--templates", "nowhere"]),
    );
}

#[test]
fn a_template_of_the_users_own_lays_out_what_is_generated() {
    let shell = Shell::new();
    std::fs::create_dir(shell.path("ours")).unwrap();
    let layout = "// (c) Us. Of {{ spec }}: {{ resources | length }} resources.\n\n{{ items }}\n";
    shell.write("ours/connector.rs", layout);
    let generate = ["generate", "--out", "src", "--templates", "ours", MEDIA];
    let ran = shell.run(&generate);
    assert_eq!(ran.code, 0, "{ran}");
    let file = shell.read("src/media_insights.rs");
    let first =
        format!("// (c) Us. Of {MEDIA}: 4 resources.\n\nuse ::rest_source::__private as __rs;\n");
    assert!(file.starts_with(&first), "{file}");
    assert!(file.contains("\npub struct Stories {"), "{file}");
    shell.write("ours/connector.rs", "{{ module }}\n{{ modul }}\n");
    snapshot("generate-bad-template", &shell.run(&generate));
}

#[test]
fn a_new_crate_is_made_once_and_under_a_name() {
    let shell = Shell::new();
    snapshot("new", &shell.run(&["new", "my-api"]));
    snapshot("new-again", &shell.run(&["new", "my-api"]));
    snapshot("new-bad-name", &shell.run(&["new", "My Api"]));
    for taken in ["type", "rest-source", "std", "1st", "-x"] {
        assert_eq!(shell.run(&["new", taken]).code, 2, "{taken}");
    }
    assert_eq!(shell.run(&["check", "my-api/specs/my_api.yaml"]).code, 0);
}

#[test]
fn editors_are_given_a_schema() {
    let ran = Shell::new().run(&["schema"]);
    let schema: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(schema["title"], "rest-source connector spec");
    assert_eq!(ran.code, 0);
}
