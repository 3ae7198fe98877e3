//! The tree, made of the parser's events.

use std::borrow::Cow;
use std::collections::HashMap;

use granit_parser::{ErrorKind, Event, ScalarStyle, ScanError, StructureStyle};

use crate::diagnostic::{Applicability, Diagnostic, Sink, Span};

use super::{DEPTH, Entry, Key, Kind, Node, Scalar, Value, scalar, syntax};

/// The most values, aliases counted as what they stand for.
const NODES: usize = 500_000;
/// The most values that aliases may add.
const ALIASED: usize = 20_000;

/// No use in reading on; the reason was reported.
pub(super) struct Stop;

pub(super) struct Builder<'a> {
    text: &'a str,
    sink: &'a mut Sink,
    /// The collections that are open, the outermost first.
    open: Vec<Open>,
    root: Option<Node>,
    anchors: HashMap<usize, Anchor>,
    documents: usize,
    nodes: usize,
    aliased: usize,
    /// What an alias stands for: it means more than what is said where it is written.
    pub(super) shared: Vec<Span>,
    /// Entries whose key was there already.
    pub(super) dropped: Vec<Entry>,
}

/// A collection that has not ended.
struct Open {
    anchor: usize,
    /// Of all nodes before it.
    nodes_before: usize,
    /// How deep the deepest of its children is, itself counted.
    height: usize,
    span: Span,
    is_flow: bool,
    items: Items,
}

enum Items {
    List(Vec<Node>),
    Map {
        entries: Vec<Entry>,
        key: Pending,
        places: HashMap<String, Span>,
        /// Whether a second element of the list seems to begin in this one.
        is_joined: bool,
    },
}

/// The key that waits for its value.
enum Pending {
    /// None: the next value is a key.
    Nothing,
    Key(Key),
    /// One that cannot be used: its value is left out.
    Unusable(Option<Key>),
}

/// What an alias may stand for.
struct Anchor {
    node: Node,
    nodes: usize,
    height: usize,
}

impl<'a> Builder<'a> {
    pub(super) fn new(text: &'a str, sink: &'a mut Sink) -> Self {
        Self {
            text,
            sink,
            open: Vec::new(),
            root: None,
            anchors: HashMap::new(),
            documents: 0,
            nodes: 0,
            aliased: 0,
            shared: Vec::new(),
            dropped: Vec::new(),
        }
    }

    pub(super) fn event(&mut self, event: Event<'_>, at: &granit_parser::Span) -> Result<(), Stop> {
        let span = at.byte_range().unwrap_or(0..0);
        let tag = at.tag_span().and_then(|tag| tag.byte_range());
        if let Some(tag) = &tag {
            self.tag(tag);
        }
        match event {
            // What is only a tag was meant for a value.
            Event::Scalar(text, ScalarStyle::Plain, ..)
                if tag.is_some() && (text.is_empty() || span.is_empty()) =>
            {
                self.count(1, &span)?;
                self.add(unclear(span, String::new()), 1, 1);
                Ok(())
            }
            Event::DocumentStart(..) => self.document(&span),
            Event::Scalar(text, style, anchor, _) => self.scalar(text, style, anchor, span),
            Event::SequenceStart(style, anchor, _) => self.begin(
                span,
                anchor,
                style == StructureStyle::Flow,
                Items::List(Vec::new()),
            ),
            Event::MappingStart(style, anchor, _) => self.begin(
                span,
                anchor,
                style == StructureStyle::Flow,
                Items::Map {
                    entries: Vec::new(),
                    key: Pending::Nothing,
                    places: HashMap::new(),
                    is_joined: false,
                },
            ),
            Event::SequenceEnd | Event::MappingEnd => {
                self.end(&span);
                Ok(())
            }
            Event::Alias(target) => self.alias(target, span),
            Event::UnresolvedAlias(name) => {
                self.sink.push(
                    Diagnostic::error("RS0004", &span, format!("no anchor is called `{name}`"))
                        .help(format!("an anchor `&{name}` must stand before it")),
                );
                self.add(unclear(span, String::new()), 1, 1);
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn document(&mut self, span: &Span) -> Result<(), Stop> {
        self.documents += 1;
        if self.documents == 1 {
            return Ok(());
        }
        self.sink.push(
            Diagnostic::error("RS0007", span, "a second document begins here")
                .help("one file holds one spec: make this a file of its own"),
        );
        Err(Stop)
    }

    fn tag(&mut self, span: &Span) {
        let tag = self.text.get(span.clone()).unwrap_or_default();
        let word = tag.trim_start_matches('!');
        let advice = if tag == "!!str" {
            "write text in quotes instead".to_owned()
        } else if crate::grammar::COLUMN.member(word).is_some() {
            format!("write `{word}!`: the `!` follows the type")
        } else {
            "remove it".to_owned()
        };
        self.sink.push(
            Diagnostic::error(
                "RS0005",
                span,
                format!("a tag, `{tag}`, has no meaning here"),
            )
            .help(advice),
        );
    }

    fn scalar(
        &mut self,
        text: Cow<'_, str>,
        style: ScalarStyle,
        anchor: usize,
        span: Span,
    ) -> Result<(), Stop> {
        self.count(1, &span)?;
        let node = match style {
            ScalarStyle::Plain => self.plain(text, span),
            ScalarStyle::SingleQuoted | ScalarStyle::DoubleQuoted => quoted(text, span),
            ScalarStyle::Literal | ScalarStyle::Folded => {
                let written = self.text.get(span.clone()).unwrap_or_default();
                let end = span.start + written.trim_end().len();
                quoted(text, span.start..end)
            }
        };
        self.anchor(anchor, &node, 1, 1);
        self.add(node, 1, 1);
        Ok(())
    }

    fn plain(&mut self, text: Cow<'_, str>, span: Span) -> Node {
        // The library gives a value that is left out as `~` of no width.
        let text = if span.is_empty() {
            Cow::Borrowed("")
        } else {
            text
        };
        let kind = scalar::kind(&text);
        let is_merge = text == MERGE && self.expects_key();
        if kind == Kind::Unclear {
            let message = format!("`{text}` is read differently by different versions of YAML");
            let diagnostic = Diagnostic::error("RS0003", &span, message);
            let quoted = format!("\"{text}\"");
            // A key is a name, whatever it looks like; what a value is depends on its key.
            self.sink.push(if self.expects_key() {
                let help = format!("put the key in quotes: {quoted}");
                diagnostic
                    .help(help)
                    .suggest(&*text, quoted, Applicability::MachineApplicable)
            } else {
                diagnostic.help(unclear_advice(&text))
            });
        } else if is_merge {
            self.sink.push(
                Diagnostic::error("RS0006", &span, "merge keys are not part of YAML 1.2")
                    .help("use `resource_defaults`, or an alias for a whole value"),
            );
        }
        Node {
            span,
            value: Value::Scalar(Scalar {
                text: text.into_owned(),
                kind,
            }),
        }
    }

    /// Whether the next value is a key of a map.
    fn expects_key(&self) -> bool {
        matches!(
            self.open.last(),
            Some(Open {
                items: Items::Map {
                    key: Pending::Nothing,
                    ..
                },
                ..
            })
        )
    }

    fn begin(
        &mut self,
        span: Span,
        anchor: usize,
        is_flow: bool,
        items: Items,
    ) -> Result<(), Stop> {
        self.count(1, &span)?;
        if self.open.len() >= DEPTH {
            return self.too_deep(&span);
        }
        self.open.push(Open {
            anchor,
            nodes_before: self.nodes - 1,
            height: 1,
            span,
            is_flow,
            items,
        });
        Ok(())
    }

    fn end(&mut self, span: &Span) {
        let Some(mut open) = self.open.pop() else {
            return;
        };
        let last = match &open.items {
            Items::List(items) => items.last().map(|node| node.span.end),
            Items::Map { entries, .. } => entries.last().map(Entry::end),
        };
        if open.is_flow {
            open.span.end = span.end;
        } else {
            // The library gives no end of a block collection: it ends with its last child.
            open.span.end = last.unwrap_or(open.span.end).max(open.span.start);
        }
        let nodes = self.nodes - open.nodes_before;
        let node = Node {
            span: open.span,
            value: match open.items {
                Items::List(items) => Value::List(items),
                Items::Map { entries, .. } => Value::Map(entries),
            },
        };
        self.anchor(open.anchor, &node, nodes, open.height);
        self.add(node, nodes, open.height);
    }

    /// Remembers what an alias may stand for.
    fn anchor(&mut self, anchor: usize, node: &Node, nodes: usize, height: usize) {
        // Copies of large values are bounded like aliases are, since a text may nest anchors.
        if anchor == 0 {
            return;
        }
        self.aliased += nodes;
        if self.aliased > ALIASED {
            return;
        }
        self.anchors.insert(
            anchor,
            Anchor {
                node: node.clone(),
                nodes,
                height,
            },
        );
    }

    fn alias(&mut self, target: usize, span: Span) -> Result<(), Stop> {
        let too_many = |builder: &mut Self| {
            builder.sink.push(
                Diagnostic::error(
                    "RS0004",
                    &span,
                    format!("the aliases of this spec stand for more than {ALIASED} values"),
                )
                .help("write fewer of them out, or put what repeats into `resource_defaults`"),
            );
            Err(Stop)
        };
        let Some(anchor) = self.anchors.get(&target) else {
            if self.aliased > ALIASED {
                return too_many(self);
            }
            self.sink.push(
                Diagnostic::error(
                    "RS0004",
                    &span,
                    "this alias stands for a value that it is part of",
                )
                .help("an anchored value must end before its alias"),
            );
            self.add(unclear(span, String::new()), 1, 1);
            return Ok(());
        };
        let (nodes, height) = (anchor.nodes, anchor.height);
        self.aliased += nodes;
        if self.aliased > ALIASED {
            return too_many(self);
        }
        if self.open.len() + height > DEPTH {
            return self.too_deep(&span);
        }
        let node = anchor.node.clone();
        self.shared.push(node.span.clone());
        self.count(nodes, &span)?;
        self.add(node, nodes, height);
        Ok(())
    }

    fn count(&mut self, nodes: usize, span: &Span) -> Result<(), Stop> {
        self.nodes += nodes;
        if self.nodes <= NODES {
            return Ok(());
        }
        self.sink.push(
            Diagnostic::error(
                "RS0008",
                span,
                format!("the spec is too large: it has more than {NODES} values"),
            )
            .help("make several specs of it"),
        );
        Err(Stop)
    }

    fn too_deep(&mut self, span: &Span) -> Result<(), Stop> {
        self.sink.push(Diagnostic::error(
            "RS0008",
            span,
            format!("nested more than {DEPTH} deep"),
        ));
        Err(Stop)
    }

    /// Puts a finished value where it belongs.
    fn add(&mut self, node: Node, nodes: usize, height: usize) {
        let is_element = self.open.len().checked_sub(2).is_some_and(|at| {
            let around = self.open.get(at);
            around.is_some_and(|around| matches!(around.items, Items::List(_)))
        });
        let Some(open) = self.open.last_mut() else {
            self.root.get_or_insert(node);
            return;
        };
        open.height = open.height.max(height + 1);
        let is_block = !open.is_flow;
        match &mut open.items {
            Items::List(items) => items.push(node),
            Items::Map {
                entries,
                key,
                places,
                is_joined,
            } => match std::mem::replace(key, Pending::Nothing) {
                Pending::Nothing => {
                    let first = entries.first().map(|first| first.key.name.as_str());
                    let begins_again = is_element && is_block && first == name_of(&node);
                    *key = match as_key(node, nodes, places) {
                        Ok(key) => Pending::Key(key),
                        Err(unusable) => {
                            let Unusable { key, diagnostic } = *unusable;
                            // What follows it is a part of the element that it begins.
                            if let Some(diagnostic) = diagnostic.filter(|_| !*is_joined) {
                                *is_joined = begins_again;
                                self.sink.push(match &key {
                                    Some(key) if begins_again => no_dash(diagnostic, key),
                                    _ => diagnostic,
                                });
                            }
                            Pending::Unusable(key)
                        }
                    };
                }
                Pending::Unusable(key) => {
                    self.dropped
                        .extend(key.map(|key| Entry { key, value: node }));
                }
                Pending::Key(key) => {
                    let value = written_somewhere(node, &key);
                    entries.push(Entry { key, value });
                }
            },
        }
    }

    pub(super) fn syntax(&mut self, error: &ScanError) {
        let at = error
            .marker()
            .byte_offset()
            .unwrap_or(self.text.len())
            .min(self.text.len());
        if let Some(mistake) = syntax::mistake(self.text, at, error.kind()) {
            self.sink.push(mistake);
            return;
        }
        let (message, advice) = syntax::explain(error.kind());
        let end = self
            .text
            .get(at..)
            .and_then(|rest| rest.chars().next())
            .filter(|c| !c.is_whitespace())
            .map_or(at, |c| at + c.len_utf8());
        let code = match error.kind() {
            ErrorKind::RecursionLimitExceeded => "RS0008",
            _ => "RS0001",
        };
        let mut diagnostic = Diagnostic::error(code, &(at..end), message);
        if let Some(advice) = advice {
            diagnostic = diagnostic.help(advice);
        }
        // What was opened last and never ended is most often the cause, unless it is the quote that
        // is pointed at.
        let is_quote = matches!(error.kind(), ErrorKind::UnclosedQuotedScalar);
        let open = self.open.last().filter(|open| open.is_flow && !is_quote);
        let from = open.map_or(0, |open| open.span.start);
        if let Some(quote) = syntax::opening_quote(self.text, from..at, error.kind()) {
            diagnostic = diagnostic.also(&(quote..quote + 1), "opened here");
        } else if let Some(open) = open.filter(|open| open.span.start != at) {
            diagnostic = diagnostic.also(&open.span, "opened here");
        }
        self.sink.push(diagnostic);
    }

    /// The root, with what is still open ended where it stands.
    pub(super) fn finish(mut self) -> Option<Node> {
        let end = self.text.len();
        while !self.open.is_empty() {
            self.end(&(end..end));
        }
        self.root
    }
}

impl Entry {
    /// The byte at which it ends.
    fn end(&self) -> usize {
        self.value.span.end.max(self.key.span.end)
    }
}

/// The merge key of YAML 1.1.
const MERGE: &str = "<<";

fn quoted(text: Cow<'_, str>, span: Span) -> Node {
    Node {
        span,
        value: Value::Scalar(Scalar {
            text: text.into_owned(),
            kind: Kind::Text,
        }),
    }
}

fn unclear(span: Span, text: String) -> Node {
    Node {
        span,
        value: Value::Scalar(Scalar {
            text,
            kind: Kind::Unclear,
        }),
    }
}

/// A value that is left out stands where its key does.
fn written_somewhere(mut node: Node, key: &Key) -> Node {
    if node.is_null() && node.span.is_empty() {
        node.span = key.span.clone();
    }
    node
}

/// A key that cannot be used, and what is wrong with it.
struct Unusable {
    key: Option<Key>,
    diagnostic: Option<Diagnostic>,
}

/// The key that a node is, unless it cannot be one or was there before.
fn as_key(
    node: Node,
    nodes: usize,
    places: &mut HashMap<String, Span>,
) -> Result<Key, Box<Unusable>> {
    let Value::Scalar(scalar) = node.value else {
        let diagnostic = Diagnostic::error("RS0009", &node.span, "a key must be one word or text")
            .note(format!("this one is a collection of {nodes} values"));
        return Err(Box::new(Unusable {
            key: None,
            diagnostic: Some(diagnostic),
        }));
    };
    let key = Key {
        name: scalar.text,
        span: node.span,
    };
    if let Some(first) = places.get(&key.name) {
        let message = format!("the key `{}` is here twice", key.name);
        let diagnostic = Diagnostic::error("RS0002", &key.span, message)
            .help("remove one of them")
            .also(first, "first defined here");
        return Err(Box::new(Unusable {
            key: Some(key),
            diagnostic: Some(diagnostic),
        }));
    }
    // In quotes it is a key like others, and its span is longer.
    if key.name == MERGE && key.span.len() == MERGE.len() {
        return Err(Box::new(Unusable {
            key: Some(key),
            diagnostic: None,
        }));
    }
    places.insert(key.name.clone(), key.span.clone());
    Ok(key)
}

fn name_of(node: &Node) -> Option<&str> {
    match &node.value {
        Value::Scalar(scalar) => Some(&scalar.text),
        _ => None,
    }
}

/// The first key of an element of a list is there twice: another element begins.
fn no_dash(diagnostic: Diagnostic, key: &Key) -> Diagnostic {
    Diagnostic {
        label: format!(
            "help: is a dash missing? write `- {}: …` to begin another element of the list",
            key.name
        ),
        ..diagnostic
    }
}

fn unclear_advice(text: &str) -> String {
    let lower = text.to_ascii_lowercase();
    let decimal = lower.trim_start_matches(['-', '+', '0']);
    let is_octal = !decimal.is_empty() && decimal.bytes().all(|c| c.is_ascii_digit());
    match lower.as_str() {
        _ if is_octal => {
            format!("write `{decimal}`, or \"{text}\" in quotes where text is meant")
        }
        "yes" | "on" | "y" => format!("write `true`, or \"{text}\" in quotes where text is meant"),
        "no" | "off" | "n" => format!("write `false`, or \"{text}\" in quotes where text is meant"),
        _ if text.contains('_') => format!(
            "write `{}`, or \"{text}\" in quotes where text is meant",
            text.replace('_', "")
        ),
        _ if text.contains(['e', 'E']) => {
            format!("no number is that large: put it in quotes, \"{text}\", where text is meant")
        }
        _ => format!("put it in quotes, \"{text}\", or write the number in decimal digits"),
    }
}
