//! A token of a token endpoint (RFC 6749), shared by the whole source.

mod endpoint;
mod trace;

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::sync::OwnedMutexGuard;
use tracing::Instrument;

use crate::{
    Error, ErrorKind, Result, Secret,
    http_context::{HttpContext, LockedRefreshToken},
    plan::{self, Grant},
    retry::{Verdict, verdict},
    template::Scope,
    transport::{BoxFuture, Request},
};

use self::{
    endpoint::{Endpoint, Granted, Refusal, told, too_long},
    trace::Why,
};
use super::{Authenticate, Generation};

/// A token is renewed this long before its end, or a tenth of its life, whichever is less.
const EARLY: Duration = Duration::from_secs(60);

/// The least time between two tries to renew a token that still holds.
const BETWEEN_RENEWALS: Duration = Duration::from_secs(1);

pub(super) struct OAuth2 {
    tokens: Arc<Tokens>,
    /// Held by the one task that asks the endpoint.
    asking: Arc<tokio::sync::Mutex<()>>,
}

/// The tokens of one endpoint: the one there is, and how there is another.
struct Tokens {
    endpoint: Endpoint,
    default_life: Duration,
    context: Arc<HttpContext>,
    state: Mutex<State>,
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
    refresh: Option<Refresh>,
}

#[derive(Clone)]
struct Token {
    secret: Secret,
    generation: Generation,
    /// Times of the source's clock.
    renew_at: Duration,
    ends_at: Duration,
}

/// What the next token is asked for with.
struct Refresh {
    token: Secret,
    /// Whether the user has it.
    is_kept: bool,
}

/// What there is at hand.
enum AtHand {
    Fresh(Token),
    /// It holds, and is due to be renewed.
    Due(Token),
    /// None. Carries how many times asking had ended.
    Nothing(u64),
}

impl OAuth2 {
    /// # Errors
    ///
    /// When the token URL may not have credentials, or a value cannot be sent.
    pub(super) fn new(
        plan: &plan::OAuth2,
        scope: Scope<'_>,
        context: &Arc<HttpContext>,
    ) -> Result<Self> {
        let refresh = match &plan.grant {
            Grant::ClientCredentials => None,
            Grant::RefreshToken(token) => Some(Refresh {
                token: scope.required(token, "`refresh_token`")?.into(),
                is_kept: true,
            }),
        };
        Ok(Self {
            tokens: Arc::new(Tokens {
                endpoint: Endpoint::new(plan, scope, &context.redactor)?,
                default_life: plan.default_token_expiration,
                context: Arc::clone(context),
                state: Mutex::new(State {
                    refresh,
                    ..State::default()
                }),
            }),
            asking: Arc::default(),
        })
    }

    async fn token(&self) -> Result<Token> {
        let asked = match self.tokens.at_hand() {
            AtHand::Fresh(token) => return Ok(token),
            AtHand::Due(token) => {
                return match Arc::clone(&self.asking).try_lock_owned() {
                    Ok(asking) => Ok(renew_early(&self.tokens, &Arc::new(asking), token).await),
                    // Someone does so already.
                    Err(_) => Ok(token),
                };
            }
            AtHand::Nothing(asked) => asked,
        };
        let asking = Arc::clone(&self.asking).lock_owned().await;
        match self.tokens.at_hand() {
            AtHand::Fresh(token) | AtHand::Due(token) => return Ok(token),
            AtHand::Nothing(now) if now > asked => {
                if let Some(failure) = &self.tokens.lock().failure {
                    return Err(failure.clone());
                }
            }
            AtHand::Nothing(_) => {}
        }
        fetch(&self.tokens, &Arc::new(asking)).await
    }
}

/// Held by the one who asks, until the last request has ended.
type Asking = Arc<OwnedMutexGuard<()>>;

/// Asks, and asks again while the endpoint may answer later, as often as the source's `retry` allows.
async fn fetch(tokens: &Arc<Tokens>, asking: &Asking) -> Result<Token> {
    let (start, why) = (tokens.context.clock.elapsed(), tokens.why());
    let fetched = ask_until_answered(tokens, asking, start, why).await;
    if let Err(failure) = &fetched {
        trace::failed(why, failure, &tokens.context.redactor);
        let mut state = tokens.lock();
        state.asked += 1;
        state.failure = Some(failure.clone());
    }
    fetched
}

async fn ask_until_answered(
    tokens: &Arc<Tokens>,
    asking: &Asking,
    start: Duration,
    why: Why,
) -> Result<Token> {
    let context = &*tokens.context;
    let mut requests = 0;
    loop {
        let (error, answer) = match ask_once(tokens, asking, start, why).await {
            Ok(token) => return Ok(token),
            Err(Refusal::Final(error)) => return Err(error),
            Err(Refusal::Transient(error, answer)) => (error, answer),
        };
        requests += 1;
        let elapsed = context.clock.elapsed().saturating_sub(start);
        let told = answer.and_then(|answer| told(&answer, context));
        match verdict(&context.retry, requests, elapsed, told, (context.jitter)()) {
            Verdict::Wait(wait) => context.clock.sleep(wait).await,
            Verdict::TooLong(wait) => return Err(too_long(wait, context)),
            Verdict::Exhausted | Verdict::OutOfTime => {
                let requests = format!("after {requests} requests for a token");
                return Err(error.with_detail(requests));
            }
        }
    }
}

/// Renews a token that is still valid. One that cannot be renewed yet is used on.
async fn renew_early(tokens: &Arc<Tokens>, asking: &Asking, token: Token) -> Token {
    let clock = &tokens.context.clock;
    match ask_once(tokens, asking, clock.elapsed(), Why::Early).await {
        Ok(renewed) => renewed,
        Err(refusal) => {
            trace::failed(Why::Early, &refusal.into_error(), &tokens.context.redactor);
            let now = clock.elapsed();
            let wait = token.ends_at.saturating_sub(now) / 2;
            if let Some(current) = &mut tokens.lock().token {
                current.renew_at = now + wait.max(BETWEEN_RENEWALS);
            }
            token
        }
    }
}

/// Asks once, in a task of its own. A fetch that is dropped while it waits would leave a token unread,
/// and with it the refresh token that took the place of the one that was spent. Waits before and after
/// the request end with the fetch: no request is sent that no one waits for.
async fn ask_once(
    tokens: &Arc<Tokens>,
    asking: &Asking,
    start: Duration,
    why: Why,
) -> Result<Token, Refusal> {
    let locked = tokens.lock_refresh_token().await.map_err(Refusal::Final)?;
    let (tokens, asking) = (Arc::clone(tokens), Arc::clone(asking));
    let ask = async move {
        let _held = (locked, asking);
        let granted = tokens.ask().await?;
        Ok(tokens.keep(granted, start, why))
    };
    let task = tokio::spawn(ask.in_current_span());
    task.await.unwrap_or_else(|_| {
        let message = "the task that asks for a token was ended: its runtime was shut down";
        Err(Refusal::Final(Error::new(ErrorKind::Transport, message)))
    })
}

impl Tokens {
    /// Locks the refresh token, and takes the one that another process put in its place.
    async fn lock_refresh_token(&self) -> Result<Option<LockedRefreshToken>> {
        let lock = match &self.context.lock_refresh_token {
            Some(lock) if self.lock().refresh.is_some() => lock,
            _ => return Ok(None),
        };
        let locked = lock().await.map_err(|error| {
            let message = format!("the refresh token cannot be locked: {error}");
            self.failed_hook(message, &*error)
        })?;
        // A token that could not be stored is newer than any that is stored.
        if let (Some(token), Some(refresh)) = (&locked.token, &mut self.lock().refresh)
            && refresh.is_kept
        {
            self.context.redactor.learn_token(token.expose());
            refresh.token = token.clone();
        }
        Ok(Some(locked))
    }

    /// The error of a function of the user's.
    fn failed_hook(
        &self,
        message: String,
        source: &(dyn std::error::Error + Send + Sync + 'static),
    ) -> Error {
        Error::new(ErrorKind::Auth, message)
            .with_source(source)
            .map_text(|text| self.context.redactor.redact(text))
    }

    /// Asks once. The user has the refresh token that came with the answer before anything else
    /// happens, and has an earlier one that he failed to keep before it is used.
    async fn ask(&self) -> Result<Granted, Refusal> {
        self.hand_over().await.map_err(Refusal::Final)?;
        let refresh = self.refresh_token();
        let mut granted = self.endpoint.ask(refresh.as_ref(), &self.context).await?;
        if let (Some(used), Some(given)) = (refresh, granted.refresh_token.take())
            && used != given
        {
            self.context.redactor.learn_token(given.expose());
            self.lock().refresh = Some(Refresh {
                token: given,
                is_kept: false,
            });
            self.hand_over().await.map_err(Refusal::Final)?;
        }
        Ok(granted)
    }

    fn refresh_token(&self) -> Option<Secret> {
        let state = self.lock();
        state.refresh.as_ref().map(|refresh| refresh.token.clone())
    }

    /// Gives the user the refresh token, unless he has it.
    async fn hand_over(&self) -> Result<()> {
        let token = match &self.lock().refresh {
            Some(refresh) if !refresh.is_kept => refresh.token.clone(),
            _ => return Ok(()),
        };
        if let Some(keep) = &self.context.on_refresh_token {
            keep(token).await.map_err(|error| {
                let message = format!("the new refresh token was not kept: {error}");
                self.failed_hook(message, &*error)
                    .with_help("`on_refresh_token` is called again before a token is asked for")
            })?;
        } else {
            trace::not_kept();
        }
        if let Some(refresh) = &mut self.lock().refresh {
            refresh.is_kept = true;
        }
        Ok(())
    }

    fn at_hand(&self) -> AtHand {
        let now = self.context.clock.elapsed();
        let state = self.lock();
        match &state.token {
            Some(token) if now < token.renew_at => AtHand::Fresh(token.clone()),
            Some(token) if now < token.ends_at => AtHand::Due(token.clone()),
            _ => AtHand::Nothing(state.asked),
        }
    }

    /// Why there is no token at hand.
    fn why(&self) -> Why {
        let state = self.lock();
        match (&state.token, state.generation) {
            (Some(_), _) => Why::Over,
            (None, 0) => Why::First,
            // It was dropped.
            (None, _) => Why::Refused,
        }
    }

    /// Keeps a token that was asked for at `start`, and why.
    fn keep(&self, granted: Granted, start: Duration, why: Why) -> Token {
        self.context
            .redactor
            .learn_token(granted.access_token.expose());
        let life = granted.expires_in.unwrap_or(self.default_life);
        trace::fetched(why, life);
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

impl Authenticate for OAuth2 {
    fn authenticate<'a>(
        &'a self,
        request: &'a mut Request,
        _: &'a HttpContext,
    ) -> BoxFuture<'a, Result<Generation>> {
        Box::pin(async move {
            let token = self.token().await?;
            let header = format!("Bearer {}", token.secret.expose());
            request.headers.set("Authorization", header);
            Ok(token.generation)
        })
    }

    /// Drops the token if it is still the refused one: of all requests that met it, the first does.
    fn renew(&self, refused: Generation) -> bool {
        let mut state = self.tokens.lock();
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
