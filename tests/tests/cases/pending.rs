//! Cases that wait for a key of the language.

use std::{collections::BTreeMap, fs, path::Path};

use rest_source_codegen::diagnostic::Diagnostic;

use crate::case::Case;

/// The list `cases/pending.yaml`: cases by the key that they wait for.
#[derive(Clone, Debug)]
pub(crate) struct Pending(BTreeMap<String, Vec<String>>);

impl Pending {
    pub(crate) fn read(folder: &Path) -> Result<Self, String> {
        let path = folder.join("pending.yaml");
        let wrong = |error: &dyn std::fmt::Display| format!("{}: {error}", path.display());
        let text = fs::read_to_string(&path).map_err(|error| wrong(&error))?;
        let list = serde_yaml::from_str(&text).map_err(|error| wrong(&error))?;
        Ok(Self(list))
    }

    /// The key that a case waits for. A file that is listed lists all of its variants.
    pub(crate) fn key_of(&self, case: &str) -> Option<&str> {
        let mut entries = self.0.iter();
        let (reason, _) =
            entries.find(|(_, cases)| cases.iter().any(|listed| is_of(case, listed)))?;
        Some(reason)
    }

    /// Whether each that is listed is a case.
    pub(crate) fn check(&self, names: &[String]) -> Result<(), String> {
        let mut listed = self.0.values().flatten();
        match listed.find(|listed| !names.iter().any(|name| is_of(name, listed))) {
            Some(listed) => Err(format!("there is no case `{listed}`")),
            None => Ok(()),
        }
    }
}

/// Whether a case is the listed one, or a variant of it.
fn is_of(case: &str, listed: &str) -> bool {
    let rest = case.strip_prefix(listed);
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// A pending case holds while its spec is refused for the lack of this key.
pub(crate) fn refused(case: &Case, key: &str) -> Result<(), String> {
    let spec = &case.spec.0;
    let spec = spec
        .replace("<server>", "http://127.0.0.1")
        .replace("<port>", "80");
    let compiled = rest_source_codegen::compile("api.yaml", &spec);
    if compiled.connector.is_some() {
        return Err(format!(
            "`check` accepts the spec, which waits for `{key}`: if the language has it now, take the case \
             off `cases/pending.yaml`"
        ));
    }
    let mut found = compiled.diagnostics.iter();
    let is_for_key = |found: &Diagnostic| {
        let place = spec.get(found.span.clone()).unwrap_or_default();
        found.message.contains(key) || place.contains(key)
    };
    if found.any(is_for_key) {
        return Ok(());
    }
    let said = compiled.diagnostics.render();
    Err(format!(
        "`check` refuses the spec for another reason than `{key}`:\n{said}"
    ))
}
