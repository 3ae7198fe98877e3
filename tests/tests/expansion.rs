//! What the specs expand to: short, and the same by the attribute and by the build-time generator.

#![cfg(test)]

use std::{
    env, fs,
    path::{Path, PathBuf},
    time::SystemTime,
};

use quote::ToTokens;
use rest_source_build::{
    Builder,
    templates::{Template, Templates},
};
use rest_source_codegen::{
    attribute, compile,
    connector::{Record, Resource, Struct},
};
use syn::{File, ImplItem, Item};

/// A path of this crate.
fn here(path: impl AsRef<Path>) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// The names of the specs in the folder, in order.
fn specs() -> Vec<String> {
    let files = fs::read_dir(here("../specs")).unwrap();
    let mut names: Vec<String> = files
        .map(|file| file.unwrap().path())
        .map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned())
        .collect();
    names.sort();
    names
}

fn text(spec: &str) -> String {
    fs::read_to_string(here(format!("../specs/{spec}.yaml"))).unwrap()
}

/// What the attribute with this path makes of an empty module.
fn expansion(spec: &str, path: &str) -> File {
    let attribute = format!("{path:?}").parse().unwrap();
    let module = format!("pub mod {spec} {{}}").parse().unwrap();
    let tokens = attribute::expand(attribute, module, &|_| Ok(text(spec).into()));
    syn::parse2(tokens).unwrap()
}

/// The items of the one module of a file.
fn items(file: &File) -> &[Item] {
    let [Item::Mod(module)] = file.items.as_slice() else {
        panic!("not one module");
    };
    &module.content.as_ref().unwrap().1
}

/// An item's lines of code, formatted: documentation and attributes aside.
fn code(item: &impl ToTokens) -> Vec<String> {
    let file = syn::parse_file(&item.to_token_stream().to_string()).unwrap();
    let text = prettyplease::unparse(&file);
    let lines = text.lines().map(|line| line.trim().to_owned());
    lines
        .filter(|line| !line.starts_with("//") && !line.starts_with("#["))
        .collect()
}

/// After a change that is meant, `BLESS=1 cargo test -p rest-source-tests --test expansion` writes the
/// file anew: read what changed.
#[test]
fn the_media_spec_expands_as_it_did() {
    let golden = here("golden/media_insights.rs");
    let expansion = expansion("media_insights", "specs/media_insights.yaml");
    let expansion = prettyplease::unparse(&expansion);
    if env::var_os("BLESS").is_some() {
        fs::write(&golden, &expansion).unwrap();
    }
    let golden = fs::read_to_string(golden).unwrap();
    let differs = golden
        .lines()
        .zip(expansion.lines())
        .position(|(a, b)| a != b);
    assert!(
        golden == expansion,
        "tests/golden/media_insights.rs is another, from line {} on",
        differs.map_or(golden.lines().count(), |at| at) + 1
    );
}

/// The items that are a resource's: its struct, its `Record`, its plan and its method.
fn lines_of(resource: &Resource, record: &Struct, items: &[Item]) -> usize {
    let plan = format!("{}_PLAN", resource.ident().to_uppercase());
    let mut lines = 0;
    for item in items {
        match item {
            Item::Struct(item) if item.ident == record.ident => lines += code(item).len(),
            Item::Static(item) if item.ident == plan => lines += code(item).len(),
            Item::Impl(item) if is_record(item, record) => lines += code(item).len(),
            Item::Impl(item) => {
                let methods = item.items.iter().filter(
                    |method| matches!(method, ImplItem::Fn(f) if f.sig.ident == resource.ident()),
                );
                lines += methods.map(|method| code(method).len()).sum::<usize>();
            }
            _ => {}
        }
    }
    lines
}

fn is_record(item: &syn::ItemImpl, record: &Struct) -> bool {
    let is_record = |path: &syn::Path| path.segments.last().is_some_and(|s| s.ident == "Record");
    item.trait_
        .as_ref()
        .is_some_and(|(path, _)| is_record(path))
        && item.self_ty.to_token_stream().to_string() == record.ident
}

/// The specs whose resources ask for pages of records and no more. The others have parameters, bodies
/// and parents, which are data as well.
const PLAIN: [&str; 5] = [
    "analytics_api_key",
    "analytics_oauth2",
    "call_center_overview",
    "datasets",
    "media_insights",
];

/// The specs whose resources have jobs and long bodies: each member of a body is a line.
const WITH_LONG_REQUESTS: [&str; 5] = [
    "amazon_ads",
    "elasticsearch",
    "google_analytics",
    "google_calendar",
    "salesforce",
];

#[test]
fn a_resource_is_short() {
    let mut long = Vec::new();
    for spec in &specs() {
        let path = format!("specs/{spec}.yaml");
        let expansion = expansion(spec, &path);
        let connector = compile(&path, &text(spec)).connector.unwrap();
        let most = match spec.as_str() {
            spec if PLAIN.contains(&spec) => 40,
            spec if WITH_LONG_REQUESTS.contains(&spec) => 340,
            _ => 110,
        };
        for resource in &connector.resources {
            let Record::Struct(record) = &resource.record else {
                panic!("`{}` is untyped", resource.plan.name);
            };
            // A column is a field, and a line of the table.
            let columns = 2 * record.columns.len();
            let besides = lines_of(resource, record, items(&expansion)) - columns;
            if besides >= most {
                long.push(format!(
                    "`{}` of `{spec}`: {besides} lines",
                    resource.plan.name
                ));
            }
        }
    }
    assert_eq!(long, Vec::<String>::new());
}

/// Whether it is a line of a table: `text("id", 46).primary_key(),`.
fn is_column(line: &str) -> bool {
    let constructor = line.split(['(', ':']).next().unwrap_or_default();
    !constructor.is_empty()
        && constructor
            .chars()
            .all(|c| c.is_ascii_lowercase() || c == '_')
        && line.ends_with("),")
}

#[test]
fn a_column_is_a_line() {
    let path = "specs/media_insights.yaml";
    let expansion = expansion("media_insights", path);
    let connector = compile(path, &text("media_insights")).connector.unwrap();
    for resource in &connector.resources {
        let Record::Struct(record) = &resource.record else {
            panic!("`{}` is untyped", resource.plan.name);
        };
        let table = items(&expansion).iter().find_map(|item| match item {
            Item::Impl(item) if is_record(item, record) => Some(code(item)),
            _ => None,
        });
        let lines = table.unwrap();
        let columns = lines.iter().filter(|line| is_column(line));
        assert_eq!(columns.count(), record.columns.len(), "{lines:#?}");
    }
}

#[test]
fn the_built_in_template_lays_a_file_out_as_the_generator_does() {
    let folder = here(env!("CARGO_TARGET_TMPDIR")).join("laid_out");
    let templates = Templates::new(None).unwrap();
    for spec in &specs() {
        let path = format!("../specs/{spec}.yaml");
        let builder = Builder::new().spec(&path).out_dir(&folder);
        builder.try_generate().unwrap();
        let connector = compile(&path, &text(spec)).connector.unwrap();
        let name = &connector.plan.name;
        let file = fs::read_to_string(folder.join(format!("{name}.rs"))).unwrap();
        assert_eq!(templates.render(Template::Rust, &connector), Ok(file));
    }
}

#[test]
fn the_generator_makes_what_the_attribute_makes() {
    let folder = here(env!("CARGO_TARGET_TMPDIR")).join("generated");
    for spec in &specs() {
        let path = format!("../specs/{spec}.yaml");
        let builder = Builder::new().spec(&path).out_dir(&folder);
        assert_eq!(builder.try_generate(), Ok(Vec::new()));
        let generated = fs::read_to_string(folder.join(format!("{spec}.rs"))).unwrap();

        let mut expansion = expansion(spec, &path);
        let [Item::Mod(module)] = expansion.items.as_mut_slice() else {
            panic!("not one module");
        };
        // The generator tells cargo of the file, in place of the compiler.
        let bytes = module.content.as_mut().unwrap().1.remove(0);
        assert!(
            bytes
                .to_token_stream()
                .to_string()
                .contains("include_bytes")
        );
        let expansion = prettyplease::unparse(&expansion);
        assert!(generated.starts_with("// Made from "), "{generated}");
        assert!(
            generated.ends_with(&expansion),
            "`{spec}` is made in two ways"
        );
    }
}

#[test]
fn a_file_that_is_as_it_should_be_is_left_alone() {
    let folder = here(env!("CARGO_TARGET_TMPDIR")).join("unchanged");
    let file = folder.join("datasets.rs");
    let generate = || {
        Builder::new()
            .spec("../specs/datasets.yaml")
            .out_dir(&folder)
            .try_generate()
    };
    generate().unwrap();
    let opened = fs::File::options().write(true).open(&file).unwrap();
    opened.set_modified(SystemTime::UNIX_EPOCH).unwrap();
    generate().unwrap();
    let modified = fs::metadata(&file).unwrap().modified().unwrap();
    assert_eq!(modified, SystemTime::UNIX_EPOCH);
    fs::write(&file, "").unwrap();
    generate().unwrap();
    assert!(
        fs::read_to_string(&file)
            .unwrap()
            .contains("pub mod datasets")
    );
}

#[test]
fn the_generator_says_everything_that_is_wrong() {
    let folder = here(env!("CARGO_TARGET_TMPDIR")).join("never");
    let error = Builder::new()
        .spec("../specs/datasets.yaml")
        .spec("ui/unknown_auth.yaml")
        .spec("ui/unknown_paginator.yaml")
        .spec("ui/no_such.yaml")
        .spec("/home/me/shop.yaml")
        .out_dir(&folder)
        .try_generate()
        .unwrap_err();
    let wrong = [
        "unknown auth `barer`",
        "unknown paginator `ofset`",
        "cannot read `ui/no_such.yaml`",
        "is an absolute path",
    ];
    assert_eq!(error.messages().count(), wrong.len(), "{error}");
    for (message, wrong) in error.messages().zip(wrong) {
        assert!(message.contains(wrong), "{message}");
    }
    assert!(!folder.exists(), "something was written");
}

const MOST_LINES: usize = 25;

/// Whatever a spec says, there is a module of valid Rust: the source, or what is wrong.
#[test]
fn a_spec_with_any_line_gone_expands_to_rust() {
    for spec in &specs() {
        let text = text(spec);
        let lines: Vec<&str> = text.lines().collect();
        // Of a long spec some lines are enough.
        for gone in (0..lines.len()).step_by(lines.len().div_ceil(MOST_LINES)) {
            let rest = [&lines[..gone], &lines[gone + 1..]].concat().join("\n");
            let attribute = "\"specs/x.yaml\"".parse().unwrap();
            let module = "mod x {}".parse().unwrap();
            let tokens = attribute::expand(attribute, module, &|_| Ok(rest.clone().into()));
            let text = tokens.to_string();
            assert!(syn::parse2::<File>(tokens).is_ok(), "line {}", gone + 1);
            assert!(text.contains("Source"), "line {} of {spec}", gone + 1);
        }
    }
}
