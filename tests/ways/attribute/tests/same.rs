//! The same tests, by this way.

#![cfg(test)]

use rest_source_way_attribute::media_insights as media;

include!("../../same.rs");
