//! What only the README shows: a part of an expansion, and mistakes in the spec that it shows.

use rest_source_codegen::attribute;
use rest_source_tests::pages::Page;

use crate::{page, said};

/// The text of the README's block of this label.
fn labelled<'p>(readme: &'p Page, label: &str) -> &'p str {
    let mut blocks = readme.blocks().into_iter();
    blocks.find(|block| block.label == label).unwrap().text
}

#[test]
fn what_it_shows_of_the_expansion_is_in_the_expansion() {
    let readme = page("readme");
    let spec = labelled(&readme, "specs/media.yaml");
    let attribute = "\"specs/media.yaml\"".parse().unwrap();
    let module = "pub mod media {}".parse().unwrap();
    let tokens = attribute::expand(attribute, module, &|_| Ok(spec.to_owned().into()));
    let expansion = prettyplease::unparse(&syn::parse2(tokens).unwrap());
    for part in labelled(&readme, "expansion").split("    // …\n") {
        let part = part.trim_matches('\n');
        assert!(
            expansion.contains(part),
            "not in the expansion:\n{part}\n\n{expansion}"
        );
    }
}

#[test]
fn the_mistakes_it_shows_are_told_that_way() {
    let readme = page("readme");
    let spec = labelled(&readme, "specs/media.yaml")
        .replace("cursor_path:", "cursor_field:")
        .replace("profile_views: bigint", "profile_views: integer");
    let shown = labelled(&readme, "mistakes");
    assert_eq!(shown.trim_end(), said("specs/media.yaml", &spec).trim_end());
}
