//! The walk over the tree beside the grammar.

use crate::diagnostic::{Applicability, Diagnostic, Sink, Span};
use crate::grammar::{self, AnyKey, Context, Family, Member, Shape};
use crate::suggest::{self, Meant};
use crate::type_words;
use crate::unseen;
use crate::yaml::{Entry, Node, Value};

use super::words::{
    Advice, KeyContext, Kinded, advice, bare, dict_owner, expected, family_owner, found, heading,
    kinds, listed, needed_key, owner_of, unseen_word, words,
};

pub(super) struct Check<'a> {
    pub sink: &'a mut Sink,
    /// Whether required keys may be missing: in what is only inherited.
    pub is_partial: bool,
    /// Of which the keys were listed: a list is long, and is said once.
    pub listed: Vec<String>,
    /// Maps that lack keys, to be reported once it is known what stands elsewhere.
    pub lacking: Vec<Lacking>,
    /// Keys without a value whose own keys follow at their level, which was reported: where they begin.
    pub unindented: Vec<usize>,
}

/// A map that lacks keys.
pub(super) struct Lacking {
    pub keys: Vec<&'static dyn AnyKey>,
    pub span: Span,
    pub heading: Span,
    pub owner: String,
}

impl<'a> Check<'a> {
    pub(super) fn new(sink: &'a mut Sink) -> Self {
        Self {
            sink,
            is_partial: false,
            listed: Vec::new(),
            lacking: Vec::new(),
            unindented: Vec::new(),
        }
    }

    /// A whole spec. The defaults come before the resources that inherit them, so that a mistake
    /// in a default is reported as one.
    pub(super) fn spec(&mut self, root: &Node, defaults: Option<&Node>, resources: &[Node]) {
        self.whole(root, defaults, resources);
        self.report_lacking();
    }

    /// A whole document of another kind.
    #[cfg(feature = "project")]
    pub(super) fn document(&mut self, root: &Node, context: &'static Context, name: &str) {
        let top = KeyContext {
            key: name.to_owned(),
            owner: name.to_owned(),
        };
        self.context(context, root, &top);
        self.report_lacking();
    }

    fn whole(&mut self, root: &Node, defaults: Option<&Node>, resources: &[Node]) {
        let top = KeyContext {
            key: "the spec".to_owned(),
            owner: "the spec".to_owned(),
        };
        let Some(entries) = self.map(root, &top, "a map with `client` and `resources`") else {
            return;
        };
        self.keys(&grammar::SOURCE, grammar::SOURCE.keys, entries, root, &top);
        for entry in entries {
            let place = KeyContext::new(&entry.key.name, "the spec");
            match entry.key.name.as_str() {
                "resource_defaults" => {
                    if let Some(defaults) = defaults {
                        self.defaults(defaults, &place);
                    }
                }
                "resources" => self.resources(entry, resources, &place),
                name => {
                    if let Some(key) = grammar::SOURCE.key(name) {
                        self.entry(key, entry, &KeyContext::new(name, "the spec"));
                    }
                }
            }
        }
    }

    fn defaults(&mut self, defaults: &Node, place: &KeyContext) {
        let owner = KeyContext {
            owner: "`resource_defaults`".to_owned(),
            ..place.clone()
        };
        if let Some(name) = defaults
            .entries()
            .iter()
            .find(|entry| entry.key.name == grammar::source::NAME.name)
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

    fn resources(&mut self, entry: &Entry, resources: &[Node], place: &KeyContext) {
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
            Value::Map(entries) => {
                let dash = entries
                    .first()
                    .and_then(|first| first.key.name.strip_prefix('-'));
                let help = match dash {
                    Some(key) => format!("a space is missing after the dash: `- {key}: …`"),
                    None => "begin each resource with `- name: …`".to_owned(),
                };
                self.wrong(&entry.value, place, "a list", Some(Advice::new(help)));
            }
            Value::Scalar(_) => self.wrong(&entry.value, place, "a list of resources", None),
        }
    }

    fn resource(&mut self, resource: &Node) {
        let name = resource
            .get(grammar::resource::NAME.name)
            .and_then(Node::scalar);
        let owner = match name {
            Some(name) => format!("resource `{}`", name.text),
            None => "a resource".to_owned(),
        };
        let place = KeyContext::new("resources", &owner);
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
    fn context(&mut self, context: &'static Context, node: &Node, place: &KeyContext) {
        let expected = format!("a map with the keys of {}", context.name);
        let Some(entries) = self.map(node, place, &expected) else {
            return;
        };
        let keys = context.keys;
        self.keys(context, keys, entries, node, place);
        for entry in entries {
            if let Some(key) = context.key(&entry.key.name) {
                self.entry(key, entry, &KeyContext::new(&entry.key.name, &place.owner));
            }
        }
    }

    /// The entries of a map, or a mistake.
    fn map<'n>(
        &mut self,
        node: &'n Node,
        place: &KeyContext,
        expected: &str,
    ) -> Option<&'n [Entry]> {
        if let Value::Map(entries) = &node.value {
            return Some(entries);
        }
        self.wrong(node, place, expected, None);
        None
    }

    /// A key that is known, and its value.
    fn entry(&mut self, key: &'static dyn AnyKey, entry: &Entry, place: &KeyContext) {
        if entry.value.is_null() {
            if !super::takes_null(key) {
                self.null(key, entry, place);
            }
            return;
        }
        self.shape(&key.shape, &entry.value, place);
    }

    fn null(&mut self, key: &dyn AnyKey, entry: &Entry, place: &KeyContext) {
        if self.unindented.contains(&entry.key.span.start) {
            return;
        }
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

    fn shape(&mut self, shape: &'static Shape, node: &Node, place: &KeyContext) {
        if node.is_unclear() {
            self.clear(shape, node);
            return;
        }
        if matches!(shape, Shape::Json) {
            return;
        }
        if !super::is_of_kind(node, shape) {
            self.wrong(node, place, &expected(shape), advice(shape, node));
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
                let owner = KeyContext {
                    owner: owner_of(place),
                    ..place.clone()
                };
                self.context(context, node, &owner);
            }
            Shape::Tagged(family) => self.tagged(family, node, place),
            Shape::Dict(values) => self.dict(values, node, place),
            Shape::List(elements) => {
                for element in node.elements() {
                    let place = KeyContext {
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

    fn dict(&mut self, values: &'static Shape, node: &Node, place: &KeyContext) {
        let torn = self.torn_texts(node, place, &|_| false);
        for (at, entry) in node.entries().iter().enumerate() {
            if torn.contains(&at) {
                continue;
            }
            let of = KeyContext {
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
    fn element(&mut self, shape: &'static Shape, node: &Node, place: &KeyContext) {
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
    fn tagged(&mut self, family: &'static Family, node: &Node, place: &KeyContext) {
        if let Some(word) = node.scalar() {
            if is_foreign_type(family, &word.text) {
                return self.foreign_type(family, &word.text, node, None);
            }
            let is_non_null = word.text.ends_with('!') && family.name == "column";
            let word = bare(family, word);
            if let Some(member) = self.member(family, word, &node.span)
                && !member.is_complete()
                && !self.is_partial
            {
                let needed = member.keys.iter().filter(|key| key.required);
                let mut needed: Vec<String> = needed.map(|key| needed_key(*key)).collect();
                if is_non_null {
                    needed.insert(0, "nullable: false".to_owned());
                }
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
                let place = KeyContext::new(family.tag, &owner);
                self.wrong(tag, &place, &kinds(family), None);
            }
            return;
        };
        if is_foreign_type(family, &word.text) {
            return self.foreign_type(family, &word.text, tag, Some(node));
        }
        if self.bang_in_map(family, &word.text, tag, node) {
            return;
        }
        let Some(member) = self.member(family, &word.text, &tag.span) else {
            return;
        };
        let keys: Vec<&'static dyn AnyKey> =
            family.common.iter().chain(member.keys).copied().collect();
        let place = KeyContext {
            owner: family_owner(family, member, &owner),
            ..place.clone()
        };
        self.keys(&Kinded { family, member }, &keys, entries, node, &place);
        for entry in entries {
            if let Some(key) = keys.iter().find(|key| key.is_called(&entry.key.name)) {
                self.entry(*key, entry, &KeyContext::new(&entry.key.name, &place.owner));
            }
        }
    }

    /// Says what such a type is here; in a map, what has to stand beside it.
    fn foreign_type(&mut self, family: &Family, word: &str, place: &Node, map: Option<&Node>) {
        let Some(meant) = type_words::parse(word) else {
            return;
        };
        let known = words(family.members.iter().map(|one| &one.word));
        let diagnostic = Diagnostic::error("RS0601", &place.span, format!("unknown type `{word}`"))
            .note(format!("`{}` is one of: {known}", family.tag));
        let diagnostic = match map {
            None => {
                let written = meant.written();
                diagnostic.help(format!("write `{written}`")).suggest(
                    "",
                    written,
                    Applicability::sure_if(meant.is_sure),
                )
            }
            Some(map) => beside(diagnostic, map, &meant.entries(), meant.is_sure),
        };
        self.sink.push(diagnostic);
    }

    /// `data_type: text!` in a map, where null has a key of its own.
    fn bang_in_map(&mut self, family: &Family, word: &str, tag: &Node, map: &Node) -> bool {
        let Some(plain) = word.strip_suffix('!') else {
            return false;
        };
        if family.name != "column" || family.member(plain).is_none() {
            return false;
        }
        let message = format!("`!` follows a type that stands alone, and `{word}` is in a map");
        let entries = [plain.to_owned(), "nullable: false".to_owned()];
        let diagnostic = Diagnostic::error("RS0601", &tag.span, message);
        self.sink.push(beside(diagnostic, map, &entries, true));
        true
    }

    /// A map without the key that says what it is. In what is inherited a resource may still say it.
    fn untagged(&mut self, family: &'static Family, node: &Node, owner: &str) {
        let tag = [family.tag];
        let meant = node
            .entries()
            .iter()
            .find_map(|entry| Some((entry, Meant::of(&[family.name], &entry.key.name, &tag)?)));
        if let Some((entry, meant)) = meant {
            let unknown = format!("unknown key `{}` in {owner}", entry.key.name);
            let diagnostic = Diagnostic::error("RS0102", &entry.key.span, unknown);
            self.sink.push(meant.advise(diagnostic, &entry.key.name));
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
            let names: Vec<&'static str> = family.members.iter().map(|one| one.word.name).collect();
            if let Some(clean) = unseen::cleaned(word).filter(|clean| names.contains(&&**clean)) {
                diagnostic = unseen_word(diagnostic, word, &clean);
            } else if word == "auto" {
                diagnostic = diagnostic
                    .help("say how this API pages: its documentation, or a response, tells");
            } else if let Some(meant) = Meant::of(&[family.name], word, &names) {
                diagnostic = meant.advise(diagnostic, word);
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
        place: &KeyContext,
        expected: &str,
        advice: Option<Advice>,
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
            diagnostic = diagnostic.help(advice.help);
            if let Some(instead) = advice.instead {
                diagnostic = diagnostic.suggest("", instead, Applicability::MachineApplicable);
            }
        }
        self.sink.push(diagnostic);
    }
}

/// Whether a word is a type as other languages write it, or one of ours with marks that do not
/// belong there.
fn is_foreign_type(family: &Family, word: &str) -> bool {
    family.name == "column"
        && family
            .member(word.strip_suffix('!').unwrap_or(word))
            .is_none()
        && !suggest::is_translated(family.name, word)
        && type_words::parse(word).is_some()
}

/// Says what to write in place of a type in a map: its word, and further entries. One that is there
/// already is not added; one that says something else is left to the user.
fn beside(diagnostic: Diagnostic, map: &Node, entries: &[String], is_sure: bool) -> Diagnostic {
    let mut added = Vec::new();
    let mut is_sure = is_sure;
    for entry in entries.iter().skip(1) {
        let (key, value) = entry.split_once(": ").unwrap_or((entry, ""));
        match map.get(key).map(Node::scalar) {
            None => added.push(entry.as_str()),
            Some(Some(there)) if there.text == value => {}
            Some(_) => is_sure = false,
        }
    }
    let word = entries.first().map_or("", String::as_str);
    let mut helps = vec![format!("`data_type: {word}`")];
    helps.extend(entries.iter().skip(1).map(|entry| format!("`{entry}`")));
    let diagnostic = diagnostic.help(format!("write {}", listed(&helps)));
    if added.len() + 1 < entries.len() && !is_sure {
        return diagnostic;
    }
    // A flow map begins with its brace, a block map with its first key.
    let first = map.entries().first().map(|first| first.key.span.start);
    let separator = if first.is_some_and(|first| map.span.start < first) {
        ", "
    } else {
        "\n"
    };
    let replacement = std::iter::once(word).chain(added).collect::<Vec<_>>();
    diagnostic.suggest(
        "",
        replacement.join(separator),
        Applicability::sure_if(is_sure),
    )
}

/// Whether it is null, which is a value of this shape.
fn is_null_of(shape: &Shape, node: &Node) -> bool {
    match shape {
        Shape::ScalarOrNull => node.is_null(),
        Shape::Either(first, second) => is_null_of(first, node) || is_null_of(second, node),
        _ => false,
    }
}
