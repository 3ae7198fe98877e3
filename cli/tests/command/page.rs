//! The page about the command says what is so: its examples run, and every subcommand and flag is on it.

use std::fmt::Write as _;

use crate::shell::Shell;

const PAGE: &str = include_str!("../../../docs/COMMAND.md");

/// The names of the subcommands.
fn subcommands(shell: &Shell) -> Vec<String> {
    let help = shell.run(&["--help"]).stdout;
    let (_, listed) = help.split_once("Commands:\n").unwrap();
    let (listed, _) = listed.split_once("\n\n").unwrap();
    let names = listed.lines().filter_map(|line| line.strip_prefix("  "));
    let names = names.filter(|line| !line.starts_with(' '));
    let names = names.filter_map(|line| line.split_whitespace().next());
    let names = names.filter(|name| *name != "help");
    names.map(str::to_owned).collect()
}

#[test]
fn every_subcommand_and_flag_is_on_the_page() {
    let shell = Shell::new();
    let subcommands = subcommands(&shell);
    assert!(subcommands.len() >= 10, "{subcommands:?}");
    for name in subcommands {
        let (_, section) = PAGE.split_once(&format!("\n## `{name}`\n")).expect(&name);
        let section = section.split("\n## ").next().unwrap();
        let help = shell.run(&[&name, "--help"]).stdout;
        let flags = help
            .split_whitespace()
            .filter(|word| word.starts_with("--"));
        for flag in flags.filter(|flag| *flag != "--help") {
            let flag = flag.trim_matches(|c: char| !c.is_alphanumeric() && c != '-');
            assert!(section.contains(flag), "`{name} {flag}` is not on the page");
        }
    }
}

#[test]
fn every_exit_code_is_on_the_page() {
    let help = Shell::new().run(&["--help"]).stdout;
    let (_, codes) = help.split_once("Exit codes:\n").unwrap();
    for line in codes.trim_end().lines() {
        let code = line.split_whitespace().next().unwrap();
        assert!(PAGE.contains(&format!("\n| {code} | ")), "{code}");
    }
}

/// Lines that are typed, each with what it prints; `…` stands for any lines.
#[cfg(unix)]
fn examples() -> Vec<(&'static str, String)> {
    let mut examples = Vec::new();
    for block in PAGE.split("```console\n").skip(1) {
        let block = block.split("```").next().unwrap();
        for example in block.split("$ ").skip(1) {
            let (line, printed) = example.split_once('\n').unwrap();
            examples.push((line, printed.to_owned()));
        }
    }
    examples
}

#[cfg(unix)]
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

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn its_examples_print_what_it_shows() {
    let (_server, shell) = crate::media().await;
    let examples = examples();
    assert!(examples.len() > 10);
    let mut others = String::new();
    for (line, shown) in examples {
        let printed = shell.typed(line);
        if !is_like(&printed, &shown) {
            let _ = write!(others, "$ {line}\n{printed}\n");
        }
    }
    assert!(
        others.is_empty(),
        "the page shows something else of\n{others}"
    );
}

#[cfg(unix)]
#[test]
fn an_ellipsis_stands_for_any_lines_and_nothing_else_does() {
    for shown in ["a\nb\nc\n", "a\n…\n", "…\nc\n", "a\n…\nc\n", "…\n"] {
        assert!(is_like("a\nb\nc\n", shown), "{shown}");
    }
    for shown in ["", "a\n", "b\n…\n", "a\n…\nb\n", "a\n…\nd\n"] {
        assert!(!is_like("a\nb\nc\n", shown), "{shown}");
    }
}
