//! What a load checks, keeps and removes in a folder.

use std::{fs, path::Path, time::Duration};

use rest_source::{Client, State};
use rest_source_load::{Destination, LoadError, LoadStatus, Loading};
use rest_source_load_files::{Files, Format};
use rest_source_testkit::Folder;
use serde_json::{Value, json};

use crate::{
    stored::{assert_clean, listed, manifest, read, rows, visible},
    world::World,
};

const ORDERS: &str = "
  - name: orders
    write_disposition: merge
    primary_key: id
    columns: { id: bigint!, day: date, at: timestamp }
";
const VISITS: &str = "
  - name: visits
    write_disposition: append
    columns: { id: bigint! }
";

fn orders(count: i64) -> Value {
    let day = |id: i64| format!("2026-01-0{}", 1 + id % 3);
    let order =
        |id: i64| json!({ "id": id, "day": day(id), "at": format!("{}T10:00:00.5Z", day(id)) });
    (0..count).map(order).collect()
}

async fn world() -> (World, Folder) {
    let world = World::new().await;
    world.serve("/orders", orders(10));
    world.serve("/visits", orders(5));
    (world, Folder::new("files").unwrap())
}

fn shown(result: Result<rest_source_load::LoadReport, LoadError>) -> String {
    result.unwrap_err().to_string()
}

#[tokio::test]
async fn partitions_are_folders_and_rows_move_between_them() {
    let (world, folder) = world().await;
    let root = folder.path();
    let files = Files::folder(root).partition_by(["day", "at", "absent"]);
    world.load(ORDERS, &files).await;
    let file = |day: &str| {
        let folder = root.join(format!("orders/day={day}/at_date={day}"));
        fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .next()
            .unwrap()
    };
    assert_eq!(visible(root, "orders").len(), 3);
    let line = r#"{"id":0,"at":"2026-01-01T10:00:00.500000+00:00"}"#;
    assert_eq!(read(&file("2026-01-01"))[0], line);
    world.serve(
        "/orders",
        json!([{ "id": 0, "day": null, "at": null }, { "id": 1 }, { "id": 4 }, { "id": 7 }]),
    );
    world.load(ORDERS, &files).await;
    assert_eq!(rows(root, "orders", "orders").len(), 10);
    let moved =
        root.join("orders/day=__HIVE_DEFAULT_PARTITION__/at_date=__HIVE_DEFAULT_PARTITION__");
    assert_eq!(fs::read_dir(moved).unwrap().count(), 1);
    assert!(
        !root.join("orders/day=2026-01-02").exists(),
        "a partition without rows has no folder"
    );
    assert_clean(root, "orders", "orders");
}

#[tokio::test]
async fn files_are_rolled_by_size_and_small_ones_are_joined() {
    let (world, folder) = world().await;
    let root = folder.path();
    world.serve("/visits", orders(200));
    let files = Files::folder(root).roll_at(500);
    world.load(VISITS, &files).await;
    let sizes: Vec<u64> = visible(root, "visits")
        .iter()
        .map(|path| path.metadata().unwrap().len())
        .collect();
    assert!(
        sizes.len() > 3 && sizes.iter().all(|size| *size < 1_000),
        "{sizes:?}"
    );
    world.serve("/visits", orders(1));
    let files = Files::folder(root);
    for _ in 0..20 {
        world.load(VISITS, &files).await;
    }
    assert_eq!(rows(root, "visits", "visits").len(), 220);
    assert!(visible(root, "visits").len() < 8);
    assert_clean(root, "visits", "visits");
}

#[tokio::test]
async fn merge_rewrites_only_the_files_that_hold_changed_rows() {
    let (world, folder) = world().await;
    let root = folder.path();
    // No two files are small enough to be joined.
    let files = Files::folder(root).roll_at(200);
    world.serve("/orders", orders(40));
    world.load(ORDERS, &files).await;
    let before = visible(root, "orders");
    world.serve("/orders", json!([{ "id": 20, "day": "2027-01-01" }]));
    world.load(ORDERS, &files).await;
    let after = visible(root, "orders");
    assert_eq!(
        before.difference(&after).count(),
        1,
        "one file held the row"
    );
    assert_eq!(
        after.difference(&before).count(),
        2,
        "its other rows, and the new one"
    );
    assert_eq!(rows(root, "orders", "orders").len(), 40);
}

#[tokio::test]
async fn pages_of_one_load_are_published_together() {
    let (world, folder) = world().await;
    let root = folder.path();
    let files = Files::folder(root);
    world.serve("/orders", orders(40));
    world.load(ORDERS, &files).await;
    assert_eq!(manifest(root, "orders").unwrap()["version"], 1);
    let each = Files::folder(root).publish_every(Duration::ZERO);
    let each_page = world.try_load(ORDERS, &each, |load| load.commit_rows(1));
    each_page.await.unwrap();
    assert!(manifest(root, "orders").unwrap()["version"].as_u64() > Some(9));
    let manifests = fs::read_dir(root.join("orders/_manifests"))
        .unwrap()
        .count();
    assert!(manifests <= 6, "{manifests}");
}

#[tokio::test]
async fn failed_load_publishes_what_was_committed() {
    let (world, folder) = world().await;
    let root = folder.path();
    world.data.lock().unwrap().fails_at = Some(("/orders".to_owned(), 8));
    world.data.lock().unwrap().fails_at = Some(("/visits".to_owned(), 4));
    let both = format!("{ORDERS}{VISITS}");
    let files = Files::folder(root);
    let error = world
        .try_load(&both, &files, |load| load)
        .await
        .unwrap_err();
    assert!(error.to_string().contains("`visits`"), "{error}");
    assert_eq!(
        (
            rows(root, "orders", "orders").len(),
            rows(root, "visits", "visits").len()
        ),
        (10, 0)
    );
    world.data.lock().unwrap().fails_at = Some(("/orders".to_owned(), 8));
    world.serve("/orders", orders(30));
    let error = world
        .try_load(ORDERS, &files, |load| load)
        .await
        .unwrap_err();
    assert!(
        error
            .to_string()
            .contains("8 records before it were committed"),
        "{error}"
    );
    assert_eq!(rows(root, "orders", "orders").len(), 10);
    assert_eq!(error.failed[0].rows, Some(10));
    assert_clean(root, "orders", "orders");
}

#[tokio::test]
async fn state_is_published_with_the_rows() {
    let (world, folder) = world().await;
    let root = folder.path();
    let events = "
  - name: events
    write_disposition: append
    endpoint: { incremental: { cursor_path: at, start_param: since } }
    columns: { id: bigint!, at: bigint! }
";
    let records = |count: i64| {
        (0..count)
            .map(|id| json!({ "id": id, "at": id }))
            .collect::<Value>()
    };
    world.serve("/events", records(6));
    let files = Files::folder(root);
    world.load(events, &files).await;
    let manifest = manifest(root, "events").unwrap();
    State::from_json(manifest["parts"][""]["state"].as_str().unwrap()).unwrap();
    world.serve("/events", records(9));
    let report = world.load(events, &files).await;
    assert_eq!(
        (report.resources[0].written, report.resources[0].rows),
        (3, Some(9))
    );
}

#[tokio::test]
async fn deleted_files_are_loaded_again_if_all_are_deleted_and_an_error_if_some_are() {
    let (world, folder) = world().await;
    let root = folder.path();
    let files = Files::folder(root).roll_at(200);
    world.load(ORDERS, &files).await;
    let one = listed(root, "orders", "orders")[0].0.clone();
    fs::remove_file(&one).unwrap();
    let error = shown(world.try_load(ORDERS, &files, |load| load).await);
    assert!(
        error.contains("is missing, and the manifest of `orders` lists it"),
        "{error}"
    );
    world
        .try_load(ORDERS, &files, |load| load.full_refresh())
        .await
        .unwrap();
    assert_eq!(rows(root, "orders", "orders").len(), 10);
    for (path, _) in listed(root, "orders", "orders") {
        fs::remove_file(path).unwrap();
    }
    let report = world.load(ORDERS, &files).await;
    let notes = &report.resources[0].fetched.notes;
    assert_eq!(
        notes[0],
        "the files of the table `orders` were deleted since the last load: loaded from the start"
    );
    assert_eq!(rows(root, "orders", "orders").len(), 10);
    assert_clean(root, "orders", "orders");
}

#[tokio::test]
async fn lost_and_damaged_manifests_and_changed_files_are_errors_and_nothing_is_removed() {
    let (world, folder) = world().await;
    let root = folder.path();
    let files = Files::folder(root);
    world.load(ORDERS, &files).await;
    world.load(ORDERS, &files).await;
    // The API has no longer what the files hold.
    world.serve("/orders", json!([]));
    let before = visible(root, "orders");
    let manifests = root.join("orders/_manifests");
    let newest = fs::read_dir(&manifests)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|ending| ending == "json"))
        .max()
        .unwrap();
    let contents = fs::read(&newest).unwrap();
    let attempt = async || shown(world.try_load(ORDERS, &files, |load| load).await);

    for damaged in [&b""[..], &contents[..contents.len() / 2]] {
        fs::write(&newest, damaged).unwrap();
        let error = attempt().await;
        assert!(error.contains(".json` cannot be read: "), "{error}");
    }
    fs::write(&newest, &contents).unwrap();

    let file = listed(root, "orders", "orders")[0].0.clone();
    let lines = fs::read(&file).unwrap();
    fs::write(&file, &lines[..lines.len() / 2]).unwrap();
    let error = attempt().await;
    assert!(error.contains("it was changed"), "{error}");
    fs::write(&file, &lines).unwrap();

    fs::remove_dir_all(&manifests).unwrap();
    let error = attempt().await;
    assert!(error.contains("`orders/_manifests` is missing"), "{error}");
    assert_eq!(visible(root, "orders"), before);

    // The advice of the last error.
    fs::remove_dir_all(root.join("orders")).unwrap();
    world.load(ORDERS, &files).await;
}

#[tokio::test]
async fn flipped_byte_of_the_keys_is_an_error_and_a_full_refresh_replaces_them() {
    let (world, folder) = world().await;
    let root = folder.path();
    let files = Files::folder(root);
    world.load(ORDERS, &files).await;
    let keys = fs::read_dir(root.join("orders/_keys")).unwrap();
    let keys = keys.map(|entry| entry.unwrap().path()).next().unwrap();
    let bytes = fs::read(&keys).unwrap();
    for at in [0, bytes.len() / 2, bytes.len() - 1] {
        let mut flipped = bytes.clone();
        flipped[at] ^= 1;
        fs::write(&keys, flipped).unwrap();
        let before = visible(root, "orders");
        let error = shown(world.try_load(ORDERS, &files, |load| load).await);
        assert!(error.contains("of keys is damaged"), "{error}");
        assert_eq!(visible(root, "orders"), before);
    }
    world
        .try_load(ORDERS, &files, |load| load.full_refresh())
        .await
        .unwrap();
    assert_clean(root, "orders", "orders");
}

#[tokio::test]
async fn list_that_the_spec_has_no_more_keeps_its_files() {
    let (world, folder) = world().await;
    let root = folder.path();
    world.serve("/orders", json!([{ "id": 1, "lines": [{ "sku": "x" }] }]));
    let with_lines = "
  - name: orders
    write_disposition: merge
    primary_key: id
    columns: { id: bigint!, lines: { data_type: array, as: table, columns: { sku: text } } }
";
    let without = "
  - { name: orders, write_disposition: merge, primary_key: id, columns: { id: bigint! } }
";
    let files = Files::folder(root);
    world.load(with_lines, &files).await;
    world.load(without, &files).await;
    assert_eq!(visible(root, "orders_lines").len(), 1);
    let error = shown(world.try_load(with_lines, &files, |load| load).await);
    assert!(
        error.contains("the table `orders_lines` is missing"),
        "{error}"
    );
    world
        .try_load(with_lines, &files, |load| load.full_refresh())
        .await
        .unwrap();
    assert_eq!(rows(root, "orders", "orders_lines").len(), 1);
    assert_clean(root, "orders", "orders_lines");
}

#[tokio::test]
async fn report_counts_no_rows_of_commits_that_were_not_published() {
    let (world, folder) = world().await;
    let root = folder.path();
    let files = Files::folder(root);
    let ticks = "
  - name: ticks
    write_disposition: append
    endpoint: { incremental: { cursor_path: at, start_param: since, row_order: asc } }
    columns: { id: bigint!, at: bigint! }
";
    let records: Value = (0..12).map(|id| json!({ "id": id, "at": id })).collect();
    world.serve("/ticks", records);
    world.data.lock().unwrap().fails_at = Some(("/ticks".to_owned(), 8));
    let manifests = root.join("ticks/_manifests");
    let client = world.client(ticks);
    // The folder of the manifests cannot be written when the commits are published.
    let load = Loading::new(&client, &files).on_progress(|progress| {
        if progress.pages == 2 {
            fs::remove_dir_all(&manifests).unwrap();
            fs::write(&manifests, "").unwrap();
        }
    });
    let failed = load.await.unwrap_err();
    assert!(!failed.to_string().contains("were committed"), "{failed}");
    assert_eq!(failed.failed[0].written, 0);
}

#[tokio::test]
async fn load_that_was_overtaken_leaves_no_files() {
    let (world, folder) = world().await;
    let root = folder.path();
    let files = Files::folder(root).format(Format::JsonLines);
    let (a, b) = tokio::join!(
        world.try_load(ORDERS, &files, |load| load),
        world.try_load(ORDERS, &files, |load| load),
    );
    assert!(a.is_ok() || b.is_ok());
    assert_eq!(rows(root, "orders", "orders").len(), 10);
    let published: usize = visible(root, "orders")
        .iter()
        .map(|file| read(file).len())
        .sum();
    assert_eq!(published, 10);
}

/// A client of one tenant of a source.
fn tenant(world: &World, name: &str, tenant: &str) -> Client {
    let text = format!(
        "
name: {name}
client: {{ base_url: \"{}\", paginator: {{ type: offset, limit: 4 }} }}
config: {{ tenant: text }}
resources:
  - name: orders
    endpoint: {{ data_selector: data }}
    include_from_config: [tenant]
    write_disposition: merge
    primary_key: [tenant, id]
    columns: {{ id: bigint! }}
",
        world.server.url()
    );
    let client = rest_source_dynamic::client("specs/shop.yaml", &text).unwrap();
    client.setting("tenant", tenant).build().unwrap()
}

/// Loads one client, and another one while the first page of the first is written. Returns the outcome of the first.
async fn load_within<'a>(
    outer: &'a Client,
    inner: Client,
    files: &'a Files,
    root: &Path,
) -> Result<rest_source_load::LoadReport, LoadError> {
    let (mut inner, root) = (Some(inner), root.to_owned());
    let load = Loading::new(outer, files).on_progress(move |_| {
        let Some(inner) = inner.take() else { return };
        let root = root.clone();
        let other = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .unwrap();
            let files = Files::folder(root).format(Format::JsonLines);
            let loaded = runtime.block_on(Loading::new(&inner, &files).into_future());
            loaded.unwrap();
        });
        other.join().unwrap();
    });
    load.await
}

#[tokio::test(flavor = "multi_thread")]
async fn first_loads_of_two_tenants_into_one_table_may_run_at_the_same_time() {
    let (world, folder) = world().await;
    let root = folder.path();
    let files = Files::folder(root).format(Format::JsonLines);
    let outer = tenant(&world, "shop", "a");
    load_within(&outer, tenant(&world, "shop", "b"), &files, root)
        .await
        .unwrap();
    assert_eq!(rows(root, "orders", "orders").len(), 20);
    // The keys of both are those of one table: nothing is stored twice.
    for name in ["a", "b"] {
        let client = tenant(&world, "shop", name);
        Loading::new(&client, &files).await.unwrap();
    }
    assert_eq!(rows(root, "orders", "orders").len(), 20);
    assert_clean(root, "orders", "orders");
}

#[tokio::test(flavor = "multi_thread")]
async fn first_loads_of_two_sources_do_not_share_a_table() {
    let (world, folder) = world().await;
    let root = folder.path();
    let files = Files::folder(root).format(Format::JsonLines);
    let outer = tenant(&world, "shop", "a");
    let error = shown(load_within(&outer, tenant(&world, "store", "a"), &files, root).await);
    assert!(
        error.contains("the table `orders` belongs to another resource, `store.orders`"),
        "{error}"
    );
    assert_eq!(rows(root, "orders", "orders").len(), 10);
}

#[tokio::test]
async fn files_of_others_are_kept_and_foreign_folders_are_not_taken() {
    let (world, folder) = world().await;
    let root = folder.path();
    fs::create_dir_all(root.join("orders")).unwrap();
    fs::write(root.join("orders/mine.jsonl"), "{}\n").unwrap();
    let files = Files::folder(root);
    let error = shown(world.try_load(ORDERS, &files, |load| load).await);
    assert!(
        error.contains("`orders` has a file that no load wrote, `orders/mine.jsonl`"),
        "{error}"
    );
    world
        .try_load(ORDERS, &files, |load| load.adopt())
        .await
        .unwrap();
    world
        .try_load(ORDERS, &files, |load| load.full_refresh())
        .await
        .unwrap();
    assert_eq!(
        fs::read_to_string(root.join("orders/mine.jsonl")).unwrap(),
        "{}\n"
    );
    let other = Folder::new("files").unwrap();
    let files = Files::folder(other.path());
    world.load(ORDERS, &files).await;
    fs::write(other.path().join("orders/mine.jsonl"), "{}\n").unwrap();
    let error = shown(world.try_load(ORDERS, &files, |load| load).await);
    assert!(error.contains("that no load wrote"), "{error}");
}

#[tokio::test]
async fn files_that_killed_loads_left_are_removed_and_those_of_running_loads_are_not() {
    let (world, folder) = world().await;
    let root = folder.path();
    let files = Files::folder(root);
    world.load(ORDERS, &files).await;
    let (killed, running) = ("1-18c2f0a4b5d6e7f8", "2-18c2f0a4b5d6e7f8");
    let left = |run: &str| {
        [
            format!("orders/{run}-000001.jsonl"),
            format!("orders/day=1/{run}-000002.jsonl"),
            format!("orders/_keys/{run}-000001.jsonl.keys"),
            format!("orders/_staging/{run}-000003.jsonl.tmp"),
        ]
        .map(|path| root.join(path))
    };
    for path in left(killed).iter().chain(&left(running)) {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, "").unwrap();
    }
    fs::create_dir_all(root.join("_locks")).unwrap();
    let lock = fs::File::create(root.join("_locks").join(running)).unwrap();
    lock.lock().unwrap();
    world.load(ORDERS, &files).await;
    assert!(left(killed).iter().all(|path| !path.exists()));
    assert!(left(running).iter().all(|path| path.exists()));
    drop(lock);
    world.load(ORDERS, &files).await;
    assert_clean(root, "orders", "orders");
}

#[tokio::test]
async fn table_of_another_resource_is_not_taken() {
    let (world, folder) = world().await;
    let root = folder.path();
    let files = Files::folder(root);
    let nested = "
  - name: orders
    write_disposition: merge
    primary_key: id
    columns:
      id: bigint!
      lines: { data_type: array, as: table, columns: { sku: text } }
";
    world.load(nested, &files).await;
    let lines = "
  - name: orders_lines
    endpoint: orders
    columns: { id: bigint! }
";
    let error = shown(world.try_load(lines, &files, |load| load).await);
    assert!(
        error.contains("the table `orders_lines` belongs to another resource, `shop.orders`"),
        "{error}"
    );
}

#[tokio::test]
async fn stored_files_must_fit_the_spec() {
    let (world, folder) = world().await;
    let files = Files::folder(folder.path());
    world.load(ORDERS, &files).await;
    let csv = files.clone().format(Format::Csv);
    let error = shown(world.try_load(ORDERS, &csv, |load| load).await);
    assert!(
        error.contains("they are jsonl, and the load writes csv"),
        "{error}"
    );
    let retyped = ORDERS.replace("day: date", "day: text");
    let error = shown(world.try_load(&retyped, &files, |load| load).await);
    assert!(
        error.contains("the column `day` holds date, the spec's holds text"),
        "{error}"
    );
    let rekeyed = ORDERS
        .replace("primary_key: id", "primary_key: [id, day]")
        .replace("day: date", "day: date!");
    let error = shown(
        world
            .try_load(&rekeyed, &files, |load| load.keep_state())
            .await,
    );
    assert!(
        error.contains("they have the key id, not the key id, day"),
        "{error}"
    );
    world
        .try_load(ORDERS, &csv, |load| load.full_refresh())
        .await
        .unwrap();
    let added = ORDERS.replace("day: date", "day: date, note: text");
    world.load(&added, &csv).await;
    assert_clean(folder.path(), "orders", "orders");
}

#[cfg(feature = "parquet")]
#[tokio::test]
async fn types_that_parquet_stores_alike_are_told_apart() {
    let (world, folder) = world().await;
    let files = Files::folder(folder.path()).format(Format::Parquet);
    let text = ORDERS.replace("day: date", "day: text");
    world.load(&text, &files).await;
    let json = ORDERS.replace("day: date", "day: json");
    let error = shown(world.try_load(&json, &files, |load| load).await);
    assert!(
        error.contains("the column `day` holds text (Utf8), the spec's holds json (Utf8)"),
        "{error}"
    );
}

#[tokio::test]
async fn resources_of_a_killed_load_are_not_appended_again() {
    let (world, folder) = world().await;
    let root = folder.path();
    let both = format!("{VISITS}{ORDERS}");
    let client = world.client(&both);
    let files = Files::folder(root);
    // Dropped after the first resource, as by a kill.
    let (sender, receiver) = tokio::sync::oneshot::channel();
    let mut sender = Some(sender);
    {
        let load = Loading::new(&client, &files)
            .resources_at_once(1)
            .on_progress(|progress| {
                if progress.resource == "orders"
                    && let Some(sender) = sender.take()
                {
                    let _ = sender.send(());
                }
            });
        tokio::select! {
            biased;
            _ = receiver => {}
            _ = load.into_future() => panic!("it was not killed"),
        }
    }
    drop(files);
    // Work that the load had begun on another thread holds its lock until it is done.
    while fs::read_dir(root.join("_locks")).unwrap().count() > 0 {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    assert_eq!(rows(root, "visits", "visits").len(), 5);
    let files = Files::folder(root);
    // With another prefix it is another load.
    let load = Loading::new(&client, &files).table_prefix("b_");
    load.await.unwrap();
    let report = world.load(&both, &files).await;
    assert_eq!(report.appended_by_killed_load, ["visits"]);
    assert_eq!(
        (
            rows(root, "visits", "visits").len(),
            rows(root, "orders", "orders").len()
        ),
        (5, 10)
    );
    world.load(&both, &files).await;
    assert_eq!(rows(root, "visits", "visits").len(), 10);
}

#[tokio::test]
async fn history_has_a_line_for_the_beginning_and_the_end_of_each_load() {
    let (world, folder) = world().await;
    world.load(VISITS, &Files::folder(folder.path())).await;
    let history = fs::read_to_string(folder.path().join("_loads.jsonl")).unwrap();
    let statuses: Vec<Value> = history
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap()["status"].clone())
        .collect();
    assert_eq!(statuses, ["running", "loaded"]);
    // A killed load may have left the start of a line.
    let (cut, _) = history.trim_end().split_at(history.len() - 20);
    fs::write(folder.path().join("_loads.jsonl"), cut).unwrap();
    let files = Files::folder(folder.path());
    world.load(VISITS, &files).await;
    let loads = files.history(10).await.unwrap();
    assert_eq!(
        loads.iter().map(|load| load.status).collect::<Vec<_>>(),
        [LoadStatus::Loaded, LoadStatus::Interrupted]
    );
    assert_eq!(
        fs::read_dir(Path::new(folder.path()).join("_locks"))
            .unwrap()
            .count(),
        0
    );
}

#[tokio::test]
async fn second_load_of_a_resource_is_refused_or_waits() {
    let (world, folder) = world().await;
    let root = folder.path();
    // As two processes have it.
    let files = || Files::folder(root).format(Format::JsonLines);
    let (client, first, other) = (world.client(ORDERS), files(), files());
    let mut refused = Vec::new();
    let load = Loading::new(&client, &first).on_progress(|_| {
        // The lock is held while pages are written.
        let locks: Vec<_> = fs::read_dir(root.join("_locks"))
            .unwrap()
            .flatten()
            .collect();
        let is_of_orders =
            |entry: &fs::DirEntry| entry.file_name().to_string_lossy().starts_with("orders-");
        let lock = locks.into_iter().find(is_of_orders).unwrap();
        refused.push(fs::File::open(lock.path()).unwrap().try_lock().is_err());
    });
    load.await.unwrap();
    assert!(!refused.is_empty() && refused.iter().all(|refused| *refused));
    assert_eq!(fs::read_dir(root.join("_locks")).unwrap().count(), 0);

    let (a, b) = tokio::join!(
        Loading::new(&client, &first).into_future(),
        Loading::new(&client, &other).into_future(),
    );
    let error = match (a, b) {
        (Ok(_), Err(error)) | (Err(error), Ok(_)) => error,
        both => panic!("{both:?}"),
    };
    assert_eq!(*error.errors[0].kind(), rest_source::ErrorKind::Locked);
    let process = format!("by process {} on `", std::process::id());
    assert!(error.to_string().contains(&process), "{error}");

    let most = Duration::from_secs(30);
    let (a, b) = tokio::join!(
        Loading::new(&client, &first)
            .wait(most, |_| ())
            .into_future(),
        Loading::new(&client, &other)
            .wait(most, |_| ())
            .into_future(),
    );
    a.unwrap();
    b.unwrap();
}
