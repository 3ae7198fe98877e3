//! The source: its secrets and settings, its plan, and the client with a method per resource.

use proc_macro2::{Ident, Literal, TokenStream};
use quote::quote;
use syn::{Lit, Token, parse::Parser, punctuated::Punctuated};

use crate::{
    connector::{
        Auth, ConfigPlan, ConfigType, Connector, EnumType, List, Ref, SecretPlan, SourcePlan, Text,
    },
    item::Item,
};

use super::{
    docs::{Docs, code},
    literal::{Fields, literal},
    names::{self, commas, each, float, ident, integer, list, plan_ident},
    resources::fetch,
    words::{self, Words},
};

/// `Secrets`, where the spec uses any.
pub(super) fn secrets(connector: &Connector) -> Option<TokenStream> {
    let secrets = &connector.plan.secrets;
    if secrets.is_empty() || !connector.plan.choices.is_empty() {
        return choices(connector);
    }
    let fields = each(secrets, |secret| {
        let (docs, ident) = (secret_docs(secret), names::field(&secret.name));
        quote!(#docs pub #ident: __rs::Secret,)
    });
    let values = commas(secrets, |secret| {
        let ident = names::field(&secret.name);
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
    let SourcePlan {
        choices, secrets, ..
    } = &*connector.plan;
    if choices.is_empty() {
        return None;
    }
    let (mut variants, mut positions, mut values) =
        (TokenStream::new(), TokenStream::new(), TokenStream::new());
    for (at, choice) in choices.iter().enumerate() {
        let (at, variant) = (Literal::usize_unsuffixed(at), names::variant(&choice.name));
        let docs = Docs::default().ours(&[&format!("The choice {}.", code(&choice.name))]);
        let secret = |at: &u16| secrets.get(usize::from(*at));
        let fields = commas(&choice.secrets, |at| {
            let docs = secret(at).map(secret_docs);
            let field = secret(at).map(|secret| names::field(&secret.name));
            quote!(#docs #field: __rs::Secret)
        });
        let names = commas(&choice.secrets, |at| {
            let field = secret(at).map(|secret| names::field(&secret.name));
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

fn secret_docs(secret: &SecretPlan) -> Docs {
    let remark = format!("From the environment: {}.", code(&secret.env));
    Docs::with_remark(secret.description.as_deref(), &remark)
}

/// `Config`, where the spec has settings, and the enums of its fields.
pub(super) fn config(connector: &Connector) -> Option<TokenStream> {
    let enums = &connector.setting_enums;
    let settings: Vec<_> = connector.plan.config.iter().zip(enums).collect();
    if settings.is_empty() {
        return None;
    }
    let fields = each(&settings, |(setting, words)| {
        let docs = setting_docs(setting);
        let ident = names::field(&setting.name);
        let of = config_type(&setting.data_type, words.as_ref());
        let of = if setting.optional {
            quote!(Option<#of>)
        } else {
            of
        };
        quote!(#docs pub #ident: #of,)
    });
    let values = commas(&settings, |(setting, _)| {
        let field = names::field(&setting.name);
        match (&setting.data_type, setting.optional) {
            (ConfigType::Enum(_), false) => quote!(self.#field.as_str().into()),
            (ConfigType::Enum(_), true) => quote!(self.#field.map(|word| word.as_str()).into()),
            (ConfigType::List(item), is_optional) if matches!(**item, ConfigType::Enum(_)) => {
                if is_optional {
                    quote!(
                        self.#field
                            .map(|list| __rs::Scalar::list(list.into_iter().map(|word| word.as_str())))
                            .into()
                    )
                } else {
                    quote!(__rs::Scalar::list(self.#field.into_iter().map(|word| word.as_str())))
                }
            }
            (ConfigType::List(_), false) => quote!(__rs::Scalar::list(self.#field)),
            (ConfigType::List(_), true) => quote!(self.#field.map(__rs::Scalar::list).into()),
            _ => quote!(self.#field.into()),
        }
    });
    let default = defaults(&settings);
    let enums = each(&settings, |(setting, names)| {
        match (words_of(&setting.data_type), names) {
            (Some(words), Some(names)) => {
                config_enum(&Words::new(names, words, true), &setting.name)
            }
            _ => TokenStream::new(),
        }
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

/// The words of a setting that is an enum, or a list of those.
fn words_of(data_type: &ConfigType) -> Option<&List<Text>> {
    match data_type {
        ConfigType::Enum(words) => Some(words),
        ConfigType::List(item) => words_of(item),
        _ => None,
    }
}

fn setting_docs(setting: &ConfigPlan) -> Docs {
    let default = match setting.default.as_deref() {
        Some(text) => format!("; {} by default", code(text)),
        None => String::new(),
    };
    let form = match setting.data_type {
        ConfigType::List(_) => ", values with commas between them or a JSON list",
        _ => "",
    };
    let remark = format!(
        "From the environment: {}{form}{default}.",
        code(&setting.env)
    );
    Docs::with_remark(setting.description.as_deref(), &remark)
}

/// `Default`, where every setting has one.
fn defaults(settings: &[(&ConfigPlan, &Option<EnumType>)]) -> Option<TokenStream> {
    let mut fields = TokenStream::new();
    for (setting, words) in settings {
        let ident = names::field(&setting.name);
        let default = default(setting, words.as_ref())?;
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

fn config_enum(words: &Words<'_>, setting: &str) -> TokenStream {
    let docs = Docs::default().ours(&[&format!("What the setting {} may be.", code(setting))]);
    words::definition(words, &docs)
}

fn config_type(data_type: &ConfigType, words: Option<&EnumType>) -> TokenStream {
    match data_type {
        ConfigType::Text => quote!(String),
        ConfigType::Bigint => quote!(i64),
        ConfigType::Double => quote!(f64),
        ConfigType::Bool => quote!(bool),
        ConfigType::Date => quote!(__rs::Date),
        ConfigType::Timestamp => quote!(__rs::Timestamp),
        ConfigType::Enum(_) => {
            let name = words.map(|words| ident(&words.ident));
            quote!(#name)
        }
        ConfigType::List(item) => {
            let item = config_type(item, words);
            quote!(Vec<#item>)
        }
    }
}

/// The setting's default as an expression. Nothing for a type that no constant is written of, or
/// for a setting that must be given.
fn default(setting: &ConfigPlan, names: Option<&EnumType>) -> Option<TokenStream> {
    let Some(text) = setting.default.as_deref() else {
        return setting.optional.then(|| quote!(None));
    };
    match &setting.data_type {
        ConfigType::Enum(words) => word_default(words, names?, text),
        ConfigType::List(item) => {
            let list = text.strip_prefix('[')?.strip_suffix(']')?;
            let items = Punctuated::<Lit, Token![,]>::parse_terminated;
            let items = items.parse_str(list).ok()?.into_iter().map(|literal| {
                let text = match literal {
                    Lit::Str(text) => text.value(),
                    Lit::Int(number) => number.base10_digits().to_owned(),
                    Lit::Float(number) => number.base10_digits().to_owned(),
                    Lit::Bool(value) => value.value.to_string(),
                    _ => return None,
                };
                match &**item {
                    ConfigType::Enum(words) => word_default(words, names?, &text),
                    item => scalar_default(item, &text),
                }
            });
            let items = items.collect::<Option<Vec<_>>>()?;
            Some(quote!(::std::vec![#(#items),*]))
        }
        data_type => scalar_default(data_type, text),
    }
}

/// A word of an enum as an expression.
fn word_default(words: &List<Text>, names: &EnumType, text: &str) -> Option<TokenStream> {
    let at = words.iter().position(|word| *word == *text)?;
    let (name, variant) = (ident(&names.ident), ident(names.variants.get(at)?));
    Some(quote!(#name::#variant))
}

fn scalar_default(data_type: &ConfigType, text: &str) -> Option<TokenStream> {
    match data_type {
        ConfigType::Text => Some(quote!(#text.to_owned())),
        ConfigType::Bigint => text.parse::<i64>().ok().map(integer),
        ConfigType::Double => text.parse().ok().filter(|n: &f64| n.is_finite()).map(float),
        ConfigType::Bool => text.parse::<bool>().ok().map(|yes| quote!(#yes)),
        _ => None,
    }
}

/// The different credentials of the resources, in order. A static is made for each.
pub(super) fn auths(plan: &SourcePlan) -> Vec<&Auth> {
    let mut auths: Vec<&Auth> = Vec::new();
    for resource in &plan.resources {
        if let Some(auth) = &resource.auth
            && !auths.contains(&&**auth)
        {
            auths.push(auth);
        }
    }
    auths
}

/// The static of these credentials.
pub(super) fn auth_ident(plan: &SourcePlan, auth: &Auth) -> Ident {
    let auths = auths(plan);
    match auths.iter().position(|one| *one == auth) {
        Some(at) if auths.len() > 1 => ident(&format!("AUTH_{}", at + 1)),
        _ => ident("AUTH"),
    }
}

/// The source's plan, and the credentials that the resources' plans name.
pub(super) fn plan(connector: &Connector) -> TokenStream {
    let source = &connector.plan;
    let fields = Fields::of(&**source, &mut |field| match field {
        "config" => {
            let settings: Vec<_> = source.config.iter().zip(&connector.setting_enums).collect();
            Some(list(&settings, |(setting, words)| {
                config_plan(setting, words.as_ref())
            }))
        }
        "resources" => Some(list(&source.resources, |resource: &Ref<_>| {
            let plan = plan_ident(&resource.name);
            quote!(__rs::Static(&#plan))
        })),
        _ => None,
    });
    let plan = fields.over(
        &quote!(__rs::SourcePlan),
        &quote!(__rs::SourcePlan::DEFAULT),
    );
    let auths = each(&auths(source), |auth| {
        let (name, auth) = (auth_ident(source, auth), literal(*auth));
        quote!(static #name: __rs::Auth = #auth;)
    });
    quote! {
        static PLAN: __rs::SourcePlan = #plan;
        #auths
    }
}

/// A setting. The words of one that is an enum are those of its Rust enum.
fn config_plan(setting: &ConfigPlan, words: Option<&EnumType>) -> TokenStream {
    let fields = Fields::of(setting, &mut |field| {
        let words = words.filter(|_| field == "data_type")?;
        let words = ident(&words.ident);
        let words = quote!(__rs::ConfigType::Enum(#words::WORDS));
        Some(match setting.data_type {
            ConfigType::List(_) => {
                quote!(__rs::ConfigType::List(__rs::Static(&#words)))
            }
            _ => words,
        })
    });
    fields.over(
        &quote!(__rs::ConfigPlan),
        &quote!(__rs::ConfigPlan::DEFAULT),
    )
}

/// `Source`, with a method per resource.
pub(super) fn source(connector: &Connector, own: &[Item], has_hooks: bool) -> TokenStream {
    let docs = Docs::default()
        .theirs(connector.description.as_deref())
        .ours(&[&format!(
            "The source {}. Clones share its connections, token, rate limit and requests in flight.",
            code(&connector.plan.name)
        )]);
    let secrets = unit_or(
        "Secrets",
        connector.plan.secrets.is_empty() && connector.plan.choices.is_empty(),
    );
    let config = unit_or("Config", connector.plan.config.is_empty());
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
    for secret in &connector.plan.secrets {
        variables.push(code(&secret.env));
    }
    for setting in &connector.plan.config {
        variables.push(code(&setting.env));
    }
    let first = if variables.is_empty() {
        "A source that needs nothing from the environment.".to_owned()
    } else {
        format!("A source from the environment: {}.", variables.join(", "))
    };
    let error = if connector.plan.choices.is_empty() {
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
