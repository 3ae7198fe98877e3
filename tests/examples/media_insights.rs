//! Serves the API that the examples of `docs/COMMAND.md` ask, until it is interrupted.

#![expect(
    clippy::print_stdout,
    reason = "what it prints is what the shell has to export"
)]

use std::error::Error;

use rest_source_testkit::{Server, data};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let server = Server::start(data::media_insights()).await?;
    println!("export MEDIA_INSIGHTS_API_KEY='{}'", data::API_KEY);
    println!("export MEDIA_INSIGHTS_BASE_URL={}", server.url());
    std::future::pending().await
}
