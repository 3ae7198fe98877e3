//! Regular expressions of a spec: the feature `patterns`.

use std::{
    collections::HashMap,
    sync::{LazyLock, Mutex, PoisonError},
};

use regex::Regex;

/// The expressions that were compiled. All are forgotten at this number: specs may come and go.
static COMPILED: LazyLock<Mutex<HashMap<String, Option<Regex>>>> = LazyLock::new(Mutex::default);
const MOST: usize = 256;

fn compiled(pattern: &str) -> Option<Regex> {
    let mut compiled = COMPILED.lock().unwrap_or_else(PoisonError::into_inner);
    if compiled.len() >= MOST {
        compiled.clear();
    }
    let found = compiled.get(pattern);
    found.cloned().unwrap_or_else(|| {
        let regex = Regex::new(pattern).ok();
        compiled.insert(pattern.to_owned(), regex.clone());
        regex
    })
}

/// Whether a text has a match in it. One for an expression that is none.
pub(crate) fn matches(pattern: &str, text: &str) -> bool {
    compiled(pattern).is_some_and(|regex| regex.is_match(text))
}

/// The first group of the first match, or the match of an expression without groups.
pub(crate) fn capture<'t>(pattern: &str, text: &'t str) -> Option<&'t str> {
    let captures = compiled(pattern)?.captures(text)?;
    let group = captures.get(1).or_else(|| captures.get(0))?;
    Some(group.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_group_is_captured() {
        assert_eq!(capture("/([0-9]+)$", "0-3/10"), Some("10"));
        assert_eq!(capture("[0-9]+", "250 rows"), Some("250"));
        assert_eq!(capture("/([0-9]+)$", "0-3/*"), None);
        assert_eq!(capture("(", "("), None);
        assert!(matches("(?i)slow", "Slow down"));
        assert!(!matches("(", "("));
    }
}
