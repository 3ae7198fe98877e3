//! The rows of a table and the request that they were loaded by.

use std::sync::LazyLock;

use rest_source::{
    Builder, ErrorKind, Scalar, Values,
    plan::{
        ConfigPlan, ConfigType, Param, Part, ResourcePlan, SourcePlan, Template, WriteDisposition,
    },
    shared::{Ref::Static, Text, list},
};
use rest_source_load::{Load, LoadError, LoadReport};
use rest_source_testkit::Server;

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
        data_type: ConfigType::Text,
        default: None,
        description: None,
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
    let mut database = scratch.open();
    let loading = shop.load(&mut database);
    match how {
        How::Plain => loading.await,
        How::Keep => loading.keep_state().await,
        How::Refresh => loading.full_refresh().await,
    }
}

async fn refuses_another_tenant<S>()
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
async fn a_merged_table_is_of_one_request() {
    refuses_another_tenant::<Merging>().await;
}

#[tokio::test]
async fn a_replaced_table_is_of_one_request() {
    refuses_another_tenant::<Replacing>().await;
}

#[tokio::test]
async fn an_appended_table_is_of_one_request() {
    refuses_another_tenant::<Appending>().await;
}
