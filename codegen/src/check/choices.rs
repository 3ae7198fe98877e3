//! `one_of`: kinds of credentials that the user of a connector chooses from.

use crate::connector::{Auth, Choice};
use crate::diagnostic::{Diagnostic, Span};
use crate::grammar;
use crate::names;
use crate::spec::View;
use crate::value;
use crate::yaml::Entry;

use super::{Check, settings};

/// The choices of a source, and where they are written.
#[derive(Debug)]
pub(super) struct Choices {
    pub list: Vec<Choice>,
    span: Span,
}

impl Check<'_> {
    /// Reads the choices, which a source has once: every resource that leaves its credentials to the
    /// user leaves them to the same choice.
    pub(super) fn one_of(&mut self, view: &View<'_>) {
        let Some(node) = view.node(&grammar::auth::CHOICES) else {
            return;
        };
        let span = &node.span;
        if let Some(known) = &self.choices {
            if known.span != *span {
                let first = known.span.clone();
                self.error(
                    Diagnostic::error(
                        "RS0307",
                        span,
                        "a source has one `one_of`, and this is another",
                    )
                    .help("leave the choice to the `auth` of `client`")
                    .also(&first, "first defined here"),
                );
            }
            return;
        }
        self.choices = Some(Choices {
            list: Vec::new(),
            span: span.clone(),
        });
        if node.entries().len() < 2 {
            self.error(
                Diagnostic::error("RS0307", span, "there is nothing to choose here")
                    .help("give two kinds or more, or write the one as the `auth` itself"),
            );
        }
        for entry in node.entries() {
            if let Some(choice) = self.choice(entry)
                && let Some(choices) = &mut self.choices
            {
                choices.list.push(choice);
            }
        }
    }

    fn choice(&mut self, entry: &Entry) -> Option<Choice> {
        let name = &entry.key.name;
        let span = &entry.key.span;
        if !value::is_identifier(name) {
            self.error(
                Diagnostic::error("RS0201", span, format!("`{name}` is no name for a choice"))
                    .help("a name is made of letters, digits and `_`, and begins with no digit"),
            );
            return None;
        }
        let ident = variant(name);
        let mut known = self.known_choices().iter();
        if let Some(other) = known.find(|other| variant(&other.name) == ident) {
            let message = format!(
                "the choices `{}` and `{name}` are both `{ident}`",
                other.name
            );
            self.error(
                Diagnostic::error("RS0405", span, message)
                    .help("rename one of them")
                    .note("each is a variant of `Secrets`"),
            );
            return None;
        }
        let (member, _) = View::tagged(&entry.value, &grammar::AUTH)?;
        if member.word.name == "one_of" {
            self.error(
                Diagnostic::error("RS0307", span, "a choice cannot be between further choices")
                    .help("list them all in one `choices`"),
            );
            return None;
        }
        let (auth, secrets) = self.with_secrets_of(|check| check.auth(&entry.value));
        Some(Choice {
            name: name.clone().into(),
            auth: auth?.into(),
            secrets: secrets.into(),
        })
    }

    /// What is checked, and the secrets that it uses.
    fn with_secrets_of<T>(&mut self, check: impl FnOnce(&mut Self) -> T) -> (T, Vec<u16>) {
        self.settings.begin_choice();
        let checked = check(self);
        (checked, self.settings.end_choice())
    }

    /// The credentials that a resource with these may send.
    pub(super) fn possible(&self, auth: Option<&Auth>) -> Vec<Auth> {
        match auth {
            None => Vec::new(),
            Some(Auth::OneOf) => {
                let mut possible = Vec::new();
                for choice in self.known_choices() {
                    possible.push((*choice.auth).clone());
                }
                possible
            }
            Some(auth) => vec![auth.clone()],
        }
    }

    fn known_choices(&self) -> &[Choice] {
        self.choices.as_ref().map_or(&[], |choices| &choices.list)
    }
}

/// The choices with all the secrets that each needs: its own, and those that are used elsewhere.
pub(super) fn finish(choices: Option<Choices>, shared: &[u16]) -> Vec<Choice> {
    let mut choices = choices.map(|choices| choices.list).unwrap_or_default();
    for choice in &mut choices {
        let mut secrets = choice.secrets.to_vec();
        for secret in shared {
            settings::add(&mut secrets, *secret);
        }
        choice.secrets = secrets.into();
    }
    choices
}

/// The variant of `Secrets`.
fn variant(choice: &str) -> String {
    names::ident(&names::pascal(choice))
}
