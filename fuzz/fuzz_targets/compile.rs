//! Any bytes become diagnostics, whose places are in the text, or tokens that are Rust.

#![no_main]

use libfuzzer_sys::fuzz_target;
use rest_source_codegen::{
    compile, describe,
    emit::{self, Options},
};

fuzz_target!(|text: &str| {
    let compiled = compile("specs/api.yaml", text);
    assert_eq!(
        compiled.connector.is_none(),
        compiled.diagnostics.has_errors()
    );
    for one in compiled.diagnostics.iter() {
        assert!(text.get(one.span.clone()).is_some(), "{one:?}");
    }
    compiled.diagnostics.render();
    describe::diagnostics_as_json(&compiled.diagnostics);
    if let Some(connector) = &compiled.connector {
        let tokens = emit::file(connector, &Options::default());
        assert!(syn::parse2::<syn::File>(tokens.clone()).is_ok(), "{tokens}");
    }
});
