//! What a user may choose about the generated code.

use crate::crate_path::CratePath;

/// What a user may choose about the generated code.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Where it finds the runtime: `crate = "…"`.
    pub runtime: CratePath,
    /// Whether its records implement serde's `Serialize`: `serialize`.
    pub serialize: bool,
}
