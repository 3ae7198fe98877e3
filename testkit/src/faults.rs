//! What goes wrong, and at which request.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use crate::lock;

/// Something that goes wrong with one request.
#[derive(Clone, Debug)]
pub enum Fault {
    /// This status instead of an answer.
    Status {
        /// The status.
        status: u16,
        /// What `Retry-After` says, where it is sent.
        retry_after: Option<Wait>,
    },
    /// The connection ends in the middle of the body.
    Truncated,
    /// The connection is reset before the response.
    Reset,
    /// The body stops in its middle for so long, and then goes on.
    Slow(Duration),
    /// This text as the body of a 200.
    Body(String),
}

/// The value of a `Retry-After`.
#[derive(Clone, Copy, Debug)]
pub enum Wait {
    /// So many seconds.
    Seconds(u64),
    /// The date so many seconds from now.
    Date(u64),
}

impl Fault {
    /// A status and nothing more.
    pub const fn status(status: u16) -> Self {
        Self::Status {
            status,
            retry_after: None,
        }
    }

    /// A 429 that says when to ask again.
    pub const fn too_many_requests(wait: Wait) -> Self {
        Self::Status {
            status: 429,
            retry_after: Some(wait),
        }
    }
}

/// The script of faults. Requests for data are counted from 0; those for tokens are not counted.
/// Clones share it.
#[derive(Clone, Debug, Default)]
pub struct Faults(Arc<Mutex<Script>>);

#[derive(Debug, Default)]
struct Script {
    next: u64,
    next_of_path: HashMap<String, u64>,
    rules: Vec<(When, Fault)>,
}

#[derive(Debug)]
enum When {
    At(u64),
    OfPath(String, u64),
    Every(u64),
}

impl Faults {
    /// The request of this number fails, counted from the next one, which is 0.
    pub fn at(&self, number: u64, fault: Fault) {
        let mut script = lock(&self.0);
        let at = script.next + number;
        script.rules.push((When::At(at), fault));
    }

    /// The request of this number for a path fails, counted from the next one for the path, which is 0. For
    /// resources that are asked for at the same time.
    pub fn at_path(&self, path: &str, number: u64, fault: Fault) {
        let mut script = lock(&self.0);
        let at = number + script.next_of_path.get(path).copied().unwrap_or_default();
        script
            .rules
            .push((When::OfPath(path.to_owned(), at), fault));
    }

    /// The next `count` requests fail.
    pub fn next(&self, count: u64, fault: &Fault) {
        (0..count).for_each(|number| self.at(number, fault.clone()));
    }

    /// Every nth request fails, counted from the first of all. An `n` of 0 is none.
    pub fn every(&self, n: u64, fault: Fault) {
        lock(&self.0).rules.push((When::Every(n), fault));
    }

    /// Nothing goes wrong any more.
    pub fn clear(&self) {
        lock(&self.0).rules.clear();
    }

    /// Counts a request for a path and says what goes wrong with it.
    pub(crate) fn step(&self, path: &str) -> Option<Fault> {
        let mut script = lock(&self.0);
        let number = script.next;
        script.next += 1;
        let next_of_path = script.next_of_path.entry(path.to_owned()).or_default();
        let number_of_path = *next_of_path;
        *next_of_path += 1;
        let due = |when: &When| match when {
            When::At(at) => *at == number,
            When::OfPath(of, at) => of == path && *at == number_of_path,
            When::Every(n) => *n > 0 && (number + 1).is_multiple_of(*n),
        };
        script
            .rules
            .iter()
            .find(|(when, _)| due(when))
            .map(|(_, fault)| fault.clone())
    }
}
