//! What the server serves: for each spec in `specs/` an API with rows for all of its resources.
//!
//! Everything is generated and the same on every run. Every nullable column is now null, now absent,
//! now there; texts hold what trips parsers and databases up; times come with offsets and without
//! fractions.

mod analytics;
mod call_center;
mod datasets;
mod dice;
mod media;

pub use analytics::{analytics_api_key, analytics_oauth2};
pub use call_center::call_center_overview;
pub use datasets::datasets;
pub use media::media_insights;

use serde_json::Value;

use crate::Access;
use dice::Dice;

/// The key that the APIs with a key want.
pub const API_KEY: &str = "k3y/with+odd&characters=in it";
/// Whom the API with OAuth 2.0 issues tokens to.
pub const CLIENT_ID: &str = "cl1ent-4711";
/// What that client proves itself with.
pub const CLIENT_SECRET: &str = "s3cret/with+odd&characters=in it";

fn key() -> Access {
    Access::Key {
        param: "api_key",
        key: API_KEY.to_owned(),
    }
}

/// The row with each of its nullable columns left alone, made null, or taken out.
fn sparse(mut row: Value, nullable: &[&str], dice: &mut Dice) -> Value {
    if let Value::Object(columns) = &mut row {
        for column in nullable {
            match dice.below(5) {
                0 => drop(columns.insert((*column).to_owned(), Value::Null)),
                1 => drop(columns.remove(*column)),
                _ => {}
            }
        }
    }
    row
}
