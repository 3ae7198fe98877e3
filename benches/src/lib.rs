//! What the benchmark's programs share: the records the server gives, and how a program says what it
//! cost.

pub mod by_hand;
pub mod contenders;
pub mod json_lines;
pub mod loads;
pub mod loads_by_hand;
pub mod ours;

use std::{fmt::Write as _, time::Instant};

use nix::sys::{
    resource::{UsageWho, getrusage},
    time::TimeValLike,
};

/// What one run of a program cost.
#[derive(Clone, Copy, Debug)]
pub struct Cost {
    /// Records counted.
    pub records: u64,
    /// Seconds on the wall.
    pub wall: f64,
    /// Seconds of CPU, of all threads, user and system.
    pub cpu: f64,
    /// The most memory ever resident, in MiB.
    pub peak: f64,
}

impl Cost {
    /// What this process has cost since `start`, which should be its first moment.
    ///
    /// # Errors
    ///
    /// When the system does not say.
    pub fn of_this_process(records: u64, start: Instant) -> std::io::Result<Self> {
        Self::of(UsageWho::RUSAGE_SELF, records, start)
    }

    /// What the programs cost that this one ran since `start`.
    ///
    /// # Errors
    ///
    /// When the system does not say.
    pub fn of_children(records: u64, start: Instant) -> std::io::Result<Self> {
        Self::of(UsageWho::RUSAGE_CHILDREN, records, start)
    }

    fn of(who: UsageWho, records: u64, start: Instant) -> std::io::Result<Self> {
        let usage = getrusage(who)?;
        let micros = usage.user_time().num_microseconds() + usage.system_time().num_microseconds();
        #[allow(clippy::cast_precision_loss)] // far below 2^53
        Ok(Self {
            records,
            wall: start.elapsed().as_secs_f64(),
            cpu: micros as f64 / 1e6,
            peak: usage.max_rss() as f64 / 1024.0,
        })
    }

    /// As one line that [`Cost::parse`] reads.
    pub fn line(&self) -> String {
        format!("{} {} {} {}", self.records, self.wall, self.cpu, self.peak)
    }

    /// Reads what [`Cost::line`] wrote.
    pub fn parse(line: &str) -> Option<Self> {
        let mut words = line.split_whitespace();
        Some(Self {
            records: words.next()?.parse().ok()?,
            wall: words.next()?.parse().ok()?,
            cpu: words.next()?.parse().ok()?,
            peak: words.next()?.parse().ok()?,
        })
    }
}

/// The base URL, the number of records a page and how many requests at once: a program's arguments.
///
/// # Errors
///
/// When one is missing.
pub fn arguments() -> Result<(String, u64, u16), String> {
    let mut words = std::env::args().skip(1);
    let usage = "usage: PROGRAM BASE_URL PAGE_SIZE CONCURRENCY";
    Ok((
        words.next().ok_or(usage)?,
        words
            .next()
            .and_then(|word| word.parse().ok())
            .ok_or(usage)?,
        words
            .next()
            .and_then(|word| word.parse().ok())
            .ok_or(usage)?,
    ))
}

/// Where a program writes its records: its last argument.
///
/// # Errors
///
/// When it is missing.
pub fn target() -> Result<String, String> {
    let usage = "usage: PROGRAM BASE_URL PAGE_SIZE CONCURRENCY TARGET";
    std::env::args().nth(4).ok_or_else(|| usage.to_owned())
}

/// Record number `n` of the server: about 400 bytes, three nullable members, an object, two times.
pub fn record(n: u64) -> String {
    let mut text = String::with_capacity(420);
    let (minute, second) = (n / 60 % 60, n % 60);
    let _ = write!(
        text,
        r#"{{"id":"event-{n:010}","name":"Event number {n}","message":"Something happened at the usual place, and somebody wrote it down so that it would not be forgotten again","created_at":"2026-03-01T10:{minute:02}:{second:02}Z","updated_at":"2026-03-02T11:{minute:02}:{second:02}.250Z","value":{value},"score":{score}.5,"active":{active},"note":{note},"parent_id":{parent},"amount":{amount},"owner":{{"id":"owner-{owner}","handle":"somebody_{owner}","followers":{followers}}}}}"#,
        value = n * 7919 % 1_000_003,
        score = n % 97,
        active = n.is_multiple_of(2),
        note = if n.is_multiple_of(3) {
            "null"
        } else {
            r#""seen by two people""#
        },
        parent = if n.is_multiple_of(5) {
            "null".to_owned()
        } else {
            format!(r#""event-{:010}""#, n / 5)
        },
        amount = if n.is_multiple_of(7) {
            "null".to_owned()
        } else {
            format!("{}.25", n % 1000)
        },
        owner = n % 1000,
        followers = n % 10_000,
    );
    text
}

/// reqwest's client with its defaults, over the TLS that this build has.
///
/// # Errors
///
/// When reqwest refuses.
pub fn client() -> reqwest::Result<reqwest::Client> {
    // An error says that one is installed already, which is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder().build()
}

/// One line on standard output: how these programs talk to the one that starts them.
#[allow(clippy::print_stdout)] // The one place where they print.
pub fn say(line: &str) {
    println!("{line}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_is_json_of_about_400_bytes() {
        for n in [0, 1, 35, 199_999, 999_999] {
            let text = record(n);
            assert!((380..=440).contains(&text.len()), "{} bytes", text.len());
            assert!(
                serde_json::from_str::<serde_json::Value>(&text).is_ok(),
                "{text}"
            );
        }
    }

    #[test]
    fn a_cost_survives_its_line() {
        let cost = Cost {
            records: 3,
            wall: 0.5,
            cpu: 0.25,
            peak: 10.0,
        };
        let read = Cost::parse(&cost.line()).unwrap();
        assert_eq!((read.records, read.wall), (3, 0.5));
    }
}
