//! States of version 1, which had one cursor for all parents, and called one parent as messages do.

use std::sync::LazyLock;

use super::{
    incremental::{NEW_COMMENTS, of},
    per_parent::{Blog, CUT_OFF, CUT_OFF_IN_ORDER, NEW, fetch, since},
    *,
};
use crate::shared::{Ref::Static, list};

static KEYLESS: LazyLock<ResourcePlan> = LazyLock::new(|| ResourcePlan {
    table: Static(const { &Table::new("likes", list![Column::new("at", Type::Bigint)]) }),
    incremental: Some(Incremental::new(0)),
    ..NEW_COMMENTS.clone()
});

/// A state as version 1 wrote it.
fn version_1(parent: Option<&str>, value: &str, seen: &[String]) -> State {
    let mut state = json!({
        "version": 1,
        "resource": "comments",
        "cursor": { "column": "at", "type": "bigint", "value": value },
        "seen": seen,
    });
    if let Some(parent) = parent {
        state["parent"] = parent.into();
    }
    State::from_json(&state.to_string()).unwrap()
}

#[tokio::test]
async fn a_state_of_version_1_is_one_cursor_for_all_parents() {
    let blog = Blog::new(&[("a", &[5, 9]), ("b", &[8, 9])]);
    let shop = blog.shop();
    let seen = [json!(["a@9"]).to_string()];
    let second = fetch(since(&shop, version_1(None, "9", &seen))).await;
    assert_eq!(second.ids, ["b@9"]);
    second.assert_cursors(&[("a", "9"), ("b", "9")]);
    // Each knows its own records.
    let state: Value = serde_json::from_str(&second.state().to_json()).unwrap();
    assert_eq!(state["parents"][r#"["a"]"#]["seen"], json!([r#"["a@9"]"#]));
    assert!(state["others"].is_null());
    blog.set(&[("a", &[9, 10]), ("b", &[9]), ("c", &[2])]);
    let third = fetch(since(&shop, second.state())).await;
    assert_eq!(third.ids, ["a@10", "c@2"]);
}

#[tokio::test]
async fn a_state_of_version_1_holds_for_those_that_were_not_seen_to_the_end() {
    let blog = Blog::new(&[("a", &[9]), ("b", &[7, 8, 9, 10])]);
    let seen = [json!(["a@9"]).to_string(), json!(["b@9"]).to_string()];
    let state = version_1(None, "9", &seen);
    for resource in [&*CUT_OFF, &*CUT_OFF_IN_ORDER] {
        let second = fetch(blog.shop().client.rows(resource).since(state.clone())).await;
        second.assert_cursors(&[("a", "9")]);
        let third = fetch(since(&blog.shop(), second.state())).await;
        assert_eq!(third.ids, ["b@10"]);
        third.assert_cursors(&[("a", "9"), ("b", "10")]);
    }
    let failed = fetch(since(&blog.shop_but("b", 400), state)).await;
    let next = fetch(since(&blog.shop(), failed.state())).await;
    assert_eq!(next.ids, ["b@10"]);
}

#[tokio::test]
async fn a_state_of_version_1_of_one_parent_is_read() {
    let blog = Blog::new(&[("a", &[9, 10])]);
    let shop = blog.shop();
    let seen = [json!(["a@9"]).to_string()];
    let state = version_1(Some("`posts` with `id` \"a\""), "9", &seen);
    let next = fetch(of(&shop, &NEW, "a").since(state.clone())).await;
    assert_eq!(next.ids, ["a@10"]);
    assert!(
        fetch(of(&shop, &NEW, "a").since(next.state()))
            .await
            .ids
            .is_empty()
    );
    let all = fetch(of(&shop, &NEW, "a").since(version_1(None, "9", &seen))).await;
    assert_eq!(all.ids, ["a@10"]);
    // What was cut off may be of another.
    let long = "x".repeat(80);
    let named = format!("`posts` with `id` \"{long}\"");
    for (id, fits) in [(&long, true), (&format!("{long}y"), false)] {
        let state = version_1(Some(&named), "9", &seen);
        let error = fetch(of(&shop, &NEW, id).since(state)).await.error;
        assert_eq!(error.is_none(), fits, "{error:?}");
    }
}

#[tokio::test]
async fn the_keyless_records_of_a_state_of_version_1_are_known_by_their_parent() {
    let blog = Blog::new(&[("a", &[9]), ("b", &[9])]);
    let shop = blog.shop();
    let now = fetch(of(&shop, &KEYLESS, "a")).await.state().to_json();
    let now: Value = serde_json::from_str(&now).unwrap();
    let named = "`posts` with `id` \"a\"";
    let seen = [format!("{} of {named}", now["seen"][0].as_str().unwrap())];
    let second = fetch(
        shop.client
            .rows(&*KEYLESS)
            .since(version_1(None, "9", &seen)),
    )
    .await;
    assert_eq!(second.ids, ["9"], "that of the other");
    let third = fetch(shop.client.rows(&*KEYLESS).since(second.state())).await;
    assert!(third.ids.is_empty());
    let of_one = version_1(Some(named), "9", &seen);
    let second = fetch(of(&shop, &KEYLESS, "a").since(of_one)).await;
    assert!(second.ids.is_empty());
    let third = fetch(of(&shop, &KEYLESS, "a").since(second.state())).await;
    assert!(third.ids.is_empty());
}
