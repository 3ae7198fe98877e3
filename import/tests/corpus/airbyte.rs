//! Manifests in the folders of `AIRBYTE_MANIFESTS`, separated by `:`: each becomes a valid spec, or an error with its
//! place. Prints the share that is imported whole, and what is lost most often:
//! `AIRBYTE_MANIFESTS=DIR cargo test -p rest-source-import --test airbyte_corpus -- --nocapture`.
//! With `AIRBYTE_SPECS=DIR` the specs are written there.

#![allow(clippy::unwrap_used, clippy::print_stdout)]

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use rest_source_codegen::compile;
use rest_source_import::airbyte::import;

#[test]
fn manifests_become_valid_specs_or_errors_with_a_place() {
    let Ok(folders) = std::env::var("AIRBYTE_MANIFESTS") else {
        println!("skipped: AIRBYTE_MANIFESTS is not set");
        return;
    };
    for folder in folders.split(':') {
        measure(Path::new(folder));
    }
}

fn measure(folder: &Path) {
    let specs = std::env::var("AIRBYTE_SPECS").ok();
    let mut files: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|file| file.unwrap().path())
        .collect();
    files.sort();
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
    let all = u32::try_from(files.len()).unwrap().max(1);
    println!(
        "\n{}: {} manifests, {resources} resources: {whole} whole ({:.1} %), {every} with every stream ({:.1} %), {partly} with losses, {failed} failed",
        folder.display(),
        files.len(),
        100.0 * f64::from(whole) / f64::from(all),
        100.0 * f64::from(every) / f64::from(all)
    );
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
