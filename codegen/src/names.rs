//! Names in Rust and SQL, made of the names of a spec.

use std::collections::HashMap;

use unicode_ident::{is_xid_continue, is_xid_start};

use crate::diagnostic::Span;

/// Keywords of Rust 2024 that may be raw identifiers.
const KEYWORDS: &[&str] = &[
    "abstract", "as", "async", "await", "become", "box", "break", "const", "continue", "do", "dyn",
    "else", "enum", "extern", "false", "final", "fn", "for", "gen", "if", "impl", "in", "let",
    "loop", "macro", "match", "mod", "move", "mut", "override", "priv", "pub", "ref", "return",
    "static", "struct", "trait", "true", "try", "type", "typeof", "unsafe", "unsized", "use",
    "virtual", "where", "while", "yield",
];

/// Keywords that may not.
const NEVER_RAW: &[&str] = &["Self", "crate", "self", "super"];

/// A name for SQL and Rust: words in lower case with `_` between them, no digit first. Empty where
/// the text has no letter or digit.
pub(crate) fn snake(text: &str) -> String {
    let mut name = String::with_capacity(text.len());
    let leading = text.chars().take_while(|c| *c == '_').count();
    let chars: Vec<char> = text.chars().skip(leading).collect();
    for (at, c) in chars.iter().enumerate() {
        if *c == '_' || !is_xid_continue(*c) {
            if !name.ends_with('_') && !name.is_empty() {
                name.push('_');
            }
            continue;
        }
        let before = at.checked_sub(1).and_then(|before| chars.get(before));
        let after_lower = before.is_some_and(|c| c.is_lowercase() || c.is_ascii_digit());
        let ends_acronym = before.is_some_and(|c| c.is_uppercase())
            && chars.get(at + 1).is_some_and(|c| c.is_lowercase());
        if c.is_uppercase() && (after_lower || ends_acronym) {
            name.push('_');
        }
        name.extend(c.to_lowercase().filter(|c| is_xid_continue(*c)));
    }
    // What made the end of it, `EndTime>`, is not worth an underscore; one that was there is.
    if !text.ends_with('_') {
        name.truncate(name.trim_end_matches('_').len());
    }
    if name.is_empty() {
        return name;
    }
    let digit = name.starts_with(|c: char| !is_xid_start(c));
    let leading = leading.max(usize::from(digit));
    let name = format!("{}{name}", "_".repeat(leading));
    if NEVER_RAW.contains(&name.as_str()) {
        return format!("{name}_");
    }
    name
}

/// A name for a type or a variant: words with a capital first, no `_` between them.
pub(crate) fn pascal(text: &str) -> String {
    let mut name = String::with_capacity(text.len());
    for word in snake(text).split('_').filter(|word| !word.is_empty()) {
        let mut chars = word.chars();
        let digits_meet = name.ends_with(|c: char| c.is_ascii_digit())
            && word.starts_with(|c: char| c.is_ascii_digit());
        if digits_meet {
            name.push('_');
        }
        if let Some(first) = chars.next() {
            name.extend(first.to_uppercase().filter(|c| is_xid_continue(*c)));
        }
        name.push_str(chars.as_str());
    }
    if name.starts_with(|c: char| !is_xid_start(c)) {
        name.insert(0, '_');
    }
    if NEVER_RAW.contains(&name.as_str()) {
        name.push('_');
    }
    name
}

/// The identifier for a name: raw where it is a keyword.
pub(crate) fn ident(name: &str) -> String {
    if KEYWORDS.contains(&name) {
        format!("r#{name}")
    } else if NEVER_RAW.contains(&name) {
        format!("{name}_")
    } else {
        name.to_owned()
    }
}

/// Names that are taken, and by what.
#[derive(Debug, Default)]
pub(crate) struct Taken {
    names: HashMap<String, Owner>,
}

/// Who took a name.
#[derive(Clone, Debug)]
pub(crate) struct Owner {
    /// In words: "resource `stories`".
    pub what: String,
    /// Nothing for what every module has.
    pub span: Option<Span>,
}

impl Taken {
    /// The types that every module has, and Rust's own that it is written with: a record of such a
    /// name would hide it.
    pub(crate) fn types() -> Self {
        let mut types = Self::of(&["Source", "Secrets", "Config"]);
        for name in ["Default", "Option", "String", "Vec"] {
            let owner = Owner {
                what: "Rust's own".to_owned(),
                span: None,
            };
            types.names.insert(name.to_owned(), owner);
        }
        types
    }

    /// The functions that every `Source` has.
    pub(crate) fn methods() -> Self {
        Self::of(&[
            "builder",
            "client",
            "clone",
            "from_client",
            "from_env",
            "load",
            "mock",
        ])
    }

    fn of(names: &[&str]) -> Self {
        let own = |name: &&str| {
            let owner = Owner {
                what: format!("`{name}`, which every source has"),
                span: None,
            };
            ((*name).to_owned(), owner)
        };
        Self {
            names: names.iter().map(own).collect(),
        }
    }

    /// Takes a name, or says who has it.
    pub(crate) fn take(&mut self, name: &str, what: &str, span: &Span) -> Result<(), Owner> {
        if let Some(owner) = self.names.get(name) {
            return Err(owner.clone());
        }
        let owner = Owner {
            what: what.to_owned(),
            span: Some(span.clone()),
        };
        self.names.insert(name.to_owned(), owner);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_type_may_not_hide_one_that_code_is_written_with() {
        for name in ["Source", "Option", "String"] {
            assert!(
                Taken::types()
                    .take(name, "the type of `x`", &(0..0))
                    .is_err()
            );
        }
        assert!(Taken::types().take("Options", "it", &(0..0)).is_ok());
    }

    #[test]
    fn awkward_keys_become_names() {
        let cases = [
            ("id", "id", "Id"),
            ("_id", "_id", "Id"),
            ("self", "self_", "Self_"),
            ("type", "type", "Type"),
            ("1h", "_1h", "_1h"),
            ("16x16", "_16x16", "_16x16"),
            ("media-metadata", "media_metadata", "MediaMetadata"),
            ("EndTime>", "end_time", "EndTime"),
            ("PageSize", "page_size", "PageSize"),
            ("HTTPStatus", "http_status", "HttpStatus"),
            ("userID", "user_id", "UserId"),
            ("TRY", "try", "Try"),
            ("a.b", "a_b", "AB"),
            ("wrap_up", "wrap_up", "WrapUp"),
            ("v1_2", "v1_2", "V1_2"),
            ("größe", "größe", "Größe"),
            ("+", "", ""),
            ("名前", "名前", "名前"),
        ];
        for (text, in_sql, in_rust) in cases {
            assert_eq!(snake(text), in_sql, "{text}");
            assert_eq!(pascal(text), in_rust, "{text}");
        }
        assert_eq!(ident("type"), "r#type");
        assert_eq!(ident("self_"), "self_");
    }
}
