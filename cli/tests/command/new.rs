//! A new crate builds, and its tests pass without a network.

use std::{path::Path, process::Command};

use crate::shell::{Ran, Shell, snapshot};

#[test]
fn templates_of_the_users_own_take_the_place_of_ours_and_stand_beside_them() {
    let shell = Shell::new();
    std::fs::create_dir_all(shell.path("ours/src/bin")).unwrap();
    shell.write("ours/README.md", "# {{ source }} of ours\n");
    shell.write("ours/src/bin/SOURCE-load.rs", "fn main() {} // {{ env }}\n");
    let new = ["new", "my-api", "--templates", "ours"];
    let ran = shell.run(&new);
    assert_eq!(ran.code, 0, "{ran}");
    assert_eq!(shell.read("my-api/README.md"), "# my_api of ours\n");
    assert_eq!(
        shell.read("my-api/src/bin/my_api-load.rs"),
        "fn main() {} // MY_API\n"
    );
    assert!(shell.read("my-api/specs/my_api.yaml").contains("base_url"));
    shell.write("ours/README.md", "# {{ sauce }}\n");
    snapshot(
        "new-bad-template",
        &shell.run(&["new", "other", "--templates", "ours"]),
    );
    assert!(!shell.path("other").exists());
}

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
