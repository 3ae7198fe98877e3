//! What a person sees who makes a mistake in a spec, or in naming one.
//!
//! The cases are in `tests/ui`; they run from here because this crate's tests depend on little, and
//! the compiler is started on a project of its own with all that they depend on. After a change of the
//! messages, `TRYBUILD=overwrite` writes them anew: read each as if the mistake had been yours.

#[test]
fn mistakes_are_shown_where_they_are_made() {
    trybuild::TestCases::new().compile_fail("../tests/ui/*.rs");
}

/// The cases that hold several mistakes, and how many.
const SEVERAL: &[(&str, usize)] = &[
    ("hooks_of_other_signatures", 3),
    ("of_another_parent", 2),
    ("own_struct", 3),
    ("several_mistakes", 4),
    ("steps_of_other_signatures", 3),
];

#[test]
fn one_mistake_is_one_error() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/ui");
    let mut found = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path
            .extension()
            .is_none_or(|extension| extension != "stderr")
        {
            continue;
        }
        found += 1;
        let case = path.file_stem().unwrap().to_string_lossy().into_owned();
        let text = std::fs::read_to_string(&path).unwrap();
        let errors = text.lines().filter(|line| line.starts_with("error"));
        let listed = SEVERAL.iter().find(|(name, _)| *name == case);
        let mistakes = listed.map_or(1, |(_, mistakes)| *mistakes);
        assert_eq!(errors.count(), mistakes, "{case}");
    }
    assert!(found > 10, "{found} cases");
}
