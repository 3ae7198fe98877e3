//! The recipes of the guide about operating do what they say: their commands are run as cron, systemd, Kubernetes and
//! GitHub Actions would, against the example API. What starts them is not run.

use std::fs;

use crate::{
    console::{Server, blocks},
    shell::Shell,
};

const GUIDE: &str = include_str!("../../../docs/guides/operating.md");
const KEY: &str = "mock-api_key";

/// The lines of the blocks of a language.
fn lines(language: &str) -> Vec<&'static str> {
    let blocks = blocks(GUIDE).filter(|(fence, _)| *fence == language);
    let lines = blocks.flat_map(|(_, text)| text.lines());
    let lines: Vec<_> = lines.map(str::trim).collect();
    assert!(!lines.is_empty(), "{language}");
    lines
}

/// The machine of the recipes: a project, and the example API.
struct Machine {
    shell: Shell,
    server: Server,
}

impl Machine {
    fn new() -> Self {
        let shell = Shell::new();
        let server = Server::start(&shell, "rest-source demo");
        let url = server.url();
        shell.write(
            "srv/etl/rest-source.yaml",
            &format!(
                "destinations:\n  warehouse: {{ to: env:WAREHOUSE }}\nsources:\n  media:\n    \
                 spec: specs/media_insights.yaml\n    max_time: 50m\n    \
                 settings: {{ base_url: \"{url}\" }}\n"
            ),
        );
        let spec = shell.read("specs/media_insights.yaml");
        shell.write("srv/etl/specs/media_insights.yaml", &spec);
        for folder in ["etc/etl", "var/lib/node_exporter"] {
            fs::create_dir_all(shell.path(folder)).unwrap();
        }
        Self { shell, server }
    }

    fn warehouse(&self) -> String {
        format!("sqlite:{}", self.shell.path("warehouse.db").display())
    }

    /// With the secrets in the environment.
    fn with_secrets(mut self) -> Self {
        let (warehouse, url) = (self.warehouse(), self.server.url());
        self.shell = self
            .shell
            .with("MEDIA_INSIGHTS_API_KEY", KEY)
            .with("MEDIA_INSIGHTS_BASE_URL", &url)
            .with("WAREHOUSE", &warehouse);
        self
    }

    /// What a line prints and its exit code, with the folders of the recipe within that of the test.
    #[track_caller]
    fn typed(&self, line: &str) -> (String, String) {
        let mut line = line.replace("/usr/local/bin/rest-source", "rest-source");
        for folder in ["/srv/etl", "/etc/etl", "/var/lib/node_exporter"] {
            line = line.replace(folder, &self.shell.path(&folder[1..]).display().to_string());
        }
        let etl = self.shell.path("srv/etl");
        let typed = format!(
            "cd {} && {{ {line}; }}; echo \"exit code $?\"",
            etl.display()
        );
        let printed = self.shell.typed(&typed);
        let (printed, code) = printed.rsplit_once("exit code ").expect(&printed);
        (printed.to_owned(), code.trim().to_owned())
    }

    #[track_caller]
    fn succeeds(&self, line: &str) -> String {
        let (printed, code) = self.typed(line);
        assert_eq!(code, "0", "{line}\n{printed}");
        assert_eq!(self.shell.rows("warehouse.db", "stories"), 300, "{line}");
        printed
    }
}

#[test]
fn commands_of_the_text_succeed() {
    let machine = Machine::new().with_secrets();
    let lines = lines("sh");
    assert!(lines.len() >= 3, "{lines:?}");
    for line in lines {
        machine.succeeds(line);
    }
    for file in ["report.json", "rest_source.prom", "runs.html"] {
        assert!(machine.shell.path("srv/etl").join(file).exists(), "{file}");
    }
}

#[test]
fn cron_mails_nothing_unless_something_is_wrong() {
    let machine = Machine::new();
    let secrets = |key: &str| {
        let text = format!(
            "MEDIA_INSIGHTS_API_KEY={key}\nWAREHOUSE={}\n",
            machine.warehouse()
        );
        machine.shell.write("etc/etl/secrets.env", &text);
        let file = machine.shell.path("etc/etl/secrets.env");
        #[cfg(unix)]
        fs::set_permissions(file, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    };
    let commands: Vec<String> = lines("crontab")
        .into_iter()
        .filter(|line| !line.starts_with("MAILTO="))
        .map(|line| {
            line.split_whitespace()
                .skip(5)
                .collect::<Vec<_>>()
                .join(" ")
        })
        .collect();
    let [load, status] = &commands[..] else {
        panic!("{commands:?}");
    };
    secrets(KEY);
    assert_eq!(machine.succeeds(load), "");
    assert_eq!(machine.succeeds(status), "");
    secrets("another-key");
    let (mail, _) = machine.typed(load);
    assert!(mail.contains("answered 401"), "{mail}");
    // Nobody has loaded for longer than the alarm allows.
    let database = rusqlite::Connection::open(machine.shell.path("warehouse.db")).unwrap();
    let sql = "UPDATE _rest_source_loads SET started = '2026-01-01T00:00:00.000000+00:00', \
               ended = '2026-01-01T00:00:00.000000+00:00'";
    database.execute(sql, []).unwrap();
    let (mail, code) = machine.typed(status);
    assert_eq!(code, "4", "{mail}");
    assert!(mail.contains("the last success of `stories`"), "{mail}");
}

#[test]
fn systemd_passes_secrets_as_credentials() {
    let mut machine = Machine::new();
    let lines = lines("ini");
    let values = |key: &str| -> Vec<&str> {
        let values = lines.iter().filter_map(|line| line.split_once('='));
        let values = values.filter(|(name, _)| *name == key);
        values.map(|(_, value)| value).collect()
    };
    let mut credentials = 0;
    for credential in values("LoadCredential") {
        let (name, _) = credential.split_once(':').unwrap();
        let value = match name {
            "WAREHOUSE" => machine.warehouse(),
            _ => KEY.to_owned(),
        };
        machine
            .shell
            .write(&format!("run/credentials/{name}"), &format!("{value}\n"));
        credentials += 1;
    }
    assert_eq!(credentials, 2);
    let folder = machine.shell.path("run/credentials").display().to_string();
    machine.shell = machine.shell.with("CREDENTIALS_DIRECTORY", &folder);
    let commands = values("ExecStart");
    assert_eq!(commands.len(), 1, "{commands:?}");
    machine.succeeds(commands[0]);
    let metrics = machine.shell.read("var/lib/node_exporter/rest_source.prom");
    assert!(metrics.ends_with("# EOF\n"), "{metrics}");
    // Records that are missing, or loaded by another run, are no failure of the unit: the next run goes on.
    assert_eq!(values("SuccessExitStatus"), ["4 5"]);
}

#[test]
fn kubernetes_and_github_actions_pass_secrets_in_the_environment() {
    let machine = Machine::new().with_secrets();
    let lines = lines("yml");
    let command = |line: &&str| {
        line.strip_prefix("command: [")
            .map(|line| line.replace([']', ','], ""))
    };
    let container: Vec<String> = lines.iter().filter_map(command).collect();
    assert_eq!(container.len(), 1, "{container:?}");
    let logs = machine.succeeds(&container[0]);
    let logs = logs.lines().filter(|line| line.starts_with('{'));
    let logs: Result<Vec<serde_json::Value>, _> = logs.map(serde_json::from_str).collect();
    assert!(
        logs.unwrap()
            .iter()
            .any(|event| event["message"] == "response")
    );
    // How the command is installed is not run.
    let steps = lines.iter().filter_map(|line| line.strip_prefix("- run: "));
    let steps: Vec<_> = steps
        .filter(|step| !step.starts_with("cargo install "))
        .collect();
    assert_eq!(steps.len(), 1, "{steps:?}");
    machine.succeeds(steps[0]);
    let artifact = lines.iter().find_map(|line| line.split_once("path: "));
    let file = artifact.unwrap().1.trim_end_matches([' ', '}']);
    assert!(machine.shell.path("srv/etl").join(file).exists(), "{file}");
}
