//! Of `paging.md`.

use rest_source::{Error, transport::Request};

use crate::{
    canned::{answer, source},
    shown::{
        auth,
        paging::{body_0, body_1, shop},
    },
};

/// As many records as this, from a number on.
fn orders(from: usize, count: usize) -> String {
    let orders = (from..from + count).map(|n| format!(r#"{{"id": "o{n}"}}"#));
    orders.collect::<Vec<_>>().join(",")
}

fn offset(request: &Request) -> usize {
    let (_, rest) = request.url.split_once("offset=").unwrap();
    rest.split('&').next().unwrap().parse().unwrap()
}

/// A shop that gives no more than 40 of its 100 orders at a time.
fn capped() -> shop::Source {
    source((), |request| {
        let from = offset(request);
        let orders = orders(from, (100 - from).min(40));
        answer(200, &[], page(&orders, 100))
    })
}

/// A page of orders, of so many in all.
fn page(orders: &str, total: usize) -> String {
    format!(r#"{{"data": [{orders}], "meta": {{"total": {total}}}}}"#)
}

#[tokio::test]
async fn what_is_shown_runs() {
    body_0(capped()).await.unwrap();
    body_1(capped()).await.unwrap();
}

pub(super) async fn cap() -> String {
    let mut pages = capped().orders().pages();
    while let Some(page) = pages.next().await {
        page.unwrap();
    }
    pages.report().to_string()
}

/// An API that ignores the offset.
pub(super) async fn same() -> String {
    let shop: shop::Source = source((), |_| answer(200, &[], page(&orders(0, 100), 1_000)));
    shop.orders().all().await.unwrap_err().to_string()
}

/// An API that gives two thirds of the records that it states.
pub(super) async fn incomplete() -> String {
    let shop: shop::Source = source((), |request| {
        let from = offset(request);
        let orders = orders(from, 200_usize.saturating_sub(from).min(100));
        answer(200, &[], page(&orders, 300))
    });
    shop.orders().all().await.unwrap_err().to_string()
}

/// An API whose last page links to the second.
pub(super) async fn circle() -> String {
    let secrets = auth::shop::Secrets {
        token: "t0ken-of-the-shop".into(),
    };
    let shop: auth::shop::Source = source(secrets, |request| {
        let next = if request.url.ends_with("page=2") {
            3
        } else {
            2
        };
        let link = format!("Link: </v1/orders?page={next}>; rel=\"next\"");
        answer(
            200,
            &[&link],
            format!("[{}]", orders(request.url.len() + next, 1)),
        )
    });
    let error: Error = shop.orders().all().await.unwrap_err();
    error.to_string()
}
