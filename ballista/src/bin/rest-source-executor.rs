//! An executor of Ballista that fetches from REST APIs.

use std::{env, error::Error, net::IpAddr, sync::Arc};

use ballista_executor::executor_process::{ExecutorProcessConfig, start_executor_process};
use clap::Parser;
use rest_source::{
    Builder, Client, ErrorKind,
    permits::{Lease, RateLimiting, Share},
    plan::SourcePlan,
};
use rest_source_ballista::{Sources, ballista_executor, executor};
use rest_source_load_postgres::{Options, PostgresPermits};
use tracing_subscriber::EnvFilter;

/// Fetch from REST APIs, for the queries of a cluster
///
/// Secrets come from the environment, under the names that `rest-source secrets SPEC` lists. Settings come with the query. Who
/// reaches its ports can run queries. `RUST_LOG` says what is logged.
#[derive(Debug, Parser)]
#[command(version)]
struct Executor {
    /// The host of the scheduler
    #[arg(long, value_name = "HOST", default_value = "localhost")]
    scheduler: String,
    /// The port of the scheduler
    #[arg(long, value_name = "PORT", default_value_t = 50050)]
    scheduler_port: u16,
    /// The address to listen at
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1")]
    listen: IpAddr,
    /// The port for results, which the other executors and the process with the query reach
    #[arg(long, value_name = "PORT", default_value_t = 50051)]
    port: u16,
    /// The port for the scheduler
    #[arg(long, value_name = "PORT", default_value_t = 50052)]
    grpc_port: u16,
    /// The name by which the others reach this host, instead of the address of its connection
    #[arg(long, value_name = "HOST")]
    host: Option<String>,
    /// The most tasks at a time. Each has the requests in flight of a fetch
    #[arg(long, value_name = "COUNT", default_value_t = 4, value_parser = clap::value_parser!(u16).range(1..))]
    tasks: u16,
    /// The seconds between signs of life
    #[arg(long, value_name = "SECONDS", default_value_t = 15, value_parser = clap::value_parser!(u64).range(1..))]
    heartbeat: u64,
    /// How the executors share the `rate_limit` of a spec: `lease`, permits in a Postgres database; `share:INDEX/COUNT`, a
    /// part of the limit for each of COUNT executors, INDEX from 0; or `local`, the whole limit for each executor. Without it,
    /// a spec with a `rate_limit` is an error
    #[arg(long, value_name = "KIND", value_parser = limiter)]
    limiter: Option<Limiter>,
    /// The environment variable with the URL of the database for `--limiter lease`
    #[arg(long, value_name = "VARIABLE", required_if_eq("limiter", "lease"))]
    permits: Option<String>,
    /// The name of the limit that leases are of, for accounts with limits of their own
    #[arg(long, value_name = "NAME")]
    limit_key: Option<String>,
}

#[derive(Clone, Copy, Debug)]
enum Limiter {
    Lease,
    Share(Share),
    Local,
}

fn limiter(text: &str) -> Result<Limiter, String> {
    match (text, text.strip_prefix("share:")) {
        ("lease", _) => Ok(Limiter::Lease),
        ("local", _) => Ok(Limiter::Local),
        (_, Some(share)) => {
            let share = share.parse().map(Limiter::Share);
            share.map_err(|error: rest_source::Error| error.to_string())
        }
        _ => Err("write `lease`, `local` or `share:INDEX/COUNT`, such as `share:0/4`".to_owned()),
    }
}

impl Executor {
    async fn rate_limiting(&self) -> Result<Option<RateLimiting>, Box<dyn Error>> {
        let Some(limiter) = self.limiter else {
            return Ok(None);
        };
        Ok(Some(match limiter {
            Limiter::Local => RateLimiting::Local,
            Limiter::Share(share) => RateLimiting::Share(share),
            Limiter::Lease => {
                let name = self.permits.as_deref().unwrap_or_default();
                let url = env::var(name)
                    .map_err(|_| format!("`{name}` is not set: the URL of a Postgres database"))?;
                let lease = Lease::new(PostgresPermits::connect(Options::new(&url)?).await?);
                RateLimiting::Lease(match &self.limit_key {
                    Some(key) => lease.key(key),
                    None => lease,
                })
            }
        }))
    }
}

/// The client of a source, if what is said of the rate limit is enough for it.
fn connect(
    limiting: Option<&RateLimiting>,
    plan: &SourcePlan,
    builder: Builder<Client>,
) -> rest_source::Result<Client> {
    match limiting {
        Some(limiting) => builder.rate_limiting(limiting.clone()).build(),
        None if plan.rate_limits.is_empty() => builder.build(),
        None => {
            let message = format!("executors do not share the `rate_limit` of `{}`", plan.name);
            Err(rest_source::Error::new(ErrorKind::Config, message).with_help(
                "start them with `--limiter lease` or `--limiter share:INDEX/COUNT`, or with `--limiter local` if there is one",
            ))
        }
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let args = Executor::parse();
    tracing_subscriber::fmt()
        .with_env_filter(EnvFilter::from_default_env())
        .with_writer(std::io::stderr)
        .init();
    let limiting = args.rate_limiting().await?;
    let sources = Sources::built_by(move |plan, builder| connect(limiting.as_ref(), plan, builder));
    let config = ExecutorProcessConfig {
        bind_host: args.listen.to_string(),
        external_host: args.host,
        port: args.port,
        grpc_port: args.grpc_port,
        scheduler_host: args.scheduler,
        scheduler_port: args.scheduler_port,
        vcores: usize::from(args.tasks),
        executor_heartbeat_interval_seconds: args.heartbeat,
        ..executor(sources)
    };
    start_executor_process(Arc::new(config)).await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use rest_source::plan::{Part, RateLimit, Template};

    use super::*;

    #[test]
    fn a_rate_limit_that_executors_do_not_share_is_an_error() {
        let limited = SourcePlan {
            name: "shop".into(),
            base_url: Template(vec![Part::Text("https://api.example.com".into())].into()),
            rate_limits: vec![RateLimit {
                requests: 100,
                per: std::time::Duration::from_secs(1),
            }]
            .into(),
            ..SourcePlan::DEFAULT
        };
        let connected = |limiting: Option<RateLimiting>, plan: &SourcePlan| {
            connect(limiting.as_ref(), plan, Client::builder(plan.clone()))
        };
        let error = connected(None, &limited).unwrap_err().to_string();
        assert!(error.contains("`rate_limit` of `shop`"), "{error}");
        assert!(connected(Some(RateLimiting::Local), &limited).is_ok());
        let unlimited = SourcePlan {
            rate_limits: Vec::new().into(),
            ..limited
        };
        assert!(connected(None, &unlimited).is_ok());
    }

    #[test]
    fn a_limiter_is_one_of_three_kinds() {
        assert!(matches!(limiter("lease"), Ok(Limiter::Lease)));
        assert!(matches!(limiter("share:0/4"), Ok(Limiter::Share(_))));
        assert!(limiter("share:4/4").unwrap_err().contains("no process 4"));
        assert!(limiter("share:x").unwrap_err().contains("INDEX/COUNT"));
        assert!(limiter("shared").unwrap_err().contains("`lease`, `local`"));
    }
}
