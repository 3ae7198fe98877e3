//! Of `incremental.md`.

use rest_source::{
    State,
    transport::{Request, Response},
};

use crate::{
    canned::{answer, source},
    shown::incremental::{body_0, journal, shop},
};

const ORDERS: &str = r#"{"data": [
    {"id": "o1", "updated_at": "2026-11-20T08:00:00Z"},
    {"id": "o2", "updated_at": "2026-11-21T09:30:00Z"}
]}"#;

/// A shop that gives both of its orders whatever it is asked.
fn both(request: &Request) -> Response {
    if !request.url.contains("offset=0") {
        return answer(200, &[], r#"{"data": []}"#);
    }
    assert!(request.url.contains("updated_since=2"), "{}", request.url);
    answer(200, &[], ORDERS)
}

async fn state_after_all() -> State {
    let shop: shop::Source = source((), both);
    let mut orders = shop.orders().stream();
    while let Some(order) = orders.next().await {
        order.unwrap();
    }
    orders.state().unwrap()
}

pub(super) async fn state() -> String {
    state_after_all().await.to_json()
}

pub(super) async fn outside() -> String {
    let shop: shop::Source = source((), |request| {
        assert!(
            request.url.contains("updated_since=2026-11-21T09"),
            "{}",
            request.url
        );
        both(request)
    });
    let mut orders = shop.orders().since(state_after_all().await).stream();
    assert!(orders.next().await.is_none());
    orders.report().to_string()
}

/// A journal whose second entry is older than its first.
pub(super) async fn order() -> String {
    let journal: journal::Source = source((), |_| {
        let entries =
            r#"[{"id": 1, "at": "2026-11-21T09:30:00Z"}, {"id": 2, "at": "2026-11-21T09:29:00Z"}]"#;
        answer(200, &[], entries)
    });
    journal.entries().all().await.unwrap_err().to_string()
}

#[tokio::test]
async fn what_is_shown_runs() {
    let journal: journal::Source = source((), |_| answer(200, &[], "[]"));
    body_0(source((), both), journal).await.unwrap();
}
