use proptest::prelude::*;

use super::*;

const SPEC: &str = "\
# The API of things.
client:
  base_url: https://api.example.com   # until May
  retry: {statuses: [429], max_retries: 3}

resources:
  # All of them.
  - name: things
    endpoint: /v1/things
    columns:
      id: text!   # the key

      kind: { data_type: enum, values: [a, b] }
  - name: others
    columns: {id: text}
";

/// A path of keys, and of indices where a step is a number.
fn path(steps: &str) -> Vec<Step> {
    let step = |step: &str| match step.parse() {
        Ok(at) => Step::Index(at),
        Err(_) => Step::Key(step.to_owned()),
    };
    steps.split('/').map(step).collect()
}

fn paginator() -> Node {
    let mut map = Map::new();
    map.set("type", "offset").set("limit", 100);
    Node::Map(map)
}

#[test]
fn set_changes_one_value_and_keeps_comments_and_formatting() {
    let cases: [(&str, Node, &str, &str); 7] = [
        (
            "client/base_url",
            "https://b.example".into(),
            "https://api.example.com ",
            "https://b.example ",
        ),
        (
            "client/retry/max_retries",
            5.into(),
            "max_retries: 3",
            "max_retries: 5",
        ),
        (
            "client/retry/backoff_factor",
            1.into(),
            "max_retries: 3",
            "max_retries: 3, backoff_factor: 1",
        ),
        (
            "client/timeout/connect",
            "5s".into(),
            "3}\n",
            "3}\n  timeout: { connect: 5s }\n",
        ),
        (
            "resources/0/columns/id",
            "bigint!".into(),
            "id: text!  ",
            "id: bigint!  ",
        ),
        (
            "resources/0/columns/kind/values/2",
            "c".into(),
            "[a, b]",
            "[a, b, c]",
        ),
        (
            "client/paginator",
            paginator(),
            "3}\n",
            "3}\n  paginator: { type: offset, limit: 100 }\n",
        ),
    ];
    for (steps, value, before, after) in cases {
        let edited = set(SPEC, &path(steps), &value).unwrap();
        assert_eq!(edited, SPEC.replacen(before, after, 1), "{steps}");
        let with_crlf = SPEC.replace('\n', "\r\n");
        let edited_crlf = set(&with_crlf, &path(steps), &value).unwrap();
        assert_eq!(edited_crlf, edited.replace('\n', "\r\n"), "{steps}");
    }
}

/// A list that stands as deep as its key.
const UNINDENTED: &str = "\
resources:
# All of them.
- name: things
  endpoint: /v1/things
  columns:
    id: text!   # the key
  params:
  - a
  - b: 1
- name: others
  columns: {id: text}
  endpoint:
    path: /v1/others
config:
- c
";

#[test]
fn a_list_as_deep_as_its_key_is_edited() {
    let cases: [(&str, Node, &str, &str); 9] = [
        (
            "resources/0/primary_key",
            "id".into(),
            "b: 1\n",
            "b: 1\n  primary_key: id\n",
        ),
        (
            "resources/1/primary_key",
            "id".into(),
            "/v1/others\n",
            "/v1/others\n  primary_key: id\n",
        ),
        (
            "resources/1/endpoint/method",
            "POST".into(),
            "/v1/others\n",
            "/v1/others\n    method: POST\n",
        ),
        (
            "resources/0/columns/kind",
            "text".into(),
            "# the key\n",
            "# the key\n    kind: text\n",
        ),
        (
            "resources/0/endpoint",
            paginator(),
            "endpoint: /v1/things",
            "endpoint: { type: offset, limit: 100 }",
        ),
        ("resources/0/params/0", "c".into(), "- a\n", "- c\n"),
        (
            "resources/0/params/1/d",
            2.into(),
            "b: 1\n",
            "b: 1\n    d: 2\n",
        ),
        (
            "resources/2",
            paginator(),
            "/v1/others\n",
            "/v1/others\n- { type: offset, limit: 100 }\n",
        ),
        (
            "client",
            paginator(),
            "- c\n",
            "- c\nclient:\n  type: offset\n  limit: 100\n",
        ),
    ];
    for (at, value, old, new) in cases {
        let edited = set(UNINDENTED, &path(at), &value);
        assert_eq!(edited, Ok(UNINDENTED.replacen(old, new, 1)), "{at}");
    }
    let list = UNINDENTED.replace("config:\n- c\n", "config:\n- c\n- e\n");
    assert_eq!(set(UNINDENTED, &path("config/1"), &"e".into()), Ok(list));
    let without = UNINDENTED.replace("  params:\n  - a\n  - b: 1\n", "");
    assert_eq!(remove(UNINDENTED, &path("resources/0/params")), Ok(without));
}

#[test]
fn remove_takes_the_key_and_nothing_else() {
    for (steps, before, after) in [
        (
            "client/base_url",
            "base_url: https://api.example.com   # until May\n  ",
            "",
        ),
        (
            "client/retry",
            "  retry: {statuses: [429], max_retries: 3}\n",
            "",
        ),
        ("client/retry/statuses", "statuses: [429], ", ""),
        ("client/retry/max_retries", ", max_retries: 3", ""),
        ("resources/0/name", "name: things\n    ", ""),
        ("resources/1/columns/id", "{id: text}", "{}"),
    ] {
        let edited = remove(SPEC, &path(steps)).unwrap();
        assert_eq!(edited, SPEC.replacen(before, after, 1), "{steps}");
    }
}

#[test]
fn a_place_that_cannot_be_edited_is_an_error() {
    let set = |text: &str, steps: &str| set(text, &path(steps), &1.into());
    assert_eq!(set(SPEC, "client/base_url/x"), Err(CannotEdit::NoSuchPlace));
    assert_eq!(set(SPEC, "resources/7"), Err(CannotEdit::NoSuchPlace));
    assert_eq!(set("a: [", "a"), Err(CannotEdit::Unreadable));
    let shared = "a: &a {x: 2}\nb: *a\n";
    assert_eq!(set(shared, "b/x"), Err(CannotEdit::NotAlone));
    assert_eq!(
        remove(SPEC, &path("client/x")),
        Err(CannotEdit::NoSuchPlace)
    );
}

/// A small value.
fn value() -> impl Strategy<Value = Node> {
    let scalar = prop_oneof![
        Just(Node::Null),
        any::<bool>().prop_map(Node::from),
        any::<i64>().prop_map(Node::from),
        "[ -~\n]{0,12}".prop_map(Node::from),
    ];
    scalar.prop_recursive(3, 12, 4, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Node::from),
            map(inner).prop_map(Node::Map),
        ]
    })
}

fn map(value: impl Strategy<Value = Node>) -> impl Strategy<Value = Map> {
    proptest::collection::vec(("[a-d]", value), 0..4).prop_map(|entries| {
        let mut map = Map::new();
        for (key, value) in entries {
            map.set(&key, value);
        }
        map
    })
}

proptest! {
    /// Every edit that is made says what it has to, and the lines before and after it stay.
    #[test]
    fn an_edit_gives_the_edited_tree_and_keeps_other_lines(
        tree in map(value()),
        keys in proptest::collection::vec("[a-e]", 1..4),
        new in value(),
    ) {
        let text = format!("# top\nfirst: 1   # one\n{}last: 2  # two\n", layout::lines(&Node::Map(tree), 0));
        let path: Vec<_> = keys.into_iter().map(Step::Key).collect();
        let mut expected = read(&text).unwrap();
        let fits = set_in_map(&mut expected, &path, &new);
        match set(&text, &path, &new) {
            Ok(edited) => {
                prop_assert!(fits && same_maps(&read(&edited).unwrap(), &expected), "{}", edited);
                prop_assert!(edited.starts_with("# top\nfirst: 1   # one\n"), "{}", edited);
                prop_assert!(edited.contains("last: 2  # two\n") || edited.ends_with("last: 2  # two"), "{}", edited);
            }
            Err(error) => prop_assert!(!fits, "{error}\n{text}"),
        }
    }

    #[test]
    fn a_set_key_is_removed_again_to_the_byte(tree in map(value()), new in value()) {
        let text = format!("first: 1\n{}last: 2  # two\n", layout::lines(&Node::Map(tree), 0));
        let path = [Step::Key("new".to_owned())];
        let edited = set(&text, &path, &new).unwrap();
        prop_assert_eq!(remove(&edited, &path).unwrap(), text);
    }
}
