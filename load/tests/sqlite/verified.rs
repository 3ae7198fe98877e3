//! Comparison with the API.

use rest_source_load::{Difference, Load, Verification};

use crate::shop::{ORDERS, Scratch, connect, plan, serve};

crate::shop!(Merging, plan(&[&ORDERS]));

#[tokio::test]
async fn rows_that_somebody_changed_are_found_and_repaired() {
    let (server, scratch) = (serve().await, Scratch::new());
    let shop: Merging = connect(&server);
    let database = scratch.open();
    shop.load(&database).await.unwrap();
    let equal = shop.load(&database).verify(Verification::whole()).await;
    let equal = equal.unwrap();
    let found = equal.resources[0].differences.as_ref().unwrap();
    assert!(
        found.is_equal() && found.is_whole && found.compared > 0,
        "{found:?}"
    );

    scratch.execute("DELETE FROM orders WHERE id = (SELECT min(id) FROM orders)");
    scratch.execute("UPDATE orders SET status = 'secret' WHERE id = (SELECT max(id) FROM orders)");
    let values = Verification::pages(1_000).with_values();
    let differs = shop.load(&database).verify(values).await.unwrap();
    let found = differs.resources[0].differences.as_ref().unwrap();
    assert_eq!((found.missing, found.differing, found.extra), (1, 1, 0));
    assert_eq!(found.examples[0].kind, Difference::Missing);
    let column = &found.examples[1].columns[0];
    assert_eq!(column.name, "status");
    let stored = column
        .values
        .as_ref()
        .and_then(|(stored, _)| stored.as_deref());
    assert_eq!(stored, Some("secret"));

    let repair = Verification::whole().repair();
    let repaired = shop.load(&database).verify(repair).await.unwrap();
    let found = repaired.resources[0].differences.as_ref().unwrap();
    assert_eq!((found.written, found.deleted), (2, 0));
    scratch.assert_equals(&server);
}
