//! Of `signing.md`.

use std::time::{Duration, UNIX_EPOCH};

use rest_source::transport::Request;
use rest_source_mock::{Mocked as _, json};
use rest_source_testkit::{ManualClock, ScriptedTransport};
use ring::hmac;

use crate::{
    canned::answer,
    shown::signing::{aws, exchange},
};

#[tokio::test]
async fn a_server_finds_the_signature_by_hmac_right() {
    let secret = b"s3cret";
    let api = exchange::Source::mock()
        .secrets(exchange::Secrets {
            key: "k3y".into(),
            secret: "s3cret".into(),
        })
        .authorize(|request: &Request| {
            let header = |name| request.headers.get(name).unwrap_or_default();
            let target = request.url.strip_prefix("https://api.example.com").unwrap();
            let message = format!("{}GET{target}", header("X-Time"));
            let key = hmac::Key::new(hmac::HMAC_SHA256, secret);
            let signature = hmac::sign(&key, message.as_bytes());
            let signature = signature.as_ref().iter().map(|byte| format!("{byte:02x}"));
            let signature = signature.collect::<Vec<_>>().concat();
            header("X-Key") == "k3y" && header("X-Signature") == signature
        })
        .records("trades", (0..150).map(|id| json!({ "id": id, "price": 1 })))
        .start()
        .unwrap();
    assert_eq!(api.source().trades().all().await.unwrap().len(), 150);
}

/// The signatures are those of another implementation, which agrees with the test suite of AWS.
#[tokio::test]
async fn the_signature_of_aws_is_that_of_others() {
    let time = UNIX_EPOCH + Duration::from_secs(1_440_938_160);
    let transport = ScriptedTransport::new(|request| {
        let authorization = request.headers.get("Authorization").unwrap();
        let (signature, body) = match request.url.split_once('?') {
            None => (
                "d6963af693c6f795b42a7ea282a95189eb6fa72a0d0d0b4227f2d2b585dc9f40",
                json!({ "items": [{ "id": "a" }], "next": "a/b c=" }),
            ),
            Some(_) => (
                "73d4f2c36825105d8f1c392b95ca03e861e8bf2ddaed3b7d3f3019b6fc95b9b0",
                json!({ "items": [{ "id": "b" }] }),
            ),
        };
        let expected = format!(
            "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/execute-api/aws4_request, \
             SignedHeaders=host;x-amz-date, Signature={signature}"
        );
        assert_eq!(request.headers.get("X-Amz-Date"), Some("20150830T123600Z"));
        assert_eq!(authorization, expected, "{}", request.url);
        Ok(answer(200, &[], body.to_string()))
    });
    let aws = aws::Source::builder()
        .secrets(aws::Secrets {
            access_key_id: "AKIDEXAMPLE".into(),
            secret_access_key: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY".into(),
        })
        .config(aws::Config {
            region: "us-east-1".to_owned(),
        })
        .clock(ManualClock::starting_at(time))
        .transport(transport)
        .build()
        .unwrap();
    assert_eq!(aws.items().all().await.unwrap().len(), 2);
}
