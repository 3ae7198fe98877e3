//! Resources that are fetched for each record of another.

use rest_source::ErrorKind;
use rest_source_testkit::{Asked, Reply};
use serde_json::{Value, json};

use crate::world::{Run, World, by_path, fetch};

/// Posts with these columns, and comments of them by this endpoint.
fn blog(posts: &str, comments: &str) -> String {
    format!(
        "client: {{ base_url: \"$BASE\", concurrency: 1, paginator: single_page }}\n\
         resources:\n  - {{ name: posts, columns: {posts} }}\n  \
         - {{ name: comments, {comments} }}\n"
    )
}

/// One comment for each post of these ids, by a path.
async fn of_ids(ids: &[Value]) -> Run {
    let posts = Value::from(ids.iter().map(|id| json!({ "id": id })).collect::<Vec<_>>());
    let spec = blog(
        "{ id: text! }",
        "columns: json, endpoint: { path: \"posts/{resources.posts.id}/comments\" }",
    );
    fetch(&spec, move |asked| match asked.path() {
        "/posts" => Reply::json(&posts),
        path => Reply::json(&json!([path])),
    })
    .await
}

#[tokio::test]
async fn an_id_stays_one_segment_whatever_it_holds() {
    for (id, segment) in [
        ("a/b", "a%2Fb"),
        ("../x", "..%2Fx"),
        ("..\\x", "..%5Cx"),
        ("/", "%2F"),
        ("?", "%3F"),
        ("#", "%23"),
        ("a?b=c#d", "a%3Fb%3Dc%23d"),
        ("%2f", "%252f"),
        ("%2e%2e", "%252e%252e"),
        ("...", "..."),
        (".hidden", ".hidden"),
        (" ", "%20"),
        ("a b", "a%20b"),
        ("größe", "gr%C3%B6%C3%9Fe"),
        ("日本", "%E6%97%A5%E6%9C%AC"),
        ("😀", "%F0%9F%98%80"),
        ("a;b=c", "a%3Bb%3Dc"),
        ("a\nb\r\tc\0", "a%0Ab%0D%09c%00"),
        ("//evil.example", "%2F%2Fevil.example"),
        ("http://evil.example", "http%3A%2F%2Fevil.example"),
        ("user@host:80", "user%40host%3A80"),
        ("{resources.posts.id}", "%7Bresources.posts.id%7D"),
        ("~tilde_-.", "~tilde_-."),
    ] {
        let run = of_ids(&[json!(id)]).await;
        let path = format!("/posts/{segment}/comments");
        run.brings(&json!([path]));
        run.asks(&["GET /posts", &format!("GET {path}")]);
    }
}

#[tokio::test]
async fn an_id_that_would_lead_elsewhere_is_an_error_that_names_its_record() {
    for id in [".", "..", ""] {
        let run = of_ids(&[json!("first"), json!(id), json!("last")]).await;
        run.fails(
            &ErrorKind::Response,
            &["parent: `posts` with `id`", &format!("{id:?}")],
        );
        assert_eq!(
            run.records,
            [
                json!("/posts/first/comments"),
                json!("/posts/last/comments")
            ],
            "the other parts are delivered"
        );
    }
    let run = of_ids(&[json!(null)]).await;
    run.fails(&ErrorKind::Schema, &["$[0].id"]);
}

#[tokio::test]
async fn an_id_may_be_part_of_a_segment_and_stand_in_it_twice() {
    let spec = blog(
        "{ id: text! }",
        "columns: json, endpoint: { path: \"v-{resources.posts.id}.{resources.posts.id}/{id}\", params: { id: \"{resources.posts.id}\" } }",
    );
    let run = fetch(&spec, |asked| match asked.path() {
        "/posts" => Reply::json(&json!([{ "id": "a/b" }])),
        path => Reply::json(&json!([path])),
    })
    .await;
    run.brings(&json!(["/v-a%2Fb.a%2Fb/a%2Fb"]));
    // Beside something a dot is no place in a path.
    let beside = blog(
        "{ id: text! }",
        "columns: json, endpoint: { path: \"v{resources.posts.id}/x\" }",
    );
    let run = fetch(&beside, |asked| match asked.path() {
        "/posts" => Reply::json(&json!([{ "id": ".." }, { "id": "" }])),
        path => Reply::json(&json!([path])),
    })
    .await;
    run.brings(&json!(["/v../x", "/v/x"]));
}

#[tokio::test]
async fn a_value_is_sent_as_the_parent_wrote_it() {
    let columns = "{ id: bigint!, day: { data_type: date, format: \"%d.%m.%Y\" }, price: decimal, \
         at: timestamp, epoch: { data_type: timestamp, format: epoch_seconds }, \
         millis: { data_type: timestamp, format: epoch_millis }, \
         zip: { data_type: bigint, decode: text }, flag: { data_type: bool, decode: integer }, \
         rate: double, time: time, sizes: { data_type: array, items: decimal }, \
         owner: { data_type: object, fields: \
           { since: { data_type: date, from: $.joined, format: \"%Y%m%d\" } } } }";
    let fields = [
        "day",
        "price",
        "at",
        "epoch",
        "millis",
        "zip",
        "flag",
        "rate",
        "time",
        "sizes[-1]",
        "owner.since",
    ];
    let names = fields.map(|field| field.split(['.', '[']).next().unwrap());
    let values: Vec<String> = names
        .iter()
        .zip(fields)
        .map(|(name, field)| format!("{name}: \"{{resources.posts.{field}}}\""))
        .collect();
    let values = values.join(", ");
    let spec = blog(
        columns,
        &format!(
            "columns: json, endpoint: {{ path: comments, method: POST, \
             params: {{ {values} }}, json: {{ {values} }} }}"
        ),
    );
    let posts = r#"[{ "id": 1, "day": "31.12.2024", "price": 1.10, "at": "2024-01-01T00:00:00+02:00",
        "epoch": 1704067200, "millis": "1704067200000", "zip": "00420", "flag": 1, "rate": 1e21,
        "time": "09:30", "owner": { "joined": "20240229" }, "sizes": [1, 2.50] }]"#;
    let world = World::new(&spec, move |asked| match asked.path() {
        "/posts" => Reply::json(&json!(null)).body(posts),
        _ => Reply::json(&json!([])),
    })
    .await;
    world.run().await.asks(&[
        "GET /posts",
        "POST /comments?day=31.12.2024&price=1.10&at=2024-01-01T00:00:00%2B02:00&epoch=1704067200\
         &millis=1704067200000&zip=00420&flag=1&rate=1e21&time=09:30&sizes=2.50&owner=20240229",
    ]);
    assert_eq!(
        world.server.asked()[1].body,
        "{\"at\":\"2024-01-01T00:00:00+02:00\",\"day\":\"31.12.2024\",\"epoch\":1704067200,\
         \"flag\":1,\"millis\":\"1704067200000\",\"owner\":\"20240229\",\"price\":1.10,\
         \"rate\":1e21,\"sizes\":2.50,\"time\":\"09:30\",\"zip\":\"00420\"}"
    );
}

#[tokio::test]
async fn fields_of_a_parent_stand_everywhere_in_a_request() {
    let spec = blog(
        "{ id: bigint!, tag: text, at: timestamp, owner: { data_type: object, fields: { name: text } }, \
           sizes: { data_type: array, items: bigint }, counts: { data_type: map, values: bigint }, \
           extra: { data_type: json } }",
        "columns: json, endpoint: { path: comments, method: POST, \
           on_null_parent: skip, params: { post: \"{resources.posts.id}\", tag: \"{resources.posts.tag}\", \
                     old: { type: resolve, resource: posts, field: id }, \
                     name: \"{resources.posts.owner.name}\", first: \"{resources.posts.sizes[0]}\", \
                     last: \"{resources.posts.sizes[-1]}\", likes: \"{resources.posts.counts.likes}\", \
                     deep: \"{resources.posts.extra.a.b}\" }, \
           headers: { X-Post: \"p {resources.posts.id}\", X-Tag: \"{resources.posts.tag}\", X-At: \"{resources.posts.at}\" }, \
           json: { post: \"{resources.posts.id}\", tag: \"{resources.posts.tag}\", text: \"#{resources.posts.id}\" } }",
    );
    let posts = json!([
        { "id": 1, "tag": "a&b", "at": "2026-01-02T03:04:05+01:00", "owner": { "name": "Ann" },
          "sizes": [7, 8], "counts": { "likes": 9 }, "extra": { "a": { "b": true } } },
        { "id": 2 },
    ]);
    let world = World::new(
        &spec,
        by_path(&[("/posts", posts), ("/comments", json!([]))]),
    )
    .await;
    let run = world.run().await;
    run.brings(&json!([]));
    let asked: Vec<Asked> = world.server.asked().split_off(1);
    assert_eq!(
        asked[0].target,
        "/comments?post=1&tag=a%26b&old=1&name=Ann&first=7&last=8&likes=9&deep=true"
    );
    assert_eq!(asked[0].header("x-post"), Some("p 1"));
    assert_eq!(asked[0].header("x-tag"), Some("a&b"));
    assert_eq!(asked[0].header("x-at"), Some("2026-01-02T03:04:05+01:00"));
    assert_eq!(asked[0].body, r##"{"post":1,"tag":"a&b","text":"#1"}"##);
    // Without a value that the request needs, nothing is asked for.
    assert_eq!((asked.len(), run.report.skipped_parents), (1, 1));
}

#[tokio::test]
async fn a_null_that_a_request_needs_is_an_error_unless_it_is_skipped() {
    let posts = || json!([{ "id": 1, "tag": "a" }, { "id": 2, "tag": null }, { "id": 3 }]);
    let pages = || by_path(&[("/posts", posts()), ("/tags/a", json!([{ "n": 1 }]))]);
    let spec = |rule: &str| {
        blog(
            "{ id: bigint!, tag: text }",
            &format!(
                "columns: json, endpoint: {{ path: \"tags/{{resources.posts.tag}}\", on_null_parent: {rule} }}"
            ),
        )
    };
    let run = fetch(&spec("error"), pages()).await;
    run.fails(
        &ErrorKind::Schema,
        &["`tag` is null", "on_null_parent: skip"],
    );
    let run = fetch(&spec("skip"), pages()).await;
    run.asks(&["GET /posts", "GET /tags/a"]);
    // The posts have no key: those without a tag are the same parent.
    assert_eq!(run.report.skipped_parents, 1);
    run.brings(&json!([{ "n": 1 }]));
}

#[tokio::test]
async fn fields_of_a_parent_stand_in_a_form() {
    let spec = blog(
        "{ id: bigint!, tag: text }",
        "columns: json, endpoint: { path: comments, method: POST, \
         on_null_parent: skip, data: { post: \"{resources.posts.id}\", tag: \"{resources.posts.tag}\", q: x } }",
    );
    let posts = json!([{ "id": 1, "tag": "a&b" }, { "id": 2 }]);
    let pages = by_path(&[("/posts", posts), ("/comments", json!([]))]);
    let world = World::new(&spec, pages).await;
    world.run().await.brings(&json!([]));
    let asked = world.server.asked();
    let forms: Vec<&str> = asked.iter().map(|one| one.body.as_str()).collect();
    assert_eq!(forms, ["", "post=1&tag=a%26b&q=x"]);
}

#[tokio::test]
async fn a_parents_text_in_a_header_ends_where_it_ends() {
    let spec = blog(
        "{ id: text! }",
        "columns: json, endpoint: { path: comments, headers: { X-Post: \"{resources.posts.id}\" } }",
    );
    let posts = json!([{ "id": "a\r\nX-Evil: 1" }]);
    let run = fetch(
        &spec,
        by_path(&[("/posts", posts), ("/comments", json!([]))]),
    )
    .await;
    run.fails(&ErrorKind::Response, &["`X-Post`", "control character"]);
    run.asks(&["GET /posts"]);
}

#[tokio::test]
async fn columns_of_the_parent_are_copied_into_the_child() {
    let spec = blog(
        "{ id: text!, size: bigint, owner: { data_type: object, fields: { name: text } } }",
        "columns: { id: text! }, include_from_parent: [id, size, owner], \
         endpoint: { path: \"posts/{resources.posts.id}/comments\" }",
    );
    let posts = json!([{ "id": "p1", "size": 7, "owner": { "name": "Ann" } }, { "id": "p2" }]);
    let run = fetch(
        &spec,
        by_path(&[
            ("/posts", posts),
            ("/posts/p1/comments", json!([{ "id": "a" }, { "id": "b" }])),
            ("/posts/p2/comments", json!([{ "id": "c" }])),
        ]),
    )
    .await;
    assert!(run.end.is_ok(), "{:?}", run.end);
    let shown: Vec<Value> = run
        .records
        .iter()
        .map(|one| {
            json!([
                one["id"],
                one["_posts_id"],
                one["_posts_size"],
                one["_posts_owner"]["name"]
            ])
        })
        .collect();
    assert_eq!(
        json!(shown),
        json!([
            ["a", "p1", 7, "Ann"],
            ["b", "p1", 7, "Ann"],
            ["c", "p2", null, null]
        ])
    );
}

#[tokio::test]
async fn children_are_paged_for_each_parent_and_come_in_their_order() {
    let spec = "
client: { base_url: $BASE, concurrency: CONCURRENCY }
resources:
  - name: posts
    columns: { id: bigint! }
    endpoint: { path: posts, data_selector: data, paginator: { type: offset, limit: 2, total_path: count } }
  - name: comments
    columns: json
    endpoint:
      path: posts/{resources.posts.id}/comments
      data_selector: data
      paginator: { type: page_number, has_more_path: more }
";
    for concurrency in ["1", "2", "7"] {
        let run = fetch(&spec.replace("CONCURRENCY", concurrency), |asked| {
            if let Some(from) = asked.number_in("offset") {
                let posts: Vec<Value> = (from..(from + 2).min(7))
                    .map(|id| json!({ "id": id }))
                    .collect();
                return Reply::json(&json!({ "data": posts, "count": 7 }));
            }
            let post: usize = asked.path().split('/').nth(2).unwrap().parse().unwrap();
            let page = asked.number_in("page").unwrap();
            // As many comments as the post's number, one a page.
            let data: Vec<String> = (page < post)
                .then(|| format!("{post}.{page}"))
                .into_iter()
                .collect();
            Reply::json(&json!({ "data": data, "more": page + 1 < post }))
        })
        .await;
        let expected: Vec<String> = (0..7)
            .flat_map(|post| (0..post).map(move |page| format!("{post}.{page}")))
            .collect();
        run.brings(&json!(expected));
        let mut asked = run.asked.clone();
        asked.sort();
        asked.dedup();
        assert_eq!(asked.len(), run.asked.len(), "nothing is asked twice");
        assert_eq!(asked.len(), 4 + 1 + 21, "no more than there are pages");
        assert_eq!(run.report.parents, 7);
    }
}

#[tokio::test]
async fn an_ignored_part_is_over_and_the_other_parts_go_on() {
    let spec = blog(
        "{ id: text! }",
        "columns: json, endpoint: { path: \"posts/{resources.posts.id}/comments\", \
         response_actions: [{ status_code: 404, action: ignore }] }",
    );
    let posts = json!([{ "id": "p1" }, { "id": "p2" }, { "id": "p3" }]);
    let pages = [
        ("/posts", posts),
        ("/posts/p1/comments", json!(["a"])),
        ("/posts/p3/comments", json!(["c"])),
    ];
    let run = fetch(&spec, by_path(&pages)).await;
    run.brings(&json!(["a", "c"]));
    assert_eq!(run.report.ignored, 1);
    // Without the rule it is an error that names the parent, after the other parts.
    let run = fetch(&spec.replace("404", "410"), by_path(&pages)).await;
    run.fails(
        &ErrorKind::Status(404),
        &["parent: `posts` with `id` \"p2\""],
    );
    assert_eq!(run.records, [json!("a"), json!("c")]);
}

#[tokio::test]
async fn a_grandchild_is_fetched_for_each_child() {
    let spec = "
client: { base_url: $BASE, concurrency: 2, paginator: single_page }
resources:
  - { name: posts, columns: { id: text! }, selected: false }
  - { name: comments, columns: { id: text! }, include_from_parent: [id], endpoint: 'posts/{resources.posts.id}' }
  - name: replies
    columns: { id: text! }
    include_from_parent: [_posts_id]
    endpoint: 'posts/{resources.comments._posts_id}/{resources.comments.id}'
";
    let run = fetch(
        spec,
        by_path(&[
            ("/posts", json!([{ "id": "p" }, { "id": "q" }])),
            ("/posts/p", json!([{ "id": "a" }])),
            ("/posts/q", json!([{ "id": "b" }, { "id": "c" }])),
            ("/posts/p/a", json!([{ "id": "1" }])),
            ("/posts/q/b", json!([])),
            ("/posts/q/c", json!([{ "id": "2" }, { "id": "3" }])),
        ]),
    )
    .await;
    run.brings(&json!([
        { "id": "1", "_comments__posts_id": "p" },
        { "id": "2", "_comments__posts_id": "q" },
        { "id": "3", "_comments__posts_id": "q" },
    ]));
}

#[tokio::test]
async fn a_limit_asks_for_no_parents_that_are_not_needed() {
    for paginator in [
        "{ type: page_number, total_path: pages }",
        "{ type: page_number }",
    ] {
        let spec = format!(
            "client: {{ base_url: \"$BASE\", concurrency: 4 }}\n\
             resources:\n  - {{ name: posts, columns: {{ id: bigint! }}, endpoint: {{ data_selector: data, paginator: {paginator} }} }}\n  \
             - {{ name: comments, columns: json, endpoint: {{ path: \"posts/{{resources.posts.id}}\", paginator: single_page }} }}\n"
        );
        let world = World::new(&spec, |asked| match asked.number_in("page") {
            Some(page @ ..9) => Reply::json(&json!({ "data": [{ "id": page }], "pages": 9 })),
            Some(_) => Reply::json(&json!({ "data": [], "pages": 9 })),
            None => Reply::json(&json!([asked.path()])),
        })
        .await;
        let run = world.run_as(|fetch| fetch.limit(1)).await;
        run.brings(&json!(["/posts/0"]));
        let parents = run.asked.iter().filter(|asked| asked.contains("page="));
        assert!(parents.count() <= 2, "{:?}", run.asked);
        let run = world.run_as(|fetch| fetch.limit(3)).await;
        run.brings(&json!(["/posts/0", "/posts/1", "/posts/2"]));
    }
}

#[tokio::test]
async fn an_error_of_the_parents_names_the_child_that_it_ended() {
    let spec = blog(
        "{ id: bigint! }",
        "columns: json, endpoint: { path: \"posts/{resources.posts.id}\" }",
    );
    let run = fetch(&spec, |_| Reply::status(403)).await;
    run.fails(
        &ErrorKind::Status(403),
        &["`posts`: answered 403", "\n  fetched for `comments`"],
    );
}
