//! The API of `specs/media_insights.yaml`.

use serde_json::{Value, json};

use super::{Dice, key, sparse};
use crate::{Api, Dataset};

/// Four resources behind a key. `media_insights` and `stories` can be asked for what has changed.
pub fn media_insights() -> Api {
    Api::new(
        key(),
        vec![
            Dataset::new("media_insights", "/v1/media_insights", 250, medium)
                .since("updated_since", "updated_at"),
            Dataset::new("user_insights", "/v1/user_insights", 120, user),
            // Full pages only.
            Dataset::new("stories", "/v1/stories", 300, story).since("updated_since", "updated_at"),
            Dataset::new("story_insights", "/v1/story_insights", 640, story_insight),
        ],
    )
}

fn medium(n: u64) -> Value {
    let dice = &mut Dice::new("media_insights", n);
    let mut row = json!({
        "id": format!("medium-{n:05}"),
        "name": dice.text(),
        "kind": dice.one_of(&["image", "video", "reel", "carousel", "hologram"]),
        "value": dice.integer(),
        "impressions": dice.integer(),
        "engagement_rate": dice.double(),
        "is_sponsored": dice.bool(),
        "has_audio": dice.bool(),
        "spend": dice.money(),
        "published_on": dice.date(),
        "tags": dice.some(3, Dice::text),
        "updated_at": dice.changed(),
        "not_in_the_spec": { "data": [1, 2, 3] },
    });
    let owner = json!({ "id": format!("user-{n}"), "handle": dice.text(), "followers": n });
    row["owner"] = sparse(owner, &["followers"], dice);
    let nullable = [
        "name",
        "impressions",
        "engagement_rate",
        "has_audio",
        "spend",
    ];
    sparse(row, &nullable, dice)
}

fn user(n: u64) -> Value {
    let dice = &mut Dice::new("user_insights", n);
    let mut row = json!({
        "id": n,
        "name": dice.text(),
        "profile_views": dice.integer(),
        "value": dice.double(),
        "reach": dice.double(),
        "is_verified": dice.bool(),
        "opted_in": dice.bool(),
        "joined_on": dice.date(),
        "last_active_at": dice.timestamp(),
        "balance": dice.decimal(),
        "preferred_time": dice.time(),
        "avatar_digest": dice.base64(),
    });
    row["settings"] = match dice.below(4) {
        0 => json!({ "theme": dice.text(), "sizes": [1, 2.5, null], "nested": { "on": true } }),
        1 => json!([dice.text(), false]),
        2 => json!(dice.text()),
        _ => json!(12.5),
    };
    let audience = json!({ "country": dice.text(), "share": dice.double() });
    row["audience"] = sparse(audience, &["share"], dice);
    let nullable = [
        "profile_views",
        "reach",
        "opted_in",
        "last_active_at",
        "preferred_time",
        "avatar_digest",
        "settings",
        "audience",
    ];
    sparse(row, &nullable, dice)
}

fn story(n: u64) -> Value {
    let dice = &mut Dice::new("stories", n);
    let row = json!({
        "id": format!("story-{n:05}"),
        "name": dice.text(),
        "value": dice.integer(),
        "profile_views": dice.integer(),
        "duration_seconds": dice.double(),
        "is_highlight": dice.bool(),
        "archived": dice.bool(),
        "posted_at": dice.timestamp(),
        "expires_at": dice.timestamp(),
        "local_time": dice.time(),
        "mentions": dice.some(3, Dice::text),
        "updated_at": dice.changed(),
    });
    let nullable = [
        "name",
        "profile_views",
        "archived",
        "expires_at",
        "local_time",
        "mentions",
    ];
    sparse(row, &nullable, dice)
}

fn story_insight(n: u64) -> Value {
    let dice = &mut Dice::new("story_insights", n);
    let row = json!({
        "id": format!("story-{:05}/{}", n / 4, n % 4),
        "story_id": format!("story-{:05}", n / 4),
        "metric": dice.one_of(&["impressions", "reach", "replies", "exits"]),
        "value": dice.double(),
        "profile_views": dice.integer(),
        "previous_value": dice.double(),
        "is_final": dice.bool(),
        "measured_on": dice.date(),
        "breakdown": { "home": dice.integer(), "": 0, "naïve \"key\"": dice.integer() },
        "current_timestamp": dice.timestamp(),
    });
    let nullable = [
        "profile_views",
        "previous_value",
        "measured_on",
        "breakdown",
    ];
    sparse(row, &nullable, dice)
}
