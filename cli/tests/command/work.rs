//! `rest-source work`, and the recipes of the guide about it: run against the example API and a Postgres database, if
//! `REST_SOURCE_TEST_POSTGRES` has the URL of one.

use std::process::Command;

use crate::{
    console::{Server, blocks},
    shell::Shell,
};

const GUIDE: &str = include_str!("../../../docs/guides/scale.md");

/// The blocks of a language.
fn texts(language: &str) -> Vec<&'static str> {
    let blocks = blocks(GUIDE).filter(|(fence, _)| *fence == language);
    let texts: Vec<_> = blocks.map(|(_, text)| text).collect();
    assert!(!texts.is_empty(), "{language}");
    texts
}

/// A machine with the secrets of the guide, and a schema of its own.
struct Machine {
    shell: Shell,
    schema: String,
    _server: Server,
}

impl Machine {
    fn new(name: &str) -> Option<Self> {
        let url = std::env::var("REST_SOURCE_TEST_POSTGRES").ok()?;
        let schema = format!("work_{name}");
        execute(
            &url,
            &format!("DROP SCHEMA IF EXISTS {schema} CASCADE; CREATE SCHEMA {schema}"),
        );
        let separator = if url.contains('?') { '&' } else { '?' };
        let warehouse = format!("{url}{separator}options=-c%20search_path%3D{schema}");
        let shell = Shell::new();
        let server = Server::start(&shell, "rest-source demo");
        let base = server.url();
        let shell = shell
            .with("MEDIA_INSIGHTS_API_KEY", "mock-api_key")
            .with("MEDIA_INSIGHTS_BASE_URL", &base)
            .with("WAREHOUSE", &warehouse);
        Some(Self {
            shell,
            schema,
            _server: server,
        })
    }

    /// What a line prints, and its exit code.
    fn typed(&self, line: &str) -> (String, String) {
        let printed = self
            .shell
            .typed(&format!("{{ {line}; }}; echo \"exit code $?\""));
        let (printed, code) = printed.rsplit_once("exit code ").expect(&printed);
        (printed.to_owned(), code.trim().to_owned())
    }

    #[track_caller]
    fn ends(&self, line: &str, code: &str) -> String {
        let (printed, found) = self.typed(line);
        assert_eq!(found, code, "{line}\n{printed}");
        printed
    }

    fn stories(&self) -> i64 {
        let url = std::env::var("REST_SOURCE_TEST_POSTGRES").unwrap();
        query(
            &url,
            &format!("SELECT count(*) FROM {}.stories", self.schema),
        )
    }
}

fn with_client<T>(url: &str, work: impl AsyncFnOnce(tokio_postgres::Client) -> T) -> T {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let (client, connection) = tokio_postgres::connect(url, tokio_postgres::NoTls)
            .await
            .unwrap();
        tokio::spawn(connection);
        work(client).await
    })
}

fn execute(url: &str, sql: &str) {
    with_client(url, async |client| client.batch_execute(sql).await.unwrap());
}

fn query(url: &str, sql: &str) -> i64 {
    with_client(url, async |client| {
        client.query_one(sql, &[]).await.unwrap().get(0)
    })
}

#[test]
fn commands_of_the_guide_load_the_source() {
    let Some(machine) = Machine::new("guide") else {
        return;
    };
    let commands: Vec<&str> = texts("sh").into_iter().flat_map(str::lines).collect();
    let [plan, run, status] = commands[..] else {
        panic!("{commands:?}");
    };
    let planned = machine.ends(plan, "0");
    assert!(planned.contains("stories: "), "{planned}");
    let shown = machine.ends(status, "0");
    assert!(
        shown.contains("media_insights.stories  running  0/"),
        "{shown}"
    );
    // The second job of the guide finds the work of the first.
    machine.ends(plan, "5");
    let worked = machine.ends(run, "0");
    assert!(worked.contains("published stories: 300 rows"), "{worked}");
    assert_eq!(machine.stories(), 300);
    let shown = machine.ends(status, "0");
    assert!(
        shown.contains("media_insights.stories  published"),
        "{shown}"
    );
    // A worker that comes too late has nothing to do.
    machine.ends(run, "0");
}

#[test]
fn kubernetes_plans_once_and_workers_end_together() {
    let Some(machine) = Machine::new("kubernetes") else {
        return;
    };
    let recipe = texts("yml")[0];
    let command = |line: &&'static str| {
        let line = line.trim().strip_prefix("command: [")?.strip_suffix(']')?;
        Some(match line.strip_prefix("sh, -c, ") {
            Some(shell) => shell.trim_matches('"').to_owned(),
            None => line.replace([',', '"'], ""),
        })
    };
    let lines: Vec<&'static str> = recipe.lines().collect();
    let commands: Vec<String> = lines.iter().filter_map(command).collect();
    let [plan, work] = &commands[..] else {
        panic!("{commands:?}");
    };
    machine.ends(plan, "0");
    machine.ends(plan, "0");
    machine.ends(
        &format!("{work} & {work} & {work}; result=$?; wait; (exit $result)"),
        "0",
    );
    assert_eq!(machine.stories(), 300);
}

#[test]
fn python_of_the_guide_compiles_and_runs_commands_that_exist() {
    let machine = Machine::new("python");
    for text in texts("py") {
        let compiled = Command::new("python3")
            .args([
                "-c",
                "import sys; compile(sys.argv[1], 'recipe', 'exec')",
                text,
            ])
            .output();
        // Without Python, the commands are run all the same.
        if let Ok(compiled) = compiled {
            let error = String::from_utf8_lossy(&compiled.stderr).into_owned();
            assert!(compiled.status.success(), "{error}\n{text}");
        }
        let commands = text.lines().filter_map(|line| {
            let line = line.trim();
            if let Some(command) = line.strip_prefix("return \"rest-source") {
                return Some(format!("rest-source{}", command.trim_end_matches('"')));
            }
            let words = line.strip_prefix("subprocess.run([\"rest-source\", ")?;
            let words = words
                .split_once(']')?
                .0
                .replace("*SPEC", "specs/media_insights.yaml --to env:WAREHOUSE");
            Some(format!("rest-source {}", words.replace(['"', ','], "")))
        });
        let commands: Vec<String> = commands.collect();
        assert_eq!(commands.len(), 2, "{text}");
        for command in commands {
            if let Some(machine) = &machine {
                machine.ends(&command, "0");
            }
        }
    }
    if let Some(machine) = machine {
        assert_eq!(machine.stories(), 300);
    }
}

#[test]
fn queue_is_a_postgres_database_and_the_limiter_has_three_kinds() {
    let shell = Shell::new();
    let printed = shell.typed("rest-source work status --to sqlite:work.db; echo $?");
    assert!(printed.contains("is a Postgres database"), "{printed}");
    assert!(printed.ends_with("2\n"), "{printed}");
    let run = "rest-source work run specs/media_insights.yaml --to postgres://h/d --limiter";
    for kind in ["share:4/4", "share:1", "global"] {
        let printed = shell.typed(&format!("{run} {kind}; echo $?"));
        assert!(
            printed.contains("share:INDEX/COUNT") || printed.contains("no process 4"),
            "{printed}"
        );
        assert!(printed.ends_with("2\n"), "{printed}");
    }
}

#[test]
fn worker_without_a_secret_or_without_work_claims_nothing() {
    let Some(machine) = Machine::new("missing") else {
        return;
    };
    let run = "rest-source work run specs/media_insights.yaml --to env:WAREHOUSE";
    let printed = machine.ends(run, "2");
    assert!(
        printed.contains("no work on `media_insights` was planned"),
        "{printed}"
    );
    machine.ends(
        "rest-source work plan specs/media_insights.yaml --to env:WAREHOUSE --wait 1s",
        "0",
    );
    let printed = machine.ends(&format!("env -u MEDIA_INSIGHTS_API_KEY {run}"), "2");
    assert!(
        printed.contains("`MEDIA_INSIGHTS_API_KEY` is not set"),
        "{printed}"
    );
    let printed = machine.ends("rest-source work status --to env:WAREHOUSE", "0");
    assert!(printed.contains("0 running, 0 rows"), "{printed}");
}
