//! The README says what is so: its spec compiles, its Rust too, and what it shows of the expansion
//! and of a mistake is what comes out.

#![cfg(test)]

use rest_source_codegen::{attribute, compile};

const README: &str = include_str!("../../README.md");

/// The README's blocks of this language, in order.
fn blocks(language: &str) -> Vec<&'static str> {
    let open = format!("```{language}\n");
    let parts = README.split(open.as_str()).skip(1);
    parts.filter_map(|part| part.split("```").next()).collect()
}

fn spec() -> &'static str {
    blocks("yaml")[0]
}

#[test]
fn its_spec_has_no_mistake() {
    let compiled = compile("specs/media.yaml", spec());
    assert!(
        compiled.diagnostics.is_empty(),
        "{}",
        compiled.diagnostics.render()
    );
}

#[test]
fn its_spec_is_the_one_its_program_is_compiled_with() {
    assert_eq!(spec(), include_str!("../specs/media.yaml"));
    assert!(include_str!("../examples/readme.rs").ends_with(blocks("rust")[0]));
}

#[test]
fn what_it_shows_of_the_expansion_is_in_the_expansion() {
    let attribute = "\"specs/media.yaml\"".parse().unwrap();
    let module = "pub mod media {}".parse().unwrap();
    let tokens = attribute::expand(attribute, module, |_| Ok(spec().to_owned()));
    let expansion = prettyplease::unparse(&syn::parse2(tokens).unwrap());
    let shown = blocks("rust")[1];
    for part in shown.split("    // …\n") {
        let part = part.trim_matches('\n');
        assert!(
            expansion.contains(part),
            "not in the expansion:\n{part}\n\n{expansion}"
        );
    }
}

#[test]
fn the_mistake_it_shows_is_told_that_way() {
    let spec = spec()
        .replace("cursor_path:", "cursor_field:")
        .replace("profile_views: bigint", "profile_views: integer");
    let said = compile("specs/media.yaml", &spec).diagnostics.render();
    assert_eq!(blocks("text")[0].trim_end(), said.trim_end());
}

#[test]
fn what_it_links_to_is_there() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let targets = README
        .split("](")
        .skip(1)
        .filter_map(|rest| rest.split(')').next());
    let local: Vec<_> = targets.filter(|target| !target.contains("://")).collect();
    assert!(local.len() > 5, "{local:?}");
    for target in local {
        assert!(root.join(target).exists(), "{target}");
    }
}
