//! A blog of which the comments are fetched for the posts, and the replies for the comments.

use rest_source_load::Load;
use rest_source_testkit::{Access, Api, Dataset, Server};
use serde_json::{Value, json};

use crate::{
    sources::{blog, blog_at},
    stored::Database,
};

const POSTS: [&str; 3] = ["p1", "a/b", "p 3"];

fn posts(n: u64) -> Value {
    let id = POSTS[usize::try_from(n).unwrap()];
    match n {
        0 => json!({
            "id": id, "kind": "note", "author": { "name": "Ann", "home town": "Ulm" },
            "tags": ["a", "b&c"], "scores": { "likes": 7 }, "extra": { "draft": true }, "note": "x",
        }),
        1 => json!({
            "id": id, "kind": "song", "author": { "name": "Ben", "home town": "Rom" },
            "tags": ["c"], "scores": { "likes": 0 }, "extra": { "draft": 1.50 }, "note": "",
        }),
        _ => json!({
            "id": id, "kind": "note", "author": { "name": "Cem", "home town": "Köln" },
            "tags": ["d"], "scores": { "likes": -1 }, "extra": { "draft": false }, "note": "y",
        }),
    }
}

fn body(id: &str) -> Value {
    json!({ "id": id, "body": "words" })
}

/// Three posts; the first has three comments, the second one, the last none; the comments of the
/// first have a reply each.
async fn serve() -> Server {
    let mut datasets = vec![Dataset::new("posts", "/posts", 3, posts)];
    let paths = [
        ("/posts/p1/comments", 3, "p1"),
        ("/posts/a%2Fb/comments", 1, "ab"),
        ("/posts/p%203/comments", 0, "p3"),
        ("/posts/p1/comments/p1.0/replies", 1, "p1.0"),
        ("/posts/p1/comments/p1.1/replies", 3, "p1.1"),
        ("/posts/p1/comments/p1.2/replies", 0, "p1.2"),
        ("/posts/a%2Fb/comments/ab.0/replies", 1, "ab.0"),
        ("/posts/p1/quotes", 1, "q"),
    ];
    for (path, len, prefix) in paths {
        let row = move |n| body(&format!("{prefix}.{n}"));
        datasets.push(Dataset::new(path, path, len, row));
    }
    Server::start(Api::new(Access::Open, datasets))
        .await
        .unwrap()
}

#[tokio::test]
async fn comments_come_for_all_posts_and_for_one() {
    let server = serve().await;
    let source = blog_at(server.url());
    let comments = source.comments().all().await.unwrap();
    let shown: Vec<_> = comments
        .iter()
        .map(|comment| {
            let kind = comment._posts_kind.as_ref().map(blog::PostsKind::as_str);
            (comment.id.as_str(), comment._posts_id.as_str(), kind)
        })
        .collect();
    assert_eq!(
        shown,
        [
            ("p1.0", "p1", Some("note")),
            ("p1.1", "p1", Some("note")),
            ("p1.2", "p1", Some("note")),
            ("ab.0", "a/b", Some("song")),
        ]
    );
    let of_the_first = server.log().of("/posts/p1/comments");
    for (name, value) in [
        ("kind", "note"),
        ("town", "Ulm"),
        ("tag", "b&c"),
        ("score", "7"),
        ("draft", "true"),
        ("note", "x"),
    ] {
        assert_eq!(of_the_first[0].param(name), Some(value), "{name}");
    }
    let posts = source.posts().all().await.unwrap();
    let before = server.log().of("/posts").len();
    let comments = source.comments().of(&posts[1]).all().await.unwrap();
    assert_eq!(comments.len(), 1);
    assert_eq!(comments[0]._posts_id, "a/b");
    let replies = source.replies().of(&comments[0]).all().await.unwrap();
    assert_eq!(replies[0].id, "ab.0.0");
    assert_eq!(replies[0]._comments_id, "ab.0");
    assert_eq!(server.log().of("/posts").len(), before);
    // What was fetched for one was asked for as for all.
    let asked = server.log().of("/posts/p1/comments");
    source.comments().of(&posts[0]).all().await.unwrap();
    let again = server.log().of("/posts/p1/comments");
    assert_eq!(asked[0].query, again[asked.len()].query);
}

#[tokio::test]
async fn a_column_of_any_kind_is_included() {
    let server = serve().await;
    let source = blog_at(server.url());
    let first = source.quotes().first().await.unwrap().unwrap();
    let author = first._posts_author.unwrap();
    assert_eq!(author, json!({ "name": "Ann", "home town": "Ulm" }));
}

/// The replies that are stored, with what they carry of their parents.
fn replies_in(database: &Database) -> Vec<String> {
    let query = "SELECT _comments_id || ' | ' || _comments__posts_kind || ' | ' || id
                 FROM replies ORDER BY id";
    let connection = rusqlite::Connection::open(database.path()).unwrap();
    let mut statement = connection.prepare(query).unwrap();
    let rows = statement.query_map([], |row| row.get(0)).unwrap();
    rows.map(Result::unwrap).collect()
}

#[tokio::test]
async fn a_whole_blog_is_loaded_parents_first() {
    let server = serve().await;
    let database = Database::new();
    let source = blog_at(server.url());
    let report = source.load(&database.open()).await.unwrap();
    let order: Vec<_> = report
        .resources
        .iter()
        .map(|one| (one.resource.clone(), one.rows))
        .collect();
    assert_eq!(
        order,
        [
            ("posts".into(), Some(3)),
            ("comments".into(), Some(4)),
            ("replies".into(), Some(5))
        ]
    );
    let replies = report.resource("replies").unwrap();
    assert_eq!(replies.fetched.parents, 4);
    assert_eq!(
        replies_in(&database),
        [
            "ab.0 | song | ab.0.0",
            "p1.0 | note | p1.0.0",
            "p1.1 | note | p1.1.0",
            "p1.1 | note | p1.1.1",
            "p1.1 | note | p1.1.2",
        ]
    );
    // Merged by their keys, they are there once.
    let report = source.load(&database.open()).await.unwrap();
    assert_eq!(report.resource("replies").unwrap().rows, Some(5));
}
