//! The load through a compiled connector.

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    rest_source_benches::loads::load().await
}
