//! How requests prove who asks.

use std::time::Duration;

use super::{Body, JsonPlan, Method, Param, Part, ResourcePlan, Template, templates::each_text};
use crate::{
    schema::{Path, Step},
    shared::{List, Ref, Text, list},
};

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
        /// `Authorization: Digest …` (RFC 7616).
        HttpDigest {
            /// The user's name.
            username: Template,
            /// The password.
            password: Template,
        },
        /// A token of an OAuth 2.0 token endpoint (RFC 6749).
        OAuth2(OAuth2),
        /// A token of the API's own login request.
        SessionLogin(SessionLogin),
        /// A token that the client signs itself (RFC 7519).
        SignedToken(SignedToken),
        /// Those that the user chose of [`SourcePlan::choices`](super::SourcePlan::choices).
        OneOf,
        /// In a way of the user's own.
        Custom(CustomAuth),
    }
}

impl Auth {
    /// The secrets that it is made of, each of them once.
    pub fn secrets(&self) -> Vec<u16> {
        let mut secrets = Vec::new();
        self.each_template(&mut |template| {
            for part in &template.0 {
                if let Part::Secret(at) = part.source()
                    && !secrets.contains(at)
                {
                    secrets.push(*at);
                }
            }
        });
        secrets
    }

    /// Calls this with each of its templates.
    pub fn each_template(&self, call: &mut dyn FnMut(&Template)) {
        match self {
            Self::ApiKey { api_key, .. } => call(api_key),
            Self::Bearer { token } => call(token),
            Self::HttpBasic { username, password } | Self::HttpDigest { username, password } => {
                call(username);
                call(password);
            }
            Self::OAuth2(plan) => plan.each_template(call),
            Self::SessionLogin(plan) => plan.each_template(call),
            Self::SignedToken(plan) => plan.jwt.each_template(call),
            Self::Custom(plan) => plan.with.iter().for_each(|param| call(&param.value)),
            Self::OneOf => {}
        }
    }

    /// Where it puts the credentials, where that is one place that the plan knows.
    pub fn place(&self) -> Option<TokenPlace> {
        match self {
            Self::ApiKey { name, location, .. } => Some(location.named(name)),
            Self::Bearer { .. } | Self::HttpBasic { .. } | Self::HttpDigest { .. } => {
                Some(TokenPlace::BEARER)
            }
            Self::OAuth2(plan) => Some(plan.place.clone()),
            Self::SessionLogin(plan) => Some(plan.place.clone()),
            Self::SignedToken(plan) => Some(plan.place.clone()),
            Self::OneOf | Self::Custom(_) => None,
        }
    }

    /// The query parameter that it puts the credentials in.
    pub fn query_param(&self) -> Option<Text> {
        match self.place()? {
            TokenPlace::Query(name) => Some(name),
            _ => None,
        }
    }

    /// Whether it can get other credentials in place of refused ones.
    pub fn is_renewed(&self) -> bool {
        match self {
            Self::OAuth2(_) | Self::SessionLogin(_) | Self::SignedToken(_) | Self::Custom(_) => {
                true
            }
            Self::ApiKey { .. }
            | Self::Bearer { .. }
            | Self::HttpBasic { .. }
            | Self::HttpDigest { .. }
            | Self::OneOf => false,
        }
    }

    /// The token that it signs.
    pub fn jwt(&self) -> Option<&Jwt> {
        match self {
            Self::SignedToken(plan) => Some(&plan.jwt),
            Self::OAuth2(plan) => match &plan.grant {
                Grant::JwtBearer(jwt) => Some(jwt),
                Grant::ClientCredentials | Grant::RefreshToken(_) => None,
            },
            _ => None,
        }
    }

    /// The URL that it gets its credentials from, as far as the plan knows it.
    pub fn url(&self) -> Option<&Template> {
        match self {
            Self::OAuth2(plan) => Some(&plan.access_token_url),
            Self::SessionLogin(plan) => Some(&plan.path),
            _ => None,
        }
    }
}

declare! {
    /// Where a token goes on a request.
    #[derive(Eq)]
    pub enum TokenPlace {
        /// Into a header, after a prefix.
        Header {
            /// The header's name.
            name: Text,
            /// The text before the token, a space included.
            prefix: Text,
        },
        /// Into this query parameter.
        Query(Text),
        /// Into this cookie.
        Cookie(Text),
        /// Into the body, at this place.
        Body(Path),
    }
}

impl TokenPlace {
    /// `Authorization: Bearer …`
    pub const BEARER: Self = Self::Header {
        name: Ref::Static("Authorization"),
        prefix: Ref::Static("Bearer "),
    };

    /// The header that it writes.
    pub fn header(&self) -> Option<&str> {
        match self {
            Self::Header { name, .. } => Some(name),
            Self::Cookie(_) => Some("Cookie"),
            Self::Query(_) | Self::Body(_) => None,
        }
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

impl Location {
    /// The place of this name.
    pub fn named(self, name: &Text) -> TokenPlace {
        match self {
            Self::Header => TokenPlace::Header {
                name: name.clone(),
                prefix: Text::EMPTY,
            },
            Self::Query => TokenPlace::Query(name.clone()),
            Self::Cookie => TokenPlace::Cookie(name.clone()),
        }
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
        /// The client's identifier. Empty where the token request has none.
        pub client_id: Template = Template::EMPTY,
        /// The client's secret. Empty where the token request has none.
        pub client_secret: Template = Template::EMPTY,
        /// The scope asked for.
        pub scope: Option<Template> = None,
        /// The audience asked for.
        pub audience: Option<Template> = None,
        /// How the client proves who it is.
        pub client_authentication: ClientAuthentication = ClientAuthentication::Body,
        /// How the fields of the token request are sent.
        pub token_request: TokenRequest = TokenRequest::Form,
        /// Further fields of the token request.
        pub access_token_request_data: List<Param> = List::EMPTY,
        /// Further headers of the token request.
        pub access_token_request_headers: List<Param> = List::EMPTY,
        /// Where the token is in the reply.
        pub access_token_path: Path = ACCESS_TOKEN,
        /// Where the token's lifetime is in the reply.
        pub expires_in_path: Path = EXPIRES_IN,
        /// How long a token lives that does not say so.
        pub default_token_expiration: Duration = Duration::from_secs(3600),
        /// Where the token goes on a request.
        pub place: TokenPlace = TokenPlace::BEARER,
    }
}

const ACCESS_TOKEN: Path = Path(list![Step::Key(Ref::Static("access_token"))]);
const EXPIRES_IN: Path = Path(list![Step::Key(Ref::Static("expires_in"))]);

impl OAuth2 {
    fn each_template(&self, call: &mut dyn FnMut(&Template)) {
        call(&self.access_token_url);
        call(&self.client_id);
        call(&self.client_secret);
        match &self.grant {
            Grant::ClientCredentials => {}
            Grant::RefreshToken(token) => call(token),
            Grant::JwtBearer(jwt) => jwt.each_template(call),
        }
        self.scope.iter().for_each(&mut *call);
        self.audience.iter().for_each(&mut *call);
        for params in [
            &self.access_token_request_data,
            &self.access_token_request_headers,
        ] {
            params.iter().for_each(|param| call(&param.value));
        }
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
        /// A token that the client signs (RFC 7523).
        JwtBearer(Jwt),
    }
}

declare! {
    /// A JSON Web Token that the client signs.
    #[derive(Eq)]
    pub struct Jwt {
        /// What it is signed by.
        pub algorithm: JwtAlgorithm = JwtAlgorithm::Rs256,
        /// The key: PEM, or Google's JSON key file, or either in base64. Of HS256 it is the secret.
        pub key: Template = Template::EMPTY,
        /// How the secret of HS256 is written.
        pub key_encoding: KeyEncoding = KeyEncoding::Text,
        /// The key's identifier: the header `kid`.
        pub key_id: Option<Template> = None,
        /// Further headers of the token.
        pub headers: List<Param> = List::EMPTY,
        /// The claims, an object, without the times.
        pub claims: JsonPlan = JsonPlan::Null,
        /// How long it lives.
        pub lifetime: Duration = Duration::from_secs(180),
        /// What it is sent to a token endpoint as.
        pub sent_as: Assertion = Assertion::Grant,
    }
}

impl Jwt {
    fn each_template(&self, call: &mut dyn FnMut(&Template)) {
        call(&self.key);
        self.key_id.iter().for_each(&mut *call);
        self.headers.iter().for_each(|param| call(&param.value));
        each_text(&self.claims, &mut |_, template| call(template));
    }
}

declare! {
    /// What a token is signed by (RFC 7518, 3.1).
    #[derive(Copy, Default, Eq)]
    pub enum JwtAlgorithm {
        /// RSA and SHA-256.
        #[default]
        Rs256,
        /// RSA and SHA-384.
        Rs384,
        /// The curve P-256 and SHA-256.
        Es256,
        /// The curve P-384 and SHA-384.
        Es384,
        /// HMAC and SHA-256.
        Hs256,
    }
}

declare! {
    /// How a secret that is no text is written.
    #[derive(Copy, Default, Eq)]
    pub enum KeyEncoding {
        /// The text itself is the secret.
        #[default]
        Text,
        /// In base64.
        Base64,
    }
}

declare! {
    /// What a signed token is to a token endpoint (RFC 7523, 2).
    #[derive(Copy, Default, Eq)]
    pub enum Assertion {
        /// The grant.
        #[default]
        Grant,
        /// The client's proof, in place of its secret.
        Client,
    }
}

declare! {
    /// A token that the client signs, and that is sent itself.
    #[derive(Eq)]
    pub struct SignedToken {
        /// The token.
        pub jwt: Jwt = Jwt::DEFAULT,
        /// Where it goes on a request.
        pub place: TokenPlace = TokenPlace::BEARER,
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

declare! {
    /// How the fields of a token request are sent.
    #[derive(Copy, Default, Eq)]
    pub enum TokenRequest {
        /// `application/x-www-form-urlencoded`.
        #[default]
        Form,
        /// `application/json`.
        Json,
    }
}

declare! {
    /// The login request of an API, and what becomes of its token.
    #[derive(Eq)]
    pub struct SessionLogin {
        /// Joined to the base URL, or an absolute URL.
        pub path: Template = Template::EMPTY,
        /// The method.
        pub method: Method = Method::Post,
        /// The query parameters.
        pub params: List<Param> = List::EMPTY,
        /// The headers.
        pub headers: List<Param> = List::EMPTY,
        /// The body.
        pub body: Body = Body::None,
        /// The credentials of the login request itself.
        pub auth: Option<Ref<Auth>> = None,
        /// Where the token is in the response.
        pub token: TokenField = TokenField::Body(Path::ROOT),
        /// Where the token's lifetime is in the response's body.
        pub expires_in_path: Option<Path> = None,
        /// How long a token lives that does not say so. None: until it is refused.
        pub default_token_expiration: Option<Duration> = None,
        /// Where the token goes on a request.
        pub place: TokenPlace = TokenPlace::BEARER,
    }
}

impl SessionLogin {
    /// The login as a resource: what its request is made by.
    pub fn resource(&self) -> ResourcePlan {
        ResourcePlan {
            path: self.path.clone(),
            method: self.method,
            params: self.params.clone(),
            headers: self.headers.clone(),
            body: self.body.clone(),
            ..ResourcePlan::DEFAULT
        }
    }

    fn each_template(&self, call: &mut dyn FnMut(&Template)) {
        call(&self.path);
        for params in [&self.params, &self.headers] {
            params.iter().for_each(|param| call(&param.value));
        }
        match &self.body {
            Body::None => {}
            Body::Json(json) => each_text(json, &mut |_, template| call(template)),
            Body::Form(fields) => fields.iter().for_each(|field| call(&field.value)),
        }
        if let Some(auth) = &self.auth {
            auth.each_template(call);
        }
    }
}

declare! {
    /// Where the response to a login has the token.
    #[derive(Eq)]
    pub enum TokenField {
        /// In the body, at this place.
        Body(Path),
        /// In this header.
        Header(Text),
        /// In this cookie.
        Cookie(Text),
    }
}
