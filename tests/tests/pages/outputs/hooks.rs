//! Of `hooks.md`.

use rest_source::transport::Request;

use crate::{
    canned::{answer, source},
    shown::hooks::meters,
};

fn secrets() -> meters::Secrets {
    meters::Secrets {
        token: "token-of-the-meters".into(),
    }
}

/// Three sites, one of which is a test and one without a meter, and these readings of the other.
fn meters(readings: &'static str) -> meters::Source {
    source(secrets(), move |request: &Request| {
        let path = request.url.strip_prefix("https://api.example.com/v1");
        match path.unwrap() {
            "/sites" => {
                let sites = r#"[{"id": "north"}, {"id": "test-1"}, {"id": "south"}]"#;
                answer(200, &[], sites)
            }
            "/sites/north/readings" => answer(200, &[], readings),
            "/sites/north/readings?after=p2" => answer(200, &[], "3;0.5\n"),
            "/sites/south/readings" => answer(200, &["X-Error: no_meter"], ""),
            other => panic!("{other}"),
        }
    })
}

#[tokio::test]
async fn the_functions_that_are_shown_work() {
    let meters = meters("1;2.5\n2;3\nnext;p2\n");
    let mut pages = meters.readings().pages();
    let mut values = Vec::new();
    while let Some(page) = pages.next().await {
        for reading in page.unwrap().iter().map(Result::unwrap) {
            assert_eq!(reading.site, "north");
            values.push((reading.at, reading.value));
        }
    }
    assert_eq!(values, [(1, 2.5), (2, 3.0), (3, 0.5)]);
    let report = pages.report().to_string();
    assert!(report.contains("the site has no meter"), "{report}");
}

pub(super) async fn hook() -> String {
    let error = meters("no readings").readings().all().await.unwrap_err();
    error.to_string()
}
