//! `rest-source work`: loads in parts, by several processes.

#[cfg(feature = "postgres")]
mod queue;

use std::{path::PathBuf, time::Duration};

use clap::{Subcommand, ValueEnum};
use rest_source::{Error, permits::Share};

use crate::{
    args::SourceAccess,
    budget::{Budget, duration},
    context::Context,
    destination::{self, To},
    interrupt::NetworkCommand,
    lock::LockOptions,
    logs::LogOptions,
    source_load::BaseLoadOptions,
    variables::SecretSources,
};

/// What is said of a worker that a signal ended.
#[cfg(feature = "postgres")]
const INTERRUPTED: &str =
    "interrupted: other workers fetch the parts that it had claimed, when their leases expire";

/// Load a source in parts, by several processes
///
/// `work plan` divides resources into parts, and stores them in a Postgres database. Any number of `work run` processes
/// fetch the parts, and publish the rows together when all parts have arrived.
#[derive(Debug, Subcommand)]
pub(crate) enum WorkCommand {
    Plan(Box<Plan>),
    Run(Box<Run>),
    Status(Status),
}

/// The queue.
#[derive(Debug, clap::Args)]
pub(crate) struct Queue {
    /// The Postgres database that the rows are loaded into, as for `load`. It holds the queue, too
    #[arg(long, value_name = "DESTINATION", value_parser = destination::argument)]
    to: To,
    /// The schema, instead of the first of the database's search path
    #[arg(long, value_name = "NAME")]
    schema: Option<String>,
}

/// The source.
#[derive(Debug, clap::Args)]
pub(crate) struct Source {
    /// The spec, a YAML file: the same for the plan and its workers
    spec: PathBuf,
    #[command(flatten)]
    access: SourceAccess,
}

/// Divide resources into parts: windows, combinations of `partitions`, records of parents
///
/// Fetches the parents, and no record of the resources. Exits with 5 if a resource has unfinished work, or is being loaded.
#[derive(Debug, clap::Args)]
pub(crate) struct Plan {
    #[command(flatten)]
    source: Source,
    #[command(flatten)]
    queue: Queue,
    /// The number of partitions, such as records of a parent, in a part. A window is a part of its own
    #[arg(long, value_name = "COUNT", default_value_t = 20, value_parser = clap::value_parser!(u16).range(1..))]
    partitions: u16,
    /// Discard unfinished work on these resources, with the rows that it has staged
    #[arg(long)]
    replace: bool,
    #[command(flatten)]
    options: BaseLoadOptions,
    #[command(flatten)]
    lock: LockOptions,
    #[command(flatten)]
    pub(crate) logs: LogOptions,
}

/// Fetch planned parts until all of them are published
///
/// Run as many as are useful, on any machines. Each takes its secrets from its own environment. A worker that is killed
/// loses nothing: others fetch its parts again. Exits with 0 when all planned work of the source is published, whichever
/// worker did it.
#[derive(Debug, clap::Args)]
pub(crate) struct Run {
    #[command(flatten)]
    source: Source,
    #[command(flatten)]
    queue: Queue,
    /// How the workers share the `rate_limit` of the spec: `lease`, permits in the queue's database; `share:INDEX/COUNT`,
    /// a part of the limit for each of COUNT workers, INDEX from 0; or `local`, the whole limit for each worker
    #[arg(long, value_name = "KIND", default_value = "lease", value_parser = limiter)]
    limiter: Limiter,
    /// The name of the limit that leases are of, for accounts with limits of their own. Without it, the origin, the limits
    /// and the names of the secrets are one
    #[arg(long, value_name = "NAME")]
    limit_key: Option<String>,
    /// How long a part belongs to a worker that gives no sign of life
    #[arg(long, value_name = "DURATION", default_value = "60s", value_parser = duration)]
    lease: Duration,
    /// How often a part is fetched before the work on its resource fails
    #[arg(long, value_name = "COUNT", default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..))]
    attempts: u32,
    /// The maximum number of parts that the worker fetches at the same time, instead of the spec's `concurrency`
    #[arg(long, value_name = "COUNT", value_parser = clap::value_parser!(u16).range(1..))]
    parts_at_once: Option<u16>,
    #[command(flatten)]
    budget: Budget,
    #[command(flatten)]
    pub(crate) logs: LogOptions,
}

/// Show how the planned work stands
///
/// Sends no request to an API. Exits with 3 if the work on a resource failed.
#[derive(Debug, clap::Args)]
pub(crate) struct Status {
    #[command(flatten)]
    queue: Queue,
    /// Output format
    #[arg(long, value_enum, default_value_t = StatusFormat::Text)]
    format: StatusFormat,
    #[command(flatten)]
    secrets: SecretSources,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum StatusFormat {
    /// A line for each resource
    Text,
    /// One JSON document
    Json,
}

/// How workers share the rate limits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Limiter {
    Lease,
    Share(Share),
    Local,
}

fn limiter(text: &str) -> Result<Limiter, String> {
    let wrong = || "write `lease`, `local` or `share:INDEX/COUNT`, such as `share:0/4`".to_owned();
    match text {
        "lease" => return Ok(Limiter::Lease),
        "local" => return Ok(Limiter::Local),
        _ => {}
    }
    let share = text.strip_prefix("share:").ok_or_else(wrong)?;
    if !share.contains('/') {
        return Err(wrong());
    }
    let share = share.parse();
    share
        .map(Limiter::Share)
        .map_err(|error: Error| error.to_string())
}

pub(crate) fn run(command: WorkCommand, context: &Context) -> NetworkCommand {
    let context = context.clone();
    #[cfg(feature = "postgres")]
    return match command {
        WorkCommand::Plan(plan) => NetworkCommand::new(
            queue::plan(*plan, context),
            "interrupted: nothing was planned",
        ),
        WorkCommand::Run(run) => queue::run(*run, context),
        WorkCommand::Status(status) => {
            NetworkCommand::new(queue::status(status, context), "interrupted")
        }
    };
    #[cfg(not(feature = "postgres"))]
    {
        let _ = (command, context);
        NetworkCommand::new(
            async { Err(destination::missing("postgres")) },
            "interrupted",
        )
    }
}
