//! The time of a case: it passes when somebody waits.

use std::time::{Duration, SystemTime};

use rest_source_testkit::ManualClock;

/// 2026-06-01T00:00:00Z.
const START: Duration = Duration::from_secs(1_780_272_000);

/// The clock of a case.
pub(crate) fn clock() -> ManualClock {
    ManualClock::starting_at(SystemTime::UNIX_EPOCH + START)
}
