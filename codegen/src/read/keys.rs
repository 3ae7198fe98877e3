//! The keys of a map: those that are unknown, missing, or there under two names.

use crate::diagnostic::{Diagnostic, Span};
use crate::grammar::Key;
use crate::suggest::{self, Meant};
use crate::yaml::{Entry, Node};

use super::shape::Check;
use super::words::{Named, Place, heading, listed};

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
        for entry in entries {
            let name = entry.key.name.as_str();
            if Some(name) == context.tag() {
                continue;
            }
            let Some(key) = keys.iter().find(|key| key.is_called(name)) else {
                // The key that was meant is not missing too.
                let meant = self.unknown(context, keys, entry, place);
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
        let names: Vec<String> = missing
            .iter()
            .map(|key| format!("`{}`", key.name))
            .collect();
        let advice: Vec<String> = missing
            .iter()
            .map(|key| format!("`{}: …`", key.name))
            .collect();
        let diagnostic = Diagnostic::error(
            "RS0101",
            &heading(node),
            format!("{} lacks {}", place.owner, listed(&names)),
        )
        .help(format!("add {}", listed(&advice)));
        self.sink
            .push(missing.iter().fold(diagnostic, |diagnostic, key| {
                diagnostic.note(format!("`{}` is {}", key.name, key.meaning))
            }));
    }

    /// A key that has no business here, and the key that was meant, if that can be told.
    fn unknown(
        &mut self,
        context: &dyn Named,
        keys: &[&Key],
        entry: &Entry,
        place: &Place,
    ) -> Option<&'static str> {
        let name = entry.key.name.as_str();
        let names: Vec<&'static str> = context
            .tag()
            .into_iter()
            .chain(keys.iter().map(|key| key.name))
            .collect();
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
        if let Some(meant) = meant {
            diagnostic = meant.advise(diagnostic, name);
        } else if let Some(home) = home {
            diagnostic = diagnostic.help(format!("`{name}` belongs in {home}"));
        }
        self.sink.push(diagnostic.note(format!(
            "{} may have: {}",
            context.title(),
            names.join(", ")
        )));
        meant.map(|meant| meant.word)
    }
}
