//! `--max-requests` and `--max-time`: the budget of a run.

use std::time::Duration;

use rest_source::RunBudget;

/// The budget of a run.
#[derive(Clone, Debug, Default, clap::Args)]
pub(crate) struct Budget {
    /// The maximum number of requests. Every attempt counts: retries, redirects, requests for parents and tokens. A run
    /// that needs more ends with exit code 4 and keeps what arrived
    #[arg(long, value_name = "REQUESTS", value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) max_requests: Option<u64>,
    /// The time in which requests may begin, such as `90s`, `10m` or `1h30m`. Requests in flight may finish. A run that
    /// needs longer ends as with `--max-requests`
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    pub(crate) max_time: Option<Duration>,
}

impl Budget {
    /// The budget of all sources of the run.
    pub(crate) fn of_run(&self) -> RunBudget {
        let budget = RunBudget::new();
        let budget = match self.max_requests {
            Some(requests) => budget.max_requests(requests),
            None => budget,
        };
        match self.max_time {
            Some(time) => budget.max_time(time),
            None => budget,
        }
    }
}

/// A duration longer than zero, as in specs.
pub(crate) fn duration(text: &str) -> Result<Duration, String> {
    match rest_source_codegen::duration(text) {
        Ok(Duration::ZERO) => Err("it is zero".to_owned()),
        Ok(duration) => Ok(duration),
        Err(why) => Err(format!("{why}, such as `90s`, `10m` or `1h30m`")),
    }
}
