//! `OpenAPI` documents in the folders of `OPENAPI_DOCUMENTS`, separated by `:`: each becomes a valid spec, or an error
//! with its place. Prints what is lost:
//! `OPENAPI_DOCUMENTS=DIR cargo test -p rest-source-import --test openapi_corpus -- --nocapture`.

#![allow(clippy::unwrap_used, clippy::print_stdout)]

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rest_source_codegen::compile;
use rest_source_import::openapi::{Selection, import};

fn documents() -> Option<Vec<PathBuf>> {
    let Ok(folders) = std::env::var("OPENAPI_DOCUMENTS") else {
        println!("skipped: OPENAPI_DOCUMENTS is not set");
        return None;
    };
    let mut files = Vec::new();
    for folder in folders.split(':') {
        let entries = std::fs::read_dir(Path::new(folder)).unwrap();
        let paths = entries.map(|entry| entry.unwrap().path());
        files.extend(paths.filter(|path| path.is_file()));
    }
    files.sort();
    Some(files)
}

#[test]
fn public_documents_become_valid_specs_or_errors_with_a_place() {
    let Some(files) = documents() else { return };
    let mut imported = 0;
    for file in &files {
        let name = file.file_name().unwrap().to_string_lossy();
        let text = std::fs::read_to_string(file).unwrap();
        let start = Instant::now();
        match import(&name, &text, &Selection::default()) {
            Ok(made) => {
                imported += 1;
                let text = made.text();
                let compiled = compile("spec.yaml", &text);
                assert!(
                    !compiled.diagnostics.has_errors(),
                    "{name}: {}",
                    compiled.diagnostics.render()
                );
                println!(
                    "{name}: {} resources, {} lost, {} ms",
                    text.matches("\n  - name:").count(),
                    made.losses.len(),
                    start.elapsed().as_millis()
                );
                for loss in made
                    .losses
                    .iter()
                    .filter(|one| !one.what.contains("deprecated"))
                    .take(12)
                {
                    println!("    {loss}");
                }
            }
            Err(error) => {
                assert!(error.place.starts_with(&*name), "{error}");
                println!("{error}");
            }
        }
        assert!(
            start.elapsed() < Duration::from_secs(120),
            "{name} takes too long"
        );
    }
    assert!(
        imported * 10 >= files.len() * 7,
        "{imported} of {}",
        files.len()
    );
}
