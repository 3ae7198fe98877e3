//! Makes the modules that tests take in: one of each spec for `tests/generated.rs`, and one of each
//! page of documentation for `tests/pages`.

use std::{env, fs, io, path::PathBuf};

use rest_source_build::Builder;

#[allow(dead_code, unreachable_pub)] // Public for the tests.
#[path = "src/pages.rs"]
mod pages;

const SPECS: &str = "../specs";
/// One that calls functions of the module that takes it in.
const STEPPED: &str = "specs/stepped.yaml";

fn main() -> io::Result<()> {
    println!("cargo::rerun-if-changed={SPECS}");
    println!("cargo::rerun-if-changed={STEPPED}");
    let mut specs = Vec::new();
    for file in fs::read_dir(SPECS)? {
        specs.push(file?.path());
    }
    specs.sort();
    let builder = specs
        .iter()
        .filter_map(|path: &PathBuf| path.to_str())
        .fold(Builder::new(), Builder::spec);
    builder.spec(STEPPED).generate();
    write_pages()
}

/// Writes `OUT_DIR/pages.rs`, with a module for each page; its specs are files beside it.
fn write_pages() -> io::Result<()> {
    println!("cargo::rerun-if-changed=../README.md");
    println!("cargo::rerun-if-changed=../docs/guides");
    let out = PathBuf::from(env::var_os("OUT_DIR").unwrap_or_default());
    let mut modules = Vec::new();
    for page in pages::all()? {
        let folder = out.join("pages").join(&page.name);
        fs::create_dir_all(folder.join("specs"))?;
        for block in page.blocks() {
            if block.label.starts_with("specs/") {
                fs::write(folder.join(block.label), block.text)?;
            }
        }
        fs::write(folder.join("page.rs"), module(&page))?;
        let name = &page.name;
        modules.push(format!(
            "pub mod {name} {{ include!(\"pages/{name}/page.rs\"); }}\n"
        ));
    }
    fs::write(out.join("pages.rs"), modules.concat())
}

/// The Rust of a page as one file, as someone who follows it has it. A block that begins with no item
/// is the body of a function which is given a source of each spec.
fn module(page: &pages::Page) -> String {
    let blocks = page.blocks().into_iter();
    let (items, bodies): (Vec<_>, Vec<_>) = blocks
        .filter(|block| block.language == "rust" && block.label.is_empty())
        .map(|block| block.text)
        .partition(|text| begins_with_an_item(text));
    let items = items.concat();
    let sources = items
        .split("#[rest_source(")
        .skip(1)
        .filter_map(|rest| rest.split_once("mod ")?.1.split([' ', '{']).next())
        .map(|name| format!("{name}: {name}::Source"))
        .collect::<Vec<_>>()
        .join(", ");
    let bodies = bodies.iter().enumerate().map(|(at, body)| {
        format!(
            "pub async fn body_{at}({sources}) -> Result<(), Box<dyn std::error::Error>> {{\n\
             {body}\nOk(())\n}}\n"
        )
    });
    // A path from the manifest's folder becomes one from the page's.
    let items = items.replace("#[rest_source(\"specs/", "#[rest_source(\"./specs/");
    items + &bodies.collect::<String>()
}

fn begins_with_an_item(block: &str) -> bool {
    let code = block.lines().find(|line| !line.starts_with("//"));
    let first = code.and_then(|line| line.split([' ', '[', '(']).next());
    matches!(
        first,
        Some(
            "use" | "pub" | "#" | "fn" | "async" | "struct" | "enum" | "impl" | "static" | "const"
        )
    )
}
