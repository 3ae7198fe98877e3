//! What the command knows of the language: the codes of its mistakes, and how to mend some of them.

use crate::{
    MEDIA,
    shell::{Shell, snapshot},
};

#[test]
fn a_code_is_explained() {
    let shell = Shell::new();
    let explained = shell.run(&["explain", "RS0102"]);
    snapshot("explain", &explained);
    assert_eq!(shell.run(&["explain", "rs0102"]).stdout, explained.stdout);
}

#[test]
fn what_is_no_code_is_told_from_those_it_may_be() {
    let shell = Shell::new();
    snapshot("explain-like", &shell.run(&["explain", "E0102"]));
    snapshot("explain-near", &shell.run(&["explain", "RS0112"]));
    snapshot("explain-unknown", &shell.run(&["explain", "cursor"]));
}

#[test]
fn all_codes_are_listed() {
    let shell = Shell::new();
    let all = shell.run(&["explain"]);
    snapshot("explain-all", &all);
    for line in all.stdout.lines() {
        let code = &line[..6];
        assert_eq!(shell.run(&["explain", code]).code, 0, "{line}");
    }
}

#[test]
fn every_shell_is_told_the_subcommands() {
    let shell = Shell::new();
    let subcommands = shell.run(&["completions", "bash"]);
    let of_the_command = subcommands
        .stdout
        .lines()
        .filter_map(|line| line.trim().strip_prefix("opts="))
        .find(|words| words.contains("--version"))
        .map(|words| words.trim_matches('"').replace(' ', "\n"));
    let listed = of_the_command.unwrap();
    snapshot("completions", &subcommands.with_stdout(listed.clone()));
    let names = listed.lines().filter(|word| !word.starts_with('-'));
    let names: Vec<&str> = names.collect();
    assert!(names.contains(&"explain"));
    for of in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let script = shell.run(&["completions", of]);
        assert_eq!(script.code, 0, "{script}");
        for name in &names {
            assert!(script.stdout.contains(name), "{of} {name}");
        }
    }
    assert_eq!(shell.run(&["completions", "cmd"]).code, 2);
}

/// Mistakes that are mended, one behind another, and mistakes that are not.
const SPEC: &str = "\
# Things, as the API has them.\r
client:\r
  base_url: https://api.example.com\r
  pagination: single_page     # one page\r
resources:\r
- name: things\r
  primary_keys: id\r
  write_disposition: upsert\r
  columns:\r
      id: { type: integer }\r
      at: datetime\r
";

#[test]
fn what_is_sure_is_mended_and_the_rest_is_shown() {
    let shell = Shell::new();
    shell.write("things.yaml", SPEC);
    snapshot("fix", &shell.run(&["check", "--fix", "things.yaml"]));
    let mended = SPEC
        .replace("pagination", "paginator")
        .replace("primary_keys", "primary_key")
        .replace("upsert", "merge")
        .replace("type: integer", "data_type: bigint");
    assert_eq!(shell.read("things.yaml"), mended);

    let again = shell.run(&["check", "--fix", "things.yaml"]);
    assert_eq!(shell.read("things.yaml"), mended);
    assert!(!again.stderr.contains("is now"), "{again}");

    // What was done is no diagnostic: whoever reads JSON gets what is left.
    shell.write("things.yaml", SPEC);
    let shown = shell.run(&["check", "--fix", "--format", "json", "things.yaml"]);
    let left: Vec<serde_json::Value> = shown
        .stdout
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(left.len(), 1, "{shown}");
    assert_eq!(left[0]["message"], "unknown type `datetime`");
    assert!(shown.stderr.contains("is now"), "{shown}");

    shell.write("things.yaml", &SPEC.replace("datetime", "timestamp"));
    snapshot("fix-all", &shell.run(&["check", "--fix", "things.yaml"]));
    assert_eq!(shell.run(&["check", "things.yaml"]).code, 0);
}

#[test]
fn without_fix_nothing_is_written_and_the_suggestion_is_data() {
    let shell = Shell::new();
    shell.write("things.yaml", SPEC);
    let shown = shell.run(&["check", "--format", "json", "things.yaml"]);
    assert_eq!(shell.read("things.yaml"), SPEC);
    // As `rustfix` takes them: by the bytes of spans that have a replacement and are sure.
    let mut text = SPEC.to_owned();
    for line in shown.stdout.lines().rev() {
        let said: serde_json::Value = serde_json::from_str(line).unwrap();
        for help in said["children"].as_array().unwrap() {
            for span in help["spans"].as_array().unwrap() {
                let byte = |name: &str| usize::try_from(span[name].as_u64().unwrap()).unwrap();
                if span["suggestion_applicability"] == "MachineApplicable" {
                    let replacement = span["suggested_replacement"].as_str().unwrap();
                    text.replace_range(byte("byte_start")..byte("byte_end"), replacement);
                }
            }
        }
    }
    assert!(text.contains("paginator: single_page     # one page\r\n"));
    assert!(text.contains("id: { data_type: integer }"), "{text}");
}

#[test]
fn a_file_that_cannot_be_mended_is_named() {
    let shell = Shell::new();
    snapshot(
        "fix-missing",
        &shell.run(&["check", "--fix", "nowhere.yaml"]),
    );
}

/// What bash offers after these words.
#[cfg(unix)]
fn offered(shell: &Shell, words: &[&str]) -> String {
    let line = format!(
        "bash -c 'source <(rest-source completions bash); COMP_WORDS=(rest-source {}); \
         COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1)); \
         $(complete -p rest-source | sed \"s/.*-F \\([^ ]*\\).*/\\1/\") rest-source {}; echo \"${{COMPREPLY[@]}}\"'",
        words.join(" "),
        words[words.len() - 1]
    );
    shell.typed(&line).trim().to_owned()
}

#[cfg(unix)]
#[test]
fn bash_completes_the_names_of_resources() {
    let shell = Shell::new();
    shell.write("broken.yaml", "resources: [");
    for (words, names) in [
        (&["fetch", MEDIA, "st"][..], "stories story_insights"),
        (&["infer", MEDIA, "user"], "user_insights"),
        (
            &[
                "load",
                MEDIA,
                "--to",
                "sqlite:a.db",
                "--resource",
                "stories",
            ],
            "stories",
        ),
        (&["doctor", MEDIA, "--resource", "m"], "media_insights"),
        (&["test", MEDIA, "stories", "user"], "user_insights"),
    ] {
        assert_eq!(offered(&shell, words), names, "{words:?}");
    }
    // Elsewhere it offers what it did before.
    assert_eq!(
        offered(&shell, &["fetch", MEDIA, "stories", "--lim"]),
        "--limit"
    );
    assert_eq!(
        offered(&shell, &["fetch", "broken.yaml", "--lim"]),
        "--limit"
    );
    assert_eq!(offered(&shell, &["fetch", "none.yaml", "--lim"]), "--limit");
    assert_eq!(offered(&shell, &["statu"]), "status");
}

/// Whether a shell is there. Without it nothing is tested.
#[cfg(unix)]
fn is_installed(shell: &str) -> bool {
    let is_there = std::process::Command::new(shell).arg("--version").output();
    if is_there.is_err() {
        eprintln!("skipped: {shell} is not installed");
    }
    is_there.is_ok()
}

#[cfg(unix)]
#[test]
fn fish_completes_the_names_of_resources() {
    if !is_installed("fish") {
        return;
    }
    let shell = Shell::new();
    let line = "fish --no-config -c 'rest-source completions fish | source; complete -C \"rest-source fetch specs/media_insights.yaml st\"'";
    let offered = shell.with("HOME", "/tmp").typed(line);
    assert_eq!(offered, "stories\nstory_insights\n");
}

/// PowerShell cannot be installed everywhere, so this is what its function asks first, and what `completions` answers.
#[test]
fn powershell_completes_the_names_of_resources() {
    let shell = Shell::new();
    let script = shell.run(&["completions", "powershell"]);
    let start = script.stdout.split("    $commandElements = ").next();
    let start = start.unwrap_or_default().to_owned();
    snapshot("completions-powershell", &script.with_stdout(start));
    let names = shell.run(&["completions", "powershell", "--", "fetch", MEDIA]);
    let names: Vec<&str> = names.stdout.lines().collect();
    assert!(names.contains(&"story_insights"), "{names:?}");
    let elsewhere = shell.run(&["completions", "powershell", "--", "fetch", MEDIA, "--limit"]);
    assert_eq!(elsewhere.stdout, "");
}

/// The function is called as zsh calls it; `compadd` prints what zsh would offer.
#[cfg(unix)]
#[test]
fn zsh_completes_the_names_of_resources() {
    if !is_installed("zsh") {
        return;
    }
    let shell = Shell::new();
    let offered = |words: &str, current: usize| {
        let line = format!(
            "zsh -fc 'autoload -Uz compinit; compinit -D; source <(rest-source completions zsh); \
             compadd() {{ print -l $names }}; _rest-source() {{ print other }}; words=({words}); CURRENT={current}; \
             ${{_comps[rest-source]}}'"
        );
        shell.typed(&line)
    };
    let resources = "media_insights\nstories\nstory_insights\nuser_insights\n";
    let sorted = |text: String| {
        let mut lines: Vec<&str> = text.lines().collect();
        lines.sort_unstable();
        lines
            .into_iter()
            .fold(String::new(), |all, line| all + line + "\n")
    };
    let after_spec = offered("rest-source fetch specs/media_insights.yaml st", 4);
    assert_eq!(sorted(after_spec), resources);
    assert_eq!(offered("rest-source fetch", 2), "other\n");
    assert_eq!(offered("rest-source fetch none.yaml st", 4), "other\n");
}
