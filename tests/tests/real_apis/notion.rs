//! Notion: the cursor goes into the body of a POST, and into the query of a GET.

use rest_source::rest_source;
use serde_json::{Value, json};

use crate::api::{Api, at, header, page, with};

#[rest_source("../../../specs/notion.yaml")]
mod notion {}

use notion::{PageIconType, PageParentType, UserType};

fn connect(api: &Api) -> notion::Source {
    let secrets = notion::Secrets {
        token: "secret_hush".into(),
    };
    api.connect(secrets, ())
}

fn result(id: &str, edited: &str, members: Value) -> Value {
    let page = json!({
        "object": "page", "id": id, "created_time": "2025-03-01T19:05:00.000Z",
        "last_edited_time": edited, "created_by": { "object": "user", "id": "u" },
        "last_edited_by": { "object": "user", "id": "u" }, "archived": false, "in_trash": false,
        "parent": { "type": "workspace", "workspace": true }, "icon": null, "cover": null,
        "properties": {}, "url": "https://www.notion.so/x", "public_url": null,
    });
    with(page, members)
}

fn list(results: &[Value], next: Option<&str>) -> Value {
    json!({ "object": "list", "results": results, "next_cursor": next, "has_more": next.is_some() })
}

fn body(api: &Api, request: usize) -> Value {
    serde_json::from_slice(&api.requests()[request].body).unwrap()
}

#[tokio::test]
async fn pages_are_searched_for_until_they_are_old() {
    let api = Api::new([
        page(&list(
            &[result(
                "p3",
                "2026-01-03T00:00:00.000Z",
                json!({
                    "parent": { "type": "database_id", "database_id": "d1" },
                    "icon": { "type": "emoji", "emoji": "🥬" },
                    "properties": { "Name": { "id": "title", "type": "title", "title": [] }, "Größe": { "id": "a%7C", "type": "number", "number": null } },
                }),
            )],
            Some("c2"),
        )),
        page(&list(
            &[result(
                "p2",
                "2026-01-02T00:00:00.000Z",
                json!({
                    "icon": { "type": "file", "file": { "url": "https://s3/i.png", "expiry_time": "2026-01-02T01:00:00.000Z" } },
                    "cover": { "type": "external", "external": { "url": "https://images/c.png" } },
                }),
            )],
            None,
        )),
        // The next fetch: one is new, and after the old one no more is asked for.
        page(&list(
            &[
                result("p4", "2026-01-04T00:00:00.000Z", json!({})),
                result("p2", "2026-01-02T00:00:00.000Z", json!({})),
            ],
            Some("c2"),
        )),
    ]);
    let source = connect(&api);
    let mut stream = source.pages().stream();
    let third = stream.next().await.unwrap().unwrap();
    let second = stream.next().await.unwrap().unwrap();
    assert!(stream.next().await.is_none());
    assert_eq!(third.parent.r#type, PageParentType::DatabaseId);
    assert_eq!(third.parent.database_id.as_deref(), Some("d1"));
    let icon = third.icon.unwrap();
    assert_eq!(
        (icon.r#type, icon.emoji.as_deref()),
        (PageIconType::Emoji, Some("🥬"))
    );
    assert_eq!(
        third.properties["Größe"].as_ref().unwrap()["type"],
        "number"
    );
    let file = second.icon.unwrap().file.unwrap();
    assert_eq!(file.expiry_time, at("2026-01-02T01:00:00Z"));
    assert_eq!(
        second.cover.unwrap().external.unwrap().url,
        "https://images/c.png"
    );

    let state = stream.state().unwrap();
    let new = source.pages().since(state).all().await.unwrap();
    let ids: Vec<&str> = new.iter().map(|page| page.id.as_str()).collect();
    assert_eq!(ids, ["p4"]);

    assert_eq!(api.urls(), ["https://api.notion.com/v1/search"; 3]);
    let search = json!({
        "filter": { "property": "object", "value": "page" },
        "sort": { "timestamp": "last_edited_time", "direction": "descending" },
        "page_size": 100,
    });
    assert_eq!(body(&api, 0), search);
    assert_eq!(body(&api, 1), with(search, json!({ "start_cursor": "c2" })));
    let first = &api.requests()[0];
    assert_eq!(header(first, "Notion-Version"), "2022-06-28");
    assert_eq!(header(first, "Content-Type"), "application/json");
}

#[tokio::test]
async fn users_have_the_cursor_in_the_query() {
    let api = Api::new([
        page(&list(
            &[
                json!({ "object": "user", "id": "u1", "type": "person", "name": "Ada", "avatar_url": null, "person": { "email": "ada@example.com" } }),
            ],
            Some("c 2"),
        )),
        page(&list(
            &[
                json!({ "object": "user", "id": "u2", "type": "bot", "bot": {} }),
                json!({ "object": "user", "id": "u3" }),
            ],
            None,
        )),
    ]);
    let users = connect(&api).users().all().await.unwrap();
    let [ada, bot, bare] = users.as_slice() else {
        panic!("{users:?}");
    };
    assert_eq!(
        ada.person.as_ref().unwrap().email.as_deref(),
        Some("ada@example.com")
    );
    assert_eq!((&bot.r#type, &bot.name), (&Some(UserType::Bot), &None));
    assert_eq!(bare.r#type, None);
    assert_eq!(
        api.urls(),
        [
            "https://api.notion.com/v1/users?page_size=100",
            "https://api.notion.com/v1/users?page_size=100&start_cursor=c%202",
        ]
    );
}
