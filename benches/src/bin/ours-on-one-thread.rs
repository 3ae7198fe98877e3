//! The same through a compiled connector, on one thread: what hops between threads cost the other.

use rest_source_benches::ours::count;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    count().await
}
