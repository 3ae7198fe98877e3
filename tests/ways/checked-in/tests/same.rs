//! The same tests, by this way.

#![cfg(test)]

use rest_source_way_checked_in::media_insights as media;

include!("../../same.rs");
