//! States that are stored without a load.

use rest_source_load::{Destination, ResourceKey, StoredState};
use rusqlite::Connection;

use crate::shop::Scratch;

fn state(resource: &str) -> StoredState {
    let key = ResourceKey {
        source: "shop".to_owned(),
        resource: resource.to_owned(),
        part: String::new(),
    };
    StoredState::new(key, Some("{}".to_owned()), None)
}

#[tokio::test]
async fn states_are_stored_together_or_not_at_all() {
    let scratch = Scratch::new();
    let database = scratch.open();
    database.store_state(&state("orders")).await.unwrap();
    let other = Connection::open(&scratch.path).unwrap();
    other
        .execute_batch(
            "CREATE TRIGGER refuse BEFORE INSERT ON _rest_source_state WHEN new.resource = 'users'
             BEGIN SELECT raise(ABORT, 'refused'); END",
        )
        .unwrap();
    let several = ["items", "users", "visits"].map(state);
    let error = database.store_states(&several).await.unwrap_err();
    assert!(error.to_string().contains("refused"), "{error}");
    let names = |states: Vec<StoredState>| -> Vec<String> {
        states.into_iter().map(|one| one.key.resource).collect()
    };
    assert_eq!(names(database.states().await.unwrap()), ["orders"]);
    other.execute_batch("DROP TRIGGER refuse").unwrap();
    database.store_states(&several).await.unwrap();
    let all = ["items", "orders", "users", "visits"];
    assert_eq!(names(database.states().await.unwrap()), all);
}
