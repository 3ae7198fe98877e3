//! Loads onto a disk that is full: an error, and a load that goes on once there is room.

#![expect(clippy::panic, reason = "it is part of tests")]

use rest_source::Client;
use rest_source_load::Loading;
use serde_json::{Value, json};

use crate::{
    ScriptedTransport, SmallDisk,
    merge_tables::{StoredRow, TestDestination},
    response,
};

const PAGES: usize = 20;
const PAGE: usize = 100;

/// The size of the disk, for which the rows are too many. The destination's own files fit.
pub const FULL_DISK_KIB: u32 = 700;
const LARGE_KIB: u32 = 64 << 10;

/// The resources: one is merged, the other replaced.
pub const FULL_DISK_RESOURCES: [&str; 2] = ["merged", "replaced"];

/// Loads a resource into a destination on a new disk of [`FULL_DISK_KIB`], and again with more room.
///
/// # Panics
///
/// When the first load does not fail, or the second one does not complete it.
pub async fn check_full_disk(disk: &SmallDisk, destination: &impl TestDestination, resource: &str) {
    let failed = load(destination, resource).await;
    assert!(failed.is_some(), "{resource}: all rows fit");
    assert!(disk.resize(LARGE_KIB), "the disk cannot be made larger");
    let failed = load(destination, resource).await;
    assert_eq!(failed, None, "{resource}");
    let rows = destination.rows(resource, resource).await;
    assert_eq!(rows.len(), PAGES * PAGE, "{resource}");
    let mut ids: Vec<Option<String>> = rows.into_iter().map(id).collect();
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), PAGES * PAGE, "{resource}");
}

fn id(mut row: StoredRow) -> Option<String> {
    row.remove("id").flatten()
}

/// Loads all pages. Returns the error.
async fn load(destination: &impl TestDestination, resource: &str) -> Option<String> {
    let client = client();
    let to = destination.open().await;
    let loaded = Loading::new(&client, &*to).resource(resource).await;
    loaded.err().map(|error| error.to_string())
}

fn client() -> Client {
    let spec = "
name: shop
client:
  base_url: https://api.example.com
  paginator: { type: page_number, base_page: 0, total_path: pages }
resource_defaults: { primary_key: id, endpoint: { data_selector: items }, columns: { id: bigint!, note: text } }
resources:
  - { name: merged, write_disposition: merge }
  - { name: replaced, write_disposition: replace }
";
    let transport = ScriptedTransport::new(|request| {
        let page = request
            .url
            .rsplit_once("page=")
            .and_then(|(_, page)| page.parse().ok());
        let first = page.unwrap_or(0) * PAGE;
        let items = (first..first + PAGE).map(|id| json!({ "id": id, "note": note(id) }));
        let body = json!({ "pages": PAGES, "items": items.collect::<Vec<Value>>() });
        Ok(response(200, &[], body.to_string()))
    });
    let builder = rest_source_dynamic::client("specs/shop.yaml", spec)
        .unwrap_or_else(|error| panic!("{error}"));
    let built = builder.transport(transport).build();
    built.unwrap_or_else(|error| panic!("{error}"))
}

/// A kilobyte that does not compress to nothing.
fn note(id: usize) -> String {
    let mut random = fastrand::Rng::with_seed(id as u64);
    (0..1_000).map(|_| random.alphanumeric()).collect()
}
