//! JSON Lines: typed records of a compiled connector.

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    rest_source_benches::json_lines::typed().await
}
