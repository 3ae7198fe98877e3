//! The records of all batches, as children, through a compiled connector.

use rest_source_benches::ours::count_children;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    count_children().await
}
