//! What somebody who writes the loop by hand declares: owned structs, read by serde.

use serde::{Deserialize, Serialize};

/// A page.
#[derive(Deserialize)]
#[allow(missing_docs)] // Fields that are there to be filled.
pub struct Page {
    pub data: Vec<Event>,
    pub total: u64,
}

/// A record.
#[derive(Deserialize, Serialize)]
#[allow(missing_docs)] // Fields that are there to be filled.
pub struct Event {
    pub id: String,
    pub name: String,
    pub message: String,
    pub created_at: jiff::Timestamp,
    pub updated_at: jiff::Timestamp,
    pub value: i64,
    pub score: f64,
    pub active: bool,
    pub note: Option<String>,
    pub parent_id: Option<String>,
    pub amount: Option<f64>,
    pub owner: Owner,
}

/// An object within a record.
#[derive(Debug, Deserialize, Serialize)]
#[allow(missing_docs)] // Fields that are there to be filled.
pub struct Owner {
    pub id: String,
    pub handle: String,
    pub followers: i64,
}
