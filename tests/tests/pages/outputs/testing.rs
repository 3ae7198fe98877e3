use rest_source_mock::{Mocked, json};

use crate::shown::testing::media;

/// A record that no such API could have given.
pub(super) fn unfit() -> String {
    let good = json!({ "id": "a", "profile_views": 3, "updated_at": "2026-11-21T09:30:00Z" });
    let wrong = json!({ "id": "b", "profile_views": "many" });
    let mock = media::Source::mock().records("stories", [good, wrong]);
    mock.start().unwrap_err().to_string()
}
