//! The loop that most people write: reqwest, owned serde structs, one page after the other.

use std::time::Instant;

use rest_source_benches::{Cost, arguments, by_hand::Page, client, say};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let start = Instant::now();
    let (base, limit, _) = arguments()?;
    let client = client()?;
    let (mut offset, mut records, mut sum) = (0, 0, 0);
    loop {
        let url = format!("{base}/events?offset={offset}&limit={limit}");
        let page: Page = client
            .get(url)
            .send()
            .await?
            .error_for_status()?
            .json()
            .await?;
        offset += page.data.len() as u64;
        for event in &page.data {
            records += 1;
            sum += event.value;
        }
        if page.data.is_empty() || offset >= page.total {
            break;
        }
    }
    say(&Cost::of_this_process(std::hint::black_box(records), start)?.line());
    std::hint::black_box(sum);
    Ok(())
}
