//! The cases that hold several mistakes. Everywhere else one mistake is one error.

use std::{fs, path::Path};

/// A group, the title of a case, and how many mistakes it holds.
const SEVERAL: &[(&str, &str, usize)] = &[
    ("client_and_retry", "a status that is none", 2),
    ("client_and_retry", "a rate limit of nothing", 2),
    (
        "credentials",
        "a Jinja expression for a user's name, and for a header",
        2,
    ),
    (
        "credentials",
        "a literal key in braces that could be a name",
        2,
    ),
    (
        "credentials",
        "choices of the same name in Rust, and one that is none",
        2,
    ),
    ("credentials", "a literal within a choice", 2),
    ("credentials", "an Authorization header beside it", 2),
    ("settings_and_warnings", "a type that is none", 2),
    ("settings_and_warnings", "a default of another type", 5),
    ("settings_and_warnings", "a name that is none", 2),
    ("incremental", "a mistake in dlt's older form", 2),
    (
        "what_is_appended_again",
        "records without a cursor value, and a lag",
        2,
    ),
    (
        "paginators",
        "a paginator's field within another, and in a list",
        2,
    ),
    (
        "paginators",
        "a status that is no failure ends the pages",
        2,
    ),
    ("paginators", "a key of another kind", 2),
    ("fields_of_parents", "a field of an unknown type", 2),
    ("included_columns", "an included column that is none", 2),
    (
        "included_columns",
        "a setting that is included and missing in the key, and one that is not declared",
        2,
    ),
    ("bounds_of_a_format", "a start in another format", 2),
    (
        "bounds_of_a_format",
        "a start that is no date of its format",
        2,
    ),
    ("columns_and_types", "an unknown type", 5),
    ("columns_and_types", "a type that needs more", 2),
    ("columns_and_types", "a format that is none", 3),
    (
        "columns_and_types",
        "formats that tell no day, or a part of a time",
        4,
    ),
    ("columns_and_types", "keys that are one in SQL", 2),
    (
        "columns_and_types",
        "a column called like what keeps the rest",
        2,
    ),
    ("columns_and_types", "a key of which no name can be made", 2),
    (
        "columns_and_types",
        "values of which no variants can be made",
        3,
    ),
    ("columns_and_types", "a value twice", 2),
    (
        "columns_and_types",
        "a union that JSON cannot tell apart",
        2,
    ),
    ("columns_and_types", "a record as a whole that has keys", 2),
    (
        "columns_and_types",
        "values of the response with text and functions",
        3,
    ),
    (
        "columns_and_types",
        "values of the response of another type",
        3,
    ),
    ("columns_and_types", "a decoding that is none", 2),
    (
        "resources_and_endpoints",
        "a key column of an unknown type",
        2,
    ),
    (
        "resources_and_endpoints",
        "keys of untyped records that would be one column",
        2,
    ),
    ("resources_and_endpoints", "merge keys that are none", 4),
    (
        "resources_and_endpoints",
        "a processing step that is none",
        2,
    ),
    (
        "resources_and_endpoints",
        "a struct and a contract of untyped records",
        2,
    ),
    (
        "resources_and_endpoints",
        "a part of a path that is nothing",
        2,
    ),
    (
        "resources_and_endpoints",
        "a placeholder in the form of a shell",
        3,
    ),
    (
        "resources_and_endpoints",
        "a placeholder that is not closed",
        2,
    ),
    (
        "credentials",
        "a signed token with its times, and an encoding of a key in PEM",
        2,
    ),
    ("response_actions", "keys that go with another action", 2),
    (
        "response_actions",
        "a path to many places, and a header that is none",
        2,
    ),
    ("structure", "a key of the paginator in the endpoint", 2),
    ("structure", "a number that is too large", 2),
    ("structure", "several unknown keys in two resources", 3),
    ("structure", "more than twenty mistakes", 25),
    ("yaml", "names that YAML 1.1 reads as bools", 2),
    ("yaml", "a text that YAML 1.1 reads as a bool", 4),
    ("yaml", "a tag", 2),
];

/// How many mistakes a case holds, if it is listed.
pub(crate) fn mistakes(group: &str, title: &str) -> Option<usize> {
    let mut listed = SEVERAL.iter();
    let (.., mistakes) = listed.find(|(of, name, _)| (*of, *name) == (group, title))?;
    Some(*mistakes)
}

#[test]
fn the_list_names_cases() {
    let snapshots = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/mistakes/snapshots");
    for (group, title, _) in SEVERAL {
        let snapshot =
            fs::read_to_string(snapshots.join(format!("mistakes__{group}.snap"))).unwrap();
        assert!(
            snapshot.contains(&format!("## {title}\n")),
            "{group}, {title}"
        );
    }
}
