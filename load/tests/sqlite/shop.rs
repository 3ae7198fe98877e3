//! A shop with orders, and connectors to it, written by hand as the macro would write them.

use std::{path::PathBuf, sync::LazyLock};

use rest_source::{
    Column, Connector, Table, Type,
    plan::{
        ConfigPlan, Incremental, Offset, Pages, Paginator, ParentField, ParentPlan, Part,
        ResourcePlan, Retry, Selector, SourcePlan, Template, WriteDisposition,
    },
    schema::{Path, Step},
    shared::{List, Ref::Static, list},
};
use rest_source_load::Sqlite;
use rest_source_testkit::{Access, Api, Dataset, Server};
use rusqlite::Connection;
use serde_json::{Value, json};

/// Fetched in pages of ten, merged by `id`.
pub(crate) const ORDERS: ResourcePlan = ResourcePlan {
    name: Static("orders"),
    line: 10,
    table: Static(
        const {
            &Table::new(
                "orders",
                list![
                    Column::new("id", Type::Bigint).primary_key(),
                    Column::new("status", Type::Text),
                    Column::new("changed_at", Type::TIMESTAMP),
                ],
            )
        },
    ),
    write_disposition: WriteDisposition::Merge,
    path: Template(list![Part::Text(Static("orders"))]),
    paginator: Paginator::new(Pages::Offset(Offset::new(10))),
    selector: Selector::Path(Path(list![Step::Key(Static("data"))])),
    ..ResourcePlan::DEFAULT
};

/// Orders that are merged in groups of one status.
pub(crate) static BY_STATUS: Table = Table::new(
    "orders",
    list![
        Column::new("id", Type::Bigint).primary_key(),
        Column::new("status", Type::Text).merge_key(),
        Column::new("changed_at", Type::TIMESTAMP),
    ],
);

/// The parent of what is fetched for each order.
pub(crate) static OF_AN_ORDER: ParentPlan = ParentPlan {
    resource: Static(&ORDERS),
    others: List::EMPTY,
    fields: list![ParentField {
        column: 0,
        path: Path(list![]),
        ..ParentField::DEFAULT
    }],
};

/// The orders, fetched from where the last fetch came to.
pub(crate) static CHANGED_ORDERS: LazyLock<ResourcePlan> = LazyLock::new(|| ResourcePlan {
    incremental: Some(Incremental {
        start_param: Some(Static("since")),
        column: Some(2),
        ..Incremental::DEFAULT
    }),
    ..ORDERS
});

/// A source of these resources.
pub(crate) fn plan(resources: &[&ResourcePlan]) -> SourcePlan {
    SourcePlan {
        name: Static("shop"),
        spec: Static("specs/shop.yaml"),
        config: list![ConfigPlan {
            name: Static("base_url"),
            env: Static("SHOP_BASE_URL"),
            ..ConfigPlan::DEFAULT
        }],
        base_url: Template(list![Part::Config(0)]),
        retry: Retry {
            max_retries: 0,
            ..Retry::DEFAULT
        },
        resources: resources
            .iter()
            .map(|resource| ResourcePlan::clone(resource).into())
            .collect(),
        ..SourcePlan::DEFAULT
    }
}

pub(crate) struct Url(pub(crate) String);

impl rest_source::Values<rest_source::Scalar> for Url {
    fn values(self) -> Vec<rest_source::Scalar> {
        vec![self.0.into()]
    }
}

/// Declares a connector to the shop.
#[macro_export]
macro_rules! shop {
    ($name:ident, $plan:expr) => {
        struct $name(rest_source::Client);

        impl rest_source::Connector for $name {
            fn plan() -> rest_source::shared::Ref<rest_source::plan::SourcePlan> {
                $plan.into()
            }
            type Secrets = ();
            type Config = $crate::shop::Url;

            fn from_client(client: rest_source::Client) -> Self {
                Self(client)
            }

            fn client(&self) -> &rest_source::Client {
                &self.0
            }
        }
    };
}

/// A connector to this server.
pub(crate) fn connect<S: Connector<Secrets = (), Config = Url>>(server: &Server) -> S {
    let url = Url(server.url().to_owned());
    rest_source::Builder::<S>::new()
        .config(url)
        .build()
        .unwrap()
}

/// A server with 35 orders, changed a minute apart.
pub(crate) async fn serve() -> Server {
    serve_also(Vec::new()).await
}

/// The same, and further resources.
pub(crate) async fn serve_also(mut others: Vec<Dataset>) -> Server {
    let order = |n: u64| {
        let (hour, minute) = (n / 60, n % 60);
        json!({
            "id": n,
            "status": format!("open {n}"),
            "changed_at": format!("2026-01-01T{hour:02}:{minute:02}:00Z"),
        })
    };
    let orders = Dataset::new("orders", "/orders", 35, order).since("since", "changed_at");
    others.push(orders);
    Server::start(Api::new(Access::Open, others)).await.unwrap()
}

/// A database in a file that is deleted with it.
pub(crate) struct Scratch {
    pub(crate) path: PathBuf,
    _directory: Directory,
}

struct Directory(PathBuf);

impl Drop for Directory {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

impl Scratch {
    /// A name for a database that no other test has.
    pub(crate) fn new() -> Self {
        use std::sync::atomic::{AtomicU32, Ordering};
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("rest-source-load-{}-{number}", std::process::id());
        let directory = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&directory).unwrap();
        Self {
            path: directory.join("shop.db"),
            _directory: Directory(directory),
        }
    }

    pub(crate) fn open(&self) -> Sqlite {
        Sqlite::open(&self.path).unwrap()
    }

    /// The rows of a query, each as its columns in one text.
    pub(crate) fn rows(&self, query: &str) -> Vec<String> {
        let db = Connection::open(&self.path).unwrap();
        let mut statement = db.prepare(query).unwrap();
        let width = statement.column_count();
        let shown = |row: &rusqlite::Row<'_>| {
            let cells = (0..width).map(|at| row.get::<_, rusqlite::types::Value>(at));
            let cells: Result<Vec<_>, _> = cells.collect();
            Ok(cells?.iter().map(text).collect::<Vec<_>>().join(" | "))
        };
        statement
            .query_map([], shown)
            .unwrap()
            .collect::<Result<_, _>>()
            .unwrap()
    }

    pub(crate) fn execute(&self, statements: &str) {
        Connection::open(&self.path)
            .unwrap()
            .execute_batch(statements)
            .unwrap();
    }

    /// Asserts that the table of orders is what the server holds.
    #[track_caller]
    pub(crate) fn assert_equals(&self, server: &Server) {
        let mut held: Vec<_> = server.dataset("orders").rows();
        held.sort_by_key(|order| order["id"].as_i64());
        let held: Vec<String> = held
            .iter()
            .map(|order| {
                let (id, status) = (&order["id"], order["status"].as_str().unwrap());
                let changed_at = order["changed_at"].as_str().unwrap();
                let changed_at = changed_at.replace('Z', ".000000+00:00");
                format!("{id} | {status} | {changed_at}")
            })
            .collect();
        let stored = self.rows("SELECT id, status, changed_at FROM orders ORDER BY id");
        assert_eq!(stored, held);
    }
}

fn text(value: &rusqlite::types::Value) -> String {
    use rusqlite::types::Value;
    match value {
        Value::Null => "NULL".to_owned(),
        Value::Integer(value) => value.to_string(),
        Value::Real(value) => format!("{value:?}"),
        Value::Text(value) => value.clone(),
        Value::Blob(value) => format!("{value:02x?}"),
    }
}

/// A row like an order's.
pub(crate) fn order(id: u64, status: &str) -> Value {
    json!({ "id": id, "status": status })
}
