//! Jobs of a load that is killed while the API runs them.

use std::{
    future::IntoFuture,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use rest_source_load::{Loading, Sqlite};
use rest_source_testkit::{Asked, Folder, Reply, Scripted};
use serde_json::json;

const SPEC: &str = "
client: { base_url: SERVER, paginator: single_page, retry: { backoff_factor: 0 } }
resources:
  - name: report
    primary_key: id
    write_disposition: replace
    endpoint:
      job:
        create: { path: reports }
        poll: { path: \"reports/{job.id}\" }
        until: { status: done }
        fail_if: { status: failed }
        interval: 1s
        download: { path: \"reports/{job.id}/rows\" }
    columns: { id: bigint! }
";

/// Loads until the time is up, as a killed process does, or to the end. Returns whether both rows are stored.
async fn load(server: &Scripted, database: &Sqlite, limit: Duration) -> bool {
    let spec = SPEC.replace("SERVER", server.url());
    let client = rest_source_dynamic::client("api.yaml", &spec).unwrap();
    let client = client.build().unwrap();
    let loading = Loading::new(&client, database).into_future();
    match tokio::time::timeout(limit, loading).await {
        Ok(Ok(report)) => report.resource("report").unwrap().rows == Some(2),
        Ok(Err(error)) => {
            assert!(error.to_string().contains("410"), "{error}");
            false
        }
        Err(_) => false,
    }
}

/// What is wrong with the first job, once jobs are done.
#[derive(Clone, Copy, PartialEq)]
enum Wrong {
    Nothing,
    Failed,
    RowsAreGone,
}

async fn serve(status: Arc<AtomicBool>, wrong: Wrong) -> Scripted {
    let created = std::sync::atomic::AtomicU32::new(0);
    let answer = move |asked: &Asked| match asked.line().as_str() {
        "POST /reports" => {
            let id = created.fetch_add(1, Ordering::Relaxed);
            Reply::json(&json!({ "id": format!("job-{id}") }))
        }
        "GET /reports/job-0" if wrong == Wrong::Failed && status.load(Ordering::Relaxed) => {
            Reply::json(&json!({ "status": "failed" }))
        }
        "GET /reports/job-0" | "GET /reports/job-1" => {
            let is_done = status.load(Ordering::Relaxed);
            Reply::json(&json!({ "status": if is_done { "done" } else { "running" } }))
        }
        "GET /reports/job-0/rows" if wrong == Wrong::RowsAreGone => Reply::status(410),
        _ => Reply::json(&json!([{ "id": 1 }, { "id": 2 }])),
    };
    Scripted::start(answer).await.unwrap()
}

fn posts(server: &Scripted) -> usize {
    let asked = server.asked();
    asked
        .iter()
        .filter(|asked| asked.line() == "POST /reports")
        .count()
}

#[tokio::test]
async fn a_job_is_resumed_by_the_load_after_a_killed_one() {
    let status = Arc::new(AtomicBool::new(false));
    let server = serve(Arc::clone(&status), Wrong::Nothing).await;
    let folder = Folder::new("job").unwrap();
    let database = Sqlite::open(folder.path().join("reports.db")).unwrap();
    for _ in 0..2 {
        assert!(!load(&server, &database, Duration::from_millis(800)).await);
        assert_eq!(posts(&server), 1);
    }
    status.store(true, Ordering::Relaxed);
    assert!(load(&server, &database, Duration::from_secs(60)).await);
    assert_eq!(posts(&server), 1);
    // Its records are stored: the next load creates a new one.
    assert!(load(&server, &database, Duration::from_secs(60)).await);
    assert_eq!(posts(&server), 2);
}

#[tokio::test]
async fn a_job_that_has_failed_is_created_anew() {
    let status = Arc::new(AtomicBool::new(false));
    let server = serve(Arc::clone(&status), Wrong::Failed).await;
    let folder = Folder::new("job").unwrap();
    let database = Sqlite::open(folder.path().join("reports.db")).unwrap();
    assert!(!load(&server, &database, Duration::from_millis(800)).await);
    status.store(true, Ordering::Relaxed);
    assert!(load(&server, &database, Duration::from_secs(60)).await);
    assert_eq!(posts(&server), 2);
}

#[tokio::test]
async fn a_job_whose_rows_cannot_be_fetched_is_created_anew() {
    let server = serve(Arc::new(AtomicBool::new(true)), Wrong::RowsAreGone).await;
    let folder = Folder::new("job").unwrap();
    let database = Sqlite::open(folder.path().join("reports.db")).unwrap();
    assert!(!load(&server, &database, Duration::from_secs(60)).await);
    assert!(load(&server, &database, Duration::from_secs(60)).await);
    assert_eq!(posts(&server), 2);
}
