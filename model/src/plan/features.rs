//! The features of `rest-source` that a plan needs.

use std::collections::BTreeSet;

use super::{
    BodyFormat, Comparison, Compression, Job, Pages, ResourcePlan, ResponseAction, Selector,
    SourcePlan, Test,
};

impl SourcePlan {
    /// The features of `rest-source`, beside the default ones, that its resources and credentials need.
    pub fn features(&self) -> BTreeSet<&'static str> {
        let mut features = BTreeSet::new();
        for resource in &self.resources {
            add_resource(resource, &mut features);
        }
        add("digest", self.has_digest(), &mut features);
        add("jwt", self.jwts().next().is_some(), &mut features);
        features
    }
}

fn add(feature: &'static str, is_needed: bool, features: &mut BTreeSet<&'static str>) {
    if is_needed {
        features.insert(feature);
    }
}

fn add_resource(resource: &ResourcePlan, features: &mut BTreeSet<&'static str>) {
    let decoder = &resource.decoder;
    let is_compressed = decoder.compression != Compression::None;
    add("archives", is_compressed, features);
    add("charsets", decoder.charset.is_some(), features);
    let is_csv = matches!(decoder.format, BodyFormat::Csv(_));
    add("csv", is_csv, features);
    add(
        "xml",
        matches!(decoder.format, BodyFormat::Xml(_)),
        features,
    );
    add("queries", has_query(resource), features);
    let has_pattern = resource.paginator.ends.total_pattern.is_some()
        || resource.response_actions.iter().any(matches_pattern);
    add("patterns", has_pattern, features);
    if let Some(job) = &resource.job {
        add_job(job, features);
    }
}

fn add_job(job: &Job, features: &mut BTreeSet<&'static str>) {
    let conditions = [&job.until, &job.fail_if];
    let mut comparisons = conditions
        .into_iter()
        .flat_map(|all| all.comparisons.iter());
    add("patterns", comparisons.any(is_pattern), features);
    add_resource(&job.create, features);
    add_resource(&job.poll, features);
}

/// Whether a part of a resource is found by a JSONPath query, and not at a path of keys and indexes.
fn has_query(resource: &ResourcePlan) -> bool {
    let by_paginator = match &resource.paginator.kind {
        Pages::Cursor(cursor) | Pages::Scroll(cursor) => Some(&cursor.cursor_path),
        Pages::JsonLink { next_url_path } => Some(next_url_path),
        _ => None,
    };
    let by_job = resource.job.as_ref().and_then(|job| job.url_path.as_ref());
    let selectors = [
        Some(&resource.selector),
        resource.rows_path.as_ref(),
        by_paginator,
        by_job,
    ];
    let mut selectors = selectors.into_iter().flatten();
    selectors.any(|selector| matches!(selector, Selector::Query(_)))
        || resource.parent_condition.is_some()
}

fn matches_pattern(action: &ResponseAction) -> bool {
    action.comparisons.iter().any(is_pattern)
}

fn is_pattern(comparison: &Comparison) -> bool {
    matches!(comparison.test, Test::Matches(_))
}
