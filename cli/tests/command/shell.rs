//! A folder to run the command in.

use std::{
    fmt, fs,
    io::Write as _,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
    sync::atomic::{AtomicUsize, Ordering},
};

use rest_source_testkit::leak;

use crate::reports::valid_report;

/// A folder of its own with the specs in it, and an environment without any variable but those given.
pub(crate) struct Shell {
    folder: PathBuf,
    variables: Vec<(String, String)>,
}

/// What a run left behind.
#[derive(Clone, Debug)]
pub(crate) struct Ran {
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    pub(crate) code: i32,
}

impl Shell {
    pub(crate) fn new() -> Self {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("rest-source-cli-{}-{number}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        fs::create_dir_all(folder.join("specs")).unwrap();
        let specs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../specs");
        for spec in fs::read_dir(specs).unwrap() {
            let spec = spec.unwrap();
            fs::copy(spec.path(), folder.join("specs").join(spec.file_name())).unwrap();
        }
        Self {
            folder,
            variables: Vec::new(),
        }
    }

    /// With this variable in its environment.
    pub(crate) fn with(mut self, name: &str, value: &str) -> Self {
        self.variables.push((name.to_owned(), value.to_owned()));
        self
    }

    /// The variables of its environment.
    #[cfg(unix)]
    pub(crate) fn variables(&self) -> Vec<(String, String)> {
        self.variables.clone()
    }

    /// With an empty environment.
    pub(crate) fn without_variables(mut self) -> Self {
        self.variables.clear();
        self
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    pub(crate) fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap()
    }

    /// How many rows a table has.
    pub(crate) fn rows(&self, database: &str, table: &str) -> usize {
        let database = rusqlite::Connection::open(self.path(database)).unwrap();
        let count = format!("SELECT count(*) FROM {table}");
        let rows: i64 = database.query_row(&count, [], |row| row.get(0)).unwrap();
        usize::try_from(rows).unwrap()
    }

    /// Whether a table has rows, also while a load writes to its database.
    #[cfg(unix)]
    pub(crate) fn has_rows(&self, database: &str, table: &str) -> bool {
        let flags = rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY;
        let Ok(database) = rusqlite::Connection::open_with_flags(self.path(database), flags) else {
            return false;
        };
        let count = format!("SELECT count(*) FROM {table}");
        let rows = database.query_row(&count, [], |row| row.get::<_, i64>(0));
        rows.is_ok_and(|rows| rows > 0)
    }

    /// How many rows a consistent database has, in whatever tables of a source there are.
    #[cfg(unix)]
    pub(crate) fn all_rows(&self, database: &str) -> usize {
        let open = rusqlite::Connection::open(self.path(database)).unwrap();
        let check: String = open
            .query_row("PRAGMA integrity_check", [], |row| row.get(0))
            .unwrap();
        assert_eq!(check, "ok");
        let sql = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE '\\_%' \
                   ESCAPE '\\'";
        let mut statement = open.prepare(sql).unwrap();
        let tables = statement.query_map([], |row| row.get::<_, String>(0));
        let tables: Vec<String> = tables.unwrap().map(Result::unwrap).collect();
        tables.iter().map(|table| self.rows(database, table)).sum()
    }

    pub(crate) fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_rest-source"));
        command
            .args(args)
            .current_dir(&self.folder)
            .env_clear()
            .envs(self.variables.iter().cloned())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    /// What a line prints that is typed in a shell which finds the command: stderr among stdout.
    #[cfg(unix)]
    pub(crate) fn typed(&self, line: &str) -> String {
        let command = Path::new(env!("CARGO_BIN_EXE_rest-source"));
        let folder = command.parent().unwrap().display();
        let output = Command::new("sh")
            .args(["-c", &format!("{{ {line}; }} 2>&1")])
            .current_dir(&self.folder)
            .env_clear()
            .envs(self.variables.iter().cloned())
            .env("PATH", format!("{folder}:/usr/local/bin:/usr/bin:/bin"))
            .output();
        Ran::of(output.unwrap()).stdout
    }

    /// Runs the command. A report that it writes is valid by the schema, and has the exit code.
    #[track_caller]
    pub(crate) fn run(&self, args: &[&str]) -> Ran {
        let option = args.iter().position(|arg| *arg == "--report");
        let file = option.and_then(|at| args.get(at + 1));
        let read = |file: &str| fs::read(self.path(file)).unwrap_or_default();
        let before = file.map(|file| read(file)).unwrap_or_default();
        let mut command = self.command(args);
        let logs = self.log_all(&mut command);
        let ran = self.checked(Ran::of(command.output().unwrap()), logs);
        let report = match file {
            Some(&"-") => ran.stdout.clone().into_bytes(),
            Some(file) => read(file),
            None => Vec::new(),
        };
        // An argument that is wrong is an error before there is a report.
        if report != before {
            let report = valid_report(&String::from_utf8(report).unwrap());
            assert_eq!(report["exit_code"], ran.code, "{report}\n{ran}");
        }
        ran
    }

    /// A run that reads this text from stdin.
    pub(crate) fn run_with_stdin(&self, args: &[&str], text: &str) -> Ran {
        let mut command = self.command(args);
        let logs = self.log_all(&mut command);
        let mut child = command.stdin(Stdio::piped()).spawn().unwrap();
        // A command that does not read it closes its end.
        let _ = child.stdin.take().unwrap().write_all(text.as_bytes());
        self.checked(Ran::of(child.wait_with_output().unwrap()), logs)
    }

    /// Makes a command log everything, if the test says nothing of logs.
    fn log_all(&self, command: &mut Command) -> Logs {
        let has_variable = self.variables.iter().any(|(name, _)| name == "RUST_LOG");
        if has_variable || command.get_args().any(|arg| arg == "-v" || arg == "-vv") {
            return Logs::OfTheTest;
        }
        command.env("RUST_LOG", "trace");
        Logs::Added
    }

    /// What a command left behind, without added logs. No secret of its environment is in its logs and messages.
    #[track_caller]
    fn checked(&self, mut ran: Ran, logs: Logs) -> Ran {
        let secrets = self.variables.iter().filter(|(name, _)| {
            let ends = ["KEY", "PASSWORD", "REFRESH", "SECRET", "TOKEN"];
            ends.iter().any(|end| name.ends_with(end))
        });
        let leak = leak(&ran.stderr, secrets.map(|(_, value)| value));
        assert_eq!(leak, None, "a secret is in a log or a message");
        if logs == Logs::Added {
            let lines = ran.stderr.split_inclusive('\n');
            ran.stderr = lines.filter(|line| !is_log(line)).collect();
        }
        ran
    }
}

/// Who asked for the logs of a command.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Logs {
    OfTheTest,
    Added,
}

/// Whether a line begins with the time of a log, such as `2026-11-30T08:00:00.000Z`.
fn is_log(line: &str) -> bool {
    let time = line.split(' ').next().unwrap_or_default();
    let shape: String = (time.chars())
        .map(|c| if c.is_ascii_digit() { '0' } else { c })
        .collect();
    shape == "0000-00-00T00:00:00.000Z"
}

impl Drop for Shell {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.folder);
    }
}

impl Ran {
    pub(crate) fn of(output: Output) -> Self {
        Self {
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
            code: output.status.code().unwrap(),
        }
    }

    pub(crate) fn with_stdout(mut self, stdout: String) -> Self {
        self.stdout = stdout;
        self
    }
}

impl fmt::Display for Ran {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, text) in [("stdout", &self.stdout), ("stderr", &self.stderr)] {
            if !text.is_empty() {
                writeln!(f, "--- {name}\n{}", text.trim_end())?;
            }
        }
        write!(f, "--- exit code {}", self.code)
    }
}

/// Runs SQL in the Postgres database of the tests.
#[track_caller]
pub(crate) fn psql(url: &str, sql: &str) {
    let mut psql = Command::new("psql");
    let ran = psql
        .args(["-qX", "-v", "ON_ERROR_STOP=1", "-d", url, "-c", sql])
        .output();
    let ran = Ran::of(ran.expect("psql is installed"));
    assert_eq!(ran.code, 0, "{ran}");
}

/// Compares with the golden file of this name. Ports, which differ from run to run, are blanked.
#[track_caller]
pub(crate) fn snapshot(name: &str, ran: &Ran) {
    let mut shown = String::new();
    let text = ran.to_string();
    let mut rest = text.as_str();
    while let Some((before, after)) = rest.split_once("127.0.0.1:") {
        shown += before;
        shown += "127.0.0.1:PORT";
        rest = after.trim_start_matches(|c: char| c.is_ascii_digit());
    }
    shown += rest;
    let mut settings = insta::Settings::clone_current();
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.set_snapshot_path("../golden");
    settings.bind(|| insta::assert_snapshot!(name.to_owned(), shown));
}
