//! The console blocks of the documentation print what they show, in the order of each page.
//!
//! A block has lines that are typed, after `$ `, each with what it prints; `…` stands for any lines. A line that ends in
//! `&` starts a server. It listens at a free port here: that of the page may be in use. A block `yaml specs/NAME.yaml` is
//! such a file. `WAREHOUSE` is a new database of the Postgres server of the tests; without one it is a SQLite database,
//! and `psql` is not typed.

use std::{
    fmt::Write as _,
    fs,
    io::{BufRead as _, BufReader},
    path::{Path, PathBuf},
    process::Child,
};

use crate::shell::{Shell, psql};

/// The port of a server that is started without `--port`.
const DEMO_PORT: &str = "8787";

/// A line that is typed, and where what it prints is on the page.
struct Example<'t> {
    line: &'t str,
    shown: &'t str,
}

/// The fenced blocks of a page: what stands behind the fence, and the text.
pub(crate) fn blocks(page: &str) -> impl Iterator<Item = (&str, &str)> {
    let blocks = page.split("```").skip(1).step_by(2);
    blocks.filter_map(|block| block.split_once('\n'))
}

fn examples(page: &str) -> Vec<Example<'_>> {
    let blocks = blocks(page).filter(|(fence, _)| *fence == "console");
    let blocks = blocks.map(|(_, block)| block);
    let examples = blocks.flat_map(|block| {
        let starts = block.match_indices("$ ").map(|(at, _)| at);
        let starts = starts.filter(|at| *at == 0 || block[..*at].ends_with('\n'));
        let mut starts: Vec<usize> = starts.collect();
        starts.push(block.len());
        let examples = starts.windows(2).map(|pair| &block[pair[0] + 2..pair[1]]);
        examples.collect::<Vec<_>>()
    });
    let split = |example| {
        let (line, shown) = str::split_once(example, '\n').unwrap();
        Example { line, shown }
    };
    examples.map(split).collect()
}

/// A server of a page.
pub(crate) struct Server {
    child: Child,
    /// Its address on the page, and here.
    addresses: (String, String),
}

impl Server {
    /// Starts what is typed before `&`.
    pub(crate) fn start(shell: &Shell, line: &str) -> Self {
        let command = line.split(" 2>").next().unwrap();
        let args = command.strip_prefix("rest-source ").expect(line);
        let mut args: Vec<&str> = args.split_whitespace().collect();
        let port = args.iter().position(|arg| *arg == "--port");
        let shown = port.map_or(DEMO_PORT, |at| args.remove(at + 1));
        let port = port.map(|at| args.remove(at));
        args.extend(["--port", "0"]);
        assert!(port.is_some() || args[0] == "demo", "{line}");
        let mut child = shell.command(&args).spawn().unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let first = lines.next().expect("the server ended").unwrap();
        let (_, address) = first.split_once("http://").expect(&first);
        let is_address = |c: char| c.is_ascii_digit() || c == '.' || c == ':';
        let end = address.find(|c| !is_address(c)).unwrap_or(address.len());
        let address = address[..end].to_owned();
        // It says every request.
        std::thread::spawn(move || lines.for_each(drop));
        Self {
            child,
            addresses: (format!("127.0.0.1:{shown}"), address),
        }
    }
}

impl Server {
    /// Where it is here.
    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.addresses.1)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The database of a page, which is dropped in the end.
struct Warehouse {
    name: String,
    server: String,
}

impl Warehouse {
    /// A database of the Postgres server of the tests, if there is one.
    fn create() -> Option<Self> {
        let server = std::env::var("REST_SOURCE_TEST_POSTGRES").ok()?;
        let name = format!("rest_source_page_{}", std::process::id());
        psql(&server, &format!("CREATE DATABASE {name}"));
        Some(Self { name, server })
    }

    fn url(&self) -> String {
        let (server, _) = self.server.rsplit_once('/').unwrap();
        format!("{server}/{}", self.name)
    }
}

impl Drop for Warehouse {
    fn drop(&mut self) {
        psql(
            &self.server,
            &format!("DROP DATABASE {} WITH (FORCE)", self.name),
        );
    }
}

/// Writes the specs of a page, in which the server is where it is here.
fn write_specs(shell: &Shell, page: &str, server: Option<&Server>) {
    for (fence, text) in blocks(page) {
        let Some(file) = fence.strip_prefix("yaml specs/") else {
            continue;
        };
        let text = match server {
            Some(server) => text.replace(&server.addresses.0, &server.addresses.1),
            None => text.to_owned(),
        };
        shell.write(&format!("specs/{file}"), &text);
    }
}

/// Types what a page shows, and returns what differs, and the page with what is printed.
fn type_page(page: &str) -> (String, String) {
    let mut shell = Shell::new();
    let mut servers: Vec<Server> = Vec::new();
    let (mut differing, mut printed_page) = (String::new(), page.to_owned());
    let mut growth = 0_isize;
    write_specs(&shell, page, None);
    let mut warehouse = None;
    for Example { line, shown } in examples(page) {
        if let Some(server) = line.strip_suffix(" &") {
            let server = Server::start(&shell, server);
            write_specs(&shell, page, Some(&server));
            servers.push(server);
            assert_eq!(
                shown, "",
                "a server prints into the output of others: {line}"
            );
            continue;
        }
        let mut typed = line.to_owned();
        for server in &servers {
            typed = typed.replace(&server.addresses.0, &server.addresses.1);
        }
        if let Some(variables) = typed.strip_prefix("export ") {
            for variable in variables.split(' ') {
                let (name, mut value) = variable.split_once('=').expect(line);
                let url;
                if name == "WAREHOUSE" {
                    warehouse = Warehouse::create();
                    let sqlite = || "sqlite:warehouse.db".to_owned();
                    url = warehouse.as_ref().map_or_else(sqlite, Warehouse::url);
                    value = &url;
                }
                shell = shell.with(name, value);
            }
            continue;
        }
        if typed.starts_with("psql ") && warehouse.is_none() {
            eprintln!("skipped without REST_SOURCE_TEST_POSTGRES: {line}");
            continue;
        }
        let mut printed = shell.typed(&typed);
        for server in &servers {
            printed = printed.replace(&server.addresses.1, &server.addresses.0);
        }
        if is_like(&printed, shown) {
            continue;
        }
        let _ = write!(differing, "$ {line}\n{printed}\n");
        let start = shown.as_ptr() as usize - page.as_ptr() as usize;
        let start = start.checked_add_signed(growth).unwrap();
        printed_page.replace_range(start..start + shown.len(), &printed);
        growth += isize::try_from(printed.len()).unwrap() - isize::try_from(shown.len()).unwrap();
    }
    (differing, printed_page)
}

/// The README, the page about the command and the guides.
fn pages() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut pages = vec![root.join("README.md")];
    for folder in ["docs", "docs/guides"] {
        let files = fs::read_dir(root.join(folder)).unwrap();
        pages.extend(files.map(|file| file.unwrap().path()));
    }
    pages.retain(|page| page.extension().is_some_and(|end| end == "md"));
    pages
}

/// With `BLESS=1`, the pages are given what is printed; read the difference then.
#[test]
fn every_console_block_of_the_documentation_prints_what_it_shows() {
    let (mut differing, mut typed) = (String::new(), 0);
    for path in pages() {
        let page = fs::read_to_string(&path).unwrap();
        let count = examples(&page).len();
        if count == 0 {
            continue;
        }
        typed += count;
        let (others, printed) = type_page(&page);
        if std::env::var_os("BLESS").is_some() {
            fs::write(&path, printed).unwrap();
        } else if !others.is_empty() {
            let _ = write!(differing, "{}\n{others}", path.display());
        }
    }
    assert!(typed > 30, "{typed}");
    assert!(
        differing.is_empty(),
        "the pages show something else of\n{differing}"
    );
}

fn is_like(printed: &str, shown: &str) -> bool {
    let mut rest = printed;
    let mut parts = shown.split("…\n");
    let first = parts.next().unwrap_or_default();
    let Some(after) = rest.strip_prefix(first) else {
        return false;
    };
    rest = after;
    for part in parts {
        let Some(at) = rest.find(part) else {
            return false;
        };
        rest = &rest[at + part.len()..];
        if part.is_empty() {
            rest = "";
        }
    }
    rest.is_empty()
}

#[test]
fn an_ellipsis_stands_for_any_lines_and_nothing_else_does() {
    for shown in ["a\nb\nc\n", "a\n…\n", "…\nc\n", "a\n…\nc\n", "…\n"] {
        assert!(is_like("a\nb\nc\n", shown), "{shown}");
    }
    for shown in ["", "a\n", "b\n…\n", "a\n…\nb\n", "a\n…\nd\n"] {
        assert!(!is_like("a\nb\nc\n", shown), "{shown}");
    }
}

#[test]
fn a_difference_is_found_and_replaced() {
    let page = "```console\n$ echo a; echo b\na\nc\n$ echo d $ e\nd $ e\n```\n";
    let (differing, printed) = type_page(page);
    assert_eq!(differing, "$ echo a; echo b\na\nb\n\n");
    assert_eq!(printed, page.replace("\nc\n", "\nb\n"));
}
