//! The README's way from a URL to rows prints what it shows.

use crate::{mock::Served, shell::Shell};

const README: &str = include_str!("../../../README.md");

#[test]
fn a_url_and_a_key_become_rows_in_five_commands() {
    let (_, section) = README.split_once("## From a URL to rows").unwrap();
    let block = section.split("```console\n").nth(1).unwrap();
    let block = block.split("```").next().unwrap();
    let steps: Vec<(&str, &str)> = block
        .split("$ ")
        .skip(1)
        .map(|step| step.split_once('\n').unwrap())
        .collect();
    assert!(steps.len() <= 5, "{steps:?}");

    let mut shell = Shell::new();
    let mut served: Option<Served> = None;
    for (line, shown) in steps {
        if let Some(mock) = line.strip_suffix(" &") {
            // At any free port: that of the README may be in use.
            let mock = mock.replace("8080", "0");
            let args = mock.strip_prefix("rest-source mock ").unwrap();
            let args: Vec<&str> = args.split(' ').collect();
            served = Some(Served::start(&shell, &args));
        } else if let Some((name, value)) = line
            .strip_prefix("export ")
            .and_then(|set| set.split_once('='))
        {
            shell = shell.with(name, value);
        } else {
            let url = &served.as_ref().unwrap().url;
            let address = url.trim_start_matches("http://").trim_end_matches('/');
            let printed = shell.typed(&line.replace("127.0.0.1:8080", address));
            assert_eq!(printed, shown, "{line}");
        }
    }
    assert_eq!(shell.rows("stories.db", "stories"), 100);
    served.unwrap().end();
}
