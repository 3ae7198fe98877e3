use std::collections::{BTreeMap, BTreeSet};

use boon::{Compiler, SchemaIndex, Schemas};
use serde_json::{Value, json};

use crate::diagnostic::Sink;
use crate::render::Source;
use crate::{read, yaml};

const EVERYTHING: &str = include_str!("../../../tests/everything.yaml");

struct Validator {
    schemas: Schemas,
    index: SchemaIndex,
}

impl Validator {
    fn new() -> Self {
        let schema: Value = serde_json::from_str(&super::schema()).unwrap();
        let mut schemas = Schemas::new();
        let mut compiler = Compiler::new();
        compiler.add_resource("schema.json", schema).unwrap();
        let index = compiler.compile("schema.json", &mut schemas).unwrap();
        Self { schemas, index }
    }

    fn accepts(&self, document: &Value) -> bool {
        self.schemas.validate(document, self.index).is_ok()
    }
}

/// What the check of the structure says about a document: JSON is YAML.
fn mistakes(document: &Value) -> BTreeMap<&'static str, String> {
    let text = document.to_string();
    let mut sink = Sink::default();
    let tree = yaml::parse(&text, &mut sink);
    read::read(tree, &mut sink);
    let diagnostics = sink.finish(Source::new("specs/api.yaml", &text));
    diagnostics
        .errors()
        .map(|one| (one.code, one.message.clone()))
        .collect()
}

fn document(text: &str) -> Value {
    serde_yaml::from_str(text).unwrap()
}

/// The spec of every key, what is inherited in it written out.
fn without_defaults(mut document: Value) -> Value {
    let spec = document.as_object_mut().unwrap();
    let defaults = spec
        .remove("resource_defaults")
        .unwrap_or_else(|| json!({}));
    for resource in spec
        .get_mut("resources")
        .and_then(Value::as_array_mut)
        .unwrap()
    {
        let resource = resource.as_object_mut().unwrap();
        for (key, value) in defaults.as_object().unwrap() {
            resource.entry(key).or_insert_with(|| value.clone());
        }
        resource.retain(|_, value| !value.is_null());
    }
    document
}

/// A document for all but the resources of one, and one for each of them: small ones are quick.
fn parts(whole: &Value) -> Vec<Value> {
    let mut first = whole.clone();
    first["resources"] = json!([{ "name": "a", "columns": "json" }]);
    let mut all = vec![first];
    for resource in whole["resources"].as_array().unwrap() {
        let mut part = json!({
            "client": { "base_url": "https://api.example.com" },
            "resources": [resource],
        });
        if let Some(defaults) = whole.get("resource_defaults") {
            part["resource_defaults"] = defaults.clone();
        }
        all.push(part);
    }
    all
}

/// Values of which few fit any place.
fn odd_values() -> Vec<Value> {
    vec![
        json!(null),
        json!(true),
        json!(0),
        json!(1),
        json!(-1),
        json!(429),
        json!(1.5),
        json!(""),
        json!("text"),
        json!("text!"),
        json!("my-name"),
        json!("10s"),
        json!("1s1m"),
        json!("5xx"),
        json!("6xx"),
        json!("64 MiB"),
        json!("0 MiB"),
        json!("single_page"),
        json!("offset"),
        json!("custom"),
        json!("json"),
        json!("GET"),
        json!("asc"),
        json!("crate::a::b"),
        json!([]),
        json!([null]),
        json!(["text"]),
        json!([{}]),
        json!({}),
        json!({ "unknown": 1 }),
        json!({ "type": "bigint" }),
        json!({ "type": "cursor" }),
        json!({ "data_type": "text" }),
        json!({ "data_type": "object" }),
        json!({ "value": "a" }),
    ]
}

/// A value in a document, and what places of the same kind have in common.
struct Place {
    pointer: String,
    kind: String,
}

/// The places in a value. The kind of one is its key, beside the tag of the map it is in.
fn places(value: &Value, pointer: &str, kind: &str, found: &mut Vec<Place>) {
    let (pointer, kind) = (pointer.to_owned(), kind.to_owned());
    match value {
        Value::Object(map) => {
            let tag = ["type", "data_type"].map(|tag| map.get(tag).and_then(Value::as_str));
            for (key, value) in map {
                let at = key.replace('~', "~0").replace('/', "~1");
                places(
                    value,
                    &format!("{pointer}/{at}"),
                    &format!("{tag:?} {key}"),
                    found,
                );
            }
        }
        Value::Array(list) => {
            for (index, value) in list.iter().enumerate() {
                places(
                    value,
                    &format!("{pointer}/{index}"),
                    &format!("{kind}[]"),
                    found,
                );
            }
        }
        _ => {}
    }
    found.push(Place { pointer, kind });
}

/// Documents that differ from one in one place of a kind not seen before: a value that is another, a
/// key that is missing, a key too many. One in eleven of them: all, with `MUTANTS=all`, take minutes.
fn mutants(document: &Value, seen: &mut BTreeSet<String>, all: &mut impl FnMut(&Value, &str)) {
    let step = if std::env::var_os("MUTANTS").is_some() {
        1
    } else {
        11
    };
    let mut number = 0;
    let mut keep = |make: &dyn Fn() -> Value, what: &dyn Fn() -> String| {
        number += 1;
        if number % step == 0 {
            all(&make(), &what());
        }
    };
    let keep = &mut keep;
    let mut found = Vec::new();
    places(document, "", "", &mut found);
    found.retain(|place| seen.insert(place.kind.clone()));
    for Place { pointer: place, .. } in found {
        let changed = |change: &dyn Fn(&mut Value)| {
            let mut mutant = document.clone();
            change(mutant.pointer_mut(&place).unwrap());
            mutant
        };
        for odd in odd_values() {
            let mutant = || changed(&|value| *value = odd.clone());
            keep(&mutant, &|| format!("{place} = {odd}"));
        }
        if let Some(map) = document.pointer(&place).unwrap().as_object() {
            for key in map.keys() {
                let without = |value: &mut Value| {
                    value.as_object_mut().unwrap().remove(key);
                };
                keep(&|| changed(&without), &|| format!("{place} without {key}"));
            }
            for more in MORE {
                let mutant = || changed(&|value| value[more] = json!("x"));
                keep(&mutant, &|| format!("{place} with {more}"));
            }
        }
    }
}

/// Keys of which most places know none.
const MORE: [&str; 6] = [
    "zzz",
    "token_url",
    "limit",
    "nullable",
    "auth",
    "parallelized",
];

/// Whether what is wrong is within a text, which a schema leaves to the compiler.
fn is_within_text(mistakes: &BTreeMap<&'static str, String>) -> bool {
    mistakes.keys().all(|code| *code == "RS0204")
}

#[test]
fn the_schema_accepts_what_the_reader_accepts_and_nothing_else() {
    let validator = Validator::new();
    let (mut accepted, mut refused) = (0, 0);
    let mut differences = Vec::new();
    let mut compare = |mutant: &Value, what: &str| {
        let said = mistakes(mutant);
        let is_accepted = validator.accepts(mutant);
        match (said.is_empty(), is_accepted) {
            (true, true) => accepted += 1,
            (false, false) => refused += 1,
            (false, true) if is_within_text(&said) => {}
            _ => differences.push(format!("{what}: {said:?}")),
        }
    };
    let mut seen = BTreeSet::new();
    for part in parts(&without_defaults(document(EVERYTHING))) {
        assert!(validator.accepts(&part), "{part}");
        assert_eq!(mistakes(&part), BTreeMap::new());
        mutants(&part, &mut seen, &mut compare);
    }
    assert!(
        differences.is_empty(),
        "{}: {:#?}",
        differences.len(),
        &differences[..differences.len().min(30)]
    );
    assert!(accepted > 20 && refused > 500, "{accepted} {refused}");
}

#[test]
fn what_is_inherited_need_not_be_there_but_nothing_right_is_refused() {
    let validator = Validator::new();
    let whole = document(EVERYTHING);
    assert!(validator.accepts(&whole));
    let mut differences = Vec::new();
    let mut compare = |mutant: &Value, what: &str| {
        if !validator.accepts(mutant) && mistakes(mutant).is_empty() {
            differences.push(what.to_owned());
        }
    };
    let mut seen = BTreeSet::new();
    for part in parts(&whole).iter().take(2) {
        mutants(part, &mut seen, &mut compare);
    }
    assert!(
        differences.is_empty(),
        "{}: {:#?}",
        differences.len(),
        &differences[..differences.len().min(30)]
    );
}

#[test]
fn every_spec_of_the_project_is_accepted() {
    let validator = Validator::new();
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../specs");
    for entry in std::fs::read_dir(folder).unwrap() {
        let text = std::fs::read_to_string(entry.unwrap().path()).unwrap();
        assert!(validator.accepts(&document(&text)), "{text}");
    }
}

fn definitions() -> serde_json::Map<String, Value> {
    let schema: Value = serde_json::from_str(&super::schema()).unwrap();
    schema["$defs"].as_object().unwrap().clone()
}

#[test]
fn a_tag_completes_every_word_with_its_meaning() {
    let definitions = definitions();
    let tags = |name: &str, tag: &str| {
        let definition = &definitions[name];
        let kinds = definition["anyOf"].as_array().cloned();
        let mut kinds = kinds
            .unwrap_or_else(|| vec![definition.clone()])
            .into_iter();
        let tagged = kinds.find(|kind| kind["type"] == "object").unwrap();
        let words = tagged["properties"][tag].clone();
        let count = words["enum"].as_array().unwrap().len();
        assert_eq!(words["enumDescriptions"].as_array().unwrap().len(), count);
        words["enum"].as_array().unwrap().clone()
    };
    for name in ["column", "element"] {
        let words = tags(name, "data_type");
        for word in ["text", "object", "array", "map", "enum", "union"] {
            assert!(words.contains(&json!(word)), "{name} lacks {word}");
        }
    }
    assert!(tags("paginator", "type").contains(&json!("header_link")));
    assert!(tags("auth", "type").contains(&json!("bearer")));
}

#[test]
fn a_wrong_tag_is_told_all_that_it_may_be() {
    let wrong = json!({
        "client": {
            "base_url": "https://api.example.com",
            "paginator": { "type": "cursr", "cursor_path": "next" },
        },
        "resources": [{ "name": "a", "columns": "json" }],
    });
    let validator = Validator::new();
    let error = validator
        .schemas
        .validate(&wrong, validator.index)
        .unwrap_err();
    let told = format!("{error:#}");
    let at_tag: Vec<&str> = told
        .lines()
        .filter(|line| line.contains("/client/paginator/type"))
        .collect();
    assert_eq!(at_tag.len(), 1, "{told}");
    for word in [
        "single_page",
        "offset",
        "cursor",
        "header_link",
        "json_link",
    ] {
        assert!(at_tag[0].contains(word), "{told}");
    }
    assert!(!told.contains("cursor_path"), "{told}");
}

#[test]
fn the_description_of_a_key_begins_with_the_key() {
    let mut described = 0;
    for (name, definition) in definitions() {
        let Some(properties) = definition["properties"].as_object() else {
            continue;
        };
        for (key, property) in properties {
            // A tag tells its words, and a key by another name tells the one it has here.
            let (Some(description), Some(title)) =
                (property["description"].as_str(), property["title"].as_str())
            else {
                continue;
            };
            assert!(
                description.starts_with(&format!("`{title}`: ")),
                "{name}.{key}: {description}"
            );
            described += 1;
        }
    }
    assert!(described > 100, "{described}");
}

/// A text with what stands in the place of each `${1:…}`.
fn inserted(text: &str) -> String {
    let mut inserted = String::new();
    let mut rest = text;
    while let Some((before, place)) = rest.split_once("${") {
        let (place, after) = place.split_once('}').unwrap();
        inserted.push_str(before);
        inserted.push_str(place.split_once(':').unwrap().1);
        rest = after;
    }
    inserted + rest
}

#[test]
fn a_snippet_is_a_resource_as_it_stands() {
    let snippets = definitions()["resource"]["defaultSnippets"].clone();
    let snippets = snippets.as_array().unwrap();
    assert!(!snippets.is_empty());
    for snippet in snippets {
        assert!(snippet["label"].is_string() && snippet["description"].is_string());
        let body = inserted(&snippet["body"].to_string());
        let resource: Value = serde_json::from_str(&body).unwrap();
        let spec = json!({
            "client": { "base_url": "https://api.example.com" },
            "resources": [resource],
        });
        assert!(Validator::new().accepts(&spec), "{spec:#}");
        let compiled = crate::compile("specs/api.yaml", &spec.to_string());
        assert!(
            compiled.diagnostics.is_empty(),
            "{:?}",
            compiled.diagnostics.messages()
        );
    }
}
