//! What is told of tokens.

use super::*;
use crate::testing::journal::Journal;

/// The events about tokens, without those of the requests for them.
fn tokens_in(journal: &Journal) -> String {
    let text = journal.text();
    let of_request = |line: &&str| line.contains(" request=");
    let lines = text.lines().filter(|line| line.contains("token"));
    let lines = lines.filter(|line| !of_request(line));
    lines.collect::<Vec<_>>().join("\n")
}

fn no_client() -> Answer {
    let body = format!(r#"{{"error":"invalid_client","error_description":"no {SECRET}"}}"#);
    answer(400, &[], &body)
}

#[tokio::test]
async fn a_tokens_course_is_told() {
    let world = World::with_pages(
        PLAN,
        |n| match n {
            2 => answer(503, &[], &format!("busy: {SECRET}")),
            4.. => no_client(),
            _ => token(n),
        },
        |token| match token {
            "Bearer token-1" => 401,
            _ => 200,
        },
    );
    let (journal, _guard) = Journal::listen();
    world.page().await.unwrap();
    // Renewed early, and refused, in vain at first.
    world.clock.advance(3_545 * SECONDS);
    world.page().await.unwrap();
    // That one cannot be renewed early, nor once it is over.
    world.clock.advance(3_545 * SECONDS);
    world.page().await.unwrap();
    world.clock.advance(3_600 * SECONDS);
    world.page().await.unwrap_err();
    let told = tokens_in(&journal);
    let refused = r#"error="the token endpoint refused the client: `invalid_client`\n  --> POST https://login.example.com/token\n  no [secret]""#;
    assert_eq!(
        told,
        format!(
            r#"DEBUG - message=token why="first" life_seconds=3600.0
DEBUG - message=token why="early" life_seconds=3600.0
WARN - message=wait why="the token endpoint answered 503" wait_seconds=2.0
DEBUG - message=token why="refused" life_seconds=3600.0
WARN - message=token failed why="early" {refused}
WARN - message=token failed why="over" {refused}"#
        )
    );
    for secret in [ID, SECRET, "token-0", "token-1", "token-3"] {
        assert!(!journal.text().contains(secret), "{secret}: {told}");
    }
}
