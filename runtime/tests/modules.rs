//! The top-level modules of the runtime use each other in one direction, except groups that belong together.

#![allow(clippy::unwrap_used)]

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

/// The modules that may use each other, and why.
const GROUPS: &[&[&str]] = &[
    // Custom credentials are made by a hook, and a hook makes credentials. The client calls the hooks, and a hook that
    // finds partitions takes the client. One attempt at a request is a method of the client.
    &["auth", "client", "exchange", "hooks"],
    // A record is made of cells, and a cell says which record it does not fit.
    &["cell", "record"],
    // An error says where to resume, and a position that cannot be read is an error.
    &["error", "position"],
];

type Uses = BTreeMap<String, BTreeSet<String>>;

#[test]
fn modules_use_each_other_in_one_direction() {
    let uses = uses();
    assert!(uses.len() > 40, "{uses:?}");
    let reached: Uses = uses
        .keys()
        .map(|module| (module.clone(), reached(module, &uses)))
        .collect();
    let cycles: BTreeSet<Vec<&String>> = reached
        .iter()
        .filter(|(module, others)| others.contains(*module))
        .map(|(module, others)| {
            let back = others
                .iter()
                .filter(|other| reached[*other].contains(module));
            back.collect()
        })
        .collect();
    let cycles: Vec<_> = cycles.into_iter().collect();
    assert_eq!(cycles, GROUPS, "the modules of a cycle");
}

/// All modules that a module uses, directly or not.
fn reached(module: &str, uses: &Uses) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut open = vec![module];
    while let Some(module) = open.pop() {
        let next = uses.get(module).into_iter().flatten();
        let next = next.filter(|next| found.insert((*next).clone()));
        open.extend(next.map(String::as_str));
    }
    found
}

/// The modules that each top-level module names after `crate::`, tests aside.
fn uses() -> Uses {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let lib = fs::read_to_string(root.join("lib.rs")).unwrap();
    let modules = lib.lines().filter_map(|line| {
        let name = line.trim_start_matches("pub ").strip_prefix("mod ")?;
        name.strip_suffix(';')
    });
    // What generated code, `rest-source-mock` and the tests see is made of all the others.
    let outside = ["__private", "include", "testing"];
    let mut uses: Uses = modules
        .filter(|module| !outside.contains(module))
        .map(|module| (module.to_owned(), BTreeSet::new()))
        .collect();
    let homes = homes(&lib);
    let modules: BTreeSet<String> = uses.keys().cloned().collect();
    for (module, used) in &mut uses {
        for file in files(&root, module) {
            let text = fs::read_to_string(file).unwrap();
            let named = names_after_crate(&text);
            let found = named
                .into_iter()
                .map(|name| homes.get(&name).cloned().unwrap_or(name));
            used.extend(found.filter(|name| name != module && modules.contains(name)));
        }
    }
    uses
}

/// The module that each name of the crate's root is from.
fn homes(lib: &str) -> BTreeMap<String, String> {
    let mut homes = BTreeMap::new();
    for used in lib.split("pub use ").skip(1) {
        let used = used.split(';').next().unwrap();
        if let Some((module, names)) = used.split_once("::") {
            for name in words(names) {
                homes.insert(name, module.to_owned());
            }
        }
    }
    homes
}

fn files(root: &Path, module: &str) -> Vec<PathBuf> {
    let mut found = vec![root.join(format!("{module}.rs"))];
    let mut folders = vec![root.join(module)];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).into_iter().flatten() {
            let path = entry.unwrap().path();
            let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
            match name.as_str() {
                "tests" | "test_support" => {}
                _ if path.is_dir() => folders.push(path),
                _ => found.push(path),
            }
        }
    }
    found.retain(|file| file.is_file());
    found
}

/// What stands after `crate::`, up to the tests: a name, or those of a list.
fn names_after_crate(text: &str) -> BTreeSet<String> {
    let code = text.split("#[cfg(test)]\nmod tests {").next().unwrap();
    let lines = code
        .lines()
        .filter(|line| !line.trim_start().starts_with("//"));
    let code: Vec<&str> = lines.collect();
    let code = code.join("\n");
    let mut names = BTreeSet::new();
    for after in code.split("crate::").skip(1) {
        match after.strip_prefix('{') {
            Some(list) => names.extend(first_words(list)),
            None => names.extend(words(after).into_iter().next()),
        }
    }
    names
}

/// The first word of each element of a list that ends with its brace.
fn first_words(list: &str) -> Vec<String> {
    let mut depth = 1;
    let mut elements = vec![String::new()];
    for char in list.chars() {
        match char {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 1 => elements.push(String::new()),
            _ => {}
        }
        if depth == 0 {
            break;
        }
        elements.last_mut().unwrap().push(char);
    }
    let first = |element: &String| words(element).into_iter().next();
    elements.iter().filter_map(first).collect()
}

fn words(text: &str) -> Vec<String> {
    let words = text.split(|char: char| !char.is_alphanumeric() && char != '_');
    let words = words.filter(|word| !word.is_empty());
    words.map(str::to_owned).collect()
}
