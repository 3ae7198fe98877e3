//! Fetches that share what they see of parents.

use std::sync::LazyLock;

use super::*;
use crate::{
    Family,
    shared::{Ref::Static, list},
};

static QUOTES: LazyLock<ResourcePlan> = LazyLock::new(|| ResourcePlan {
    name: Static("quotes"),
    path: Template(list![
        Part::Text(Static("/posts/")),
        Part::Parent(0),
        Part::Text(Static("/quotes")),
    ]),
    params: list![],
    headers: list![],
    ..COMMENTS.clone()
});

/// How often the first page at a path was asked for.
fn asked(shop: &Shop, path: &str) -> usize {
    let first = |url: &&String| {
        let url = url::Url::parse(url).unwrap();
        url.path() == path && url.query_pairs().any(|(_, value)| value == "0")
    };
    shop.api.urls().iter().filter(first).count()
}

#[tokio::test]
async fn a_family_asks_for_each_parent_once() {
    let resources = [
        Static(&*POSTS),
        Static(&*COMMENTS),
        Static(&*QUOTES),
        Static(&*REPLIES),
    ];
    let (together, apart) = (shop(Api::new(blog(5))), shop(Api::new(blog(5))));
    let family = Family::of(&resources);
    for resource in &resources {
        assert_eq!(
            rows(together.client.rows(resource).within(&family)).await,
            rows(apart.client.rows(resource)).await,
        );
    }
    assert_eq!(asked(&together, "/posts"), 1);
    assert_eq!(asked(&together, "/posts/4/comments"), 1);
    assert_eq!(
        (asked(&apart, "/posts"), asked(&apart, "/posts/4/comments")),
        (4, 2)
    );
}

#[tokio::test]
async fn a_parent_that_is_not_fetched_for_itself_is_asked_for_by_the_first_child() {
    let shop = shop(Api::new(blog(5)));
    let resources = [Static(&*COMMENTS), Static(&*QUOTES)];
    let family = Family::of(&resources);
    for resource in &resources {
        let fetched = rows(shop.client.rows(resource).within(&family)).await;
        assert_eq!(fetched.len(), comments(5).len());
    }
    assert_eq!(asked(&shop, "/posts"), 1);
    // Each is fetched once; whoever comes again asks for himself.
    rows(shop.client.rows(&*QUOTES).within(&family)).await;
    assert_eq!(asked(&shop, "/posts"), 2);
}

#[tokio::test]
async fn what_did_not_see_all_parents_is_not_relied_on() {
    let shop = shop(Api::new(blog(5)));
    let family = Family::of(&[Static(&*POSTS), Static(&*COMMENTS), Static(&*QUOTES)]);
    rows(shop.client.rows(&*POSTS).within(&family).limit(4)).await;
    let mut dropped = shop.client.rows(&*POSTS).within(&family).pages();
    dropped.next().await.unwrap().unwrap();
    drop(dropped);
    for resource in [&*COMMENTS, &*QUOTES] {
        let fetched = rows(shop.client.rows(resource).within(&family)).await;
        assert_eq!(fetched.len(), comments(5).len());
    }
    assert_eq!(asked(&shop, "/posts"), 3);
}

#[tokio::test]
async fn a_child_says_that_its_parents_were_known() {
    let shop = shop(Api::new(blog(3)));
    let family = Family::of(&[Static(&*POSTS), Static(&*COMMENTS)]);
    rows(shop.client.rows(&*POSTS).within(&family)).await;
    let mut pages = shop.client.rows(&*COMMENTS).within(&family).pages();
    while let Some(page) = pages.next().await {
        page.unwrap();
    }
    assert!(pages.completeness().unwrap().is_complete());
    insta::assert_snapshot!(pages.report().to_string());
}

#[tokio::test]
async fn what_is_remembered_has_a_bound() {
    let long = "x".repeat(6 << 20);
    let posts: Vec<Value> = (0..3)
        .map(|id| json!({ "id": id.to_string(), "lang": long }))
        .collect();
    let shop = shop(Api::new(move |request| page(&posts, request)));
    let family = Family::of(&[Static(&*COMMENTS), Static(&*QUOTES)]);
    rows(shop.client.rows(&*POSTS).within(&family)).await;
    assert!(family.take(&QUOTES).is_none());
}
