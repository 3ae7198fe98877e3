//! `mock`: what it announces, serves and refuses.

use std::{
    fs,
    io::{BufRead as _, BufReader, Read as _},
    process::Child,
};

use crate::shell::Shell;

const SPEC: &str = "\
name: shop
client:
  base_url: https://api.example.com/v1
  auth: { type: bearer, token: \"{secrets.token}\" }
resources:
  - name: orders
    endpoint:
      path: orders
      data_selector: data
      paginator: { type: json_link, next_url_path: next }
    primary_key: id
    columns: { id: bigint!, note: text, placed_at: timestamp! }
";

/// A mock at work, and what it announced.
pub(crate) struct Served {
    child: Child,
    pub(crate) url: String,
    announced: String,
}

impl Served {
    pub(crate) fn start(shell: &Shell, args: &[&str]) -> Self {
        let mut child = shell.command(&[&["mock"], args].concat()).spawn().unwrap();
        let mut lines = BufReader::new(child.stderr.as_mut().unwrap()).lines();
        let mut announced = String::new();
        // The line that says how to fetch has the URL at its end; notes follow it.
        let url = loop {
            let line = lines.next().expect("the mock ended").unwrap();
            announced.push_str(&line);
            announced.push('\n');
            if let Some((_, url)) = line.split_once(" --base-url ") {
                break url.to_owned();
            }
        };
        Self {
            child,
            url,
            announced,
        }
    }

    /// Ends it, and returns what it printed since.
    pub(crate) fn end(mut self) -> String {
        self.child.kill().unwrap();
        let mut rest = String::new();
        self.child
            .stderr
            .take()
            .unwrap()
            .read_to_string(&mut rest)
            .unwrap();
        self.child.wait().unwrap();
        rest
    }
}

#[test]
fn records_are_paged_by_links_to_the_mock_itself_and_faults_happen() {
    let shell = Shell::new().with("SHOP_TOKEN", "mock-token");
    shell.write("shop.yaml", SPEC);
    let fault = "503,after=1,times=2,retry_after=0";
    let served = Served::start(
        &shell,
        &["shop.yaml", "--page-size", "40", "--fault", fault],
    );
    assert!(
        served.announced.contains("export SHOP_TOKEN=mock-token"),
        "{}",
        served.announced
    );
    assert!(served.url.ends_with("/v1"), "{}", served.url);

    let fetched = shell.run(&[
        "fetch",
        "shop.yaml",
        "orders",
        "--format",
        "jsonl",
        "--base-url",
        &served.url,
    ]);
    assert_eq!(fetched.code, 0, "{}", fetched.stderr);
    assert_eq!(fetched.stdout.lines().count(), 100);
    assert_eq!(
        fetched.stdout.lines().nth(4),
        Some(r#"{"id":5,"note":null,"placed_at":"2026-01-01T04:00:00Z"}"#)
    );
    let statuses = served.end();
    let statuses: Vec<&str> = statuses
        .lines()
        .filter_map(|line| line.rsplit(' ').next())
        .collect();
    assert_eq!(statuses, ["(200)", "(503)", "(503)", "(200)", "(200)"]);
}

#[test]
fn a_wrong_credential_is_refused() {
    let shell = Shell::new().with("SHOP_TOKEN", "another");
    shell.write("shop.yaml", SPEC);
    let served = Served::start(&shell, &["shop.yaml"]);
    let fetched = shell.run(&["fetch", "shop.yaml", "orders", "--base-url", &served.url]);
    served.end();
    assert_eq!(fetched.code, 3);
    assert!(fetched.stderr.contains("401"), "{}", fetched.stderr);
}

#[test]
fn saved_pages_are_served_again() {
    let shell = Shell::new().with("SHOP_TOKEN", "mock-token");
    shell.write("shop.yaml", SPEC);
    let served = Served::start(&shell, &["shop.yaml", "--records", "7", "--page-size", "3"]);
    let fetch = [
        "fetch",
        "shop.yaml",
        "orders",
        "--format",
        "jsonl",
        "--base-url",
    ];
    let saved = shell.run(&[&fetch[..], &[&served.url, "--save", "pages"]].concat());
    served.end();
    assert_eq!(saved.code, 0, "{}", saved.stderr);

    let again = Served::start(&shell, &["shop.yaml", "--from", "pages"]);
    let fetched = shell.run(&[&fetch[..], &[&again.url]].concat());
    again.end();
    assert_eq!(fetched.stdout, saved.stdout);
}

#[test]
fn samples_have_what_children_and_ranges_need() {
    let shell = Shell::new();
    shell.write("tree.yaml", "\
config: { org: text }
client: { base_url: \"https://api.example.com/{config.org}\", paginator: single_page }
resources:
  - name: parents
    columns: { slug: text }
  - name: kids
    endpoint: { path: /kids, params: { parent: \"{resources.parents.slug}\" } }
    columns: { id: bigint! }
  - name: changes
    endpoint:
      path: /changes
      incremental: { cursor_path: at, initial_value: 2024-01-01T00:00:00Z, end_value: 2024-03-01T00:00:00Z, start_param: from, end_param: to }
    columns: { at: timestamp! }
");
    let served = Served::start(&shell, &["tree.yaml", "--records", "10"]);
    assert!(
        served.announced.contains("export TREE_ORG=org"),
        "{}",
        served.announced
    );
    let shell = shell.with("TREE_ORG", "org");
    for (resource, records) in [("kids", 100), ("changes", 10)] {
        let fetch = [
            "fetch",
            "tree.yaml",
            resource,
            "--format",
            "jsonl",
            "--base-url",
            &served.url,
        ];
        let fetched = shell.run(&fetch);
        assert_eq!(fetched.stdout.lines().count(), records, "{fetched}");
    }
    served.end();
}

#[test]
fn what_cannot_be_served_is_an_error_of_usage() {
    let shell = Shell::new();
    shell.write("shop.yaml", SPEC);
    fs::create_dir(shell.path("empty")).unwrap();
    for (args, message) in [
        (&["shop.yaml", "--from", "empty"][..], "has no saved pages"),
        (&["shop.yaml", "--from", "nowhere"], "cannot read `nowhere`"),
        (&["shop.yaml", "--fault", "flood"], "is not a fault"),
        (
            &["shop.yaml", "--fault", "503,resource=carts"],
            "has no resource `carts`",
        ),
        (
            &["shop.yaml", "--fault", "503,times=x"],
            "needs a whole number",
        ),
        (&["shop.yaml", "--config", "a=b"], "has no setting `a`"),
    ] {
        let ran = shell.run(&[&["mock"], args].concat());
        assert_eq!(ran.code, 2, "{args:?}: {}", ran.stderr);
        assert!(ran.stderr.contains(message), "{args:?}: {}", ran.stderr);
    }
}

#[test]
fn every_spec_is_served() {
    let shell = Shell::new();
    for spec in fs::read_dir(shell.path("specs")).unwrap() {
        let spec = spec.unwrap().path();
        let served = Served::start(&shell, &[spec.to_str().unwrap(), "--records", "40"]);
        served.end();
    }
}
