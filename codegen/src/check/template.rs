//! Placeholders in text.

use crate::connector::{Function, List, Part, Template};
use crate::diagnostic::{Applicability, Diagnostic, Span};
use crate::other_placeholders::{self, Jinja};
use crate::spec::Text;
use crate::suggest;

use super::calls::{Kind, Written, lookup, shifted, written};
use super::pieces::{Piece, pieces};
use super::{Check, Requester};

/// The namespaces of placeholders.
pub(crate) const NAMESPACES: [&str; 7] = [
    "secrets",
    "config",
    "resources",
    "partition",
    "job",
    "incremental",
    "paginator",
];

/// The use of a template.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum TemplateUse {
    /// A URL or a path, which logs show.
    Address,
    Header,
    /// A field of an `auth`.
    Credential,
    /// A value that decides about a range.
    Bound,
    /// A parameter or a body: it may be text of a language that has braces itself.
    Sent,
}

/// What may stand in a template.
#[derive(Clone, Copy, Debug)]
pub(super) struct Scope<'s> {
    /// The key, in backticks.
    what: &'s str,
    place: TemplateUse,
    incremental: bool,
    /// Whether all fetches of a source share it.
    is_shared: bool,
    /// What a name without a namespace stands for, in a path.
    bound: &'s [(String, Template)],
}

impl<'s> Scope<'s> {
    fn new(what: &'s str, place: TemplateUse, incremental: bool) -> Self {
        Self {
            what,
            place,
            incremental,
            is_shared: false,
            bound: &[],
        }
    }

    /// A URL or a path: no secrets.
    pub(super) fn address(what: &'s str) -> Self {
        Self {
            is_shared: true,
            ..Self::new(what, TemplateUse::Address, false)
        }
    }

    /// The `path` of an endpoint, and what names without a namespace stand for in it.
    pub(super) fn path(bound: &'s [(String, Template)], incremental: bool) -> Self {
        Self {
            bound,
            ..Self::new("`path`", TemplateUse::Address, incremental)
        }
    }

    pub(super) fn header(what: &'s str, incremental: bool) -> Self {
        Self::new(what, TemplateUse::Header, incremental)
    }

    /// A parameter, or a text in a body.
    pub(super) fn sent(what: &'s str, incremental: bool) -> Self {
        Self::new(what, TemplateUse::Sent, incremental)
    }

    /// A start or an end of a range: settings and the time of the fetch.
    pub(super) fn bound(what: &'s str) -> Self {
        Self::new(what, TemplateUse::Bound, false)
    }

    /// A field of an `auth`.
    pub(super) fn credential(what: &'s str) -> Self {
        Self::new(what, TemplateUse::Credential, false)
    }
}

impl Check<'_> {
    /// A text with its placeholders looked up, and none of another language in it.
    pub(super) fn template(&mut self, text: Text<'_>, scope: Scope<'_>) -> Template {
        self.jinja_is_text(text, scope);
        self.filled(text, scope)
    }

    /// A text with its placeholders looked up.
    pub(super) fn filled(&mut self, text: Text<'_>, scope: Scope<'_>) -> Template {
        let mut parts: Vec<Part> = Vec::new();
        let mut literal = String::new();
        for piece in pieces(text.text) {
            let inner = match piece {
                Piece::Text(text) => {
                    literal.push_str(text);
                    continue;
                }
                Piece::Lone(from) => {
                    self.lone_brace(text, from, scope);
                    literal.push_str(from);
                    break;
                }
                Piece::Placeholder(inner) => inner,
            };
            // `${NAME}` is a placeholder of a shell, dollar and all.
            let dollar = if literal.ends_with('$') { "$" } else { "" };
            literal.truncate(literal.len() - dollar.len());
            let span = self.part_of(text.span, &format!("{dollar}{{{inner}}}"));
            let found = self.placeholder(inner, &span, scope);
            if !dollar.is_empty() && !self.sink.has_errors_in(&span) {
                self.dollar_is_text(inner, &span);
            }
            if !literal.is_empty() {
                parts.push(Part::Text(std::mem::take(&mut literal).into()));
            }
            parts.extend(found);
        }
        if !literal.is_empty() {
            parts.push(Part::Text(literal.into()));
        }
        self.join_batches(&mut parts, scope.what);
        self.both_ends_come(text, &parts);
        self.settings_have_one_value(text, &parts, scope);
        Template(joined(parts))
    }

    /// A list in a text, or no value where one must be.
    fn settings_have_one_value(&mut self, text: Text<'_>, parts: &[Part], scope: Scope<'_>) {
        let must_be = matches!(scope.place, TemplateUse::Address | TemplateUse::Credential);
        for part in parts {
            let Part::Config(at) = part.source() else {
                continue;
            };
            let is_list = matches!(self.kind(part), Kind::List(_));
            let Some(setting) = self.settings.config(*at) else {
                continue;
            };
            let is_whole = scope.place == TemplateUse::Sent && parts.len() == 1;
            let (what, help) = if is_list && !is_whole {
                (
                    "a list",
                    "make a text of it, `| join(\",\")`, or make it all of a parameter, which is then repeated, or of a \
                     JSON value",
                )
            } else if setting.optional && must_be && !part.has_default() {
                (
                    "optional",
                    "give the setting a `default`, or remove `optional`",
                )
            } else {
                continue;
            };
            let placeholder = format!("{{config.{}", setting.name);
            let message = format!(
                "`{}` is {what}, and {} needs one value",
                setting.name, scope.what
            );
            let span = self.part_of(text.span, &placeholder);
            self.error(Diagnostic::error("RS0212", &span, message).help(help));
        }
    }

    /// A text with the start and the end of a range would be left out as a whole where there is no end, so
    /// that every fetch asked for everything.
    fn both_ends_come(&mut self, text: Text<'_>, parts: &[Part]) {
        let has = |part: &Part| parts.iter().any(|one| one.source() == part);
        let has_both = has(&Part::IncrementalStart) && has(&Part::IncrementalEnd);
        if has_both && !self.has_end {
            let message = "without an end this is left out, and every fetch asks for everything";
            self.error(
                Diagnostic::error("RS0513", text.span, message)
                    .help(
                        "send the start in a parameter of its own, or say `end_value` in `incremental`",
                    )
                    .note("`{incremental.end_value}` has a value only if `end_value` or the caller gives one"),
            );
        }
    }

    fn lone_brace(&mut self, text: Text<'_>, from: &str, scope: Scope<'_>) {
        let brace = from.get(..1).unwrap_or("{");
        let (message, help) = if brace == "{" {
            (
                "a placeholder is not closed",
                "close it with `}`, or write `{{` for a brace",
            )
        } else {
            ("a `}` closes no placeholder", "write `}}` for a brace")
        };
        let span = self.part_of(text.span, from);
        self.error(
            Diagnostic::error("RS0207", &span, format!("{message} in {}", scope.what)).help(help),
        );
    }

    /// `{{ config['key'] }}`: two braces are one that is sent.
    pub(super) fn jinja_is_text(&mut self, text: Text<'_>, scope: Scope<'_>) {
        for jinja in other_placeholders::jinja(text.text) {
            if jinja.is_certain() || scope.place != TemplateUse::Sent {
                self.one_jinja_is_text(&jinja, text, scope);
            }
        }
    }

    /// What is between the braces may be a secret: the message does not repeat it.
    fn one_jinja_is_text(&mut self, jinja: &Jinja<'_>, text: Text<'_>, scope: Scope<'_>) {
        let whole = jinja.whole;
        let is_credential = scope.place == TemplateUse::Credential;
        let span = self.part_of(text.span, whole);
        let message = format!("two braces are text in {}, and no placeholder", scope.what);
        let mut diagnostic = if scope.place == TemplateUse::Sent {
            Diagnostic::warning("RS0905", &span, message)
        } else {
            Diagnostic::error("RS0211", &span, message)
        };
        diagnostic = match jinja.ours(is_credential) {
            Some(ours) => diagnostic.help(format!("write `{ours}`")).suggest(
                whole,
                ours,
                Applicability::MaybeIncorrect,
            ),
            None if matches!(scope.place, TemplateUse::Header | TemplateUse::Credential) => {
                diagnostic.help("write `{secrets.NAME}`, or `{config.NAME}` for a setting")
            }
            None => diagnostic.help(
                "write `{config.NAME}` for a setting, `{resources.PARENT.FIELD}` for a field of \
                 another resource",
            ),
        };
        self.error(
            diagnostic
                .note("a placeholder has one brace on each side; `{{` is a brace that is sent"),
        );
    }

    /// `${secrets.key}`, of which the `$` would be sent.
    fn dollar_is_text(&mut self, inner: &str, span: &Span) {
        let (written, meant) = (format!("${{{inner}}}"), format!("{{{inner}}}"));
        let message = "the `$` before this placeholder would be sent with its value";
        self.error(
            Diagnostic::error("RS0211", span, message)
                .help(format!("write `{meant}`"))
                .suggest(written, meant, Applicability::MachineApplicable),
        );
    }

    fn placeholder(&mut self, inner: &str, span: &Span, scope: Scope<'_>) -> Vec<Part> {
        let written = written(inner);
        let whole = inner;
        let inner = written.source;
        let trimmed = inner.trim();
        if trimmed != inner && trimmed.contains('.') {
            let meant = format!("{{{}}}", whole.trim());
            self.error(
                Diagnostic::error("RS0207", span, "spaces stand in a placeholder")
                    .help(format!("write `{meant}`"))
                    .suggest(
                        format!("{{{whole}}}"),
                        meant,
                        Applicability::MachineApplicable,
                    ),
            );
            return Vec::new();
        }
        let is_time = matches!(inner, "now" | "today") || shifted(inner).is_some();
        if is_time && !scope.bound.iter().any(|(bound, _)| bound == inner) {
            return self.time(&written, span, scope);
        }
        let (namespace, name) = inner.split_once('.').unwrap_or(("", inner));
        let part = match namespace {
            "secrets" => self.secret(name, span, scope),
            "config" => self.setting(name, span),
            "incremental" => self.incremental_placeholder(name, span, scope),
            "resources" if scope.place == TemplateUse::Bound => {
                let message = format!("a field of a parent cannot stand in {}", scope.what);
                self.error(
                    Diagnostic::error("RS0809", span, message)
                        .help("write `{config.NAME}`, or `{now}`"),
                );
                None
            }
            "resources" => self
                .parent_placeholder(name, span, scope.what, &written)
                .map(Part::Parent),
            "paginator" => self.page_placeholder(name, span, scope.what),
            "partition" => self.partition_placeholder(name, span).map(Part::Partition),
            "job" => self.job_placeholder(name, span).map(Part::Job),
            "" if !written.has_calls() => return self.bound(name, span, scope),
            "" => {
                if !self.bound(name, span, scope).is_empty() {
                    let message =
                        format!("`{{{name}}}` is bound by `params`, and functions stand there");
                    self.error(Diagnostic::error("RS0215", span, message).help(format!(
                        "write `{{{name}}}`, and the functions in its parameter"
                    )));
                }
                None
            }
            _ => {
                self.unknown_namespace(inner, span);
                None
            }
        };
        let called = part.and_then(|part| self.calls(part, &written, None, span));
        called.map(|(part, _)| part).into_iter().collect()
    }

    /// `{now}`, `{today}`, `{now - 30d}`.
    fn time(&mut self, written: &Written<'_>, span: &Span, scope: Scope<'_>) -> Vec<Part> {
        let is_shared = scope.is_shared || self.requester == Requester::Login;
        let is_of_fetch = !matches!(scope.place, TemplateUse::Credential) && !is_shared;
        if !is_of_fetch {
            let message = format!("the time of a fetch cannot stand in {}", scope.what);
            self.error(
                Diagnostic::error("RS0216", span, message).help(
                    "put it into `path`, `params`, `headers`, `json` or `data` of an endpoint",
                ),
            );
            return Vec::new();
        }
        let Some((part, shift)) = self.time_placeholder(written.source, span) else {
            return Vec::new();
        };
        let called = self.calls(part, written, shift, span);
        called.map(|(part, _)| part).into_iter().collect()
    }

    fn secret(&mut self, name: &str, span: &Span, scope: Scope<'_>) -> Option<Part> {
        if !crate::value::is_identifier(name) {
            self.error(
                Diagnostic::error("RS0207", span, format!("`{name}` is no name for a secret"))
                    .help("write `{secrets.name}` with letters, digits and `_`"),
            );
            return None;
        }
        if matches!(scope.place, TemplateUse::Address | TemplateUse::Bound) {
            self.error(
                Diagnostic::error(
                    "RS0302",
                    span,
                    format!("a secret cannot stand in {}", scope.what),
                )
                .help("put it into `auth`, `headers` or `params`: addresses are logged"),
            );
            return None;
        }
        Some(Part::Secret(self.settings.secret(name, span)))
    }

    pub(super) fn setting(&mut self, name: &str, span: &Span) -> Option<Part> {
        if let Some((word, value)) = name.split_once('.')
            && let Some(at) = self.settings.setting(word)
        {
            let found = self.settings.values_of(at, value);
            return match found {
                Some(texts) => Some(lookup(at, texts)),
                None => self.no_value_of_words(word, value, at, span),
            };
        }
        if let Some(at) = self.settings.setting(name) {
            return Some(Part::Config(at));
        }
        if self
            .sink
            .is_unclear(&self.root, crate::grammar::source::SOURCE_CONFIG.name)
        {
            return None;
        }
        let known = self.settings.setting_names();
        let close = suggest::closest(name, &known);
        let place = self.segment(span, name);
        let diagnostic =
            Diagnostic::error("RS0208", &place, format!("`config` declares no `{name}`"));
        let diagnostic = match close {
            Some(close) => diagnostic
                .help(format!("did you mean `{{config.{close}}}`?"))
                .suggest(name, close, Applicability::MaybeIncorrect),
            None => diagnostic.help(format!("declare it at the top: `config: {{{name}: text}}`")),
        };
        self.error(diagnostic);
        None
    }

    /// A value that the words of a setting do not stand for.
    fn no_value_of_words(&mut self, name: &str, value: &str, at: u16, span: &Span) -> Option<Part> {
        let known = self.settings.value_names(at);
        let place = self.segment(span, value);
        let message = format!("the words of the setting `{name}` have no `{value}`");
        let error = Diagnostic::error("RS0208", &place, message);
        self.error(if known.is_empty() {
            error.help(format!(
                "give it to each word of the enum: `values: {{eu: {{{value}: …}}, us: {{{value}: …}}}}`"
            ))
        } else {
            error.help(format!("they have: {}", known.join(", ")))
        });
        None
    }

    fn incremental_placeholder(
        &mut self,
        name: &str,
        span: &Span,
        scope: Scope<'_>,
    ) -> Option<Part> {
        let part = match name {
            "start_value" => Part::IncrementalStart,
            "end_value" => Part::IncrementalEnd,
            _ => {
                let place = self.segment(span, name);
                let diagnostic =
                    Diagnostic::error("RS0208", &place, format!("`incremental` has no `{name}`"));
                let meant = match name {
                    "last_value" | "initial_value" => Some("start_value"),
                    _ => suggest::closest(name, &["start_value", "end_value"]),
                };
                let meant = meant.map_or_else(
                    || "it has `start_value` and `end_value`".to_owned(),
                    |meant| format!("did you mean `{{incremental.{meant}}}`?"),
                );
                self.error(diagnostic.help(meant));
                return None;
            }
        };
        if !scope.incremental {
            self.error(
                Diagnostic::error(
                    "RS0209",
                    span,
                    format!("nothing is incremental in {}", scope.what),
                )
                .help("such a placeholder needs the `incremental` of its own endpoint"),
            );
            return None;
        }
        Some(part)
    }

    fn bound(&mut self, name: &str, span: &Span, scope: Scope<'_>) -> Vec<Part> {
        if let Some((_, template)) = scope.bound.iter().find(|(bound, _)| bound == name) {
            return template.0.to_vec();
        }
        if scope.what == "`path`"
            && let Some(part) = self.bare_page_placeholder(name, span)
        {
            return vec![part];
        }
        let mut diagnostic = Diagnostic::error(
            "RS0208",
            span,
            format!("nothing gives `{{{name}}}` a value in {}", scope.what),
        );
        let known = self.settings.setting_names();
        diagnostic = if known.contains(&name) {
            diagnostic.help(format!("write `{{config.{name}}}`"))
        } else if scope.what == "`path`" {
            diagnostic.help(format!(
                "write `{{config.{name}}}`, or bind it by `params: {{{name}: …}}`"
            ))
        } else if scope.place == TemplateUse::Credential {
            // What is no word may be the secret itself.
            let name = if crate::read::credentials::is_word(name) {
                crate::names::snake(name)
            } else {
                "NAME".to_owned()
            };
            diagnostic
                .help(format!("write `{{secrets.{name}}}`"))
                .note("a secret comes from the user of the connector, or from the environment")
        } else {
            diagnostic.help(
                "a placeholder is `{secrets.NAME}` or `{config.NAME}`; write `{{` for a brace",
            )
        };
        self.error(diagnostic);
        Vec::new()
    }

    fn unknown_namespace(&mut self, inner: &str, span: &Span) {
        let (namespace, name) = inner.split_once('.').unwrap_or((inner, ""));
        let message = format!("`{inner}` names nothing that a placeholder can hold");
        let diagnostic = Diagnostic::error("RS0208", span, &message);
        if self.parent.is_called(namespace) {
            let meant = format!("resources.{inner}");
            self.error(diagnostic.help(format!("write `{{{meant}}}`")).suggest(
                inner,
                meant,
                Applicability::MachineApplicable,
            ));
            return;
        }
        let diagnostic = match suggest::closest(namespace, &NAMESPACES) {
            Some(close) => Diagnostic::error("RS0208", &self.namespace(span, namespace), &message)
                .help(format!("did you mean `{{{close}.{name}}}`?"))
                .suggest(namespace, close, Applicability::MaybeIncorrect),
            None => diagnostic.help("write `{secrets.NAME}` or `{config.NAME}`; `{{` is a brace"),
        };
        self.error(diagnostic);
    }

    /// Where in a placeholder what stands before the first dot is written, or else the whole of it.
    fn namespace(&self, span: &Span, namespace: &str) -> Span {
        let place = self.part_of(span, &format!("{{{namespace}."));
        if place == *span {
            return place;
        }
        place.start + 1..place.end - 1
    }

    /// Where in a placeholder what follows a dot is written, or else the whole of it.
    pub(super) fn segment(&self, span: &Span, name: &str) -> Span {
        let place = self.part_of(span, &format!(".{name}"));
        if place == *span {
            return place;
        }
        place.start + 1..place.end
    }

    /// Where in the spec a piece of a scalar is written, or else the whole of it.
    pub(super) fn part_of(&self, span: &Span, piece: &str) -> Span {
        let written = self.source.text().get(span.clone()).unwrap_or_default();
        match written.find(piece) {
            Some(at) if !piece.is_empty() => span.start + at..span.start + at + piece.len(),
            _ => span.clone(),
        }
    }

    /// The text that a template makes with the defaults of the settings, if all have one.
    pub(super) fn resolved(&self, template: &Template) -> Option<String> {
        let mut text = String::new();
        for part in &template.0 {
            match part {
                Part::Text(literal) => text.push_str(literal),
                Part::Config(at) => text.push_str(self.settings.default_of(*at)?),
                Part::Call { of, functions } => match (&**of, &functions[..]) {
                    (Part::Config(at), [Function::Lookup(texts)]) => {
                        let word = self.settings.default_of(*at)?;
                        let (_, found) = texts.iter().find(|(known, _)| *known == *word)?;
                        text.push_str(found);
                    }
                    _ => return None,
                },
                _ => return None,
            }
        }
        Some(text)
    }
}

/// Neighbouring texts as one.
pub(super) fn joined(parts: Vec<Part>) -> List<Part> {
    let mut joined: Vec<Part> = Vec::with_capacity(parts.len());
    for part in parts {
        match (joined.last_mut(), part) {
            (Some(Part::Text(before)), Part::Text(text)) => {
                *before = format!("{before}{text}").into();
            }
            (_, part) => joined.push(part),
        }
    }
    joined.into()
}

/// Whether a template holds a secret.
pub(super) fn has_secret(template: &Template) -> bool {
    template
        .0
        .iter()
        .any(|part| matches!(part.source(), Part::Secret(_)))
}
