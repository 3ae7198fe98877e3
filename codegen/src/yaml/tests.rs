use proptest::prelude::*;

use super::*;

/// What another YAML library makes of a text.
type Other = serde_yaml::Value;

fn read(text: &str) -> (Option<Node>, Vec<&'static str>) {
    let mut sink = Sink::default();
    let document = parse(text, &mut sink);
    let said = sink.finish(crate::render::Source::new("a.yaml", text));
    (document.root, said.iter().map(|one| one.code).collect())
}

/// Our tree as the other library's value.
fn as_other(node: &Node) -> Other {
    match &node.value {
        Value::List(elements) => Other::Sequence(elements.iter().map(as_other).collect()),
        Value::Map(entries) => Other::Mapping(
            entries
                .iter()
                .map(|entry| {
                    (
                        Other::String(entry.key.name.clone()),
                        as_other(&entry.value),
                    )
                })
                .collect(),
        ),
        Value::Scalar(scalar) => match scalar.kind {
            Kind::Null => Other::Null,
            Kind::Bool(value) => Other::Bool(value),
            Kind::Integer => match crate::value::integer(&scalar.text) {
                Some(number) if number >= 0 => Other::from(u64::try_from(number).unwrap()),
                Some(number) => Other::from(i64::try_from(number).unwrap()),
                None => panic!("{}", scalar.text),
            },
            Kind::Float => Other::from(match scalar.text.trim_start_matches('+') {
                text if text.eq_ignore_ascii_case(".inf") => f64::INFINITY,
                text if text.eq_ignore_ascii_case("-.inf") => f64::NEG_INFINITY,
                text if text.eq_ignore_ascii_case(".nan") => f64::NAN,
                text => text.parse().unwrap(),
            }),
            Kind::Text => Other::String(scalar.text.clone()),
            Kind::Unclear => panic!("unclear: {}", scalar.text),
        },
    }
}

/// A document to be written down in one of several ways.
#[derive(Clone, Debug)]
enum Written {
    Plain(String),
    Single(String),
    Double(String),
    Literal(Vec<String>),
    List(Vec<Written>, bool),
    Map(Vec<(String, Written)>, bool),
}

impl Written {
    /// As a value in brackets.
    fn flow(&self) -> String {
        match self {
            Self::Plain(text) => text.clone(),
            Self::Single(text) => format!("'{}'", text.replace('\'', "''")),
            Self::Double(text) => format!("{text:?}"),
            Self::Literal(lines) => format!("{:?}", lines.join("\n")),
            Self::List(items, _) => {
                format!(
                    "[{}]",
                    items.iter().map(Self::flow).collect::<Vec<_>>().join(", ")
                )
            }
            Self::Map(entries, _) => {
                let entries = entries
                    .iter()
                    .map(|(key, value)| format!("{key}: {}", value.flow()));
                format!("{{{}}}", entries.collect::<Vec<_>>().join(", "))
            }
        }
    }

    /// After a key or a dash, with its line's end.
    fn block(&self, indent: usize) -> String {
        let pad = " ".repeat(indent);
        match self {
            Self::List(items, false) if !items.is_empty() => {
                let items = items
                    .iter()
                    .map(|item| format!("{pad}-{}", item.block(indent + 2)));
                format!("\n{}", items.collect::<String>())
            }
            Self::Map(entries, false) if !entries.is_empty() => {
                let entries = entries
                    .iter()
                    .map(|(key, value)| format!("{pad}{key}:{}", value.block(indent + 2)));
                format!("  # a comment\n{}", entries.collect::<String>())
            }
            Self::Literal(lines) => {
                let lines = lines.iter().map(|line| format!("{pad}{line}\n"));
                format!(" |\n{}", lines.collect::<String>())
            }
            other => format!(" {}\n", other.flow()),
        }
    }
}

fn plain() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => "[a-zA-Z][a-zA-Z0-9_/-]{0,8}",
        4 => "[-+]?[0-9]{1,6}(\\.[0-9]{0,4})?(e[-+]?[0-9])?",
        2 => "[0-9][0-9a-fxo_:.eE+-]{0,6}[0-9a-f]",
        1 => "0[xob][0-9a-f]{1,4}",
        1 => prop::sample::select(vec![
            "~", "null", "Null", "true", "False", "TRUE", ".inf", "-.Inf", ".NaN", "yes", "off", "Y", "inf",
            "nan", "+.5", "5.", ".", "-", "1 2", "a b  c", "12:30", "2024-01-01", "5xx", "é", "名",
        ]).prop_map(ToOwned::to_owned),
    ]
    .prop_filter("a dash begins a list", |text| text != "-")
}

fn written() -> impl Strategy<Value = Written> {
    let leaf = prop_oneof![
        4 => plain().prop_map(Written::Plain),
        1 => "[ -~é名]{0,8}".prop_map(Written::Single),
        1 => "[ -~é\n\t]{0,8}".prop_map(Written::Double),
        1 => prop::collection::vec("[a-z#:'\"]([a-z #:]{0,6}[a-z])?", 1..4).prop_map(Written::Literal),
    ];
    leaf.prop_recursive(4, 40, 5, |inner| {
        prop_oneof![
            (prop::collection::vec(inner.clone(), 0..5), any::<bool>())
                .prop_map(|(items, flow)| Written::List(items, flow)),
            (
                prop::collection::btree_map("[a-z][a-z0-9_.-]{1,6}", inner, 0..5),
                any::<bool>()
            )
                .prop_map(|(entries, flow)| Written::Map(entries.into_iter().collect(), flow)),
        ]
    })
}

proptest! {
    #[test]
    fn our_tree_is_the_other_librarys_value_except_where_we_refuse(document in written()) {
        let text = format!("root:{}", document.block(2));
        let (root, codes) = read(&text);
        if codes.is_empty() {
            let other: Other = serde_yaml::from_str(&text).unwrap();
            let ours = root.as_ref().map_or(Other::Null, as_other);
            prop_assert_eq!(format!("{ours:?}"), format!("{other:?}"), "{}", text);
        } else {
            // The only thing in such documents that the language refuses.
            prop_assert!(codes.iter().all(|code| *code == "RS0003"), "{:?} {}", codes, text);
        }
    }

    #[test]
    fn spans_hold_what_was_written(document in written()) {
        let text = format!("root:{}", document.block(2));
        let (root, _) = read(&text);
        let mut nodes: Vec<Node> = root.into_iter().collect();
        while let Some(node) = nodes.pop() {
            let slice = text.get(node.span.clone());
            prop_assert!(slice.is_some());
            match node.value {
                Value::Scalar(scalar) if matches!(scalar.kind, Kind::Integer | Kind::Float | Kind::Bool(_)) => {
                    prop_assert_eq!(slice, Some(scalar.text.as_str()));
                }
                Value::Scalar(_) => {}
                Value::List(elements) => {
                    for element in elements {
                        prop_assert!(node.span.start <= element.span.start && element.span.end <= node.span.end);
                        nodes.push(element);
                    }
                }
                Value::Map(entries) => {
                    for Entry { key, value } in entries {
                        prop_assert_eq!(text.get(key.span.clone()), Some(key.name.as_str()));
                        prop_assert!(node.span.start <= key.span.start && value.span.end <= node.span.end);
                        nodes.push(value);
                    }
                }
            }
        }
    }
}

#[test]
fn the_specs_are_what_the_other_library_reads() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../specs");
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path
            .extension()
            .is_some_and(|extension| extension == "yaml")
        {
            let text = std::fs::read_to_string(&path).unwrap();
            let (root, codes) = read(&text);
            assert_eq!(codes, [""; 0]);
            let other: Other = serde_yaml::from_str(&text).unwrap();
            assert_eq!(as_other(&root.unwrap()), other, "{}", path.display());
        }
    }
}

#[test]
fn aliases_are_their_anchors_values_in_their_places() {
    let text = "a: &one {x: 1}\nb: *one\nc: [*one, &two text, *two]\n";
    let (root, codes) = read(text);
    assert_eq!(codes, [""; 0]);
    let root = root.unwrap();
    assert_eq!(root.get("a"), root.get("b"));
    let other: Other = serde_yaml::from_str(text).unwrap();
    assert_eq!(as_other(&root), other);
}

#[test]
fn a_value_that_is_left_out_is_null_and_stands_where_its_key_does() {
    let (root, _) = read("a:\nb: {c: , d}\n");
    let root = root.unwrap();
    assert!(root.get("a").unwrap().is_null());
    assert_eq!(root.get("a").unwrap().span, 0..1);
    assert!(root.get("b").unwrap().get("d").unwrap().is_null());
    let (root, _) = read("a: ''\nb: \"~\"\nc: ~");
    let kinds = root.unwrap();
    let kind = |name| kinds.get(name).unwrap().is_null();
    assert_eq!(["a", "b", "c"].map(kind), [false, false, true]);
}

#[test]
fn what_comes_before_a_mistake_in_the_syntax_is_kept() {
    let mut sink = Sink::default();
    let document = parse(
        "resources:\n  - name: a\n  - name: b\n    x: [\n",
        &mut sink,
    );
    assert!(!document.whole);
    let root = document.root.unwrap();
    let names = root.get("resources").unwrap().elements().iter();
    let names: Vec<_> = names
        .filter_map(|one| Some(one.get("name")?.scalar()?.text.clone()))
        .collect();
    assert_eq!(names, ["a", "b"]);
}
