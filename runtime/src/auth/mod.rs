//! Proving who asks: a file per kind, behind one trait.

mod api_key;
mod bearer;
mod http_basic;
mod oauth2;

use std::{fmt, sync::Arc};

use crate::{
    Error, ErrorKind, Result,
    plan::{Auth, SourcePlan},
    template::Scope,
    transport::{BoxFuture, Request},
    wire::Wire,
};

/// Puts credentials on requests. One serves all clones of a source.
///
/// It is called for every request that is sent, the repeated ones and each hop of a redirect
/// included, and only where the request's origin may have the credentials.
pub(crate) trait Authenticator: Send + Sync {
    /// Puts the credentials on the request, in place of any that it carries already.
    ///
    /// Returns which credentials these were: a number that changes when they are renewed.
    ///
    /// # Errors
    ///
    /// When there are no credentials to be had.
    fn authenticate<'a>(
        &'a self,
        request: &'a mut Request,
        wire: &'a Wire,
    ) -> BoxFuture<'a, Result<Generation>>;

    /// Hears that the API answered 401 to these credentials. Returns whether a request sent now
    /// would carry others.
    fn renew(&self, refused: Generation) -> bool {
        let _ = refused;
        false
    }
}

/// Which credentials a request carried.
pub(crate) type Generation = u64;

/// The authenticators of a source, one for each of its different credentials.
pub(crate) struct Authenticators(Vec<(Auth, Box<dyn Authenticator>)>);

impl Authenticators {
    /// Makes those that the source's resources need.
    ///
    /// # Errors
    ///
    /// When a value cannot be sent, or a token URL may not have credentials.
    pub(crate) fn new(plan: &SourcePlan, scope: Scope<'_>, wire: &Arc<Wire>) -> Result<Self> {
        let mut made = Self(Vec::new());
        for auth in plan.resources.iter().filter_map(|resource| resource.auth) {
            if made.find(auth).is_none() {
                made.0.push((*auth, make(auth, scope, wire)?));
            }
        }
        Ok(made)
    }

    /// The authenticator of these credentials.
    ///
    /// # Errors
    ///
    /// When no resource of the source has them.
    pub(crate) fn get(&self, auth: &Auth) -> Result<&dyn Authenticator> {
        self.find(auth).ok_or_else(|| {
            let message = "the resource is not one of this source: its credentials are unknown";
            Error::new(ErrorKind::Config, message)
        })
    }

    fn find(&self, auth: &Auth) -> Option<&dyn Authenticator> {
        let (_, found) = self.0.iter().find(|(made, _)| made == auth)?;
        Some(&**found)
    }
}

impl fmt::Debug for Authenticators {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Authenticators({})", self.0.len())
    }
}

fn make(auth: &Auth, scope: Scope<'_>, wire: &Arc<Wire>) -> Result<Box<dyn Authenticator>> {
    Ok(match auth {
        Auth::ApiKey {
            name,
            api_key,
            location,
        } => Box::new(api_key::ApiKey::new(
            name,
            scope.required(*api_key, "`api_key`")?,
            *location,
        )?),
        Auth::Bearer { token } => {
            Box::new(bearer::Bearer::new(&scope.required(*token, "`token`")?)?)
        }
        Auth::HttpBasic { username, password } => Box::new(http_basic::HttpBasic::new(
            &scope.required(*username, "`username`")?,
            &scope.required(*password, "`password`")?,
            &wire.redactor,
        )?),
        Auth::OAuth2(plan) => Box::new(oauth2::OAuth2::new(plan, scope, wire)?),
    })
}

/// The authenticator's answer where its credentials never change.
fn unchanging<'a>() -> BoxFuture<'a, Result<Generation>> {
    Box::pin(std::future::ready(Ok(0)))
}
