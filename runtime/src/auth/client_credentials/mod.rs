//! A token by the client's own credentials (RFC 6749, 4.4), shared by the whole source.

mod endpoint;

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use crate::{
    Error, Result, Secret, plan,
    template::Scope,
    transport::{BoxFuture, Request},
    wire::Wire,
};

use self::endpoint::{Endpoint, Granted};
use super::{Authenticator, Generation};

/// A token is renewed this long before its end, or a tenth of its life, whichever is less.
const EARLY: Duration = Duration::from_secs(60);

/// The least time between two tries to renew a token that still holds.
const BETWEEN_RENEWALS: Duration = Duration::from_secs(1);

pub(super) struct ClientCredentials {
    endpoint: Endpoint,
    default_life: Duration,
    state: Mutex<State>,
    /// Held by the one task that asks the endpoint.
    asking: tokio::sync::Mutex<()>,
}

#[derive(Default)]
struct State {
    token: Option<Token>,
    /// How many tokens there have been.
    generation: Generation,
    /// How many times asking has ended, and what the last failure was: whoever waited for it takes
    /// its result, good or bad, and does not ask again.
    asked: u64,
    failure: Option<Error>,
}

#[derive(Clone)]
struct Token {
    secret: Secret,
    generation: Generation,
    /// Times of the source's clock.
    renew_at: Duration,
    ends_at: Duration,
}

/// What there is at hand.
enum AtHand {
    Fresh(Token),
    /// It holds, and is due to be renewed.
    Due(Token),
    /// None. Carries how many times asking had ended.
    Nothing(u64),
}

impl ClientCredentials {
    /// # Errors
    ///
    /// When the token URL may not have credentials, or a value cannot be sent.
    pub(super) fn new(
        plan: &plan::ClientCredentials,
        scope: Scope<'_>,
        wire: &Wire,
    ) -> Result<Self> {
        Ok(Self {
            endpoint: Endpoint::new(plan, scope, &wire.redactor)?,
            default_life: plan.default_token_expiration,
            state: Mutex::default(),
            asking: tokio::sync::Mutex::default(),
        })
    }

    async fn token(&self, wire: &Wire) -> Result<Token> {
        let asked = match self.at_hand(wire) {
            AtHand::Fresh(token) => return Ok(token),
            AtHand::Due(token) => return Ok(self.renew_early(token, wire).await),
            AtHand::Nothing(asked) => asked,
        };
        let _asking = self.asking.lock().await;
        match self.at_hand(wire) {
            AtHand::Fresh(token) | AtHand::Due(token) => return Ok(token),
            AtHand::Nothing(now) if now > asked => {
                if let Some(failure) = &self.lock().failure {
                    return Err(failure.clone());
                }
            }
            AtHand::Nothing(_) => {}
        }
        let start = wire.clock.elapsed();
        match self.endpoint.ask_until_answered(wire).await {
            Ok(granted) => Ok(self.keep(granted, start, wire)),
            Err(failure) => {
                let mut state = self.lock();
                state.asked += 1;
                state.failure = Some(failure.clone());
                Err(failure)
            }
        }
    }

    /// Renews a token that still holds, unless someone does so already. One that cannot be renewed
    /// yet is used on.
    async fn renew_early(&self, token: Token, wire: &Wire) -> Token {
        let Ok(_asking) = self.asking.try_lock() else {
            return token;
        };
        let start = wire.clock.elapsed();
        match self.endpoint.ask(wire).await {
            Ok(granted) => self.keep(granted, start, wire),
            Err(refusal) => {
                tracing::warn!(error = %refusal.into_error(), "an early renewal of the token failed");
                let now = wire.clock.elapsed();
                let wait = token.ends_at.saturating_sub(now) / 2;
                if let Some(current) = &mut self.lock().token {
                    current.renew_at = now + wait.max(BETWEEN_RENEWALS);
                }
                token
            }
        }
    }

    fn at_hand(&self, wire: &Wire) -> AtHand {
        let now = wire.clock.elapsed();
        let state = self.lock();
        match &state.token {
            Some(token) if now < token.renew_at => AtHand::Fresh(token.clone()),
            Some(token) if now < token.ends_at => AtHand::Due(token.clone()),
            _ => AtHand::Nothing(state.asked),
        }
    }

    /// Keeps a token that was asked for at `start`.
    fn keep(&self, granted: Granted, start: Duration, wire: &Wire) -> Token {
        wire.redactor.learn_token(granted.access_token.expose());
        let life = granted.expires_in.unwrap_or(self.default_life);
        let ends_at = start.saturating_add(life);
        let mut state = self.lock();
        state.generation += 1;
        state.asked += 1;
        state.failure = None;
        let token = Token {
            secret: granted.access_token,
            generation: state.generation,
            renew_at: ends_at.saturating_sub(EARLY.min(life / 10)),
            ends_at,
        };
        state.token = Some(token.clone());
        token
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Authenticator for ClientCredentials {
    fn authenticate<'a>(
        &'a self,
        request: &'a mut Request,
        wire: &'a Wire,
    ) -> BoxFuture<'a, Result<Generation>> {
        Box::pin(async move {
            let token = self.token(wire).await?;
            let header = format!("Bearer {}", token.secret.expose());
            request.headers.set("Authorization", header);
            Ok(token.generation)
        })
    }

    /// Drops the token if it is still the refused one: of all requests that met it, the first does.
    fn renew(&self, refused: Generation) -> bool {
        let mut state = self.lock();
        if state
            .token
            .as_ref()
            .is_some_and(|token| token.generation == refused)
        {
            state.token = None;
        }
        true
    }
}

#[cfg(test)]
mod tests;
