//! Reports of the command are valid by their published schema.

use boon::{Compiler, Schemas};
use serde_json::Value;

const SCHEMA: &str = include_str!("../../docs/report.schema.json");

/// The text of a report as JSON.
///
/// # Errors
///
/// If it is not JSON, or not valid by the schema.
pub fn valid_report(text: &str) -> Result<Value, String> {
    let json = |text: &str| serde_json::from_str::<Value>(text).map_err(|error| error.to_string());
    let report = json(text)?;
    let (mut schemas, mut compiler) = (Schemas::new(), Compiler::new());
    compiler.enable_format_assertions();
    let added = compiler.add_resource("report.json", json(SCHEMA)?);
    added.map_err(|error| error.to_string())?;
    let schema = compiler.compile("report.json", &mut schemas);
    let schema = schema.map_err(|error| error.to_string())?;
    match schemas.validate(&report, schema) {
        Ok(()) => Ok(report),
        Err(error) => Err(format!("{error:#}\n{text}")),
    }
}
