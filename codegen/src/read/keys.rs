//! The keys of a map: those that are unknown, missing, or there under two names.

use crate::diagnostic::{Applicability, Diagnostic, Span};
use crate::grammar::{self, AnyKey, Shape, auth};
use crate::suggest::{self, Meant};
use crate::unseen;
use crate::yaml::{Entry, Kind, Node, Value};

use super::merge;

use super::shape::{Check, Lacking};
use super::words::{Advice, KeyContext, Named, heading, listed, unseen_word};

impl Check<'_> {
    /// Unknown and missing keys, and such as have two names.
    pub(super) fn keys(
        &mut self,
        context: &dyn Named,
        keys: &[&'static dyn AnyKey],
        entries: &[Entry],
        node: &Node,
        place: &KeyContext,
    ) {
        let mut seen: Vec<(&str, &Span)> = Vec::new();
        let mut torn = self.torn_lists(keys, entries, node, place);
        if torn.is_empty() {
            let is_known = |name: &str| {
                keys.iter().any(|key| key.is_called(name)) || suggest::home(name).is_some()
            };
            torn = self.torn_texts(node, place, &is_known);
        }
        torn.extend(self.unindented_keys(context, keys, entries, place));
        torn.extend(self.keys_of_a_grant(keys, entries, place));
        let mut has_unknown = false;
        for (at, entry) in entries.iter().enumerate() {
            let name = entry.key.name.as_str();
            if Some(name) == context.tag() || torn.contains(&at) {
                continue;
            }
            let Some(key) = keys.iter().find(|key| key.is_called(name)) else {
                // The key that was meant is not missing too.
                let meant = self.unknown(context, keys, entry, entries, node, place);
                self.sink.has_hole(&node.span, meant);
                let Some(meant) = meant else {
                    has_unknown = true;
                    continue;
                };
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
        let missing: Vec<&'static dyn AnyKey> = keys
            .iter()
            .filter(|key| {
                let is_there =
                    |(name, _): &(&str, _)| key.name == *name || key.unless.contains(name);
                key.required && !seen.iter().any(is_there)
            })
            .copied()
            .collect();
        // The one key that is missing may be the one that was not understood.
        let is_explained = has_unknown && missing.len() == 1;
        if !missing.is_empty() && !is_explained {
            self.lacking.push(Lacking {
                keys: missing,
                span: node.span.clone(),
                heading: heading(node),
                owner: place.owner.clone(),
            });
        }
    }

    /// Reports the keys that are missing, but for those that stand in the wrong map near by.
    pub(super) fn report_lacking(&mut self) {
        for mut lacking in std::mem::take(&mut self.lacking) {
            let sink = &self.sink;
            let is_there = |key: &&dyn AnyKey| !sink.is_misplaced_near(&lacking.span, key.name);
            lacking.keys.retain(is_there);
            if !lacking.keys.is_empty() {
                self.missing(&lacking);
            }
        }
    }

    /// `client:` with no value, and its keys below it at the same level: the positions of these.
    fn unindented_keys(
        &mut self,
        context: &dyn Named,
        keys: &[&'static dyn AnyKey],
        entries: &[Entry],
        place: &KeyContext,
    ) -> Vec<usize> {
        let is_known = |entry: &Entry| {
            let name = entry.key.name.as_str();
            Some(name) == context.tag() || keys.iter().any(|key| key.is_called(name))
        };
        let mut unindented = Vec::new();
        for (at, entry) in entries.iter().enumerate() {
            let is_left_out = entry.value.is_null() && entry.value.span == entry.key.span;
            let key = keys.iter().find(|key| key.is_called(&entry.key.name));
            let Some(key) = key.filter(|_| is_left_out) else {
                continue;
            };
            let own: Vec<usize> = entries
                .iter()
                .enumerate()
                .skip(at + 1)
                .take_while(|(_, other)| !is_known(other))
                .filter(|(_, other)| may_hold(&key.shape, &other.key.name, keys))
                .map(|(at, _)| at)
                .collect();
            let Some(first) = own.first().and_then(|at| entries.get(*at)) else {
                continue;
            };
            let name = &entry.key.name;
            let message = format!("`{name}` in {} has no value", place.owner);
            let first_name = &first.key.name;
            let help = if own.len() == 1 {
                format!("indent `{first_name}`: it belongs to `{name}`")
            } else {
                format!("indent `{first_name}` and the keys below it: they belong to `{name}`")
            };
            self.sink.push(
                Diagnostic::error("RS0103", &entry.key.span, message)
                    .help(help)
                    .also(&first.key.span, format!("indented like `{name}`")),
            );
            self.unindented.push(entry.key.span.start);
            unindented.extend(own);
        }
        unindented
    }

    /// `grant_type: password` and what belongs to it beside `access_token_request_data`, where it stands: the positions
    /// of such keys.
    fn keys_of_a_grant(
        &mut self,
        keys: &[&'static dyn AnyKey],
        entries: &[Entry],
        place: &KeyContext,
    ) -> Vec<usize> {
        const PARAMETERS: [&str; 5] = [
            "grant_type",
            "username",
            "password",
            "account_id",
            "assertion",
        ];
        let data = auth::ACCESS_TOKEN_REQUEST_DATA.name;
        let grants =
            |name: &str| PARAMETERS.contains(&name) && !keys.iter().any(|key| key.is_called(name));
        let mut found = Vec::new();
        if keys.iter().any(|key| key.name == data)
            && entries.iter().any(|entry| entry.key.name == PARAMETERS[0])
        {
            let own = entries.iter().enumerate();
            found.extend(
                own.filter(|(_, entry)| grants(&entry.key.name))
                    .map(|(at, _)| at),
            );
        }
        let misplaced: Vec<&Entry> = found.iter().filter_map(|at| entries.get(*at)).collect();
        if let Some(first) = misplaced.first() {
            let names: Vec<String> = misplaced
                .iter()
                .map(|entry| format!("`{}`", entry.key.name))
                .collect();
            let written: Vec<String> = misplaced
                .iter()
                .map(|entry| format!("{}: …", entry.key.name))
                .collect();
            let keys = if names.len() == 1 { "key" } else { "keys" };
            let message = format!("unknown {keys} {} in {}", listed(&names), place.owner);
            self.sink.push(
                Diagnostic::error("RS0102", &first.key.span, message).help(format!(
                    "the parameters of a grant stand in `{data}: {{ {} }}`",
                    written.join(", ")
                )),
            );
        }
        found
    }

    /// `{fields: id,name}`, which YAML reads as a text and a key without a value: the positions of such
    /// keys. What should be one text is reported.
    pub(super) fn torn_texts(
        &mut self,
        node: &Node,
        place: &KeyContext,
        is_known: &dyn Fn(&str) -> bool,
    ) -> Vec<usize> {
        let entries = node.entries();
        let mut torn = Vec::new();
        let mut next = 0;
        if !is_flow_map(node) {
            return torn;
        }
        for (at, entry) in entries.iter().enumerate() {
            let Some(first) = entry.value.scalar().filter(|_| at >= next) else {
                continue;
            };
            let words = torn_off(entries, at, is_known);
            if words.is_empty() {
                continue;
            }
            next = at + words.len() + 1;
            torn.extend(at + 1..next);
            let whole = format!("{},{}", first.text, words.join(","));
            let name = &entry.key.name;
            let message = format!("the comma ends the value of `{name}` in {}", place.owner);
            let last = entries.get(at + words.len());
            let end = last.map_or(entry.value.span.end, |last| last.key.span.end);
            self.sink.push(
                Diagnostic::error("RS0103", &(entry.value.span.start..end), message).help(format!(
                    "put it in quotes, `\"{whole}\"`, or write a list, `[{}]`",
                    whole.replace(',', ", ")
                )),
            );
        }
        torn
    }

    /// `{values: one, two}`, which YAML reads as a value and a key that has none: the positions of such
    /// keys. What should be a list is reported.
    fn torn_lists(
        &mut self,
        keys: &[&dyn AnyKey],
        entries: &[Entry],
        node: &Node,
        place: &KeyContext,
    ) -> Vec<usize> {
        let mut torn = Vec::new();
        if !is_flow_map(node) {
            return torn;
        }
        let is_known = |name: &str| keys.iter().any(|key| key.is_called(name));
        for (at, entry) in entries.iter().enumerate() {
            let is_list =
                |key: &&&dyn AnyKey| key.is_called(&entry.key.name) && takes_list(&key.shape);
            let (Some(_), Some(first)) = (keys.iter().find(is_list), entry.value.scalar()) else {
                continue;
            };
            let words = torn_off(entries, at, &is_known);
            if words.is_empty() {
                continue;
            }
            torn.extend(at + 1..=at + words.len());
            let of = KeyContext::new(&entry.key.name, &place.owner);
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
        keys: &[&dyn AnyKey],
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

    /// `+response_actions` where no such list is inherited.
    fn extends_nothing(&mut self, key: &&dyn AnyKey, entry: &Entry, entries: &[Entry]) {
        let name = key.name;
        let why = if !merge::may_be_list(&key.shape) {
            format!("`{name}` is not a list, and cannot be extended")
        } else if !matches!(entry.value.value, Value::List(_)) {
            format!("`{}` needs a list", entry.key.name)
        } else if entries.iter().any(|other| other.key.name == name) {
            format!("`{name}` is replaced here, and cannot be extended too")
        } else {
            format!("no `{name}` is inherited here that could be extended")
        };
        self.sink.push(
            Diagnostic::error("RS0540", &entry.key.span, why).help(format!(
                "write `{name}: …`, or a list in `resource_defaults` first"
            )),
        );
    }

    /// Keys that must be there and are not, all of a map at once.
    fn missing(&mut self, lacking: &Lacking) {
        let (mut names, mut advice) = (Vec::new(), Vec::new());
        for key in &lacking.keys {
            names.push(format!("`{}`", key.name));
            advice.push(match key.name {
                "columns" => "`columns: {NAME: TYPE}`".to_owned(),
                name => format!("`{name}: …`"),
            });
        }
        let mut help = format!("add {}", listed(&advice));
        if lacking
            .keys
            .iter()
            .any(|key| key.name == grammar::resource::COLUMNS.name)
        {
            help.push_str("; `columns: json` takes records as they are");
        }
        let message = format!("{} lacks {}", lacking.owner, listed(&names));
        let mut diagnostic = Diagnostic::error("RS0101", &lacking.heading, message).help(help);
        for key in &lacking.keys {
            diagnostic = diagnostic.note(format!("`{}` is {}", key.name, key.meaning));
        }
        self.sink.push(diagnostic);
    }

    /// `required: true` of a column, whose meaning is the other way round here.
    fn required_key(&mut self, entry: &Entry, entries: &[Entry], place: &KeyContext) -> bool {
        let name = entry.key.name.as_str();
        let is_required = match name.to_ascii_lowercase().replace(['_', '-'], "").as_str() {
            "required" | "notnull" | "nonnull" | "mandatory" => true,
            "optional" => false,
            _ => return false,
        };
        let said = entry.value.scalar().map(|scalar| scalar.kind);
        let non_null = match said {
            Some(Kind::Bool(said)) => said == is_required,
            _ => is_required,
        };
        let is_there = entries
            .iter()
            .any(|other| other.key.name == grammar::column::NULLABLE.name);
        let span = entry.key.span.start..entry.value.span.end.max(entry.key.span.end);
        let message = format!("unknown key `{name}` in {}", place.owner);
        let diagnostic = Diagnostic::error("RS0102", &span, message);
        self.sink.push(match (is_there, non_null) {
            (true, _) => diagnostic.help("remove it: `nullable` is here already"),
            (false, true) => diagnostic.help("write `nullable: false`").suggest(
                "",
                "nullable: false",
                Applicability::MaybeIncorrect,
            ),
            (false, false) => {
                diagnostic.help("remove it: a column is nullable unless it says `nullable: false`")
            }
        });
        true
    }

    /// A key that has no business here, and the key that was meant, if that can be told.
    fn unknown(
        &mut self,
        context: &dyn Named,
        keys: &[&dyn AnyKey],
        entry: &Entry,
        entries: &[Entry],
        node: &Node,
        place: &KeyContext,
    ) -> Option<&'static str> {
        let name = entry.key.name.as_str();
        if context.name() == "column" && self.required_key(entry, entries, place) {
            return Some("nullable");
        }
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
        if let Some((extended, _)) = merge::extends(name)
            && let Some(key) = keys.iter().find(|key| key.is_called(extended))
        {
            self.extends_nothing(key, entry, entries);
            return Some(key.name);
        }
        let clean = unseen::cleaned(name);
        let clean = clean.and_then(|clean| names.iter().find(|name| **name == clean));
        if let Some(clean) = clean {
            let message = format!("unknown key `{name}` in {}", place.owner);
            let diagnostic = Diagnostic::error("RS0102", &entry.key.span, message);
            self.sink.push(unseen_word(diagnostic, name, clean));
            return Some(clean);
        }
        // Of two keys that are as close, the one that is missing is meant.
        let is_missing = |key: &&&dyn AnyKey| {
            key.required && entries.iter().all(|entry| !key.is_called(&entry.key.name))
        };
        let missing = keys.iter().filter(is_missing).map(|key| key.name);
        let candidates: Vec<&'static str> = missing.chain(names.iter().copied()).collect();
        let meant = Meant::of(&[context.name()], name, &candidates);
        let home = suggest::home(name).filter(|_| meant.is_none());
        let (code, what) = match home {
            Some(_) => ("RS0104", "misplaced"),
            None => ("RS0102", "unknown"),
        };
        if let Some(key) = home.as_ref().and_then(|_| suggest::key(name)) {
            self.sink.is_misplaced(&node.span, key);
        }
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

/// Whether a map stands in braces. It begins with its brace, a block map with its first key.
fn is_flow_map(node: &Node) -> bool {
    let mut starts = node.entries().iter().map(|entry| entry.key.span.start);
    starts.all(|start| start > node.span.start)
}

/// The words that commas tore off the value at this position: unknown keys that have no value.
fn torn_off<'a>(entries: &'a [Entry], at: usize, is_known: &dyn Fn(&str) -> bool) -> Vec<&'a str> {
    let is_alone = |entry: &&Entry| {
        entry.value.is_null() && entry.value.span == entry.key.span && !is_known(&entry.key.name)
    };
    let others = entries.iter().skip(at + 1).take_while(is_alone);
    others.map(|other| other.key.name.as_str()).collect()
}

/// Whether a key of this name may stand in a value of this shape, rather than among those around it.
fn may_hold(shape: &Shape, name: &str, around: &[&'static dyn AnyKey]) -> bool {
    match shape {
        Shape::Map(context) => context.key(name).is_some(),
        Shape::Tagged(family) => {
            let mut keys = family.members.iter().flat_map(|member| member.keys);
            family.tag == name
                || family.common.iter().any(|key| key.is_called(name))
                || keys.any(|key| key.is_called(name))
        }
        Shape::Dict(_) => {
            let names: Vec<&str> = around.iter().map(|key| key.name).collect();
            suggest::home(name).is_none() && suggest::closest(name, &names).is_none()
        }
        Shape::Either(first, second) => {
            may_hold(first, name, around) || may_hold(second, name, around)
        }
        _ => false,
    }
}

fn takes_list(shape: &Shape) -> bool {
    match shape {
        Shape::List(_) => true,
        Shape::Either(first, second) => takes_list(first) || takes_list(second),
        _ => false,
    }
}
