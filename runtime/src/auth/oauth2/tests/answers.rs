//! No text of an endpoint's answer that may be a token reaches an error.

use super::*;

const FRESH: &str = "nEw-t0ken-8fK2mPq7Lx";

async fn failure_of(status: u16, content_type: &'static str, body: String) -> Error {
    let world = World::new(BY_REFRESH_TOKEN.clone(), move |_| {
        answer(status, &[("Content-Type", content_type)], &body)
    });
    let error = world.page().await.unwrap_err();
    assert_eq!(error.kind(), &ErrorKind::Auth, "{error}");
    error
}

#[tokio::test]
async fn no_token_of_an_answer_is_in_an_error() {
    let form = "application/x-www-form-urlencoded";
    let json = "application/json";
    for (status, content_type, body) in [
        (
            200,
            form,
            format!("access_token={FRESH}&refresh_token={FRESH}"),
        ),
        (
            200,
            json,
            format!(r#"{{"access_token":"{FRESH}","refresh_tok"#),
        ),
        (200, json, format!(r#"{{"accessToken":"{FRESH}"}}"#)),
        (200, json, format!(r#""{FRESH}""#)),
        (200, json, format!(r#"["{FRESH}"]"#)),
        (200, json, r#"{"access_token":8124096513}"#.to_owned()),
        (
            200,
            json,
            format!(r#"{{"access_token":{{"value":"{FRESH}"}}}}"#),
        ),
        (200, json, format!(r#"{{"access_token":["{FRESH}"]}}"#)),
        (200, json, format!(r#"{{"access_token":"{FRESH}\n"}}"#)),
        (
            200,
            "application/xml",
            format!("<t><access_token>{FRESH}</access_token></t>"),
        ),
        (400, form, format!("access_token={FRESH}")),
        (
            400,
            json,
            format!(r#"{{"error":{{"access_token":"{FRESH}"}}}}"#),
        ),
        (400, json, format!(r#"{{"error":"bad_token \"{FRESH}\""}}"#)),
        (
            400,
            json,
            format!(r#"{{"error":"{FRESH}","access_token":"{FRESH}"}}"#),
        ),
        (
            400,
            json,
            format!(
                r#"{{"error":"invalid_grant","error_description":"{FRESH} {SECRET} refresh-0","refresh_token":"{FRESH}"}}"#
            ),
        ),
        (
            400,
            json,
            r#"{"error":"x","error_description":"8124096513","access_token":8124096513}"#
                .to_owned(),
        ),
        (403, "text/plain", FRESH.to_owned()),
        (403, "text/html; x=refresh-0", SECRET.to_owned()),
    ] {
        let error = failure_of(status, content_type, body.clone()).await;
        let shown = format!("{error} {error:?}");
        for secret in [FRESH, "8124096513", SECRET, "refresh-0"] {
            assert!(!shown.contains(secret), "{body}: {shown}");
        }
    }
}

#[tokio::test]
async fn an_answer_that_cannot_be_read_is_told_by_its_status_and_content_type() {
    for body in ["access_token=a", r#"{"access_token":"a"#, "<a>", "[]", ""] {
        let error = failure_of(200, "text/html; charset=utf-8", body.to_owned()).await;
        assert_eq!(
            error.to_string(),
            "`things`: the token endpoint did not answer with a JSON object\n  \
             --> POST https://login.example.com/token\n  \
             status: 200\n  content type: text/html; charset=utf-8\n  \
             help: check `access_token_url`; the body is not shown, as it may hold a token",
            "{body}"
        );
    }
}

#[tokio::test]
async fn an_access_token_that_is_not_text_is_told_by_its_type() {
    for (value, found) in [
        ("8124096513", "a number"),
        ("{}", "an object"),
        ("[]", "an array"),
        ("true", "a boolean"),
    ] {
        let body = format!(r#"{{"access_token":{value}}}"#);
        let error = failure_of(200, "application/json", body).await;
        let expected = format!("`access_token` is {found}, expected text");
        assert!(error.to_string().contains(&expected), "{error}");
    }
}

#[tokio::test]
async fn a_description_is_cut() {
    let body = json_error(&"long ".repeat(1000));
    let error = failure_of(400, "application/json", body).await.to_string();
    assert!(error.contains("long long") && error.len() < 600, "{error}");
}

fn json_error(description: &str) -> String {
    serde_json::json!({ "error": "invalid_client", "error_description": description }).to_string()
}
