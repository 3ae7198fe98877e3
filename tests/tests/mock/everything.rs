//! Something of every kind that a spec may say, mocked: settings without a default, values in every
//! part of a request, children of what is asked for by POST.

use rest_source::{Connector, ErrorKind, rest_source, transport::Request};
use rest_source_mock::{Asked, Mocked, json};

use crate::{fetched, made};

#[rest_source("../everything/spec.yaml")]
mod everything {}

/// What the records of the first resource are chosen by is a filter: that is for the test to answer.
fn entries(request: &Request) -> serde_json::Value {
    let body: serde_json::Value = serde_json::from_slice(&request.body).unwrap();
    let at = usize::from(body["page"]["after"] == "second");
    let items = [
        json!({ "Option": "one/1", "kind": "a b", "mixed": "text", "day": "2026/01/02 03:04", "list": [{ "id": 5 }] }),
        json!({ "Option": "two 2", "kind": "[c]", "mixed": [{ "a": "b" }], "day": "2026/02/03 04:05", "list": [{ "id": 7 }] }),
    ];
    json!({
        "data": [{ "ok": false, "items": [1] }, { "ok": true, "items": [items[at]] }],
        "meta": { "next": (at == 0).then_some("second"), "more": at == 0 },
    })
}

#[tokio::test]
async fn values_are_found_wherever_they_stand_in_a_request() {
    let part = |_: &Request| json!([{ "id": "a part" }]);
    let api = everything::Source::mock()
        .records(
            "headers",
            made::records(&everything::Source::plan().resources[3].table, 25),
        )
        .records(
            "renewed",
            made::records(&everything::Source::plan().resources[4].table, 25),
        )
        .answer("type", entries)
        .answer("links", |_| json!([{ "id": 1 }]))
        .answer("entry_parts", part)
        .answer("whole", part)
        .page_size(10)
        .start()
        .unwrap();
    for (name, count) in [
        ("type", 2),
        ("headers", 25),
        ("renewed", 25),
        ("links", 1),
        ("entry_parts", 2),
        ("whole", 2),
    ] {
        let source = everything::Source::plan();
        let mut plans = source.resources.iter();
        let plan = plans.find(|plan| plan.name == name).unwrap();
        let got = fetched(api.source().client(), plan).await;
        let got = got.unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(got.len(), count, "`{name}`");
        let asked = api.requests();
        assert!(
            asked.iter().all(|asked| asked.status == Some(200)),
            "{asked:#?}"
        );
        assert!(!api.requests_for(name).is_empty(), "`{name}`: {asked:#?}");
    }
    // The parents' parts are asked for side by side.
    let asked = |name, this: &dyn Fn(&Asked) -> bool| api.requests_for(name).iter().any(this);
    let url = "https://us.example.com/v1/entries/two%202/parts?kind=%5Bc%5D&day=2026/02/03%2004:05&first=7";
    assert!(
        asked("entry_parts", &|asked| asked.url == url),
        "{:#?}",
        api.requests_for("entry_parts")
    );
    let body = r#"{"mixed":[{"a":"b"}]}"#;
    assert!(asked("whole", &|asked| asked.body == body));
}

#[tokio::test]
async fn what_cannot_be_paged_by_the_spec_alone_says_so() {
    let mock = everything::Source::mock();
    let error = mock
        .records("links", [json!({ "id": 1 })])
        .start()
        .unwrap_err();
    assert!(
        error
            .to_string()
            .contains("records stand in the way of `$.links[0].next`"),
        "{error}"
    );
    let mock = everything::Source::mock();
    let error = mock
        .records("type", [json!({ "Option": "a" })])
        .start()
        .unwrap_err();
    assert!(
        error
            .to_string()
            .contains("`$.data[?@.ok == true].items` chooses"),
        "{error}"
    );
    let error = everything::Source::mock()
        .records("pages", [json!({ "changed": 1 })])
        .answer("pages", |_| json!([]))
        .start()
        .unwrap_err();
    assert_eq!(*error.kind(), ErrorKind::Config);
    assert!(
        error.to_string().contains("both records and an `answer`"),
        "{error}"
    );

    // Who gives it nothing learns of it when it is fetched.
    let api = everything::Source::mock().start().unwrap();
    let error = api.source().links().all().await.unwrap_err();
    assert_eq!(*error.kind(), ErrorKind::Status(501));
    assert!(error.to_string().contains(".answer("), "{error}");
}
