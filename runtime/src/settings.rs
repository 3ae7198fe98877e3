//! The values a source is made with: its secrets and settings, given or from the environment.

mod config_value;

use crate::{
    Error, ErrorKind, Result, Secret,
    plan::{ConfigPlan, ConfigType, SecretPlan, SourcePlan},
};

pub use config_value::ConfigValue;

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

/// What the environment says of a variable. An empty one counts as not set.
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
pub(crate) struct Settings {
    /// One that belongs to a choice that was not made is empty, as none that is given may be.
    pub(crate) secrets: Vec<Secret>,
    /// Which of the plan's choices was made.
    pub(crate) choice: Option<usize>,
    pub(crate) config: Vec<ConfigValue>,
}

/// Secrets that the user gave, and the choice that they are for.
pub(crate) struct GivenSecrets {
    pub(crate) choice: Option<usize>,
    pub(crate) values: Vec<Secret>,
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
    config: Option<Vec<ConfigValue>>,
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
        Some(given) => check_secrets(&needed, given.values, &mut mistakes),
        None => read_secrets(&needed, env, &mut mistakes),
    };
    let config = match config {
        Some(given) => check_config(plan.config, given, &mut mistakes),
        None => read_config(plan.config, named, env, &mut mistakes),
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
    plan: &SourcePlan,
    given: &'a [(String, Secret)],
) -> Result<Vec<(&'static str, &'a Secret)>> {
    let variable = |(name, secret): &'a (String, Secret)| {
        let plan = plan.secrets.iter().find(|plan| plan.name == name);
        let plan = plan.ok_or_else(|| {
            let message = format!("the source has no secret `{name}`");
            Error::new(ErrorKind::Config, message)
        })?;
        Ok((plan.env, secret))
    };
    given.iter().map(variable).collect()
}

/// The choice whose secrets are all in the environment.
fn chosen(
    plan: &SourcePlan,
    env: &dyn Fn(&str) -> Variable,
    mistakes: &mut Vec<String>,
) -> Option<usize> {
    let is_missing = |secret: &&SecretPlan| matches!(env(secret.env), Variable::Unset);
    let missing: Vec<Vec<SecretPlan>> = (0..plan.choices.len())
        .map(|choice| needed(plan, Some(choice)))
        .map(|needed| needed.iter().filter(is_missing).copied().collect())
        .collect();
    let names = |choices: &[usize]| {
        let names = choices.iter().filter_map(|at| plan.choices.get(*at));
        let names: Vec<String> = names.map(|choice| format!("`{}`", choice.name)).collect();
        names.join(" and ")
    };
    let is_complete = |(at, missing): (usize, &Vec<SecretPlan>)| missing.is_empty().then_some(at);
    let complete: Vec<usize> = missing.iter().enumerate().filter_map(is_complete).collect();
    match complete.as_slice() {
        [only] => return Some(*only),
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

/// The secrets that a choice needs; all of them where there is nothing to choose, and none while
/// nothing was chosen.
pub(crate) fn needed(plan: &SourcePlan, choice: Option<usize>) -> Vec<SecretPlan> {
    if plan.choices.is_empty() {
        return plan.secrets.to_vec();
    }
    let choice = choice.and_then(|choice| plan.choices.get(choice));
    let positions = choice.map_or(&[][..], |choice| choice.secrets).iter();
    let secrets = positions.filter_map(|at| plan.secrets.get(usize::from(*at)));
    secrets.copied().collect()
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
    plans: &[SecretPlan],
    given: Vec<Secret>,
    mistakes: &mut Vec<String>,
) -> Vec<Secret> {
    if given.len() != plans.len() {
        mistakes.push(count_mistake("secrets", plans.len(), given.len()));
    }
    for (plan, secret) in plans.iter().zip(&given) {
        if let Some(what) = wrong_secret(secret.expose()) {
            mistakes.push(format!("secret `{}` {what}", plan.name));
        }
    }
    given
}

fn read_secrets(
    plans: &[SecretPlan],
    env: &dyn Fn(&str) -> Variable,
    mistakes: &mut Vec<String>,
) -> Vec<Secret> {
    let mut secrets = Vec::with_capacity(plans.len());
    for plan in plans {
        let what = match env(plan.env) {
            Variable::Unset => "is not set".to_owned(),
            Variable::NotUnicode => "is not Unicode".to_owned(),
            Variable::Set(value) => {
                let Some(what) = wrong_secret(&value) else {
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
            described(plan.description)
        ));
    }
    secrets
}

/// What is wrong with a secret that no API can have issued.
fn wrong_secret(value: &str) -> Option<&'static str> {
    if value.is_empty() {
        Some("is empty")
    } else if value.chars().any(char::is_control) {
        Some("holds a line break or another control character")
    } else {
        None
    }
}

fn check_config(
    plans: &[ConfigPlan],
    given: Vec<ConfigValue>,
    mistakes: &mut Vec<String>,
) -> Vec<ConfigValue> {
    if given.len() != plans.len() {
        mistakes.push(count_mistake("settings", plans.len(), given.len()));
    }
    for (plan, value) in plans.iter().zip(&given) {
        if !value.is(plan.data_type) {
            mistakes.push(format!(
                "setting `{}` must be {}, found `{value}`",
                plan.name,
                expected(plan.data_type)
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
) -> Vec<ConfigValue> {
    for (name, _) in named {
        if plans.iter().all(|plan| plan.name != name) {
            mistakes.push(unknown(name, plans));
        }
    }
    let mut config = Vec::with_capacity(plans.len());
    for plan in plans {
        let given = named.iter().rev().find(|(name, _)| name == plan.name);
        let found = match (given, env(plan.env)) {
            (Some((_, value)), _) => Some(value.clone()),
            (None, Variable::Set(value)) => Some(value),
            (None, Variable::Unset) => plan.default.map(str::to_owned),
            (None, Variable::NotUnicode) => {
                mistakes.push(format!("`{}` is not Unicode", plan.env));
                continue;
            }
        };
        let Some(found) = found else {
            mistakes.push(format!(
                "`{}` is not set: setting `{}`, {}{}",
                plan.env,
                plan.name,
                expected(plan.data_type),
                described(plan.description)
            ));
            continue;
        };
        match ConfigValue::parse(plan.data_type, &found) {
            Some(value) => config.push(value),
            None => mistakes.push(format!(
                "{} must be {}, found `{found}`",
                match given {
                    Some((name, _)) => format!("setting `{name}`"),
                    None => format!("`{}`", plan.env),
                },
                expected(plan.data_type)
            )),
        }
    }
    config
}

fn unknown(name: &str, plans: &[ConfigPlan]) -> String {
    let names: Vec<_> = plans.iter().map(|plan| plan.name).collect();
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

/// A type, as a message names it.
fn expected(data_type: ConfigType) -> String {
    match data_type {
        ConfigType::Text => "a text".to_owned(),
        ConfigType::Bigint => "a bigint".to_owned(),
        ConfigType::Double => "a double".to_owned(),
        ConfigType::Bool => "`true` or `false`".to_owned(),
        ConfigType::Date => "a date like `2026-11-21`".to_owned(),
        ConfigType::Timestamp => "a timestamp like `2026-11-21T09:30:00Z`".to_owned(),
        ConfigType::Enum(words) => format!("one of `{}`", words.join("`, `")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::{Auth, Choice};

    const PLAN: SourcePlan = SourcePlan {
        name: "media",
        secrets: &[
            SecretPlan {
                name: "api_key",
                env: "MEDIA_API_KEY",
                description: Some("the key from your account's page"),
            },
            SecretPlan {
                name: "token",
                env: "MEDIA_TOKEN",
                description: None,
            },
        ],
        config: &[
            setting(
                "base_url",
                "MEDIA_BASE_URL",
                ConfigType::Text,
                Some("https://h"),
            ),
            setting("size", "MEDIA_SIZE", ConfigType::Bigint, Some("100")),
            setting("since", "MEDIA_SINCE", ConfigType::Date, None),
            setting(
                "kind",
                "MEDIA_KIND",
                ConfigType::Enum(&["reel", "feed"]),
                Some("reel"),
            ),
        ],
        ..SourcePlan::DEFAULT
    };

    const fn setting(
        name: &'static str,
        env: &'static str,
        data_type: ConfigType,
        default: Option<&'static str>,
    ) -> ConfigPlan {
        ConfigPlan {
            name,
            env,
            data_type,
            default,
            description: None,
        }
    }

    fn from_env(vars: &'static [(&'static str, &'static str)]) -> Result<Settings> {
        resolve(&PLAN, None, None, &[], &variables(vars))
    }

    fn variables(vars: &'static [(&'static str, &'static str)]) -> impl Fn(&str) -> Variable {
        |name| match vars.iter().find(|(var, _)| *var == name) {
            Some((_, "")) | None => Variable::Unset,
            Some((_, value)) => Variable::Set((*value).to_owned()),
        }
    }

    #[test]
    fn what_is_not_given_comes_from_the_environment_or_is_the_default() {
        let found = from_env(&[
            ("MEDIA_API_KEY", "k"),
            ("MEDIA_TOKEN", "t"),
            ("MEDIA_SINCE", "2026-11-21"),
            ("MEDIA_SIZE", "-5"),
        ])
        .unwrap();
        assert_eq!(found.secrets, ["k".into(), "t".into()]);
        assert_eq!(
            found.config,
            [
                "https://h".into(),
                ConfigValue::Bigint(-5),
                ConfigValue::Date("2026-11-21".parse().unwrap()),
                "reel".into(),
            ]
        );
    }

    #[test]
    fn all_that_is_missing_or_wrong_is_named_at_once() {
        let error = from_env(&[
            ("MEDIA_TOKEN", "t0ken\n"),
            ("MEDIA_SIZE", "many"),
            ("MEDIA_KIND", "live"),
        ])
        .unwrap_err();
        assert_eq!(error.kind(), &ErrorKind::Config);
        insta::assert_snapshot!(error, @r"
        secrets or settings of `media` are missing or wrong
          `MEDIA_API_KEY` is not set: secret `api_key` (the key from your account's page)
          `MEDIA_TOKEN` holds a line break or another control character: secret `token`
          `MEDIA_SIZE` must be a bigint, found `many`
          `MEDIA_SINCE` is not set: setting `since`, a date like `2026-11-21`
          `MEDIA_KIND` must be one of `reel`, `feed`, found `live`
          help: set the variables, or give the values to the builder
        ");
        assert!(!error.to_string().contains("t0ken"));
    }

    #[test]
    fn what_is_given_is_checked_and_asks_for_no_variable() {
        let given = |size: ConfigValue, kind: &str| {
            let secrets = GivenSecrets {
                choice: None,
                values: vec!["k".into(), "t".into()],
            };
            let since = ConfigValue::Date("2026-11-21".parse().unwrap());
            let config = vec!["https://h".into(), size, since, kind.into()];
            resolve(&PLAN, Some(secrets), Some(config), &[], &|_| {
                Variable::Unset
            })
        };
        given(5.into(), "feed").unwrap();
        let error = given("5".into(), "live").unwrap_err();
        insta::assert_snapshot!(error, @r"
        secrets or settings of `media` are missing or wrong
          setting `size` must be a bigint, found `5`
          setting `kind` must be one of `reel`, `feed`, found `live`
          help: set the variables, or give the values to the builder
        ");
    }

    #[test]
    fn a_setting_given_by_name_stands_before_the_environment() {
        let env = variables(&[
            ("MEDIA_API_KEY", "k"),
            ("MEDIA_TOKEN", "t"),
            ("MEDIA_SINCE", "2026-11-21"),
            ("MEDIA_SIZE", "5"),
        ]);
        let with = |name: &str, value: &str| {
            let named = [(name.to_owned(), value.to_owned())];
            resolve(&PLAN, None, None, &named, &env)
        };
        assert_eq!(with("size", "7").unwrap().config[1], ConfigValue::Bigint(7));
        assert_eq!(
            with("kind", "feed").unwrap().config[1],
            ConfigValue::Bigint(5)
        );
        let error = with("size", "many").unwrap_err().to_string();
        assert!(error.contains("setting `size` must be a bigint"), "{error}");
        let error = with("sise", "7").unwrap_err().to_string();
        assert!(error.contains("there is no setting `sise`"), "{error}");
    }

    const CHOICES: SourcePlan = SourcePlan {
        config: &[],
        choices: &[choice("key", &[0, 2]), choice("oauth", &[1, 2])],
        secrets: &[
            secret("api_key", "MEDIA_API_KEY"),
            secret("token", "MEDIA_TOKEN"),
            secret("tenant", "MEDIA_TENANT"),
        ],
        ..PLAN
    };

    const fn choice(name: &'static str, secrets: &'static [u16]) -> Choice {
        Choice {
            name,
            auth: &Auth::OneOf,
            secrets,
        }
    }

    const fn secret(name: &'static str, env: &'static str) -> SecretPlan {
        SecretPlan {
            name,
            env,
            description: None,
        }
    }

    #[test]
    fn the_choice_is_the_one_whose_variables_are_all_set() {
        let chosen = |vars| resolve(&CHOICES, None, None, &[], &variables(vars));
        let found = chosen(&[("MEDIA_TOKEN", "t"), ("MEDIA_TENANT", "x")]).unwrap();
        assert_eq!(found.choice, Some(1));
        assert_eq!(found.secrets, ["".into(), "t".into(), "x".into()]);
        let none = chosen(&[("MEDIA_TOKEN", "t")]).unwrap_err();
        insta::assert_snapshot!(none, @r"
        secrets or settings of `media` are missing or wrong
          for `key` set `MEDIA_API_KEY` and `MEDIA_TENANT`
          for `oauth` set `MEDIA_TENANT`
          help: set the variables, or give the values to the builder
        ");
        let both = chosen(&[
            ("MEDIA_API_KEY", "k"),
            ("MEDIA_TOKEN", "t"),
            ("MEDIA_TENANT", "x"),
        ]);
        insta::assert_snapshot!(both.unwrap_err(), @r"
        secrets or settings of `media` are missing or wrong
          the variables of `key` and `oauth` are set, where one is to be chosen: give `Secrets` to the builder, or set those of one alone
          help: set the variables, or give the values to the builder
        ");
    }

    #[test]
    fn the_secrets_of_the_choice_that_was_given_are_all_that_is_asked_for() {
        let given = |choice, values: &[&str]| {
            let values = values.iter().map(|value| Secret::from(*value)).collect();
            let choice = Some(choice);
            let given = GivenSecrets { choice, values };
            resolve(&CHOICES, Some(given), None, &[], &|_| Variable::Unset)
        };
        let found = given(0, &["k", "x"]).unwrap();
        assert_eq!(found.choice, Some(0));
        assert_eq!(found.secrets, ["k".into(), "".into(), "x".into()]);
        let error = given(1, &["", "x"]).unwrap_err();
        assert!(
            error.to_string().contains("secret `token` is empty"),
            "{error}"
        );
    }
}
