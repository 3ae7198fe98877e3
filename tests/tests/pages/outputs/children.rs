//! Of `children.md`.

use rest_source::transport::{Request, Response};

use crate::{
    canned::{answer, source},
    shown::children::{blog, body_0, usage},
};

/// A blog of two posts with a comment each, of which the second may be gone.
fn blog(second: u16) -> blog::Source {
    source((), move |request| respond(request, second))
}

fn respond(request: &Request, second: u16) -> Response {
    let (path, query) = request.url.split_once('?').unwrap();
    let records = match path.rsplit_once("/v1/").unwrap().1 {
        _ if !query.contains("offset=0") => "",
        "posts" => {
            r#"{"id": "p1", "author": {"name": "Ada"}}, {"id": "p2", "author": {"name": "Bob"}}"#
        }
        "posts/p1/comments" => {
            assert!(query.contains("by=Ada"), "{query}");
            r#"{"id": "c1", "body": "First!"}"#
        }
        "posts/p2/comments" if second == 404 => return answer(404, &[], "no such post"),
        "posts/p2/comments" => {
            assert!(query.contains("by=Bob"), "{query}");
            r#"{"id": "c2"}"#
        }
        other => panic!("{other}"),
    };
    answer(200, &[], format!(r#"{{"data": [{records}]}}"#))
}

pub(super) async fn report() -> String {
    let mut comments = blog(200).comments().stream();
    let mut of = Vec::new();
    while let Some(comment) = comments.next().await {
        of.push(comment.unwrap()._posts_id);
    }
    assert_eq!(of, ["p1", "p2"]);
    comments.report().to_string()
}

/// Two users, two metrics, and the points of each pair.
fn usage() -> usage::Source {
    source((), |request| {
        let records = match request.url.rsplit_once("/v1/").unwrap().1 {
            "users" => r#"[{"id": 1}, {"id": 2}]"#,
            "metrics" => r#"[{"name": "a"}, {"name": "b"}]"#,
            "users/1/metrics/a" => r#"[{"value": 1.5}]"#,
            other => panic!("{other}"),
        };
        answer(200, &[], records)
    })
}

#[tokio::test]
async fn what_is_shown_runs() {
    body_0(blog(200), usage()).await.unwrap();
    assert!(body_0(blog(404), usage()).await.is_err());
}

pub(super) async fn gone() -> String {
    let mut comments = blog(404).comments().stream();
    assert_eq!(comments.next().await.unwrap().unwrap().id, "c1");
    comments.next().await.unwrap().unwrap_err().to_string()
}
