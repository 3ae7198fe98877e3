//! What may be written at a cursor.

use crate::check::hard_delete::HARD_DELETE;
use crate::check::partitions::{INCLUDE_FROM_PARTITION, PARTITIONS};
use crate::diagnostic::Span;
use crate::grammar::{self, AnyKey, Family, Member, Shape, Word, endpoint, resource, source};
use crate::yaml::{Node, Value};

use super::fragment::{DUMMY, Fragment, Line};
use super::place::{Place, Step, Target};
use super::symbols::{SymbolKind, column_names, resource_name, resources, scalar_text};
use super::{SpecTree, docs, placeholders};

/// What a completion is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CompletionKind {
    Key,
    Word,
    Column,
    Resource,
    Setting,
    Secret,
    Partition,
    Placeholder,
    Function,
}

/// A text that may stand at the cursor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Completion {
    /// What is shown.
    pub label: String,
    pub kind: CompletionKind,
    /// A few words about it: a type, whether it is required.
    pub detail: String,
    /// Its documentation, as Markdown.
    pub documentation: String,
    /// What is inserted.
    pub insert: String,
    /// What the typed word is compared with.
    pub filter: String,
    /// Whether something is missing without it.
    pub is_required: bool,
}

impl Completion {
    pub(super) fn new(label: impl Into<String>, kind: CompletionKind) -> Self {
        let label = label.into();
        Self {
            insert: label.clone(),
            filter: label.clone(),
            label,
            kind,
            detail: String::new(),
            documentation: String::new(),
            is_required: false,
        }
    }

    pub(super) fn detail(mut self, detail: impl Into<String>) -> Self {
        self.detail = detail.into();
        self
    }

    pub(super) fn filter(mut self, filter: impl Into<String>) -> Self {
        self.filter = filter.into();
        self
    }

    fn insert(mut self, insert: impl Into<String>) -> Self {
        self.insert = insert.into();
        self
    }

    fn documentation(mut self, documentation: impl Into<String>) -> Self {
        self.documentation = documentation.into();
        self
    }
}

/// The completions at a cursor, the best first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Completions {
    /// What each of them replaces.
    pub span: Span,
    pub list: Vec<Completion>,
}

/// What may be written at a byte of a text, which may be broken anywhere. The names come from `tree`: the last
/// version of the text that was whole.
///
/// ```
/// use rest_source_codegen::describe::editor::{SpecTree, completions};
///
/// let text = "client:\n  base_url: https://api.example.com\n  pag";
/// let found = completions(text, text.len(), &SpecTree::parse(""));
/// let found = found.list.iter().find(|one| one.label == "paginator").unwrap();
/// assert_eq!(found.insert, "paginator: ");
/// ```
pub fn completions(text: &str, at: usize, tree: &SpecTree) -> Completions {
    let Some(line) = Line::new(text, at) else {
        return Completions::default();
    };
    let names = Names { tree };
    if let Some(typed) = placeholders::typed(&line) {
        let open = at - typed.len() - 1;
        let end = placeholder_end(&line);
        let span = line.word_start.max(open + 1)..line.word_end;
        let fragment = Fragment::new(&line, &(open..end));
        let mut list = fragment
            .map(|fragment| {
                placeholders::completions(typed, &fragment.place(names.defaults()), &names)
            })
            .unwrap_or_default();
        let is_closed = end > line.word_end;
        for one in list
            .iter_mut()
            .filter(|one| !is_closed && !one.insert.ends_with('.'))
        {
            one.insert.push('}');
        }
        return Completions { span, list };
    }
    let span = line.word_start..line.word_end;
    let list = Fragment::new(&line, &span)
        .map(|fragment| at_word(&line, &fragment, &names))
        .unwrap_or_default();
    Completions { span, list }
}

/// The end of the placeholder at the cursor, its brace included, or of the word.
fn placeholder_end(line: &Line<'_>) -> usize {
    let rest = line.text.get(line.at..line.end).unwrap_or_default();
    let close = rest.find('}').filter(|close| {
        let inner = rest.get(..*close).unwrap_or_default();
        !inner.contains(['{', '"', '\'', ',', ':'])
    });
    close.map_or(line.word_end, |close| line.at + close + 1)
}

fn at_word(line: &Line<'_>, fragment: &Fragment, names: &Names<'_>) -> Vec<Completion> {
    let place = fragment.place(names.defaults());
    let Some(innermost) = place.last() else {
        return Vec::new();
    };
    if let Target::Key(_) = place.target {
        return keys(innermost, line, names, &place);
    }
    // The dummy is part of a longer text.
    if scalar_text(innermost.node) != Some(DUMMY) {
        return Vec::new();
    }
    let mut list = words(innermost);
    list.extend(names.fitting(&place));
    // A word alone in its line may become a key of a map.
    if line.begins() {
        list.extend(keys(innermost, line, names, &place));
    }
    list
}

/// The keys that a map may have and has not.
fn keys(step: &Step<'_>, line: &Line<'_>, names: &Names<'_>, place: &Place<'_>) -> Vec<Completion> {
    let after = line.after().trim_start();
    let ending = if after.starts_with(':') { "" } else { ": " };
    let entries = step.node.entries();
    let owner = step.owner().unwrap_or_default();
    let mut list = Vec::new();
    if let Some((family, _)) = step.family()
        && step.node.get(family.tag).is_none()
    {
        let tag = Completion::new(family.tag, CompletionKind::Key).detail("required");
        list.push(Completion {
            is_required: true,
            ..tag.insert(format!("{}{ending}", family.tag))
        });
    }
    let is_there = |key: &dyn AnyKey| entries.iter().any(|entry| key.is_called(&entry.key.name));
    let missing = step.keys().into_iter().filter(|key| !is_there(*key));
    let is_excused = |key: &dyn AnyKey| {
        let mut others = entries.iter();
        others.any(|entry| key.unless.contains(&entry.key.name.as_str()))
    };
    list.extend(missing.map(|key| {
        let is_required = key.required && !is_excused(key);
        let required = if is_required { ", required" } else { "" };
        let detail = format!("{}{required}", docs::type_of(key));
        let documentation = docs::key(key, &owner);
        let one = Completion::new(key.facts().name, CompletionKind::Key);
        let one = one.detail(detail).documentation(documentation);
        Completion {
            is_required,
            ..one.insert(format!("{}{ending}", key.name))
        }
    }));
    // `+name` extends what is inherited; a name of the user's may be a column.
    if step.name == HARD_DELETE.name {
        let columns = names.own_columns(place.resource());
        list.extend(columns.into_iter().map(|one| {
            let insert = format!("{}{ending}", one.label);
            one.insert(insert)
        }));
    }
    list.sort_by_key(|one| !one.is_required);
    list
}

/// The words that a value may be.
fn words(step: &Step<'_>) -> Vec<Completion> {
    let mut list = Vec::new();
    for shape in step.shapes() {
        match shape {
            Shape::Bool => list
                .extend(["true", "false"].map(|word| Completion::new(word, CompletionKind::Word))),
            Shape::Word(words) => list.extend(words().into_iter().map(word)),
            Shape::Tagged(family) => {
                let is_tag = step.name == family.tag;
                for member in family.members {
                    list.extend(of_member(family, member, is_tag));
                }
            }
            _ => {}
        }
    }
    list
}

fn word(word: &Word) -> Completion {
    let one = Completion::new(word.name, CompletionKind::Word);
    one.detail(word.meaning).documentation(docs::word(word))
}

/// A member of a family: its word, or a map where it needs more.
fn of_member(family: &Family, member: &Member, is_tag: bool) -> Vec<Completion> {
    let one = word(&member.word);
    if is_tag {
        return vec![one];
    }
    let name = member.word.name;
    if family.may_be_bare && member.is_complete() {
        let is_column = family.name == grammar::COLUMN.name;
        let non_null = is_column.then(|| {
            let label = format!("{name}!");
            let one = one
                .clone()
                .detail(format!("{}, never null", member.word.meaning));
            Completion {
                label: label.clone(),
                ..one.insert(label.clone()).filter(label)
            }
        });
        return std::iter::once(one).chain(non_null).collect();
    }
    let required = member.keys.iter().filter(|key| key.required);
    let required = required.map(|key| format!(", {}: ", key.name));
    let insert = format!(
        "{{ {}: {name}{} }}",
        family.tag,
        required.collect::<String>()
    );
    vec![one.insert(insert)]
}

/// The names of a spec: those of its last whole version.
pub(super) struct Names<'t> {
    tree: &'t SpecTree,
}

impl<'t> Names<'t> {
    fn top(&self, key: &str) -> Option<&'t Node> {
        self.tree.root.as_ref()?.get(key)
    }

    pub(super) fn defaults(&self) -> Option<&'t Node> {
        self.top(source::RESOURCE_DEFAULTS.name)
    }

    pub(super) fn client(&self) -> Option<&'t Node> {
        self.top(source::SOURCE_CLIENT.name)
    }

    fn all_resources(&self) -> &'t [Node] {
        self.tree.root.as_ref().map(resources).unwrap_or_default()
    }

    fn resource(&self, name: &str) -> Option<&'t Node> {
        let mut all = self.all_resources().iter();
        all.find(|one| resource_name(one).and_then(scalar_text) == Some(name))
    }

    pub(super) fn secrets(&self) -> Vec<Completion> {
        let all = self.tree.symbols.all().iter();
        let secrets = all.filter(|one| one.symbol.kind == SymbolKind::Secret);
        let mut names: Vec<&str> = secrets.map(|one| one.symbol.name.as_str()).collect();
        names.sort_unstable();
        names.dedup();
        let all = names.into_iter().filter(|name| !name.contains(DUMMY));
        all.map(|name| Completion::new(name, CompletionKind::Secret))
            .collect()
    }

    pub(super) fn settings(&self) -> Vec<Completion> {
        named(
            self.top(source::SOURCE_CONFIG.name),
            CompletionKind::Setting,
        )
    }

    /// The texts that the words of a setting stand for.
    pub(super) fn texts_of(&self, setting: &str) -> Vec<&'t str> {
        let values = self
            .top(source::SOURCE_CONFIG.name)
            .and_then(|config| config.get(setting));
        let values = values.and_then(|one| one.get(source::config::VALUES.name));
        let first = values.map(Node::entries).and_then(<[_]>::first);
        let texts = first.map(|word| word.value.entries()).unwrap_or_default();
        texts.iter().map(|entry| entry.key.name.as_str()).collect()
    }

    pub(super) fn resources(&self) -> Vec<Completion> {
        let all = self.all_resources().iter();
        let names = all.filter_map(|one| resource_name(one).and_then(scalar_text));
        names
            .map(|name| Completion::new(name, CompletionKind::Resource))
            .collect()
    }

    pub(super) fn columns_of(&self, resource: &str) -> Vec<Completion> {
        self.own_columns(self.resource(resource))
    }

    /// The columns of a resource, and those that it inherits.
    pub(super) fn own_columns(&self, resource: Option<&Node>) -> Vec<Completion> {
        let mut list: Vec<Completion> = Vec::new();
        for node in resource.into_iter().chain(self.defaults()) {
            for name in column_names(node).filter(|name| !name.contains(DUMMY)) {
                if list.iter().all(|one| one.label != name) {
                    list.push(Completion::new(name, CompletionKind::Column));
                }
            }
        }
        list
    }

    pub(super) fn partitions(&self, resource: Option<&Node>) -> Vec<Completion> {
        let all = resource.into_iter().chain(self.defaults());
        all.flat_map(|one| named(one.get(PARTITIONS.name), CompletionKind::Partition))
            .collect()
    }

    /// The names that a value may be, by the key it stands under.
    fn fitting(&self, place: &Place<'_>) -> Vec<Completion> {
        let Some(named) = place.named() else {
            return Vec::new();
        };
        let is = |keys: &[&str]| keys.contains(&named.name) && named.key.is_some();
        let own = place.resource();
        if is(&[
            resource::PRIMARY_KEY.name,
            resource::MERGE_KEY.name,
            HARD_DELETE.name,
        ]) {
            return self.own_columns(own);
        }
        if is(&[endpoint::incremental::CURSOR_PATH.name]) && !place.is_in("paginator") {
            return self.own_columns(own);
        }
        if is(&[resource::INCLUDE_FROM_CONFIG.name]) {
            return self.settings();
        }
        if is(&[INCLUDE_FROM_PARTITION.name]) {
            return self.partitions(own);
        }
        if is(&[resource::INCLUDE_FROM_PARENT.name]) {
            let parents = own.map(super::symbols::parents).unwrap_or_default();
            let several = parents.len() > 1;
            let columns = parents.into_iter().flat_map(|parent| {
                let columns = self.columns_of(&parent).into_iter();
                columns.map(move |one| {
                    if several {
                        Completion::new(format!("{parent}.{}", one.label), CompletionKind::Column)
                    } else {
                        one
                    }
                })
            });
            return columns.collect();
        }
        if is(&["resource"]) && place.is_in(endpoint::PARAMS.name) {
            return self.resources();
        }
        if is(&["field"]) && place.is_in(endpoint::PARAMS.name) {
            let map = place
                .steps
                .iter()
                .rev()
                .find(|step| matches!(step.node.value, Value::Map(_)));
            let parent = map
                .and_then(|map| map.node.get("resource"))
                .and_then(scalar_text);
            return parent
                .map(|parent| self.columns_of(parent))
                .unwrap_or_default();
        }
        Vec::new()
    }
}

/// The keys of a map of the user's names.
fn named(map: Option<&Node>, kind: CompletionKind) -> Vec<Completion> {
    let entries = map.map(Node::entries).unwrap_or_default().iter();
    let names = entries.map(|entry| entry.key.name.as_str());
    let names = names.filter(|name| !name.contains(DUMMY));
    names.map(|name| Completion::new(name, kind)).collect()
}
