//! What a placeholder may hold at a place.

use crate::check::partitions::PARTITIONS;
use crate::grammar::{column, endpoint, resource, source};
use crate::yaml::Node;

use super::complete::{Completion, CompletionKind, Names};
use super::fragment::Line;
use super::place::Place;

/// The placeholder that is typed before the cursor, without its brace: `config.`.
pub(super) fn typed<'t>(line: &Line<'t>) -> Option<&'t str> {
    let before = line.text.get(line.start..line.at)?;
    let open = before.rfind('{')?;
    let typed = before.get(open + 1..)?;
    // `{{` is a brace.
    let braces = before
        .get(..=open)?
        .chars()
        .rev()
        .take_while(|c| *c == '{')
        .count();
    let is_placeholder = braces % 2 == 1
        && !typed.contains('}')
        && (typed.contains('|') || !typed.contains([':', ',', '"', '\'', ' ', '[']));
    let after = before.get(..open)?.trim_end();
    // After a colon or a dash it may be a map, which has words but no dots.
    let is_map = after.ends_with([':', '-', '[', ',']) || after.is_empty();
    let is_quoted = before.get(..open)?.matches('"').count() % 2 == 1
        || before.get(..open)?.matches('\'').count() % 2 == 1;
    (is_placeholder && (!is_map || is_quoted || typed.contains('.'))).then_some(typed)
}

/// The values of a page that each paginator has.
const PAGES: [(&str, &[&str]); 6] = [
    ("offset", &["offset", "limit"]),
    ("page_number", &["page", "page_size"]),
    ("cursor", &["cursor"]),
    ("header_cursor", &["cursor"]),
    ("scroll", &["scroll_id"]),
    ("custom", &["cursor", "offset", "page", "page_size"]),
];

/// What may follow what is typed of a placeholder.
pub(super) fn completions(typed: &str, place: &Place<'_>, names: &Names<'_>) -> Vec<Completion> {
    if typed.contains('|') {
        let functions = crate::check::FUNCTIONS.iter();
        return functions
            .map(|(name, shown)| Completion::new(*shown, CompletionKind::Function).filter(*name))
            .collect();
    }
    let (namespace, path) = typed.split_once('.').unwrap_or(("", typed));
    let texts = |kind: CompletionKind, texts: &[&str]| -> Vec<Completion> {
        let all = texts.iter();
        all.map(|text| Completion::new(*text, kind)).collect()
    };
    let is_value = place.is_in(resource::COLUMNS.name) && place.is_in(column::VALUE.name);
    match (namespace, path.split_once('.')) {
        ("", _) => namespaces(place, names, is_value),
        ("secrets", None) => names.secrets(),
        ("config", None) => names.settings(),
        ("config", Some((setting, _))) => {
            let texts = names.texts_of(setting).into_iter();
            texts
                .map(|text| Completion::new(text, CompletionKind::Setting))
                .collect()
        }
        ("resources", None) => names.resources(),
        ("resources", Some((resource, _))) => names.columns_of(resource),
        ("partition", None) => names.partitions(place.resource()),
        ("incremental", None) => texts(CompletionKind::Placeholder, &["start_value", "end_value"]),
        ("paginator", None) => {
            let kind = paginator(place, names);
            let known = PAGES
                .iter()
                .filter(|(name, _)| kind.is_none_or(|kind| kind == *name));
            let mut all: Vec<&str> = known.flat_map(|(_, values)| *values).copied().collect();
            all.dedup();
            texts(CompletionKind::Placeholder, &all)
        }
        ("response", None) if is_value => texts(CompletionKind::Placeholder, &["headers."]),
        _ => Vec::new(),
    }
}

/// The kind of paginator that the requests of a place have.
fn paginator<'t>(place: &Place<'t>, names: &Names<'t>) -> Option<&'t str> {
    let endpoint = |node: &'t Node| {
        node.get(resource::RESOURCE_ENDPOINT.name)?
            .get(endpoint::ENDPOINT_PAGINATOR.name)
    };
    let defaults = names.defaults().and_then(endpoint);
    let client = names
        .client()
        .and_then(|client| client.get(source::client::PAGINATOR.name));
    let node = place
        .resource()
        .and_then(endpoint)
        .or(defaults)
        .or(client)?;
    let tag = node.get(crate::grammar::PAGINATOR.tag).unwrap_or(node);
    super::symbols::scalar_text(tag)
}

fn namespaces(place: &Place<'_>, names: &Names<'_>, is_value: bool) -> Vec<Completion> {
    let in_resource = place.resource().is_some();
    let is_address = place.named().is_some_and(|step| {
        [source::client::BASE_URL.name, endpoint::PATH.name].contains(&step.name)
    });
    let is_bound = place.named().is_some_and(|step| {
        let bounds = [
            endpoint::incremental::INITIAL_VALUE.name,
            endpoint::incremental::END_VALUE.name,
        ];
        bounds.contains(&step.name)
    });
    let own = |key: &str| {
        let has = |node: &Node| {
            let endpoint = node.get(resource::RESOURCE_ENDPOINT.name);
            node.get(key)
                .or_else(|| endpoint.and_then(|one| one.get(key)))
                .is_some()
        };
        place.resource().is_some_and(has) || names.defaults().is_some_and(has)
    };
    let is_sent = in_resource && !is_value && !is_bound;
    let all = [
        ("config.", "a setting", true),
        (
            "secrets.",
            "a secret",
            !is_address && !is_bound && !is_value,
        ),
        ("resources.", "a column of a parent", is_sent),
        (
            "partition.",
            "a value of `partitions`",
            is_sent && own(PARTITIONS.name),
        ),
        (
            "incremental.",
            "an end of the range that is fetched",
            is_sent && own(endpoint::ENDPOINT_INCREMENTAL.name),
        ),
        ("paginator.", "a value of the page", is_sent),
        (
            "job.",
            "a field of the job",
            is_sent && own(crate::check::job::ENDPOINT_JOB.name),
        ),
        ("response.", "a field of the response", is_value),
        ("key", "the key of the record in its map", is_value),
        ("index", "the position of the record in its list", is_value),
        ("now", "the time of the fetch", in_resource),
        ("today", "the day of the fetch", in_resource),
    ];
    let fitting = all.into_iter().filter(|(_, _, fits)| *fits);
    let mut found: Vec<Completion> = fitting
        .map(|(name, detail, _)| Completion::new(name, CompletionKind::Placeholder).detail(detail))
        .collect();
    // A parameter may stand in the path.
    if is_address && in_resource {
        let params = place
            .resource()
            .and_then(|one| one.get(resource::RESOURCE_ENDPOINT.name));
        let params = params.and_then(|endpoint| endpoint.get(endpoint::PARAMS.name));
        for param in params.map(Node::entries).unwrap_or_default() {
            let one = Completion::new(param.key.name.as_str(), CompletionKind::Placeholder);
            found.push(one.detail("a parameter"));
        }
    }
    found
}
