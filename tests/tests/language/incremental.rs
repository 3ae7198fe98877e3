//! Only what is new: what is asked for, what is let through, and what is remembered.

use rest_source::{ErrorKind, State};
use rest_source_testkit::{Asked, Reply};
use serde_json::{Value, json};

use crate::world::{Run, World, source};

const COLUMNS: &str =
    "{ id: text!, at: timestamp, size: bigint, day: date, share: double, price: decimal }";

/// A source whose records have a time, a number and a day.
fn spec(incremental: &str) -> String {
    source(
        "concurrency: 1",
        &format!("{{ path: things, paginator: single_page, incremental: {{ {incremental} }} }}"),
        &format!("{COLUMNS}, primary_key: id, write_disposition: merge"),
    )
}

fn at(id: &str, hour: u32) -> Value {
    json!({ "id": id, "at": format!("2026-01-01T{hour:02}:00:00Z") })
}

async fn world(incremental: &str, records: Value) -> World {
    World::new(&spec(incremental), move |_| Reply::json(&records)).await
}

fn ids(run: &Run) -> Vec<&str> {
    if let Err(error) = &run.end {
        panic!("{error}");
    }
    run.records
        .iter()
        .map(|one| one["id"].as_str().unwrap())
        .collect()
}

/// What a fetch since this value asks for, of a resource like this.
async fn asks(incremental: &str, since: Option<&str>, column: &str, data_type: &str) -> String {
    let world = world(incremental, json!([])).await;
    let run = world.run_as(|fetch| match since {
        None => fetch,
        Some(value) => fetch.since(state(column, data_type, value)).keep_state(),
    });
    let run = run.await;
    assert!(run.end.is_ok(), "{:?}", run.end);
    run.asked[0].clone()
}

fn state(column: &str, data_type: &str, value: &str) -> State {
    let cursor = json!({ "column": column, "type": data_type, "value": value });
    let state = json!({
        "version": 3, "resource": "things", "cursor": cursor, "seen_by": { "key": ["id"] },
        "seen": [], "request": {}, "start": null,
    });
    State::from_json(&state.to_string()).unwrap()
}

#[tokio::test]
async fn the_end_of_the_year_9999_is_an_instant_to_start_and_to_end_at() {
    let never = "9999-12-31T23:59:59Z";
    let records = json!([{ "id": "a", "at": never }, { "id": "b", "at": "2026-01-01T00:00:00Z" }]);
    let incremental = "cursor_path: at, start_param: from, future_cursor: keep";
    let mut run = world(incremental, records.clone()).await.run().await;
    assert_eq!(ids(&run), ["a", "b"]);
    assert_eq!(run.records[0]["at"], never);
    let stored = run.state.take().unwrap().to_json();
    let state = State::from_json(&stored).unwrap();
    let world = world(incremental, records).await;
    // The server has another port.
    let run = world.run_as(|fetch| fetch.since(state).keep_state()).await;
    assert_eq!(run.asked, ["GET /things?from=9999-12-31T23:59:59Z"]);
    // What was last is known by its key.
    assert_eq!(ids(&run), [] as [&str; 0]);
}

#[tokio::test]
async fn the_first_fetch_starts_at_the_initial_value_and_ends_at_the_end() {
    let run = |records| async move {
        world(
            "cursor_path: at, initial_value: \"2026-01-01T02:00:00Z\", \
             end_value: \"2026-01-01T04:00:00Z\", start_param: from, end_param: to",
            records,
        )
        .await
        .run()
        .await
    };
    let run = run(json!([
        at("a", 1),
        at("b", 2),
        at("c", 3),
        at("d", 4),
        at("e", 5)
    ]))
    .await;
    assert_eq!(
        ids(&run),
        ["b", "c"],
        "closed at the start and open at the end"
    );
    assert_eq!(run.report.outside_range, 3);
    run.asks(&["GET /things?from=2026-01-01T02:00:00Z&to=2026-01-01T04:00:00Z"]);
    assert_eq!(run.state.unwrap().cursor(), "2026-01-01T03:00:00Z");
}

#[tokio::test]
async fn a_range_is_open_or_closed_as_it_says() {
    let records = json!([at("a", 1), at("b", 2), at("c", 3), at("d", 4), at("e", 5)]);
    for (range, kept) in [
        ("range_start: closed, range_end: open", vec!["b", "c"]),
        ("range_start: open, range_end: open", vec!["c"]),
        (
            "range_start: closed, range_end: closed",
            vec!["b", "c", "d"],
        ),
        ("range_start: open, range_end: closed", vec!["c", "d"]),
    ] {
        let incremental = format!(
            "cursor_path: at, initial_value: \"2026-01-01T02:00:00Z\", \
             end_value: \"2026-01-01T04:00:00Z\", {range}"
        );
        let run = world(&incremental, records.clone()).await.run().await;
        assert_eq!(ids(&run), kept, "{range}");
    }
}

#[tokio::test]
async fn the_next_fetch_knows_what_it_saw_at_its_start() {
    let world = World::new(&spec("cursor_path: at, start_param: since"), |asked| {
        Reply::json(&match asked.number {
            0 => json!([at("a", 1), at("b", 2), at("c", 2)]),
            _ => json!([at("b", 2), at("c", 2), at("d", 2), at("e", 3), at("a", 1)]),
        })
    })
    .await;
    let first = world.run().await;
    assert_eq!(ids(&first), ["a", "b", "c"]);
    let state = first.state.unwrap();
    let second = world.run_as(|fetch| fetch.since(state.clone())).await;
    assert_eq!(ids(&second), ["d", "e"]);
    assert_eq!(second.report.outside_range, 3);
    second.asks(&["GET /things", "GET /things?since=2026-01-01T02:00:00Z"]);
    assert_eq!(second.state.unwrap().cursor(), "2026-01-01T03:00:00Z");
    // A full refresh forgets the start.
    let third = world
        .run_as(|fetch| fetch.since(state).full_refresh())
        .await;
    assert_eq!(ids(&third).len(), 5);
    assert_eq!(third.asked.last().unwrap(), "GET /things");
}

#[tokio::test]
async fn a_start_is_sent_in_its_format() {
    let since = Some("2026-01-01T02:00:00Z");
    for (format, sent) in [
        ("", "2026-01-01T02:00:00Z"),
        (", format: rfc3339", "2026-01-01T02:00:00Z"),
        (", format: date", "2026-01-01"),
        (", format: epoch_seconds", "1767232800"),
        (", format: epoch_millis", "1767232800000"),
        (", format: \"%d/%m/%Y %H:%M\"", "01/01/2026%2002:00"),
    ] {
        let incremental = format!("cursor_path: at, start_param: since{format}");
        let asked = asks(&incremental, since, "at", "timestamp").await;
        assert_eq!(asked, format!("GET /things?since={sent}"), "{format}");
    }
}

#[tokio::test]
async fn a_start_is_written_and_sent_as_its_column_is() {
    for (column, initial, sent, value) in [
        (
            "{ data_type: date, format: \"%d.%m.%Y\" }",
            "01.02.2026",
            "01.02.2026",
            json!("03.02.2026"),
        ),
        (
            "{ data_type: date, format: \"%d.%m.%Y\" }",
            "2026-02-01",
            "01.02.2026",
            json!("01.02.2026"),
        ),
        (
            "{ data_type: timestamp, format: epoch_seconds }",
            "2026-01-01T02:00:00Z",
            "1767232800",
            json!(1_767_232_800),
        ),
        (
            "{ data_type: timestamp, format: epoch_millis }",
            "2026-01-01T02:00:00Z",
            "1767232800000",
            json!(1_767_232_800_001_u64),
        ),
        (
            "timestamp",
            "2026-01-01T03:00:00+01:00",
            "2026-01-01T02:00:00Z",
            json!("2026-01-01T02:00:00Z"),
        ),
        (
            "{ data_type: timestamp, format: date, timezone: Europe/Berlin }",
            "2026-02-01T12:00:00Z",
            "2026-02-01",
            json!("2026-02-02"),
        ),
        ("text", "b", "b", json!("c")),
        (
            "{ data_type: decimal, precision: 9, scale: 2 }",
            "1.50",
            "1.5",
            json!(1.5),
        ),
    ] {
        let spec = source(
            "concurrency: 1",
            &format!(
                "{{ path: things, paginator: single_page, \
                 incremental: {{ cursor_path: mark, initial_value: \"{initial}\", start_param: since }} }}"
            ),
            &format!("{{ mark: {column} }}"),
        );
        let world = World::new(&spec, move |_| Reply::json(&json!([{ "mark": value }]))).await;
        let run = world.run().await;
        assert!(run.end.is_ok(), "{column}: {:?}", run.end);
        run.asks(&[&format!("GET /things?since={sent}")]);
        assert_eq!(run.records.len(), 1, "{column}");
    }
}

#[tokio::test]
async fn a_start_is_sent_in_the_zone_of_its_column() {
    for (format, initial, sent) in [
        (
            "%Y-%m-%d %H:%M",
            "2026-07-02T01:00:00Z",
            "2026-07-01%2021:00",
        ),
        ("date", "2026-07-02T01:00:00Z", "2026-07-01"),
        ("rfc3339", "2026-07-02T01:00:00Z", "2026-07-02T01:00:00Z"),
    ] {
        let spec = source(
            "concurrency: 1",
            &format!(
                "{{ path: things, paginator: single_page, incremental: {{ cursor_path: at, \
                 initial_value: \"{initial}\", start_param: since, format: \"{format}\" }} }}"
            ),
            "{ at: { data_type: timestamp, timezone: America/New_York } }",
        );
        let world = World::new(&spec, |_| Reply::json(&json!([]))).await;
        let run = world.run().await;
        assert!(run.end.is_ok(), "{format}: {:?}", run.end);
        run.asks(&[&format!("GET /things?since={sent}")]);
    }
}

#[tokio::test]
async fn a_lag_goes_back_from_the_state_whatever_the_initial_value() {
    for (incremental, column, data_type, value, sent) in [
        (
            "cursor_path: at, lag: 1h30m",
            "at",
            "timestamp",
            "2026-01-01T02:00:00Z",
            "2026-01-01T00:30:00Z",
        ),
        (
            "cursor_path: day, lag: 3",
            "day",
            "date",
            "2026-01-02",
            "2025-12-30",
        ),
        ("cursor_path: size, lag: 10", "size", "bigint", "25", "15"),
        (
            "cursor_path: share, lag: 0.5",
            "share",
            "double",
            "25",
            "24.5",
        ),
        (
            "cursor_path: price, lag: 0.05",
            "price",
            "decimal",
            "1700000000.0002",
            "1699999999.9502",
        ),
        (
            "cursor_path: size, lag: 10, initial_value: 20",
            "size",
            "bigint",
            "25",
            "15",
        ),
        (
            "cursor_path: size, initial_value: 20",
            "size",
            "bigint",
            "5",
            "5",
        ),
        (
            "cursor_path: size, lag: 10",
            "size",
            "bigint",
            "-9223372036854775808",
            "",
        ),
    ] {
        let incremental = format!("{incremental}, start_param: since");
        let asked = asks(&incremental, Some(value), column, data_type).await;
        let expected = if sent.is_empty() {
            "GET /things".to_owned()
        } else {
            format!("GET /things?since={sent}")
        };
        assert_eq!(asked, expected, "{incremental}");
    }
}

#[tokio::test]
async fn what_a_lag_brings_again_is_delivered_again() {
    let world = world(
        "cursor_path: at, lag: 2h",
        json!([at("a", 1), at("b", 3), at("c", 4)]),
    )
    .await;
    let run = world
        .run_as(|fetch| {
            fetch
                .since(state("at", "timestamp", "2026-01-01T04:00:00Z"))
                .keep_state()
        })
        .await;
    assert_eq!(ids(&run), ["b", "c"]);
}

#[tokio::test]
async fn an_end_of_the_callers_is_sent_and_kept() {
    let spec = "cursor_path: size, start_param: from, end_param: to";
    let records =
        json!([{ "id": "a", "size": 1 }, { "id": "b", "size": 2 }, { "id": "c", "size": 3 }]);
    let world = world(spec, records).await;
    let run = world.run_as(|fetch| fetch.until(3)).await;
    assert_eq!(ids(&run), ["a", "b"]);
    run.asks(&["GET /things?to=3"]);
    let run = world.run().await;
    assert_eq!(ids(&run), ["a", "b", "c"]);
    assert_eq!(run.asked[1], "GET /things");
}

#[tokio::test]
async fn a_record_without_a_cursor_value_is_treated_as_the_spec_says() {
    let records = || json!([{ "id": "a", "size": 1 }, { "id": "b" }, { "id": "c", "size": null }, { "id": "d", "size": 2 }]);
    for (missing, kept) in [
        ("include", vec!["a", "b", "c", "d"]),
        ("exclude", vec!["a", "d"]),
    ] {
        let incremental = format!("cursor_path: size, on_cursor_value_missing: {missing}");
        let run = world(&incremental, records()).await.run().await;
        assert_eq!(ids(&run), kept, "{missing}");
        assert_eq!(run.state.unwrap().cursor(), "2");
    }
    for incremental in [
        "cursor_path: size",
        "cursor_path: size, on_cursor_value_missing: raise",
    ] {
        let run = world(incremental, records()).await.run().await;
        run.error();
        assert!(run.error().to_string().contains("size"), "{}", run.error());
        assert_eq!(run.records.len(), 1);
        assert!(run.state.is_none(), "not all was seen");
    }
}

/// Pages of three, their cursors in this order.
fn ordered(sizes: [i64; 9]) -> impl Fn(&Asked) -> Reply {
    move |asked| {
        let page = 3 * asked.number_in("page").unwrap();
        let record = |n: usize| json!({ "id": n.to_string(), "size": sizes[n] });
        Reply::json(&json!(
            (page..(page + 3).min(9)).map(record).collect::<Vec<_>>()
        ))
    }
}

async fn in_order(incremental: &str, sizes: [i64; 9], since: Option<&str>) -> Run {
    let spec = source(
        "concurrency: 1",
        &format!(
            "{{ path: things, paginator: {{ type: page_number, maximum_page: 3 }}, \
             incremental: {{ cursor_path: size, {incremental} }} }}"
        ),
        &format!("{COLUMNS}, primary_key: id"),
    );
    let world = World::new(&spec, ordered(sizes)).await;
    let since = since.map(|value| state("size", "bigint", value));
    world
        .run_as(|fetch| match since {
            Some(state) => fetch.since(state).keep_state(),
            None => fetch,
        })
        .await
}

#[tokio::test]
async fn where_the_order_is_known_pages_past_the_range_are_not_asked_for() {
    let descending = [9, 8, 7, 6, 5, 4, 3, 2, 1];
    let run = in_order("row_order: desc", descending, Some("6")).await;
    assert_eq!(ids(&run), ["0", "1", "2", "3"]);
    assert_eq!(run.asked.len(), 2);
    let ascending = [1, 2, 3, 4, 5, 6, 7, 8, 9];
    let run = in_order("row_order: asc, end_value: 5", ascending, None).await;
    assert_eq!(ids(&run), ["0", "1", "2", "3"]);
    assert_eq!(run.asked.len(), 2);
    // Where it is not, all are.
    let run = in_order("end_value: 5", ascending, None).await;
    assert_eq!((ids(&run).len(), run.asked.len()), (4, 3));
}

#[tokio::test]
async fn an_order_that_is_not_kept_is_an_error() {
    let run = in_order("row_order: asc", [1, 2, 3, 4, 3, 5, 6, 7, 8], None).await;
    assert!(
        run.error().to_string().contains("row_order"),
        "{}",
        run.error()
    );
    assert_eq!(run.records.len(), 4);
}

#[tokio::test]
async fn a_fetch_that_did_not_see_all_keeps_the_old_state() {
    let sizes = [1, 2, 3, 4, 5, 6, 7, 8, 9];
    let spec =
        spec("cursor_path: size").replace("single_page", "{ type: page_number, maximum_page: 3 }");
    let world = World::new(&spec, ordered(sizes)).await;
    let since = || state("size", "bigint", "1");
    let run = world.run_as(|fetch| fetch.since(since()).keep_state().limit(2));
    let limited = run.await.state.unwrap();
    assert_eq!(limited.cursor(), "1", "the limit left records out");
    let run = world.run_as(|fetch| fetch.since(limited.clone())).await;
    assert_eq!(run.state, Some(limited), "`maximum_page` did");
    // In ascending order each page may be kept by itself.
    let run = in_order("row_order: asc", sizes, Some("1")).await;
    assert_eq!(run.state.unwrap().cursor(), "9");
}

#[tokio::test]
async fn a_state_of_something_else_is_refused_before_anything_is_asked() {
    let world = world("cursor_path: size", json!([])).await;
    for wrong in [
        state("day", "date", "2026-01-01"),
        state("size", "timestamp", "2026-01-01T00:00:00Z"),
    ] {
        let run = world.run_as(|fetch| fetch.since(wrong).keep_state()).await;
        run.fails(&ErrorKind::State, &[]);
    }
    let run = world.run_as(|fetch| fetch.until("soon")).await;
    run.fails(&ErrorKind::Config, &[]);
    assert!(world.asked().is_empty());
}

#[tokio::test]
async fn dlts_parameter_of_an_incremental_is_one() {
    let spec = source(
        "concurrency: 1",
        "{ path: things, paginator: single_page, params: { since: { type: incremental, cursor_path: size, initial_value: 2 } } }",
        COLUMNS,
    );
    let world = World::new(&spec, |_| {
        Reply::json(&json!([{ "id": "a", "size": 1 }, { "id": "b", "size": 2 }]))
    })
    .await;
    let run = world.run().await;
    assert_eq!(ids(&run), ["b"]);
    run.asks(&["GET /things?since=2"]);
}

#[tokio::test]
async fn children_use_the_start_that_was_fixed_when_the_fetch_began() {
    let spec = "
client: { base_url: $BASE, concurrency: 1, paginator: single_page }
resources:
  - { name: posts, columns: { id: text! } }
  - name: comments
    primary_key: id
    columns: { id: text!, size: bigint! }
    endpoint:
      path: posts/{resources.posts.id}
      incremental: { cursor_path: size, start_param: since }
";
    let world = World::new(spec, |asked| {
        Reply::json(&match asked.path() {
            "/posts" => json!([{ "id": "p" }, { "id": "q" }]),
            "/posts/p" => json!([{ "id": "a", "size": 9 }]),
            _ => json!([{ "id": "b", "size": 5 }]),
        })
    })
    .await;
    let run = world.run().await;
    assert_eq!(
        ids(&run),
        ["a", "b"],
        "the second is not too old for the first"
    );
    let state = run.state.unwrap();
    assert_eq!(state.cursor(), "9");
    let run = world.run_as(|fetch| fetch.since(state)).await;
    assert!(ids(&run).is_empty());
    assert_eq!(
        &run.asked[4..],
        ["GET /posts/p?since=9", "GET /posts/q?since=5"],
        "each goes on from where it was"
    );
}

#[tokio::test]
async fn a_state_is_refused_where_another_setting_or_path_is_asked_for() {
    let spec = |tenant: &str, path: &str| {
        let settings =
            format!("config: {{ tenant: {{ type: text, default: {tenant} }} }}\nclient:");
        spec("cursor_path: at")
            .replace("client:", &settings)
            .replace(
                "path: things",
                &format!("path: \"{path}/{{config.tenant}}\""),
            )
    };
    let records = || Reply::json(&json!([at("a", 1)]));
    let world = World::new(&spec("a", "v1"), move |_| records()).await;
    let state = world.run().await.state.unwrap();
    for (tenant, path, difference) in [
        ("a", "v1", None),
        (
            "b",
            "v1",
            Some("`config.tenant` was `a`, now it is `b`\n  `path` was"),
        ),
        ("a", "v2", Some("`path` was `v1/a`, now it is `v2/a`")),
    ] {
        let spec = spec(tenant, path).replace("$BASE", world.server.url());
        let other = World::new(&spec, move |_| records()).await;
        let run = other.run_as(|fetch| fetch.since(state.clone())).await;
        match difference {
            None => assert!(run.end.is_ok(), "{:?}", run.end),
            Some(difference) => {
                assert_eq!(*run.error().kind(), ErrorKind::State);
                let shown = run.error().to_string();
                assert!(shown.contains(difference), "{shown}");
            }
        }
    }
}

#[tokio::test]
async fn a_token_or_link_that_no_url_has_room_for_is_an_error_when_it_is_received() {
    let long = "t".repeat(70_000);
    for (incremental, sends, value) in [
        ("token_path: next, token_param: since", "", long.clone()),
        (
            "token_path: next",
            "params: { since: \"{incremental.start_value}\" },",
            long.clone(),
        ),
        ("delta_link_path: next", "", format!("/things?d={long}")),
    ] {
        let endpoint = format!(
            "{{ path: things, data_selector: data, {sends} incremental: {{ {incremental} }}, \
             paginator: {{ type: json_link, next_url_path: more }} }}"
        );
        let spec = source("concurrency: 1", &endpoint, COLUMNS);
        let page = json!({ "data": [], "next": value });
        let run = World::new(&spec, move |_| Reply::json(&page))
            .await
            .run()
            .await;
        run.fails(
            &ErrorKind::Response,
            &["too long for a URL", "`token_path`"],
        );
    }
    let header = "{ path: things, paginator: single_page, data_selector: data, headers: { Since: \"{incremental.start_value}\" }, \
                  incremental: { token_path: next } }";
    let spec = source("concurrency: 1", header, COLUMNS);
    let page = json!({ "data": [], "next": long });
    let run = World::new(&spec, move |_| Reply::json(&page))
        .await
        .run()
        .await;
    assert!(run.end.is_ok(), "{:?}", run.end);
    assert_eq!(run.state.unwrap().cursor(), long);
}
