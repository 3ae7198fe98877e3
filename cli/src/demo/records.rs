//! The records of the example API: the same each time.

use rest_source_mock::json;
use serde_json::Value as Json;

/// The records of each resource.
pub(super) fn all() -> [(&'static str, Vec<Json>); 4] {
    [
        ("media_insights", (0..250).map(medium).collect()),
        ("user_insights", (0..120).map(user).collect()),
        ("stories", (0..300).map(story).collect()),
        ("story_insights", (0..640).map(story_insight).collect()),
    ]
}

const TITLES: [&str; 8] = [
    "Morning run",
    "New arrivals",
    "Behind the scenes",
    "Ask me anything",
    "Recipe of the week",
    "On the road",
    "Studio tour",
    "Sale ends tonight",
];
const TAGS: [&str; 5] = ["sport", "fashion", "travel", "food", "music"];
const COUNTRIES: [&str; 6] = ["DE", "US", "BR", "IN", "FR", "JP"];

/// A number below `below` that looks random: it depends on the number of the record and of the column only.
fn pick(number: u64, column: u64, below: u64) -> u64 {
    let mixed = (number + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15)
        ^ (column + 1).wrapping_mul(0xD1B5_4A32_D192_ED03);
    let mixed = (mixed ^ (mixed >> 29)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    (mixed ^ (mixed >> 32)) % below
}

fn one_of<const N: usize>(words: [&'static str; N], number: u64, column: u64) -> &'static str {
    words[usize::try_from(pick(number, column, N as u64)).unwrap_or(0)]
}

/// The value, or null in about one of ten records.
fn nullable(number: u64, column: u64, value: impl Into<Json>) -> Json {
    if pick(number, column + 100, 10) == 0 {
        Json::Null
    } else {
        value.into()
    }
}

/// A number with two decimals, below `below`.
fn hundredths(number: u64, column: u64, below: u32) -> f64 {
    let hundredths = pick(number, column, u64::from(below) * 100);
    f64::from(u32::try_from(hundredths).unwrap_or(0)) / 100.0
}

/// So many hours after the first record.
fn hours_later(hours: u64) -> String {
    let (day, hour) = (hours / 24, hours % 24);
    let (month, day) = (day / 28 + 1, day % 28 + 1);
    format!("2026-{month:02}-{day:02}T{hour:02}:00:00Z")
}

fn day(number: u64, column: u64) -> String {
    let (month, day) = (
        pick(number, column, 12) + 1,
        pick(number, column + 50, 28) + 1,
    );
    format!("2025-{month:02}-{day:02}")
}

fn time(number: u64, column: u64) -> String {
    let (hour, minute) = (pick(number, column, 24), pick(number, column + 50, 60));
    format!("{hour:02}:{minute:02}:00")
}

fn medium(n: u64) -> Json {
    let impressions = pick(n, 0, 90_000) + 500;
    json!({
        "id": format!("medium-{:04}", n + 1),
        "name": one_of(TITLES, n, 1),
        "kind": one_of(["image", "video", "reel", "carousel"], n, 2),
        "value": pick(n, 3, 5_000),
        "impressions": nullable(n, 4, impressions),
        "engagement_rate": nullable(n, 5, hundredths(n, 5, 12)),
        "is_sponsored": pick(n, 6, 4) == 0,
        "has_audio": nullable(n, 7, pick(n, 7, 2) == 0),
        "spend": nullable(n, 8, format!("{:.2}", hundredths(n, 8, 400))),
        "published_on": day(n, 9),
        "tags": [one_of(TAGS, n, 10), one_of(TAGS, n, 11)],
        "owner": {
            "id": format!("user-{:03}", n % 120 + 1),
            "handle": format!("account{:03}", n % 120 + 1),
            "followers": nullable(n, 12, pick(n % 120, 12, 200_000)),
        },
        "updated_at": hours_later(n * 3),
    })
}

fn user(n: u64) -> Json {
    json!({
        "id": n + 1,
        "name": format!("account{:03}", n + 1),
        "profile_views": nullable(n, 20, pick(n, 20, 40_000)),
        "value": hundredths(n, 21, 1_000),
        "reach": nullable(n, 22, hundredths(n, 22, 50_000)),
        "is_verified": pick(n, 23, 5) == 0,
        "opted_in": nullable(n, 24, pick(n, 24, 2) == 0),
        "joined_on": day(n, 25),
        "last_active_at": nullable(n, 26, hours_later(pick(n, 26, 4_000))),
        "balance": format!("{:.2}", hundredths(n, 27, 10_000)),
        "preferred_time": nullable(n, 28, time(n, 28)),
        "avatar_digest": nullable(n, 29, "3q2+7w=="),
        "settings": { "theme": one_of(["light", "dark"], n, 30), "weekly_mail": pick(n, 31, 2) == 0 },
        "audience": { "country": one_of(COUNTRIES, n, 32), "share": hundredths(n, 33, 1) },
    })
}

fn story(n: u64) -> Json {
    json!({
        "id": format!("story-{:04}", n + 1),
        "name": one_of(TITLES, n, 40),
        "value": pick(n, 41, 5_000),
        "profile_views": nullable(n, 42, pick(n, 42, 9_000)),
        "duration_seconds": hundredths(n, 43, 60),
        "is_highlight": pick(n, 44, 6) == 0,
        "archived": nullable(n, 45, pick(n, 45, 2) == 0),
        "posted_at": hours_later(n * 2),
        "expires_at": nullable(n, 46, hours_later(n * 2 + 24)),
        "local_time": nullable(n, 47, time(n, 47)),
        "mentions": nullable(n, 48, json!([format!("account{:03}", pick(n, 48, 120) + 1)])),
        "updated_at": hours_later(n * 2 + 1),
    })
}

fn story_insight(n: u64) -> Json {
    let metrics = ["impressions", "reach", "replies", "exits"];
    let (story, metric) = (n / 4 + 1, metrics[usize::try_from(n % 4).unwrap_or(0)]);
    json!({
        "id": format!("story-{story:04}/{metric}"),
        "story_id": format!("story-{story:04}"),
        "metric": metric,
        "value": hundredths(n, 60, 9_000),
        "profile_views": nullable(n, 61, pick(n, 61, 9_000)),
        "previous_value": nullable(n, 62, hundredths(n, 62, 9_000)),
        "is_final": pick(n, 63, 3) != 0,
        "measured_on": nullable(n, 64, day(n, 64)),
        "breakdown": nullable(n, 65, json!({ "home": pick(n, 66, 900), "profile": pick(n, 67, 300) })),
        "current_timestamp": hours_later(n),
    })
}
