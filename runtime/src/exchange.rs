//! One attempt at a request: origin check, credentials, redirects, response.

use url::Url;

use crate::{
    Client, Error, ErrorKind, Result, Secret,
    actions::{self, Verdict},
    auth::{Authenticate, Generation},
    http_context::Opened,
    origin::{self, Access},
    plan::{Action, Body, Method, Param, Part, ResourcePlan, SourcePlan, Template},
    rate_limiter::{Denied, Permit, Throttled},
    request::{Draft, resolve_or},
    trace,
    transport::{Headers, Request, Response, TransportError, TransportErrorKind},
};

/// How many redirects one request may follow.
const MOST_REDIRECTS: usize = 10;

/// How often one request takes the credentials that another request renewed, beside its own renewals.
const MOST_REPLACED: usize = 3;

/// Why an attempt brought no response.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The same request may succeed later.
    Transient(TransportError),
    /// It may not.
    Fatal(Error),
    /// It was not sent: the API wants to be left alone.
    Throttled(Throttled),
}

impl From<Denied> for Failure {
    fn from(denied: Denied) -> Self {
        match denied {
            Denied::Throttled(throttled) => Self::Throttled(throttled),
            Denied::Spent(spent) => Self::Fatal(spent.to_error()),
            Denied::NoPermit(why) => Self::Fatal(why.to_error()),
        }
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Fatal(error)
    }
}

/// A request on its way: where redirects have brought it.
struct Hop {
    method: Method,
    url: Url,
    headers: Headers,
    body: Vec<u8>,
    /// Whether it has no credentials, headers and body, and none after further redirects: an origin that may not
    /// have them chose where it goes.
    is_bare: bool,
}

impl Client {
    /// One attempt at a request: checks that its credentials may go where it goes, puts them on,
    /// sends it, follows redirects by the same rules, and reads the response to its end, or leaves the body of a
    /// success to be decoded by the resource's decoder. A 401 renews the credentials and repeats the request, as
    /// often as their kind allows.
    ///
    /// The [`Permit`] is the source's permit to send: see [`Client::permit`]. It counts the requests and the
    /// waits, whatever comes of them.
    ///
    /// # Errors
    ///
    /// [`Failure::Transient`] when there is no whole response and may be one later;
    /// [`Failure::Throttled`] when the source may not send; otherwise [`Failure::Fatal`], its texts without
    /// secrets. Any status is a response.
    pub(crate) async fn exchange(
        &self,
        permit: &mut Permit<'_>,
        resource: &ResourcePlan,
        draft: &Draft,
    ) -> Result<Opened, Failure> {
        self.attempt(permit, resource, draft)
            .await
            .map_err(|failure| match failure {
                Failure::Fatal(error) => Failure::Fatal(
                    error
                        .with_resource(resource.name.clone())
                        .or_request(|| permit.shown(draft))
                        .map_text(|text| self.redact(text)),
                ),
                other @ (Failure::Transient(_) | Failure::Throttled(_)) => other,
            })
    }

    async fn attempt(
        &self,
        permit: &mut Permit<'_>,
        resource: &ResourcePlan,
        draft: &Draft,
    ) -> Result<Opened, Failure> {
        let auth = match self.auth(resource) {
            Some(auth) => Some(self.authenticators().get(auth)?),
            None => None,
        };
        let guarded = is_guarded(self.plan(), resource);
        let is_streamed = !resource.decoder.is_plain();
        let asked = (guarded, is_streamed);
        let (mut opened, mut generation) = self.follow(permit, draft, auth, asked).await?;
        self.judge(resource, &mut opened)?;
        let (mut renewals, mut replaced) = (0, 0);
        while let Some(auth) = auth.filter(|_| is_unwelcome(&opened)) {
            if replaced < MOST_REPLACED && auth.is_replaced(generation) {
                replaced += 1;
            } else if renewals < auth.most_renewals() {
                renewals += 1;
            } else {
                break;
            }
            if !auth.renew_by(generation, &opened.response) {
                break;
            }
            permit.repeated += 1;
            (opened, generation) = self.follow(permit, draft, Some(auth), asked).await?;
            self.judge(resource, &mut opened)?;
        }
        Ok(opened)
    }

    /// Decides what a response means, if its body was read.
    fn judge(&self, resource: &ResourcePlan, opened: &mut Opened) -> Result<()> {
        if opened.body.is_none() {
            opened.verdict = self.verdict(resource, &opened.response)?;
        }
        Ok(())
    }

    /// What a response means, if the hook of its resource decides, or else a rule.
    ///
    /// # Errors
    ///
    /// When the hook fails.
    pub(crate) fn verdict(
        &self,
        resource: &ResourcePlan,
        response: &Response,
    ) -> Result<Option<Verdict>> {
        if let Some(hook) = self.hooks().response(resource)?
            && let Some(verdict) = hook.call(response)?
        {
            return Ok(Some(verdict));
        }
        let rule = actions::first(&resource.response_actions, response);
        Ok(rule.map(|rule| Verdict::of_rule(rule, &self.plan().spec)))
    }

    /// Sends a request, and again where it is redirected to. `guarded` requests carry credentials; the body of a
    /// success that is streamed is left to be read.
    async fn follow(
        &self,
        permit: &mut Permit<'_>,
        draft: &Draft,
        auth: Option<&dyn Authenticate>,
        (guarded, is_streamed): (bool, bool),
    ) -> Result<(Opened, Generation), Failure> {
        let context = self.context();
        let mut hop = Hop::first(draft);
        let mut limits = context.limits();
        permit.redirected = None;
        for _ in 0..=MOST_REDIRECTS {
            if guarded && self.origins().check(&hop.url)? == Access::Bare {
                self.check_bare(&hop)?;
                hop.is_bare = true;
            }
            let auth = auth.filter(|_| !hop.is_bare);
            let (request, generation) = loop {
                permit.ready().await?;
                let mut request = hop.request();
                let generation = match auth {
                    Some(auth) => {
                        let asked = context.clock.elapsed();
                        let authenticated = auth.authenticate(&mut request, context).await;
                        permit.waited += context.clock.elapsed().saturating_sub(asked);
                        hop.is_kept_by(&request)?;
                        authenticated?
                    }
                    None => 0,
                };
                // While it waited for a token, others were sent, or the API asked to be left alone.
                if permit.take() {
                    break (request, generation);
                }
            };
            let shown = || hop.shown(self, draft);
            trace::request(shown, &request.headers, &context.redactor);
            let start = context.clock.elapsed();
            let sent = if is_streamed {
                context.open(&request, limits).await
            } else {
                let sent = context.send(&request, limits).await;
                sent.map(Opened::whole)
            };
            let took = context.clock.elapsed().saturating_sub(start);
            permit.answered();
            let opened = sent.map_err(|error| {
                trace::no_response(shown, &error, took);
                failed(error)
            })?;
            let response = &opened.response;
            let bytes = opened.body.is_none().then_some(response.body.len());
            let answer = (response.status, bytes);
            trace::response(shown, answer, &response.headers, &context.redactor, took);
            limits.timeout = limits.timeout.saturating_sub(took);
            match hop.redirected(&opened.response)? {
                Some(next) => {
                    let to = self.redact(&origin::shown(&next.url, &draft.url));
                    trace::redirected(&to);
                    permit.redirected = Some(format!("{} {to}", next.method.as_str()));
                    hop = next;
                }
                None => return Ok((opened, generation)),
            }
        }
        let message = format!("more than {MOST_REDIRECTS} redirects");
        Err(Error::new(ErrorKind::Response, message).into())
    }

    /// Whether a parameter of the URL holds a secret of the source. A short one must be all of its value.
    fn has_secret_in_query(&self, url: &Url) -> bool {
        let secrets = self.secrets().iter().map(Secret::expose);
        let secrets: Vec<&str> = secrets.filter(|secret| !secret.is_empty()).collect();
        url.query_pairs().any(|(_, value)| {
            let is_in =
                |secret: &&str| value == **secret || secret.len() >= 6 && value.contains(*secret);
            secrets.iter().any(is_in)
        })
    }

    /// Checks that a request to an origin without credentials has none in its URL, and needs no body.
    fn check_bare(&self, hop: &Hop) -> Result<()> {
        let message = if self.has_secret_in_query(&hop.url) {
            "a request would carry a secret in its URL to an origin without credentials"
        } else if hop.method != Method::Get {
            "a request with a body would go to an origin without credentials"
        } else {
            return Ok(());
        };
        let origin = hop.url.origin().ascii_serialization();
        Err(Error::new(ErrorKind::Origin, message).with_help(format!(
            "`allow_origins: [\"{origin}\"]` in `client` allows it, if that origin may have the credentials"
        )))
    }
}

impl Hop {
    fn first(draft: &Draft) -> Self {
        let Request {
            method,
            headers,
            body,
            ..
        } = draft.request();
        Self {
            method,
            url: draft.url.clone(),
            headers,
            body,
            is_bare: false,
        }
    }

    /// The request to here, without credentials.
    fn request(&self) -> Request {
        let (headers, body) = if self.is_bare {
            (Headers::new(), Vec::new())
        } else {
            (self.headers.clone(), self.body.clone())
        };
        Request {
            method: self.method,
            url: self.url.to_string(),
            headers,
            body,
        }
    }

    /// The request in a message, without credentials.
    fn shown(&self, client: &Client, draft: &Draft) -> String {
        let url = origin::shown(&self.url, &draft.url);
        client.redact(&format!("{} {url}", self.method.as_str()))
    }

    /// Checks that credentials were put on the request without sending it elsewhere.
    fn is_kept_by(&self, request: &Request) -> Result<()> {
        let is_same = |url: &Url| url.origin() == self.url.origin();
        if request.url == self.url.as_str()
            || Url::parse(&request.url).is_ok_and(|url| is_same(&url))
        {
            return Ok(());
        }
        let message = "the authenticator would send the request to another origin";
        Err(Error::new(ErrorKind::Origin, message).with_help(
            "an authenticator puts credentials on a request, and leaves where it goes alone",
        ))
    }

    /// Where the response sends the request to, if anywhere (RFC 9110, 15.4). A 303 alone makes a GET of
    /// a POST: without its body, a search would ask for everything.
    fn redirected(&self, response: &Response) -> Result<Option<Self>> {
        let keeps_method = match response.status {
            303 => self.method == Method::Get,
            301 | 302 | 307 | 308 => true,
            _ => return Ok(None),
        };
        let Some(location) = response.headers.get("Location") else {
            return Ok(None);
        };
        let url = resolve_or(&ErrorKind::Response, &self.url, location)?;
        let mut headers = self.headers.clone();
        if keeps_method {
            return Ok(Some(Self {
                method: self.method,
                url,
                headers,
                body: self.body.clone(),
                is_bare: self.is_bare,
            }));
        }
        headers.remove("Content-Type");
        Ok(Some(Self {
            method: Method::Get,
            url,
            headers,
            body: Vec::new(),
            is_bare: self.is_bare,
        }))
    }
}

fn failed(error: TransportError) -> Failure {
    if error.may_retry() {
        Failure::Transient(error)
    } else {
        Failure::Fatal(fatal(error))
    }
}

/// The error of a response that did not come, or not whole.
pub(crate) fn fatal(error: TransportError) -> Error {
    let kind = match error.kind {
        TransportErrorKind::TooLarge => ErrorKind::Response,
        _ => ErrorKind::Transport,
    };
    let help = error.help();
    let error = Error::new(kind, error.message.clone()).with_cause(error);
    match help {
        Some(help) => error.with_help(help),
        None => error,
    }
}

/// Whether a response asks for other credentials: by the hook or a rule of its resource, or else as a 401.
fn is_unwelcome(opened: &Opened) -> bool {
    let is_401 = opened.response.status == 401;
    let verdict = opened.verdict.as_ref();
    verdict.map_or(is_401, |verdict| verdict.action == Action::RefreshAuth)
}

/// Whether a resource's requests carry credentials: those of its `auth`, or secrets elsewhere.
pub(crate) fn is_guarded(source: &SourcePlan, resource: &ResourcePlan) -> bool {
    let secret = |template: &Template| {
        let is_secret = |part: &Part| matches!(part.source(), Part::Secret(_));
        template.0.iter().any(is_secret)
    };
    let any = |params: &[Param]| params.iter().any(|param| secret(&param.value));
    let in_body = match &resource.body {
        Body::None => false,
        Body::Json(json) => json.any_text(&secret),
        Body::Form(fields) => any(fields),
    };
    resource.auth.is_some()
        || in_body
        || any(&source.headers)
        || any(&resource.headers)
        || any(&resource.params)
}

#[cfg(test)]
mod tests;
