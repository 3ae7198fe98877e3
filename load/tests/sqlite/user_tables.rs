//! Tables that no load made, and tables that are gone.

use std::sync::LazyLock;

use rest_source::{
    ErrorKind,
    plan::{ResourcePlan, WriteDisposition},
};
use rest_source_load::Load;

use crate::shop::{CHANGED_ORDERS, ORDERS, Scratch, connect, plan, serve};

static REPLACED: LazyLock<ResourcePlan> = LazyLock::new(|| ResourcePlan {
    write_disposition: WriteDisposition::Replace,
    ..ORDERS
});
static APPENDED: LazyLock<ResourcePlan> = LazyLock::new(|| ResourcePlan {
    write_disposition: WriteDisposition::Append,
    ..CHANGED_ORDERS.clone()
});

crate::shop!(Merging, plan(&[&*CHANGED_ORDERS]));
crate::shop!(Replacing, plan(&[&*REPLACED]));
crate::shop!(Appending, plan(&[&*APPENDED]));

/// A table that a spec would change.
const OWN: &str = "
    CREATE TABLE orders (id INTEGER PRIMARY KEY, password TEXT);
    CREATE INDEX orders_password ON orders (password);
    INSERT INTO orders VALUES (1, 'x'), (2, 'y')";
/// A table as a load makes it.
const FITTING: &str = "
    CREATE TABLE orders (
        id INTEGER NOT NULL, status TEXT NOT NULL, changed_at TEXT NOT NULL, PRIMARY KEY (id)
    ) STRICT";
const SCHEMA: &str = "SELECT sql FROM sqlite_master WHERE tbl_name = 'orders' ORDER BY name";

#[tokio::test]
async fn table_of_a_user_is_not_changed() {
    let server = serve().await;
    for full_refresh in [false, true] {
        let scratch = Scratch::new();
        scratch.execute(OWN);
        let before = (scratch.rows("SELECT * FROM orders"), scratch.rows(SCHEMA));
        let (merging, replacing): (Merging, Replacing) = (connect(&server), connect(&server));
        let database = scratch.open();
        let mut load = merging.load(&database);
        if full_refresh {
            load = load.full_refresh();
        }
        let mut errors = vec![load.await.unwrap_err()];
        errors.push(replacing.load(&scratch.open()).await.unwrap_err());
        for error in errors {
            assert_eq!(*error.errors[0].kind(), ErrorKind::Destination);
            let shown = error.to_string();
            assert!(
                shown.contains("the table `orders` was not created by a load")
                    && shown.contains("help: rename the table or the resource"),
                "{shown}"
            );
        }
        let after = (scratch.rows("SELECT * FROM orders"), scratch.rows(SCHEMA));
        assert_eq!(after, before);
        assert!(server.log().all().is_empty(), "nothing is sent");
    }
}

#[tokio::test]
async fn empty_table_that_fits_is_adopted() {
    let (server, scratch) = (serve().await, Scratch::new());
    scratch.execute(FITTING);
    let shop: Replacing = connect(&server);
    for _ in 0..2 {
        shop.load(&scratch.open()).await.unwrap();
        scratch.assert_equals(&server);
    }
}

#[tokio::test]
async fn empty_table_that_does_not_fit_is_an_error_with_advice() {
    let (server, scratch) = (serve().await, Scratch::new());
    scratch.execute("CREATE TABLE orders (id TEXT PRIMARY KEY)");
    let shop: Replacing = connect(&server);
    let error = shop.load(&scratch.open()).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "`orders`: the table `orders` was not created by a load, and does not fit the spec: its column `id` \
         holds TEXT, the spec's holds bigint\n  \
         help: drop the table, which is empty; or rename it or the resource"
    );
    assert_eq!(
        scratch.rows(SCHEMA)[0],
        "CREATE TABLE orders (id TEXT PRIMARY KEY)"
    );
}

#[tokio::test]
async fn table_of_a_user_that_fits_is_appended_to_and_never_replaced() {
    let (server, scratch) = (serve().await, Scratch::new());
    scratch.execute(FITTING);
    scratch.execute("INSERT INTO orders VALUES (99, 'mine', '2026-01-01T00:00:00.000000+00:00')");
    let shop: Merging = connect(&server);
    for _ in 0..2 {
        shop.load(&scratch.open()).await.unwrap();
        assert_eq!(scratch.rows("SELECT count(*) FROM orders"), ["36"]);
        let refresh = shop.load(&scratch.open()).full_refresh().await;
        assert!(
            refresh
                .unwrap_err()
                .to_string()
                .contains("not created by a load")
        );
        assert_eq!(scratch.rows("SELECT count(*) FROM orders"), ["36"]);
    }
}

#[tokio::test]
async fn dropped_table_is_loaded_from_the_start() {
    let (server, scratch) = (serve().await, Scratch::new());
    let (merging, appending): (Merging, Appending) = (connect(&server), connect(&server));
    for append in [false, true] {
        scratch.execute("DROP TABLE IF EXISTS orders");
        for first in [true, false] {
            if !first {
                scratch.execute("DROP TABLE orders");
            }
            let database = scratch.open();
            let report = if append {
                appending.load(&database).await.unwrap()
            } else {
                merging.load(&database).await.unwrap()
            };
            scratch.assert_equals(&server);
            let notes = &report.resource("orders").unwrap().fetched.notes;
            let says_so =
                notes[0].starts_with("the table `orders` was dropped since the last load");
            assert_eq!(says_so, !first || append, "{notes:?}");
        }
    }
}

#[tokio::test]
async fn emptied_table_is_loaded_from_the_start() {
    let (server, scratch) = (serve().await, Scratch::new());
    let (merging, appending): (Merging, Appending) = (connect(&server), connect(&server));
    for append in [false, true] {
        scratch.execute("DROP TABLE IF EXISTS orders");
        for emptied in [false, true, false] {
            if emptied {
                scratch.execute("DELETE FROM orders");
            }
            let database = scratch.open();
            let report = if append {
                appending.load(&database).await.unwrap()
            } else {
                merging.load(&database).await.unwrap()
            };
            scratch.assert_equals(&server);
            let notes = &report.resource("orders").unwrap().fetched.notes;
            let expected =
                "the table `orders` was emptied since the last load: loaded from the start";
            assert_eq!(notes[0] == expected, emptied, "{notes:?}");
        }
    }
    // Whoever moves the rows elsewhere may go on from the state.
    scratch.execute("DELETE FROM orders");
    let load = appending.load(&scratch.open()).keep_state().await;
    assert_eq!(scratch.rows("SELECT count(*) FROM orders"), ["0"]);
    let note = &load.unwrap().resources[0].fetched.notes[0];
    assert!(note.ends_with("`keep_state` kept its state"), "{note}");
}

#[tokio::test]
async fn table_that_never_had_rows_was_not_emptied() {
    let (server, scratch) = (serve().await, Scratch::new());
    server.dataset("orders").truncate(0);
    let shop: Merging = connect(&server);
    for _ in 0..2 {
        let report = shop.load(&scratch.open()).await.unwrap();
        let notes = &report.resource("orders").unwrap().fetched.notes;
        assert!(!notes[0].contains("emptied"), "{notes:?}");
    }
}

#[tokio::test]
async fn indexes_and_triggers_of_users_survive_a_new_table() {
    let (server, scratch) = (serve().await, Scratch::new());
    let (merging, appending): (Merging, Appending) = (connect(&server), connect(&server));
    merging.load(&scratch.open()).await.unwrap();
    scratch.execute("CREATE INDEX by_status ON orders (status)");
    // It loses its key.
    appending
        .load(&scratch.open())
        .full_refresh()
        .await
        .unwrap();
    scratch.assert_equals(&server);
    assert!(scratch.rows(SCHEMA).join("\n").contains("by_status"));
}

#[tokio::test]
async fn table_that_a_user_created_under_the_name_of_a_loads_is_kept() {
    let (server, scratch) = (serve().await, Scratch::new());
    let shop: Replacing = connect(&server);
    shop.load(&scratch.open()).await.unwrap();
    scratch.execute("ALTER TABLE orders RENAME TO orders_2025");
    scratch.execute(OWN);
    let error = shop.load(&scratch.open()).await.unwrap_err();
    let expected = "the table `orders` was not created by a load";
    assert!(error.to_string().contains(expected), "{error}");
    assert_eq!(scratch.rows("SELECT * FROM orders"), ["1 | x", "2 | y"]);
    // Without it the load starts again.
    scratch.execute("DROP TABLE orders");
    shop.load(&scratch.open()).await.unwrap();
    scratch.assert_equals(&server);
}

#[tokio::test]
async fn view_with_the_name_of_a_resource_is_an_error() {
    let (server, scratch) = (serve().await, Scratch::new());
    scratch.execute("CREATE VIEW orders AS SELECT 1 AS id");
    let shop: Replacing = connect(&server);
    let error = shop.load(&scratch.open()).full_refresh().await;
    assert_eq!(
        error.unwrap_err().to_string(),
        "`orders`: `orders` is a view, not a table\n  \
         help: rename the view or the resource, or load into another database"
    );
}

#[tokio::test]
async fn state_is_not_stored_for_a_table_emptied_during_the_load() {
    // After a page in the middle, and after the last.
    for rows in [20, 35] {
        let (server, scratch) = (serve().await, Scratch::new());
        let shop: Merging = connect(&server);
        let database = scratch.open();
        let load = shop.load(&database).commit_rows(1);
        let load = load.on_progress(|progress| {
            if progress.rows == rows {
                scratch.execute("DELETE FROM orders");
            }
        });
        let error = load.await.unwrap_err().to_string();
        let expected = "the table `orders` was emptied while the load ran";
        assert!(error.contains(expected), "{error}");
        shop.load(&scratch.open()).await.unwrap();
        scratch.assert_equals(&server);
    }
}

#[cfg(unix)]
#[tokio::test]
async fn database_deleted_during_a_load_is_an_error() {
    let (server, scratch) = (serve().await, Scratch::new());
    let shop: Merging = connect(&server);
    let database = scratch.open();
    let load = shop.load(&database).on_progress(|progress| {
        if progress.pages == 2 {
            std::fs::remove_file(&scratch.path).unwrap();
        }
    });
    let error = load.await.unwrap_err().to_string();
    assert!(
        error.contains("was deleted or replaced while the load ran"),
        "{error}"
    );
}
