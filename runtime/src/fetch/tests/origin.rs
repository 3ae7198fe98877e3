//! A state and the request that it was saved for.

use std::sync::LazyLock;

use super::*;
use crate::shared::Text;

/// The same records, by another parameter.
static FILTERED: LazyLock<ResourcePlan> = LazyLock::new(|| ResourcePlan {
    params: list![Param {
        name: Static("tenant"),
        value: Template(list![Part::Text(Static("b"))]),
    }],
    ..NEW.clone()
});

fn from(initial_value: Option<&'static str>) -> ResourcePlan {
    ResourcePlan {
        incremental: Some(Incremental {
            initial_value: initial_value
                .map(|text| Template(vec![Part::Text(Text::of(text))].into())),
            column: Some(1),
            ..Incremental::DEFAULT
        }),
        ..THINGS.clone()
    }
}

static FROM_20: LazyLock<ResourcePlan> = LazyLock::new(|| from(Some("20")));
static FROM_9: LazyLock<ResourcePlan> = LazyLock::new(|| from(Some("9")));
static FROM_THE_START: LazyLock<ResourcePlan> = LazyLock::new(|| from(None));

async fn state_of(resource: &'static ResourcePlan) -> State {
    let records = records(4);
    let shop = shop(Api::new(move |request| page(&records, request)));
    let mut stream = shop.fetch(resource).stream();
    while let Some(thing) = stream.next().await {
        thing.unwrap();
    }
    State::from_json(&stream.state().unwrap().to_json()).unwrap()
}

#[tokio::test]
async fn a_state_of_another_request_is_an_error_that_names_the_difference() {
    let state = state_of(&NEW).await;
    let records = records(4);
    let shop = shop(Api::new(move |request| page(&records, request)));
    let error = shop.fetch(&FILTERED).since(state.clone()).all().await;
    let error = error.unwrap_err();
    assert_eq!(*error.kind(), ErrorKind::State);
    assert_eq!(
        error.to_string(),
        "`things`: the state was saved for another request\n  \
           `params.tenant` was absent, now it is `b`\n  \
           help: use a state for each request; or, if both requests return the same records, accept this one by \
         `--keep-state` or `keep_state()`"
    );
    assert!(shop.asked().is_empty(), "nothing is sent");

    let mut stream = shop.fetch(&FILTERED).since(state).keep_state().stream();
    assert!(stream.next().await.is_none());
    // From now on, it belongs to this request.
    let kept = stream.state().unwrap();
    assert_eq!(*kept.request(), shop.client.fingerprint(&FILTERED));
}

#[tokio::test]
async fn an_earlier_initial_value_is_reported() {
    let state = state_of(&FROM_20).await;
    for (resource, noted) in [
        (&*FROM_20, None),
        (
            &*FROM_9,
            Some("`initial_value` is now `9`, but the state began at `20`"),
        ),
        (
            &*FROM_THE_START,
            Some("there is no `initial_value`, but the state began at `20`"),
        ),
    ] {
        let records = records(4);
        let shop = shop(Api::new(move |request| page(&records, request)));
        let mut pages = shop.fetch(resource).since(state.clone()).pages();
        while let Some(page) = pages.next().await {
            page.unwrap();
        }
        let notes = pages.report().notes;
        let gap = notes.iter().find(|note| note.contains("the state began"));
        assert_eq!(gap.is_some(), noted.is_some(), "{notes:?}");
        if let (Some(gap), Some(noted)) = (gap, noted) {
            assert!(gap.starts_with(noted), "{gap}");
        }
    }
    let later = state_of(&FROM_9).await;
    let shop = shop(at_once());
    let mut pages = shop.fetch(&FROM_20).since(later).pages();
    assert!(pages.next().await.is_none());
    assert!(!format!("{:?}", pages.report().notes).contains("began"));
}

/// No records.
fn at_once() -> Api {
    Api::new(|request| page(&[], request))
}
