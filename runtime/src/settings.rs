//! The secrets and settings of a source, given or from the environment.

mod setting_type;
#[cfg(test)]
mod tests;

pub(crate) use setting_type::values as setting_values;

use crate::{
    Error, ErrorKind, Result, Scalar, Secret,
    plan::{ConfigPlan, ConfigType, SecretPlan, SourcePlan},
    shared::Text,
};

/// The values of a generated struct, in the order of its plan.
///
/// Generated code implements it for `Secrets` and `Config`; `()` is for a source without them.
pub trait Values<T> {
    /// The values, in order.
    fn values(self) -> Vec<T>;

    /// Which of the plan's [`choices`](SourcePlan::choices) they are for, where it has any. Then they
    /// are those of this choice alone.
    fn choice(&self) -> Option<usize> {
        None
    }
}

impl<T> Values<T> for Vec<T> {
    fn values(self) -> Vec<T> {
        self
    }
}

impl<T> Values<T> for () {
    fn values(self) -> Vec<T> {
        Vec::new()
    }
}

/// A variable of the environment. An empty one counts as unset.
pub(crate) enum Variable {
    Unset,
    Set(String),
    NotUnicode,
}

/// The process's environment.
pub(crate) fn environment(name: &str) -> Variable {
    match std::env::var(name) {
        Ok(value) if value.is_empty() => Variable::Unset,
        Ok(value) => Variable::Set(value),
        Err(std::env::VarError::NotPresent) => Variable::Unset,
        Err(std::env::VarError::NotUnicode(_)) => Variable::NotUnicode,
    }
}

/// The values of a source, in the order of its plan.
#[derive(Debug)]
pub struct Settings {
    /// One that belongs to a choice that was not made is empty, as none that is given may be.
    pub secrets: Vec<Secret>,
    /// Which of the plan's choices was made.
    pub choice: Option<usize>,
    /// Those of the plan's `config`, in its order.
    pub config: Vec<Scalar>,
}

/// Secrets that the user gave, and the choice that they are for.
#[derive(Clone, Debug)]
pub struct GivenSecrets {
    /// Which of the plan's choices they are for.
    pub choice: Option<usize>,
    /// In the order of the plan.
    pub values: Vec<Secret>,
}

impl GivenSecrets {
    /// Those of a generated struct or enum.
    pub fn of(secrets: impl Values<Secret>) -> Self {
        Self {
            choice: secrets.choice(),
            values: secrets.values(),
        }
    }
}

/// The secrets and settings of a source, in the order of its plan: those given, all of them or, as
/// text, some by their `named` ones, and the others from `env`.
///
/// # Errors
///
/// One error names everything that is missing or wrong.
pub(crate) fn resolve(
    plan: &SourcePlan,
    secrets: Option<GivenSecrets>,
    config: Option<Vec<Scalar>>,
    named: &[(String, String)],
    env: &dyn Fn(&str) -> Variable,
) -> Result<Settings> {
    let mut mistakes = Vec::new();
    let choice = match &secrets {
        Some(given) => given.choice,
        None if plan.choices.is_empty() => None,
        None => chosen(plan, env, &mut mistakes),
    };
    let needed = needed(plan, choice);
    let secrets = match secrets {
        Some(given) => check_secrets(plan, &needed, given.values, &mut mistakes),
        None => read_secrets(plan, &needed, env, &mut mistakes),
    };
    let config = match config {
        Some(given) => check_config(&plan.config, given, &mut mistakes),
        None => read_config(&plan.config, named, env, &mut mistakes),
    };
    if mistakes.is_empty() {
        return Ok(Settings {
            secrets: in_place(plan, choice, secrets),
            choice,
            config,
        });
    }
    let message = format!(
        "secrets or settings of `{}` are missing or wrong",
        plan.name
    );
    let error = Error::new(ErrorKind::Config, message);
    Err(mistakes
        .into_iter()
        .fold(error, Error::with_detail)
        .with_help("set the variables, or give the values to the builder"))
}

/// Secrets that were given by name, each under the variable that it stands in the place of.
///
/// # Errors
///
/// When the plan has no secret of such a name.
pub(crate) fn in_place_of_variables<'a>(
    plan: &'a SourcePlan,
    given: &'a [(String, Secret)],
) -> Result<Vec<(&'a str, &'a Secret)>> {
    let variable = |(name, secret): &'a (String, Secret)| {
        let plan = plan.secrets.iter().find(|plan| *plan.name == **name);
        let plan = plan.ok_or_else(|| {
            let message = format!("the source has no secret `{name}`");
            Error::new(ErrorKind::Config, message)
        })?;
        Ok((&*plan.env, secret))
    };
    given.iter().map(variable).collect()
}

/// The choice whose secrets are all in the environment.
fn chosen(
    plan: &SourcePlan,
    env: &dyn Fn(&str) -> Variable,
    mistakes: &mut Vec<String>,
) -> Option<usize> {
    let is_missing = |secret: &&SecretPlan| matches!(env(&secret.env), Variable::Unset);
    let missing: Vec<Vec<&SecretPlan>> = (0..plan.choices.len())
        .map(|choice| needed(plan, Some(choice)))
        .map(|needed| needed.into_iter().filter(is_missing).collect())
        .collect();
    let names = |choices: &[usize]| {
        let names = choices.iter().filter_map(|at| plan.choices.get(*at));
        let names: Vec<String> = names.map(|choice| format!("`{}`", choice.name)).collect();
        names.join(" and ")
    };
    let is_complete = |(at, missing): (usize, &Vec<&SecretPlan>)| missing.is_empty().then_some(at);
    let complete: Vec<usize> = missing.iter().enumerate().filter_map(is_complete).collect();
    match complete.as_slice() {
        [only] => return Some(*only),
        several if let Some(widest) = widest(plan, several) => return Some(widest),
        [] => mistakes.extend(missing.iter().enumerate().map(|(at, missing)| {
            let missing: Vec<String> = missing.iter().map(|s| format!("`{}`", s.env)).collect();
            format!("for {} set {}", names(&[at]), missing.join(" and "))
        })),
        several => mistakes.push(format!(
            "the variables of {} are set, where one is to be chosen: give `Secrets` to the builder, \
             or set those of one alone",
            names(several)
        )),
    }
    None
}

/// The choice that needs all that the others of these need, and more: who sets its variables sets theirs, too.
fn widest(plan: &SourcePlan, choices: &[usize]) -> Option<usize> {
    let needed = |choice: usize| needed(plan, Some(choice));
    let is_wider = |one: usize, other: usize| {
        let (one, other) = (needed(one), needed(other));
        one.len() > other.len() && other.iter().all(|secret| one.contains(secret))
    };
    let mut candidates = choices.iter().copied();
    candidates.find(|one| {
        choices
            .iter()
            .all(|other| other == one || is_wider(*one, *other))
    })
}

/// The secrets that a choice needs; all of them where there is nothing to choose, and none while
/// nothing was chosen.
pub fn needed(plan: &SourcePlan, choice: Option<usize>) -> Vec<&SecretPlan> {
    if plan.choices.is_empty() {
        return plan.secrets.iter().collect();
    }
    let choice = choice.and_then(|choice| plan.choices.get(choice));
    let positions = choice.map_or(&[][..], |choice| &choice.secrets).iter();
    let secrets = positions.filter_map(|at| plan.secrets.get(usize::from(*at)));
    secrets.collect()
}

/// The secrets of a choice, each where the plan has it, and empty ones between them.
fn in_place(plan: &SourcePlan, choice: Option<usize>, secrets: Vec<Secret>) -> Vec<Secret> {
    let Some(choice) = choice.and_then(|choice| plan.choices.get(choice)) else {
        return secrets;
    };
    let mut all = vec![Secret::from(""); plan.secrets.len()];
    for (at, secret) in choice.secrets.iter().zip(secrets) {
        if let Some(place) = all.get_mut(usize::from(*at)) {
            *place = secret;
        }
    }
    all
}

fn check_secrets(
    source: &SourcePlan,
    plans: &[&SecretPlan],
    given: Vec<Secret>,
    mistakes: &mut Vec<String>,
) -> Vec<Secret> {
    if given.len() != plans.len() {
        mistakes.push(count_mistake("secrets", plans.len(), given.len()));
    }
    for (plan, secret) in plans.iter().zip(&given) {
        if let Some(what) = wrong_secret(source, plan, secret.expose()) {
            mistakes.push(format!("secret `{}` {what}", plan.name));
        }
    }
    given
}

fn read_secrets(
    source: &SourcePlan,
    plans: &[&SecretPlan],
    env: &dyn Fn(&str) -> Variable,
    mistakes: &mut Vec<String>,
) -> Vec<Secret> {
    let mut secrets = Vec::with_capacity(plans.len());
    for plan in plans {
        let what = match env(&plan.env) {
            Variable::Unset => "is not set".to_owned(),
            Variable::NotUnicode => "is not Unicode".to_owned(),
            Variable::Set(value) => {
                let Some(what) = wrong_secret(source, plan, &value) else {
                    secrets.push(value.into());
                    continue;
                };
                what.to_owned()
            }
        };
        mistakes.push(format!(
            "`{}` {what}: secret `{}`{}",
            plan.env,
            plan.name,
            described(plan.description.as_deref())
        ));
    }
    secrets
}

/// What is wrong with a secret that no API can have issued. A key in PEM has lines.
fn wrong_secret(source: &SourcePlan, plan: &SecretPlan, value: &str) -> Option<&'static str> {
    let is_key = || source.signed_with(&plan.name).is_some();
    if value.is_empty() {
        Some("is empty")
    } else if value.chars().any(char::is_control) && !is_key() {
        Some("holds a line break or another control character")
    } else {
        None
    }
}

fn check_config(
    plans: &[ConfigPlan],
    given: Vec<Scalar>,
    mistakes: &mut Vec<String>,
) -> Vec<Scalar> {
    if given.len() != plans.len() {
        mistakes.push(count_mistake("settings", plans.len(), given.len()));
    }
    for (plan, value) in plans.iter().zip(&given) {
        let is_absent = plan.optional && *value == Scalar::Null;
        if !is_absent && !value.is_setting_of(&plan.data_type) {
            mistakes.push(format!(
                "setting `{}` must be {}, found `{value}`",
                plan.name,
                expected(&plan.data_type)
            ));
        }
    }
    given
}

fn read_config(
    plans: &[ConfigPlan],
    named: &[(String, String)],
    env: &dyn Fn(&str) -> Variable,
    mistakes: &mut Vec<String>,
) -> Vec<Scalar> {
    for (name, _) in named {
        if plans.iter().all(|plan| *plan.name != **name) {
            mistakes.push(unknown(name, plans));
        }
    }
    let mut config = Vec::with_capacity(plans.len());
    for plan in plans {
        let given = named.iter().rev().find(|(name, _)| **name == *plan.name);
        let found = match (given, env(&plan.env)) {
            (Some((_, value)), _) => Some(value.clone()),
            (None, Variable::Set(value)) => Some(value),
            (None, Variable::Unset) => plan.default.as_ref().map(ToString::to_string),
            (None, Variable::NotUnicode) => {
                mistakes.push(format!("`{}` is not Unicode", plan.env));
                continue;
            }
        };
        let Some(found) = found else {
            if plan.optional {
                config.push(Scalar::Null);
                continue;
            }
            mistakes.push(format!(
                "`{}` is not set: setting `{}`, {}{}",
                plan.env,
                plan.name,
                expected(&plan.data_type),
                described(plan.description.as_deref())
            ));
            continue;
        };
        match Scalar::parse(&plan.data_type, &found) {
            Some(value) => config.push(value),
            None => mistakes.push(format!(
                "{} must be {}, found `{found}`",
                match given {
                    Some((name, _)) => format!("setting `{name}`"),
                    None => format!("`{}`", plan.env),
                },
                expected(&plan.data_type)
            )),
        }
    }
    config
}

fn unknown(name: &str, plans: &[ConfigPlan]) -> String {
    let names: Vec<_> = plans.iter().map(|plan| plan.name.as_str()).collect();
    if names.is_empty() {
        return format!("there is no setting `{name}`: there are none");
    }
    format!(
        "there is no setting `{name}`: there is `{}`",
        names.join("`, `")
    )
}

fn count_mistake(what: &str, expected: usize, found: usize) -> String {
    format!("{expected} {what} expected, {found} given")
}

fn described(description: Option<&str>) -> String {
    description.map_or_else(String::new, |text| format!(" ({})", text.trim()))
}

/// The words of a list in one text.
fn joined(words: &[Text]) -> String {
    let words: Vec<&str> = words.iter().map(Text::as_str).collect();
    words.join("`, `")
}

/// A type, as a message names it.
fn expected(data_type: &ConfigType) -> String {
    match data_type {
        ConfigType::Text => "a text".to_owned(),
        ConfigType::Bigint => "a bigint".to_owned(),
        ConfigType::Double => "a double".to_owned(),
        ConfigType::Bool => "`true` or `false`".to_owned(),
        ConfigType::Date => "a date like `2026-11-21`".to_owned(),
        ConfigType::Timestamp => "a timestamp like `2026-11-21T09:30:00Z`".to_owned(),
        ConfigType::Enum(words) => format!("one of `{}`", joined(words)),
        ConfigType::List(item) => match &**item {
            ConfigType::Enum(words) => format!("a list of `{}`", joined(words)),
            ConfigType::Bigint => "a list, `1,2` or `[1, 2]`".to_owned(),
            ConfigType::Double => "a list, `0.5,1` or `[0.5, 1]`".to_owned(),
            ConfigType::Bool => "a list, `true,false`".to_owned(),
            ConfigType::Date => "a list, `2026-11-21,2026-11-22`".to_owned(),
            ConfigType::Timestamp => {
                "a list, `2026-11-21T09:30:00Z,2026-11-22T09:30:00Z`".to_owned()
            }
            _ => "a list, `a,b` or `[\"a\", \"b\"]`".to_owned(),
        },
    }
}
