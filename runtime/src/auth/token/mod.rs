//! A token that is fetched once and shared by the whole source.

pub(super) mod reply;
pub(super) mod request;
mod trace;

use std::{
    any::Any,
    future::ready,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::sync::OwnedMutexGuard;
use tracing::instrument::{Instrument as _, WithSubscriber as _};

use crate::{
    Error, ErrorKind, Result, Secret,
    http_context::HttpContext,
    plan::TokenPlace,
    retry::{Verdict, verdict},
    transport::{BoxFuture, Request},
};

pub(super) use self::trace::not_kept;
use self::{
    request::{Refusal, too_long, wait_told},
    trace::Why,
};
use super::{Authenticate, Generation, place};

/// A token is renewed this long before its end, or a tenth of its life, whichever is less.
const EARLY: Duration = Duration::from_secs(60);

/// The least time between two tries to renew a token that still holds.
const BETWEEN_RENEWALS: Duration = Duration::from_secs(1);

/// Issues tokens: what the kinds of tokens differ in.
pub(super) trait Issuer: Send + Sync + 'static {
    /// Locks what the request for a token spends, until the token is kept.
    fn lock<'a>(&'a self, context: &'a HttpContext) -> BoxFuture<'a, Result<Option<Lock>>> {
        let _ = context;
        Box::pin(ready(Ok(None)))
    }

    /// Gets one token, by one [request](request::ask).
    fn issue<'a>(&'a self, recipient: &'a Recipient) -> BoxFuture<'a, Result<Granted, Refusal>>;
}

/// Unlocks when dropped.
pub(super) type Lock = Box<dyn Any + Send>;

/// A token, and how long it lives.
pub(super) struct Granted {
    pub(super) token: Secret,
    /// `None`: until it is refused.
    pub(super) life: Option<Duration>,
}

/// Fetches, caches and renews the token of one issuer.
pub(super) struct TokenSource {
    tokens: Arc<Tokens>,
    /// Held by the one task that asks the issuer.
    asking: Arc<tokio::sync::Mutex<()>>,
}

/// The client that tokens are issued to.
pub(super) struct Recipient {
    pub(super) context: Arc<HttpContext>,
    /// Where a token goes on a request.
    place: TokenPlace,
}

struct Tokens {
    issuer: Box<dyn Issuer>,
    recipient: Recipient,
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

impl TokenSource {
    pub(super) fn new(issuer: impl Issuer, place: &TokenPlace, context: &Arc<HttpContext>) -> Self {
        Self {
            tokens: Arc::new(Tokens {
                issuer: Box::new(issuer),
                recipient: Recipient {
                    context: Arc::clone(context),
                    place: place.clone(),
                },
                state: Mutex::default(),
            }),
            asking: Arc::default(),
        }
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

/// Asks, and asks again while the issuer may answer later, as often as the source's `retry` allows.
async fn fetch(tokens: &Arc<Tokens>, asking: &Asking) -> Result<Token> {
    let (start, why) = (tokens.recipient.context.clock.elapsed(), tokens.why());
    let fetched = ask_until_answered(tokens, asking, start, why).await;
    if let Err(failure) = &fetched {
        trace::failed(why, failure, &tokens.recipient.context.redactor);
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
    let context = &*tokens.recipient.context;
    let mut requests = 0;
    loop {
        let (error, answer) = match ask_once(tokens, asking, start, why).await {
            Ok(token) => return Ok(token),
            Err(Refusal::Final(error)) => return Err(error),
            Err(Refusal::Transient(error, answer)) => (error, answer),
        };
        requests += 1;
        let elapsed = context.clock.elapsed().saturating_sub(start);
        let told = answer.and_then(|answer| wait_told(&answer, context));
        match verdict(&context.retry, requests, elapsed, told, (context.jitter)()) {
            Verdict::Wait(wait) if context.retry_budget.take() => {
                let end = context.clock.elapsed().saturating_add(wait);
                if let Err(spent) = context.run_budget.check(end) {
                    return Err(spent.to_error().with_detail(error.message()));
                }
                trace::retry(&error, wait, &context.redactor);
                context.clock.sleep(wait).await;
            }
            Verdict::Wait(_) => return Err(error.with_detail(context.retry_budget.used_up())),
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
    let clock = &tokens.recipient.context.clock;
    match ask_once(tokens, asking, clock.elapsed(), Why::Early).await {
        Ok(renewed) => renewed,
        Err(refusal) => {
            trace::failed(
                Why::Early,
                &refusal.into_error(),
                &tokens.recipient.context.redactor,
            );
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
    let locked = tokens.issuer.lock(&tokens.recipient.context).await;
    let locked = locked.map_err(Refusal::Final)?;
    let (tokens, asking) = (Arc::clone(tokens), Arc::clone(asking));
    let ask = async move {
        let _held = (locked, asking);
        let granted = tokens.issuer.issue(&tokens.recipient).await?;
        Ok(tokens.keep(granted, start, why))
    };
    let task = tokio::spawn(ask.in_current_span().with_current_subscriber());
    task.await.unwrap_or_else(|_| {
        let message = "the task that asks for a token was ended: its runtime was shut down";
        Err(Refusal::Final(Error::new(ErrorKind::Transport, message)))
    })
}

impl Recipient {
    /// Checks that a token can be sent, and redacts it from now on.
    ///
    /// # Errors
    ///
    /// When it cannot stand where it has to.
    fn accept(&self, granted: Granted, peer: &str) -> Result<Granted> {
        let token = granted.token.expose();
        self.context.redactor.learn_token(token);
        place::check(&self.place, token, ErrorKind::Auth).map_err(|_| {
            let message = format!(
                "{peer} gave a token that cannot be sent: it holds a character that ends a header or cookie"
            );
            Error::new(ErrorKind::Auth, message)
        })?;
        Ok(granted)
    }
}

impl Tokens {
    fn at_hand(&self) -> AtHand {
        let now = self.recipient.context.clock.elapsed();
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
        let Granted { token, life } = granted;
        trace::fetched(why, life);
        let life = life.unwrap_or(Duration::MAX);
        let ends_at = start.saturating_add(life);
        let mut state = self.lock();
        state.generation += 1;
        state.asked += 1;
        state.failure = None;
        let token = Token {
            secret: token,
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

impl Authenticate for TokenSource {
    fn authenticate<'a>(
        &'a self,
        request: &'a mut Request,
        _: &'a HttpContext,
    ) -> BoxFuture<'a, Result<Generation>> {
        Box::pin(async move {
            let token = self.token().await?;
            place::put(&self.tokens.recipient.place, token.secret.expose(), request)?;
            Ok(token.generation)
        })
    }

    /// Drops the token if it is still the refused one: of all requests that met it, the first does.
    fn renew(&self, refused: Generation) -> bool {
        let mut state = self.tokens.lock();
        let current = state.token.as_ref();
        if current.is_some_and(|token| token.generation == refused) {
            state.token = None;
        }
        true
    }

    fn is_replaced(&self, refused: Generation) -> bool {
        let state = self.tokens.lock();
        let current = state.token.as_ref();
        current.is_none_or(|token| token.generation != refused)
    }
}
