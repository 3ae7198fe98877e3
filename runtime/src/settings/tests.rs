use std::sync::LazyLock;

use super::*;
use crate::{
    Scalar,
    plan::{Auth, Choice},
    shared::{Ref::Static, list},
};

static PLAN: LazyLock<SourcePlan> = LazyLock::new(|| SourcePlan {
    name: Static("media"),
    secrets: list![
        SecretPlan {
            name: Static("api_key"),
            env: Static("MEDIA_API_KEY"),
            description: Some(Static("the key from your account's page")),
        },
        SecretPlan {
            name: Static("token"),
            env: Static("MEDIA_TOKEN"),
            description: None,
        },
    ],
    config: vec![
        setting(
            "base_url",
            "MEDIA_BASE_URL",
            ConfigType::Text,
            Some(Static("https://h")),
        ),
        setting(
            "size",
            "MEDIA_SIZE",
            ConfigType::Bigint,
            Some(Static("100")),
        ),
        setting("since", "MEDIA_SINCE", ConfigType::Date, None),
        setting(
            "kind",
            "MEDIA_KIND",
            ConfigType::Enum(list![Static("reel"), Static("feed")]),
            Some(Static("reel")),
        ),
    ]
    .into(),
    ..SourcePlan::DEFAULT
});

const fn setting(
    name: &'static str,
    env: &'static str,
    data_type: ConfigType,
    default: Option<Text>,
) -> ConfigPlan {
    ConfigPlan {
        name: Text::of(name),
        env: Text::of(env),
        data_type,
        default,
        ..ConfigPlan::DEFAULT
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
            Scalar::Bigint(-5),
            Scalar::Date("2026-11-21".parse().unwrap()),
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
    let given = |size: Scalar, kind: &str| {
        let secrets = GivenSecrets {
            choice: None,
            values: vec!["k".into(), "t".into()],
        };
        let since = Scalar::Date("2026-11-21".parse().unwrap());
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
    assert_eq!(with("size", "7").unwrap().config[1], Scalar::Bigint(7));
    assert_eq!(with("kind", "feed").unwrap().config[1], Scalar::Bigint(5));
    let error = with("size", "many").unwrap_err().to_string();
    assert!(error.contains("setting `size` must be a bigint"), "{error}");
    let error = with("sise", "7").unwrap_err().to_string();
    assert!(error.contains("there is no setting `sise`"), "{error}");
}

static CHOICES: LazyLock<SourcePlan> = LazyLock::new(|| SourcePlan {
    config: list![],
    choices: list![choice("key", &[0, 2]), choice("oauth", &[1, 2])],
    secrets: list![
        secret("api_key", "MEDIA_API_KEY"),
        secret("token", "MEDIA_TOKEN"),
        secret("tenant", "MEDIA_TENANT"),
    ],
    ..PLAN.clone()
});

const fn choice(name: &'static str, secrets: &'static [u16]) -> Choice {
    Choice {
        name: Text::of(name),
        auth: Static(const { &Auth::OneOf }),
        secrets: Static(secrets),
    }
}

const fn secret(name: &'static str, env: &'static str) -> SecretPlan {
    SecretPlan {
        name: Text::of(name),
        env: Text::of(env),
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
fn of_choices_that_need_the_same_and_more_the_widest_is_chosen() {
    let plan = |choices: &[Choice]| SourcePlan {
        choices: choices.to_vec().into(),
        ..CHOICES.clone()
    };
    let chosen = |plan: &SourcePlan, vars: &'static [(&'static str, &'static str)]| {
        resolve(plan, None, None, &[], &variables(vars)).map(|found| found.choice)
    };
    let nested = plan(&[
        choice("key", &[0]),
        choice("signed", &[0, 1]),
        choice("token", &[1]),
    ]);
    assert_eq!(chosen(&nested, &[("MEDIA_API_KEY", "k")]).unwrap(), Some(0));
    assert_eq!(
        chosen(&nested, &[("MEDIA_API_KEY", "k"), ("MEDIA_TOKEN", "t")]).unwrap(),
        Some(1)
    );
    // Neither needs what the other does.
    let crossed = plan(&[
        choice("one", &[0, 2]),
        choice("other", &[1, 2]),
        choice("tenant", &[2]),
    ]);
    let all = &[
        ("MEDIA_API_KEY", "k"),
        ("MEDIA_TOKEN", "t"),
        ("MEDIA_TENANT", "x"),
    ];
    assert!(chosen(&crossed, all).is_err());
    let same = plan(&[choice("one", &[0]), choice("other", &[0])]);
    assert!(chosen(&same, &[("MEDIA_API_KEY", "k")]).is_err());
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
