use std::path::Path;

use proptest::prelude::*;

use super::*;
use crate::compile;

/// Every spec of the project, by its name.
fn specs() -> Vec<(String, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../specs");
    let files = std::fs::read_dir(folder).unwrap();
    let paths = files.map(|file| file.unwrap().path());
    let mut specs: Vec<_> = paths
        .filter(|path| path.extension().is_some_and(|one| one == "yaml"))
        .map(|path| {
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            (name, std::fs::read_to_string(path).unwrap())
        })
        .collect();
    specs.push((
        "everything.yaml".to_owned(),
        include_str!("../../tests/everything.yaml").to_owned(),
    ));
    specs
}

/// The plan of a spec, without the lines of the spec that it names.
fn plan(name: &str, text: &str) -> String {
    let compiled = compile(name, text);
    let Some(connector) = compiled.connector else {
        panic!("{}\n{text}", compiled.diagnostics.render());
    };
    let plan = format!("{:#?}", connector.plan);
    let lines = plan.lines();
    lines
        .filter(|line| !line.trim_start().starts_with("line: "))
        .collect::<Vec<_>>()
        .join("\n")
}

#[test]
fn a_spec_that_is_read_and_written_compiles_to_the_same_plan() {
    let specs = specs();
    assert!(specs.len() > 20, "{}", specs.len());
    for (name, before) in specs {
        let written = text(&read(&before).unwrap());
        assert!(plan(&name, &before) == plan(&name, &written), "{written}");
        assert_eq!(text(&read(&written).unwrap()), written, "{name}");
    }
}

#[test]
fn a_spec_of_everything_is_written_in_the_order_of_the_reference() {
    let everything = read(include_str!("../../tests/everything.yaml")).unwrap();
    insta::assert_snapshot!(text(&everything));
}

#[test]
fn a_default_is_left_out_unless_it_overrules_what_is_inherited() {
    let spec = |defaults: &str| {
        let text = format!(
            "resources:\n  - name: things\n    write_disposition: append\n    columns: {{ id: text }}\n\
             client: {{ base_url: 'https://api.example.com' }}\nresource_defaults: {defaults}\n"
        );
        super::text(&read(&text).unwrap())
    };
    assert!(!spec("{}").contains("write_disposition: append"));
    assert!(spec("{ write_disposition: merge }").contains("write_disposition: append"));
}

#[test]
fn comments_stand_above_their_keys_and_keep_them() {
    let mut column = Map::new();
    column.set("data_type", "text").set("nullable", true);
    column.comment("nullable", "null in 3 of 500\nof the first page");
    let mut resource = Map::new();
    resource.map("columns").set("id", column);
    resource.set("name", "things");
    resource.comment_top("of `GET /things`");
    let mut spec = Map::new();
    spec.comment_top("Imported.");
    spec.set("resources", vec![resource]);
    spec.comment("resources", "One.");
    assert_eq!(
        text(&spec),
        "# Imported.
# One.
resources:
  # of `GET /things`
  - name: things
    columns:
      id:
        data_type: text
        # null in 3 of 500
        # of the first page
        nullable: true
"
    );
}

#[test]
fn text_is_quoted_where_yaml_would_read_something_else() {
    for (written, expected) in [
        ("stories", "stories"),
        ("no", "\"no\""),
        ("010", "\"010\""),
        ("1:30", "\"1:30\""),
        ("", "\"\""),
        ("{config.x}", "\"{config.x}\""),
        ("a: b", "\"a: b\""),
        ("a\tb\u{7f}\u{2028}", "\"a\\tb\\U0000007f\\U00002028\""),
        ("$.items[*]", "$.items[*]"),
        ("<<", "\"<<\""),
    ] {
        assert_eq!(value_text(&Node::from(written), 0), expected);
    }
    let mut params = Map::new();
    params.set("fields", "a,b").set("n", "1");
    assert_eq!(
        value_text(&Node::from(params), 0),
        "{ fields: \"a,b\", \"n\": \"1\" }"
    );
}

#[test]
fn a_merge_key_in_quotes_is_a_key() {
    let mut map = Map::new();
    map.set("<<", "a");
    let written = text(&map);
    assert_eq!(read(&written).unwrap(), map, "{written}");
}

/// Any value.
fn node() -> impl Strategy<Value = Node> {
    let text = prop_oneof![
        "\\PC{0,12}",
        "[ -~\n\t:#'\"\\[\\]{},&*!|>%@`-]{0,12}",
        any::<String>()
    ];
    let scalar = prop_oneof![
        Just(Node::Null),
        any::<bool>().prop_map(Node::from),
        any::<i64>().prop_map(Node::from),
        text.clone().prop_map(Node::from),
    ];
    scalar.prop_recursive(4, 24, 5, move |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..5).prop_map(Node::from),
            proptest::collection::vec((text.clone(), inner), 0..5).prop_map(|entries| {
                let mut map = Map::new();
                for (key, value) in entries {
                    map.set(&key, value);
                }
                Node::Map(map)
            }),
        ]
    })
}

proptest! {
    #[test]
    fn what_is_written_is_read_back(value in node(), comment in "\\PC{0,20}") {
        let mut map = Map::new();
        map.set("value", value);
        map.comment("value", &comment);
        let text = layout::document(&map);
        let mut read = read(&text).map_err(|_| TestCaseError::fail(text.clone()))?;
        map.entries[0].comments.clear();
        read.comments.clear();
        prop_assert_eq!(read, map, "{}", text);
    }
}
