//! Every paginator gets what was put in, in order, page after page.

use rest_source::{
    Connector, ErrorKind, Position,
    plan::{Method, Part, ResourcePlan, Template},
    rest_source,
    shared::{Ref::Static, list},
};
use rest_source_mock::{Mocked, json};
use serde_json::Value;

use crate::{as_one_page, fetched};

#[rest_source("../../specs/pages.yaml")]
pub(crate) mod pages {}

fn things(count: u64) -> Vec<Value> {
    (0..count)
        .map(|id| json!({ "id": id, "name": format!("the {id}") }))
        .collect()
}

#[tokio::test]
async fn every_paginator_gets_exactly_what_was_put_in() {
    for count in [0, 1, 3, 7, 9] {
        for plan in &pages::Source::plan().resources {
            let things = things(count);
            let api = pages::Source::mock()
                .records(&plan.name, &things)
                .page_size(3)
                .start()
                .unwrap();
            let got = fetched(api.source().client(), plan).await.unwrap();
            assert_eq!(
                got,
                as_one_page(&things, plan),
                "{count} of `{}`",
                plan.name
            );
            let asked = api.requests();
            assert!(
                asked.iter().all(|asked| asked.status == Some(200)),
                "{asked:?}"
            );
            assert!(
                asked
                    .iter()
                    .all(|asked| asked.resource.as_ref() == Some(&plan.name)),
                "{asked:?}"
            );
            assert!(
                asked.iter().all(|asked| !asked.url.contains("mock-key")),
                "{asked:?}"
            );
            assert!(
                asked.iter().all(|asked| !asked.body.contains("mock-key")),
                "{asked:?}"
            );
            let pages = if plan.name == "single" {
                1
            } else {
                count.div_ceil(3)
            };
            let further = u64::try_from(asked.len()).unwrap().checked_sub(pages);
            assert!(
                further.is_some_and(|further| further <= 1),
                "{count}: {asked:?}"
            );
        }
    }
}

/// What was asked for a resource with seven records, three a page.
async fn asked(name: &str) -> Vec<String> {
    let source = pages::Source::plan();
    let plans = &source.resources;
    let plan = plans.iter().find(|plan| plan.name == name).unwrap();
    let api = pages::Source::mock()
        .records(name, things(7))
        .page_size(3)
        .start()
        .unwrap();
    fetched(api.source().client(), plan).await.unwrap();
    let asked = api.requests_for(name).into_iter().map(|asked| {
        let at = asked.url.rsplit_once('/').unwrap().1.to_owned();
        match asked.method {
            Method::Get => at,
            _ => format!("{at} {}", asked.body),
        }
    });
    // Where the total is known they are asked for side by side.
    let mut asked: Vec<String> = asked.collect();
    asked.sort();
    asked
}

#[tokio::test]
async fn pages_are_led_to_as_the_spec_says() {
    assert_eq!(
        asked("offset_with_total").await,
        [0, 3, 6].map(|skip| format!("offset_with_total?tenant=a&skip={skip}&take=3&key=[secret]"))
    );
    assert_eq!(
        asked("number_with_total").await,
        [1, 2, 3].map(|page| format!("number_with_total?tenant=a&page={page}&size=3&key=[secret]"))
    );
    assert_eq!(
        asked("cursor").await,
        ["cursor=after-3&", "cursor=after-6&", ""]
            .map(|cursor| format!("cursor?tenant=a&{cursor}key=[secret]"))
    );
    assert_eq!(
        asked("cursor_of_record").await,
        ["after=2&", "after=5&", "after=6&", ""]
            .map(|cursor| format!("cursor_of_record?tenant=a&{cursor}key=[secret]"))
    );
    assert_eq!(
        asked("number_in_path").await,
        [1, 2, 3, 4].map(|page| format!("{page}?tenant=a&key=[secret]"))
    );
    assert_eq!(
        asked("cursor_alone").await,
        [
            "cursor_alone?cursor=after-3&key=[secret]",
            "cursor_alone?cursor=after-6&key=[secret]",
            "cursor_alone?tenant=a&of=all&key=[secret]"
        ]
    );
    assert_eq!(
        asked("offset_after_the_first").await,
        ["limit=3&", "offset=3&limit=3&", "offset=6&limit=3&"]
            .map(|page| format!("offset_after_the_first?tenant=a&{page}key=[secret]"))
    );
    assert_eq!(
        asked("json_link").await,
        ["", "mock_after=3&", "mock_after=6&"]
            .map(|after| format!("json_link?tenant=a&{after}key=[secret]"))
    );
    assert_eq!(
        asked("offset_in_body").await,
        [0, 3, 6].map(|from| format!(
            "offset_in_body?tenant=a&key=[secret] \
             {{\"page\":{{\"from\":{from},\"size\":3}},\"query\":{{\"text\":\"all of [secret]\"}}}}"
        ))
    );
    assert_eq!(
        asked("offset_in_form").await,
        [0, 3, 6].map(|from| format!(
            "offset_in_form?tenant=a&key=[secret] text=all&from={from}&size=3"
        ))
    );
}

#[tokio::test]
async fn pages_are_as_long_as_asked_for_and_a_hundred_where_nothing_is() {
    let api = pages::Source::mock()
        .records("offset", things(7))
        .records("cursor", things(250))
        .start()
        .unwrap();
    let source = api.source();
    assert_eq!(source.offset().all().await.unwrap().len(), 7);
    assert_eq!(source.cursor().all().await.unwrap().len(), 250);
    assert_eq!(api.requests_for("offset").len(), 4);
    assert_eq!(api.requests_for("cursor").len(), 3);
}

#[tokio::test]
async fn a_resource_without_records_is_empty_and_what_is_none_is_not_found() {
    let api = pages::Source::mock().start().unwrap();
    assert!(api.source().offset().all().await.unwrap().is_empty());
    let plan = ResourcePlan {
        name: Static("elsewhere"),
        path: Template(list![Part::Text(Static("elsewhere"))]),
        auth: None,
        ..ResourcePlan::clone(&pages::Source::plan().resources[0])
    };
    let error = fetched(api.source().client(), plan.clone())
        .await
        .unwrap_err();
    assert_eq!(*error.kind(), ErrorKind::Status(404));
    assert!(
        error
            .to_string()
            .contains("no resource of `pages` asks for `GET https://api.example.com/v1/elsewhere"),
        "{error}"
    );
    assert_eq!(api.requests().last().unwrap().resource, None);
}

#[tokio::test]
async fn a_page_that_nobody_led_to_is_refused() {
    let api = pages::Source::mock()
        .records("cursor", things(7))
        .start()
        .unwrap();
    let lost = Position::from_json(r#"{"cursor":"lost"}"#).unwrap();
    let error = api.source().cursor().resume(lost).all().await.unwrap_err();
    assert_eq!(*error.kind(), ErrorKind::Status(400));
}
