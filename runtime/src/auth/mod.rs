//! Authentication: a file for each kind of credentials, behind one trait.

#[cfg(feature = "digest")]
mod digest;
#[cfg(not(feature = "digest"))]
#[path = "digest_missing.rs"]
mod digest;
mod fixed;
mod given;
mod http_basic;
#[cfg(feature = "jwt")]
mod jwt;
#[cfg(not(feature = "jwt"))]
#[path = "jwt_missing.rs"]
mod jwt;
mod oauth2;
mod place;
mod session;
mod token;

use std::{fmt, sync::Arc};

use url::Url;

use crate::{
    Error, ErrorKind, Result,
    hooks::Hooks,
    plan::{Auth, SourcePlan, TokenPlace},
    template::Scope,
    transport::{BoxFuture, Request, Response},
};

pub use self::given::Given;
pub(crate) use self::{
    digest::is_answered as digest_is_answered, jwt::Signer, oauth2::grant_fields,
};
pub use crate::http_context::HttpContext;

/// Puts credentials on requests. One serves all clones of a source.
///
/// The built-in kinds implement nothing else. One of your own is named by a spec,
/// `auth: {type: custom, rust: path::to::Type}`, and is made by [`Custom::new`].
///
/// It is called for every request that is sent, the repeated ones and each hop of a redirect
/// included, and only where the request's origin may have the credentials. A request that it would
/// send to another origin is not sent.
///
/// ```
/// use rest_source::{
///     Result, Secret,
///     auth::{Authenticate, Custom, Generation, Given, HttpContext},
///     transport::{BoxFuture, Request},
/// };
///
/// /// `auth: {type: custom, rust: crate::Stamped, with: {key: "{secrets.key}"}}`: the key, and when
/// /// the request was made.
/// struct Stamped {
///     key: Secret,
/// }
///
/// impl Custom for Stamped {
///     fn new(given: &Given) -> Result<Self> {
///         Ok(Self { key: given.secret("key")? })
///     }
/// }
///
/// impl Authenticate for Stamped {
///     fn authenticate<'a>(
///         &'a self,
///         request: &'a mut Request,
///         context: &'a HttpContext,
///     ) -> BoxFuture<'a, Result<Generation>> {
///         Box::pin(async move {
///             let now = context.clock().now();
///             let seconds = now.duration_since(std::time::UNIX_EPOCH).unwrap_or_default().as_secs();
///             request.headers.set("X-Key", self.key.expose());
///             request.headers.set("X-Time", seconds.to_string());
///             Ok(0)
///         })
///     }
/// }
/// ```
pub trait Authenticate: Send + Sync + 'static {
    /// Puts the credentials on the request, in place of any that it carries already.
    ///
    /// Returns which credentials these were: a number that changes when they are renewed, 0 where
    /// they never are.
    ///
    /// # Errors
    ///
    /// When there are no credentials to be had. It ends the fetch.
    fn authenticate<'a>(
        &'a self,
        request: &'a mut Request,
        context: &'a HttpContext,
    ) -> BoxFuture<'a, Result<Generation>>;

    /// Hears that the API answered 401 to these credentials. Returns whether a request sent now
    /// would carry others: then it is repeated, [so often](Self::most_renewals).
    fn renew(&self, refused: Generation) -> bool {
        let _ = refused;
        false
    }

    /// How often the credentials of one request may be renewed.
    fn most_renewals(&self) -> usize {
        1
    }

    /// Whether other credentials have taken the place of the refused ones already, because another request met the
    /// same refusal. The request is then repeated with them, and its own renewal is still to come: they may
    /// expire, too.
    fn is_replaced(&self, refused: Generation) -> bool {
        let _ = refused;
        false
    }

    /// As [`renew`](Self::renew), with the response that refused the credentials: a challenge may be in its headers.
    fn renew_by(&self, refused: Generation, response: &Response) -> bool {
        let _ = response;
        self.renew(refused)
    }
}

/// An authenticator of your own.
pub trait Custom: Authenticate + Sized {
    /// Makes it of what the spec gives it, when the source is made. Sends nothing.
    ///
    /// # Errors
    ///
    /// When that is not what it needs.
    fn new(given: &Given) -> Result<Self>;
}

/// Which credentials a request carried.
pub type Generation = u64;

/// The authenticators of a source, one for each of its different credentials.
pub(crate) struct Authenticators(Vec<(Auth, Box<dyn Authenticate>)>);

impl Authenticators {
    /// Makes those that the source's resources need.
    ///
    /// # Errors
    ///
    /// When a value cannot be sent, or a token URL may not have credentials.
    pub(crate) fn new(
        plan: &SourcePlan,
        hooks: &Hooks,
        choice: Option<usize>,
        base: &Url,
        scope: Scope<'_>,
        context: &Arc<HttpContext>,
    ) -> Result<Self> {
        let maker = Maker {
            hooks,
            base,
            scope,
            context,
        };
        let mut made = Self(Vec::new());
        let auths = plan.resources.iter();
        for auth in auths.filter_map(|resource| plan.auth_of(resource, choice)) {
            if made.find(auth).is_none() {
                made.0.push((Auth::clone(auth), maker.make(auth)?));
            }
        }
        Ok(made)
    }

    /// The authenticator of these credentials.
    ///
    /// # Errors
    ///
    /// When no resource of the source has them.
    pub(crate) fn get(&self, auth: &Auth) -> Result<&dyn Authenticate> {
        self.find(auth).ok_or_else(|| {
            let message = "the resource is not one of this source: its credentials are unknown";
            Error::new(ErrorKind::Config, message)
        })
    }

    fn find(&self, auth: &Auth) -> Option<&dyn Authenticate> {
        let (_, found) = self.0.iter().find(|(made, _)| made == auth)?;
        Some(&**found)
    }
}

impl fmt::Debug for Authenticators {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Authenticators({})", self.0.len())
    }
}

/// What authenticators are made with.
struct Maker<'a> {
    hooks: &'a Hooks,
    base: &'a Url,
    scope: Scope<'a>,
    context: &'a Arc<HttpContext>,
}

impl Maker<'_> {
    fn make(&self, auth: &Auth) -> Result<Box<dyn Authenticate>> {
        let Self {
            hooks,
            base,
            scope,
            context,
        } = *self;
        Ok(match auth {
            Auth::ApiKey {
                name,
                api_key,
                location,
            } => Box::new(fixed::Fixed::new(
                location.named(name),
                scope.required(api_key, "`api_key`")?,
            )?),
            Auth::Bearer { token } => Box::new(fixed::Fixed::new(
                TokenPlace::BEARER,
                scope.required(token, "`token`")?,
            )?),
            Auth::HttpBasic { username, password } => Box::new(http_basic::HttpBasic::new(
                &scope.required(username, "`username`")?,
                &scope.required(password, "`password`")?,
                &context.redactor,
            )?),
            Auth::HttpDigest { username, password } => Box::new(digest::Digest::new(
                scope.required(username, "`username`")?,
                scope.required(password, "`password`")?,
            )?),
            Auth::Custom(plan) => hooks.auth(&plan.rust, &Given::new(&plan.with, scope)?)?,
            Auth::OneOf => {
                let message = "no choice was made of the kinds of credentials";
                return Err(Error::new(ErrorKind::Config, message));
            }
            Auth::OAuth2(plan) => Box::new(oauth2::token_source(plan, scope, context)?),
            Auth::SignedToken(plan) => Box::new(jwt::token_source(plan, scope, context)?),
            Auth::SessionLogin(plan) => {
                let auth = plan.auth.as_deref();
                let auth = auth.map(|auth| self.make(auth)).transpose()?;
                Box::new(session::token_source(plan, auth, base, scope, context)?)
            }
        })
    }
}

/// The authenticator's answer where its credentials never change.
fn unchanging<'a>() -> BoxFuture<'a, Result<Generation>> {
    Box::pin(std::future::ready(Ok(0)))
}
