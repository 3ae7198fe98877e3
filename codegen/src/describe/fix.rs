//! Mending what can be mended without a person who looks at it.

use crate::{
    compile,
    diagnostic::{Applicability, Diagnostics, Edit, Located},
};

/// A mistake behind another is seen only when that one is mended. No chain is as long as this.
const ROUNDS: usize = 10;

/// A spec's text after what surely was meant was put in place of what stood there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fixed {
    pub text: String,
    /// What was done, by line.
    pub fixes: Vec<Fix>,
}

/// One replacement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fix {
    /// Of the mistake.
    pub code: &'static str,
    /// From 1.
    pub line: usize,
    /// Without credentials.
    pub before: String,
    pub after: String,
}

/// Mends the text of a spec where it is sure what was meant: where a diagnostic suggests one
/// replacement and says that it keeps the meaning. All else stays as it is, to the byte: comments,
/// order, indentation and ends of lines. No line is removed, and one is added only for a key that a type
/// needs beside it, such as `nullable: false`.
///
/// ```
/// let text = "
/// client: { base_url: 'https://api.example.com', pagination: single_page }
/// resources:
///   - name: stories   # all of them
///     columns: { id: integer }
/// ";
/// let fixed = rest_source_codegen::describe::fixed("specs/media.yaml", text);
/// assert_eq!(
///     fixed.text,
///     text.replace("pagination", "paginator").replace("integer", "bigint")
/// );
/// assert_eq!((fixed.fixes[0].line, fixed.fixes[0].code), (2, "RS0102"));
/// ```
pub fn fixed(path: &str, text: &str) -> Fixed {
    let mut fixed = Fixed {
        text: text.to_owned(),
        fixes: Vec::new(),
    };
    for _ in 0..ROUNDS {
        let diagnostics = compile(path, &fixed.text).diagnostics;
        let edits = sure_edits(&diagnostics);
        if edits.is_empty() {
            break;
        }
        for (code, edit) in &edits {
            let before = fixed.text.get(edit.place.bytes.clone()).unwrap_or_default();
            fixed.fixes.push(Fix {
                code,
                line: edit.place.start.0,
                before: diagnostics.redacted(before),
                after: diagnostics.redacted(&edit.replacement),
            });
        }
        // From the last, so that the places of the others stay what they are.
        for (_, edit) in edits.iter().rev() {
            fixed
                .text
                .replace_range(edit.place.bytes.clone(), &edit.replacement);
        }
    }
    fixed.fixes.sort_by_key(|fix| fix.line);
    fixed
}

/// What may be done unseen, by place, nothing of it in the place of another.
fn sure_edits(diagnostics: &Diagnostics) -> Vec<(&'static str, Edit)> {
    let sure = |one: Located| {
        let edit = one.edit?;
        (edit.applicability == Applicability::MachineApplicable).then_some((one.code, edit))
    };
    let mut edits: Vec<_> = diagnostics.located().filter_map(sure).collect();
    edits.sort_by_key(|(_, edit)| edit.place.bytes.start);
    let mut end = 0;
    edits.retain(|(_, edit)| {
        let is_apart = edit.place.bytes.start >= end;
        if is_apart {
            end = edit.place.bytes.end;
        }
        is_apart
    });
    edits
}

#[cfg(test)]
mod tests {
    use proptest::{collection::vec, prelude::*};

    use super::*;

    /// Mistakes of which it is sure what was meant, with everything around them that must stay.
    const SPEC: &str = "\u{feff}# A sp\u{e9}c\r
client:\r
  base_url: https://api.example.com\r
  pagination: { type: OffsetIncrement, limit: \"100\" }   # a comment\r
  retry: {statusCodes: [429] ,  max_retries: '3'}\r
resources:\r
- name: things\r
  'primary_keys':   id\r
  write_disposition: upsert # or not\r
  selected: Yes\r
  columns:\r
      id: integer!\r
      \"name\": strnig\r
      no: { type: boolean , description: on }\r
";

    #[test]
    fn what_is_sure_is_mended_and_nothing_else_is_touched() {
        let fixed = fixed("specs/api.yaml", SPEC);
        let right = SPEC
            .replace("pagination:", "paginator:")
            .replace("OffsetIncrement", "offset")
            .replace("\"100\"", "100")
            .replace("statusCodes", "statuses")
            .replace("'3'", "3")
            .replace("primary_keys", "primary_key")
            .replace("upsert", "merge")
            .replace("Yes", "true")
            .replace("integer!", "bigint!")
            .replace("no:", "\"no\":")
            .replace("type: boolean", "data_type: bool")
            .replace("description: on", "description: \"on\"");
        assert_eq!(fixed.text, right);
        let left = compile("specs/api.yaml", &fixed.text).diagnostics;
        let left: Vec<_> = left.iter().map(|one| one.message.clone()).collect();
        assert_eq!(left, ["unknown type `strnig`"]);
        // Behind the key `type` there is more, which is seen only then.
        let of_last_line = fixed.fixes.iter().filter(|fix| fix.line == 14);
        let done: Vec<_> = of_last_line
            .map(|fix| (fix.before.as_str(), fix.after.as_str()))
            .collect();
        let expected = [
            ("no", "\"no\""),
            ("type", "data_type"),
            ("boolean", "bool"),
            ("on", "\"on\""),
        ];
        assert_eq!(done, expected);
        assert_eq!(super::fixed("specs/api.yaml", &right).fixes, []);
    }

    /// A spec with these keys in its one resource.
    fn resource(keys: &str) -> String {
        format!(
            "client: {{ base_url: 'https://api.example.com', paginator: single_page }}\n\
             resources:\n  - name: things\n    columns: {{ id: text! }}\n{keys}"
        )
    }

    #[track_caller]
    fn assert_untouched(text: &str) {
        assert_eq!(fixed("specs/api.yaml", text).fixes, [], "{text}");
        assert!(compile("specs/api.yaml", text).diagnostics.has_errors());
    }

    #[test]
    fn a_key_that_is_there_already_or_meant_by_two_is_left() {
        assert_untouched(&resource(
            "    write_dispositions: merge\n    write_disposition: append\n",
        ));
        assert_untouched(&resource(
            "    write_disposition: append\n    write_dispositions: merge\n",
        ));
        assert_untouched(&resource(
            "    write_dispositions: merge\n    disposition: append\n",
        ));
        let spec = resource("");
        assert_untouched(&spec.replace("id: text!", "id: { data_type: text, data_typ: text }"));
    }

    #[test]
    fn what_may_mean_something_else_is_left() {
        let spec = resource("");
        assert_untouched(&spec.replace("id: text!", "id: { data_type: text, required: true }"));
        assert_untouched(&spec.replace("id: text!", "at: datetime"));
        assert_untouched(&spec.replace("paginator:", "retry: { max_attempts: 5 }, paginator:"));
        // The name of a column is the user's: another may have been forgotten.
        assert_untouched(&resource("    primary_key: ids\n"));
        // An octal number to some, text to others, and a parameter may be either.
        assert_untouched(&resource("    endpoint: { params: { a: 010, b: yes } }\n"));
    }

    #[test]
    fn what_an_alias_stands_for_elsewhere_is_left() {
        let keys = "    description: &kind integer\n    endpoint: { headers: { X-Kind: *kind } }\n";
        let spec = resource(keys);
        assert_eq!(
            compile("specs/api.yaml", &spec).diagnostics.iter().count(),
            0
        );
        assert_untouched(&spec.replace("id: text!", "id: *kind"));
    }

    #[test]
    fn a_name_is_put_in_quotes_where_it_looks_like_a_bool() {
        let spec = resource("    primary_key: y\n")
            .replace("things", "off")
            .replace("id: text!", "y: text");
        let mended = fixed("specs/api.yaml", &spec).text;
        let right = spec
            .replace("name: off", "name: \"off\"")
            .replace("key: y", "key: \"y\"")
            .replace("{ y:", "{ \"y\":");
        assert_eq!(mended, right);
        assert!(compile("specs/api.yaml", &mended).diagnostics.is_empty());
    }

    #[test]
    fn a_number_is_freed_of_its_quotes_if_it_then_is_one() {
        let spec = resource("    endpoint: { paginator: { type: offset, limit: \"100\" } }\n");
        assert_eq!(
            fixed("specs/api.yaml", &spec).text,
            spec.replace("\"100\"", "100")
        );
        assert_untouched(&spec.replace("100", "0100"));
    }

    const EVERYTHING: &str = include_str!("../../tests/everything.yaml");

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(ProptestConfig::default().cases / 4))]

        /// Slips of the finger anywhere in a spec of everything.
        #[test]
        fn mending_comes_to_an_end_and_removes_no_line(
            slips in vec((0..EVERYTHING.len(), "[a-z_ :]?"), 1..6)
        ) {
            let mut text = EVERYTHING.to_owned();
            for (at, letter) in slips {
                let at = text.char_indices().map(|(at, _)| at).rfind(|one| *one <= at);
                let end = at.and_then(|at| Some(at + text[at..].chars().next()?.len_utf8()));
                if let (Some(at), Some(end)) = (at, end) {
                    text.replace_range(at..end, &letter);
                }
            }
            let mended = fixed("specs/api.yaml", &text);
            prop_assert!(text.lines().count() <= mended.text.lines().count());
            prop_assert_eq!(fixed("specs/api.yaml", &mended.text).fixes, []);
        }
    }

    #[test]
    fn text_over_several_lines_is_left() {
        assert_untouched(&resource("    selected: |\n      true\n"));
    }
}
