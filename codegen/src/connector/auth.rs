//! Credentials.

use std::time::Duration;

use super::request::{Param, Template};

#[derive(Clone, Debug, PartialEq)]
pub enum Auth {
    ApiKey {
        name: String,
        api_key: Template,
        location: Location,
    },
    Bearer {
        token: Template,
    },
    HttpBasic {
        username: Template,
        password: Template,
    },
    OAuth2(OAuth2),
    /// Those of [`Connector::choices`](super::Connector::choices) that the user chooses.
    OneOf,
    Custom(CustomAuth),
}

#[derive(Clone, Debug, PartialEq)]
pub struct CustomAuth {
    /// The path of a type.
    pub rust: String,
    /// What it is made of.
    pub with: Vec<Param>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Location {
    Header,
    Query,
    Cookie,
}

#[derive(Clone, Debug, PartialEq)]
pub struct OAuth2 {
    pub grant: Grant,
    pub access_token_url: Template,
    pub client_id: Template,
    pub client_secret: Template,
    pub scope: Option<Template>,
    pub audience: Option<Template>,
    pub client_authentication: ClientAuthentication,
    pub access_token_request_data: Vec<Param>,
    pub default_token_expiration: Duration,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Grant {
    ClientCredentials,
    RefreshToken(Template),
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ClientAuthentication {
    #[default]
    Body,
    Basic,
}
