//! A spec of a thousand resources: every request is answered, and the median and the longest time of each are printed.
//! A measurement is
//! `cargo test --release -p rest-source-lsp --test protocol thousand -- --nocapture`.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::{Duration, Instant};

use serde_json::json;

use crate::METHODS;
use crate::client::Client;

fn spec() -> String {
    let mut text =
        "config: { org: text }\nclient:\n  base_url: https://api.example.com/{config.org}\n  \
                    paginator: single_page\nresources:\n"
            .to_owned();
    for n in 0..1000 {
        let _ = write!(
            text,
            "  - name: things_{n}\n    description: Things.\n    primary_key: id\n    \
             write_disposition: merge\n    endpoint:\n      path: /things/{n}\n      params: {{ org: \
             \"{{config.org}}\" }}\n      data_selector: data\n      incremental: {{ cursor_path: \
             updated_at, start_param: since }}\n    columns:\n      id: text!\n      name: text\n      \
             count: bigint\n      owner: {{ data_type: object, fields: {{ id: text }} }}\n      tags: \
             {{ data_type: array, items: text! }}\n      updated_at: timestamp!\n"
        );
    }
    text
}

/// How often each request is sent from each place.
const ROUNDS: usize = if cfg!(debug_assertions) { 1 } else { 7 };

#[test]
fn a_thousand_resources_are_answered() {
    let mut client = Client::open(&spec());
    assert!(client.diagnostics().is_empty());
    let mut times = BTreeMap::<&str, Vec<Duration>>::new();
    let markers = [
        "name: things_0\n",
        "name: things_500\n",
        "name: things_999\n",
    ];
    for marker in markers.repeat(ROUNDS) {
        let at = client.text.find(marker).unwrap() + marker.len();
        client.replace_range(at, at, "    sel\n");
        for method in METHODS {
            let until = client.text.len().min(at + 1000);
            let visible = json!({ "start": client.position(at), "end": client.position(until) });
            let more = json!({ "newName": "other", "range": visible });
            let start = Instant::now();
            let _ = client.ask_at_byte(method, at + 7, more);
            times.entry(method).or_default().push(start.elapsed());
        }
        client.replace_range(at, at + 8, "");
    }
    assert!(client.diagnostics().is_empty());
    for (method, mut times) in times {
        times.sort();
        println!(
            "{method}: median {:?}, longest {:?}",
            times[times.len() / 2],
            times[times.len() - 1]
        );
    }
    client.close();
}

#[test]
fn an_outline_of_a_thousand_resources_has_no_columns() {
    let mut client = Client::open(&spec());
    let found = client.ask_whole("textDocument/documentSymbol").unwrap();
    let resources = found.as_array().unwrap().last().unwrap();
    let resources = resources["children"].as_array().unwrap();
    assert_eq!(resources.len(), 1000);
    assert_eq!(resources[999]["name"], "things_999");
    assert!(resources.iter().all(|one| one.get("children").is_none()));
    client.close();
}
