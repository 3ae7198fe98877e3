//! Slack: a cursor that is empty at the end, and errors that are called 200.

use rest_source::rest_source;
use serde_json::{Value, json};

use crate::api::{Api, at, page, with};

#[rest_source("../../../specs/slack.yaml")]
mod slack {}

use slack::UserGroupUserCount;

fn connect(api: &Api) -> slack::Source {
    let secrets = slack::Secrets {
        token: "xoxb-hush".into(),
    };
    api.connect(secrets, ())
}

fn user(id: &str, members: Value) -> Value {
    let user = json!({
        "id": id, "team_id": "T012AB3C4", "name": "spengler", "deleted": false, "is_bot": false,
        "profile": { "real_name": "Egon Spengler", "avatar_hash": "ge3b51ca72de" },
        "updated": 1_767_225_600,
    });
    with(user, members)
}

#[tokio::test]
async fn users_end_with_an_empty_cursor() {
    let api = Api::new([
        page(&json!({
            "ok": true,
            "members": [user("W1", json!({
                "tz": "America/New_York", "tz_offset": -14400, "has_2fa": false,
                "profile": { "email": "spengler@example.com", "fields": { "Xf01": { "value": "lab", "alt": "" } } },
            }))],
            "response_metadata": { "next_cursor": "dXNlcjpVMEc5V0ZYTlo=" },
        })),
        page(&json!({
            "ok": true,
            "members": [user("W2", json!({ "deleted": true }))],
            "response_metadata": { "next_cursor": "" },
        })),
    ]);
    let users = connect(&api).users().all().await.unwrap();
    let [egon, gone] = users.as_slice() else {
        panic!("{users:?}");
    };
    assert_eq!(egon.tz_offset, Some(-14400));
    assert_eq!(egon.profile.email.as_deref(), Some("spengler@example.com"));
    let fields = egon.profile.fields.as_ref().unwrap();
    assert_eq!(fields["Xf01"].value.as_deref(), Some("lab"));
    assert_eq!((gone.deleted, gone.has_2fa, &gone.tz), (true, None, &None));
    assert_eq!(gone.updated, at("2026-01-01T00:00:00Z"));
    assert_eq!(
        api.urls(),
        [
            "https://slack.com/api/users.list?limit=200",
            "https://slack.com/api/users.list?limit=200&cursor=dXNlcjpVMEc5V0ZYTlo%3D",
        ]
    );
}

#[tokio::test]
async fn a_count_may_be_text() {
    let group = |id: &str, count: Value| {
        json!({
            "id": id, "team_id": "T1", "name": "Admins", "handle": "admins", "is_external": false,
            "auto_type": null, "created_by": "U1", "updated_by": null, "deleted_by": null,
            "date_create": 1_767_225_600, "date_update": 1_767_225_600, "date_delete": 0,
            "user_count": count,
        })
    };
    let groups = [group("S1", json!(2)), group("S2", json!("2"))];
    let api = Api::new([page(&json!({ "ok": true, "usergroups": groups }))]);
    let groups = connect(&api).user_groups().all().await.unwrap();
    let counts: Vec<_> = groups
        .into_iter()
        .map(|group| group.user_count.unwrap())
        .collect();
    assert_eq!(
        counts,
        [
            UserGroupUserCount::Bigint(2),
            UserGroupUserCount::Text("2".to_owned())
        ]
    );
    assert_eq!(
        api.urls(),
        ["https://slack.com/api/usergroups.list?include_users=true"]
    );
}

#[tokio::test]
async fn an_error_that_is_called_200_is_an_error() {
    for (error, expected) in [
        ("invalid_auth", "Slack does not accept the token"),
        ("missing_scope", "lacks a scope"),
        ("fatal_error", "Slack refuses"),
    ] {
        let api = Api::new([page(&json!({ "ok": false, "error": error }))]);
        let error = connect(&api).channels().all().await.unwrap_err();
        assert!(error.to_string().contains(expected), "{error}");
    }
}

#[tokio::test]
async fn a_limit_that_is_called_200_is_waited_for() {
    let api = Api::new([
        page(&json!({ "ok": false, "error": "ratelimited" })),
        page(&json!({ "ok": true, "members": [user("W1", json!({}))] })),
    ]);
    let users = connect(&api).users().all().await.unwrap();
    assert_eq!(users[0].id, "W1");
    assert_eq!(api.urls().len(), 2);
}

#[tokio::test]
async fn a_channel_that_the_bot_is_not_in_is_left_out() {
    let channels = ["C1", "C2"].map(|id| {
        json!({
            "id": id, "name": id, "created": 1_767_225_600, "is_archived": false, "is_private": false,
        })
    });
    let api = Api::new([
        page(&json!({ "ok": true, "channels": channels })),
        page(&json!({ "ok": false, "error": "not_in_channel" })),
        page(
            &json!({ "ok": true, "messages": [{ "type": "message", "ts": "1767225602.000216" }] }),
        ),
    ]);
    let messages = connect(&api).messages().concurrency(1).all().await.unwrap();
    let of: Vec<&str> = messages
        .iter()
        .map(|message| message._channels_id.as_str())
        .collect();
    assert_eq!(of, ["C2"]);
}

#[tokio::test]
async fn messages_are_of_every_channel() {
    let channel = json!({
        "id": "C1", "name": "general", "is_channel": true, "created": 1_767_225_600,
        "updated": 1_767_225_600_123_i64, "is_archived": false, "is_private": false,
        "topic": { "value": "", "creator": "", "last_set": 0 }, "previous_names": [],
    });
    let spoken = json!({
        "type": "message", "user": "U1", "text": "Hello", "ts": "1767225602.000216",
        "thread_ts": "1767225602.000216", "reply_count": 1,
        "reactions": [{ "name": "wave", "count": 1, "users": ["U2"] }],
    });
    let from_a_bot = json!({
        "type": "message", "subtype": "bot_message", "bot_id": "B1", "text": "", "ts": "1767225601.000100",
        "bot_profile": null, "files": [{ "id": "F1", "file_access": "file_not_found" }],
    });
    let api = Api::new([
        page(
            &json!({ "ok": true, "channels": [channel], "response_metadata": { "next_cursor": "" } }),
        ),
        page(&json!({
            "ok": true, "messages": [spoken], "has_more": true,
            "response_metadata": { "next_cursor": "bmV4dA==" },
        })),
        // No `response_metadata` at all on the last page.
        page(&json!({ "ok": true, "messages": [from_a_bot], "has_more": false })),
    ]);
    let messages = connect(&api).messages().all().await.unwrap();
    let [spoken, from_a_bot] = messages.as_slice() else {
        panic!("{messages:?}");
    };
    assert_eq!(
        (spoken._channels_id.as_str(), spoken.ts.as_str()),
        ("C1", "1767225602.000216")
    );
    assert_eq!(spoken.reactions.as_ref().unwrap()[0].users, ["U2"]);
    assert_eq!((&from_a_bot.user, &from_a_bot.bot_profile), (&None, &None));
    assert_eq!(from_a_bot.files.as_ref().unwrap()[0].name, None);
    assert_eq!(
        api.urls(),
        [
            "https://slack.com/api/conversations.list?limit=200&types=public_channel,private_channel",
            "https://slack.com/api/conversations.history?limit=200&channel=C1",
            "https://slack.com/api/conversations.history?limit=200&channel=C1&cursor=bmV4dA%3D%3D",
        ]
    );
}
