//! Whether a typed record is what the server holds, field by field.

use std::collections::BTreeMap;

use base64::{Engine, engine::general_purpose::STANDARD_NO_PAD};
use rest_source::{Date, Decimal, Time, Timestamp};
use rest_source_testkit::Row;
use serde_json::Value;

use crate::sources::{analytics_api_key, analytics_oauth2, call_center, datasets, media};

/// A value that can be told from JSON.
pub(crate) trait Agree {
    /// Panics where the value is not what is held; `at` says where that is.
    fn agree(&self, held: Option<&Value>, at: &str);
}

/// Asserts that the records are the rows, all of them and in their order.
#[track_caller]
pub(crate) fn assert_same<T: Agree>(records: &[T], rows: &[Row]) {
    assert_eq!(records.len(), rows.len());
    for (at, (record, row)) in records.iter().zip(rows).enumerate() {
        record.agree(Some(&Value::Object(row.clone())), &format!("[{at}]"));
    }
}

/// Panics unless `agrees`.
fn check(agrees: bool, at: &str, record: &dyn std::fmt::Debug, held: Option<&Value>) {
    assert!(
        agrees,
        "at {at} the record has {record:?}, the server {held:?}"
    );
}

/// Scalars: how each is told from JSON.
macro_rules! scalars {
    ($($scalar:ty: |$held:ident| $read:expr;)*) => {$(
        impl Agree for $scalar {
            fn agree(&self, held: Option<&Value>, at: &str) {
                let read: Option<$scalar> = held.and_then(|$held| $read);
                check(read.as_ref() == Some(self), at, self, held);
            }
        }
    )*};
}

scalars! {
    String: |held| held.as_str().map(str::to_owned);
    i64: |held| held.as_i64();
    f64: |held| held.as_f64();
    bool: |held| held.as_bool();
    Timestamp: |held| held.as_str()?.parse().ok();
    Date: |held| held.as_str()?.parse().ok();
    Time: |held| held.as_str()?.parse().ok();
    Value: |held| Some(held.clone());
    Decimal: |held| match held {
        Value::String(digits) => digits.parse().ok(),
        number => number.to_string().parse().ok(),
    };
    Vec<u8>: |held| STANDARD_NO_PAD.decode(held.as_str()?.trim_end_matches('=')).ok();
}

impl<T: Agree + std::fmt::Debug> Agree for Option<T> {
    fn agree(&self, held: Option<&Value>, at: &str) {
        match (self, held) {
            (None, None | Some(Value::Null)) => {}
            (Some(value), Some(held)) => value.agree(Some(held), at),
            _ => check(false, at, self, held),
        }
    }
}

impl<T: Agree + std::fmt::Debug> Agree for Vec<T> {
    fn agree(&self, held: Option<&Value>, at: &str) {
        let held_items = held.and_then(Value::as_array);
        check(held_items.map(Vec::len) == Some(self.len()), at, self, held);
        for (index, (value, held)) in self
            .iter()
            .zip(held_items.into_iter().flatten())
            .enumerate()
        {
            value.agree(Some(held), &format!("{at}[{index}]"));
        }
    }
}

impl<T: Agree + std::fmt::Debug> Agree for BTreeMap<String, T> {
    fn agree(&self, held: Option<&Value>, at: &str) {
        let members = held.and_then(Value::as_object);
        check(members.map(Row::len) == Some(self.len()), at, self, held);
        for (key, value) in self {
            value.agree(members.and_then(|m| m.get(key)), &format!("{at}.{key}"));
        }
    }
}

/// Structs: each with all of its fields. A field whose key is not its name has it written behind.
macro_rules! records {
    ($($record:path { $($field:ident $(= $key:literal)?),* $(,)? })*) => {$(
        impl Agree for $record {
            fn agree(&self, held: Option<&Value>, at: &str) {
                let Self { $($field),* } = self;
                $({
                    let key = [$($key,)? stringify!($field)][0];
                    $field.agree(held.and_then(|held| held.get(key)), &format!("{at}.{key}"));
                })*
            }
        }
    )*};
}

/// Enums: their word on the wire.
macro_rules! words {
    ($($word:path)*) => {$(
        impl Agree for $word {
            fn agree(&self, held: Option<&Value>, at: &str) {
                check(held.and_then(Value::as_str) == Some(self.as_str()), at, self, held);
            }
        }
    )*};
}

records! {
    media::MediaInsights {
        id, name, kind, value, impressions, engagement_rate, is_sponsored, has_audio, spend,
        published_on, tags, owner, updated_at,
    }
    media::MediaInsightsOwner { id, handle, followers }
    media::UserInsights {
        id, name, profile_views, value, reach, is_verified, opted_in, joined_on, last_active_at,
        balance, preferred_time, avatar_digest, settings, audience,
    }
    media::UserInsightsAudience { country, share }
    media::Stories {
        id, name, value, profile_views, duration_seconds, is_highlight, archived, posted_at,
        expires_at, local_time, mentions, updated_at,
    }
    media::StoryInsights {
        id, story_id, metric, value, profile_views, previous_value, is_final, measured_on,
        breakdown, current_timestamp,
    }
    call_center::AccountOverview {
        id, name, customer_id, current_timestamp, total_calls, missed_calls, answer_rate,
        is_active, on_trial, credit, opened_on, closed_on, labels, address,
    }
    call_center::AccountOverviewAddress { city, country }
    call_center::AgentsOverview {
        id, name, customer_id, current_timestamp, status, calls_taken, average_handle_seconds,
        satisfaction, is_supervisor, do_not_disturb, shift_starts, shift_ends, hired_on, skills,
    }
    call_center::CurrentQueueActivity {
        id, name, current_timestamp, waiting, longest_wait_seconds, service_level, is_open,
        overflowing, next_opening, callers,
    }
    call_center::CurrentQueueActivityCallers { customer_id, position, waited_seconds }
    analytics_api_key::ResourceName {
        id, name, customer_id, value, previous_value, count, rank, is_estimate, reviewed, amount,
        day, current_timestamp, dimensions, series,
    }
    analytics_oauth2::ResourceName {
        id, analytics_id, name, value, previous_value, count, rank, is_estimate, reviewed,
        created_at, checked_at, day, origin, notes,
    }
    analytics_oauth2::ResourceNameOrigin { system, version }
    datasets::Dataset {
        id, analytics_id, name, title, row_count, byte_count, completeness, quality, is_public,
        deprecated, price, created_on, refreshed_at, checksum, r#type = "type", fields, owner,
    }
    datasets::DatasetFields { name, r#type = "type", nullable, description }
    datasets::DatasetOwner { customer_id, email }
}

words! {
    media::MediaInsightsKind
    media::StoryInsightsMetric
    call_center::AgentsOverviewStatus
    datasets::DatasetType
}
