//! Runs a query over the resources of a spec on a cluster, and prints its rows:
//!
//! ```sh
//! cargo run -p rest-source-ballista --features binaries --example query -- \
//!     specs/media_insights.yaml http://localhost:50050 'SELECT count(*) FROM media_insights.stories'
//! ```

#![expect(clippy::print_stdout, reason = "it prints the rows")]

use std::{env, error::Error, fs};

use futures_util::TryStreamExt as _;
use rest_source_ballista::{
    Cluster,
    rest_source_datafusion::{datafusion::arrow::util::pretty::pretty_format_batches, register},
};

/// How many partitions a scan has at most.
const PARTITIONS: usize = 64;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let args: Vec<String> = env::args().skip(1).collect();
    let [spec, scheduler, query] = &args[..] else {
        return Err("usage: query SPEC SCHEDULER QUERY".into());
    };
    let client = rest_source_dynamic::client(spec, &fs::read_to_string(spec)?)?.build()?;
    let cluster = Cluster::new(scheduler);
    let session = cluster.session(PARTITIONS);
    register(&session, &client.plan().name, &client)?;
    let query = session.sql(query).await?;
    let batches: Vec<_> = cluster.run(query).await?.try_collect().await?;
    println!("{}", pretty_format_batches(&batches)?);
    Ok(())
}
