//! `partitions`: values that a resource is fetched for, each by requests of its own. Their keys, how they are
//! read, and the rules about them.

use crate::connector::{
    Column, ConfigType, JsonPlan, Part, PartitionItems, PartitionPlan, PartitionType, Record,
    ResourcePlan, Template, Text as OwnedText, Type, WriteDisposition,
};
use crate::diagnostic::{Applicability, Diagnostic, Span};
use crate::grammar::{Context, DefaultKey, Key, Shape, Word, Words, key, resource, word, word_of};
use crate::spec::{Text, View, text};
use crate::suggest;
use crate::value;
use crate::yaml::{Kind, Node, Value};

use super::Check;
use super::included_settings::column_type;

pub(crate) static PARTITIONS: Key = key(
    "partitions",
    Shape::Dict(&Shape::Either(
        &Shape::List(&Shape::Scalar),
        &Shape::Either(&Shape::Template, &Shape::Map(&FOUND)),
    )),
    "values that it is fetched for, each combination by requests of its own",
);
pub(crate) static INCLUDE_FROM_PARTITION: Key = key(
    "include_from_partition",
    Shape::List(&Shape::Text),
    "values of its `partitions` that its records carry",
);

static FOUND: Context = Context {
    name: "a list of `partitions`",
    keys: &[&RUST, &DATA_TYPE],
};

static RUST: Key<OwnedText> = Key::<OwnedText>::new(
    "rust",
    Shape::Rust,
    "finds the values when a fetch begins: `async fn(Client) -> Result<Vec<String>, E>`",
)
.required();
static DATA_TYPE: DefaultKey<PartitionType> =
    word_of("data_type", "the type of the values").or(PartitionType::Text);

impl Words for PartitionType {
    const WORDS: &'static [(Word, Self)] = &[
        (word("text", "`String`"), Self::Text),
        (word("bigint", "`i64`"), Self::Bigint),
    ];
}

/// The lists of values of a resource, while its requests are read.
#[derive(Clone, Debug, Default)]
pub(super) struct Partitions {
    plans: Vec<PartitionPlan>,
    types: Vec<Type>,
    /// Whether one of them has a mistake.
    is_unclear: bool,
}

impl Partitions {
    pub(super) fn plans(&self) -> &[PartitionPlan] {
        &self.plans
    }

    pub(super) fn data_type(&self, at: u16) -> Option<&Type> {
        self.types.get(usize::from(at))
    }

    /// The texts of a list that the spec has.
    pub(super) fn texts(&self, at: u16) -> Vec<String> {
        let plan = self.plans.get(usize::from(at));
        let Some(PartitionItems::Values(values)) = plan.map(|plan| &plan.values) else {
            return Vec::new();
        };
        let text = |value: &JsonPlan| match value {
            JsonPlan::Text(Template(parts)) => match &parts[..] {
                [Part::Text(text)] => Some(text.to_string()),
                _ => None,
            },
            _ => None,
        };
        values.iter().filter_map(text).collect()
    }

    fn position(&self, name: &str) -> Option<usize> {
        self.plans.iter().position(|plan| plan.name == name)
    }
}

impl Check<'_> {
    /// The lists of a resource.
    pub(super) fn partitions(&mut self, resource: &View<'_>) -> Partitions {
        let mut partitions = Partitions {
            is_unclear: self.sink.is_unclear(resource.node, PARTITIONS.name),
            ..Partitions::default()
        };
        for entry in resource.entries(&PARTITIONS) {
            let name = &entry.key.name;
            if !value::is_identifier(name) {
                let message = format!("`{name}` is not a valid name of a list of `partitions`");
                self.error(
                    Diagnostic::error("RS0810", &entry.key.span, message).help(
                        "a name is made of letters, digits and `_`, and begins with no digit",
                    ),
                );
                partitions.is_unclear = true;
                continue;
            }
            // A list with a mistake is there all the same, for what names it.
            let found = self.items(&entry.value);
            let (items, data_type) =
                found.unwrap_or((PartitionItems::Values(Vec::new().into()), Type::Text));
            partitions.plans.push(PartitionPlan {
                name: name.clone().into(),
                values: items,
            });
            partitions.types.push(data_type);
        }
        partitions
    }

    /// The values of one list, and their type.
    fn items(&mut self, node: &Node) -> Option<(PartitionItems, Type)> {
        if let Value::List(elements) = &node.value {
            return self.listed(elements, &node.span);
        }
        if let Value::Map(_) = &node.value {
            let view = View::new(node, &FOUND);
            let data_type = view.get(&DATA_TYPE);
            let rust = view.get(&RUST)?;
            let column_type = match data_type {
                PartitionType::Text => Type::Text,
                PartitionType::Bigint => Type::Bigint,
            };
            return Some((PartitionItems::Rust { rust, data_type }, column_type));
        }
        let text = text(node)?;
        let setting = text.text.strip_prefix("{config.");
        let Some(name) = setting.and_then(|setting| setting.strip_suffix('}')) else {
            self.error(
                Diagnostic::error("RS0810", text.span, "this is not a list of values").help(
                    "write `[eu, us]`, `{config.NAME}` for a setting of type `list`, or \
                         `{rust: crate::NAME}` for a function",
                ),
            );
            return None;
        };
        let Part::Config(at) = self.setting(name, text.span)? else {
            return None;
        };
        let config = self.settings.config(at)?;
        match &config.data_type {
            ConfigType::List(item) if !config.optional => {
                Some((PartitionItems::Config(at), column_type(item)))
            }
            _ => {
                let message = format!("the setting `{name}` does not always have a list of values");
                self.error(
                    Diagnostic::error("RS0810", text.span, message).help(format!(
                        "declare it so: `{name}: {{type: list, items: text}}`"
                    )),
                );
                None
            }
        }
    }

    fn listed(&mut self, elements: &[Node], span: &Span) -> Option<(PartitionItems, Type)> {
        if elements.is_empty() {
            self.error(
                Diagnostic::error("RS0810", span, "this list has no values")
                    .help("list at least one"),
            );
            return None;
        }
        let mut values: Vec<JsonPlan> = Vec::with_capacity(elements.len());
        let are_numbers = elements.iter().all(|node| {
            node.scalar()
                .is_some_and(|scalar| scalar.kind == Kind::Integer)
        });
        for node in elements {
            let written = node.scalar()?.text.clone();
            let value = if are_numbers {
                JsonPlan::Number(written.into())
            } else {
                JsonPlan::Text(Template(vec![Part::Text(written.into())].into()))
            };
            if values.contains(&value) {
                self.error(
                    Diagnostic::error("RS0810", &node.span, "this value is listed twice")
                        .help("remove it: its records would be fetched twice"),
                );
                return None;
            }
            values.push(value);
        }
        let data_type = if are_numbers {
            Type::Bigint
        } else {
            Type::Text
        };
        Some((PartitionItems::Values(values.into()), data_type))
    }

    /// `{partition.NAME}`: the position of its list.
    pub(super) fn partition_placeholder(&mut self, name: &str, span: &Span) -> Option<u16> {
        if let Some(at) = self.partitions.position(name) {
            return Some(super::parent::position(at));
        }
        if self.partitions.is_unclear {
            return None;
        }
        let known: Vec<&str> = self
            .partitions
            .plans
            .iter()
            .map(|plan| &*plan.name)
            .collect();
        let place = self.segment(span, name);
        let message = format!("`partitions` has no list `{name}` here");
        let diagnostic = Diagnostic::error("RS0208", &place, message);
        let diagnostic = match suggest::closest(name, &known) {
            Some(close) => diagnostic
                .help(format!("did you mean `{{partition.{close}}}`?"))
                .suggest(name, close, Applicability::MaybeIncorrect),
            None => diagnostic.help(format!(
                "declare it in the resource: `partitions: {{{name}: [...]}}`; it may stand in `path`, `params`, \
                 `headers`, `json` and `data` of its endpoint"
            )),
        };
        self.error(diagnostic);
        None
    }

    /// A list that no request has: each of its values would be fetched by the same requests.
    pub(super) fn partitions_are_sent(&mut self, resource: &View<'_>, plan: &ResourcePlan) {
        for (at, list) in plan.partitions.iter().enumerate() {
            let part = Part::Partition(super::parent::position(at));
            if plan.sends(&part) || self.sink.has_errors_in(&resource.node.span) {
                continue;
            }
            let entries = resource.entries(&PARTITIONS).iter();
            let entry = entries
                .into_iter()
                .find(|entry| list.name == *entry.key.name);
            let Some(entry) = entry else { continue };
            let name = &list.name;
            let message = format!("no request has `{{partition.{name}}}`");
            self.error(
                Diagnostic::error("RS0810", &entry.key.span, message)
                    .help("write it in `path`, `params`, `headers` or a body, or remove the list")
                    .note("each of its values would be fetched by the same requests"),
            );
        }
    }

    /// A key that does not tell the partitions apart: records of one would replace those of another.
    pub(super) fn key_has_a_partition(&mut self, resource: &View<'_>, plan: &ResourcePlan) {
        let is_merged = plan.write_disposition == WriteDisposition::Merge;
        let is_single = plan.partitions.iter().all(|list| match &list.values {
            PartitionItems::Values(values) => values.len() == 1,
            PartitionItems::Config(_) | PartitionItems::Rust { .. } => false,
        });
        let columns = &plan.table.columns;
        let has_key = columns.iter().any(|column| column.primary_key);
        let has_partition = columns
            .iter()
            .any(|column| column.primary_key && column.partition.is_some());
        if !is_merged || is_single || !has_key || has_partition {
            return;
        }
        let names: Vec<&str> = plan.partitions.iter().map(|list| &*list.name).collect();
        let message = "the key does not have the partition";
        self.error(
            Diagnostic::warning("RS0731", resource.place(&resource::PRIMARY_KEY), message)
                .help(format!(
                    "if two partitions can have one key, add `include_from_partition: [{0}]`, and `{0}` to the \
                     `primary_key`",
                    names.join(", ")
                ))
                .note("a record replaces the one of another partition with its key"),
        );
    }

    /// Adds a column for each value of `partitions` that records carry.
    pub(super) fn include_from_partition(
        &mut self,
        view: &View<'_>,
        name: Text<'_>,
        lists: &Partitions,
        record: &mut Record,
    ) {
        let Some(entry) = view.entry(&INCLUDE_FROM_PARTITION) else {
            return;
        };
        let Record::Struct(record) = record else {
            let message = "untyped records have no columns to include a partition in";
            self.error(
                Diagnostic::error("RS0810", &entry.key.span, message).help("declare the columns"),
            );
            return;
        };
        for included in entry.value.elements().iter().filter_map(text) {
            let at = lists.position(included.text);
            if at.is_none() && !lists.is_unclear {
                let message = format!("`partitions` has no list `{}`", included.text);
                self.error(
                    Diagnostic::error("RS0810", included.span, message)
                        .help("include a name of `partitions`"),
                );
            }
            // What is not known is a column all the same, for the keys that name it.
            let data_type = at.and_then(|at| lists.types.get(at).cloned());
            let mut column = Column::new(included.text.to_owned(), data_type.unwrap_or(Type::Text));
            column.partition = at.map(super::parent::position);
            column.line = self.line(included.span);
            self.include(column, included.span, name, record);
        }
    }
}
