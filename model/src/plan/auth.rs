//! How requests prove who asks.

use std::time::Duration;

use super::{Param, Part, Template};
use crate::shared::{List, Text};

declare! {
    /// How requests prove who asks.
    #[derive(Eq)]
    pub enum Auth {
        /// A key in a header, a query parameter or a cookie.
        ApiKey {
            /// Name of the header, parameter or cookie.
            name: Text,
            /// The key.
            api_key: Template,
            /// Where it goes.
            location: Location,
        },
        /// `Authorization: Bearer …` (RFC 6750).
        Bearer {
            /// The token.
            token: Template,
        },
        /// `Authorization: Basic …` (RFC 7617), in UTF-8.
        HttpBasic {
            /// The user's name.
            username: Template,
            /// The password.
            password: Template,
        },
        /// A token of an OAuth 2.0 token endpoint (RFC 6749).
        OAuth2(OAuth2),
        /// Those that the user chose of [`SourcePlan::choices`](super::SourcePlan::choices).
        OneOf,
        /// In a way of the user's own.
        Custom(CustomAuth),
    }
}

impl Auth {
    /// The secrets that it is made of, each of them once.
    pub fn secrets(&self) -> Vec<u16> {
        let templates = match self {
            Self::ApiKey { api_key, .. } => vec![api_key],
            Self::Bearer { token } => vec![token],
            Self::HttpBasic { username, password } => vec![username, password],
            Self::OAuth2(plan) => {
                let token = match &plan.grant {
                    Grant::ClientCredentials => None,
                    Grant::RefreshToken(token) => Some(token),
                };
                let own = [&plan.client_id, &plan.client_secret].into_iter();
                own.chain(token).collect()
            }
            Self::OneOf => Vec::new(),
            Self::Custom(plan) => plan.with.iter().map(|param| &param.value).collect(),
        };
        let mut secrets = Vec::new();
        for part in templates.iter().flat_map(|template| &template.0) {
            if let Part::Secret(at) = part.source()
                && !secrets.contains(at)
            {
                secrets.push(*at);
            }
        }
        secrets
    }
}

declare! {
    /// Credentials of a type of the user's own: see `rest_source::hooks::Hooks`.
    #[derive(Eq)]
    pub struct CustomAuth {
        /// The type's path in the spec.
        pub rust: Text,
        /// What it is made of.
        pub with: List<Param>,
    }
}

declare! {
    /// Where an API key goes.
    #[derive(Copy, Eq)]
    pub enum Location {
        /// A header.
        Header,
        /// A query parameter.
        Query,
        /// A cookie.
        Cookie,
    }
}

declare! {
    /// A token endpoint, and what it is asked with.
    #[derive(Eq)]
    pub struct OAuth2 {
        /// What a token is given for.
        pub grant: Grant = Grant::ClientCredentials,
        /// The token endpoint.
        pub access_token_url: Template = Template::EMPTY,
        /// The client's identifier.
        pub client_id: Template = Template::EMPTY,
        /// The client's secret.
        pub client_secret: Template = Template::EMPTY,
        /// The scope asked for.
        pub scope: Option<Template> = None,
        /// The audience asked for.
        pub audience: Option<Template> = None,
        /// How the client proves who it is.
        pub client_authentication: ClientAuthentication = ClientAuthentication::Body,
        /// Further fields of the token request.
        pub access_token_request_data: List<Param> = List::EMPTY,
        /// How long a token lives that does not say so.
        pub default_token_expiration: Duration = Duration::from_secs(3600),
    }
}

declare! {
    /// What a token is given for.
    #[derive(Eq)]
    pub enum Grant {
        /// The client's own credentials (RFC 6749, 4.4).
        ClientCredentials,
        /// This refresh token, or the one that the endpoint gave in its place since (RFC 6749, 6).
        RefreshToken(Template),
    }
}

declare! {
    /// How a client proves who it is to a token endpoint (RFC 6749, 2.3.1).
    #[derive(Copy, Default, Eq)]
    pub enum ClientAuthentication {
        /// `client_id` and `client_secret` in the form.
        #[default]
        Body,
        /// HTTP Basic.
        Basic,
    }
}
