//! The walk over the tree beside the grammar.

use crate::diagnostic::{Diagnostic, Sink, Span};
use crate::grammar::{self, Context, Family, Key, Member, Shape};
use crate::suggest;
use crate::yaml::{Entry, Node, Value};

use super::words::{
    Kinded, Named, Place, advice, bare, dict_owner, expected, family_owner, found, heading, kinds,
    listed, owner_of, words,
};

pub(super) struct Check<'a> {
    pub sink: &'a mut Sink,
    /// Whether required keys may be missing: in what is only inherited.
    is_partial: bool,
}

impl<'a> Check<'a> {
    pub(super) fn new(sink: &'a mut Sink) -> Self {
        Self {
            sink,
            is_partial: false,
        }
    }

    /// A whole spec. The defaults come before the resources that inherit them, so that a mistake
    /// in a default is reported as one.
    pub(super) fn spec(&mut self, root: &Node, defaults: Option<&Node>, resources: &[Node]) {
        let top = Place {
            key: "the spec".to_owned(),
            owner: "the spec".to_owned(),
        };
        let Some(entries) = self.map(root, &top, "a map with `client` and `resources`") else {
            return;
        };
        self.keys(
            &grammar::SOURCE,
            &grammar::SOURCE.keys.iter().collect::<Vec<_>>(),
            entries,
            root,
            &top,
        );
        for entry in entries {
            let place = Place::new(&entry.key.name, "the spec");
            match entry.key.name.as_str() {
                "resource_defaults" => {
                    if let Some(defaults) = defaults {
                        self.defaults(defaults, &place);
                    }
                }
                "resources" => self.resources(entry, resources, &place),
                name => {
                    if let Some(key) = grammar::SOURCE.key(name) {
                        self.entry(key, entry, &Place::new(name, "the spec"));
                    }
                }
            }
        }
    }

    fn defaults(&mut self, defaults: &Node, place: &Place) {
        let owner = Place {
            owner: "`resource_defaults`".to_owned(),
            ..place.clone()
        };
        if let Some(name) = defaults
            .entries()
            .iter()
            .find(|entry| entry.key.name == "name")
        {
            self.sink.push(
                Diagnostic::error("RS0104", &name.key.span, "`name` cannot be a default")
                    .help("each resource has a name of its own"),
            );
        }
        self.is_partial = true;
        self.context(&grammar::RESOURCE, defaults, &owner);
        self.is_partial = false;
    }

    fn resources(&mut self, entry: &Entry, resources: &[Node], place: &Place) {
        match &entry.value.value {
            Value::List(list) if list.is_empty() => self.sink.push(
                Diagnostic::error("RS0110", &entry.value.span, "a spec needs a resource")
                    .help("write `- name: …` for each thing to fetch"),
            ),
            Value::List(_) => {
                for resource in resources {
                    self.resource(resource);
                }
            }
            Value::Map(_) => self.wrong(
                &entry.value,
                place,
                "a list",
                Some("begin each resource with `- name: …`"),
            ),
            Value::Scalar(_) => self.wrong(&entry.value, place, "a list of resources", None),
        }
    }

    fn resource(&mut self, resource: &Node) {
        let name = resource.get("name").and_then(Node::scalar);
        let owner = match name {
            Some(name) => format!("resource `{}`", name.text),
            None => "a resource".to_owned(),
        };
        let place = Place::new("resources", &owner);
        if resource.is_null() {
            self.sink.push(
                Diagnostic::error("RS0103", &resource.span, "a resource is missing here")
                    .help("write `- name: …`"),
            );
            return;
        }
        self.context(&grammar::RESOURCE, resource, &place);
    }

    /// A map with the keys of a context.
    fn context(&mut self, context: &'static Context, node: &Node, place: &Place) {
        let expected = format!("a map with the keys of {}", context.name);
        let Some(entries) = self.map(node, place, &expected) else {
            return;
        };
        let keys: Vec<&Key> = context.keys.iter().collect();
        self.keys(context, &keys, entries, node, place);
        for entry in entries {
            if let Some(key) = context.key(&entry.key.name) {
                self.entry(key, entry, &Place::new(&entry.key.name, &place.owner));
            }
        }
    }

    /// The entries of a map, or a mistake.
    fn map<'n>(&mut self, node: &'n Node, place: &Place, expected: &str) -> Option<&'n [Entry]> {
        if let Value::Map(entries) = &node.value {
            return Some(entries);
        }
        self.wrong(node, place, expected, None);
        None
    }

    /// Unknown and missing keys, and such as have two names.
    fn keys(
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
                seen.extend(meant.map(|meant| (meant, &entry.key.span)));
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
        let translated =
            suggest::translated(context.name(), name).filter(|ours| names.contains(ours));
        let close = suggest::closest(name, names.iter().copied());
        let home = suggest::home(name).filter(|_| translated.is_none() && close.is_none());
        let (code, what) = match home {
            Some(_) => ("RS0104", "misplaced"),
            None => ("RS0102", "unknown"),
        };
        let message = format!("{what} key `{name}` in {}", place.owner);
        let mut diagnostic = Diagnostic::error(code, &entry.key.span, message);
        if let Some(ours) = translated {
            diagnostic = diagnostic.help(format!("here it is called `{ours}`"));
        } else if let Some(close) = close {
            diagnostic = diagnostic.help(format!("did you mean `{close}`?"));
        } else if let Some(home) = home {
            diagnostic = diagnostic.help(format!("`{name}` belongs in {home}"));
        }
        self.sink.push(diagnostic.note(format!(
            "{} may have: {}",
            context.title(),
            names.join(", ")
        )));
        translated.or(close)
    }

    /// A key that is known, and its value.
    fn entry(&mut self, key: &'static Key, entry: &Entry, place: &Place) {
        if entry.value.is_null() {
            if !super::takes_null(key) {
                self.null(key, entry, place);
            }
            return;
        }
        self.shape(&key.shape, &entry.value, place);
    }

    fn null(&mut self, key: &Key, entry: &Entry, place: &Place) {
        let is_left_out = entry.value.span == entry.key.span;
        let message = if is_left_out {
            format!("`{}` in {} has no value", entry.key.name, place.owner)
        } else {
            format!(
                "`{}` in {} is null, and there is no default that this could remove",
                entry.key.name, place.owner
            )
        };
        self.sink.push(
            Diagnostic::error("RS0103", &entry.value.span, message)
                .label(format!("expected {}", expected(&key.shape)))
                .help("give it a value, or remove the key"),
        );
    }

    fn shape(&mut self, shape: &'static Shape, node: &Node, place: &Place) {
        if node.is_unclear() || matches!(shape, Shape::Json) {
            return;
        }
        if !super::is_of_kind(node, shape) {
            self.wrong(
                node,
                place,
                &expected(shape),
                advice(shape, node).as_deref(),
            );
            return;
        }
        match shape {
            Shape::Either(first, second) => {
                let chosen = if super::is_of_kind(node, first) {
                    first
                } else {
                    second
                };
                self.shape(chosen, node, place);
            }
            Shape::Map(context) => {
                let owner = Place {
                    owner: owner_of(place),
                    ..place.clone()
                };
                self.context(context, node, &owner);
            }
            Shape::Tagged(family) => self.tagged(family, node, place),
            Shape::Dict(values) => self.dict(values, node, place),
            Shape::List(elements) => {
                for element in node.elements() {
                    let place = Place {
                        key: format!("an element of {}", place.key),
                        ..place.clone()
                    };
                    if !is_null_of(elements, element) {
                        self.element(elements, element, &place);
                    }
                }
            }
            scalar => self.scalar(scalar, node, place),
        }
    }

    fn dict(&mut self, values: &'static Shape, node: &Node, place: &Place) {
        for entry in node.entries() {
            let of = Place {
                key: format!("`{}`", entry.key.name),
                owner: dict_owner(values, &entry.key.name, place),
            };
            // What was left out is no null that is meant.
            let is_left_out = entry.value.span == entry.key.span;
            if is_left_out || !is_null_of(values, &entry.value) {
                self.element(values, &entry.value, &of);
            }
        }
    }

    /// A value in a list or under a name, which cannot be null.
    fn element(&mut self, shape: &'static Shape, node: &Node, place: &Place) {
        if node.is_null() {
            self.sink.push(
                Diagnostic::error(
                    "RS0103",
                    &node.span,
                    format!("{} of {} has no value", place.key, place.owner),
                )
                .label(format!("expected {}", expected(shape))),
            );
            return;
        }
        self.shape(shape, node, place);
    }

    /// A map whose tag decides about its keys, or its bare word.
    fn tagged(&mut self, family: &'static Family, node: &Node, place: &Place) {
        if let Some(word) = node.scalar() {
            let word = bare(family, word);
            if let Some(member) = self.member(family, word, &node.span)
                && !member.is_complete()
                && !self.is_partial
            {
                let needed = member.keys.iter().filter(|key| key.required);
                let needed: Vec<String> = needed.map(|key| format!("{}: …", key.name)).collect();
                let article = if family.name == "column" {
                    "column of type"
                } else {
                    family.name
                };
                self.sink.push(
                    Diagnostic::error(
                        "RS0101",
                        &node.span,
                        format!("the {article} `{word}` needs more than its name"),
                    )
                    .help(format!(
                        "write `{{{}: {word}, {}}}`",
                        family.tag,
                        needed.join(", ")
                    )),
                );
            }
            return;
        }
        let entries = node.entries();
        let owner = owner_of(place);
        let Some(tag) = node.get(family.tag) else {
            self.untagged(family, node, &owner);
            return;
        };
        let Some(word) = tag.scalar() else {
            if !tag.is_unclear() {
                let place = Place::new(family.tag, &owner);
                self.wrong(tag, &place, &kinds(family), None);
            }
            return;
        };
        let Some(member) = self.member(family, &word.text, &tag.span) else {
            return;
        };
        let keys: Vec<&'static Key> = family.common.iter().chain(member.keys).collect();
        let place = Place {
            owner: family_owner(family, member, &owner),
            ..place.clone()
        };
        self.keys(&Kinded { family, member }, &keys, entries, node, &place);
        for entry in entries {
            if let Some(key) = keys.iter().find(|key| key.is_called(&entry.key.name)) {
                self.entry(key, entry, &Place::new(&entry.key.name, &place.owner));
            }
        }
    }

    /// A map without the key that says what it is. In what is inherited a resource may still say it.
    fn untagged(&mut self, family: &'static Family, node: &Node, owner: &str) {
        let other = |entry: &&Entry| {
            suggest::translated(family.name, &entry.key.name) == Some(family.tag)
                || suggest::closest(&entry.key.name, [family.tag]).is_some()
        };
        if let Some(entry) = node.entries().iter().find(other) {
            self.sink.push(
                Diagnostic::error(
                    "RS0102",
                    &entry.key.span,
                    format!("unknown key `{}` in {owner}", entry.key.name),
                )
                .help(format!("here it is called `{}`", family.tag)),
            );
            return;
        }
        if self.is_partial {
            return;
        }
        self.sink.push(
            Diagnostic::error(
                "RS0101",
                &heading(node),
                format!("{owner} lacks `{}`", family.tag),
            )
            .help(format!("add `{}: …`", family.tag))
            .note(format!(
                "`{}` is one of: {}",
                family.tag,
                words(family.members.iter().map(|one| &one.word))
            )),
        );
    }

    /// The member that a word names, or a mistake.
    fn member(
        &mut self,
        family: &'static Family,
        word: &str,
        span: &Span,
    ) -> Option<&'static Member> {
        let Some(member) = family.member(word) else {
            let known = family.members.iter().map(|one| &one.word);
            let code = if family.name == "column" {
                "RS0601"
            } else {
                "RS0106"
            };
            let kind = if family.name == "column" {
                "type"
            } else {
                family.name
            };
            let mut diagnostic = Diagnostic::error(code, span, format!("unknown {kind} `{word}`"));
            let names = family.members.iter().map(|one| one.word.name);
            let ours =
                suggest::translated(family.name, word).filter(|ours| family.member(ours).is_some());
            if word == "auto" {
                diagnostic = diagnostic
                    .help("say how this API pages: its documentation, or a response, tells");
            } else if let Some(ours) = ours {
                diagnostic = diagnostic.help(format!("here it is called `{ours}`"));
            } else if let Some(close) = suggest::closest(word, names) {
                diagnostic = diagnostic.help(format!("did you mean `{close}`?"));
            }
            self.sink.push(diagnostic.note(format!(
                "`{}` is one of: {}",
                family.tag,
                words(known)
            )));
            return None;
        };
        Some(member)
    }

    /// A value of the wrong type.
    pub(super) fn wrong(
        &mut self,
        node: &Node,
        place: &Place,
        expected: &str,
        advice: Option<&str>,
    ) {
        if node.is_unclear() {
            return;
        }
        let found = if place.owner == "`secrets`" {
            "a value: secrets are given by the user".to_owned()
        } else {
            found(node)
        };
        let mut diagnostic = Diagnostic::error(
            "RS0103",
            &heading(node),
            format!("{} wants {expected}, not {found}", place.subject()),
        );
        if let Some(advice) = advice {
            diagnostic = diagnostic.help(advice);
        }
        self.sink.push(diagnostic);
    }
}

/// Whether it is null, which is a value of this shape.
fn is_null_of(shape: &Shape, node: &Node) -> bool {
    match shape {
        Shape::ScalarOrNull => node.is_null(),
        Shape::Either(first, second) => is_null_of(first, node) || is_null_of(second, node),
        _ => false,
    }
}
