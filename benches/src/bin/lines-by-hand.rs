//! JSON Lines: the loop that most people write.

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    rest_source_benches::json_lines::by_hand().await
}
