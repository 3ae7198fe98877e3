//! The keys of a map: those that are unknown, missing, or there under two names.

use crate::diagnostic::{Diagnostic, Span};
use crate::grammar::{Key, Shape};
use crate::suggest::{self, Meant};
use crate::yaml::{Entry, Node};

use super::shape::Check;
use super::words::{Advice, Named, Place, heading, listed};

impl Check<'_> {
    /// Unknown and missing keys, and such as have two names.
    pub(super) fn keys(
        &mut self,
        context: &dyn Named,
        keys: &[&Key],
        entries: &[Entry],
        node: &Node,
        place: &Place,
    ) {
        let mut seen: Vec<(&str, &Span)> = Vec::new();
        let torn = self.torn_lists(keys, entries, node, place);
        for (at, entry) in entries.iter().enumerate() {
            let name = entry.key.name.as_str();
            if Some(name) == context.tag() || torn.contains(&at) {
                continue;
            }
            let Some(key) = keys.iter().find(|key| key.is_called(name)) else {
                // The key that was meant is not missing too.
                let meant = self.unknown(context, keys, entry, entries, place);
                let Some(meant) = meant else { continue };
                self.meant_once(meant, entry, keys, entries, &seen);
                seen.push((meant, &entry.key.span));
                continue;
            };
            if let Some((_, first)) = seen.iter().find(|(other, _)| *other == key.name) {
                self.sink.push(
                    Diagnostic::error(
                        "RS0107",
                        &entry.key.span,
                        format!("`{name}` is another word for a key that is here already"),
                    )
                    .help("remove one of them")
                    .also(first, "first defined here"),
                );
            }
            seen.push((key.name, &entry.key.span));
        }
        if self.is_partial {
            return;
        }
        let missing: Vec<&Key> = keys
            .iter()
            .filter(|key| key.required && !seen.iter().any(|(name, _)| *name == key.name))
            .copied()
            .collect();
        if !missing.is_empty() {
            self.missing(&missing, node, place);
        }
    }

    /// `{values: one, two}`, which YAML reads as a value and a key that has none: the positions of such
    /// keys. What should be a list is reported.
    fn torn_lists(
        &mut self,
        keys: &[&Key],
        entries: &[Entry],
        node: &Node,
        place: &Place,
    ) -> Vec<usize> {
        let mut torn = Vec::new();
        // A flow map begins with its brace, a block map with its first key.
        let mut starts = entries.iter().map(|entry| entry.key.span.start);
        if starts.any(|start| start <= node.span.start) {
            return torn;
        }
        let is_known = |entry: &Entry| keys.iter().any(|key| key.is_called(&entry.key.name));
        let is_alone = |entry: &Entry| entry.value.span == entry.key.span && !is_known(entry);
        for (at, entry) in entries.iter().enumerate() {
            let is_list = |key: &&&Key| key.is_called(&entry.key.name) && takes_list(&key.shape);
            let (Some(_), Some(first)) = (keys.iter().find(is_list), entry.value.scalar()) else {
                continue;
            };
            let others = entries
                .iter()
                .skip(at + 1)
                .take_while(|other| is_alone(other));
            let words: Vec<&str> = others.map(|other| other.key.name.as_str()).collect();
            if words.is_empty() {
                continue;
            }
            torn.extend(at + 1..=at + words.len());
            let of = Place::new(&entry.key.name, &place.owner);
            let advice = format!("write `[{}, {}]`", first.text, words.join(", "));
            self.wrong(&entry.value, &of, "a list", Some(Advice::new(advice)));
        }
        torn
    }

    /// Doubts that a key was meant which is there already, or which another was meant to be.
    fn meant_once(
        &mut self,
        meant: &str,
        entry: &Entry,
        keys: &[&Key],
        entries: &[Entry],
        seen: &[(&str, &Span)],
    ) {
        let is_it = |name: &str| {
            let key = keys.iter().find(|key| key.name == meant);
            name == meant || key.is_some_and(|key| key.is_called(name))
        };
        let is_there = entries.iter().any(|other| is_it(&other.key.name));
        let before = seen.iter().find(|(other, _)| *other == meant);
        if is_there || before.is_some() {
            let before = before.map(|(_, place)| (*place).clone());
            let places: Vec<Span> = before.into_iter().chain([entry.key.span.clone()]).collect();
            self.sink.doubt(&places);
        }
    }

    /// Keys that must be there and are not, all of a map at once.
    fn missing(&mut self, missing: &[&Key], node: &Node, place: &Place) {
        let (mut names, mut advice) = (Vec::new(), Vec::new());
        for key in missing {
            names.push(format!("`{}`", key.name));
            advice.push(format!("`{}: …`", key.name));
        }
        let mut diagnostic = Diagnostic::error(
            "RS0101",
            &heading(node),
            format!("{} lacks {}", place.owner, listed(&names)),
        )
        .help(format!("add {}", listed(&advice)));
        for key in missing {
            diagnostic = diagnostic.note(format!("`{}` is {}", key.name, key.meaning));
        }
        self.sink.push(diagnostic);
    }

    /// A key that has no business here, and the key that was meant, if that can be told.
    fn unknown(
        &mut self,
        context: &dyn Named,
        keys: &[&Key],
        entry: &Entry,
        entries: &[Entry],
        place: &Place,
    ) -> Option<&'static str> {
        let name = entry.key.name.as_str();
        let mut names = Vec::with_capacity(keys.len() + 1);
        names.extend(context.tag());
        for key in keys {
            names.push(key.name);
        }
        if self.sink.is_full() {
            let unknown = format!("unknown key `{name}`");
            self.sink
                .push(Diagnostic::error("RS0102", &entry.key.span, unknown));
            return None;
        }
        let meant = Meant::of(&[context.name()], name, &names);
        let home = suggest::home(name).filter(|_| meant.is_none());
        let (code, what) = match home {
            Some(_) => ("RS0104", "misplaced"),
            None => ("RS0102", "unknown"),
        };
        let message = format!("{what} key `{name}` in {}", place.owner);
        let mut diagnostic = Diagnostic::error(code, &entry.key.span, message);
        let same = meant.filter(|meant| meant.is_translated).and_then(|meant| {
            let mut others = entries.iter();
            others.find(|other| other.key.name == meant.word)
        });
        if let Some(same) = same {
            let ours = &same.key.name;
            diagnostic = diagnostic
                .help(format!("remove it: `{ours}` is here already"))
                .also(&same.key.span, "here");
        } else if let Some(meant) = meant {
            diagnostic = meant.advise(diagnostic, name);
        } else if let Some(home) = home {
            diagnostic = diagnostic.help(format!("`{name}` belongs in {home}"));
        }
        let title = context.title();
        if !self.listed.contains(&title) {
            self.listed.push(title.clone());
            diagnostic = diagnostic.note(format!("{title} may have: {}", names.join(", ")));
        }
        self.sink.push(diagnostic);
        meant.map(|meant| meant.word)
    }
}

fn takes_list(shape: &Shape) -> bool {
    match shape {
        Shape::List(_) => true,
        Shape::Either(first, second) => takes_list(first) || takes_list(second),
        _ => false,
    }
}
