//! A connector in a file that is checked in.

mod generated;

pub use generated::media_insights;
