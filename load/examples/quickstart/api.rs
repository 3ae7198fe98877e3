//! Which API is asked: the one in the environment, or a server of our own on loopback.

use std::{env, error::Error};

use rest_source_testkit::{Fault, Server, Wait, data};
use serde_json::json;

use crate::media;

/// An API, and the source that asks it.
pub(crate) struct Api {
    source: media::Source,
    server: Option<Server>,
}

/// The API of the environment where there is one, else a server that is started here.
pub(crate) async fn connect() -> Result<Api, Box<dyn Error>> {
    let set = |name| env::var_os(name).is_some();
    match (
        set("MEDIA_INSIGHTS_API_KEY"),
        set("MEDIA_INSIGHTS_BASE_URL"),
    ) {
        (true, true) => {
            println!("Asking the API at MEDIA_INSIGHTS_BASE_URL.");
            Ok(Api {
                source: media::Source::from_env()?,
                server: None,
            })
        }
        (false, false) => start().await,
        _ => Err("set both `MEDIA_INSIGHTS_API_KEY` and `MEDIA_INSIGHTS_BASE_URL`, or none".into()),
    }
}

async fn start() -> Result<Api, Box<dyn Error>> {
    let server = Server::start(data::media_insights()).await?;
    // Now and then it wants to be left alone for a second, or has a moment of weakness.
    server
        .faults()
        .every(12, Fault::too_many_requests(Wait::Seconds(1)));
    server.faults().every(19, Fault::status(503));
    println!("Asking a server of our own at {}.", server.url());
    println!("It answers some requests with 429 or 503, so that there is something to retry.");
    let source = media::Source::builder()
        .secrets(media::Secrets {
            api_key: data::API_KEY.into(),
        })
        .config(media::Config {
            base_url: server.url().to_owned(),
        })
        .build()?;
    Ok(Api {
        source,
        server: Some(server),
    })
}

impl Api {
    pub(crate) fn source(&self) -> &media::Source {
        &self.source
    }

    /// Two stories change at the server, where it is ours.
    pub(crate) fn change_something(&self) {
        if let Some(server) = &self.server {
            let stories = server.dataset("stories");
            stories.update(0, json!({ "name": "changed" }));
            stories.insert(json!({ "id": "story-new", "name": "new" }));
            println!("At the server, one story was changed and one was added.\n");
        }
    }
}
