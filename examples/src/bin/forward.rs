//! Sends records as JSON to another HTTP service, in batches.
//!
//! The state is kept in a file: it moves on only when all records have been accepted, so a record may be sent twice, and
//! is never lost.

#![allow(clippy::print_stdout)]

use std::{error::Error, fs, path::Path};

use rest_source::{State, rest_source};
use serde::Serialize;

#[rest_source("specs/media.yaml")]
pub mod media {
    /// A story, with what the other service needs.
    #[derive(Debug, serde::Serialize)]
    pub struct Stories {
        /// Key.
        pub id: String,
        /// Title.
        pub name: String,
        /// Views of the profile, if the API knows them.
        pub profile_views: Option<i64>,
    }
}

/// How many records a request has.
const BATCH: usize = 50;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let media = media::Source::from_env()?;
    let to = std::env::var("FORWARD_URL")?;
    let count = forward(&media, &to, Path::new("forward.state.json")).await?;
    println!("{count} records sent");
    Ok(())
}

/// Sends the records that are new since the state of the file.
async fn forward(media: &media::Source, to: &str, state: &Path) -> Result<usize, Box<dyn Error>> {
    let mut fetch = media.stories();
    if state.exists() {
        fetch = fetch.since(State::from_json(&fs::read_to_string(state)?)?);
    }
    // The workspace builds reqwest without a provider of cryptography: here it is the one of rest-source.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let http = reqwest::Client::new();
    let mut stories = fetch.stream();
    let (mut batch, mut count) = (Vec::new(), 0);
    while let Some(story) = stories.next().await {
        batch.push(story?);
        if batch.len() == BATCH {
            count += send(&http, to, &mut batch).await?;
        }
    }
    count += send(&http, to, &mut batch).await?;
    if let Some(new) = stories.state() {
        fs::write(state, new.to_json())?;
    }
    Ok(count)
}

/// Sends a batch, and empties it.
async fn send<R: Serialize>(
    http: &reqwest::Client,
    to: &str,
    batch: &mut Vec<R>,
) -> Result<usize, Box<dyn Error>> {
    if !batch.is_empty() {
        let response = http.post(to).json(batch).send().await?;
        response.error_for_status()?;
    }
    Ok(std::mem::take(batch).len())
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use axum::{Json, Router, http::StatusCode, routing::post};
    use rest_source_mock::{Mocked as _, json};
    use serde_json::Value;
    use tokio::net::TcpListener;

    use super::*;

    type Received = Arc<Mutex<Vec<Vec<Value>>>>;

    /// A service that takes batches, but not that with this number.
    async fn service(refused: Option<usize>) -> (String, Received) {
        let received = Received::default();
        let batches = Arc::clone(&received);
        let accept = move |Json(batch): Json<Vec<Value>>| async move {
            let mut batches = batches.lock().unwrap();
            if Some(batches.len()) == refused {
                return StatusCode::SERVICE_UNAVAILABLE;
            }
            batches.push(batch);
            StatusCode::NO_CONTENT
        };
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let router = Router::new().route("/", post(accept));
        tokio::spawn(async move { axum::serve(listener, router).await });
        (url, received)
    }

    #[tokio::test]
    async fn records_are_sent_in_batches_and_again_after_a_failure() {
        let story = |n: u64| json!({ "id": format!("story-{n}"), "name": "a", "updated_at": format!("2026-11-21T09:{:02}:{:02}Z", n / 60, n % 60) });
        let api = media::Source::mock()
            .records("stories", (0..120).map(story))
            .start()
            .unwrap();
        let state =
            std::env::temp_dir().join(format!("rest-source-forward-{}", std::process::id()));
        let _ = fs::remove_file(&state);

        let (url, _) = service(Some(1)).await;
        forward(&api.source(), &url, &state).await.unwrap_err();
        assert!(!state.exists());

        let (url, received) = service(None).await;
        assert_eq!(forward(&api.source(), &url, &state).await.unwrap(), 120);
        let sizes: Vec<usize> = received.lock().unwrap().iter().map(Vec::len).collect();
        assert_eq!(sizes, [50, 50, 20]);
        let first = json!({ "id": "story-0", "name": "a", "profile_views": null });
        assert_eq!(received.lock().unwrap()[0][0], first);
        // The state has moved on: nothing is new.
        assert_eq!(forward(&api.source(), &url, &state).await.unwrap(), 0);
        fs::remove_file(&state).unwrap();
    }
}
