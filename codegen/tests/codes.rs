//! The page about codes knows every code, and no other.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// `RS0102` and the like in a text, where this stands before them.
fn codes(text: &str, before: &str) -> BTreeSet<String> {
    let codes = text.split(before).filter_map(|rest| rest.get(..6));
    codes
        .filter(|code| code.starts_with("RS"))
        .filter(|code| code.chars().skip(2).all(|c| c.is_ascii_digit()))
        .map(ToOwned::to_owned)
        .collect()
}

fn codes_in_sources(folder: &Path, found: &mut BTreeSet<String>) -> std::io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            codes_in_sources(&path, found)?;
        } else {
            found.append(&mut codes(&fs::read_to_string(&path)?, "\""));
        }
    }
    Ok(())
}

#[test]
fn every_code_is_explained() -> std::io::Result<()> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let page = fs::read_to_string(here.join("../docs/DIAGNOSTICS.md"))?;
    let mut used = BTreeSet::new();
    codes_in_sources(&here.join("src"), &mut used)?;
    assert_eq!(codes(&page, "| "), used);
    Ok(())
}
