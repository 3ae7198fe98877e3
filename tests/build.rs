//! Makes the modules that `tests/generated.rs` takes in: one of each spec.

use std::{fs, io, path::PathBuf};

use rest_source_build::Builder;

const SPECS: &str = "../specs";
/// One that calls functions of the module that takes it in.
const STEPPED: &str = "specs/stepped.yaml";

fn main() -> io::Result<()> {
    println!("cargo::rerun-if-changed={SPECS}");
    println!("cargo::rerun-if-changed={STEPPED}");
    let mut specs = Vec::new();
    for file in fs::read_dir(SPECS)? {
        specs.push(file?.path());
    }
    specs.sort();
    let builder = specs
        .iter()
        .filter_map(|path: &PathBuf| path.to_str())
        .fold(Builder::new(), Builder::spec);
    builder.spec(STEPPED).generate();
    Ok(())
}
