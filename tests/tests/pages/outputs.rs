//! What the guides show of errors and reports, made as they say.

mod auth;
mod children;
mod columns;
mod custom;
mod errors;
mod hooks;
mod incremental;
mod loading;
mod network;
mod paging;
mod signing;
mod testing;

/// What is printed where a page shows it by this name.
pub(crate) async fn of(page: &str, name: &str) -> String {
    match (page, name) {
        ("auth", "missing") => auth::missing(),
        ("auth", "origin") => auth::origin().await,
        ("paging", "cap") => paging::cap().await,
        ("paging", "same") => paging::same().await,
        ("paging", "incomplete") => paging::incomplete().await,
        ("paging", "circle") => paging::circle().await,
        ("errors", "exhausted") => errors::exhausted().await,
        ("errors", "refused") => errors::refused().await,
        ("errors", "rate_limit") => errors::rate_limit().await,
        ("errors", "fail") => errors::fail().await,
        ("errors", "schema") => errors::schema().await,
        ("errors", "no_selector") => errors::no_selector().await,
        ("errors", "no_json") => errors::no_json().await,
        ("errors", "report") => errors::report().await,
        ("incremental", "state") => incremental::state().await,
        ("incremental", "outside") => incremental::outside().await,
        ("incremental", "order") => incremental::order().await,
        ("children", "report") => children::report().await,
        ("children", "gone") => children::gone().await,
        ("columns", "set_aside") => columns::set_aside().await,
        ("columns", "own_struct") => columns::own_struct(),
        ("loading", "report") => loading::report().await,
        ("loading", "failed") => loading::failed().await,
        ("loading", "table") => loading::table().await,
        ("network", "absent") => network::absent().await,
        ("custom", "log") => custom::log().await,
        ("hooks", "hook") => hooks::hook().await,
        ("testing", "unfit") => testing::unfit(),
        _ => panic!("{page}: nothing prints `{name}`"),
    }
}
