//! Tokens of a token endpoint (RFC 6749).

mod endpoint;
mod refresh;

use std::sync::Arc;

use crate::{
    Result,
    http_context::HttpContext,
    plan::{self, Grant},
    template::Scope,
    transport::BoxFuture,
};

pub(crate) use self::endpoint::grant_fields;
use self::{endpoint::Endpoint, refresh::RefreshToken};
use super::token::{Granted, Issuer, Lock, Recipient, TokenSource, request::Refusal};

/// Issues the tokens of one endpoint.
struct OAuth2 {
    endpoint: Endpoint,
    refresh: Option<RefreshToken>,
}

/// # Errors
///
/// When the token URL may not have credentials, or a value cannot be sent.
pub(super) fn token_source(
    plan: &plan::OAuth2,
    scope: Scope<'_>,
    context: &Arc<HttpContext>,
) -> Result<TokenSource> {
    let refresh = match &plan.grant {
        Grant::ClientCredentials | Grant::JwtBearer(_) => None,
        Grant::RefreshToken(token) => {
            let token = scope.required(token, "`refresh_token`")?;
            Some(RefreshToken::new(token.into()))
        }
    };
    let issuer = OAuth2 {
        endpoint: Endpoint::new(plan, scope, &context.redactor)?,
        refresh,
    };
    Ok(TokenSource::new(issuer, &plan.place, context))
}

impl OAuth2 {
    async fn issue(&self, recipient: &Recipient) -> Result<Granted, Refusal> {
        let context = &*recipient.context;
        let Some(refresh) = &self.refresh else {
            let reply = self.endpoint.ask(None, recipient).await?;
            return Ok(reply.granted);
        };
        // An earlier token that the user could not save is delivered again before another is used.
        refresh.hand_over(context).await.map_err(Refusal::Final)?;
        let used = refresh.token();
        let reply = self.endpoint.ask(Some(&used), recipient).await?;
        if let Some(given) = reply.refresh_token
            && given != used
        {
            refresh.replace(given, context);
            refresh.hand_over(context).await.map_err(Refusal::Final)?;
        }
        Ok(reply.granted)
    }
}

impl Issuer for OAuth2 {
    fn lock<'a>(&'a self, context: &'a HttpContext) -> BoxFuture<'a, Result<Option<Lock>>> {
        Box::pin(async move {
            match &self.refresh {
                Some(refresh) => refresh.lock(context).await,
                None => Ok(None),
            }
        })
    }

    fn issue<'a>(&'a self, recipient: &'a Recipient) -> BoxFuture<'a, Result<Granted, Refusal>> {
        Box::pin(self.issue(recipient))
    }
}

#[cfg(test)]
mod tests;
