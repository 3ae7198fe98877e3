//! The states in `docs/STATE.md` are valid, and its tables name each of their members.

use std::fs;

use rest_source::{Json, State};

fn page() -> String {
    fs::read_to_string("../docs/STATE.md").unwrap()
}

fn examples(page: &str) -> Vec<&str> {
    let blocks = page.split("```json\n").skip(1);
    blocks
        .map(|rest| rest.split("```").next().unwrap())
        .collect()
}

#[test]
fn each_example_is_read_and_written_back() {
    let page = page();
    let examples = examples(&page);
    assert_eq!(examples.len(), 4);
    for example in examples {
        let state: State = example.parse().unwrap();
        let written: Json = serde_json::from_str(&state.to_string()).unwrap();
        assert_eq!(written, serde_json::from_str::<Json>(example).unwrap());
    }
}

#[test]
fn each_member_of_an_example_is_explained() {
    let page = page();
    for example in examples(&page) {
        let tree: Json = serde_json::from_str(example).unwrap();
        for name in tree.as_object().unwrap().keys() {
            let mut rows = page.lines().filter(|line| line.starts_with("| `"));
            let name = format!("`{name}`");
            assert!(
                rows.any(|row| row.split('|').nth(1).unwrap().contains(&name)),
                "{name}"
            );
        }
    }
}
