//! The spec of all streams: what they share, and what children need of their parents.

use std::collections::HashMap;

use rest_source_codegen::write::{Element, Map, Node};

use crate::names;
use crate::tree::Value;

use super::auth::with_scheme;
use super::stream::{Builder, Made};
use super::text::Need;
use super::{Importer, Stream};

/// A base URL and a path as one URL.
pub(super) fn joined(base: &str, path: &str) -> String {
    if path.starts_with("https://") || path.starts_with("http://") {
        return path.to_owned();
    }
    let base = base.trim_end_matches('/');
    if path.is_empty() {
        return base.to_owned();
    }
    format!("{base}/{}", path.trim_start_matches('/'))
}

/// Where the path of a URL begins.
fn path_start(url: &str) -> usize {
    let host = url.find("://").map_or(0, |at| at + 3);
    url[host..].find('/').map_or(url.len(), |at| host + at)
}

impl Importer<'_> {
    pub(super) fn spec(&mut self, root: &Value, streams: &[Stream]) -> Map {
        let mut made: Vec<(usize, Made)> = Vec::new();
        for (at, stream) in streams.iter().enumerate() {
            if let Some(one) = Builder::new(self, stream, streams).build() {
                made.push((at, one));
            }
        }
        Self::parents(streams, &mut made);
        let mut spec = Map::new();
        // `source-x/manifest.yaml` is of `x`.
        let mut parts = self.files[0].rsplit(['/', '\\']);
        let mut stem = parts
            .next()
            .unwrap_or_default()
            .split('.')
            .next()
            .unwrap_or_default();
        if stem == "manifest" {
            stem = parts.next().unwrap_or_default();
        }
        let prefix = ["source-", "source_"]
            .iter()
            .find_map(|prefix| stem.strip_prefix(prefix));
        let stem = prefix.unwrap_or(stem);
        let title = root
            .at(&["spec", "connection_specification"])
            .text_of("title");
        let title = title.map(|title| {
            title
                .trim_end_matches(" Spec")
                .trim_end_matches(" Source Spec")
        });
        let name = if ["manifest", "", "-", "<stdin>"].contains(&stem) {
            title.unwrap_or("source")
        } else {
            stem
        };
        spec.set("name", names::name(name, "source"));
        let about = names::brief(root.text_of("description").unwrap_or_default());
        if !about.is_empty() {
            spec.set("description", about);
        }
        let client = self.client(&mut made);
        let config = std::mem::take(&mut self.config);
        for name in config.secrets_in_urls() {
            spec.comment_top(&format!(
                "Not certain: `config.{name}` is a secret, but stands in the URL, where messages show it."
            ));
        }
        let (config, secrets) = config.maps();
        if !config.is_empty() {
            spec.set("config", config);
        }
        if !secrets.is_empty() {
            spec.set("secrets", secrets);
        }
        spec.set("client", client);
        let mut types = names::Types::default();
        let mut resources = Vec::new();
        for (_, one) in made {
            let mut resource = one.resource;
            types.name_record(&mut resource);
            resources.push(Element::new(resource));
        }
        spec.set("resources", Node::List(resources));
        spec
    }

    /// What all streams share: base URL, credentials, retries.
    fn client(&mut self, made: &mut [(usize, Made)]) -> Map {
        let mut client = Map::new();
        for (_, one) in made.iter() {
            if let Some((placeholder, _)) = one
                .base
                .strip_prefix("{config.")
                .and_then(|rest| rest.split_once('}'))
            {
                self.config.without_scheme(placeholder);
            }
        }
        for (_, one) in made.iter_mut() {
            let url = joined(&one.base, &one.path);
            one.path = with_scheme(&url);
            one.base = with_scheme(one.base.trim_end_matches('/'));
        }
        let base = most_common(made.iter().map(|(_, one)| one.base.clone())).unwrap_or_default();
        let base = base.split('?').next().unwrap_or_default().to_owned();
        let origin = base[..path_start(&base)].to_owned();
        client.set("base_url", base.as_str());
        let mut origins: Vec<String> = Vec::new();
        let auth = most_common(made.iter().filter_map(|(_, one)| one.auth.clone()));
        for (_, one) in made.iter_mut() {
            let is_below = one
                .path
                .strip_prefix(base.as_str())
                .filter(|rest| rest.is_empty() || rest.starts_with('/'));
            let path = match is_below {
                Some("") => "/".to_owned(),
                Some(rest) => rest.to_owned(),
                None => {
                    let found = one.path[..path_start(&one.path)].to_owned();
                    if found != origin && one.auth.is_some() {
                        for origin in self.config.origins(&found) {
                            if !origins.contains(&origin) {
                                origins.push(origin);
                            }
                        }
                    }
                    one.path.clone()
                }
            };
            let endpoint = one.resource.map("endpoint");
            endpoint.set("path", path);
            match (&auth, &one.auth) {
                (Some(shared), Some(own)) if shared == own => {}
                (_, Some(own)) => {
                    endpoint.set("auth", own.clone());
                }
                (Some(_), None) => {
                    endpoint.set("auth", Node::Null);
                }
                (None, None) => {}
            }
        }
        if let Some(auth) = auth {
            client.set("auth", auth);
        }
        if !self.retry.is_empty() {
            client.set("retry", std::mem::take(&mut self.retry));
        }
        if !origins.is_empty() {
            client.set("allow_origins", origins);
        }
        client
    }

    /// Gives parents the columns that their children need.
    fn parents(streams: &[Stream], made: &mut [(usize, Made)]) {
        let at: HashMap<&str, usize> = made
            .iter()
            .enumerate()
            .map(|(at, (stream, _))| (streams[*stream].source_name.as_str(), at))
            .collect();
        let mut waiting: Vec<(usize, Need)> = Vec::new();
        for (_, one) in made.iter() {
            for (parent, need) in &one.needs {
                if let Need::FromParent(upper, key) = need
                    && let Some(at) = at.get(upper.as_str())
                {
                    waiting.push((*at, Need::Column(key.clone())));
                }
                if let Some(at) = at.get(parent.as_str()) {
                    waiting.push((*at, need.clone()));
                }
            }
        }
        for (at, need) in waiting {
            let one = &mut made[at].1;
            let (key, list) = match need {
                Need::Column(way) => {
                    let one_is_nested = way.contains('.');
                    let key = way.split('.').next().unwrap_or_default().to_owned();
                    let has = one.resource.get("columns").and_then(Node::as_map);
                    let column = has
                        .and_then(|columns| columns.get(&key))
                        .and_then(Node::as_map);
                    let word = column
                        .and_then(|column| column.get("data_type"))
                        .and_then(Node::as_text);
                    let is_nested = one_is_nested;
                    let is_good = match word {
                        Some("json" | "union") => is_nested,
                        Some(_) => true,
                        None => key.starts_with('_'),
                    };
                    if !is_good {
                        let column = one.resource.map("columns").map(&key);
                        *column = Map::new();
                        column.set("data_type", if is_nested { "json" } else { "text" });
                        if !is_nested {
                            column.comment("data_type", "Not certain: the manifest does not say the type, which paths need.");
                        }
                        if one.is_untyped {
                            one.resource.map("schema_contract").set("columns", "evolve");
                        }
                    }
                    continue;
                }
                Need::FromParent(upper, key) => {
                    let has_several = one.parents.iter().any(|parent| *parent != upper);
                    let name = streams.iter().find(|one| one.source_name == upper);
                    let name = name.map_or("", |stream| stream.name.as_str());
                    let key = if has_several {
                        format!("{name}.{key}")
                    } else {
                        key
                    };
                    (key, "include_from_parent")
                }
                Need::FromPartition(key) => (key, "include_from_partition"),
            };
            let mut included: Vec<String> = one
                .resource
                .get(list)
                .map(Node::elements)
                .unwrap_or_default()
                .iter()
                .filter_map(|one| one.value.as_text().map(str::to_owned))
                .collect();
            if !included.contains(&key) {
                included.push(key);
                one.resource.set(list, included);
            }
        }
        for (_, one) in made.iter_mut() {
            let has = |one: &Made| {
                let columns = one.resource.get("columns").and_then(Node::as_map);
                columns.is_some_and(|columns| !columns.is_empty())
            };
            let includes = ["include_from_parent", "include_from_partition"];
            // Records that carry columns have columns.
            let is_carrying = includes.iter().any(|key| one.resource.get(key).is_some());
            if has(one) || is_carrying {
                key_columns(one);
            }
            if !has(one) && is_carrying {
                one.resource
                    .map("columns")
                    .map("id")
                    .set("data_type", "json");
            }
            if !has(one) {
                one.resource.set("columns", "json");
            } else if one.is_untyped {
                one.resource.map("schema_contract").set("columns", "evolve");
            }
        }
    }
}

/// Records of an unknown schema that have columns at all have those of their key.
fn key_columns(one: &mut Made) {
    if !one.is_untyped {
        return;
    }
    let mut names: Vec<String> = Vec::new();
    match one.resource.get("primary_key") {
        Some(Node::Text(name)) => names.push(name.clone()),
        Some(list) => {
            let elements = list.elements().iter();
            names.extend(elements.filter_map(|one| one.value.as_text().map(str::to_owned)));
        }
        None => {}
    }
    for name in names.iter().filter(|name| !name.starts_with('_')) {
        let columns = one.resource.map("columns");
        if columns.get(name).is_none() {
            let column = columns.map(name);
            column.set("data_type", "text");
            column.comment(
                "data_type",
                "Not certain: the manifest does not say the type, which keys need.",
            );
        }
    }
}

/// The value that most have, the first of them.
fn most_common<T: PartialEq>(values: impl Iterator<Item = T>) -> Option<T> {
    let mut counts: Vec<(T, usize)> = Vec::new();
    for value in values {
        match counts.iter_mut().find(|(known, _)| *known == value) {
            Some((_, count)) => *count += 1,
            None => counts.push((value, 1)),
        }
    }
    let most = counts.iter().map(|(_, count)| *count).max()?;
    counts
        .into_iter()
        .find(|(_, count)| *count == most)
        .map(|(value, _)| value)
}
