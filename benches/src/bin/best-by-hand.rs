//! The best loop we know how to write by hand: one thread, text checked once, and the next page asked
//! for before this one is read.

use std::time::Instant;

use rest_source_benches::{Cost, arguments, by_hand::Page, client, say};

async fn body(client: reqwest::Client, url: String) -> Result<Vec<u8>, reqwest::Error> {
    let mut response = client.get(url).send().await?.error_for_status()?;
    let length = response
        .content_length()
        .and_then(|n| usize::try_from(n).ok())
        .unwrap_or(0);
    let mut body = Vec::with_capacity(length);
    while let Some(chunk) = response.chunk().await? {
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let start = Instant::now();
    let (base, limit, _) = arguments()?;
    let client = client()?;
    let ask = |offset: u64| {
        let url = format!("{base}/events?offset={offset}&limit={limit}");
        tokio::spawn(body(client.clone(), url))
    };
    let (mut offset, mut records, mut sum) = (0, 0, 0);
    let mut next = ask(0);
    loop {
        let text = String::from_utf8(next.await??)?;
        next = ask(offset + limit);
        let page: Page = serde_json::from_str(&text)?;
        offset += page.data.len() as u64;
        for event in &page.data {
            records += 1;
            sum += event.value;
        }
        if page.data.is_empty() || offset >= page.total {
            next.abort();
            break;
        }
    }
    say(&Cost::of_this_process(std::hint::black_box(records), start)?.line());
    std::hint::black_box(sum);
    Ok(())
}
