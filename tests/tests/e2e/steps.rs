//! Records that go through the user's functions, as they stream and into a database.

use rest_source::{Connector, FromCell, Json, Rows, plan::ResourcePlan};
use rest_source_load::Load;
use rest_source_testkit::{Access, Api, Dataset, Server};
use serde_json::{Value, json};

use crate::stored::Database;

#[rest_source::rest_source("../../specs/stepped.yaml")]
mod stepped {}

/// The same, by structs of the user's own: one of fewer fields, one with a type of his own.
mod own {
    use super::Words;

    #[rest_source::rest_source("../../specs/stepped.yaml")]
    pub(crate) mod stepped {
        use super::Words;

        #[derive(Clone)]
        pub(crate) struct Posts {
            pub(crate) note: rest_source::Field<String>,
            pub(crate) id: String,
            pub(crate) mood: Option<PostsMood>,
        }

        /// It is only filtered, so that nothing needs to give its value back.
        pub(crate) struct Plain {
            pub(crate) kind: Option<PlainKind>,
            pub(crate) note: Words,
        }
    }

    use stepped::{Comments, Plain, Posts};

    fn is_shown(post: &Posts) -> bool {
        post.id != "hidden"
    }

    fn tidied(mut post: Posts) -> Posts {
        post.mood = Some(stepped::PostsMood::Good);
        post
    }

    fn translated(post: Posts) -> [Posts; 1] {
        [post]
    }

    fn signed(comment: Comments) -> Comments {
        comment
    }

    fn unpacked(_: super::Json) -> Option<super::Json> {
        None
    }

    fn is_noted(post: &Plain) -> bool {
        post.note != Words(0)
    }

    fn is_song(post: &Plain) -> bool {
        post.kind == Some(stepped::PlainKind::Song)
    }
}

/// How many words a text has.
#[derive(Debug, PartialEq)]
pub(crate) struct Words(usize);

impl FromCell for Words {
    fn from_cell(cell: rest_source::Cell<'_>) -> Self {
        let text = Option::<String>::from_cell(cell).unwrap_or_default();
        Self(text.split_whitespace().count())
    }
}

use stepped::{Comments, Plain, PlainKind, Posts, PostsKind, PostsMood, PostsParts as Part};

fn is_shown(post: &Posts) -> bool {
    post.id != "hidden"
}

/// Changes a value of every type.
fn tidied(mut post: Posts) -> Posts {
    if post.id == "untouched" {
        return post;
    }
    post.kind = Some(PostsKind::Other("poem".to_owned()));
    post.mood = Some(PostsMood::Bad);
    post.price = Some("7".parse().unwrap());
    post.digest = Some(vec![0xff]);
    post.note = rest_source::Field::Value("tidied".to_owned());
    post.any = Some(json!({ "x": [1] }));
    if let Some(author) = &mut post.author {
        author.home_town = Some("Ulm \"an der\" Donau".to_owned());
    }
    post.tags.get_or_insert_default().push("new".to_owned());
    post.scores
        .get_or_insert_default()
        .insert("likes".to_owned(), 2.5);
    post.parts.get_or_insert_default().push(Part::Bigint(7));
    post
}

/// One post of each language.
fn translated(post: Posts) -> impl Iterator<Item = Posts> {
    ["", "-de"].into_iter().map(move |language| Posts {
        id: format!("{}{language}", post.id),
        ..post.clone()
    })
}

fn signed(comment: Comments) -> Comments {
    let body = format!(
        "{}: {}",
        comment._posts_id,
        comment.body.unwrap_or_default()
    );
    Comments {
        body: Some(body),
        ..comment
    }
}

/// The events within one.
fn unpacked(mut event: Json) -> Vec<Json> {
    match event.get_mut("events").map(Json::take) {
        Some(Json::Array(events)) => events,
        _ => vec![event],
    }
}

fn is_noted(post: &Plain) -> bool {
    post.note.is_some()
}

fn is_song(post: &Plain) -> bool {
    post.kind == Some(PlainKind::Song)
}

fn post(n: u64) -> Value {
    match n {
        0 => json!({
            "id": "p1", "kind": "note", "mood": "good", "at": "2026-01-01T09:00:00Z",
            "day": "21.11.2026", "opens": "09:00:00", "price": 12.5, "digest": "AQI=",
            "note": null, "any": 1, "tags": ["a"], "scores": { "likes": 1 },
            "author": { "home town": "Ulm", "since": 1.5, "role": "editor", "unknown": true },
            "parts": ["x", { "of": "y" }],
        }),
        1 => json!({ "id": "hidden", "kind": "song", "note": "a b" }),
        2 => json!({ "id": "untouched", "kind": "song", "author": { "home town": "Ulm", "z": 1 } }),
        _ => json!({ "id": "p4" }),
    }
}

async fn serve() -> Server {
    let comment = |id: &'static str| move |_| json!({ "id": id, "body": "words" });
    let datasets = vec![
        Dataset::new("posts", "/posts", 4, post),
        Dataset::new("p1", "/posts/p1/comments", 1, comment("c1")),
        Dataset::new("p1-de", "/posts/p1-de/comments", 1, comment("c2")),
        Dataset::new("u", "/posts/untouched/comments", 0, comment("")),
        Dataset::new("u-de", "/posts/untouched-de/comments", 0, comment("")),
        Dataset::new("p4", "/posts/p4/comments", 0, comment("")),
        Dataset::new("p4-de", "/posts/p4-de/comments", 0, comment("")),
        Dataset::new("events", "/events", 2, |n| match n {
            0 => json!({ "id": "all", "events": [{ "id": 1 }, { "id": 2, "x": "y" }] }),
            _ => json!({ "id": 2, "x": "z" }),
        }),
    ];
    Server::start(Api::new(Access::Open, datasets))
        .await
        .unwrap()
}

fn connect<S: Connector<Secrets = (), Config = C>, C>(config: C) -> S {
    S::from_client(
        rest_source::Builder::<S>::new()
            .config(config)
            .build()
            .unwrap()
            .client()
            .clone(),
    )
}

fn source(server: &Server) -> stepped::Source {
    let base_url = server.url().to_owned();
    connect(stepped::Config { base_url })
}

fn ids(posts: &[Posts]) -> Vec<&str> {
    posts.iter().map(|post| post.id.as_str()).collect()
}

const SHOWN: [&str; 6] = ["p1", "p1-de", "untouched", "untouched-de", "p4", "p4-de"];

#[tokio::test]
async fn whoever_fetches_gets_what_comes_out() {
    let server = serve().await;
    let source = source(&server);
    let posts = source.posts().all().await.unwrap();
    assert_eq!(ids(&posts), SHOWN);
    let first = source.posts().first().await.unwrap().unwrap();
    assert_eq!(first, posts[0]);
    assert_eq!(first.tags, Some(vec!["a".to_owned(), "new".to_owned()]));
    let few = source.posts().limit(3).all().await.unwrap();
    assert_eq!(ids(&few), SHOWN[..3]);

    let mut pages = source.posts().pages();
    let (mut streamed, mut rows) = (Vec::new(), Vec::new());
    while let Some(page) = pages.next().await {
        let page = page.unwrap();
        streamed.extend(page.iter().map(Result::unwrap));
        rows.extend(page.rows().records::<Posts>().map(Result::unwrap));
    }
    assert_eq!((&streamed, &rows), (&posts, &posts));
    let report = pages.report();
    assert_eq!(
        (report.received, report.filtered, report.delivered),
        (4, 1, 6)
    );

    let plain = source.plain().all().await.unwrap();
    assert_eq!(plain.len(), 1, "of two filters, both have to hold");
    let comments = source.comments().all().await.unwrap();
    let bodies: Vec<_> = comments
        .iter()
        .map(|comment| comment.body.as_deref())
        .collect();
    assert_eq!(bodies, [Some("p1: words"), Some("p1-de: words")]);
    assert_eq!(
        comments[0]._posts_kind,
        Some(PostsKind::Other("poem".to_owned()))
    );
    let of_one = source.comments().of(&posts[1]).all().await.unwrap();
    assert_eq!(of_one, comments[1..]);
    let events = source.events().all().await.unwrap();
    assert_eq!(
        events,
        [
            json!({ "id": 1 }),
            json!({ "id": 2, "x": "y" }),
            json!({ "id": 2, "x": "z" })
        ]
    );
}

#[tokio::test]
async fn a_destination_gets_it_too() {
    let (server, database) = (serve().await, Database::new());
    let report = source(&server).load(&database.open()).await.unwrap();
    let posts = report.resource("posts").unwrap();
    assert_eq!((posts.fetched.filtered, posts.rows), (1, Some(6)));
    assert!(
        report
            .to_string()
            .contains("\n  1 omitted: records, by the filters of `processing_steps`"),
        "{report}"
    );
    insta::assert_snapshot!(stored(&database, "SELECT * FROM posts WHERE id IN ('p1', 'untouched-de')"), @r#"
    p1 | poem | bad | 2026-01-01T09:00:00.000000+00:00 | 2026-11-21 | 09:00:00 | 7.00 | [ff] | tidied | {"x":[1]} | {"home town":"Ulm \"an der\" Donau","since":1.5,"role":"editor"} | ["a","new"] | {"likes":2.5} | ["x",{"of":"y"},7]
    untouched-de | song | NULL | NULL | NULL | NULL | NULL | NULL | NULL | NULL | {"home town":"Ulm","z":1} | NULL | NULL | NULL
    "#);
    insta::assert_snapshot!(stored(&database, "SELECT * FROM comments ORDER BY id"), @r"
    c1 | p1: words | p1 | poem
    c2 | p1-de: words | p1-de | poem
    ");
    insta::assert_snapshot!(stored(&database, "SELECT * FROM events ORDER BY id"), @r#"
    1 | {"id":1}
    2 | {"id":2,"x":"z"}
    "#);
    insta::assert_snapshot!(stored(&database, "SELECT * FROM plain"), @"hidden | song | a b");
}

#[tokio::test]
async fn a_struct_of_the_users_own_changes_the_fields_that_it_has() {
    let (server, database) = (serve().await, Database::new());
    let base_url = server.url().to_owned();
    let source: own::stepped::Source = connect(own::stepped::Config { base_url });
    assert_eq!(source.posts().all().await.unwrap().len(), 3);
    source
        .load(&database.open())
        .resource("posts")
        .resource("plain")
        .resource("events")
        .await
        .unwrap();
    let posts = "SELECT id, mood, price, author FROM posts";
    insta::assert_snapshot!(stored(&database, posts), @r#"
    p1 | good | 12.50 | {"home town":"Ulm","role":"editor","since":1.5,"unknown":true}
    untouched | good | NULL | {"home town":"Ulm","z":1}
    p4 | good | NULL | NULL
    "#);
    assert_eq!(stored(&database, "SELECT id FROM plain"), "hidden");
    assert_eq!(stored(&database, "SELECT count(*) FROM events"), "0");
}

#[test]
fn a_page_for_a_test_goes_through_them_as_well() {
    let plan: &ResourcePlan = &stepped::Source::plan().resources[2];
    let body = r#"{"data": [{"id": 1, "events": [{"id": "a"}, {"id": "b"}]}]}"#;
    let rows = Rows::from_page(body, plan).unwrap();
    let rows = rows.processed(plan, stepped::Source::hooks()).unwrap();
    assert_eq!(rows.len(), 2);
}

/// The rows of a query, a line each.
fn stored(database: &Database, query: &str) -> String {
    let db = rusqlite::Connection::open(database.path()).unwrap();
    let mut statement = db.prepare(query).unwrap();
    let width = statement.column_count();
    let shown = |row: &rusqlite::Row<'_>| {
        let cells = (0..width).map(|at| row.get::<_, rusqlite::types::Value>(at));
        let cells: Vec<String> = cells
            .map(|cell| cell.map(|cell| shown(&cell)))
            .collect::<Result<_, _>>()?;
        Ok(cells.join(" | "))
    };
    let rows = statement.query_map([], shown).unwrap();
    rows.collect::<Result<Vec<_>, _>>().unwrap().join("\n")
}

fn shown(value: &rusqlite::types::Value) -> String {
    use rusqlite::types::Value;
    match value {
        Value::Null => "NULL".to_owned(),
        Value::Integer(value) => value.to_string(),
        Value::Real(value) => format!("{value:?}"),
        Value::Text(value) => value.clone(),
        Value::Blob(value) => format!("{value:02x?}"),
    }
}
