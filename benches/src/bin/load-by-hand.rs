//! The load that most people write.

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    rest_source_benches::loads_by_hand::load().await
}
