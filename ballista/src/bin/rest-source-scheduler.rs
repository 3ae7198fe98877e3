//! A scheduler of Ballista that knows scans of resources.

use std::{net::SocketAddr, sync::Arc};

use ballista_scheduler::{
    cluster::BallistaCluster, config::SchedulerConfig, scheduler_process::start_server,
};
use clap::Parser;
use rest_source_ballista::{ballista_scheduler, scheduler};
use tracing_subscriber::EnvFilter;

/// Divide queries over REST APIs among executors
///
/// Needs no spec and no secret: queries bring their plan. Who reaches its port can run queries. `RUST_LOG` says what is logged.
#[derive(Debug, Parser)]
#[command(version)]
struct Scheduler {
    /// The address to listen at
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:50050")]
    listen: SocketAddr,
    /// The name by which executors reach this host
    #[arg(long, value_name = "HOST", default_value = "localhost")]
    host: String,
    /// After how many seconds without a sign of life an executor is lost, and others run its tasks again
    #[arg(long, value_name = "SECONDS", default_value_t = 60, value_parser = clap::value_parser!(u64).range(1..))]
    executor_timeout: u64,
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let args = Scheduler::parse();
    tracing_subscriber::fmt()
        .with_env_filter(EnvFilter::from_default_env())
        .with_writer(std::io::stderr)
        .init();
    let config = SchedulerConfig {
        bind_host: args.listen.ip().to_string(),
        bind_port: args.listen.port(),
        external_host: args.host,
        executor_timeout_seconds: args.executor_timeout,
        expire_dead_executor_interval_seconds: args.executor_timeout.div_ceil(4),
        ..scheduler()
    };
    let cluster = BallistaCluster::new_from_config(&config).await?;
    start_server(cluster, args.listen, Arc::new(config)).await?;
    Ok(())
}
