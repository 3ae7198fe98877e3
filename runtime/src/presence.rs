//! Which declared columns no record has. All their values are null, perhaps since a key is misspelt.

use std::collections::{BTreeMap, BTreeSet};

use crate::{printable::short, shared::Text};

/// The most columns that a note names.
const MAX_NAMED: usize = 5;
/// The most undeclared keys that are remembered.
const MAX_KEYS: usize = 100;
/// The longest of them.
const MAX_KEY_BYTES: usize = 1 << 10;
/// The most characters of a key in a note.
const MAX_KEY_CHARS: usize = 60;

/// What the pages read so far say of the columns.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Presence {
    /// Of each kind of object that was met, the columns that none had: `id`, `owner.name`.
    absent: BTreeMap<usize, BTreeSet<Absent>>,
    /// Keys that no column declares.
    undeclared: BTreeSet<String>,
}

/// A column that no object had.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Absent {
    /// Its name, with what leads to it.
    pub(crate) name: String,
    /// The key that it is read from.
    pub(crate) key: Text,
}

impl Presence {
    /// Adds the columns that none of a page's objects of one kind had.
    pub(crate) fn object(&mut self, id: usize, absent: impl Iterator<Item = Absent>) {
        self.absent.insert(id, absent.collect());
    }

    /// Adds a key that no column declares. A long one is not meant as a column.
    pub(crate) fn undeclared(&mut self, key: &str) {
        if self.undeclared.len() < MAX_KEYS && key.len() <= MAX_KEY_BYTES {
            self.undeclared.insert(key.to_owned());
        }
    }

    /// Adds what other pages say.
    pub(crate) fn add(&mut self, other: &Self) {
        for (id, absent) in &other.absent {
            self.absent
                .entry(*id)
                .and_modify(|known| known.retain(|column| absent.contains(column)))
                .or_insert_with(|| absent.clone());
        }
        for key in &other.undeclared {
            self.undeclared(key);
        }
    }

    /// What there is to say of columns that no record has.
    pub(crate) fn note(&self) -> Option<String> {
        let mut absent = self.absent.values().flatten();
        let shown: Vec<_> = absent.by_ref().take(MAX_NAMED).collect();
        let more = absent.count();
        let names: Vec<_> = shown
            .iter()
            .map(|column| format!("`{}`", column.name))
            .collect();
        let columns = match *names {
            [] => return None,
            [ref name] => format!("column {name}: all its values are null"),
            _ if more == 0 => format!("columns {}: all their values are null", names.join(", ")),
            _ => format!(
                "columns {} and {more} more: all their values are null",
                names.join(", ")
            ),
        };
        let meant: Vec<_> = shown
            .iter()
            .filter_map(|column| {
                let key = self
                    .undeclared
                    .iter()
                    .find(|key| is_similar(key, &column.key))?;
                let key = short(key, MAX_KEY_CHARS).escape_debug().to_string();
                Some(format!("`{key}` for `{}`", column.name))
            })
            .collect();
        let meant = match &*meant {
            [] => String::new(),
            meant => format!("; did you mean the undeclared key {}?", meant.join(", ")),
        };
        Some(format!("no record has the {columns}{meant}"))
    }
}

/// Whether one key may be meant by the other: the same but for case and separators, or but for a few
/// letters.
fn is_similar(one: &str, other: &str) -> bool {
    let plain = |key: &str| -> Vec<char> {
        let letters = key.chars().filter(|c| c.is_alphanumeric());
        letters
            .flat_map(char::to_lowercase)
            .take(MAX_KEY_CHARS)
            .collect()
    };
    let (one, other) = (plain(one), plain(other));
    let longest = one.len().max(other.len());
    distance(&one, &other) <= longest / 4
}

/// How many letters have to be changed, added or removed.
fn distance(one: &[char], other: &[char]) -> usize {
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (at, letter) in one.iter().enumerate() {
        let mut before = at;
        let mut left = at + 1;
        for (cell, wanted) in row.iter_mut().skip(1).zip(other) {
            let changed = before + usize::from(letter != wanted);
            before = *cell;
            left = changed.min(before + 1).min(left + 1);
            *cell = left;
        }
        if let Some(first) = row.first_mut() {
            *first = at + 1;
        }
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn absent(names: &[&'static str]) -> impl Iterator<Item = Absent> {
        names.iter().map(|name| Absent {
            name: (*name).to_owned(),
            key: Text::of(name),
        })
    }

    #[test]
    fn a_column_that_one_page_has_is_not_named() {
        let mut all = Presence::default();
        assert_eq!(all.note(), None);
        for columns in [&["a", "b", "c"][..], &["b", "c"], &["a", "c"]] {
            let mut page = Presence::default();
            page.object(0, absent(columns));
            all.add(&page);
        }
        let note = all.note().unwrap();
        assert_eq!(
            note,
            "no record has the column `c`: all its values are null"
        );
    }

    #[test]
    fn a_similar_undeclared_key_is_named() {
        let mut page = Presence::default();
        page.object(0, absent(&["comment_count", "zip"]));
        page.undeclared("commentCounts");
        page.undeclared("zap");
        assert_eq!(
            page.note().unwrap(),
            "no record has the columns `comment_count`, `zip`: all their values are null; did you mean \
             the undeclared key `commentCounts` for `comment_count`?"
        );
    }

    #[test]
    fn keys_are_similar_but_for_case_separators_and_few_letters() {
        for (one, other, is) in [
            ("created_at", "createdAt", true),
            ("colour", "color", true),
            ("organisation_id", "organization_id", true),
            ("id", "is", false),
            ("name", "nmae", false),
            ("total", "count", false),
            ("", "", true),
        ] {
            assert_eq!(is_similar(one, other), is, "{one} {other}");
        }
    }
}
