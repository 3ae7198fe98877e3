//! Records of connectors as Arrow record batches, built from the cells of decoded pages.
//!
//! ```
//! use rest_source::Rows;
//! use rest_source_arrow::{arrow_array::{cast::AsArray, types::Int64Type}, batch};
//!
//! let text = "
//! client: { base_url: https://api.example.com, paginator: single_page }
//! resources:
//!   - name: stories
//!     columns: { id: bigint!, title: text }
//! ";
//! let plan = rest_source_dynamic::plan("specs/media.yaml", text)?;
//! let page = r#"[{"id": 1, "title": "First"}, {"id": 2}]"#;
//! let batch = batch(&Rows::from_page(page, &plan.resources[0])?)?;
//! assert_eq!(batch.column(0).as_primitive::<Int64Type>().values(), &[1, 2]);
//! assert!(batch.column(1).is_null(1));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Types
//!
//! | column | Arrow |
//! |---|---|
//! | `text`, `json`, an enum, a union | `Utf8`; JSON as its text |
//! | `bigint`, `double`, `bool` | `Int64`, `Float64`, `Boolean` |
//! | `timestamp` | `Timestamp(µs, UTC)`; smaller fractions are cut off. With the format `epoch_nanos`, `Timestamp(ns, UTC)` for the years 1677 to 2262 |
//! | `date`, `time` | `Date32`, `Time64(µs)` |
//! | `decimal(p, s)` up to 38 digits | `Decimal128(p, s)` |
//! | `decimal` without digits | `Utf8` |
//! | `binary` | `Binary` |
//! | an object | `Struct` |
//! | a list | `List` with the field `element` |
//! | a map | `Map` with the fields `key` and `value` |
//! | `columns: json` | one column, `record`: `Utf8` |
//!
//! A field is nullable if its column is. Null and absent values are null.
//!
//! This crate uses the version of Arrow that `DataFusion` uses, and exports it: [`arrow_array`], [`arrow_schema`].

#![cfg_attr(docsrs, feature(doc_cfg))]

mod batch;
mod column;
mod types;

pub use arrow_array;
pub use arrow_schema;
pub use batch::{BatchBuilder, batch};
pub use column::ColumnBuilder;
pub use types::{field, schema};
