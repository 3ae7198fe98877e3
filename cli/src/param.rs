//! `--param`: query parameters that override the spec's for one fetch.

use rest_source::{
    plan::{Auth, Incremental, Pages, Param, Part, ResourcePlan, Slot, SourcePlan, Template},
    shared::Ref,
};
use rest_source_codegen::connector::Connector;

use crate::error::CommandError;

/// Returns the resource with these query parameters. They override the spec's of the same names.
///
/// # Errors
///
/// When the paginator, the auth, a secret or `incremental` sets the parameter, or it is part of the path.
pub(crate) fn with(
    connector: &Connector,
    resource: &Ref<ResourcePlan>,
    given: &[(String, String)],
) -> Result<Ref<ResourcePlan>, CommandError> {
    if given.is_empty() {
        return Ok(resource.clone());
    }
    let mut checked = connector.resources.iter();
    let checked = checked.find(|checked| checked.plan.name == resource.name);
    let of_path = checked.map_or(&[][..], |checked| &checked.path_params);
    for (name, _) in given {
        if of_path.contains(name) {
            return Err(CommandError::usage(format!(
                "the parameter `{name}` of `{}` is part of its path and cannot be set by `--param`\n  help: declare \
                 it as a setting, `{{config.{name}}}`, and set that by `--config`",
                resource.name
            )));
        }
        if let Some((owner, help)) = owner(&connector.plan, resource, name) {
            return Err(CommandError::usage(format!(
                "the parameter `{name}` of `{}` is set by {owner}\n  help: {help}",
                resource.name
            )));
        }
    }
    let is_given = |param: &&Param| given.iter().any(|(name, _)| *name == param.name);
    let own = resource.params.iter().filter(|param| !is_given(param));
    let given = given.iter().map(|(name, value)| Param {
        name: name.clone().into(),
        value: Template(vec![Part::Text(value.clone().into())].into()),
    });
    Ok(Ref::from(ResourcePlan {
        params: own.cloned().chain(given).collect(),
        ..ResourcePlan::clone(resource)
    }))
}

/// The part of the spec that sets this parameter, and what to do instead of `--param`.
fn owner(
    plan: &SourcePlan,
    resource: &ResourcePlan,
    name: &str,
) -> Option<(&'static str, &'static str)> {
    if is_of_paginator(&resource.paginator.kind, name) {
        return Some((
            "its paginator",
            "it selects the page; `--limit` limits the records",
        ));
    }
    let choices = plan.choices.iter().map(|choice| &*choice.auth);
    let auth = resource.auth.as_deref();
    let is_choice = matches!(auth, Some(Auth::OneOf));
    let mut auths = auth.into_iter().chain(choices.filter(|_| is_choice));
    if auths.any(|auth| auth.query_param().is_some_and(|own| own == name)) {
        return Some(("its auth", "credentials come from the environment"));
    }
    let is_placeholder =
        |part: &Part| matches!(part.source(), Part::IncrementalStart | Part::IncrementalEnd);
    let is_secret = |part: &Part| matches!(part.source(), Part::Secret(_));
    let own = resource.params.iter().filter(|param| param.name == name);
    let holds = |is: fn(&Part) -> bool| own.clone().any(|param| param.value.0.iter().any(is));
    if holds(is_secret) {
        return Some(("a secret", "credentials come from the environment"));
    }
    if holds(is_placeholder) || is_of_incremental(resource.incremental.as_ref(), name) {
        return Some((
            "its `incremental`",
            "`--state` resumes from an earlier fetch",
        ));
    }
    None
}

fn is_of_paginator(pages: &Pages, name: &str) -> bool {
    let slots = pages.slots();
    slots
        .iter()
        .any(|slot| matches!(slot, Slot::Query(own) if *own == name))
}

fn is_of_incremental(incremental: Option<&Incremental>, name: &str) -> bool {
    incremental.is_some_and(|one| {
        let mut params = [&one.start_param, &one.end_param].into_iter().flatten();
        params.any(|param| *param == *name)
    })
}
