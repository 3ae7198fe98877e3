//! The source: its secrets and settings, its plan, and the client with a method per resource.

use std::time::Duration;

use proc_macro2::{Ident, Literal, TokenStream};
use quote::quote;

use crate::{
    connector::{Choice, Config, ConfigType, Connector, EnumType, Retry, Secret},
    item::Item,
};

use super::{
    docs::{Docs, code},
    names::{commas, each, float, ident, integer, list, option, plan_ident, text},
    plan::{Fields, auth, duration, params, rate_limit, retry, template},
    resources::fetch,
    words,
};

/// `Secrets`, where the spec uses any.
pub(super) fn secrets(connector: &Connector) -> Option<TokenStream> {
    let secrets = &connector.secrets;
    if secrets.is_empty() || !connector.choices.is_empty() {
        return choices(connector);
    }
    let fields = each(secrets, |secret| {
        let (docs, ident) = (secret_docs(secret), ident(&secret.ident));
        quote!(#docs pub #ident: __rs::Secret,)
    });
    let values = commas(secrets, |secret| {
        let ident = ident(&secret.ident);
        quote!(self.#ident)
    });
    Some(quote! {
        #[doc = " The secrets that the source needs. Its `Debug` shows none of them."]
        #[derive(Clone, Debug)]
        pub struct Secrets {
            #fields
        }
        impl __rs::Values<__rs::Secret> for Secrets {
            fn values(self) -> Vec<__rs::Secret> {
                ::std::vec![#values]
            }
        }
    })
}

/// `Secrets` where there is a choice: a variant for each, with the secrets that it needs.
fn choices(connector: &Connector) -> Option<TokenStream> {
    if connector.choices.is_empty() {
        return None;
    }
    let (mut variants, mut positions, mut values) =
        (TokenStream::new(), TokenStream::new(), TokenStream::new());
    for (at, choice) in connector.choices.iter().enumerate() {
        let (at, variant) = (Literal::usize_unsuffixed(at), ident(&choice.ident));
        let docs = Docs::default().ours(&[&format!("The choice {}.", code(&choice.name))]);
        let secret = |at: &u16| connector.secrets.get(usize::from(*at));
        let fields = commas(&choice.secrets, |at| {
            let docs = secret(at).map(secret_docs);
            let field = secret(at).map(|secret| ident(&secret.ident));
            quote!(#docs #field: __rs::Secret)
        });
        let names = commas(&choice.secrets, |at| {
            let field = secret(at).map(|secret| ident(&secret.ident));
            quote!(#field)
        });
        variants.extend(quote!(#docs #variant { #fields },));
        positions.extend(quote!(Self::#variant { .. } => #at,));
        values.extend(quote!(Self::#variant { #names } => ::std::vec![#names],));
    }
    Some(quote! {
        #[doc = " The secrets that the source needs, by the choice of how it proves who asks. Its"]
        #[doc = " `Debug` shows none of them."]
        #[derive(Clone, Debug)]
        pub enum Secrets {
            #variants
        }
        impl __rs::Values<__rs::Secret> for Secrets {
            fn choice(&self) -> Option<usize> {
                Some(match self {
                    #positions
                })
            }
            fn values(self) -> Vec<__rs::Secret> {
                match self {
                    #values
                }
            }
        }
    })
}

fn secret_docs(secret: &Secret) -> Docs {
    let remark = format!("From the environment: {}.", code(&secret.env));
    Docs::with_remark(secret.description.as_deref(), &remark)
}

/// `Config`, where the spec has settings, and the enums of its fields.
pub(super) fn config(settings: &[Config]) -> Option<TokenStream> {
    if settings.is_empty() {
        return None;
    }
    let fields = each(settings, |setting| {
        let docs = setting_docs(setting);
        let (ident, of) = (ident(&setting.ident), config_type(&setting.data_type));
        quote!(#docs pub #ident: #of,)
    });
    let values = commas(settings, |setting| {
        let field = ident(&setting.ident);
        if matches!(setting.data_type, ConfigType::Enum(_)) {
            quote!(self.#field.as_str().into())
        } else {
            quote!(self.#field.into())
        }
    });
    let default = defaults(settings);
    let enums = each(settings, |setting| match &setting.data_type {
        ConfigType::Enum(words) => config_enum(words, &setting.name),
        _ => TokenStream::new(),
    });
    Some(quote! {
        #[doc = " The settings of the source."]
        #[derive(Clone, Debug, PartialEq)]
        pub struct Config {
            #fields
        }
        #default
        impl __rs::Values<__rs::Scalar> for Config {
            fn values(self) -> Vec<__rs::Scalar> {
                ::std::vec![#values]
            }
        }
        #enums
    })
}

fn setting_docs(setting: &Config) -> Docs {
    let default = match setting.default.as_deref() {
        Some(text) => format!("; {} by default", code(text)),
        None => String::new(),
    };
    let remark = format!("From the environment: {}{default}.", code(&setting.env));
    Docs::with_remark(setting.description.as_deref(), &remark)
}

/// `Default`, where every setting has one.
fn defaults(settings: &[Config]) -> Option<TokenStream> {
    let mut fields = TokenStream::new();
    for setting in settings {
        let (ident, default) = (ident(&setting.ident), default(setting)?);
        fields.extend(quote!(#ident: #default,));
    }
    Some(quote! {
        impl Default for Config {
            fn default() -> Self {
                Self { #fields }
            }
        }
    })
}

fn config_enum(words: &EnumType, setting: &str) -> TokenStream {
    let docs = Docs::default().ours(&[&format!("What the setting {} may be.", code(setting))]);
    words::definition(words, &docs)
}

fn config_type(data_type: &ConfigType) -> TokenStream {
    match data_type {
        ConfigType::Text => quote!(String),
        ConfigType::Bigint => quote!(i64),
        ConfigType::Double => quote!(f64),
        ConfigType::Bool => quote!(bool),
        ConfigType::Date => quote!(__rs::Date),
        ConfigType::Timestamp => quote!(__rs::Timestamp),
        ConfigType::Enum(words) => {
            let name = ident(&words.ident);
            quote!(#name)
        }
    }
}

/// The setting's default as an expression. Nothing for a type that no constant is written of, or
/// for a setting that must be given.
fn default(setting: &Config) -> Option<TokenStream> {
    let text = setting.default.as_deref()?;
    match &setting.data_type {
        ConfigType::Text => Some(quote!(#text.to_owned())),
        ConfigType::Bigint => text.parse::<i64>().ok().map(integer),
        ConfigType::Double => text.parse().ok().filter(|n: &f64| n.is_finite()).map(float),
        ConfigType::Bool => text.parse::<bool>().ok().map(|yes| quote!(#yes)),
        ConfigType::Enum(words) => {
            let value = words.values.iter().find(|value| value.value == text)?;
            let (name, variant) = (ident(&words.ident), ident(&value.ident));
            Some(quote!(#name::#variant))
        }
        ConfigType::Date | ConfigType::Timestamp => None,
    }
}

/// The static of the credentials at this position.
pub(super) fn auth_ident(connector: &Connector, at: usize) -> Ident {
    if connector.auths.len() == 1 {
        ident("AUTH")
    } else {
        ident(&format!("AUTH_{}", at + 1))
    }
}

/// The source's plan, and the credentials that the resources' plans name.
pub(super) fn plan(connector: &Connector) -> TokenStream {
    let mut fields = Fields::default();
    fields.set("name", text(&connector.name));
    fields.set("spec", text(&connector.spec));
    if !connector.choices.is_empty() {
        fields.set("choices", list(&connector.choices, choice_plan));
    }
    if !connector.secrets.is_empty() {
        fields.set("secrets", list(&connector.secrets, secret_plan));
    }
    if !connector.config.is_empty() {
        fields.set("config", list(&connector.config, config_plan));
    }
    fields.set("base_url", template(&connector.base_url));
    if !connector.headers.is_empty() {
        fields.set("headers", params(&connector.headers));
    }
    if connector.retry != Retry::default() {
        fields.set("retry", retry(&connector.retry));
    }
    fields.some("rate_limit", connector.rate_limit.map(rate_limit));
    if connector.connect_timeout != Duration::from_secs(10) {
        fields.set("connect_timeout", duration(connector.connect_timeout));
    }
    if connector.request_timeout != Duration::from_secs(60) {
        fields.set("request_timeout", duration(connector.request_timeout));
    }
    if connector.concurrency != 4 {
        fields.set("concurrency", integer(connector.concurrency));
    }
    if connector.max_response_bytes != 64 << 20 {
        fields.set("max_response_bytes", integer(connector.max_response_bytes));
    }
    if !connector.allow_origins.is_empty() {
        let origins = list(&connector.allow_origins, |origin| text(origin));
        fields.set("allow_origins", origins);
    }
    let resources = list(&connector.resources, |resource| {
        let plan = plan_ident(&resource.ident);
        quote!(__rs::Static(&#plan))
    });
    fields.set("resources", resources);
    let plan = fields.over(
        &quote!(__rs::SourcePlan),
        &quote!(__rs::SourcePlan::DEFAULT),
    );
    let mut auths = TokenStream::new();
    for (at, credentials) in connector.auths.iter().enumerate() {
        let (name, credentials) = (auth_ident(connector, at), auth(credentials));
        auths.extend(quote!(static #name: __rs::Auth = #credentials;));
    }
    quote! {
        static PLAN: __rs::SourcePlan = #plan;
        #auths
    }
}

fn choice_plan(choice: &Choice) -> TokenStream {
    let (name, auth) = (text(&choice.name), auth(&choice.auth));
    let secrets = list(&choice.secrets, |at| {
        let at = Literal::u16_unsuffixed(*at);
        quote!(#at)
    });
    quote!(__rs::Choice { name: #name, auth: __rs::Static(&#auth), secrets: #secrets })
}

fn secret_plan(secret: &Secret) -> TokenStream {
    let (name, env) = (text(&secret.name), text(&secret.env));
    let description = option(secret.description.as_deref().map(text));
    quote!(__rs::SecretPlan { name: #name, env: #env, description: #description })
}

fn config_plan(setting: &Config) -> TokenStream {
    let (name, env) = (text(&setting.name), text(&setting.env));
    let data_type = match &setting.data_type {
        ConfigType::Text => quote!(__rs::ConfigType::Text),
        ConfigType::Bigint => quote!(__rs::ConfigType::Bigint),
        ConfigType::Double => quote!(__rs::ConfigType::Double),
        ConfigType::Bool => quote!(__rs::ConfigType::Bool),
        ConfigType::Date => quote!(__rs::ConfigType::Date),
        ConfigType::Timestamp => quote!(__rs::ConfigType::Timestamp),
        ConfigType::Enum(words) => {
            let words = ident(&words.ident);
            quote!(__rs::ConfigType::Enum(#words::WORDS))
        }
    };
    let default = option(setting.default.as_deref().map(text));
    let description = option(setting.description.as_deref().map(text));
    quote! {
        __rs::ConfigPlan {
            name: #name,
            env: #env,
            data_type: #data_type,
            default: #default,
            description: #description,
        }
    }
}

/// `Source`, with a method per resource.
pub(super) fn source(connector: &Connector, own: &[Item], has_hooks: bool) -> TokenStream {
    let docs = Docs::default()
        .theirs(connector.description.as_deref())
        .ours(&[&format!(
            "The source {}. Clones share its connections, token, rate limit and requests in flight.",
            code(&connector.name)
        )]);
    let secrets = unit_or(
        "Secrets",
        connector.secrets.is_empty() && connector.choices.is_empty(),
    );
    let config = unit_or("Config", connector.config.is_empty());
    let fetches = each(&connector.resources, |resource| {
        fetch(connector, resource, own)
    });
    let from_env = from_env_docs(connector);
    let hooks = has_hooks.then(|| {
        quote!(
            fn hooks() -> &'static __rs::Hooks {
                &HOOKS
            }
        )
    });
    quote! {
        #docs
        #[derive(Clone, Debug)]
        pub struct Source {
            client: __rs::Client,
        }
        impl __rs::Connector for Source {
            type Secrets = #secrets;
            type Config = #config;
            fn plan() -> __rs::Ref<__rs::SourcePlan> {
                __rs::Static(&PLAN)
            }
            #hooks
            fn from_client(client: __rs::Client) -> Self {
                Self { client }
            }
            fn client(&self) -> &__rs::Client {
                &self.client
            }
        }
        impl Source {
            #from_env
            pub fn from_env() -> __rs::Result<Self> {
                Self::builder().build()
            }
            #[doc = " A source made step by step. What is not given comes from the environment."]
            #[must_use]
            pub fn builder() -> __rs::Builder<Self> {
                __rs::Builder::new()
            }
            #fetches
        }
    }
}

fn unit_or(name: &str, unit: bool) -> TokenStream {
    if unit {
        quote!(())
    } else {
        let name = ident(name);
        quote!(#name)
    }
}

fn from_env_docs(connector: &Connector) -> Docs {
    let mut variables = Vec::new();
    for secret in &connector.secrets {
        variables.push(code(&secret.env));
    }
    for setting in &connector.config {
        variables.push(code(&setting.env));
    }
    let first = if variables.is_empty() {
        "A source that needs nothing from the environment.".to_owned()
    } else {
        format!("A source from the environment: {}.", variables.join(", "))
    };
    let error = if connector.choices.is_empty() {
        "When a variable without a default is not set, or one is not of its type."
    } else {
        "When the variables of no choice are all set, or those of several; when another without a \
         default is not set, or one is not of its type."
    };
    Docs::default()
        .ours(&[&first])
        .ours(&["# Errors"])
        .ours(&[error])
}
