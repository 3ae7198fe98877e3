//! The modes of a cell: what a fetch writes, and what has to become of it.

use std::fs;

use rest_source_cli::{Context, Output};
use rest_source_testkit::{Asked, Folder, Scripted};
use rusqlite::Connection;

use crate::{
    clock::clock,
    server::{List, Lists},
    spec::{self, Paginator},
    table::{End, Outcome, Rule, Tables},
};

/// What becomes of the records of a list.
struct Mode {
    /// Its column in the table of rules.
    name: &'static str,
    /// The command of the cell's run, without its spec and destination.
    command: &'static str,
    /// Its resources; `$list` is what an endpoint says of a list that ends as the cell says.
    resources: &'static str,
    /// The paths of the lists: of the one that ends as the cell says, and of another of the same resource.
    paths: &'static [&'static str],
    /// The request whose start tells what became of the state.
    starts: &'static str,
    /// The table that is compared.
    table: &'static str,
}

const MODES: &[Mode] = &[
    Mode {
        name: "fetch",
        command: "fetch",
        resources: "
  - { name: fetched, selected: false, endpoint: { path: fetched, incremental: $since, $list } }",
        paths: &["/fetched"],
        starts: "/fetched",
        table: "",
    },
    Mode {
        name: "append",
        command: "load",
        resources: "
  - { name: appended, write_disposition: append, endpoint: { path: appended, $list } }",
        paths: &["/appended"],
        starts: "",
        table: "appended",
    },
    Mode {
        name: "append new",
        command: "load",
        resources: "
  - { name: appended_new, write_disposition: append, endpoint: { path: appended_new, incremental: $since, $list } }",
        paths: &["/appended_new"],
        starts: "/appended_new",
        table: "appended_new",
    },
    Mode {
        name: "append in order",
        command: "load",
        resources: "
  - { name: appended_in_order, write_disposition: append,
      endpoint: { path: appended_in_order, incremental: $ascending, $list } }",
        paths: &["/appended_in_order"],
        starts: "/appended_in_order",
        table: "appended_in_order",
    },
    Mode {
        name: "merge",
        command: "load",
        resources: "
  - { name: merged, write_disposition: merge, endpoint: { path: merged, incremental: $since, $list } }",
        paths: &["/merged"],
        starts: "/merged",
        table: "merged",
    },
    Mode {
        name: "merge_key",
        command: "load",
        resources: "
  - { name: grouped, write_disposition: merge, merge_key: day, endpoint: { path: grouped, $list } }",
        paths: &["/grouped"],
        starts: "",
        table: "grouped",
    },
    Mode {
        name: "replace",
        command: "load",
        resources: "
  - { name: replaced, write_disposition: replace, endpoint: { path: replaced, $list } }",
        paths: &["/replaced"],
        starts: "",
        table: "replaced",
    },
    Mode {
        name: "full refresh",
        command: "load --full-refresh",
        resources: "
  - { name: refreshed, write_disposition: merge, endpoint: { path: refreshed, $list } }",
        paths: &["/refreshed"],
        starts: "",
        table: "refreshed",
    },
    Mode {
        name: "children",
        command: "load",
        resources: "
  - { name: boxes, write_disposition: merge, endpoint: { data_selector: items, paginator: single_page } }
  - { name: children, write_disposition: merge,
      endpoint: { path: 'boxes/{resources.boxes.id}/children', incremental: $since, $list } }",
        paths: &["/boxes/1/children", "/boxes/2/children"],
        starts: "/boxes/1/children",
        table: "",
    },
    Mode {
        name: "parents",
        command: "load",
        resources: "
  - { name: parents, write_disposition: merge, endpoint: { path: parents, $list } }
  - { name: notes, write_disposition: merge,
      endpoint: { path: 'parents/{resources.parents.id}/notes', incremental: $since,
                  data_selector: items, paginator: single_page } }",
        paths: &["/parents"],
        starts: "/parents/1/notes",
        table: "",
    },
    Mode {
        name: "replace children",
        command: "load",
        resources: "
  - { name: owners, selected: false, endpoint: { path: owners, $list } }
  - { name: belongings, write_disposition: replace,
      endpoint: { path: 'owners/{resources.owners.id}/notes', data_selector: items, paginator: single_page } }",
        paths: &["/owners"],
        starts: "",
        table: "belongings",
    },
];

/// The spec of these modes, at the server `$url`.
fn spec<'m>(modes: impl IntoIterator<Item = &'m Mode>, end: &End, paginator: &Paginator) -> String {
    let resources = modes.into_iter().map(|mode| mode.resources);
    let resources = resources
        .collect::<String>()
        .replace("$list", &paginator.endpoint(end))
        .replace("$since", "{ cursor_path: at, start_param: since }")
        .replace(
            "$ascending",
            "{ cursor_path: at, start_param: since, row_order: asc }",
        );
    let columns = "{ id: bigint!, at: bigint!, day: bigint! }";
    format!(
        "name: matrix\nclient: {{ base_url: $url }}\n\
         resource_defaults: {{ primary_key: id, columns: {columns} }}\nresources:{resources}\n"
    )
}

/// The `id` of the first record of a list before, in and after the cell's run.
const FIRST: [i64; 3] = [1, 1_001, 2_001];

/// Checks a cell of the table of ends in every mode.
///
/// # Errors
///
/// What is wrong, mode by mode.
pub(crate) fn check(
    tables: &Tables,
    end: &End,
    paginator: &'static Paginator,
    expected: &Outcome,
) -> Result<(), String> {
    if expected.name == "refused" {
        return spec::refused(&spec(MODES, end, paginator), &spec::keys(&end.keys));
    }
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let runtime = runtime.map_err(|error| error.to_string())?;
    runtime.block_on(async {
        let cell = Cell::start(end, paginator, expected).await;
        cell.map_err(|error| error.to_string())?.check(tables).await
    })
}

/// A cell of the table of ends, and what its runs share.
struct Cell<'a> {
    end: &'a End,
    paginator: &'a Paginator,
    expected: &'a Outcome,
    lists: Lists,
    server: Scripted,
    folder: Folder,
}

/// What a run came to.
struct Run {
    code: u8,
    text: String,
    requests: Vec<Asked>,
}

impl<'a> Cell<'a> {
    async fn start(
        end: &'a End,
        paginator: &'a Paginator,
        expected: &'a Outcome,
    ) -> std::io::Result<Self> {
        let lists = Lists::new(paginator.address, paginator.stating(end));
        let answers = lists.clone();
        Ok(Self {
            end,
            paginator,
            expected,
            lists,
            server: Scripted::start(move |asked| answers.answer(asked)).await?,
            folder: Folder::new("matrix")?,
        })
    }

    /// Runs each mode with pages that end as the cell says, and before and after that all modes with pages that
    /// end well.
    async fn check(&self, tables: &Tables) -> Result<(), String> {
        let of_mode =
            |mode: &'static Mode| Some((mode, tables.rule(&self.expected.name, mode.name)?));
        // Not every outcome is there in every mode: a load has no limit.
        let modes: Vec<(&Mode, &Rule)> = MODES.iter().filter_map(of_mode).collect();
        if modes.is_empty() || self.expected.name == "complete" && modes.len() < MODES.len() {
            return Err(format!(
                "a mode lacks its rule for `{}`",
                self.expected.name
            ));
        }
        self.run_all(FIRST[0]).await?;
        for (mode, _) in &modes {
            for (at, path) in mode.paths.iter().enumerate() {
                let list = if at == 0 {
                    ending(self.end)
                } else {
                    List::whole(FIRST[1] + 500)
                };
                self.lists.serve(path, list);
            }
        }
        let mut wrong = Vec::new();
        for group in together(&modes) {
            let command = match self.expected.name.as_str() {
                "limited" => format!("fetch --limit {}", self.expected.records),
                _ => group[0].0.command.to_owned(),
            };
            let run = self
                .run(&command, group.iter().map(|(mode, _)| *mode))
                .await;
            for (mode, rule) in group {
                let checked = run
                    .check(rule, self.expected)
                    .and_then(|()| self.check_rows(mode, rule));
                wrong.extend(
                    checked
                        .err()
                        .map(|error| format!("{}: {error}\n{}", mode.name, run.text)),
                );
            }
        }
        let after = self.run_all(FIRST[2]).await?;
        for (mode, rule) in &modes {
            let checked = check_start(mode, rule, &after, &self.arrived(mode));
            wrong.extend(checked.err().map(|error| format!("{}: {error}", mode.name)));
        }
        if wrong.is_empty() {
            return Ok(());
        }
        Err(wrong.join("\n"))
    }

    /// Fetches and loads everything, from lists that end well: the requests.
    async fn run_all(&self, first_id: i64) -> Result<Vec<Asked>, String> {
        for path in MODES.iter().flat_map(|mode| mode.paths) {
            // Parents return; other lists have later records.
            let first_id = if *path == "/parents" {
                FIRST[0]
            } else {
                first_id
            };
            self.lists.serve(path, List::whole(first_id));
        }
        let mut requests = Vec::new();
        for command in ["fetch", "load"] {
            let modes = MODES
                .iter()
                .filter(|mode| mode.command.starts_with(command));
            let run = self.run(command, modes).await;
            if run.code != 0 {
                return Err(format!(
                    "a run that ends well exits with {}:\n{}",
                    run.code, run.text
                ));
            }
            requests.extend(run.requests);
        }
        Ok(requests)
    }

    /// Runs a command on the spec of these modes.
    async fn run(&self, command: &str, modes: impl Iterator<Item = &Mode>) -> Run {
        let spec = spec(modes, self.end, self.paginator).replace("$url", self.server.url());
        // Without the file the command fails.
        let _ = fs::write(self.path("api.yaml"), spec);
        let (command, flags) = command.split_once(' ').unwrap_or((command, ""));
        let target = match command {
            "fetch" => format!("fetched --format jsonl --state {}", self.path("state.json")),
            _ => format!("--to sqlite:{}", self.path("data.db")),
        };
        let line = format!(
            "rest-source {command} {} {target} {flags}",
            self.path("api.yaml")
        );
        let asked = self.server.asked().len();
        let output = Output::default();
        let context = Context::default().output(&output).clock(clock());
        let code = rest_source_cli::run(line.split_whitespace(), &context).await;
        Run {
            code,
            text: output.stderr(),
            requests: self.server.asked().split_off(asked),
        }
    }

    fn path(&self, name: &str) -> String {
        self.folder.path().join(name).display().to_string()
    }

    /// The `id`s of the records that arrive and count for a mode.
    fn arrived(&self, mode: &Mode) -> Vec<i64> {
        let records = match mode.name {
            // What comes past a missing page must not move the state.
            "append in order" => self.expected.before_gap,
            _ => self.expected.records,
        };
        ending(self.end).ids(records)
    }

    /// Compares the table with what the rule says of it.
    fn check_rows(&self, mode: &Mode, rule: &Rule) -> Result<(), String> {
        if mode.table.is_empty() {
            return Ok(());
        }
        let arrived = self.arrived(mode);
        let mut expected = Vec::new();
        // No group is replaced where nothing arrived.
        let keeps_groups = mode.name == "merge_key" && arrived.is_empty();
        if rule.says("adds") || rule.says("keeps") || keeps_groups {
            expected.extend(List::whole(FIRST[0]).ids(usize::MAX));
        }
        if rule.says("adds") || rule.says("replaces") {
            expected.extend(arrived);
        }
        let found = ids(&self.path("data.db"), mode.table).map_err(|error| error.to_string())?;
        if found == expected {
            return Ok(());
        }
        Err(format!("rows: expected {expected:?}, found {found:?}"))
    }
}

/// The list that ends as the table says.
fn ending(end: &End) -> List {
    List {
        pages: end.pages.clone(),
        total: end.total,
        first_id: FIRST[1],
    }
}

/// Which modes run together: those that a single command has to succeed with. A command fails as one of its
/// resources does, so each of the others has a run of its own.
fn together<'m, 'a>(modes: &'m [(&'a Mode, &'a Rule)]) -> Vec<Vec<&'m (&'a Mode, &'a Rule)>> {
    let mut groups: Vec<Vec<&(&Mode, &Rule)>> = Vec::new();
    for one in modes {
        let is_with = |group: &&mut Vec<&(&Mode, &Rule)>| {
            group[0].0.command == one.0.command && group[0].1.exit == 0 && one.1.exit == 0
        };
        match groups.iter_mut().find(is_with) {
            Some(group) => group.push(one),
            None => groups.push(vec![one]),
        }
    }
    groups
}

/// Compares where the run after starts with what the rule says of the state.
fn check_start(mode: &Mode, rule: &Rule, after: &[Asked], arrived: &[i64]) -> Result<(), String> {
    if mode.starts.is_empty() {
        return Ok(());
    }
    let old = List::whole(FIRST[0]).ids(usize::MAX);
    let last = |ids: &[i64]| ids.iter().max().map(ToString::to_string);
    let expected = match mode.name {
        // Each has one note, whose cursor is its own key.
        "parents" if rule.says("remembers") => last(&old[..1]),
        "parents" => None,
        _ if rule.says("moves") => last(arrived).or_else(|| last(&old)),
        _ => last(&old),
    };
    let mut requests = after.iter();
    let Some(request) = requests.find(|asked| asked.path() == mode.starts) else {
        return Err(format!("the run after does not request {}", mode.starts));
    };
    let found = request.param("since").map(str::to_owned);
    if found == expected {
        return Ok(());
    }
    Err(format!(
        "the run after: expected since={expected:?}, found {}",
        request.line()
    ))
}

impl Run {
    /// Compares the exit code with the rule, and the report with the outcome.
    fn check(&self, rule: &Rule, outcome: &Outcome) -> Result<(), String> {
        if self.code != rule.exit {
            return Err(format!(
                "exit code: expected {}, found {}",
                rule.exit, self.code
            ));
        }
        let has = |words: &str| self.text.contains(words);
        let is_named = match outcome.name.as_str() {
            "warning" => has("warning: `$.total` states"),
            "bounded" => has("maximum"),
            "limited" => has("limit"),
            "incomplete" => has("incomplete"),
            "nothing" => has("ignored"),
            "error" | "endless" => has("error"),
            _ => !has("warning:") && !has("incomplete") && !has("error"),
        };
        if is_named {
            return Ok(());
        }
        Err(format!("the report does not say `{}`", outcome.name))
    }
}

/// The `id`s of a table, in order. A row that is there twice is there twice.
fn ids(database: &str, table: &str) -> rusqlite::Result<Vec<i64>> {
    let database = Connection::open(database)?;
    let mut query = database.prepare(&format!("SELECT id FROM {table} ORDER BY id"))?;
    let ids = query.query_map([], |row| row.get(0))?;
    ids.collect()
}
