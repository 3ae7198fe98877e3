//! Windows: how a range is cut, what each window requests, and where the next fetch starts.

use rest_source::{ErrorKind, Fetch, Json, Scalar, State};
use rest_source_testkit::{Asked, Reply};
use serde_json::{Value, json};

use crate::world::{Run, World, source};

/// The time of the world's clock, as its specs end.
const END: &str = "1970-01-01T00:16:40Z";

/// A source that is cut into windows of 100 s, up to second 1,000.
fn spec(client: &str, incremental: &str) -> String {
    source(
        client,
        &format!(
            "{{ path: things, paginator: single_page, \
             incremental: {{ initial_value: 1970-01-01T00:00:00Z, end_value: {END}, format: epoch_seconds, \
             start_param: from, end_param: to, step: 100s, {incremental} }} }}"
        ),
        "{ id: bigint!, at: { data_type: timestamp, format: epoch_seconds } }, primary_key: id",
    )
}

fn number(asked: &Asked, name: &str) -> usize {
    asked.number_in(name).unwrap()
}

/// The records at these seconds that a request asks for.
fn between(seconds: &[usize], asked: &Asked) -> Value {
    let (from, to) = (number(asked, "from"), number(asked, "to"));
    let wanted = seconds.iter().filter(|at| (from..to).contains(*at));
    wanted.map(|at| json!({ "id": at, "at": at })).collect()
}

fn ids(run: &Run) -> Vec<u64> {
    let ids = run.records.iter().map(|record| record["id"].as_u64());
    ids.flatten().collect()
}

fn cursor(state: &State) -> String {
    let state: Value = serde_json::from_str(&state.to_json()).unwrap();
    state["cursor"]["value"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn windows_cover_the_range_and_are_delivered_in_order() {
    let seconds = [0, 99, 100, 101, 555, 899, 900, 999];
    for concurrency in [1, 8] {
        let spec = spec(&format!("concurrency: {concurrency}"), "cursor_path: at");
        let run = World::new(&spec, move |asked| Reply::json(&between(&seconds, asked)))
            .await
            .run()
            .await;
        assert_eq!(ids(&run), seconds.map(|second| second as u64));
        let mut asked = run.asked.clone();
        asked.sort_unstable();
        let windows =
            (0..10).map(|at| format!("GET /things?from={}&to={}", at * 100, at * 100 + 100));
        assert_eq!(asked, windows.collect::<Vec<_>>());
        assert_eq!(cursor(&run.state.unwrap()), "1970-01-01T00:16:39Z");
    }
}

#[tokio::test]
async fn fetch_resumes_at_the_last_record_of_the_complete_windows() {
    let seconds = [5, 250, 650];
    for failing in [0, 100, 400, 900] {
        let spec = spec("concurrency: 3", "cursor_path: at");
        let world = World::new(&spec, move |asked| {
            let is_first = asked.number < 20 && asked.header("x-second").is_none();
            if number(asked, "from") == failing && is_first {
                return Reply::status(403);
            }
            Reply::json(&between(&seconds, asked))
        })
        .await;
        let first = world.run().await;
        first.fails(&ErrorKind::Status(403), &["window: "]);
        let delivered = ids(&first);
        let before = seconds.iter().filter(|at| **at < failing).count();
        assert_eq!(delivered.len(), before, "{delivered:?}");
        let from = match &first.state {
            Some(state) => cursor(state),
            None => "1970-01-01T00:00:00Z".to_owned(),
        };
        let start: rest_source::Timestamp = from.parse().unwrap();
        let last = seconds.iter().filter(|at| **at < failing).max();
        let last = last.copied().unwrap_or_default();
        assert_eq!(start.epoch_seconds(), i64::try_from(last).unwrap());
    }
}

#[tokio::test]
async fn range_without_records_moves_the_state_to_its_last_window() {
    let spec = spec("concurrency: 4", "cursor_path: at");
    let run = World::new(&spec, |_| Reply::json(&json!([])))
        .await
        .run()
        .await;
    assert!(run.end.is_ok());
    assert_eq!(cursor(&run.state.unwrap()), "1970-01-01T00:15:00Z");
}

#[tokio::test]
async fn next_fetch_continues_and_delivers_nothing_twice() {
    let spec = spec("concurrency: 4", "cursor_path: at");
    let world = World::new(&spec, |asked| Reply::json(&between(&[20, 950], asked))).await;
    let first = world.run().await;
    assert_eq!(ids(&first), [20, 950]);
    let second = world
        .run_as(|fetch| fetch.since(first.state.unwrap()))
        .await;
    assert_eq!(ids(&second), [] as [u64; 0]);
    assert_eq!(second.asked[10..], ["GET /things?from=950&to=1000"]);
}

#[tokio::test]
async fn state_of_records_without_a_cursor_is_the_end_of_the_last_window() {
    let spec = source(
        "concurrency: 2",
        &format!(
            "{{ path: things, paginator: single_page, incremental: {{ initial_value: 1970-01-01, \
             end_value: {END}, step: 500s, format: epoch_seconds, range_end: closed, start_param: from, end_param: to }} }}"
        ),
        "{ id: bigint! }, primary_key: id, write_disposition: merge",
    );
    let world = World::new(&spec, |asked| {
        Reply::json(&json!([{ "id": number(asked, "from") }]))
    })
    .await;
    let run = world.run().await;
    assert_eq!(ids(&run), [0, 500, 1000]);
    let mut asked = run.asked.clone();
    asked.sort_unstable();
    assert_eq!(
        asked,
        [
            "GET /things?from=0&to=499",
            "GET /things?from=1000&to=1000",
            "GET /things?from=500&to=999"
        ]
    );
    assert_eq!(cursor(run.state.as_ref().unwrap()), "1970-01-01T00:16:41Z");
    let again = world.run_as(|fetch| fetch.since(run.state.unwrap())).await;
    assert_eq!(again.asked.len(), 3, "nothing is left to request");
}

#[tokio::test]
async fn windows_of_one_parent_resume_at_its_state() {
    let spec = "client: { base_url: \"$BASE\", paginator: single_page }\n\
         resources:\n  \
         - { name: users, endpoint: users, columns: { id: bigint! }, primary_key: id }\n  \
         - name: visits\n    \
           endpoint: { path: 'users/{resources.users.id}', incremental: { initial_value: 2024-01-01, format: date, \
             end_value: 2024-01-05, step: 2d, start_param: from, end_param: to } }\n    \
           columns: json\n";
    let world = World::new(spec, |_| Reply::json(&json!([1]))).await;
    let visits = || {
        let visits = world.resource("visits").clone();
        let of = world
            .client
            .children::<Json, ()>(visits, |()| vec![Scalar::from(7)]);
        of.of(&())
    };
    let mut first = visits().pages();
    while let Some(page) = first.next().await {
        page.unwrap();
    }
    let mut asked = world.asked();
    asked.sort_unstable();
    assert_eq!(
        asked,
        [
            "GET /users/7?from=2024-01-01&to=2024-01-03",
            "GET /users/7?from=2024-01-03&to=2024-01-05"
        ]
    );
    assert_eq!(
        visits().since(first.state().unwrap()).all().await.unwrap(),
        [] as [Json; 0]
    );
    assert_eq!(world.asked().len(), 2, "nothing is left to request");
}

#[tokio::test]
async fn window_given_up_after_its_retries_is_fetched_again() {
    let rule = "response_actions: [{ status_code: 500, action: retry, after_retries: ignore }]";
    let spec = spec("concurrency: 1", "cursor_path: at").replace(
        "paginator: single_page,",
        &format!("paginator: single_page, {rule},"),
    );
    let world = World::new(&spec, |asked| match number(asked, "from") {
        300 => Reply::status(500),
        _ => Reply::json(&json!([])),
    })
    .await;
    let run = world.run_as(Fetch::allow_incomplete).await;
    assert_eq!(cursor(&run.state.unwrap()), "1970-01-01T00:05:00Z");
}

#[tokio::test]
async fn window_that_is_too_large_is_halved() {
    let rule = "response_actions: [{ status_code: 400, content: too many, action: split_window }]";
    let spec = spec("concurrency: 4", "cursor_path: at, granularity: 1s");
    let spec = spec.replace(
        "paginator: single_page,",
        &format!("paginator: single_page, {rule},"),
    );
    let seconds = [0, 310, 320, 330, 340, 999];
    let world = World::new(&spec, move |asked| {
        let found = between(&seconds, asked);
        if found.as_array().unwrap().len() > 1 {
            return Reply::status(400).body("too many records");
        }
        Reply::json(&found)
    })
    .await;
    let run = world.run().await;
    assert_eq!(ids(&run), [0, 310, 320, 330, 340, 999]);
    assert!(
        run.asked
            .contains(&"GET /things?from=300&to=350".to_owned()),
        "{:?}",
        run.asked
    );

    let world = World::new(&spec, |_| Reply::status(400).body("too many records")).await;
    let run = world.run().await;
    run.fails(
        &ErrorKind::WindowTooLarge,
        &["window: ", "cannot be split further"],
    );
}

#[tokio::test]
async fn one_parameter_may_hold_both_ends() {
    let spec = source(
        "concurrency: 1",
        "{ path: things, paginator: single_page, \
         params: { filter: 'ts ge {incremental.start_value} and ts lt {incremental.end_value}' }, \
         incremental: { cursor_path: day, initial_value: 2024-02-27, end_value: 2024-03-02, step: 2d } }",
        "{ day: date }",
    );
    let run = World::new(&spec, |_| Reply::json(&json!([])))
        .await
        .run()
        .await;
    run.asks(&[
        "GET /things?filter=ts%20ge%202024-02-27%20and%20ts%20lt%202024-02-29",
        "GET /things?filter=ts%20ge%202024-02-29%20and%20ts%20lt%202024-03-02",
    ]);
}

#[tokio::test]
async fn range_of_each_parent_is_cut_into_windows() {
    let spec = "client: { base_url: \"$BASE\", paginator: single_page, concurrency: 3 }\n\
         resources:\n  \
         - { name: users, endpoint: users, columns: { id: bigint! }, primary_key: id }\n  \
         - name: visits\n    \
           endpoint: { path: 'users/{resources.users.id}/visits', incremental: { cursor_path: day, initial_value: 2024-01-01, \
             end_value: 2024-01-05, step: 2d, start_param: from, end_param: to } }\n    \
           columns: { day: date! }\n";
    let world = World::new(spec, |asked| {
        if asked.path() == "/users" {
            return Reply::json(&json!([{ "id": 1 }, { "id": 2 }]));
        }
        Reply::json(&json!([{ "day": asked.param("from").unwrap() }]))
    })
    .await;
    let run = world.run().await;
    let days: Vec<_> = run
        .records
        .iter()
        .map(|record| record["day"].as_str().unwrap())
        .collect();
    assert_eq!(
        days,
        ["2024-01-01", "2024-01-03", "2024-01-01", "2024-01-03"]
    );
    assert_eq!(run.report.parents, 2);
    let again = world.run_as(|fetch| fetch.since(run.state.unwrap())).await;
    assert_eq!(again.records, [] as [Value; 0]);
    let mut asked = again.asked[6..].to_vec();
    asked.sort_unstable();
    assert_eq!(
        asked,
        [
            "GET /users/1/visits?from=2024-01-03&to=2024-01-05",
            "GET /users/2/visits?from=2024-01-03&to=2024-01-05"
        ]
    );
}
