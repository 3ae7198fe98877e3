//! A refresh token (RFC 6749, 6), which the endpoint may replace at each use.

use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::{
    Error, ErrorKind, Result, Secret,
    auth::token::{Lock, not_kept},
    http_context::HttpContext,
};

pub(super) struct RefreshToken(Mutex<State>);

struct State {
    token: Secret,
    /// Whether the user has it.
    is_kept: bool,
}

impl RefreshToken {
    pub(super) fn new(token: Secret) -> Self {
        Self(Mutex::new(State {
            token,
            is_kept: true,
        }))
    }

    /// The one to use now.
    pub(super) fn token(&self) -> Secret {
        self.state().token.clone()
    }

    /// Takes another in its place, which the user does not have yet.
    pub(super) fn replace(&self, token: Secret, context: &HttpContext) {
        context.redactor.learn_token(token.expose());
        *self.state() = State {
            token,
            is_kept: false,
        };
    }

    /// Locks it, and takes the one that another process put in its place.
    pub(super) async fn lock(&self, context: &HttpContext) -> Result<Option<Lock>> {
        let Some(lock) = &context.lock_refresh_token else {
            return Ok(None);
        };
        let locked = lock().await.map_err(|error| {
            let message = format!("the refresh token cannot be locked: {error}");
            failed_hook(message, &*error, context)
        })?;
        // A token that could not be stored is newer than any that is stored.
        let mut state = self.state();
        if let Some(token) = locked.token.as_ref().filter(|_| state.is_kept) {
            context.redactor.learn_token(token.expose());
            state.token = token.clone();
        }
        drop(state);
        Ok(Some(Box::new(locked)))
    }

    /// Delivers it to the user, unless it was delivered.
    pub(super) async fn hand_over(&self, context: &HttpContext) -> Result<()> {
        let token = match &*self.state() {
            state if state.is_kept => return Ok(()),
            state => state.token.clone(),
        };
        if let Some(keep) = &context.on_refresh_token {
            keep(token).await.map_err(|error| {
                let message = format!("the new refresh token was not kept: {error}");
                failed_hook(message, &*error, context)
                    .with_help("`on_refresh_token` is called again before a token is asked for")
            })?;
        } else {
            not_kept();
        }
        self.state().is_kept = true;
        Ok(())
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The error of a function of the user's.
fn failed_hook(
    message: String,
    source: &(dyn std::error::Error + Send + Sync + 'static),
    context: &HttpContext,
) -> Error {
    Error::new(ErrorKind::Auth, message)
        .with_source(source)
        .map_text(|text| context.redactor.redact(text))
}
