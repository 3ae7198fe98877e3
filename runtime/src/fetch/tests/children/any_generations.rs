//! Property test: generations of parents of any shape, at any concurrency, of a server with failures.

use std::{collections::BTreeMap, sync::Mutex};

use super::*;
use proptest::prelude::*;

/// For each post its comments, for each comment its number of replies.
type ParentCache = Vec<Vec<u8>>;

fn answers(parent_cache: ParentCache, stumbles: u64) -> impl Fn(&Request) -> Answer + Send + Sync {
    let asked = Mutex::new(BTreeMap::new());
    move |request| {
        let mut asked = asked.lock().unwrap();
        let turn: &mut u64 = asked.entry(request.url.clone()).or_default();
        *turn += 1;
        if *turn <= stumbles {
            return answer(503, &[], "");
        }
        let at = |text: &String| text.rsplit('.').next().unwrap().parse::<usize>().unwrap();
        let ids = |prefix: &str, number: usize| -> Vec<Value> {
            let id = |n| {
                if prefix.is_empty() {
                    format!("{n}")
                } else {
                    format!("{prefix}.{n}")
                }
            };
            (0..number).map(|n| json!({ "id": id(n) })).collect()
        };
        let records = match segments(request).as_slice() {
            [_] => ids("", parent_cache.len()),
            [_, post, _] => ids(post, parent_cache[at(post)].len()),
            [_, post, _, comment, _] => ids(comment, parent_cache[at(post)][at(comment)].into()),
            _ => unreachable!(),
        };
        page(&records, request)
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(ProptestConfig::default().cases / 5))]
    #[test]
    fn comes_whole_in_order_and_is_asked_for_as_often_as_must_be(
        parent_cache in prop::collection::vec(prop::collection::vec(0_u8..4, 0..5), 0..6),
        concurrency in 1_u16..9,
        stumbles in 0_u64..4,
    ) {
        let expected: Vec<String> = parent_cache
            .iter()
            .enumerate()
            .flat_map(|(post, comments)| {
                let replies = move |(comment, replies): (usize, &u8)| {
                    (0..*replies).map(move |n| format!("{post}.{comment}.{n} {post}"))
                };
                comments.iter().enumerate().flat_map(replies).collect::<Vec<_>>()
            })
            .collect();
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let shop = shop(Api::new(answers(parent_cache.clone(), stumbles)));
        let (found, asked) = runtime.block_on(async {
            let fetch = shop.client.rows(&*REPLIES).concurrency(concurrency);
            (rows(fetch).await, shop.api.requests().len())
        });
        prop_assert_eq!(found, expected);
        if stumbles == 0 {
            // A page for every two records, and one more to see the end, or the total.
            let pages = |number: usize| number / 2 + 1;
            let comments = parent_cache.iter().flatten();
            let most = pages(parent_cache.len())
                + parent_cache.iter().map(|comments| pages(comments.len())).sum::<usize>()
                + comments.map(|replies| pages(usize::from(*replies))).sum::<usize>();
            prop_assert!(asked <= most, "{} of {}", asked, most);
        }
    }
}
