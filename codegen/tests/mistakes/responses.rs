//! What responses are said to mean.

use super::{endpoint, say};

fn actions(rules: &[&str]) -> String {
    let rules: Vec<String> = rules
        .iter()
        .map(|rule| format!("  - {{{rule}}}\n"))
        .collect();
    endpoint(&format!(
        "path: /things\nresponse_actions:\n{}",
        rules.concat()
    ))
}

#[test]
fn response_actions() {
    say(
        "response_actions",
        &[
            ("a rule for everything", actions(&["action: ignore"])),
            (
                "an empty text, which is in everything",
                actions(&["content: \"\", action: ignore"]),
            ),
            ("no action", actions(&["status_code: 404"])),
            (
                "bounds that no number meets",
                actions(&["json: {code: {gt: 5, lt: 3}}, action: ignore"]),
            ),
            (
                "an excluded bound that is the other",
                actions(&["header: {X-Code: {gte: 5.0, gt: 1, lt: 5, lte: 9}}, action: ignore"]),
            ),
            (
                "an action that is none",
                actions(&["status_code: 404, action: skip"]),
            ),
            (
                "a status that is none",
                actions(&["status_code: [404, 6xx], action: ignore"]),
            ),
            (
                "a rule after one for all that it is for",
                actions(&[
                    "status_code: 4xx, action: ignore",
                    "status_code: 404, content: gone, action: fail",
                ]),
            ),
            (
                "a rule after one of fewer words",
                actions(&[
                    "json: {$.code: [1, 2]}, header: {x-state: a}, action: ignore",
                    "json: {code: 2}, header: {X-State: a}, status_code: 200, action: fail",
                ]),
            ),
            (
                "a list that extends nothing",
                endpoint("path: /things\n+response_actions: [{status_code: 404, action: ignore}]"),
            ),
            (
                "a text that is extended",
                endpoint("path: /things\n+method: [POST]"),
            ),
            (
                "keys that go with another action",
                actions(&["status_code: 404, action: ignore, after_retries: fail, message: gone"]),
            ),
            (
                "nothing to refresh",
                actions(&["status_code: 403, action: refresh_auth"]),
            ),
            (
                "a path to many places, and a header that is none",
                actions(&[
                    "json: {\"$.errors[*].code\": 7}, header: {\"X State\": a}, action: fail",
                ]),
            ),
            ("a word of dlt's", actions(&["status: 404, action: ignore"])),
            (
                "a condition without a value",
                endpoint(
                    "path: /things\nresponse_actions:\n  - action: ignore\n    json:\n      $.error:\n",
                ),
            ),
            (
                "a rule after one that takes null too",
                actions(&[
                    "json: {$.error: [null, 1]}, action: ignore",
                    "json: {$.error: ~}, action: fail",
                ]),
            ),
        ],
    );
}
