//! The mock is asked what the loopback server is asked, for the same data: it pages, filters and
//! wants credentials as an ordinary server does.

use std::collections::BTreeMap;

use rest_source::{
    Builder, Connector,
    plan::{Ends, Pages, Paginator},
};
use rest_source_load::{Load, Sqlite};
use rest_source_mock::Mocked;
use rest_source_testkit::{Api, Paging, Server, Total, data};
use url::Url;

use crate::specs::sources::{
    analytics_api_key, analytics_oauth2, call_center_overview, datasets, media_insights,
};

/// A request, as far as the two can be compared: without the host, and credentials as their names.
type Request = (String, String, Vec<(String, String)>);

/// How often each request was made. They are made side by side: their order is not the spec's.
type Requests = BTreeMap<Request, usize>;

fn counted(requests: impl Iterator<Item = Request>) -> Requests {
    requests.fold(Requests::new(), |mut counted, request| {
        *counted.entry(request).or_default() += 1;
        counted
    })
}

fn request(method: &str, path: &str, query: impl Iterator<Item = (String, String)>) -> Request {
    let query = query.map(|(name, value)| match name.as_str() {
        "api_key" => (name, "…".to_owned()),
        _ => (name, value),
    });
    (method.to_owned(), path.to_owned(), query.collect())
}

/// What the loopback server sees of two loads, the second for what is new.
async fn seen<S: Connector>(
    api: Api,
    secrets: S::Secrets,
    config: impl Fn(&Server) -> S::Config,
) -> Requests {
    let server = Server::start(api).await.unwrap();
    let source = Builder::<S>::new()
        .secrets(secrets)
        .config(config(&server))
        .build()
        .unwrap();
    load_twice(&source).await;
    let seen = server.log().all().into_iter();
    counted(seen.map(|seen| request(&seen.method, &seen.path, seen.query.into_iter())))
}

/// What the mock sees of them.
async fn asked<S: Connector>(api: Api) -> Requests {
    let datasets = api.datasets.iter();
    let mock = datasets.fold(S::mock(), |mock, data| {
        mock.records(data.name(), data.rows())
    });
    let api = mock.start().unwrap();
    load_twice(&api.source()).await;
    let asked = api.requests().into_iter();
    counted(asked.map(|asked| {
        let url = Url::parse(&asked.url).unwrap();
        let method = asked.method.as_str();
        request(method, url.path(), url.query_pairs().into_owned())
    }))
}

async fn load_twice<S: Connector>(source: &S) {
    let db = Sqlite::open(":memory:").unwrap();
    for _ in 0..2 {
        source.load(&db).await.unwrap();
    }
}

/// The API with totals where the spec looks for them: elsewhere a real one may say anything.
fn honest<S: Connector>(mut api: Api) -> Api {
    let declared = S::plan().resources.iter().any(|plan| {
        let Paginator { kind, ends, .. } = plan.paginator.clone();
        matches!(kind, Pages::Offset(_)) && ends != Ends::COUNTED
    });
    api.paging = Paging {
        total: if declared {
            Total::Right
        } else {
            Total::Absent
        },
        ..api.paging
    };
    api
}

/// Compares the two for a source with a key.
macro_rules! assert_agreed {
    ($($source:ident)*) => {$(
        #[tokio::test]
        async fn $source() {
            let api = || honest::<$source::Source>(data::$source());
            let secrets = $source::Secrets { api_key: data::API_KEY.into() };
            let config = |server: &Server| $source::Config { base_url: server.url().to_owned() };
            let seen = seen::<$source::Source>(api(), secrets, config).await;
            assert!(!seen.is_empty());
            assert_eq!(asked::<$source::Source>(api()).await, seen);
        }
    )*};
}

assert_agreed!(analytics_api_key call_center_overview datasets media_insights);

#[tokio::test]
async fn analytics_oauth2() {
    let api = || honest::<analytics_oauth2::Source>(data::analytics_oauth2());
    let secrets = analytics_oauth2::Secrets {
        client_id: data::CLIENT_ID.into(),
        client_secret: data::CLIENT_SECRET.into(),
    };
    let config = |server: &Server| analytics_oauth2::Config {
        base_url: server.url().to_owned(),
        token_url: server.token_url(),
    };
    let seen = seen::<analytics_oauth2::Source>(api(), secrets, config).await;
    assert!(seen.keys().any(|(method, ..)| method == "POST"), "{seen:?}");
    assert_eq!(asked::<analytics_oauth2::Source>(api()).await, seen);
}
