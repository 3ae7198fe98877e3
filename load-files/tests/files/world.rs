//! An API whose records change, and loads from it.

use std::sync::{Arc, Mutex};

use rest_source::Client;
use rest_source_load::{Destination, LoadError, LoadReport, Loading};
use rest_source_testkit::{Asked, Reply, Scripted};
use serde_json::{Map, Value, json};

/// The records of each path, and what is served of them.
#[derive(Debug, Default)]
pub(crate) struct Data {
    pub(crate) records: Map<String, Value>,
    /// The path whose page at this offset is an error.
    pub(crate) fails_at: Option<(String, usize)>,
}

impl Data {
    fn answer(&self, asked: &Asked) -> Reply {
        let path = asked.path();
        let offset = asked.number_in("offset").unwrap_or_default();
        if self
            .fails_at
            .as_ref()
            .is_some_and(|(at, page)| at == path && *page == offset)
        {
            return Reply::status(400);
        }
        let since = asked
            .param("since")
            .and_then(|since| since.parse::<i64>().ok());
        let records = self
            .records
            .get(path)
            .and_then(Value::as_array)
            .cloned()
            .unwrap_or_default();
        let records = records
            .into_iter()
            .filter(|one| since.is_none_or(|since| one["at"].as_i64() >= Some(since)));
        let page: Vec<Value> = records.skip(offset).take(4).collect();
        Reply::json(&json!({ "data": page }))
    }
}

pub(crate) struct World {
    pub(crate) server: Scripted,
    pub(crate) data: Arc<Mutex<Data>>,
}

impl World {
    pub(crate) async fn new() -> Self {
        let data = Arc::new(Mutex::new(Data::default()));
        let answers = Arc::clone(&data);
        let server =
            Scripted::start(move |asked: &Asked| answers.lock().unwrap().answer(asked)).await;
        Self {
            server: server.unwrap(),
            data,
        }
    }

    /// Serves these records.
    pub(crate) fn serve(&self, path: &str, records: Value) {
        self.data
            .lock()
            .unwrap()
            .records
            .insert(path.to_owned(), records);
    }

    pub(crate) fn client(&self, resources: &str) -> Client {
        client(self.server.url(), resources)
    }

    pub(crate) async fn try_load<D: Destination>(
        &self,
        resources: &str,
        to: &D,
        with: impl for<'a> Fn(Loading<'a, D>) -> Loading<'a, D>,
    ) -> Result<LoadReport, LoadError> {
        let client = self.client(resources);
        with(Loading::new(&client, to)).await
    }

    pub(crate) async fn load<D: Destination>(&self, resources: &str, to: &D) -> LoadReport {
        self.try_load(resources, to, |load| load).await.unwrap()
    }
}

/// A client of these resources.
pub(crate) fn client(url: &str, resources: &str) -> Client {
    let text = format!(
        "
name: shop
client:
  base_url: {url}
  paginator: {{ type: offset, limit: 4 }}
  retry: {{ max_retries: 0 }}
resource_defaults:
  endpoint: {{ data_selector: data }}
resources:
{resources}
"
    );
    let builder = rest_source_dynamic::client("specs/shop.yaml", &text);
    builder
        .unwrap_or_else(|error| panic!("{error}"))
        .build()
        .unwrap()
}
