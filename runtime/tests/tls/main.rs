//! What holds of TLS, whichever this build has: `.ci/run` has these tests run with each, and with none.
#![allow(clippy::unwrap_used, clippy::print_stderr, missing_docs)]

use std::time::Duration;

use rest_source::{
    plan::Method,
    transport::{Headers, Limits, Request, Reqwest, Response, Transport, TransportError},
};

#[cfg(any(
    feature = "tls-native",
    feature = "tls-aws-lc-rs",
    feature = "tls-ring"
))]
mod loopback;

fn ask(url: String) -> Result<Response, TransportError> {
    ask_by(&Reqwest::new(), url)
}

fn ask_by(transport: &Reqwest, url: String) -> Result<Response, TransportError> {
    let request = Request {
        method: Method::Get,
        url,
        headers: Headers::new(),
        body: Vec::new(),
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let limit = Duration::from_secs(20);
    let limits = Limits::new(limit, limit, 1 << 20);
    runtime.block_on(async {
        let sent = transport.send(request.to_http()?, limits).await?;
        let (head, body) = sent.into_parts();
        Ok(Response {
            status: head.status.as_u16(),
            headers: Headers::from(&head.headers),
            body: body.read(&head.headers, limits.max_response_bytes).await?,
        })
    })
}

#[cfg(not(any(
    feature = "tls-native",
    feature = "tls-aws-lc-rs",
    feature = "tls-ring"
)))]
#[test]
fn a_build_without_tls_says_what_would_give_it_some() {
    use rest_source::transport::TransportErrorKind;

    let error = ask("https://localhost/?api_key=s3cr3t".to_owned()).unwrap_err();
    assert_eq!(error.kind, TransportErrorKind::Tls);
    assert_eq!(
        error.to_string(),
        "built without TLS: enable the feature `tls-ring`, `tls-aws-lc-rs` or `tls-native` of \
         `rest-source`"
    );
    let error = Reqwest::new().ca_certificates("").unwrap_err();
    assert_eq!(error.kind, TransportErrorKind::Tls);
}
