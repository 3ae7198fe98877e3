//! Fetches that share what they see of parents.

use std::sync::LazyLock;

use super::*;
use crate::{
    ParentCache,
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
async fn cached_parents_are_requested_once() {
    let resources = [
        Static(&*POSTS),
        Static(&*COMMENTS),
        Static(&*QUOTES),
        Static(&*REPLIES),
    ];
    let (together, apart) = (shop(Api::new(blog(5))), shop(Api::new(blog(5))));
    let parent_cache = ParentCache::of(&resources);
    for resource in &resources {
        assert_eq!(
            rows(together.client.rows(resource).parent_cache(&parent_cache)).await,
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
async fn first_child_requests_a_parent_that_is_not_fetched_itself() {
    let shop = shop(Api::new(blog(5)));
    let resources = [Static(&*COMMENTS), Static(&*QUOTES)];
    let parent_cache = ParentCache::of(&resources);
    for resource in &resources {
        let fetched = rows(shop.client.rows(resource).parent_cache(&parent_cache)).await;
        assert_eq!(fetched.len(), comments(5).len());
    }
    assert_eq!(asked(&shop, "/posts"), 1);
    // Each is fetched once; whoever comes again asks for himself.
    rows(shop.client.rows(&*QUOTES).parent_cache(&parent_cache)).await;
    assert_eq!(asked(&shop, "/posts"), 2);
}

#[tokio::test]
async fn partial_fetch_of_parents_is_not_cached() {
    let shop = shop(Api::new(blog(5)));
    let parent_cache = ParentCache::of(&[Static(&*POSTS), Static(&*COMMENTS), Static(&*QUOTES)]);
    rows(
        shop.client
            .rows(&*POSTS)
            .parent_cache(&parent_cache)
            .limit(4),
    )
    .await;
    let mut dropped = shop
        .client
        .rows(&*POSTS)
        .parent_cache(&parent_cache)
        .pages();
    dropped.next().await.unwrap().unwrap();
    drop(dropped);
    for resource in [&*COMMENTS, &*QUOTES] {
        let fetched = rows(shop.client.rows(resource).parent_cache(&parent_cache)).await;
        assert_eq!(fetched.len(), comments(5).len());
    }
    assert_eq!(asked(&shop, "/posts"), 3);
}

#[tokio::test]
async fn a_child_says_that_its_parents_were_known() {
    let shop = shop(Api::new(blog(3)));
    let parent_cache = ParentCache::of(&[Static(&*POSTS), Static(&*COMMENTS)]);
    rows(shop.client.rows(&*POSTS).parent_cache(&parent_cache)).await;
    let mut pages = shop
        .client
        .rows(&*COMMENTS)
        .parent_cache(&parent_cache)
        .pages();
    while let Some(page) = pages.next().await {
        page.unwrap();
    }
    assert!(pages.completeness().unwrap().is_complete());
    insta::assert_snapshot!(pages.report().to_string());
}

#[tokio::test]
async fn cache_is_bounded() {
    let long = "x".repeat(6 << 20);
    let posts: Vec<Value> = (0..3)
        .map(|id| json!({ "id": id.to_string(), "lang": long }))
        .collect();
    let shop = shop(Api::new(move |request| page(&posts, request)));
    let parent_cache = ParentCache::of(&[Static(&*COMMENTS), Static(&*QUOTES)]);
    rows(shop.client.rows(&*POSTS).parent_cache(&parent_cache)).await;
    assert!(parent_cache.take(&QUOTES, &POSTS, None).is_none());
}
