//! What real sockets do wrong, and what the transport makes of it.

use std::{io::Write, net::SocketAddr, time::Duration};

#[cfg(feature = "compression")]
use flate2::write::ZlibEncoder;
use flate2::{Compression, write::GzEncoder};
use futures_util::StreamExt as _;
use http::HeaderValue;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::mpsc,
};

use super::Reqwest;
use crate::{
    plan::Method,
    transport::{
        Headers, Limits, Request, Response, Transport, TransportError, TransportErrorKind as Kind,
    },
};

/// How a connection ends after what was written.
#[derive(Clone, Copy)]
enum End {
    /// In order.
    Close,
    /// By a reset.
    Reset,
    /// Not at all.
    Hang,
}

/// A server that reads a request's head and writes these bytes, whatever they are. It tells the
/// heads that it has read.
async fn server(bytes: Vec<u8>, end: End) -> (SocketAddr, mpsc::UnboundedReceiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (tell, heads) = mpsc::unbounded_channel();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let (bytes, tell) = (bytes.clone(), tell.clone());
            tokio::spawn(async move {
                let _ = tell.send(read_head(&mut stream).await);
                let _ = stream.write_all(&bytes).await;
                match end {
                    End::Close => {}
                    End::Reset => stream.set_zero_linger().unwrap(),
                    End::Hang => std::future::pending().await,
                }
            });
        }
    });
    (address, heads)
}

async fn read_head(stream: &mut TcpStream) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        match stream.read_u8().await {
            Ok(byte) => head.push(byte),
            Err(_) => break,
        }
    }
    String::from_utf8(head).unwrap()
}

fn request(address: SocketAddr) -> Request {
    Request {
        method: Method::Get,
        url: format!("http://{address}/v1/things?api_key=s3cr3t"),
        headers: Headers::new(),
        body: Vec::new(),
    }
}

const LIMITS: Limits = Limits::new(Duration::from_secs(5), Duration::from_secs(20), 1 << 20);

/// Sends a request and reads the response to the end.
async fn send(
    transport: &Reqwest,
    request: &Request,
    limits: Limits,
) -> Result<Response, TransportError> {
    let sent = transport.send(request.to_http()?, limits).await?;
    let (head, body) = sent.into_parts();
    Ok(Response {
        status: head.status.as_u16(),
        headers: Headers::from(&head.headers),
        body: body.read(&head.headers, limits.max_response_bytes).await?,
    })
}

async fn get(bytes: impl Into<Vec<u8>>, end: End) -> Result<Response, TransportError> {
    let (address, _heads) = server(bytes.into(), end).await;
    send(&Reqwest::new(), &request(address), LIMITS).await
}

/// The kind of the error; its text never shows the URL.
async fn failure(bytes: impl Into<Vec<u8>>, end: End) -> Kind {
    let error = get(bytes, end).await.unwrap_err();
    assert!(
        !format!("{error} {error:?}").contains("s3cr3t"),
        "{error:?}"
    );
    error.kind
}

fn response(headers: &str, body: &[u8]) -> Vec<u8> {
    let length = body.len();
    let head = format!("HTTP/1.1 200 OK\r\n{headers}Content-Length: {length}\r\n\r\n");
    [head.as_bytes(), body].concat()
}

fn encoded(encoding: &str, body: &[u8]) -> Vec<u8> {
    response(&format!("Content-Encoding: {encoding}\r\n"), body)
}

fn gzip(text: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(text).unwrap();
    encoder.finish().unwrap()
}

#[cfg(feature = "compression")]
fn deflate(text: &[u8]) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(text).unwrap();
    encoder.finish().unwrap()
}

#[cfg(feature = "compression")]
/// One raw block (RFC 8878); `text` is shorter than 256 bytes.
fn zstd(text: &[u8]) -> Vec<u8> {
    let length = u8::try_from(text.len()).unwrap();
    let block = (u32::from(length) << 3 | 1).to_le_bytes();
    [&[0x28, 0xb5, 0x2f, 0xfd, 0x20, length], &block[..3], text].concat()
}

#[cfg(feature = "compression")]
/// Blocks of one repeated byte: 128 KiB from four bytes.
fn zstd_bomb(blocks: usize) -> Vec<u8> {
    let block = |last: u32| {
        let header = ((128 << 10) << 3 | 0b010 | last).to_le_bytes();
        [&header[..3], b"x"].concat()
    };
    // A window of 1 MiB.
    let head = [0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x50];
    [&head[..], &block(0).repeat(blocks - 1), &block(1)].concat()
}

#[cfg(feature = "compression")]
/// One uncompressed block (RFC 7932), then an empty last one.
fn brotli(text: &[u8]) -> Vec<u8> {
    let length = u32::try_from(text.len()).unwrap() - 1;
    let header = (length << 4 | 1 << 20).to_le_bytes();
    [&header[..3], text, &[0x03]].concat()
}

#[tokio::test]
async fn a_response_is_read_to_its_end_with_its_headers() {
    let bytes = "HTTP/1.1 429 Slow Down\r\nRetry-After: 2\r\nX: a\r\nX: b\r\n\
                 Transfer-Encoding: chunked\r\n\r\n3\r\n[1,\r\n2\r\n2]\r\n0\r\n\r\n";
    let response = get(bytes, End::Close).await.unwrap();
    assert_eq!(response.status, 429);
    assert_eq!(response.body, b"[1,2]");
    assert_eq!(response.headers.get("retry-after"), Some("2"));
    assert_eq!(response.headers.all("x").collect::<Vec<_>>(), ["a", "b"]);
}

#[cfg(feature = "compression")]
#[tokio::test]
async fn every_usual_compression_is_undone() {
    let text = br#"[{"id":1},{"id":2}]"#;
    for (encoding, body) in [
        ("gzip", gzip(text)),
        ("deflate", deflate(text)),
        ("zstd", zstd(text)),
        ("br", brotli(text)),
        ("X-GZIP, identity", gzip(text)),
        ("gzip", [gzip(&text[..9]), gzip(&text[9..])].concat()),
        ("zstd", [zstd(&text[..9]), zstd(&text[9..])].concat()),
    ] {
        let response = get(encoded(encoding, &body), End::Close).await.unwrap();
        assert_eq!(response.body, text, "{encoding}");
        assert_eq!(response.headers.get("Content-Encoding"), None);
    }
}

#[tokio::test]
async fn a_request_is_sent_as_it_is() {
    let (address, mut heads) = server(response("", b"{}"), End::Close).await;
    let mut request = request(address);
    request.method = Method::Post;
    request.headers.push("X-Api-Key", "s3cr3t-ü");
    request.headers.push("Accept", "application/json");
    request.body = b"{}".to_vec();
    send(&Reqwest::new(), &request, LIMITS).await.unwrap();
    let head = heads.recv().await.unwrap();
    let mut lines: Vec<_> = head.trim_end().split("\r\n").collect();
    assert_eq!(lines.remove(0), "POST /v1/things?api_key=s3cr3t HTTP/1.1");
    lines.sort_by_key(|line| line.to_ascii_lowercase());
    assert_eq!(
        lines,
        [
            if cfg!(feature = "compression") {
                "accept-encoding: zstd,gzip,deflate,br"
            } else {
                "accept-encoding: gzip"
            },
            "accept: application/json",
            "content-length: 2",
            &format!("host: {address}"),
            "x-api-key: s3cr3t-ü",
        ]
    );
}

#[tokio::test]
async fn a_redirect_is_a_response() {
    let (address, mut heads) = server(
        b"HTTP/1.1 302 Found\r\nLocation: /elsewhere\r\nSet-Cookie: a=b\r\nContent-Length: 0\r\n\r\n"
            .to_vec(),
        End::Close,
    )
    .await;
    let transport = Reqwest::new();
    for _ in 0..2 {
        let response = send(&transport, &request(address), LIMITS).await.unwrap();
        assert_eq!(response.status, 302);
        let head = heads.recv().await.unwrap();
        assert!(head.contains("/v1/things"), "{head}");
        assert!(!head.to_lowercase().contains("cookie"), "{head}");
    }
}

#[tokio::test]
async fn a_broken_connection_is_an_interruption_wherever_it_breaks() {
    let whole = encoded("gzip", &gzip(&[b'x'; 5000]));
    let chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n[1,2,\r\n";
    for (place, bytes) in [
        ("before the response", Vec::new()),
        ("in its head", b"HTTP/1.1 200 OK\r\nContent-".to_vec()),
        (
            "in its body",
            b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n[1,2".to_vec(),
        ),
        ("between chunks", chunked.to_vec()),
        ("under compression", whole[..whole.len() - 10].to_vec()),
        // The connection ends in order, the compressed stream does not.
        (
            "in the compressed stream",
            encoded("gzip", &gzip(&[b'x'; 5000])[..20]),
        ),
        #[cfg(feature = "compression")]
        (
            "in the deflated stream",
            encoded("deflate", &deflate(&[b'x'; 5000])[..15]),
        ),
    ] {
        for end in [End::Close, End::Reset] {
            assert_eq!(
                failure(bytes.clone(), end).await,
                Kind::Interrupted,
                "{place}"
            );
        }
    }
}

#[tokio::test]
async fn what_is_no_http_or_not_as_compressed_as_it_says_is_not_worth_another_try() {
    for bytes in [
        b"SSH-2.0-OpenSSH_9.6\r\n\r\n".to_vec(),
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n".to_vec(),
        encoded("gzip", b"[1,2,3] is no gzip"),
        encoded("br", b"\xff\xff\xff[1,2,3] is no brotli"),
        encoded("zstd", b"[1,2,3] is no zstd"),
    ] {
        let shown = String::from_utf8_lossy(&bytes).into_owned();
        assert_eq!(failure(bytes, End::Close).await, Kind::Protocol, "{shown}");
    }
}

#[cfg(feature = "compression")]
#[tokio::test]
async fn bytes_are_counted_after_decompression() {
    let bomb = zstd_bomb(1000);
    assert!(bomb.len() < 5000, "128 MB of response");
    let error = get(encoded("zstd", &bomb), End::Hang).await.unwrap_err();
    assert_eq!(error.kind, Kind::TooLarge);
    assert_eq!(
        error.to_string(),
        "the response is longer than 1 MiB (`max_response_bytes`)"
    );
    let exact = get(encoded("zstd", &zstd_bomb(8)), End::Close)
        .await
        .unwrap();
    assert_eq!(exact.body.len(), 1 << 20);
}

#[tokio::test]
async fn a_length_that_is_too_long_is_not_waited_for() {
    let bytes = "HTTP/1.1 200 OK\r\nContent-Length: 1048577\r\n\r\n";
    assert_eq!(failure(bytes, End::Hang).await, Kind::TooLarge);
}

#[tokio::test]
async fn a_server_that_does_not_end_is_given_up_on() {
    for bytes in [
        "",
        "HTTP/1.1 200 OK\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n[1,2",
    ] {
        let (address, _heads) = server(bytes.into(), End::Hang).await;
        let mut limits = LIMITS;
        limits.timeout = Duration::from_millis(100);
        let error = send(&Reqwest::new(), &request(address), limits)
            .await
            .unwrap_err();
        assert_eq!(error.kind, Kind::Timeout, "{bytes:?}");
        assert_eq!(error.to_string(), "no whole response within 100 ms");
    }
}

#[tokio::test]
async fn nobody_at_the_port_is_no_connection() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let error = send(&Reqwest::new(), &request(address), LIMITS)
        .await
        .unwrap_err();
    assert_eq!(error.kind, Kind::Refused);
    assert!(error.to_string().starts_with("no connection: "), "{error}");
}

/// A listener whose queue is full does not take part in a handshake.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_connect_limit_is_named() {
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    socket.bind(([127, 0, 0, 1], 0).into()).unwrap();
    let listener = socket.listen(1).unwrap();
    let address = listener.local_addr().unwrap();
    let connect = || tokio::time::timeout(Duration::from_millis(200), TcpStream::connect(address));
    let mut queued = Vec::new();
    while let Ok(Ok(stream)) = connect().await {
        queued.push(stream);
    }
    let mut limits = LIMITS;
    limits.connect_timeout = Duration::from_secs(1);
    let error = send(&Reqwest::new(), &request(address), limits)
        .await
        .unwrap_err();
    assert_eq!(error.kind, Kind::Connect);
    assert_eq!(error.to_string(), "no connection within 1 s");
}

#[tokio::test]
async fn a_name_that_is_not_found_is_told_from_a_refused_connection() {
    let mut request = request(([127, 0, 0, 1], 80).into());
    request.url = "http://no-such-host.invalid/v1?api_key=s3cr3t".to_owned();
    let error = send(&Reqwest::new(), &request, LIMITS).await.unwrap_err();
    assert_eq!(error.kind, Kind::UnknownHost, "{error}");
    assert!(!error.to_string().contains("s3cr3t"), "{error}");
}

#[tokio::test]
async fn names_under_localhost_are_this_machine() {
    let (address, _heads) = server(response("", b"[]"), End::Close).await;
    let mut request = request(address);
    for host in ["localhost", "api.localhost"] {
        request.url = format!("http://{host}:{}/", address.port());
        let response = send(&Reqwest::new(), &request, LIMITS).await.unwrap();
        assert_eq!(response.body, b"[]", "{host}");
    }
}

#[tokio::test]
async fn corrupt_gzip_is_named() {
    let error = get(encoded("gzip", b"[1,2,3] is no gzip"), End::Close)
        .await
        .unwrap_err();
    assert!(error.to_string().contains("read as gzip"), "{error}");
}

#[tokio::test]
async fn what_cannot_be_sent_is_said_without_it() {
    let (address, _heads) = server(Vec::new(), End::Close).await;
    let mut request = request(address);
    request.headers.push("X-Api-Key", "s3cr3t\nX: y");
    let error = send(&Reqwest::new(), &request, LIMITS).await.unwrap_err();
    assert_eq!(error.kind, Kind::Request);
    assert_eq!(
        error.to_string(),
        "the value of header `X-Api-Key` cannot be sent"
    );
}

#[tokio::test]
async fn a_client_of_the_users_sends_and_hands_redirects_over() {
    let (address, mut heads) = server(
        b"HTTP/1.1 302 Found\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n".to_vec(),
        End::Close,
    )
    .await;
    let client = Reqwest::client_builder()
        .unwrap()
        .default_headers(
            [(http::header::VIA, HeaderValue::from_static("mine"))]
                .into_iter()
                .collect(),
        )
        .build()
        .unwrap();
    let transport = Reqwest::with_client(client).unwrap();
    let response = send(&transport, &request(address), LIMITS).await.unwrap();
    assert_eq!(response.status, 302);
    assert!(heads.recv().await.unwrap().contains("via: mine"));
}

#[test]
fn a_client_that_follows_redirects_is_refused() {
    let follows = |policy| {
        let client = Reqwest::client_builder()
            .unwrap()
            .redirect(policy)
            .build()
            .unwrap();
        Reqwest::with_client(client).unwrap_err()
    };
    for policy in [
        reqwest::redirect::Policy::default(),
        reqwest::redirect::Policy::limited(3),
        reqwest::redirect::Policy::custom(|attempt| attempt.error("refused")),
    ] {
        let error = follows(policy);
        assert_eq!(error.kind, Kind::Request);
        assert!(error.to_string().contains("Policy::none()"), "{error}");
    }
}

#[tokio::test]
async fn a_body_arrives_while_the_server_still_writes() {
    let bytes = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n[1,2,\r\n";
    let (address, _heads) = server(bytes.to_vec(), End::Hang).await;
    let request = request(address).to_http().unwrap();
    let mut body = Reqwest::new()
        .send(request, LIMITS)
        .await
        .unwrap()
        .into_body();
    assert_eq!(body.next().await.unwrap().unwrap(), "[1,2,");
}

#[tokio::test]
async fn a_compression_that_nobody_undoes_is_named() {
    let client = Reqwest::client_builder().unwrap();
    let client = client.no_brotli().no_deflate().no_zstd().build().unwrap();
    let transport = Reqwest::with_client(client).unwrap();
    let ask = async |bytes| {
        let (address, _heads) = server(bytes, End::Close).await;
        send(&transport, &request(address), LIMITS).await
    };
    for coding in ["br", "deflate", "ZSTD"] {
        let error = ask(encoded(coding, b"\x1b\x02")).await.unwrap_err();
        assert_eq!(error.kind, Kind::Protocol);
        let named = format!("compressed as `{}`", coding.to_lowercase());
        assert!(error.to_string().contains(&named), "{error}");
    }
    assert_eq!(ask(encoded("br", b"")).await.unwrap().body, b"");
}
