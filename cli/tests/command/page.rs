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

/// The arguments of the commands within a text, each up to what the shell, cron or a comment takes of the line.
#[cfg(unix)]
fn commands(text: &str) -> Vec<String> {
    let text = text.replace("\\\n", " ");
    let mut commands = Vec::new();
    for line in text.lines() {
        // A list of YAML is a command, too.
        let is_list = line.trim_start().starts_with("command: [");
        let line = if is_list {
            line.replace(['[', ']', ','], " ")
        } else {
            line.to_owned()
        };
        let Some((_, after)) = line.split_once("rest-source ") else {
            continue;
        };
        let ends = [" |", " >", " #", " &&", ";"];
        let end = ends.iter().filter_map(|end| after.find(end)).min();
        let args = after.get(..end.unwrap_or(after.len())).unwrap_or(after);
        commands.push(args.to_owned());
    }
    commands
}

#[cfg(unix)]
#[test]
fn commands_of_the_guides_are_valid() {
    let shell = Shell::new();
    let guides = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/guides");
    let mut count = 0;
    for guide in std::fs::read_dir(guides).unwrap() {
        let text = std::fs::read_to_string(guide.unwrap().path()).unwrap();
        for block in text.split("```").skip(1).step_by(2) {
            let (language, block) = block.split_once('\n').unwrap();
            if !matches!(language, "sh" | "ini" | "crontab" | "yml") {
                continue;
            }
            for args in commands(block) {
                // What is wrong with an argument is said before the help.
                let printed = shell.typed(&format!("rest-source {args} --help; echo exit code $?"));
                assert!(printed.ends_with("exit code 0\n"), "{args}\n{printed}");
                count += 1;
            }
        }
    }
    assert!(count >= 8, "{count}");
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
