//! Secrets and settings for a source that nobody gave any.

use rest_source::{
    __private::mock::{self, GivenSecrets, Settings, needed},
    Builder, Client, Connector, Error, ErrorKind, Result, Scalar, Secret,
    plan::{ConfigPlan, ConfigType, Part, SourcePlan, Template},
    shared::{Ref, Text},
};

use crate::jwt::dummy_key;

/// The values that a mocked source is made with.
#[derive(Clone)]
pub(crate) struct Dummies {
    choice: Option<usize>,
    secrets: Vec<Secret>,
    config: Vec<Scalar>,
}

impl Dummies {
    /// Those that were given, and others in place of those that were not.
    pub(crate) fn new(
        plan: &SourcePlan,
        secrets: Option<GivenSecrets>,
        config: Option<Vec<Scalar>>,
    ) -> Self {
        let secrets = secrets.unwrap_or_else(|| {
            let choice = (!plan.choices.is_empty()).then_some(0);
            let needed = needed(plan, choice);
            let values = needed
                .iter()
                .map(|secret| match dummy_key(plan, &secret.name) {
                    Some(key) => key.into(),
                    None => format!("mock-{}", secret.name).into(),
                });
            GivenSecrets {
                choice,
                values: values.collect(),
            }
        });
        let dummy = |(at, setting)| dummy(plan, at, setting);
        Self {
            choice: secrets.choice,
            secrets: secrets.values,
            config: config.unwrap_or_else(|| plan.config.iter().enumerate().map(dummy).collect()),
        }
    }

    pub(crate) fn secrets(&self) -> GivenSecrets {
        GivenSecrets {
            choice: self.choice,
            values: self.secrets.clone(),
        }
    }

    /// Gives a setting another value, by its name.
    ///
    /// # Errors
    ///
    /// Where the plan has no such setting, and where the text is not of its type.
    pub(crate) fn set(&mut self, plan: &SourcePlan, name: &str, text: &str) -> Result<()> {
        let wrong = |message: String| Err(Error::new(ErrorKind::Config, message));
        let at = plan.config.iter().position(|setting| setting.name == *name);
        let Some((setting, value)) =
            at.and_then(|at| Some((plan.config.get(at)?, self.config.get_mut(at)?)))
        else {
            return wrong(format!("`{}` has no setting `{name}`", plan.name));
        };
        let Some(given) = Scalar::parse(&setting.data_type, text) else {
            return wrong(format!(
                "the value of the setting `{name}` is not of its type"
            ));
        };
        *value = given;
        Ok(())
    }

    /// The variables of the settings that have no default, each with its value as text.
    pub(crate) fn needed_settings(&self, plan: &SourcePlan) -> Vec<(String, String)> {
        let settings = plan.config.iter().zip(&self.config);
        let needed = settings.filter(|(setting, _)| setting.default.is_none() && !setting.optional);
        needed
            .map(|(setting, value)| (setting.env.to_string(), value.to_string()))
            .collect()
    }

    /// As the source resolves them.
    ///
    /// # Errors
    ///
    /// Where one is not what the plan wants.
    pub(crate) fn resolve(&self, plan: &SourcePlan) -> Result<Settings> {
        mock::resolve(plan, self.secrets(), self.config.clone())
    }

    /// A builder of a client that has them.
    pub(crate) fn client_builder(&self, plan: &Ref<SourcePlan>) -> Builder<Client> {
        mock::client_builder(plan, self.secrets(), self.config.clone())
    }

    /// A builder that has them.
    pub(crate) fn builder<S: Connector>(&self) -> Builder<S> {
        mock::builder(self.secrets(), self.config.clone())
    }
}

/// The value of the setting at this position: the spec's, or one of its type.
fn dummy(plan: &SourcePlan, at: usize, setting: &ConfigPlan) -> Scalar {
    let declared = setting.default.as_deref();
    if let Some(value) = declared.and_then(|text| Scalar::parse(&setting.data_type, text)) {
        return value;
    }
    if setting.optional {
        return Scalar::Null;
    }
    let text = match &setting.data_type {
        ConfigType::List(item) => return list(item),
        ConfigType::Bigint | ConfigType::Double => "1",
        ConfigType::Bool => "true",
        ConfigType::Date => "2026-01-01",
        ConfigType::Timestamp => "2026-01-01T00:00:00Z",
        ConfigType::Enum(words) => words.first().map_or("", Text::as_str),
        ConfigType::Text if begins_a_url(plan, at) => "https://mock.example.com",
        // It may be a part of a host's name.
        ConfigType::Text => return Scalar::Text(setting.name.replace('_', "-")),
    };
    Scalar::parse(&setting.data_type, text).unwrap_or_else(|| text.into())
}

/// A list of two values of this type.
fn list(item: &ConfigType) -> Scalar {
    Scalar::list(match item {
        ConfigType::Bigint | ConfigType::Double => vec![Scalar::from(1), Scalar::from(2)],
        ConfigType::Bool => vec![true.into(), false.into()],
        ConfigType::Date => vec!["2026-01-01".into(), "2026-01-02".into()],
        ConfigType::Timestamp => vec!["2026-01-01T00:00:00Z".into(), "2026-01-02T00:00:00Z".into()],
        ConfigType::Enum(words) => words.iter().take(2).map(|word| (&**word).into()).collect(),
        _ => vec!["a".into(), "b".into()],
    })
}

/// Whether the setting at this position is where a URL of the spec begins.
fn begins_a_url(plan: &SourcePlan, at: usize) -> bool {
    let begins = |template: &Template| match template.0.first() {
        Some(Part::Config(first)) => usize::from(*first) == at,
        _ => false,
    };
    let chosen = plan.choices.iter().map(|choice| &choice.auth);
    let auths = plan
        .resources
        .iter()
        .filter_map(|resource| resource.auth.as_ref());
    begins(&plan.base_url)
        || chosen
            .chain(auths)
            .any(|auth| auth.url().is_some_and(begins))
}
