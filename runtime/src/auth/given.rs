//! What a spec gives to a type of the user's own.

use std::fmt;

use crate::{Error, ErrorKind, Result, Secret, plan::Param, shared::Text, template::Scope};

/// The values under `with`, their placeholders filled in. Its `Debug` shows their names alone.
#[derive(Clone)]
pub struct Given(Vec<(Text, Secret)>);

impl Given {
    pub(super) fn new(with: &[Param], scope: Scope<'_>) -> Result<Self> {
        let values = with.iter().map(|param| {
            let value = scope.required(&param.value, &format!("`{}`", param.name))?;
            Ok((param.name.clone(), value.into()))
        });
        values.collect::<Result<_>>().map(Self)
    }

    /// The value of this name, where the spec has one.
    pub fn get(&self, name: &str) -> Option<&str> {
        let (_, value) = self.0.iter().find(|(given, _)| *given == name)?;
        Some(value.expose())
    }

    /// The value of this name, which the spec must have.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`] where it has none.
    pub fn secret(&self, name: &str) -> Result<Secret> {
        let found = self.0.iter().find(|(given, _)| *given == name);
        found.map(|(_, value)| value.clone()).ok_or_else(|| {
            let message = format!("a custom auth is given no `{name}`");
            Error::new(ErrorKind::Config, message).with_help(format!(
                "write `with: {{{name}: \"{{secrets.{name}}}\"}}` in the spec"
            ))
        })
    }
}

impl fmt::Debug for Given {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set()
            .entries(self.0.iter().map(|(name, _)| name))
            .finish()
    }
}
