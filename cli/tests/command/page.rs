//! Every subcommand, flag and exit code is on the page about the command, and the commands of the guides are valid.

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
        let ends = [" |", " >", " 2>", " #", " &&", ";", ")"];
        let is_end = |at: &usize| {
            let is_quoted = !after[..*at].matches('\'').count().is_multiple_of(2);
            !is_quoted && ends.iter().any(|end| after[*at..].starts_with(end))
        };
        let end = after.char_indices().map(|(at, _)| at).find(is_end);
        commands.push(after[..end.unwrap_or(after.len())].to_owned());
    }
    commands
}

#[cfg(unix)]
#[test]
fn commands_of_the_documentation_are_valid() {
    let shell = Shell::new();
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let guides = std::fs::read_dir(root.join("docs/guides")).unwrap();
    let mut pages: Vec<_> = guides.map(|guide| guide.unwrap().path()).collect();
    pages
        .extend(["README.md", "docs/COMMAND.md", "docs/COMPARISON.md"].map(|page| root.join(page)));
    let mut count = 0;
    for page in pages {
        let text = std::fs::read_to_string(page).unwrap();
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
    assert!(count >= 30, "{count}");
}
