//! The language described to people and editors: a JSON Schema, a reference page, the explanation of
//! every code, diagnostics in a form that tools read, what a tool can mend, and what an editor shows. The
//! macro needs none of it.

mod codes;
pub mod editor;
mod fix;
mod json;
mod reference;
mod rustc;
mod schema;

pub use codes::{codes, codes_like, explain};
pub use fix::{Fix, Fixed, fixed};
pub use reference::page as reference_page;
pub use rustc::lines as diagnostics_as_json;
pub use schema::schema as json_schema;

#[cfg(test)]
mod tests {
    use std::path::Path;

    /// The pages that are made from the grammar and from the explanations, as they are checked in.
    #[test]
    fn the_pages_are_current() -> std::io::Result<()> {
        let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs");
        let explained = std::fs::read_to_string(docs.join("DIAGNOSTICS.md"))?;
        let copy = "../codegen/src/describe/codes.md";
        let pages = [
            // Of the package, which holds no docs.
            (copy, explained),
            ("rest-source.schema.json", super::json_schema()),
            ("REFERENCE.md", super::reference_page()),
        ];
        for (name, page) in pages {
            let path = docs.join(name);
            if std::env::var_os("BLESS").is_some() {
                std::fs::write(&path, &page)?;
            }
            let current = std::fs::read_to_string(&path).unwrap_or_default();
            assert!(
                current == page,
                "docs/{name} is old: run this test with `BLESS=1`"
            );
        }
        Ok(())
    }
}
