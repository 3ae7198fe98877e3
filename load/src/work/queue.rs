//! What a queue of work stores.

use std::time::Duration;

use rest_source::{Error, ErrorKind, FetchPart, Result, Rows, Timestamp};

use crate::{BoxFuture, Destination, Target};

/// The version of the stored plans.
pub(super) const VERSION: i64 = 1;

/// A destination that holds the parts of resources, which several processes fetch.
///
/// All of its methods are transactions. A part belongs to a worker for a lease. When the lease has expired, another worker
/// may claim the part: it fetches the part again, and rows of the first worker are not accepted any more.
pub trait WorkQueue: Destination {
    /// Stores the plan of a resource, with its parts, and creates its staging tables. An unfinished plan of the resource is
    /// discarded with its rows if `replace`, and otherwise an error.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Locked`] if the resource has an unfinished plan.
    fn add<'a>(
        &'a self,
        plan: &'a WorkPlan,
        target: &'a Target,
        parts: &'a [FetchPart],
        replace: bool,
    ) -> BoxFuture<'a, Result<()>>;

    /// The last plan of each resource, in order of their keys.
    ///
    /// # Errors
    ///
    /// When the queue cannot be reached.
    fn plans(&self) -> BoxFuture<'_, Result<Vec<WorkStatus>>>;

    /// Claims the next part of these plans that waits, or whose lease has expired; `None` if there is none now. A part that
    /// was claimed more than `attempts` times fails, and its plan with it.
    ///
    /// # Errors
    ///
    /// When the queue cannot be reached.
    fn claim<'a>(
        &'a self,
        plans: &'a [String],
        worker: &'a str,
        lease: Duration,
        attempts: u32,
    ) -> BoxFuture<'a, Result<Option<Claim>>>;

    /// Extends the lease of a part.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Locked`] if the part belongs to another worker.
    fn renew<'a>(&'a self, claim: &'a Claim, lease: Duration) -> BoxFuture<'a, Result<()>>;

    /// Stages rows of a part after its first `first`. The first rows replace those of an earlier attempt.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Locked`] if the part belongs to another worker; when the rows are not accepted.
    fn stage<'a>(
        &'a self,
        target: &'a Target,
        claim: &'a Claim,
        first: u64,
        pages: &'a [Rows],
    ) -> BoxFuture<'a, Result<()>>;

    /// Stages the last rows of a part, and ends it.
    ///
    /// # Errors
    ///
    /// As those of [`stage`](Self::stage).
    fn finish<'a>(
        &'a self,
        target: &'a Target,
        claim: &'a Claim,
        pages: &'a [Rows],
        done: &'a PartDone,
    ) -> BoxFuture<'a, Result<()>>;

    /// Returns a part that was not fetched, for this reason. After the last attempt it fails, and its plan with it. An attempt
    /// that `counts` is one of them.
    ///
    /// # Errors
    ///
    /// When the queue cannot be reached.
    fn give_back<'a>(
        &'a self,
        claim: &'a Claim,
        why: &'a str,
        attempts: u32,
        counts: bool,
    ) -> BoxFuture<'a, Result<()>>;

    /// The states at the ends of the parts of a plan, as JSON, in the order of the parts.
    ///
    /// # Errors
    ///
    /// When the queue cannot be reached.
    fn part_states<'a>(&'a self, plan: &'a str) -> BoxFuture<'a, Result<Vec<String>>>;

    /// Publishes the rows of all parts of a plan, and the state, in one transaction. Returns the number of rows; `None` if
    /// the plan is not one with all parts fetched: another worker has published it, say.
    ///
    /// # Errors
    ///
    /// When another load has written the resource since it was planned, or a row is not accepted. Nothing is published.
    fn publish<'a>(
        &'a self,
        target: &'a Target,
        plan: &'a str,
        state: Option<String>,
    ) -> BoxFuture<'a, Result<Option<u64>>>;

    /// Ends a plan whose rows cannot be published, for this reason.
    ///
    /// # Errors
    ///
    /// When the queue cannot be reached.
    fn fail<'a>(&'a self, plan: &'a str, why: &'a str) -> BoxFuture<'a, Result<()>>;
}

/// The plan of a resource.
#[derive(Clone, Debug, PartialEq)]
pub struct WorkPlan {
    /// Identifies the plan.
    pub id: String,
    /// Identifies what was planned with it: the other resources of the source.
    pub run: String,
    /// The source, with the prefix of its tables if there is one: see [`Target::scope`].
    pub source: String,
    /// The resource.
    pub resource: String,
    /// The settings that identify its rows: see [`Target::part`].
    pub part: String,
    /// The version of the plan.
    pub version: i64,
    /// A hash of the spec, the settings and the version of rest-source.
    pub hash: String,
    /// The options of the load, as text.
    pub options: String,
    /// The state from which the parts are fetched, as JSON.
    pub state: Option<String>,
    /// When it was planned.
    pub planned: Timestamp,
}

/// How a plan stands.
#[derive(Clone, Debug, PartialEq)]
pub struct WorkStatus {
    /// The plan.
    pub plan: WorkPlan,
    /// Whether it is worked on, published or failed.
    pub progress: WorkProgress,
    /// Why it failed, or why the last part that was returned was.
    pub error: Option<String>,
    /// Its parts.
    pub parts: u64,
    /// Those that were fetched.
    pub done: u64,
    /// Those that workers have claimed, and whose leases have not expired.
    pub running: u64,
    /// The staged or published rows.
    pub rows: u64,
    /// The requests of the parts that were fetched.
    pub requests: u64,
}

/// How a plan stands, in a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WorkProgress {
    /// Its parts are fetched.
    Running,
    /// Its rows are published.
    Published,
    /// A part failed, or its rows could not be published. Nothing was published.
    Failed,
}

impl WorkProgress {
    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Published => "published",
            Self::Failed => "failed",
        }
    }

    /// That of a word.
    pub fn from_word(word: &str) -> Option<Self> {
        let all = [Self::Running, Self::Published, Self::Failed];
        all.into_iter().find(|one| one.word() == word)
    }
}

impl WorkStatus {
    /// Whether all parts were fetched, and no rows are published yet.
    pub fn is_ready(&self) -> bool {
        self.progress == WorkProgress::Running && self.done == self.parts
    }
}

/// A part that belongs to a worker.
#[derive(Clone, Debug)]
pub struct Claim {
    /// Its plan.
    pub plan: String,
    /// Its number, from 0.
    pub number: u64,
    /// How often it was claimed: a later claim makes this one invalid.
    pub attempt: i64,
    /// The part, as JSON.
    pub part: String,
}

/// The end of a part.
#[derive(Clone, Debug, Default)]
pub struct PartDone {
    /// Its rows that were staged before.
    pub staged: u64,
    /// The state at its end, as JSON.
    pub state: Option<String>,
    /// Its requests.
    pub requests: u64,
}

impl Claim {
    /// The error for a part that belongs to another worker.
    pub fn lost(&self) -> Error {
        let message = format!(
            "the lease of part {} has expired, and another worker has claimed it, or the work was discarded",
            self.number
        );
        Error::new(ErrorKind::Locked, message).with_help(
            "its rows are not stored twice; raise `--lease` if workers stop for longer than that",
        )
    }
}
