//! Enums and unions: types that become Rust enums.

use std::collections::HashMap;

use crate::connector::{Column, EnumType, List, RustType, Text, Type, Typed, UnionType};
use crate::diagnostic::{Diagnostic, Sink, Span};
use crate::grammar;
use crate::grammar::column::{self, enum_value};
use crate::names;
use crate::spec::{self, View};
use crate::yaml::{Node, Value};

use super::Check;
use super::columns::{Within, decode, typed};

impl Check<'_> {
    pub(super) fn enumeration(&mut self, view: &View<'_>, within: Within<'_>) -> Option<Typed> {
        let closed = view.get(&column::CLOSED);
        self.type_is_free(within.ident, within.name, within.span);
        let values = view.node(&column::ENUM_VALUES)?;
        let ident = within.ident.to_owned();
        let (values, names) = enum_values(ident, values, !closed, self.sink);
        Some(Typed {
            data_type: Type::Enum { values, closed },
            formats: List::EMPTY,
            rust: RustType::Enum(names),
        })
    }

    /// Members that JSON can tell apart, two or more.
    pub(super) fn union(&mut self, view: &View<'_>, within: Within<'_>) -> Option<UnionType> {
        let of = view.node(&column::OF)?;
        self.type_is_free(within.ident, within.name, within.span);
        let mut members: Vec<Column> = Vec::new();
        let mut kinds: Vec<(&'static str, &Span)> = Vec::new();
        for node in of.elements() {
            let Some((member, _)) = typed(node) else {
                continue;
            };
            let variant = names::pascal(member.word.name);
            let ident = format!("{}{variant}", within.ident);
            let inner = Within {
                ident: &ident,
                ..within
            };
            let Some(typed) = self.data_type(node, inner) else {
                continue;
            };
            for kind in json_kinds(&typed.data_type) {
                if let Some((_, first)) = kinds.iter().find(|(other, _)| other == kind) {
                    self.error(
                        Diagnostic::error("RS0603", &node.span, format!("two members of this union are a {kind} in JSON"))
                            .help("members are told apart by their JSON type; use `json` for the whole column")
                            .also(first, "the other is here"),
                    );
                }
                kinds.push((kind, &node.span));
            }
            self.member_has_no_nullability(node);
            members.push(self.element_of(node, typed, within));
        }
        if matches!(&of.value, Value::List(members) if members.len() < 2) {
            self.error(
                Diagnostic::error("RS0603", &of.span, "a union has two members or more")
                    .help("use the type itself"),
            );
        }
        Some(UnionType {
            ident: within.ident.to_owned(),
            members,
        })
    }

    fn element_of(&mut self, node: &Node, of: Typed, within: Within<'_>) -> Column {
        let last = within.name.rsplit('.').next().unwrap_or(within.name);
        let mut column = Column::new(names::snake(last), of);
        let view = typed(node).map(|(_, view)| view);
        column.decode = view.as_ref().map(decode).unwrap_or_default();
        column.line = self.line(&node.span);
        column
    }

    /// Null is no member: the column is nullable or not.
    fn member_has_no_nullability(&mut self, node: &Node) {
        let said = match &node.value {
            Value::Scalar(word) => word.text.ends_with('!').then_some(&node.span),
            _ => node
                .entries()
                .iter()
                .find(|entry| entry.key.name == column::NULLABLE.name)
                .map(|entry| &entry.key.span),
        };
        if let Some(span) = said {
            self.error(
                Diagnostic::error(
                    "RS0602",
                    span,
                    "a member of a union is never null by itself",
                )
                .help("say `nullable` on the column"),
            );
        }
    }
}

/// The words of an enum, none twice, and their names in Rust.
pub(super) fn enum_values(
    enum_ident: String,
    node: &Node,
    open: bool,
    sink: &mut Sink,
) -> (List<Text>, EnumType) {
    let mut values: Vec<Text> = Vec::new();
    let mut variants = Vec::new();
    let mut words: HashMap<&str, &Span> = HashMap::new();
    let mut idents: HashMap<String, &Span> = HashMap::new();
    if matches!(&node.value, Value::List(words) if words.is_empty())
        || matches!(&node.value, Value::Map(words) if words.is_empty())
    {
        sink.push(
            Diagnostic::error("RS0110", &node.span, "an enum has a value or more")
                .help("write `values: [one, two]`"),
        );
    }
    for (word, rename) in words_of(node) {
        let ident = rename.map_or_else(
            || names::pascal(word.text),
            |rename| names::ident(rename.text),
        );
        if ident.is_empty() {
            sink.push(
                Diagnostic::error(
                    "RS0201",
                    word.span,
                    format!("no name can be made of the value \"{}\"", word.text),
                )
                .help(format!(
                    "give it one: `{{value: \"{}\", rename: …}}`",
                    word.text
                )),
            );
            continue;
        }
        let same_word = words.get(word.text).copied();
        let same_ident = idents.get(&ident).copied();
        let first = same_word.or(same_ident);
        if same_word.is_some() {
            let diagnostic = Diagnostic::error(
                "RS0604",
                word.span,
                format!("the value `{}` is here twice", word.text),
            )
            .help("remove one of them");
            sink.push(first.iter().fold(diagnostic, |one, first| {
                one.also(first, "first defined here")
            }));
            continue;
        }
        let is_other = open && ident == "Other";
        if same_ident.is_some() || is_other {
            let like = if is_other {
                "the variant for any other word"
            } else {
                "another"
            };
            let diagnostic = Diagnostic::error(
                "RS0405",
                word.span,
                format!(
                    "the value `{}` would be the variant `{ident}`, like {like}",
                    word.text
                ),
            )
            .help(format!("write `{{value: \"{}\", rename: …}}`", word.text));
            sink.push(first.iter().fold(diagnostic, |one, first| {
                one.also(first, "the other is here")
            }));
            continue;
        }
        words.insert(word.text, word.span);
        idents.insert(ident.clone(), word.span);
        values.push(word.text.to_owned().into());
        variants.push(ident);
    }
    let names = EnumType {
        ident: enum_ident,
        variants,
    };
    (values.into(), names)
}

/// The words, each with its name in Rust: the elements of a list, or the keys of a map.
fn words_of(node: &Node) -> Vec<(spec::Text<'_>, Option<spec::Text<'_>>)> {
    if let Value::Map(words) = &node.value {
        // A mistake in one of them was reported, and may hide another word.
        if words
            .iter()
            .any(|word| !matches!(word.value.value, Value::Map(_)))
        {
            return Vec::new();
        }
        let words = words.iter().map(|word| {
            let mut of_word = word.value.entries().iter();
            let rename = of_word.find(|entry| entry.key.name == enum_value::RENAME.name);
            let text = spec::Text {
                text: &word.key.name,
                span: &word.key.span,
            };
            (text, rename.and_then(|rename| spec::text(&rename.value)))
        });
        return words.collect();
    }
    let words = node
        .elements()
        .iter()
        .filter_map(|element| match &element.value {
            Value::Map(_) => {
                let view = View::new(element, &grammar::ENUM_VALUE);
                let rename = view.identifier(&enum_value::RENAME);
                Some((view.text(&enum_value::VALUE)?, rename))
            }
            _ => Some((spec::text(element)?, None)),
        });
    words.collect()
}

/// The kinds of JSON value that a type takes.
fn json_kinds(data_type: &Type) -> &'static [&'static str] {
    match data_type {
        Type::Bigint | Type::Double => &["number"],
        Type::Timestamp(format) if format.epoch_power().is_some() => &["number"],
        Type::Text
        | Type::Time
        | Type::Binary
        | Type::Enum { .. }
        | Type::Date(_)
        | Type::Timestamp(_) => &["text"],
        Type::Decimal { .. } => &["number", "text"],
        Type::Bool => &["bool"],
        Type::Scalar => &["text", "number", "bool"],
        Type::Object(_) | Type::Map(_) => &["object"],
        Type::Array(_) => &["list"],
        Type::Json | Type::Union(_) => &["text", "number", "bool", "object", "list"],
    }
}
