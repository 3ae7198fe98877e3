//! The same through a compiled connector.

use rest_source_benches::ours::count;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    count().await
}
