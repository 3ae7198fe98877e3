//! A mistake is told the same, whichever way a spec is compiled.

use proc_macro2::{TokenStream, TokenTree};
use quote::quote;
use rest_source_build::Builder;
use rest_source_codegen::attribute::expand;

use crate::{BROKEN, shell::Shell};

/// What would not depend on how far it is indented.
fn flush(message: &str) -> Vec<&str> {
    message.lines().map(str::trim_start).collect()
}

/// The attribute has the place in the first line, too.
fn without_place<'m>(lines: &[&'m str]) -> Vec<&'m str> {
    let mut lines = lines.to_vec();
    if let Some(first) = lines.first_mut() {
        *first = first.split(" (broken.yaml:").next().unwrap();
    }
    lines
}

/// The texts in tokens, however deep.
fn texts(tokens: TokenStream) -> Vec<String> {
    let mut found = Vec::new();
    for token in tokens {
        match token {
            TokenTree::Group(group) => found.extend(texts(group.stream())),
            TokenTree::Literal(literal) => {
                let text = syn::parse_str::<syn::LitStr>(&literal.to_string());
                found.extend(text.map(|text| text.value()));
            }
            _ => {}
        }
    }
    found
}

#[test]
fn by_the_attribute_a_build_script_and_the_command() {
    let shell = Shell::new();
    shell.write("broken.yaml", BROKEN);
    let checked = shell.run(&["check", "broken.yaml"]).stderr;
    let generated = shell
        .run(&["generate", "broken.yaml", "--out", "src"])
        .stderr;

    let builder = Builder::new().manifest_dir(shell.path("")).out_dir("src");
    let error = builder.spec("broken.yaml").try_generate().unwrap_err();
    let built: Vec<&str> = error.messages().collect();

    let path = quote!("broken.yaml");
    let module = quote!(
        pub mod broken {}
    );
    let expanded = texts(expand(path, module, &|_| Ok(BROKEN.to_owned().into())));

    assert_eq!(built.len(), 4);
    for message in built {
        assert!(checked.contains(message), "{message}\n\nnot in:\n{checked}");
        assert!(
            generated.contains(message),
            "{message}\n\nnot in:\n{generated}"
        );
        let told = expanded
            .iter()
            .any(|text| without_place(&flush(text)) == flush(message));
        assert!(told, "{message}\n\nnot in:\n{expanded:#?}");
    }
}
