//! What a person sees who makes a mistake in a spec, or in naming one.
//!
//! The cases are in `tests/ui`; they run from here because this crate's tests depend on little, and
//! the compiler is started on a project of its own with all that they depend on. After a change of the
//! messages, `TRYBUILD=overwrite` writes them anew: read each as if the mistake had been yours.

#[test]
fn mistakes_are_shown_where_they_are_made() {
    trybuild::TestCases::new().compile_fail("../tests/ui/*.rs");
}
