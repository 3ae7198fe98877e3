//! Random edits, and all requests at random places.

use proptest::collection::vec;
use proptest::prelude::*;
use serde_json::json;

use crate::METHODS;
use crate::client::Client;

const EVERYTHING: &str = include_str!("../../../codegen/tests/everything.yaml");

fn floor(text: &str, at: usize) -> usize {
    (0..=at.min(text.len()))
        .rfind(|at| text.is_char_boundary(*at))
        .unwrap_or(0)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(ProptestConfig::default().cases / 16))]

    #[test]
    fn a_document_that_is_edited_at_random_is_answered(
        edits in vec((0..EVERYTHING.len(), 0..80_usize, "[a-z_ :{}\"'\\[\\]|.\n\r\té𝄞#&*-]{0,6}"), 1..8),
        places in vec(0..EVERYTHING.len(), 3),
    ) {
        let mut client = Client::open(EVERYTHING);
        for (at, length, new) in edits {
            let start = floor(&client.text, at);
            let end = floor(&client.text, start + length).max(start);
            client.replace_range(start, end, &new);
        }
        for at in places {
            let at = floor(&client.text, at);
            for method in METHODS {
                let _ = client.ask_at_byte(method, at, json!({ "newName": "other" }));
            }
        }
        // The server has the text that the client has.
        let text = client.text.clone();
        let published = client.diagnostics();
        let mut other = Client::open(&text);
        prop_assert_eq!(published, other.diagnostics());
        other.close();
        client.close();
    }
}
