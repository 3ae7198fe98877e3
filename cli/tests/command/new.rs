//! A new crate builds, and its tests pass without a network.

use std::{path::Path, process::Command};

use crate::shell::{Ran, Shell};

#[test]
#[ignore = "compiles the runtime and all it needs once more, a minute or two of work"]
fn a_new_crates_tests_pass_at_once() {
    let shell = Shell::new();
    assert_eq!(shell.run(&["new", "my-api"]).code, 0);
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    // With the versions that this repository is tested with.
    std::fs::copy(root.join("Cargo.lock"), shell.path("my-api/Cargo.lock")).unwrap();
    let cargo = Command::new(env!("CARGO"))
        .args(["test", "--offline", "--quiet"])
        .current_dir(shell.path("my-api"))
        .env("CARGO_TARGET_DIR", root.join("target/new-crate"))
        .output()
        .unwrap();
    let ran = Ran::of(cargo);
    assert_eq!(ran.code, 0, "{ran}");
    assert!(ran.stdout.contains("2 passed"), "{ran}");
}
