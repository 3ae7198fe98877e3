//! A job that an API runs before the records of a resource can be fetched.

use std::time::Duration;

use super::{Comparison, JsonCondition, ResourcePlan, Selector};
use crate::{
    schema::Path,
    shared::{List, Ref},
};

declare! {
    /// A job of the API: a report or an export, which is created, and polled until its records can be fetched.
    pub struct Job {
        /// The request that creates it.
        pub create: Ref<ResourcePlan>,
        /// The request for its status.
        pub poll: Ref<ResourcePlan>,
        /// Where the responses have the values that later requests need (`{job.id}`), in the order in which
        /// [`Part::Job`](super::Part::Job) counts them.
        pub fields: List<Path>,
        /// What the status of a finished job has.
        pub until: Condition,
        /// What the status of a failed job has; nothing where jobs do not fail so.
        pub fail_if: Condition,
        /// Where the status has the reason of a failure.
        pub message_path: Option<Path>,
        /// Where the status has the URLs of the records; otherwise the resource's own request gives them.
        pub url_path: Option<Selector>,
        /// How long the first poll waits. Each further one waits twice as long, up to [`Job::MAX_INTERVAL`].
        pub interval: Duration,
        /// How long the job may take.
        pub timeout: Duration,
    }
}

impl Job {
    /// How long the first poll waits, if the spec does not say.
    pub const INTERVAL: Duration = Duration::from_secs(2);
    /// The longest wait between two polls, unless the first is longer.
    pub const MAX_INTERVAL: Duration = Duration::from_secs(60);
    /// How long a job may take, if the spec does not say.
    pub const TIMEOUT: Duration = Duration::from_secs(3_600);
}

declare! {
    /// Conditions on a JSON text, all of which hold.
    pub struct Condition {
        /// Values at places of the text.
        pub json: List<JsonCondition> = List::EMPTY,
        /// Comparisons.
        pub comparisons: List<Comparison> = List::EMPTY,
    }
}

impl Condition {
    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.json.is_empty() && self.comparisons.is_empty()
    }
}
