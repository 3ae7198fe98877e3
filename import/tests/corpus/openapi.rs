//! Each document becomes a valid spec, or an error with its place.

use std::time::{Duration, Instant};

use rest_source_codegen::compile;
use rest_source_import::openapi::{Selection, import};

#[test]
fn public_documents_become_valid_specs_or_errors_with_a_place() {
    let Some(folder) = crate::folder("openapi") else {
        return;
    };
    let mut files = crate::files(&folder.join("real"));
    files.extend(crate::files(&folder.join("broken")));
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
    println!(
        "\n{} documents: {imported} become valid specs, {} say what is missing in them",
        files.len(),
        files.len() - imported
    );
    assert!(imported * 10 >= files.len() * 9);
}
