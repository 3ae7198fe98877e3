//! An axum service that fetches on request: `GET /stories?limit=10&since=2026-01-02T00:00:00Z`.
//!
//! All requests share one source, and so its connections and its rate limiter.

use std::error::Error;

use axum::{
    Json, Router,
    extract::{Query, State},
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::get,
};
use rest_source::{ErrorKind, rest_source};
use serde::Deserialize;
use serde_json::json;

#[rest_source("specs/media.yaml")]
pub mod media {
    /// A story, as the service returns it.
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

/// The most stories of a response.
const MOST: u64 = 100;

#[derive(Debug, Deserialize)]
struct Wanted {
    limit: Option<u64>,
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let source = media::Source::from_env()?;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:3000").await?;
    axum::serve(listener, service(source)).await?;
    Ok(())
}

fn service(source: media::Source) -> Router {
    Router::new()
        .route("/stories", get(stories))
        .with_state(source)
}

async fn stories(
    State(media): State<media::Source>,
    Query(wanted): Query<Wanted>,
) -> Result<Response, Failure> {
    let limit = wanted.limit.unwrap_or(MOST).min(MOST);
    // Dropping the future, as axum does when the client goes away, ends the fetch.
    let stories = media.stories().limit(limit).all().await.map_err(Failure)?;
    Ok(Json(stories).into_response())
}

/// An error of the API behind the service.
struct Failure(rest_source::Error);

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let status = match self.0.kind() {
            ErrorKind::RateLimit { .. } => StatusCode::SERVICE_UNAVAILABLE,
            _ => StatusCode::BAD_GATEWAY,
        };
        // It holds no secret. Its further lines are for the log.
        let error = self.0.to_string();
        let error = error.lines().next().unwrap_or_default();
        (status, Json(json!({ "error": error }))).into_response()
    }
}

#[cfg(test)]
mod tests {
    use rest_source_mock::{Fault, Mocked as _};
    use serde_json::Value;

    use super::*;

    /// The status and the body of a response of the service.
    async fn ask(source: media::Source, path: &str) -> (u16, Value) {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}{path}", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, service(source)).await });
        let _ = rustls::crypto::ring::default_provider().install_default();
        let response = reqwest::get(url).await.unwrap();
        (response.status().as_u16(), response.json().await.unwrap())
    }

    #[tokio::test]
    async fn stories_are_fetched_on_request() {
        let story = |n: u64| json!({ "id": format!("story-{n}"), "name": "a", "updated_at": "2026-11-21T09:30:00Z" });
        let api = media::Source::mock()
            .records("stories", (0..250).map(story))
            .start()
            .unwrap();
        let (status, body) = ask(api.source(), "/stories?limit=2").await;
        assert_eq!(status, 200);
        let first = json!({ "id": "story-0", "name": "a", "profile_views": null });
        assert_eq!((body.as_array().unwrap().len(), &body[0]), (2, &first));
        let (_, body) = ask(api.source(), "/stories?limit=1000").await;
        assert_eq!(body.as_array().unwrap().len(), 100);
    }

    #[tokio::test]
    async fn failure_of_the_api_is_a_bad_gateway() {
        let api = media::Source::mock()
            .fault(Fault::status(404))
            .start()
            .unwrap();
        let (status, body) = ask(api.source(), "/stories").await;
        assert_eq!(
            (status, body["error"].as_str()),
            (502, Some("`stories`: answered 404"))
        );
    }
}
