//! The rows of a table and the request that they were loaded by.

use std::{sync::LazyLock, time::Duration};

use rest_source::{
    Builder, ErrorKind, Scalar, Values,
    plan::{ConfigPlan, Param, Part, ResourcePlan, SourcePlan, Template, WriteDisposition},
    shared::{Ref::Static, Text, list},
};
use rest_source_load::{Load, LoadError, LoadReport};
use rest_source_testkit::{Fault, Server};

use crate::shop::{CHANGED_ORDERS, Scratch, serve};

static BY_TENANT: LazyLock<ResourcePlan> = LazyLock::new(|| ResourcePlan {
    params: list![Param {
        name: Static("tenant"),
        value: Template(list![Part::Config(1)]),
    }],
    ..CHANGED_ORDERS.clone()
});
static REPLACED: LazyLock<ResourcePlan> = LazyLock::new(|| ResourcePlan {
    write_disposition: WriteDisposition::Replace,
    ..BY_TENANT.clone()
});
static APPENDED: LazyLock<ResourcePlan> = LazyLock::new(|| ResourcePlan {
    write_disposition: WriteDisposition::Append,
    incremental: None,
    ..BY_TENANT.clone()
});

const SETTINGS: &[ConfigPlan] = &[setting("base_url"), setting("tenant")];

fn plan(resources: &[&ResourcePlan]) -> SourcePlan {
    SourcePlan {
        config: Static(SETTINGS),
        ..crate::shop::plan(resources)
    }
}

const fn setting(name: &'static str) -> ConfigPlan {
    ConfigPlan {
        name: Text::of(name),
        env: Static(""),
        ..ConfigPlan::DEFAULT
    }
}

pub(crate) struct Settings([String; 2]);

impl Values<Scalar> for Settings {
    fn values(self) -> Vec<Scalar> {
        self.0.map(Scalar::from).into()
    }
}

macro_rules! shop {
    ($name:ident, $resource:expr) => {
        struct $name(rest_source::Client);

        impl rest_source::Connector for $name {
            fn plan() -> rest_source::shared::Ref<SourcePlan> {
                plan(&[&$resource]).into()
            }
            type Secrets = ();
            type Config = Settings;

            fn from_client(client: rest_source::Client) -> Self {
                Self(client)
            }

            fn client(&self) -> &rest_source::Client {
                &self.0
            }
        }
    };
}

shop!(Merging, BY_TENANT);
shop!(Replacing, REPLACED);
shop!(Appending, APPENDED);

#[derive(Clone, Copy)]
enum How {
    Plain,
    Keep,
    Refresh,
}

async fn load<S>(
    server: &Server,
    scratch: &Scratch,
    tenant: &str,
    how: How,
) -> Result<LoadReport, LoadError>
where
    S: Load<Secrets = (), Config = Settings>,
{
    let settings = Settings([server.url().to_owned(), tenant.to_owned()]);
    let shop = Builder::<S>::new().config(settings).build().unwrap();
    let database = scratch.open();
    // Some of these loads run at the same time: what protects their rows then.
    let loading = shop.load(&database).no_lock();
    match how {
        How::Plain => loading.await,
        How::Keep => loading.keep_state().await,
        How::Refresh => loading.full_refresh().await,
    }
}

async fn assert_another_tenant_is_rejected<S>()
where
    S: Load<Secrets = (), Config = Settings>,
{
    let (server, scratch) = (serve().await, Scratch::new());
    load::<S>(&server, &scratch, "a", How::Plain).await.unwrap();
    let before = scratch.rows("SELECT * FROM orders");
    server.log().clear();
    let error = load::<S>(&server, &scratch, "b", How::Plain).await;
    let error = error.unwrap_err();
    assert_eq!(*error.errors[0].kind(), ErrorKind::State);
    let shown = error.to_string();
    let expected = "`orders`: the rows of the table `orders` were loaded by another request\n  \
        `config.tenant` was `a`, now it is `b`\n  `params.tenant` was `a`, now it is `b`\n  help: ";
    assert!(shown.starts_with(expected), "{shown}");
    assert_eq!(scratch.rows("SELECT * FROM orders"), before);
    assert!(server.log().all().is_empty(), "nothing is sent");
    // The first tenant is loaded as before.
    load::<S>(&server, &scratch, "a", How::Plain).await.unwrap();
    // Deliberately, the other goes on, and then has the table.
    load::<S>(&server, &scratch, "b", How::Keep).await.unwrap();
    load::<S>(&server, &scratch, "b", How::Plain).await.unwrap();
    load::<S>(&server, &scratch, "a", How::Plain)
        .await
        .unwrap_err();
    load::<S>(&server, &scratch, "a", How::Refresh)
        .await
        .unwrap();
    scratch.assert_equals(&server);
    load::<S>(&server, &scratch, "a", How::Plain).await.unwrap();
}

#[tokio::test]
async fn merged_table_belongs_to_one_request() {
    assert_another_tenant_is_rejected::<Merging>().await;
}

#[tokio::test]
async fn replaced_table_belongs_to_one_request() {
    assert_another_tenant_is_rejected::<Replacing>().await;
}

#[tokio::test]
async fn appended_table_belongs_to_one_request() {
    assert_another_tenant_is_rejected::<Appending>().await;
}

/// Loads tenants a and b at the same time; the second waits until the server has seen `requests`.
async fn load_side_by_side(
    server: &Server,
    scratch: &Scratch,
    requests: usize,
    second: How,
) -> [Result<LoadReport, LoadError>; 2] {
    let second = async {
        while server.log().of("/orders").len() < requests {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        // The pages before have been committed.
        tokio::time::sleep(Duration::from_millis(200)).await;
        load::<Merging>(server, scratch, "b", second).await
    };
    let (first, second) = tokio::join!(load::<Merging>(server, scratch, "a", How::Plain), second);
    [first, second]
}

#[tokio::test]
async fn first_loads_of_two_requests_do_not_mix_their_rows() {
    let (server, scratch) = (serve().await, Scratch::new());
    // Both have opened the empty table when the first page arrives.
    for request in 0..2 {
        let wait = Duration::from_millis(500);
        server.faults().at(request, Fault::Slow(wait));
    }
    let loads = load_side_by_side(&server, &scratch, 1, How::Plain).await;
    let failed: Vec<String> = loads
        .into_iter()
        .filter_map(Result::err)
        .map(|e| e.to_string())
        .collect();
    assert_eq!(failed.len(), 1, "{failed:?}");
    let expected = "another load has written this resource since this one began";
    assert!(failed[0].contains(expected), "{}", failed[0]);
}

#[tokio::test]
async fn merge_does_not_add_to_the_rows_of_another_requests_full_refresh() {
    let (server, scratch) = (serve().await, Scratch::new());
    server.faults().at(2, Fault::Slow(Duration::from_secs(2)));
    let [merge, refresh] = load_side_by_side(&server, &scratch, 3, How::Refresh).await;
    refresh.unwrap();
    let error = merge.unwrap_err().to_string();
    assert!(
        error.contains("another load has written this resource"),
        "{error}"
    );
    let stored = scratch.rows("SELECT request FROM _rest_source_state");
    assert!(stored[0].contains("\"b\""), "{stored:?}");
}

#[tokio::test]
async fn full_refresh_recovers_from_an_unreadable_request() {
    let (server, scratch) = (serve().await, Scratch::new());
    load::<Merging>(&server, &scratch, "a", How::Plain)
        .await
        .unwrap();
    scratch.execute("UPDATE _rest_source_state SET request = 'x'");
    let error = load::<Merging>(&server, &scratch, "a", How::Plain).await;
    let error = error.unwrap_err().to_string();
    assert!(error.contains("help: a full refresh replaces"), "{error}");
    load::<Merging>(&server, &scratch, "a", How::Refresh)
        .await
        .unwrap();
    load::<Merging>(&server, &scratch, "a", How::Plain)
        .await
        .unwrap();
}
