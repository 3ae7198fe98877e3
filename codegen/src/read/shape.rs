//! The walk over the tree beside the grammar.

use crate::diagnostic::{Diagnostic, Sink, Span};
use crate::grammar::{self, Context, Family, Key, Member, Shape, Word};
use crate::yaml::{Entry, Kind, Node, Scalar, Value};
use crate::{jsonpath, suggest, value};

pub(super) struct Check<'a> {
    sink: &'a mut Sink,
    /// Whether required keys may be missing: in what is only inherited.
    is_partial: bool,
}

/// What a message calls the place that is looked at.
#[derive(Clone)]
struct Place {
    /// Of a value: its key, in backticks.
    key: String,
    /// Of a map: "resource `stories`".
    owner: String,
}

impl Place {
    fn new(key: &str, owner: &str) -> Self {
        Self {
            key: format!("`{key}`"),
            owner: owner.to_owned(),
        }
    }
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
        let top = Place::new("spec", "the spec");
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
            self.wrong(resource, &place, "a resource", Some("write `- name: …`"));
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
            let Some(key) = keys.iter().find(|key| key.is_called(name)) else {
                if Some(name) != context.tag() {
                    self.unknown(context, keys, entry, place);
                }
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
        let missing = |key: &&&Key| key.required && !seen.iter().any(|(name, _)| *name == key.name);
        for key in keys.iter().filter(missing) {
            self.missing(key, node, place);
        }
    }

    fn missing(&mut self, key: &Key, node: &Node, place: &Place) {
        self.sink.push(
            Diagnostic::error(
                "RS0101",
                &heading(node),
                format!("{} lacks `{}`", place.owner, key.name),
            )
            .help(format!("add `{}: …`", key.name))
            .note(format!("`{}` is {}", key.name, key.meaning)),
        );
    }

    fn unknown(&mut self, context: &dyn Named, keys: &[&Key], entry: &Entry, place: &Place) {
        let name = entry.key.name.as_str();
        let names = keys.iter().map(|key| key.name);
        let ours = suggest::translated(context.name(), name).filter(|ours| {
            keys.iter().any(|key| key.is_called(ours)) || context.tag() == Some(ours)
        });
        let help = if let Some(ours) = ours {
            Some(format!("here it is called `{ours}`"))
        } else if let Some(close) = suggest::closest(name, names.clone().chain(context.tag())) {
            Some(format!("did you mean `{close}`?"))
        } else {
            suggest::home(name).map(|home| format!("`{name}` belongs into {home}"))
        };
        let is_misplaced = help
            .as_ref()
            .is_some_and(|help| help.contains(" belongs into "));
        let code = if is_misplaced { "RS0104" } else { "RS0102" };
        let names: Vec<&str> = context.tag().into_iter().chain(names).collect();
        let owner = &place.owner;
        let what = if is_misplaced { "misplaced" } else { "unknown" };
        let mut diagnostic = Diagnostic::error(
            code,
            &entry.key.span,
            format!("{what} key `{name}` in {owner}"),
        );
        if let Some(help) = help {
            diagnostic = diagnostic.help(help);
        }
        let may_have = if names.is_empty() {
            "no further keys".to_owned()
        } else {
            names.join(", ")
        };
        self.sink
            .push(diagnostic.note(format!("{} may have: {may_have}", context.title())));
    }

    /// A key that is known, and its value.
    fn entry(&mut self, key: &'static Key, entry: &Entry, place: &Place) {
        if key.is_planned && !entry.value.is_null() {
            if !is_default(key, &entry.value) {
                self.planned(&entry.key.span, &format!("`{}`", key.name), key.meaning);
            }
            return;
        }
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

    fn planned(&mut self, span: &Span, what: &str, meaning: &str) {
        self.sink.push(
            Diagnostic::error("RS0108", span, format!("{what} is not supported yet")).note(
                format!("it belongs to the language ({meaning}), but this version cannot emit it"),
            ),
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
                    self.element(elements, element, &place);
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
            self.element(values, &entry.value, &of);
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
        if member.word.is_planned {
            return;
        }
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
                    .help("say how this API pages; `rest-source infer` finds out from a response");
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
        if member.word.is_planned {
            self.planned(
                span,
                &format!("{} `{}`", family.name, member.word.name),
                member.word.meaning,
            );
        }
        Some(member)
    }

    fn scalar(&mut self, shape: &'static Shape, node: &Node, place: &Place) {
        let Some(scalar) = node.scalar() else {
            return self.wrong(
                node,
                place,
                &expected(shape),
                advice(shape, node).as_deref(),
            );
        };
        let text = scalar.text.as_str();
        match shape {
            Shape::Bool if !matches!(scalar.kind, Kind::Bool(_)) => {
                self.wrong(
                    node,
                    place,
                    "`true` or `false`",
                    advice(shape, node).as_deref(),
                );
            }
            Shape::Integer(least) => self.integer(scalar, *least, node, place),
            Shape::Number => {
                let is_number = matches!(scalar.kind, Kind::Integer | Kind::Float);
                match text.parse::<f64>() {
                    Ok(number) if is_number && number.is_finite() && number >= 0.0 => {}
                    _ if is_number => self.bad(
                        "RS0109",
                        node,
                        format!("{} must be 0 or more", place.key),
                        "",
                    ),
                    _ => self.wrong(node, place, "a number", advice(shape, node).as_deref()),
                }
            }
            Shape::Word(known) => self.word(known, scalar, node, place),
            Shape::Identifier if !value::is_identifier(text) => self.bad(
                "RS0201",
                node,
                format!("`{text}` is no name for {}", place.key),
                "a name is made of letters, digits and `_`, and begins with no digit",
            ),
            Shape::Duration => {
                if let Err(reason) = value::duration(text) {
                    let message = format!("`{text}` is no duration for {}: {reason}", place.key);
                    let help = if scalar.kind == Kind::Integer {
                        format!("write `{text}s` for seconds, `{text}ms` for milliseconds")
                    } else {
                        "write `500ms`, `10s` or `1m30s`".to_owned()
                    };
                    self.bad("RS0202", node, message, &help);
                }
            }
            Shape::Size if value::size(text).is_none() => self.bad(
                "RS0205",
                node,
                format!("`{text}` is no size for {}", place.key),
                "write bytes, `1000000`, or `64 MiB`",
            ),
            Shape::Status if value::status(text).is_none() => self.bad(
                "RS0203",
                node,
                format!("`{text}` is no HTTP status"),
                "write a status from 100 to 599, `429`, or a class of them, `5xx`",
            ),
            Shape::Path => match jsonpath::parse(text) {
                Ok(jsonpath::Parsed::Path(_)) => {}
                Ok(jsonpath::Parsed::Query(_)) => self.bad(
                    "RS0204",
                    node,
                    format!("{} must lead to one place", place.key),
                    "use keys and indexes only, `$.meta.next` or `items[0].id`",
                ),
                Err(reason) => self.path(text, &reason, node),
            },
            Shape::Selector => {
                if let Err(reason) = jsonpath::parse(text) {
                    self.path(text, &reason, node);
                }
            }
            Shape::Rust if !value::is_rust_path(text) => self.bad(
                "RS0206",
                node,
                format!("`{text}` is no path of a Rust item"),
                "write `crate::module::name`",
            ),
            _ => {}
        }
    }

    fn path(&mut self, text: &str, reason: &str, node: &Node) {
        self.bad(
            "RS0204",
            node,
            format!("`{text}` is no JSONPath: {reason}"),
            "write `data`, `$.data.items` or `$['odd key'][0]`",
        );
    }

    fn integer(&mut self, scalar: &Scalar, least: u64, node: &Node, place: &Place) {
        if scalar.kind != Kind::Integer {
            let expected = expected_integer(least);
            return self.wrong(
                node,
                place,
                &expected,
                advice(&Shape::Integer(least), node).as_deref(),
            );
        }
        let number = value::integer(&scalar.text);
        let most = i128::from(i64::MAX);
        if number.is_none_or(|number| number < i128::from(least) || number > most) {
            self.bad(
                "RS0109",
                node,
                format!("{} must be {least} or more, and fit 63 bits", place.key),
                "",
            );
        }
    }

    fn word(&mut self, known: &'static [Word], scalar: &Scalar, node: &Node, place: &Place) {
        let text = scalar.text.as_str();
        if let Some(word) = known.iter().find(|word| word.is_called(text)) {
            if word.is_planned {
                self.planned(&node.span, &format!("`{text}`"), word.meaning);
            }
            return;
        }
        let plain = place.key.trim_matches('`');
        let ours = suggest::translated(plain, text).or_else(|| suggest::translated("column", text));
        let ours = ours.filter(|ours| known.iter().any(|word| word.is_called(ours)));
        let names = known.iter().map(|word| word.name);
        let mut diagnostic = Diagnostic::error(
            "RS0105",
            &node.span,
            format!("`{text}` is no value of {} in {}", place.key, place.owner),
        );
        if let Some(ours) = ours {
            diagnostic = diagnostic.help(format!("here it is called `{ours}`"));
        } else if let Some(close) = suggest::closest(text, names) {
            diagnostic = diagnostic.help(format!("did you mean `{close}`?"));
        }
        self.sink
            .push(diagnostic.note(format!("it is one of: {}", words(known.iter()))));
    }

    fn bad(&mut self, code: &'static str, node: &Node, message: String, help: &str) {
        let mut diagnostic = Diagnostic::error(code, &node.span, message);
        if !help.is_empty() {
            diagnostic = diagnostic.help(help);
        }
        self.sink.push(diagnostic);
    }

    /// A value of the wrong type.
    fn wrong(&mut self, node: &Node, place: &Place, expected: &str, advice: Option<&str>) {
        if node.is_unclear() {
            return;
        }
        let mut diagnostic = Diagnostic::error(
            "RS0103",
            &heading(node),
            format!(
                "{} in {} wants {expected}, not {}",
                place.key,
                place.owner,
                found(node)
            ),
        );
        if let Some(advice) = advice {
            diagnostic = diagnostic.help(advice);
        }
        self.sink.push(diagnostic);
    }
}

/// What has keys, for messages.
trait Named {
    /// In the table of other words.
    fn name(&self) -> &'static str;
    /// With its article.
    fn title(&self) -> String;
    fn tag(&self) -> Option<&'static str>;
}

impl Named for Context {
    fn name(&self) -> &'static str {
        self.name
    }

    fn title(&self) -> String {
        self.name.to_owned()
    }

    fn tag(&self) -> Option<&'static str> {
        None
    }
}

struct Kinded {
    family: &'static Family,
    member: &'static Member,
}

impl Named for Kinded {
    fn name(&self) -> &'static str {
        self.family.name
    }

    fn title(&self) -> String {
        let Self { family, member } = self;
        format!(
            "{} of {} `{}`",
            with_article(family.name),
            family.tag,
            member.word.name
        )
    }

    fn tag(&self) -> Option<&'static str> {
        Some(self.family.tag)
    }
}

fn with_article(noun: &str) -> String {
    let article = if noun.starts_with(['a', 'e', 'i', 'o']) {
        "an"
    } else {
        "a"
    };
    format!("{article} {noun}")
}

/// The word of a scalar in the place of a map: `text!` of a column is `text`.
fn bare<'s>(family: &Family, scalar: &'s Scalar) -> &'s str {
    let text = scalar.text.as_str();
    if family.name == "column" {
        text.strip_suffix('!').unwrap_or(text)
    } else {
        text
    }
}

/// Where a map or a list begins: its whole text would be too much to underline.
fn heading(node: &Node) -> Span {
    match &node.value {
        Value::Map(entries) => entries.first().map_or(node.span.clone(), |first| {
            // A flow map begins with its brace, a block map with its first key.
            node.span.start..first.key.span.end.max(node.span.start)
        }),
        _ => node.span.clone(),
    }
}

/// Whether a planned key says only what holds anyway.
fn is_default(key: &Key, node: &Node) -> bool {
    !key.default.is_empty()
        && node
            .scalar()
            .is_some_and(|scalar| scalar.text == key.default)
}

/// What a map under a key is called: "`retry` of `client`".
fn owner_of(place: &Place) -> String {
    if place.owner == "the spec" {
        return place.key.clone();
    }
    match place.key.as_str() {
        "`endpoint`" => format!("the endpoint of {}", place.owner),
        key if place.owner.starts_with("column ") && place.owner.contains(key) => {
            place.owner.clone()
        }
        key => format!("{key} of {}", place.owner),
    }
}

/// What owns the value under a name of a dict.
fn dict_owner(values: &Shape, name: &str, place: &Place) -> String {
    match values {
        Shape::Tagged(family) if family.name == "column" => {
            format!("column `{name}` of {}", place.owner)
        }
        _ => format!("{} of {}", place.key, place.owner).replace(" of the spec", ""),
    }
}

/// "the offset paginator of resource `stories`".
fn family_owner(family: &Family, member: &Member, owner: &str) -> String {
    match family.name {
        "paginator" => owner.replacen(
            "`paginator`",
            &format!("the `{}` paginator", member.word.name),
            1,
        ),
        "auth" => owner.replacen("`auth`", &format!("the `{}` auth", member.word.name), 1),
        _ => owner.to_owned(),
    }
}

fn words<'w>(words: impl Iterator<Item = &'w Word>) -> String {
    words.map(|word| word.name).collect::<Vec<_>>().join(", ")
}

fn kinds(family: &Family) -> String {
    format!("the kind of {}", family.name)
}

/// What a shape wants, in words.
fn expected(shape: &Shape) -> String {
    match shape {
        Shape::Text | Shape::Template | Shape::Scalar => "text".to_owned(),
        Shape::Identifier => "a name".to_owned(),
        Shape::Bool => "`true` or `false`".to_owned(),
        Shape::Integer(least) => expected_integer(*least),
        Shape::Number => "a number".to_owned(),
        Shape::Duration => "a duration".to_owned(),
        Shape::Size => "a size".to_owned(),
        Shape::Status => "a status".to_owned(),
        Shape::Path | Shape::Selector => "a JSONPath".to_owned(),
        Shape::Url => "a URL".to_owned(),
        Shape::Rust => "the path of a Rust item".to_owned(),
        Shape::Word(known) => match known {
            [one] => format!("`{}`", one.name),
            several => format!("one of {}", words(several.iter())),
        },
        Shape::Map(_) | Shape::Dict(_) => "a map".to_owned(),
        Shape::Tagged(family) if family.may_be_bare => {
            let noun = if family.name == "column" {
                "type"
            } else {
                family.name
            };
            format!("{} or a map with `{}`", with_article(noun), family.tag)
        }
        Shape::Tagged(family) => format!("a map with `{}`", family.tag),
        Shape::List(_) => "a list".to_owned(),
        Shape::Either(first, second) => format!("{} or {}", expected(first), expected(second)),
        Shape::Json => "a JSON value".to_owned(),
    }
}

fn expected_integer(least: u64) -> String {
    match least {
        0 => "a whole number".to_owned(),
        least => format!("a whole number of at least {least}"),
    }
}

/// What a value is, in words.
fn found(node: &Node) -> String {
    let scalar = match &node.value {
        Value::Map(_) => return "a map".to_owned(),
        Value::List(_) => return "a list".to_owned(),
        Value::Scalar(scalar) => scalar,
    };
    match scalar.kind {
        Kind::Null => "nothing".to_owned(),
        Kind::Bool(_) | Kind::Integer | Kind::Float => format!("`{}`", scalar.text),
        Kind::Text | Kind::Unclear => format!("the text \"{}\"", scalar.text),
    }
}

/// What to do about a value of the wrong type, where that can be told.
fn advice(shape: &Shape, node: &Node) -> Option<String> {
    match (&node.value, shape) {
        (Value::Map(entries), _) if is_placeholder(entries) => {
            let name = &entries.first()?.key.name;
            Some(format!(
                "quote the placeholder, \"{{{name}}}\": an unquoted `{{` begins a map"
            ))
        }
        (Value::Scalar(scalar), Shape::List(_)) if scalar.kind != Kind::Null => {
            Some(format!("write `[{}]`", scalar.text))
        }
        (Value::Scalar(scalar), Shape::Integer(_) | Shape::Number)
            if scalar.kind == Kind::Text && value::integer(&scalar.text).is_some() =>
        {
            Some("remove the quotes".to_owned())
        }
        (Value::Scalar(scalar), Shape::Bool) => {
            let is = |words: [&str; 4]| {
                words
                    .iter()
                    .any(|word| word.eq_ignore_ascii_case(&scalar.text))
            };
            if is(["true", "yes", "on", "1"]) {
                Some("write `true`".to_owned())
            } else if is(["false", "no", "off", "0"]) {
                Some("write `false`".to_owned())
            } else {
                None
            }
        }
        (Value::List(_), Shape::Dict(_) | Shape::Map(_)) => {
            Some("write `name: value` in lines without `- `".to_owned())
        }
        _ => None,
    }
}

/// Whether a map is what YAML makes of a placeholder without quotes: `{secrets.api_key}`.
fn is_placeholder(entries: &[Entry]) -> bool {
    match entries {
        [only] => {
            only.value.is_null()
                && ["secrets.", "config.", "resources.", "incremental."]
                    .iter()
                    .any(|namespace| only.key.name.starts_with(namespace))
        }
        _ => false,
    }
}
