//! The source: its secrets and settings, its plan, and the client with a method per resource.

use std::time::Duration;

use proc_macro2::{Ident, Literal, TokenStream};
use quote::quote;
use syn::DeriveInput;

use crate::connector::{Choice, Config, ConfigType, Connector, EnumType, Retry, Secret};

use super::{
    docs::{Docs, code},
    names::{float, ident, integer, option},
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
    let idents: Vec<_> = secrets.iter().map(|secret| ident(&secret.ident)).collect();
    let docs = secrets.iter().map(secret_docs);
    Some(quote! {
        #[doc = " The secrets that the source needs. Its `Debug` shows none of them."]
        #[derive(Clone, Debug)]
        pub struct Secrets {
            #(#docs pub #idents: __rs::Secret,)*
        }
        impl __rs::Values<__rs::Secret> for Secrets {
            fn values(self) -> Vec<__rs::Secret> {
                ::std::vec![#(self.#idents),*]
            }
        }
    })
}

/// `Secrets` where there is a choice: a variant for each, with the secrets that it needs.
fn choices(connector: &Connector) -> Option<TokenStream> {
    if connector.choices.is_empty() {
        return None;
    }
    let variants: Vec<_> = connector.choices.iter().map(|c| ident(&c.ident)).collect();
    let of = |choice: &Choice| -> Vec<&Secret> {
        let secrets = choice.secrets.iter();
        let secrets = secrets.filter_map(|at| connector.secrets.get(usize::from(*at)));
        secrets.collect()
    };
    let definitions = connector
        .choices
        .iter()
        .zip(&variants)
        .map(|(choice, variant)| {
            let docs = Docs::default().ours([format!("The choice {}.", code(&choice.name))]);
            let fields = of(choice).into_iter().map(|secret| {
                let docs = secret_docs(secret);
                let field = ident(&secret.ident);
                quote!(#docs #field: __rs::Secret)
            });
            quote!(#docs #variant { #(#fields),* })
        });
    let values = connector
        .choices
        .iter()
        .zip(&variants)
        .map(|(choice, variant)| {
            let fields: Vec<_> = of(choice).into_iter().map(|s| ident(&s.ident)).collect();
            quote!(Self::#variant { #(#fields),* } => ::std::vec![#(#fields),*],)
        });
    let positions = (0..variants.len()).map(Literal::usize_unsuffixed);
    Some(quote! {
        #[doc = " The secrets that the source needs, by the choice of how it proves who asks. Its"]
        #[doc = " `Debug` shows none of them."]
        #[derive(Clone, Debug)]
        pub enum Secrets {
            #(#definitions,)*
        }
        impl __rs::Values<__rs::Secret> for Secrets {
            fn choice(&self) -> Option<usize> {
                Some(match self {
                    #(Self::#variants { .. } => #positions,)*
                })
            }
            fn values(self) -> Vec<__rs::Secret> {
                match self {
                    #(#values)*
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
    let idents: Vec<_> = settings.iter().map(|s| ident(&s.ident)).collect();
    let docs = settings.iter().map(|setting| {
        let default = setting.default.as_deref();
        let default = default.map(|text| format!("; {} by default", code(text)));
        let remark = format!(
            "From the environment: {}{}.",
            code(&setting.env),
            default.unwrap_or_default()
        );
        Docs::with_remark(setting.description.as_deref(), &remark)
    });
    let types = settings.iter().map(|s| config_type(&s.data_type));
    let values = settings.iter().map(|setting| {
        let field = ident(&setting.ident);
        if matches!(setting.data_type, ConfigType::Enum(_)) {
            quote!(self.#field.as_str().into())
        } else {
            quote!(self.#field.into())
        }
    });
    let defaults: Option<Vec<_>> = settings.iter().map(default).collect();
    let default = defaults.map(|defaults| {
        quote! {
            impl Default for Config {
                fn default() -> Self {
                    Self { #(#idents: #defaults,)* }
                }
            }
        }
    });
    let enums = settings
        .iter()
        .filter_map(|setting| match &setting.data_type {
            ConfigType::Enum(words) => Some(config_enum(words, &setting.name)),
            _ => None,
        });
    Some(quote! {
        #[doc = " The settings of the source."]
        #[derive(Clone, Debug, PartialEq)]
        pub struct Config {
            #(#docs pub #idents: #types,)*
        }
        #default
        impl __rs::Values<__rs::ConfigValue> for Config {
            fn values(self) -> Vec<__rs::ConfigValue> {
                ::std::vec![#(#values),*]
            }
        }
        #(#enums)*
    })
}

fn config_enum(words: &EnumType, setting: &str) -> TokenStream {
    let docs = Docs::default().ours([format!("What the setting {} may be.", code(setting))]);
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
    let name = &connector.name;
    let spec = &connector.spec;
    let mut fields = Fields::default();
    fields.set("name", name);
    fields.set("spec", spec);
    fields.unless("choices", &connector.choices, &Vec::new(), |choices| {
        let choices = choices.iter().map(choice_plan);
        quote!(&[#(#choices),*])
    });
    fields.unless("secrets", &connector.secrets, &Vec::new(), |secrets| {
        let secrets = secrets.iter().map(secret_plan);
        quote!(&[#(#secrets),*])
    });
    fields.unless("config", &connector.config, &Vec::new(), |settings| {
        let settings = settings.iter().map(config_plan);
        quote!(&[#(#settings),*])
    });
    fields.set("base_url", template(&connector.base_url));
    fields.unless("headers", &connector.headers, &Vec::new(), |list| {
        params(list)
    });
    fields.unless("retry", &connector.retry, &Retry::default(), retry);
    fields.some("rate_limit", connector.rate_limit, rate_limit);
    fields.unless(
        "connect_timeout",
        &connector.connect_timeout,
        &Duration::from_secs(10),
        |time| duration(*time),
    );
    fields.unless(
        "request_timeout",
        &connector.request_timeout,
        &Duration::from_secs(60),
        |time| duration(*time),
    );
    fields.unless("concurrency", &connector.concurrency, &4, |n| integer(*n));
    fields.unless(
        "max_response_bytes",
        &connector.max_response_bytes,
        &(64 << 20),
        |bytes| integer(*bytes),
    );
    fields.unless(
        "allow_origins",
        &connector.allow_origins,
        &Vec::new(),
        |origins| quote!(&[#(#origins),*]),
    );
    let resources = connector
        .resources
        .iter()
        .map(|resource| super::names::plan_ident(&resource.ident));
    fields.set("resources", quote!(&[#(&#resources),*]));
    let plan = fields.over(
        &quote!(__rs::SourcePlan),
        &quote!(__rs::SourcePlan::DEFAULT),
    );
    let auths = connector.auths.iter().enumerate().map(|(at, credentials)| {
        let name = auth_ident(connector, at);
        let credentials = auth(credentials);
        quote!(static #name: __rs::Auth = #credentials;)
    });
    quote! {
        static PLAN: __rs::SourcePlan = #plan;
        #(#auths)*
    }
}

fn choice_plan(choice: &Choice) -> TokenStream {
    let (name, auth) = (&choice.name, auth(&choice.auth));
    let secrets = choice.secrets.iter().map(|at| Literal::u16_unsuffixed(*at));
    quote!(__rs::Choice { name: #name, auth: &#auth, secrets: &[#(#secrets),*] })
}

fn secret_plan(secret: &Secret) -> TokenStream {
    let (name, env) = (&secret.name, &secret.env);
    let description = option(secret.description.as_ref(), |text| quote!(#text));
    quote!(__rs::SecretPlan { name: #name, env: #env, description: #description })
}

fn config_plan(setting: &Config) -> TokenStream {
    let (name, env) = (&setting.name, &setting.env);
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
    let default = option(setting.default.as_ref(), |text| quote!(#text));
    let description = option(setting.description.as_ref(), |text| quote!(#text));
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
pub(super) fn source(connector: &Connector, own: &[DeriveInput]) -> TokenStream {
    let docs = Docs::default()
        .theirs(connector.description.as_deref())
        .ours([format!(
            "The source {}. Clones share its connections, token, rate limit and requests in flight.",
            code(&connector.name)
        )]);
    let secrets = unit_or(
        "Secrets",
        connector.secrets.is_empty() && connector.choices.is_empty(),
    );
    let config = unit_or("Config", connector.config.is_empty());
    let fetches = connector.resources.iter();
    let fetches = fetches.map(|resource| fetch(connector, resource, own));
    let from_env = from_env_docs(connector);
    quote! {
        #docs
        #[derive(Clone, Debug)]
        pub struct Source {
            client: __rs::Client,
        }
        impl __rs::Connector for Source {
            const PLAN: &'static __rs::SourcePlan = &PLAN;
            type Secrets = #secrets;
            type Config = #config;
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
            #(#fetches)*
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
    let secrets = connector.secrets.iter().map(|secret| &secret.env);
    let settings = connector.config.iter().map(|setting| &setting.env);
    let variables: Vec<_> = secrets.chain(settings).map(|env| code(env)).collect();
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
        .ours([first])
        .ours(["# Errors"])
        .ours([error])
}
