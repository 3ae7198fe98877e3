//! The fetch that pages were saved of, for its replay.

use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::{Arc, OnceLock},
    time::{Duration, SystemTime},
};

use rest_source::{Clock, State, SystemClock, Timestamp, plan::SourcePlan, transport::BoxFuture};
use serde::{Deserialize, Serialize};

use super::Redaction;
use crate::{args::Fetch, context::Context, error::CommandError, spec::shown};

/// The end of the file's name.
const FETCH: &str = ".fetch.json";

/// What decides the requests of a fetch, besides the spec and its secrets.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct FetchRecord {
    /// When the fetch began, which placeholders such as `{now}` depend on.
    began: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) base_url: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) settings: Vec<(String, String)>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) params: Vec<(String, String)>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) since: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) until: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) limit: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) pages: Option<u64>,
    /// The state that it resumed from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) state: Option<serde_json::Value>,
}

impl FetchRecord {
    /// The record of a fetch that is about to begin.
    pub(crate) fn new(
        args: &Fetch,
        plan: &SourcePlan,
        state: Option<&State>,
        context: &Context,
    ) -> Result<Self, CommandError> {
        let mut settings = Vec::new();
        for setting in &plan.config {
            let found = context.find(&setting.env, plan)?;
            settings.extend(found.map(|(value, _)| (setting.name.to_string(), value)));
        }
        settings.extend(args.access.config.iter().cloned());
        Ok(Self {
            began: String::new(),
            base_url: args.access.connection.base_url.clone(),
            settings,
            params: args.param.clone(),
            since: args.since.clone(),
            until: args.until.clone(),
            limit: args.limit,
            pages: args.pages.or(args.raw.then_some(1)),
            state: state.and_then(|state| serde_json::from_str(&state.to_json()).ok()),
        })
    }

    /// The path of the record of a resource's fetch.
    fn path(folder: &Path, resource: &str) -> PathBuf {
        folder.join(format!("{resource}{FETCH}"))
    }

    /// When the fetch began.
    pub(crate) fn began(&self) -> Option<SystemTime> {
        let began: Timestamp = self.began.parse().ok()?;
        Some(began.into())
    }

    /// Writes the record beside the pages, without secrets.
    pub(crate) fn write(
        &mut self,
        folder: &Path,
        resource: &str,
        clock: &StartClock,
        redaction: &Redaction<'_>,
    ) -> io::Result<()> {
        self.began = clock.start().to_string();
        let text = serde_json::to_string_pretty(self)?;
        fs::write(Self::path(folder, resource), redaction.text(&text) + "\n")
    }

    /// The resources whose fetches are recorded in a folder, sorted by name.
    pub(crate) fn resources(folder: &Path) -> Result<Vec<String>, CommandError> {
        let unreadable = |error| unreadable(folder, &error);
        let mut found = Vec::new();
        for entry in fs::read_dir(folder).map_err(unreadable)? {
            let name = entry.map_err(unreadable)?.file_name();
            let name = name.to_string_lossy();
            found.extend(name.strip_suffix(FETCH).map(str::to_owned));
        }
        found.sort();
        Ok(found)
    }

    /// Reads the record of a resource's fetch.
    pub(crate) fn read(folder: &Path, resource: &str) -> Result<Self, CommandError> {
        let path = Self::path(folder, resource);
        let text = fs::read_to_string(&path).map_err(|error| unreadable(&path, &error))?;
        serde_json::from_str(&text).map_err(|error| {
            let shown = shown(&path);
            CommandError::usage(format!(
                "`{shown}` is not the record of a fetch: {error}\n  help: delete the pages of `{resource}`, and save \
                 them again by `rest-source fetch SPEC {resource} --save {}`",
                self::shown(folder)
            ))
        })
    }
}

fn unreadable(path: &Path, error: &io::Error) -> CommandError {
    CommandError::usage(format!("cannot read `{}`: {error}", shown(path)))
}

/// A clock that remembers the first time of day that was read, which is when the fetch began.
#[derive(Clone)]
pub(crate) struct StartClock {
    clock: Arc<dyn Clock>,
    start: Arc<OnceLock<SystemTime>>,
}

impl StartClock {
    pub(crate) fn new(clock: Option<Arc<dyn Clock>>) -> Self {
        Self {
            clock: clock.unwrap_or_else(|| Arc::new(SystemClock::new())),
            start: Arc::default(),
        }
    }

    /// The first time of day that was read.
    fn start(&self) -> Timestamp {
        let start = *self.start.get_or_init(|| self.clock.now());
        Timestamp::try_from(start).unwrap_or(Timestamp::EPOCH)
    }
}

impl Clock for StartClock {
    fn now(&self) -> SystemTime {
        let now = self.clock.now();
        self.start.get_or_init(|| now);
        now
    }

    fn elapsed(&self) -> Duration {
        self.clock.elapsed()
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'_, ()> {
        self.clock.sleep(duration)
    }
}
