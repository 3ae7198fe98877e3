//! What each code means, from the page about them.

use std::fmt::Write as _;

/// The page, as `docs/DIAGNOSTICS.md` has it: a table that has every code, then examples.
const PAGE: &str = include_str!("codes.md");

/// What a code, `RS0102`, is about, with an example that earns it and one that does not, as Markdown.
/// Nothing where there is no such code.
///
/// ```
/// let page = rest_source_codegen::describe::explain("RS0102").unwrap();
/// assert!(page.starts_with("RS0102: an unknown key"));
/// assert!(rest_source_codegen::describe::explain("no code").is_none());
/// ```
pub fn explain(code: &str) -> Option<String> {
    let row = codes().find(|(of, _)| *of == code)?.1;
    let mut cells = row.iter().filter(|cell| !cell.is_empty());
    let mut text = format!("{code}: {}\n", cells.next()?);
    if let Some(section) = section(code) {
        let _ = write!(text, "\n{section}\n");
    } else {
        for (title, cell) in ["Wrong", "Right"].iter().zip(cells) {
            let _ = write!(text, "\n{title}: {cell}\n");
        }
    }
    Some(text)
}

/// Every code there is, and the cells of its row.
fn codes() -> impl Iterator<Item = (&'static str, Vec<&'static str>)> {
    let rows = PAGE.lines().filter_map(|line| line.strip_prefix("| "));
    rows.filter(|row| row.starts_with("RS")).filter_map(|row| {
        let mut cells = row.trim_end_matches('|').split(" | ").map(str::trim);
        Some((cells.next()?, cells.collect()))
    })
}

/// The examples of a code.
fn section(code: &str) -> Option<&'static str> {
    let sections = PAGE.split("\n### ").skip(1);
    let mut bodies = sections.filter_map(|section| section.strip_prefix(code));
    bodies.next().map(str::trim)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The texts between fences, and where they stand in a spec.
    fn examples(section: &str) -> Vec<(&str, &str)> {
        let fences = section.split("```yaml ").skip(1);
        let examples = fences.filter_map(|rest| rest.split("```").next()?.split_once('\n'));
        examples.collect()
    }

    /// A spec around the lines of an example. What it does not say itself is as plain as can be.
    fn spec(place: &str, lines: &str) -> String {
        let at = |here: &str, indent: usize| {
            let lines = lines.lines().filter(|_| place == here);
            let lines: Vec<String> = lines
                .map(|line| format!("{:indent$}{line}\n", ""))
                .collect();
            lines.concat()
        };
        let path = if place == "endpoint" && lines.contains("path: /") {
            ""
        } else {
            "      path: /things\n"
        };
        let path = if place == "resource" && lines.contains("endpoint:") {
            String::new()
        } else {
            format!("    endpoint:\n{path}{}", at("endpoint", 6))
        };
        let pages_itself = lines.contains("paginator:");
        let paginator = if pages_itself {
            ""
        } else {
            "  paginator: single_page\n"
        };
        format!(
            "{}client:\n  base_url: https://api.example.com\n{paginator}{}\
             resources:\n  - name: things\n{}{path}    columns:\n      id: text!\n      \
             updated_at: timestamp\n{}",
            at("spec", 0),
            at("client", 2),
            at("resource", 4),
            at("columns", 6)
        )
    }

    #[test]
    fn a_wrong_example_earns_its_code_and_a_right_one_nothing() {
        let mut faults = Vec::new();
        for (code, _) in codes() {
            let Some(section) = section(code) else {
                continue;
            };
            let examples = examples(section);
            let [(wrong_at, wrong), (right_at, right)] = examples[..] else {
                faults.push(format!("{code}: {examples:?}"));
                continue;
            };
            let wrong = spec(wrong_at, wrong);
            let said = crate::compile("specs/api.yaml", &wrong).diagnostics;
            let mut found: Vec<&str> = said.iter().map(|one| one.code).collect();
            found.dedup();
            if found != [code] {
                faults.push(format!("{code}, wrong:\n{wrong}\n{}", said.render()));
            }
            let right = spec(right_at, right);
            let said = crate::compile("specs/api.yaml", &right).diagnostics;
            if !said.is_empty() {
                faults.push(format!("{code}, right:\n{right}\n{}", said.render()));
            }
        }
        assert!(faults.is_empty(), "{}", faults.join("\n\n"));
    }

    #[test]
    fn every_code_has_an_explanation_of_its_own() {
        let all: Vec<&str> = codes().map(|(code, _)| code).collect();
        assert!(all.len() > 50);
        for code in all {
            let text = explain(code).unwrap();
            assert!(text.starts_with(&format!("{code}: ")), "{text}");
        }
    }
}
