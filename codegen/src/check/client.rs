//! `client`: where the API is, and what every request shares.

use std::time::Duration;

use crate::connector::{List, Param, Part, RateLimit, SourcePlan, Template};
use crate::diagnostic::{Diagnostic, Span};
use crate::grammar::source::rate_limit as rate_key;
use crate::grammar::source::timeout as timeout_key;
use crate::grammar::source::{self, allowed_origin, client as client_key};
use crate::grammar::{self, AnyKey, Bytes, DefaultKey};
use crate::secret_names;
use crate::spec::{Text, View, text};
use crate::value;
use crate::yaml::{Entry, Node, Value};

use super::Check;
use super::literal::query_has_no_secret;
use super::template::Scope;
use super::url::{self, Origin};

/// What the resources need to know of their client.
pub(super) struct Client<'t> {
    /// What `client` says of the source.
    pub plan: SourcePlan,
    /// `base_url` as it is written.
    pub base_text: Option<Text<'t>>,
    /// Where `base_url` is written, and where it leads by the defaults of the settings.
    base_place: Span,
    pub base_origin: Option<Origin>,
    pub header_entries: &'t [Entry],
    pub auth: Option<&'t Node>,
    pub paginator: Option<&'t Node>,
    /// Whether a mistake may hide its paginator.
    pub is_broken: bool,
    pub allowed: Vec<Origin>,
    /// Those that receive requests without credentials.
    pub bare: Vec<Origin>,
}

/// The most requests of a rate limit: the times of so many are remembered.
const MOST_REQUESTS: u32 = 1_000_000;

impl<'t> Client<'t> {
    fn empty(root: &View<'t>) -> Self {
        Self {
            plan: SourcePlan::DEFAULT,
            base_text: None,
            base_place: root.node.span.clone(),
            base_origin: None,
            header_entries: &[],
            auth: None,
            paginator: None,
            is_broken: true,
            allowed: Vec::new(),
            bare: Vec::new(),
        }
    }
}

impl Check<'_> {
    pub(super) fn client<'t>(&mut self, root: &View<'t>) -> Client<'t> {
        let mut client = Client::empty(root);
        let Some(view) = root.view(&source::SOURCE_CLIENT, &grammar::CLIENT) else {
            return client;
        };
        if let Some(url) = view.text(&client_key::BASE_URL) {
            client.base_text = Some(url);
            client.base_place = url.span.clone();
            client.plan.base_url = self.template(url, Scope::address("`base_url`"));
            client.base_origin = self.absolute_url(url, &client.plan.base_url, "base_url");
            query_has_no_secret(url.text, url.span, self.sink);
        }
        client.header_entries = view.entries(&client_key::HEADERS);
        client.plan.headers = self.headers(client.header_entries, false);
        client.auth = view.node(&client_key::AUTH);
        client.paginator = view.node(&client_key::PAGINATOR);
        let is_misplaced = root.node.get(client_key::PAGINATOR.name).is_some();
        client.is_broken = is_misplaced || self.sink.has_errors_in(&view.node.span);
        if let Some(retry) = view.view(&client_key::RETRY, &grammar::RETRY) {
            client.plan.retry = self.retry(&retry);
        }
        client.plan.rate_limits = self.rate_limits(&view);
        if let Some(timeout) = view.view(&client_key::TIMEOUT, &grammar::TIMEOUT) {
            let plan = &mut client.plan;
            plan.connect_timeout = self.some_time(&timeout, &timeout_key::CONNECT);
            plan.request_timeout = self.some_time(&timeout, &timeout_key::REQUEST);
        }
        client.plan.concurrency = self.small(&view, &client_key::CONCURRENCY);
        let Bytes(most) = view.get(&client_key::MAX_RESPONSE_BYTES);
        client.plan.max_response_bytes = most;
        self.allow_origins(&view, &mut client);
        client
    }

    /// A URL that is known when compiling must be one; of another only the beginning is.
    pub(super) fn absolute_url(
        &mut self,
        url: Text<'_>,
        template: &Template,
        key: &str,
    ) -> Option<Origin> {
        if self.sink.has_errors_in(url.span) {
            // Something in it was reported.
            return None;
        }
        let Some(resolved) = self.resolved(template) else {
            self.begins_like_a_url(url, template, key);
            return None;
        };
        match url::origin(&resolved) {
            Ok((origin, _)) => Some(origin),
            Err(reason) => {
                let shown = if resolved == url.text || resolved.contains('@') {
                    format!("`{key}` is no absolute URL: {reason}")
                } else {
                    format!(
                        "`{key}` is no absolute URL by the settings' defaults, `{resolved}`: {reason}"
                    )
                };
                self.error(
                    Diagnostic::error("RS0205", url.span, shown)
                        .help("write `https://api.example.com/v1`"),
                );
                None
            }
        }
    }

    /// Of a URL with a setting that has no default, the beginning is known at most.
    fn begins_like_a_url(&mut self, url: Text<'_>, template: &Template, key: &str) {
        let Some(Part::Text(begin)) = template.0.first() else {
            return;
        };
        let is_good = ["https://", "http://"]
            .iter()
            .any(|scheme| begin.to_ascii_lowercase().starts_with(scheme));
        if !is_good {
            self.error(
                Diagnostic::error(
                    "RS0205",
                    url.span,
                    format!("`{key}` is no absolute URL: it begins with neither `https://` nor `http://`"),
                )
                .help("write `https://{config.host}/v1`, or the whole as one setting"),
            );
        }
    }

    /// Headers: valid names, none twice, valid values.
    pub(super) fn headers(&mut self, entries: &[Entry], incremental: bool) -> List<Param> {
        let mut headers: Vec<Param> = Vec::new();
        let mut seen: Vec<(String, &Span)> = Vec::new();
        for entry in entries {
            let name = &entry.key.name;
            let span = &entry.key.span;
            if !value::is_header_name(name) {
                self.error(
                    Diagnostic::error("RS0206", span, format!("`{name}` is no name of a header"))
                        .help("a header's name has letters, digits and `-`"),
                );
            }
            if is_framing(name) {
                self.error(
                    Diagnostic::error(
                        "RS0206",
                        span,
                        format!(
                            "`{name}` says how a message is sent, which the HTTP client decides"
                        ),
                    )
                    .help("remove it"),
                );
            }
            let lower = name.to_ascii_lowercase();
            if let Some((_, first)) = seen.iter().find(|(other, _)| *other == lower) {
                self.error(
                    Diagnostic::error("RS0002", span, format!("the header `{name}` is here twice"))
                        .help("remove one of them: case makes no difference in headers")
                        .also(first, "first defined here"),
                );
            }
            seen.push((lower, span));
            let Some(text) = text(&entry.value) else {
                continue;
            };
            if text.text.chars().any(char::is_control) {
                self.error(
                    Diagnostic::error(
                        "RS0206",
                        text.span,
                        format!("the header `{name}` has a control character in it"),
                    )
                    .help("a header is one line"),
                );
            }
            let what = format!("the header `{name}`");
            let scope = Scope::header(&what, incremental);
            let value = self.template(text, scope);
            self.header_is_no_secret(&what, name, text, &value);
            headers.push(Param {
                name: name.clone().into(),
                value,
            });
        }
        headers.into()
    }

    /// A secret is never written in a spec, nor in a header that is a credential.
    fn header_is_no_secret(&mut self, what: &str, name: &str, text: Text<'_>, value: &Template) {
        if !name.eq_ignore_ascii_case("authorization") {
            // Many a cookie opens nothing.
            if secret_names::header(name) && !name.eq_ignore_ascii_case("cookie") {
                self.is_no_secret(what, text, value);
            }
            return;
        }
        let is_literal = value.0.iter().all(|part| matches!(part, Part::Text(_)));
        if is_literal && !self.sink.has_errors_in(text.span) {
            self.error(
                Diagnostic::error("RS0301", text.span, format!("`{name}` is written in the spec"))
                    .help("use `auth`, which takes a `{secrets.…}`")
                    .note("a secret is never written in a spec; it is given by the user or the environment"),
            );
        }
    }

    /// One limit, or a list of them.
    fn rate_limits(&mut self, client: &View<'_>) -> List<RateLimit> {
        let Some(node) = client.node(&client_key::RATE_LIMIT) else {
            return List::EMPTY;
        };
        let nodes = match &node.value {
            Value::List(elements) => elements.as_slice(),
            _ => std::slice::from_ref(node),
        };
        if nodes.is_empty() {
            self.error(
                Diagnostic::error("RS0110", &node.span, "the list of `rate_limit` is empty")
                    .help("give it a limit, or remove the key"),
            );
        }
        let mut limits = Vec::new();
        for node in nodes.iter().filter(|node| !node.is_null()) {
            limits.extend(self.rate_limit(&View::new(node, &grammar::RATE_LIMIT)));
        }
        limits.into()
    }

    /// `{requests: 10, per: 1s}`.
    fn rate_limit(&mut self, view: &View<'_>) -> Option<RateLimit> {
        let requests = view.get(&rate_key::REQUESTS)?;
        let requests = u32::try_from(requests).ok().filter(|n| *n <= MOST_REQUESTS);
        if requests.is_none() {
            let span = view
                .text(&rate_key::REQUESTS)
                .map_or(view.place(&rate_key::REQUESTS), |text| text.span);
            self.error(
                Diagnostic::error(
                    "RS0109",
                    span,
                    format!("`requests` must be at most {MOST_REQUESTS}"),
                )
                .help("state the limit for a shorter time"),
            );
        }
        let per = view.get(&rate_key::PER)?;
        self.is_some_time(view, &rate_key::PER, per);
        Some(RateLimit {
            requests: requests.unwrap_or(MOST_REQUESTS),
            per,
        })
    }

    /// A duration other than nothing.
    pub(super) fn some_time(&mut self, view: &View<'_>, key: &DefaultKey<Duration>) -> Duration {
        let time = view.get(key);
        self.is_some_time(view, key, time);
        time
    }

    fn is_some_time(&mut self, view: &View<'_>, key: &dyn AnyKey, time: Duration) {
        if time.is_zero() {
            let span = view.text(key).map_or(view.place(key), |text| text.span);
            self.error(Diagnostic::error(
                "RS0109",
                span,
                format!("`{}` must be more than nothing", key.name),
            ));
        }
    }

    /// A number that fits 16 bits.
    pub(super) fn small(&mut self, view: &View<'_>, key: &DefaultKey<u64>) -> u16 {
        u16::try_from(view.get(key)).unwrap_or_else(|_| {
            let span = view.text(key).map_or(view.place(key), |text| text.span);
            self.error(Diagnostic::error(
                "RS0109",
                span,
                format!("`{}` must be at most {}", key.name, u16::MAX),
            ));
            u16::MAX
        })
    }

    /// Statuses that are looked for where something failed, which those below 300 do not say.
    pub(super) fn statuses_of_failures(&mut self, view: &View<'_>, key: &dyn AnyKey) {
        for text in view.texts(key) {
            if value::status(text.text).is_some_and(|(_, last)| last < 300) {
                self.error(
                    Diagnostic::error(
                        "RS0510",
                        text.span,
                        format!("`{}` is no failure: this can never match", text.text),
                    )
                    .help(format!(
                        "remove it from `{}`; what a success means is for `response_actions` to say",
                        key.name
                    )),
                );
            }
        }
    }

    /// The origins that may receive credentials, and those that receive requests without them.
    fn allow_origins(&mut self, view: &View<'_>, client: &mut Client<'_>) {
        let (mut allowed, mut bare) = (Vec::new(), Vec::new());
        let mut seen: Vec<(Origin, &Span)> = Vec::new();
        let elements = view.node(&client_key::ALLOW_ORIGINS).map(Node::elements);
        for node in elements.unwrap_or_default() {
            let map = View::new(node, &source::ALLOWED_ORIGIN);
            let written = text(node).or_else(|| map.text(&allowed_origin::ORIGIN));
            let has_credentials = text(node).is_some() || map.get(&allowed_origin::CREDENTIALS);
            let Some(written) = written else { continue };
            let Some(origin) = self.allowed_origin(written) else {
                continue;
            };
            if let Some((_, first)) = seen.iter().find(|(other, _)| *other == origin) {
                self.error(
                    Diagnostic::error("RS0002", written.span, "this origin is here twice")
                        .help("remove one of them: with credentials, or with `credentials: false`")
                        .also(first, "first defined here"),
                );
                continue;
            }
            seen.push((origin.clone(), written.span));
            if has_credentials {
                client.allowed.push(origin);
                allowed.push(written.owned());
            } else {
                client.bare.push(origin);
                bare.push(written.owned());
            }
        }
        client.plan.allow_origins = allowed.into();
        client.plan.bare_origins = bare.into();
    }

    fn allowed_origin(&mut self, text: Text<'_>) -> Option<Origin> {
        if text.text.contains('{') {
            self.error(
                Diagnostic::error("RS0205", text.span, "an origin holds no placeholder")
                    .help("write `https://host` or `https://host:port`")
                    .note("who may receive credentials is the spec's to say, not a setting's"),
            );
            return None;
        }
        match url::origin(text.text) {
            Ok((origin, "")) => {
                if origin.is_in_the_clear() {
                    self.error(
                        Diagnostic::error(
                            "RS0304",
                            text.span,
                            "credentials would go there in the clear",
                        )
                        .help("allow `https://` only"),
                    );
                }
                return Some(origin);
            }
            Ok(_) => self.error(
                Diagnostic::error("RS0205", text.span, "an origin has no path")
                    .help("write `https://host` or `https://host:port`"),
            ),
            Err(reason) => self.error(
                Diagnostic::error(
                    "RS0205",
                    text.span,
                    format!("`{}` is no origin: {reason}", text.text),
                )
                .help("write `https://host` or `https://host:port`"),
            ),
        }
        None
    }

    /// Secrets never go over plain http, but to the own machine.
    pub(super) fn credentials_travel_encrypted(&mut self, client: &Client<'_>) {
        let in_the_clear = client
            .base_origin
            .as_ref()
            .is_some_and(Origin::is_in_the_clear);
        if in_the_clear && self.settings.has_secrets() {
            self.error(
                Diagnostic::error(
                    "RS0304",
                    &client.base_place,
                    "credentials would travel over plain http",
                )
                .help("write `https://`")
                .note("plain http is allowed to `localhost` and 127.0.0.1"),
            );
        }
    }
}

/// Whether a header frames a message (RFC 9112, 6), or asks for more than a response (RFC 9110, 7.8 and 10.1.1). With another
/// value than that of the HTTP client, a server waits for a body that never comes.
pub(super) fn is_framing(name: &str) -> bool {
    const FRAMING: [&str; 4] = ["content-length", "expect", "transfer-encoding", "upgrade"];
    FRAMING
        .iter()
        .any(|framing| name.eq_ignore_ascii_case(framing))
}
