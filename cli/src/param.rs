//! Query parameters that a resource is fetched with for once.

use rest_source::{
    plan::{
        Auth, Incremental, Location, Pages, Param, Part, ResourcePlan, Slot, SourcePlan, Template,
    },
    shared::Ref,
};
use rest_source_codegen::connector::Connector;

use crate::stop::Stop;

/// The resource with these query parameters, in place of its own of the same names.
///
/// # Errors
///
/// When something else writes such a parameter, or the path holds it.
pub(crate) fn with(
    connector: &Connector,
    plan: &SourcePlan,
    resource: &Ref<ResourcePlan>,
    given: &[(String, String)],
) -> Result<Ref<ResourcePlan>, Stop> {
    if given.is_empty() {
        return Ok(resource.clone());
    }
    let mut checked = connector.resources.iter();
    let checked = checked.find(|checked| checked.name == resource.name);
    let of_path = checked.map_or(&[][..], |checked| &checked.path_params);
    for (name, _) in given {
        if of_path.contains(name) {
            return Err(Stop::usage(format!(
                "the parameter `{name}` of `{}` stands in its path, where it cannot be set\n  help: make \
                 it a setting of the spec, `{{config.{name}}}`, and give that by `--config`",
                resource.name
            )));
        }
        if let Some((owner, help)) = owner(plan, resource, name) {
            return Err(Stop::usage(format!(
                "the parameter `{name}` of `{}` is written by {owner}\n  help: {help}",
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

/// What writes a parameter of this name on its own, and what to do instead of setting it.
fn owner(
    plan: &SourcePlan,
    resource: &ResourcePlan,
    name: &str,
) -> Option<(&'static str, &'static str)> {
    if is_of_paginator(&resource.paginator.kind, name) {
        return Some((
            "its paginator",
            "it says which page is asked for; `--limit` is the most records to fetch",
        ));
    }
    let choices = plan.choices.iter().map(|choice| &*choice.auth);
    let auth = resource.auth.as_deref();
    let is_choice = matches!(auth, Some(Auth::OneOf));
    let mut auths = auth.into_iter().chain(choices.filter(|_| is_choice));
    if auths.any(|auth| is_of_auth(auth, name)) {
        return Some(("its auth", "credentials come from the environment"));
    }
    let is_placeholder =
        |part: &Part| matches!(part, Part::IncrementalStart | Part::IncrementalEnd);
    let is_secret = |part: &Part| matches!(part, Part::Secret(_));
    let own = resource.params.iter().filter(|param| param.name == name);
    let holds = |is: fn(&Part) -> bool| own.clone().any(|param| param.value.0.iter().any(is));
    if holds(is_secret) {
        return Some(("a secret", "credentials come from the environment"));
    }
    if holds(is_placeholder) || is_of_incremental(resource.incremental.as_ref(), name) {
        return Some((
            "its `incremental`",
            "`--state` goes on from where a fetch has come",
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

fn is_of_auth(auth: &Auth, name: &str) -> bool {
    match auth {
        Auth::ApiKey {
            name: own,
            location: Location::Query,
            ..
        } => *own == name,
        _ => false,
    }
}

fn is_of_incremental(incremental: Option<&Incremental>, name: &str) -> bool {
    incremental.is_some_and(|one| {
        let mut params = [&one.start_param, &one.end_param].into_iter().flatten();
        params.any(|param| *param == *name)
    })
}
