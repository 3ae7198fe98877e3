//! The Guardian: the key in the query, and the number of pages in the response.

use rest_source::rest_source;
use serde_json::{Value, json};

use crate::api::{Api, at, page};

#[rest_source("../../../specs/guardian.yaml")]
mod guardian {}

use guardian::ArticleType;

fn response(number: i64, pages: i64, results: &[Value]) -> Value {
    json!({ "response": {
        "status": "ok", "userTier": "developer", "total": 2, "startIndex": number, "pageSize": 50,
        "currentPage": number, "pages": pages, "orderBy": "oldest", "results": results,
    }})
}

#[tokio::test]
async fn articles_end_with_the_last_page_that_there_is() {
    let article = |id: &str, time: &str| {
        json!({
            "id": id, "type": "article", "sectionId": "world", "sectionName": "World news",
            "webPublicationDate": time, "webTitle": "News", "webUrl": "https://www.theguardian.com/1",
            "apiUrl": "https://content.guardianapis.com/1", "isHosted": false,
        })
    };
    let mut first = article("world/1", "2026-01-01T09:00:00Z");
    first["fields"] = json!({ "headline": "News", "wordcount": "812", "isPremoderated": "false" });
    first["tags"] =
        json!([{ "id": "profile/x", "type": "contributor", "webTitle": "X", "references": [] }]);
    first["pillarId"] = json!("pillar/news");
    let mut second = article("world/2", "2026-01-02T09:00:00Z");
    second["type"] = json!("poll");
    let api = Api::new([
        page(&response(1, 2, &[first])),
        page(&response(2, 2, &[second])),
    ]);
    let secrets = guardian::Secrets {
        api_key: "hush hush".into(),
    };
    let source: guardian::Source = api.connect(secrets, ());
    let articles = source.articles().all().await.unwrap();
    let [first, second] = articles.as_slice() else {
        panic!("{articles:?}");
    };
    let fields = first.fields.as_ref().unwrap();
    assert_eq!(
        (fields.wordcount, fields.is_premoderated),
        (Some(812), Some(false))
    );
    assert_eq!((fields.star_rating, &fields.byline), (None, &None));
    assert_eq!(first.pillar_id.as_deref(), Some("pillar/news"));
    assert_eq!(first.tags.as_ref().unwrap()[0].first_name, None);
    assert_eq!(second.r#type, ArticleType::Other("poll".to_owned()));
    assert_eq!(second.web_publication_date, at("2026-01-02T09:00:00Z"));
    assert!(second.fields.is_none() && second.pillar_name.is_none());

    let urls = api.urls();
    assert_eq!(urls.len(), 2);
    for (url, number) in urls.iter().zip(1..) {
        assert!(
            url.starts_with("https://content.guardianapis.com/search?order-by=oldest&"),
            "{url}"
        );
        assert!(
            url.contains(&format!("page={number}&")) && url.contains("page-size=50"),
            "{url}"
        );
        assert!(url.contains("api-key=hush%20hush"), "{url}");
    }
}
