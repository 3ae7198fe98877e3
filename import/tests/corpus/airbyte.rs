//! Each manifest becomes a valid spec, or an error with its place. With `AIRBYTE_SPECS=DIR` the specs are written there.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use rest_source_codegen::compile;
use rest_source_import::airbyte::import;

#[test]
fn manifests_become_valid_specs_or_errors_with_a_place() {
    let Some(folder) = crate::folder("airbyte") else {
        return;
    };
    measure(&folder);
}

fn measure(folder: &Path) {
    let specs = std::env::var("AIRBYTE_SPECS").ok();
    let files = crate::files(folder);
    let (mut whole, mut every, mut partly, mut failed, mut resources) = (0, 0, 0, 0, 0);
    let mut kinds: BTreeMap<String, (usize, Vec<String>)> = BTreeMap::new();
    for file in &files {
        let name = file.file_name().unwrap().to_string_lossy().into_owned();
        let text = fs::read_to_string(file).unwrap();
        let start = Instant::now();
        match import(&name, &text, &|_| None) {
            Ok(made) => {
                let text = made.text();
                let compiled = compile("spec.yaml", &text);
                assert!(
                    !compiled.diagnostics.has_errors(),
                    "{name}: {}",
                    compiled.diagnostics.render()
                );
                resources += made.spec.get("resources").unwrap().elements().len();
                let is_stream = |what: &str| {
                    what.starts_with("the stream `") || what.starts_with("the resource `")
                };
                if !made.losses.iter().any(|loss| is_stream(&loss.what)) {
                    every += 1;
                }
                if made.losses.is_empty() {
                    whole += 1;
                } else {
                    partly += 1;
                    println!("{name}:");
                }
                for loss in &made.losses {
                    println!("    {loss}");
                    let kind = kinds.entry(kind_of(&loss.what)).or_default();
                    kind.0 += 1;
                    if !kind.1.contains(&name) {
                        kind.1.push(name.clone());
                    }
                }
                for uncertain in made.uncertain() {
                    println!("    ~ {name}: {uncertain}");
                }
                if let Some(specs) = &specs {
                    fs::write(Path::new(specs).join(&name), text).unwrap();
                }
            }
            Err(error) => {
                assert!(error.place.starts_with(&name), "{error}");
                println!("FAILED {error}");
                failed += 1;
            }
        }
        let elapsed = start.elapsed();
        assert!(elapsed < Duration::from_secs(60), "{name}: {elapsed:?}");
    }
    let mut kinds: Vec<_> = kinds.into_iter().collect();
    kinds.sort_by_key(|(_, (_, files))| std::cmp::Reverse(files.len()));
    println!("\nfiles  losses  kind");
    for (kind, (losses, files)) in kinds.iter().take(60) {
        println!("{:5}  {losses:6}  {kind}  ({})", files.len(), files[0]);
    }
    let all = files.len();
    println!(
        "\n{all} manifests, {resources} resources: {every} with every stream ({:.1} %), {whole} without any loss ({:.1} %), \
         {partly} with losses, {failed} failed",
        crate::percent(every, all),
        crate::percent(whole, all)
    );
    assert!(every * 100 >= all * 85);
}

/// A loss without what is of one manifest.
fn kind_of(what: &str) -> String {
    let what =
        what.split_once("`: ").map_or(
            what,
            |(before, after)| {
                if before.starts_with('`') { after } else { what }
            },
        );
    let parts: Vec<&str> = what.split('`').collect();
    let kept: Vec<&str> = parts
        .iter()
        .enumerate()
        .map(|(at, part)| if at % 2 == 1 { "…" } else { *part })
        .collect();
    kept.concat().chars().take(110).collect()
}
