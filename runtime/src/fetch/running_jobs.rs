//! The jobs that a fetch created and whose records it has not delivered, so that a later fetch can resume them.

use std::{
    collections::BTreeMap,
    hash::{DefaultHasher, Hash, Hasher},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, SystemTime},
};

use serde_json::{Value as Json, json};
use tokio::sync::Notify;

use crate::{Result, Scalar, error::Error, error::ErrorKind, request::Draft};

/// The jobs of a resource that were created and may be unfinished: see
/// [`Fetch::running_jobs`](crate::Fetch::running_jobs). Clones share them.
///
/// ```
/// # use rest_source::RunningJobs;
/// let jobs = RunningJobs::default();
/// assert_eq!(jobs.to_json(), r#"{"jobs":{},"version":1}"#);
/// let stored = RunningJobs::from_json(&jobs.to_json())?;
/// # Ok::<(), rest_source::Error>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct RunningJobs(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    /// By the requests that created them.
    jobs: Mutex<BTreeMap<String, RunningJob>>,
    changed: Notify,
}

/// The version of the JSON.
const VERSION: u64 = 1;

/// How long a job is remembered, in seconds: a week.
const OLDEST: u64 = 7 * 24 * 60 * 60;

/// A created job.
#[derive(Clone, Debug)]
struct RunningJob {
    /// Seconds since 1970.
    created: u64,
    /// The values of its fields in the response that created it; null where it had none.
    values: Vec<Option<String>>,
}

impl RunningJobs {
    /// Reads jobs that [`to_json`](Self::to_json) wrote.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::State`] if the text is not such a text.
    pub fn from_json(text: &str) -> Result<Self> {
        let invalid = || {
            Error::new(ErrorKind::State, "the stored jobs cannot be read")
                .with_help("delete them: the jobs are created anew")
        };
        let json: Json = serde_json::from_str(text).map_err(|_| invalid())?;
        if json.get("version").and_then(Json::as_u64) != Some(VERSION) {
            return Err(invalid());
        }
        let stored = json
            .get("jobs")
            .and_then(Json::as_object)
            .ok_or_else(invalid)?;
        let mut jobs = BTreeMap::new();
        for (key, job) in stored {
            let created = job
                .get("created")
                .and_then(Json::as_u64)
                .ok_or_else(invalid)?;
            let values = job
                .get("values")
                .and_then(Json::as_array)
                .ok_or_else(invalid)?;
            let values = values
                .iter()
                .map(|value| value.as_str().map(str::to_owned))
                .collect();
            jobs.insert(key.clone(), RunningJob { created, values });
        }
        let shared = Shared {
            jobs: Mutex::new(jobs),
            changed: Notify::new(),
        };
        Ok(Self(Arc::new(shared)))
    }

    /// The jobs as JSON. It has no secrets but those that the API itself puts into the fields of its jobs.
    pub fn to_json(&self) -> String {
        let jobs = self.jobs();
        let jobs = jobs.iter().map(|(key, job)| {
            let job = json!({ "created": job.created, "values": job.values });
            (key.clone(), job)
        });
        json!({ "version": VERSION, "jobs": jobs.collect::<serde_json::Map<_, _>>() }).to_string()
    }

    /// Waits until a job is created, or a stored one is dropped.
    pub async fn changed(&self) {
        self.0.changed.notified().await;
    }

    /// The values of the job that this request created, unless it is older.
    pub(super) fn get(&self, key: &str, now: SystemTime, oldest: Duration) -> Option<Vec<Scalar>> {
        let jobs = self.jobs();
        let job = jobs.get(key)?;
        let age = seconds(now).checked_sub(job.created)?;
        if age >= oldest.as_secs() {
            return None;
        }
        let value = |value: &Option<String>| value.clone().map_or(Scalar::Null, Scalar::Text);
        Some(job.values.iter().map(value).collect())
    }

    pub(super) fn put(&self, key: String, now: SystemTime, values: &[Scalar]) {
        let text = |value: &Scalar| match value {
            Scalar::Text(text) => Some(text.clone()),
            _ => None,
        };
        let job = RunningJob {
            created: seconds(now),
            values: values.iter().map(text).collect(),
        };
        let mut jobs = self.jobs();
        // Those that were never fetched to the end, and whose requests do not come again.
        jobs.retain(|_, other| job.created.saturating_sub(other.created) < OLDEST);
        jobs.insert(key, job);
        drop(jobs);
        self.0.changed.notify_one();
    }

    pub(super) fn remove(&self, key: &str) {
        self.jobs().remove(key);
        self.0.changed.notify_one();
    }

    fn jobs(&self) -> MutexGuard<'_, BTreeMap<String, RunningJob>> {
        self.0.jobs.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The key of the job that a request creates: a hash, so that it shows nothing of the request.
pub(super) fn key_of(request: &Draft) -> String {
    let request = request.request();
    let mut hasher = DefaultHasher::new();
    (request.method.as_str(), &request.url, &request.body).hash(&mut hasher);
    // A header may name the account. The version of this crate does not belong to a job.
    let headers = request.headers.iter();
    let headers = headers.filter(|(name, _)| !name.eq_ignore_ascii_case("user-agent"));
    headers.collect::<Vec<_>>().hash(&mut hasher);
    format!("{:016x}", hasher.finish())
}

fn seconds(at: SystemTime) -> u64 {
    at.duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or_default()
        .as_secs()
}
