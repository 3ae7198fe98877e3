//! The README and the guides say what is so: their specs compile, their Rust too, and what they show of
//! a mistake, an error or a report is what comes out. See [`rest_source_tests::pages`].

#![cfg(test)]

mod canned;
mod outputs;
mod readme;
mod state;

use std::{collections::HashSet, fs, path::Path};

use rest_source_codegen::compile;
use rest_source_tests::pages::{self, Block, Page, whole};

/// A module for each page, made of its blocks by `build.rs`.
#[allow(
    dead_code,
    unused_variables,
    unused_qualifications,
    missing_docs,
    unreachable_pub
)]
#[allow(clippy::print_stdout, clippy::print_stderr)] // Programs that are shown do print.
#[allow(clippy::pedantic)] // They are short before they are anything else.
mod shown {
    include!(concat!(env!("OUT_DIR"), "/pages.rs"));
}

fn pages() -> Vec<Page> {
    pages::all().unwrap()
}

fn page(name: &str) -> Page {
    pages().into_iter().find(|page| page.name == name).unwrap()
}

/// What the compiler says of a block. Whatever is not called anything is `specs/shop.yaml`.
fn said(label: &str, spec: &str) -> String {
    let path = if label.starts_with("specs/") {
        label
    } else {
        "specs/shop.yaml"
    };
    compile(path, &whole(spec)).diagnostics.render()
}

#[test]
fn a_spec_has_no_mistake() {
    for page in pages() {
        for block in page.blocks() {
            if block.language == "yaml" && block.label != "mistake" {
                let said = said(block.label, block.text);
                assert!(said.is_empty(), "{}:\n{}\n{said}", page.name, block.text);
            }
        }
    }
}

/// With `BLESS=1` the pages are given what comes out; read the difference then.
#[tokio::test]
async fn what_is_shown_to_come_out_is_what_comes_out() {
    for page in pages() {
        let mut texts = Vec::new();
        let mut before: Option<Block<'_>> = None;
        for (at, block) in page.blocks().into_iter().enumerate() {
            let mistake = before.filter(|before| before.label == "mistake");
            if block.language == "text" && page.name != "readme" {
                let text = match mistake {
                    Some(mistake) => said("", mistake.text),
                    // The specs are beside the page's module here, not in a crate's folder.
                    None => outputs::of(&page.name, block.label)
                        .await
                        .replace("./specs/", "specs/"),
                };
                texts.push((at, format!("{}\n", text.trim_end())));
            }
            before = Some(block);
        }
        let wanted = page.with(&texts);
        if std::env::var_os("BLESS").is_some() {
            fs::write(&page.path, wanted).unwrap();
        } else {
            assert_eq!(page.text, wanted, "{}", page.name);
        }
    }
}

#[test]
fn nothing_is_shown_that_is_not_looked_at() {
    for page in pages() {
        for block in page.blocks() {
            let known = match (block.language, block.label) {
                // `cli/tests/command/page.rs` parses the commands of `sh` to `yml`, and `console.rs` there runs what is
                // typed in a console.
                ("yaml" | "rust" | "toml" | "sh" | "ini" | "crontab" | "yml" | "console", "")
                | ("yaml", "mistake") => true,
                ("yaml", label) => label.starts_with("specs/"),
                ("text", "mistakes") | ("rust", "expansion") => page.name == "readme",
                // `import/tests/dlt.rs` imports it.
                ("python", "") => page.name == "import",
                // It needs the command's feature `sql`: `cli/tests/command/sql.rs` tests what it tells, not its text.
                ("bash" | "plan" | "rust,ignore" | "rust", "" | "ignore") if page.name == "sql" => {
                    true
                }
                // It compiles a static binary, and needs a tool for containers: CONTRIBUTING.md has it before a release.
                ("bash" | "dockerfile", "") if page.name == "operating" => true,
                // `cli/tests/command/work.rs` compiles the Python, and runs its commands. `.ci/scale` starts the programs,
                // whose crate needs Ballista.
                ("py" | "bash", "") => page.name == "scale",
                ("text", _) => page.name != "readme",
                // `.ci/neovim` runs it.
                ("lua", "") => page.name == "editors",
                _ => false,
            };
            assert!(known, "{}: {} {}", page.name, block.language, block.label);
        }
        for pair in page.blocks().windows(2) {
            if pair[0].label == "mistake" {
                let is_told = pair[1].language == "text" && pair[1].text.contains("error: ");
                assert!(is_told, "{}:\n{}", page.name, pair[0].text);
            }
        }
    }
}

/// The capabilities name their tests: a case, or a file of the conformance suite.
#[test]
fn capabilities_name_tests_that_exist() {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let page = fs::read_to_string(here.join("../docs/CAPABILITIES.md")).unwrap();
    let rows = page.lines().filter(|line| line.starts_with("| "));
    let mut named = 0;
    for row in rows.filter(|row| row.contains('`')) {
        let tests = row.trim_end_matches('|').rsplit_once(" | ").unwrap().1;
        for test in tests.split('`').skip(1).step_by(2) {
            let file = match test.strip_suffix(".rs") {
                Some(_) if test.contains('/') => here.join("tests").join(test),
                Some(_) => here.join("tests/language").join(test),
                None => here.join("cases").join(format!("{test}.yaml")),
            };
            assert!(file.exists(), "{test}: {row}");
            named += 1;
        }
    }
    assert!(named > 40, "{named}");
}

#[test]
fn what_is_linked_to_is_there() {
    let guides = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/guides");
    let mut files = vec![guides.join("README.md")];
    files.extend(pages().into_iter().map(|page| page.path));
    for file in files {
        let text = fs::read_to_string(&file).unwrap();
        let links: Vec<_> = text
            .split("](")
            .skip(1)
            .filter_map(|rest| rest.split(')').next())
            .filter(|link| !link.contains("://"))
            .collect();
        assert!(!links.is_empty(), "{}", file.display());
        for link in links {
            let (path, anchor) = link.split_once('#').unwrap_or((link, ""));
            let target = match path {
                "" => file.clone(),
                path => file.with_file_name("").join(path),
            };
            assert!(target.exists(), "{}: {link}", file.display());
            if !anchor.is_empty() {
                let anchors = anchors(&fs::read_to_string(&target).unwrap());
                assert!(anchors.contains(anchor), "{}: {link}", file.display());
            }
        }
    }
}

/// The anchors of a page's headings.
fn anchors(text: &str) -> HashSet<String> {
    let headings = text.lines().filter(|line| line.starts_with('#'));
    let anchor = |line: &str| {
        let title = line.trim_start_matches('#').trim().to_lowercase();
        let kept = title
            .chars()
            .filter(|c| c.is_alphanumeric() || " -_".contains(*c));
        kept.collect::<String>().replace(' ', "-")
    };
    headings.map(anchor).collect()
}
