//! What each code means, from the page about them.

/// The page, as `docs/DIAGNOSTICS.md` has it: a table that has every code, then examples.
const PAGE: &str = include_str!("codes.md");

/// What a code, `RS0102`, is about, with an example that earns it and one that does not, as Markdown.
/// Nothing where there is no such code.
///
/// ```
/// let page = rest_source_codegen::describe::explain("RS0102").unwrap();
/// assert!(page.starts_with("RS0102\n\nAn unknown key."));
/// assert!(rest_source_codegen::describe::explain("no code").is_none());
/// ```
pub fn explain(code: &str) -> Option<String> {
    Some(format!("{code}\n\n{}\n", placed(section(code)?)))
}

/// Every code there is, and what it is about, in their order.
///
/// ```
/// let mut all = rest_source_codegen::describe::codes();
/// assert_eq!(all.next(), Some(("RS0001", "the text is not YAML")));
/// ```
pub fn codes() -> impl Iterator<Item = (&'static str, &'static str)> {
    let rows = PAGE.lines().filter_map(|line| line.strip_prefix("| "));
    rows.filter(|row| row.starts_with("RS")).filter_map(|row| {
        let mut cells = row.split('|').map(str::trim);
        Some((cells.next()?, cells.next()?))
    })
}

/// The codes that may be meant by what is none, at most three: the one of the same number, or those
/// of which one digit is another.
///
/// ```
/// use rest_source_codegen::describe::codes_like;
///
/// assert_eq!(codes_like("rs102"), ["RS0102"]);
/// assert_eq!(codes_like("RS0509"), ["RS0509"]);
/// assert_eq!(codes_like("a mistake"), Vec::<&str>::new());
/// ```
pub fn codes_like(word: &str) -> Vec<&'static str> {
    let digits = word.trim_start_matches(|c: char| !c.is_ascii_digit());
    if digits.is_empty() {
        return Vec::new();
    }
    let number = format!("RS{:0>4}", digits.trim_start_matches('0'));
    let off_by = |code: &str| {
        let digits = code.chars().zip(number.chars());
        digits.filter(|(one, other)| one != other).count()
    };
    let mut near: Vec<&str> = codes()
        .map(|(code, _)| code)
        .filter(|code| code.len() == number.len() && off_by(code) <= 1)
        .collect();
    near.sort_by_key(|code| off_by(code));
    if near.first().is_some_and(|code| off_by(code) == 0) {
        near.truncate(1);
    }
    near.truncate(3);
    near
}

/// The examples with the place that each has in a spec before it, instead of in its fence.
fn placed(section: &str) -> String {
    let mut text = section.to_owned();
    for (word, place) in PLACES {
        for title in ["Wrong", "Right"] {
            let fenced = format!("{title}:\n\n```yaml {word}\n");
            text = text.replace(&fenced, &format!("{title}, {place}:\n\n```yaml\n"));
        }
    }
    text
}

/// What the word after `yaml` says of where an example stands.
const PLACES: [(&str, &str); 8] = [
    ("project", "a whole project file"),
    ("file", "a whole spec"),
    ("spec", "at the top of a spec"),
    ("client", "in `client`"),
    ("resources", "in `resources`"),
    ("resource", "in a resource"),
    ("endpoint", "in the `endpoint` of a resource"),
    ("columns", "in the `columns` of a resource"),
];

/// The examples of a code.
fn section(code: &str) -> Option<&'static str> {
    let sections = PAGE.split("\n### ").skip(1);
    let mut bodies = sections.filter_map(|section| section.strip_prefix(code)?.strip_prefix('\n'));
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
        if place == "file" || place == "project" {
            return lines.to_owned();
        }
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
        let pages_itself = place != "spec" && lines.contains("paginator:");
        let paginator = if pages_itself {
            ""
        } else {
            "  paginator: single_page\n"
        };
        format!(
            "{}client:\n  base_url: https://api.example.com\n{paginator}{}\
             resources:\n  - name: things\n{}{path}    columns:\n      id: text!\n      \
             updated_at: timestamp\n      done: bool\n{}{}",
            at("spec", 0),
            at("client", 2),
            at("resource", 4),
            at("columns", 6),
            at("resources", 2)
        )
    }

    #[test]
    fn a_wrong_example_earns_its_code_and_a_right_one_nothing() {
        let mut faults = Vec::new();
        for (code, _) in codes() {
            let Some(section) = section(code) else {
                faults.push(format!("{code} has no page"));
                continue;
            };
            let examples = examples(section);
            let [(wrong_at, wrong), (right_at, right)] = examples[..] else {
                faults.push(format!("{code}: {examples:?}"));
                continue;
            };
            let diagnostics = |place: &str, text: &str| match place {
                "project" => crate::project::read("rest-source.yaml", text).1,
                _ => crate::compile("specs/api.yaml", text).diagnostics,
            };
            let wrong = spec(wrong_at, wrong);
            let said = diagnostics(wrong_at, &wrong);
            let mut found: Vec<&str> = said.iter().map(|one| one.code).collect();
            found.dedup();
            if found != [code] {
                faults.push(format!("{code}, wrong:\n{wrong}\n{}", said.render()));
            }
            let right = spec(right_at, right);
            let said = diagnostics(right_at, &right);
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
            assert!(text.starts_with(&format!("{code}\n\n")), "{text}");
            let says_where = PLACES.iter().any(|(_, place)| text.contains(place));
            assert!(says_where && !text.contains("Wrong:"), "{text}");
            assert_eq!(codes_like(code), [code]);
        }
    }
}
