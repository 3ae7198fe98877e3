//! Rows of several settings in one table, told apart by a column.

use std::sync::LazyLock;

use rest_source::{
    Builder, Column, ErrorKind, Scalar, Table, Type, Values,
    plan::{
        ConfigPlan, Incremental, Param, Part, ResourcePlan, SourcePlan, Template, WriteDisposition,
    },
    shared::{Ref::Static, Text, list},
};
use rest_source_load::{Load, LoadError, LoadReport};
use rest_source_testkit::Server;
use serde_json::json;

use crate::shop::{ORDERS, Scratch, serve};

const ID: Column = Column::new("id", Type::Bigint).primary_key();
const STATUS: Column = Column::new("status", Type::Text);
const CHANGED_AT: Column = Column::new("changed_at", Type::TIMESTAMP);
const TENANT: Column = Column::new("tenant", Type::Text).config(1).primary_key();

const COLUMNS: &[Column] = &[ID, STATUS, CHANGED_AT, TENANT];
static MERGED: LazyLock<ResourcePlan> = LazyLock::new(|| ResourcePlan {
    table: Static(const { &Table::new("orders", Static(COLUMNS)) }),
    params: list![Param {
        name: Static("tenant"),
        value: Template(list![Part::Config(1)]),
    }],
    incremental: Some(Incremental {
        start_param: Some(Static("since")),
        column: Some(2),
        ..Incremental::DEFAULT
    }),
    ..ORDERS
});
static REPLACED: LazyLock<ResourcePlan> = LazyLock::new(|| ResourcePlan {
    write_disposition: WriteDisposition::Replace,
    ..MERGED.clone()
});
static APPENDED: LazyLock<ResourcePlan> = LazyLock::new(|| ResourcePlan {
    write_disposition: WriteDisposition::Append,
    ..MERGED.clone()
});
static RETYPED: LazyLock<ResourcePlan> = LazyLock::new(|| ResourcePlan {
    table: Static(const { &Table::new("orders", Static(RETYPED_COLUMNS)) }),
    ..MERGED.clone()
});
const RETYPED_COLUMNS: &[Column] = &[ID, Column::new("status", Type::Json), CHANGED_AT, TENANT];
static WITHOUT: LazyLock<ResourcePlan> = LazyLock::new(|| ResourcePlan {
    table: Static(const { &Table::new("orders", Static(WITHOUT_COLUMNS)) }),
    write_disposition: WriteDisposition::Append,
    ..MERGED.clone()
});
const WITHOUT_COLUMNS: &[Column] = &[ID, STATUS, CHANGED_AT];

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

static REPLACED_WITHOUT: LazyLock<ResourcePlan> = LazyLock::new(|| ResourcePlan {
    write_disposition: WriteDisposition::Replace,
    ..WITHOUT.clone()
});
/// The tenant is told by its credentials, and is in no request.
static KEYLESS: LazyLock<ResourcePlan> = LazyLock::new(|| ResourcePlan {
    table: Static(const { &Table::new("orders", Static(KEYLESS_COLUMNS)) }),
    write_disposition: WriteDisposition::Replace,
    params: list![],
    ..MERGED.clone()
});
const KEYLESS_COLUMNS: &[Column] = &[
    ID,
    STATUS,
    CHANGED_AT,
    Column::new("tenant", Type::Text).config(1),
];
static KEYLESS_WITHOUT: LazyLock<ResourcePlan> = LazyLock::new(|| ResourcePlan {
    table: WITHOUT.table.clone(),
    ..KEYLESS.clone()
});

shop!(Merging, MERGED);
shop!(ReplacingWithout, REPLACED_WITHOUT);
shop!(Keyless, KEYLESS);
shop!(KeylessWithout, KEYLESS_WITHOUT);
shop!(Replacing, REPLACED);
shop!(Appending, APPENDED);
shop!(Retyped, RETYPED);
shop!(Without, WITHOUT);

async fn load<S>(
    server: &Server,
    scratch: &Scratch,
    tenant: &str,
    full_refresh: bool,
) -> Result<LoadReport, LoadError>
where
    S: Load<Secrets = (), Config = Settings>,
{
    let settings = Settings([server.url().to_owned(), tenant.to_owned()]);
    let shop = Builder::<S>::new().config(settings).build().unwrap();
    let database = scratch.open();
    let loading = shop.load(&database);
    if full_refresh {
        loading.full_refresh().await
    } else {
        loading.await
    }
}

fn counts(scratch: &Scratch) -> Vec<String> {
    scratch.rows("SELECT tenant, count(*), count(DISTINCT id) FROM orders GROUP BY 1 ORDER BY 1")
}

async fn assert_tenants_are_separate<S>()
where
    S: Load<Secrets = (), Config = Settings>,
{
    let (server, scratch) = (serve().await, Scratch::new());
    for _ in 0..2 {
        for tenant in ["a", "b"] {
            load::<S>(&server, &scratch, tenant, false).await.unwrap();
        }
        assert_eq!(counts(&scratch), ["a | 35 | 35", "b | 35 | 35"]);
    }
    // A full refresh is of one tenant.
    server.dataset("orders").truncate(30);
    load::<S>(&server, &scratch, "a", true).await.unwrap();
    assert_eq!(counts(&scratch), ["a | 30 | 30", "b | 35 | 35"]);
    server
        .dataset("orders")
        .insert(json!({ "id": 99, "status": "new" }));
    for _ in 0..2 {
        load::<S>(&server, &scratch, "a", false).await.unwrap();
        assert_eq!(counts(&scratch), ["a | 31 | 31", "b | 35 | 35"]);
    }
}

#[tokio::test]
async fn merged_tenants_have_separate_states() {
    assert_tenants_are_separate::<Merging>().await;
}

#[tokio::test]
async fn appended_tenants_have_separate_states() {
    assert_tenants_are_separate::<Appending>().await;
}

#[tokio::test]
async fn replace_replaces_the_rows_of_one_tenant() {
    assert_tenants_are_separate::<Replacing>().await;
}

#[tokio::test]
async fn tenant_with_deleted_rows_is_loaded_from_the_start() {
    let (server, scratch) = (serve().await, Scratch::new());
    for tenant in ["a", "b"] {
        load::<Merging>(&server, &scratch, tenant, false)
            .await
            .unwrap();
    }
    scratch.execute("DELETE FROM orders WHERE tenant = 'a'");
    let report = load::<Merging>(&server, &scratch, "b", false).await;
    assert_eq!(report.unwrap().resources[0].written, 1);
    load::<Merging>(&server, &scratch, "a", false)
        .await
        .unwrap();
    assert_eq!(counts(&scratch), ["a | 35 | 35", "b | 35 | 35"]);
    // Nothing is mixed or deleted in an empty table.
    scratch.execute("DELETE FROM orders");
    load::<ReplacingWithout>(&server, &scratch, "b", true)
        .await
        .unwrap();
    assert_eq!(scratch.rows("SELECT count(*) FROM orders"), ["35"]);
}

#[tokio::test]
async fn incompatible_table_is_not_dropped_with_the_rows_of_others() {
    let (server, scratch) = (serve().await, Scratch::new());
    for tenant in ["a", "b"] {
        load::<Merging>(&server, &scratch, tenant, false)
            .await
            .unwrap();
    }
    let error = load::<Retyped>(&server, &scratch, "a", true).await;
    let error = error.unwrap_err();
    assert_eq!(*error.errors[0].kind(), ErrorKind::Destination);
    let shown = error.to_string();
    assert!(
        shown.contains("\n  rows of `tenant b`\n  help: drop the table"),
        "{shown}"
    );
    assert_eq!(counts(&scratch), ["a | 35 | 35", "b | 35 | 35"]);

    scratch.execute("DROP TABLE orders");
    for tenant in ["a", "b"] {
        load::<Retyped>(&server, &scratch, tenant, false)
            .await
            .unwrap();
    }
    assert_eq!(counts(&scratch), ["a | 35 | 35", "b | 35 | 35"]);
}

#[tokio::test]
async fn rows_without_the_settings_column_are_not_mixed_with_others() {
    let (server, scratch) = (serve().await, Scratch::new());
    load::<Without>(&server, &scratch, "a", false)
        .await
        .unwrap();
    let error = load::<Appending>(&server, &scratch, "a", false).await;
    let shown = error.unwrap_err().to_string();
    assert!(
        shown.contains("were loaded by another `include_from_config`"),
        "{shown}"
    );
    assert_eq!(scratch.rows("SELECT count(*) FROM orders"), ["35"]);
    load::<Appending>(&server, &scratch, "a", true)
        .await
        .unwrap();
    load::<Appending>(&server, &scratch, "b", false)
        .await
        .unwrap();
    assert_eq!(counts(&scratch), ["a | 35 | 35", "b | 35 | 35"]);
}

async fn assert_rejected<S>(server: &Server, scratch: &Scratch, full_refresh: bool) -> String
where
    S: Load<Secrets = (), Config = Settings>,
{
    let before = scratch.rows("SELECT * FROM orders ORDER BY id");
    let error = load::<S>(server, scratch, "b", full_refresh).await;
    assert_eq!(scratch.rows("SELECT * FROM orders ORDER BY id"), before);
    error.unwrap_err().to_string()
}

#[tokio::test]
async fn replace_keeps_the_rows_of_tenants_when_the_column_is_removed() {
    let (server, scratch) = (serve().await, Scratch::new());
    load::<Replacing>(&server, &scratch, "a", false)
        .await
        .unwrap();
    let shown = assert_rejected::<ReplacingWithout>(&server, &scratch, false).await;
    assert!(
        shown.contains("by another `include_from_config`"),
        "{shown}"
    );
    load::<Replacing>(&server, &scratch, "b", false)
        .await
        .unwrap();
    // It cannot be told whose rows a full refresh is to replace.
    let shown = assert_rejected::<ReplacingWithout>(&server, &scratch, true).await;
    let expected = "\n  rows of `tenant a`\n  rows of `tenant b`\n  help: drop the table";
    assert!(shown.contains(expected), "{shown}");
}

#[tokio::test]
async fn replace_keeps_the_rows_that_lack_the_column_when_it_is_added() {
    let (server, scratch) = (serve().await, Scratch::new());
    load::<KeylessWithout>(&server, &scratch, "a", false)
        .await
        .unwrap();
    let shown = assert_rejected::<Keyless>(&server, &scratch, false).await;
    assert!(
        shown.contains("by another `include_from_config`"),
        "{shown}"
    );
    load::<Keyless>(&server, &scratch, "a", true).await.unwrap();
    let shown = assert_rejected::<KeylessWithout>(&server, &scratch, false).await;
    assert!(shown.contains("a full refresh replaces"), "{shown}");
}

#[tokio::test]
async fn empty_table_accepts_any_setting() {
    let (server, scratch) = (serve().await, Scratch::new());
    let orders = server.dataset("orders").rows();
    server.dataset("orders").truncate(0);
    load::<Without>(&server, &scratch, "a", false)
        .await
        .unwrap();
    for order in orders {
        server.dataset("orders").insert(order.into());
    }
    for _ in 0..2 {
        load::<Appending>(&server, &scratch, "b", false)
            .await
            .unwrap();
        assert_eq!(counts(&scratch), ["b | 35 | 35"]);
    }
}
