//! Bodies that are decoded while they arrive: batches, limits, and bodies that break off.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use futures_util::stream;
use rest_source::{
    Client, ErrorKind,
    transport::{
        Body, BoxFuture, Bytes, Limits, Transport, TransportError, TransportErrorKind, http,
    },
};

/// Rows of a part: several parts are a batch.
const ROWS: u64 = 1000;

/// Responds with parts of CSV, and breaks off after some of them.
#[derive(Clone, Default)]
struct Parts {
    count: u64,
    /// How many parts the first responses have.
    breaks_off_after: Option<u64>,
    broken: u64,
    requests: Arc<AtomicU64>,
    pulled: Arc<AtomicU64>,
}

impl Transport for Parts {
    fn send(
        &self,
        _: http::Request<Bytes>,
        _: Limits,
    ) -> BoxFuture<'_, Result<http::Response<Body>, TransportError>> {
        let request = self.requests.fetch_add(1, Ordering::Relaxed);
        let breaks_off = self.breaks_off_after.filter(|_| request < self.broken);
        let pulled = Arc::clone(&self.pulled);
        let part = move |at| {
            pulled.fetch_add(1, Ordering::Relaxed);
            if breaks_off == Some(at) {
                let message = "the connection was closed";
                return Err(TransportError::new(
                    TransportErrorKind::Interrupted,
                    message,
                ));
            }
            let header = if at == 0 { "id,name\n" } else { "" };
            let rows =
                (at * ROWS..(at + 1) * ROWS).map(|id| format!("{id},a name of some length\n"));
            Ok(Bytes::from(format!("{header}{}", rows.collect::<String>())))
        };
        let body = Body::from_stream(stream::iter((0..self.count).map(part)));
        Box::pin(async { Ok(http::Response::new(body)) })
    }
}

fn client(transport: &Parts) -> Client {
    let spec = "client: { base_url: \"https://api.example.com\", paginator: single_page, retry: { backoff_factor: 0 } }\n\
                resources:\n- name: rows\n  endpoint: { path: rows, decoder: csv }\n  columns: { id: bigint!, name: text! }\n";
    let builder = rest_source_dynamic::client("specs/rows.yaml", spec).unwrap();
    builder.transport(transport.clone()).build().unwrap()
}

/// The rows and pages that came, and the error that ended them.
async fn fetched(transport: &Parts, limit: Option<u64>) -> (u64, u64, Option<rest_source::Error>) {
    let client = client(transport);
    let fetch = client.rows(client.plan().resources[0].clone());
    let fetch = match limit {
        Some(limit) => fetch.limit(limit),
        None => fetch,
    };
    let mut pages = fetch.pages();
    let (mut rows, mut batches) = (0, 0);
    let mut failure = None;
    while let Some(page) = pages.next().await {
        match page {
            Ok(page) => {
                let ids = page.rows().iter().map(|row| row.value(0));
                for (id, expected) in ids.zip(rows..) {
                    assert_eq!(
                        id,
                        rest_source::Value::Bigint(i64::try_from(expected).unwrap())
                    );
                }
                rows += page.len() as u64;
                batches += 1;
            }
            Err(error) => failure = Some(error),
        }
    }
    let report = pages.report();
    assert_eq!(report.delivered, rows);
    (rows, batches, failure)
}

#[tokio::test]
async fn rows_are_delivered_in_batches_and_in_order() {
    let transport = Parts {
        count: 40,
        ..Parts::default()
    };
    let (rows, batches, failure) = fetched(&transport, None).await;
    assert!(failure.is_none(), "{failure:?}");
    assert_eq!(rows, 40 * ROWS);
    assert!((3..=20).contains(&batches), "{batches}");
}

#[tokio::test]
async fn a_limit_ends_the_body() {
    let transport = Parts {
        count: 10_000,
        ..Parts::default()
    };
    let (rows, _, failure) = fetched(&transport, Some(7)).await;
    assert!(failure.is_none(), "{failure:?}");
    assert_eq!(rows, 7);
    let pulled = transport.pulled.load(Ordering::Relaxed);
    assert!(pulled < 100, "{pulled}");
    // A whole body is as many rows as it has.
    let transport = Parts {
        count: 1,
        ..Parts::default()
    };
    assert_eq!(fetched(&transport, Some(ROWS)).await.0, ROWS);
}

#[tokio::test]
async fn a_body_that_breaks_off_before_its_first_batch_is_requested_again() {
    let transport = Parts {
        count: 40,
        breaks_off_after: Some(2),
        broken: 2,
        ..Parts::default()
    };
    let (rows, _, failure) = fetched(&transport, None).await;
    assert!(failure.is_none(), "{failure:?}");
    assert_eq!(rows, 40 * ROWS);
    assert_eq!(transport.requests.load(Ordering::Relaxed), 3);
}

#[tokio::test]
async fn a_body_that_breaks_off_later_is_an_error_after_its_rows() {
    let transport = Parts {
        count: 40,
        breaks_off_after: Some(35),
        broken: 1,
        ..Parts::default()
    };
    let (rows, _, failure) = fetched(&transport, None).await;
    let failure = failure.unwrap();
    assert_eq!(*failure.kind(), ErrorKind::Transport);
    // All rows that arrived are delivered, and none twice.
    assert_eq!(rows, 35 * ROWS);
    assert_eq!(transport.requests.load(Ordering::Relaxed), 1);
    let shown = failure.to_string();
    assert!(shown.contains("the connection was closed"), "{shown}");
    assert!(
        shown.contains("the request is not repeated, which would deliver them twice"),
        "{shown}"
    );
}
