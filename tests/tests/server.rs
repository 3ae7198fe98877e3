//! The loopback server, asked over a bare socket: it is an ordinary one, for any client.

#![cfg(test)]

use std::io;

use rest_source_testkit::{Fault, Paging, Server, ShortPage, Style, Total, Wait, data};
use serde_json::Value;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

const KEY: &str = "api_key=k3y%2Fwith%2Bodd%26characters%3Din%20it";

/// Sends one request and returns the response as it came, head and body.
async fn send(server: &Server, head: &str, body: &str) -> io::Result<String> {
    let address = server.url().trim_start_matches("http://");
    let mut stream = TcpStream::connect(address).await?;
    let length = body.len();
    let request =
        format!("{head}\r\nhost: x\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n{body}");
    stream.write_all(request.as_bytes()).await?;
    let mut response = Vec::new();
    stream.read_to_end(&mut response).await?;
    Ok(String::from_utf8(response).unwrap())
}

async fn get(server: &Server, path: &str) -> String {
    let head = format!("GET {path} HTTP/1.1");
    send(server, &head, "").await.unwrap()
}

/// The rows and the total of a page of stories.
async fn page(server: &Server, query: &str) -> (Vec<Value>, Value) {
    let response = get(server, &format!("/v1/stories?{KEY}&{query}")).await;
    let (head, body) = response.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("HTTP/1.1 200"), "{head}");
    let mut page: Value = serde_json::from_str(body).unwrap();
    let rows = page["data"].as_array().unwrap().clone();
    (rows, page["total"].take())
}

async fn stories() -> Server {
    Server::start(data::media_insights()).await.unwrap()
}

#[tokio::test]
async fn pages_are_cut_by_offset_and_limit() {
    let server = stories().await;
    let (rows, total) = page(&server, "offset=100&limit=50").await;
    let ids: Vec<_> = rows.iter().map(|row| row["id"].clone()).collect();
    let held = server.dataset("stories").rows();
    let expected: Vec<_> = held[100..150].iter().map(|row| row["id"].clone()).collect();
    assert_eq!(ids, expected);
    assert_eq!(total, 300);
    assert!(page(&server, "offset=300&limit=50").await.0.is_empty());
    assert_eq!(server.log().offsets("/v1/stories"), [100, 300]);
}

#[tokio::test]
async fn pages_can_be_cut_wrongly() {
    let server = stories().await;
    server.set_paging(Paging {
        style: Style::Offset,
        cap: 20,
        total: Total::Absent,
        ignores_offset: false,
        short_page: Some(ShortPage {
            offset: 20,
            rows: 7,
        }),
    });
    let (rows, total) = page(&server, "offset=0&limit=50").await;
    assert_eq!((rows.len(), total), (20, Value::Null));
    assert_eq!(page(&server, "offset=20&limit=50").await.0.len(), 7);
    server.set_paging(Paging {
        ignores_offset: true,
        ..Paging::default()
    });
    assert_eq!(
        page(&server, "offset=20&limit=9").await,
        page(&server, "offset=90&limit=9").await
    );
}

#[tokio::test]
async fn only_what_changed_is_served_to_those_who_ask_for_it() {
    let server = stories().await;
    let stories = server.dataset("stories");
    let before = stories.newest().unwrap();
    stories.update(7, serde_json::json!({ "name": "changed" }));
    stories.insert(serde_json::json!({ "id": "new" }));
    let (rows, total) = page(&server, &format!("updated_since={before}")).await;
    let ids: Vec<&str> = rows.iter().map(|row| row["id"].as_str().unwrap()).collect();
    assert_eq!(total, 3, "the newest until then is served again");
    assert!(ids.contains(&"story-00007") && ids.contains(&"new"));
}

#[tokio::test]
async fn the_key_is_wanted_once() {
    let server = stories().await;
    for query in ["", "api_key=wrong", &format!("{KEY}&{KEY}")] {
        let response = get(&server, &format!("/v1/stories?{query}")).await;
        assert!(response.starts_with("HTTP/1.1 401"), "{query}: {response}");
    }
}

#[tokio::test]
async fn a_token_is_issued_to_the_client_and_wanted_of_it() {
    let server = Server::start(data::analytics_oauth2()).await.unwrap();
    let head = "POST /oauth/token HTTP/1.1";
    let refused = send(&server, head, "grant_type=client_credentials")
        .await
        .unwrap();
    assert!(refused.starts_with("HTTP/1.1 401"), "{refused}");
    let form = "grant_type=client_credentials&client_id=cl1ent-4711\
        &client_secret=s3cret%2Fwith%2Bodd%26characters%3Din+it";
    let issued = send(&server, head, form).await.unwrap();
    let token = server.tokens().issued().remove(0);
    assert!(issued.contains(&token), "{issued}");

    let head = format!("GET /v1/resource HTTP/1.1\r\nauthorization: Bearer {token}");
    assert!(
        send(&server, &head, "")
            .await
            .unwrap()
            .starts_with("HTTP/1.1 200")
    );
    server.tokens().revoke();
    assert!(
        send(&server, &head, "")
            .await
            .unwrap()
            .starts_with("HTTP/1.1 401")
    );
}

#[tokio::test]
async fn faults_come_as_they_are_scripted() {
    let server = stories().await;
    server
        .faults()
        .at(0, Fault::too_many_requests(Wait::Seconds(7)));
    server.faults().at(2, Fault::Truncated);
    server.faults().at(3, Fault::Reset);
    let path = format!("/v1/stories?{KEY}&limit=3");
    let refused = get(&server, &path).await;
    assert!(
        refused.starts_with("HTTP/1.1 429") && refused.contains("retry-after: 7"),
        "{refused}"
    );
    let whole = get(&server, &path).await;
    let half = get(&server, &path).await;
    assert!(
        half.len() < whole.len() && half.contains("content-length"),
        "{half}"
    );
    let head = format!("GET {path} HTTP/1.1");
    let reset = send(&server, &head, "").await.unwrap_err();
    assert_eq!(reset.kind(), io::ErrorKind::ConnectionReset);
    assert!(get(&server, &path).await.starts_with("HTTP/1.1 200"));
}

#[tokio::test]
async fn escapes_are_the_same_text() {
    let plain = stories().await;
    let escaped = Server::start(data::media_insights().escaped())
        .await
        .unwrap();
    let path = format!("/v1/stories?{KEY}");
    assert!(!get(&plain, &path).await.is_ascii());
    assert!(get(&escaped, &path).await.is_ascii());
    assert_eq!(page(&plain, "").await, page(&escaped, "").await);
}
