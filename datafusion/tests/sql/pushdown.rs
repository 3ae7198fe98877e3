//! What a query asks for: columns, records and values of settings; and how it fails.

use rest_source::ErrorKind;
use rest_source_datafusion::fetch_error;
use serde_json::json;

use crate::{
    explained, rows, session_of,
    shop::{SPEC, orders, serve, shop},
};

#[tokio::test]
async fn a_limit_asks_for_no_more_pages_than_it_needs() {
    let (client, api) = shop(SPEC, |_| orders(100));
    let session = session_of("shop", &client, 4);
    let found = rows(&session, "SELECT id FROM shop.orders LIMIT 3").await;
    assert_eq!(found.unwrap(), ["0", "1", "2"]);
    assert_eq!(api.urls().len(), 2);

    // The sum needs all of the three records.
    let sum = "SELECT sum(id) FROM (SELECT id FROM shop.orders LIMIT 3)";
    assert_eq!(rows(&session, sum).await.unwrap(), ["3"]);
    assert_eq!(api.urls().len(), 4);
}

#[tokio::test]
async fn columns_that_a_query_does_not_read_are_not_decoded() {
    let (client, _) = shop(SPEC, |_| orders(3));
    let session = session_of("shop", &client, 4);
    let read = |columns: &str| {
        let sql = format!("SELECT {columns} FROM shop.orders");
        let session = session.clone();
        async move { rows(&session, &sql).await }
    };
    assert_eq!(read("note, id").await.unwrap(), ["n0 0", "n1 1", "n2 2"]);
    assert_eq!(read("count(*)").await.unwrap(), ["3"]);
    // Each value of `broken` violates the schema.
    let error = read("broken").await.unwrap_err();
    let found = fetch_error(&error).unwrap();
    assert_eq!(*found.kind(), ErrorKind::Schema);
    assert!(found.to_string().contains("broken"), "{found}");
}

#[tokio::test]
async fn a_failed_fetch_ends_the_query_with_its_own_message() {
    let (client, _) = serve(SPEC, |request| {
        if request.url.contains("offset=2") {
            (500, json!({ "error": "out of order" }))
        } else {
            (200, json!({ "data": orders(2) }))
        }
    });
    let session = session_of("shop", &client, 4);
    for sql in [
        "SELECT id FROM shop.orders",
        "SELECT count(*) FROM shop.orders",
        "SELECT a.id FROM shop.orders a JOIN shop.orders b ON a.id = b.id ORDER BY a.id",
    ] {
        let error = rows(&session, sql).await.unwrap_err();
        let message = fetch_error(&error).unwrap().to_string();
        assert!(
            message.contains("500") && message.contains("orders"),
            "{message}"
        );
    }
}

#[tokio::test]
async fn an_incomplete_fetch_is_an_error_and_not_a_short_result() {
    let spec = SPEC.replace("limit: 2", "limit: 2, total_path: total");
    let (client, _) = serve(&spec, |request| {
        let is_first = request.url.contains("offset=0");
        let data = if is_first { orders(2) } else { Vec::new() };
        (200, json!({ "data": data, "total": 5 }))
    });
    let session = session_of("shop", &client, 4);
    let error = rows(&session, "SELECT id FROM shop.orders")
        .await
        .unwrap_err();
    assert_eq!(*fetch_error(&error).unwrap().kind(), ErrorKind::Incomplete);
}

#[tokio::test]
async fn an_error_of_the_query_itself_is_none_of_a_fetch() {
    let (client, api) = shop(SPEC, |_| orders(3));
    let session = session_of("shop", &client, 4);
    let error = rows(&session, "SELECT colour FROM shop.orders")
        .await
        .unwrap_err();
    assert!(fetch_error(&error).is_none(), "{error}");
    assert!(error.to_string().contains("colour"), "{error}");
    assert!(api.urls().is_empty());
}

#[tokio::test]
async fn a_setting_with_another_value_sends_no_request() {
    let (client, api) = shop(SPEC, |_| orders(3));
    let session = session_of("shop", &client, 4);
    let gold = "SELECT id FROM shop.orders WHERE tier = 'gold'";
    assert_eq!(rows(&session, gold).await.unwrap().len(), 3);
    let asked = api.urls().len();
    let silver = "SELECT id FROM shop.orders WHERE tier IN ('silver', 'bronze')";
    assert!(rows(&session, silver).await.unwrap().is_empty());
    assert_eq!(api.urls().len(), asked);
    let plan = explained(&session, "EXPLAIN", silver).await;
    assert!(plan.contains("shop.orders, columns=[id], empty"), "{plan}");
}

#[tokio::test]
async fn explain_shows_what_is_pushed_down_and_analyze_what_was_sent() {
    let (client, api) = shop(SPEC, |_| orders(5));
    let session = session_of("shop", &client, 4);
    let sql = "SELECT note FROM shop.orders LIMIT 3";
    let plan = explained(&session, "EXPLAIN", sql).await;
    assert!(
        plan.contains("ResourceExec: shop.orders, columns=[note], limit=3, partitions=1"),
        "{plan}"
    );
    assert!(api.urls().is_empty());
    let analyzed = explained(&session, "EXPLAIN ANALYZE", sql).await;
    for metric in [
        "output_rows=3",
        "requests=2",
        "retries=0",
        "pages=2",
        "bytes=",
        "waited=",
    ] {
        assert!(
            analyzed.contains(metric),
            "{metric} is missing:\n{analyzed}"
        );
    }
}
