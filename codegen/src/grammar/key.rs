//! A key of the language: its name, its value's shape and type, its default, and what it means.

use std::marker::PhantomData;
use std::ops::Deref;

use super::Shape;
use super::value::Value;

/// A key whose value is read as a `T`, where it has one that is taken as a whole.
#[derive(Debug)]
pub(crate) struct Key<T = ()> {
    facts: Facts,
    value: PhantomData<fn() -> T>,
}

/// A key that has a value where a spec leaves it out.
#[derive(Debug)]
pub(crate) struct DefaultKey<T> {
    facts: Facts,
    pub default: T,
}

/// What every key has.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Facts {
    pub name: &'static str,
    /// Other words for the same key.
    pub aliases: &'static [&'static str],
    pub shape: Shape,
    pub required: bool,
    /// A key beside which a required one may be missing; empty for none.
    pub unless: &'static [&'static str],
    /// What a key that is left out stands for, where that depends on something else.
    remark: &'static str,
    /// In one line.
    pub meaning: &'static str,
    /// A value, as a spec would say it; empty where the spec of every key has one.
    pub example: &'static str,
}

/// A key of any type.
pub(crate) trait AnyKey: Sync {
    fn facts(&self) -> &Facts;

    /// What it stands for where it is left out, as a spec would say it; empty where that is nothing.
    fn default(&self) -> String;

    /// Whether that is a value, and not a remark.
    #[cfg(any(test, feature = "write"))]
    fn has_default(&self) -> bool;
}

impl<T> AnyKey for Key<T> {
    fn facts(&self) -> &Facts {
        &self.facts
    }

    fn default(&self) -> String {
        self.facts.remark.to_owned()
    }

    #[cfg(any(test, feature = "write"))]
    fn has_default(&self) -> bool {
        false
    }
}

impl<T: Value + Sync> AnyKey for DefaultKey<T> {
    fn facts(&self) -> &Facts {
        &self.facts
    }

    fn default(&self) -> String {
        self.default.written()
    }

    #[cfg(any(test, feature = "write"))]
    fn has_default(&self) -> bool {
        true
    }
}

impl Deref for dyn AnyKey + '_ {
    type Target = Facts;

    fn deref(&self) -> &Facts {
        self.facts()
    }
}

impl<T> Deref for Key<T> {
    type Target = Facts;

    fn deref(&self) -> &Facts {
        &self.facts
    }
}

impl<T> Deref for DefaultKey<T> {
    type Target = Facts;

    fn deref(&self) -> &Facts {
        &self.facts
    }
}

impl Facts {
    pub(crate) fn is_called(&self, name: &str) -> bool {
        self.name == name || self.aliases.contains(&name)
    }
}

impl<T> Key<T> {
    /// A key that may be left out, and then stands for nothing.
    pub(crate) const fn new(name: &'static str, shape: Shape, meaning: &'static str) -> Self {
        Self {
            facts: Facts {
                name,
                aliases: &[],
                shape,
                required: false,
                unless: &[],
                remark: "",
                meaning,
                example: "",
            },
            value: PhantomData,
        }
    }

    pub(crate) const fn required(mut self) -> Self {
        self.facts.required = true;
        self
    }

    /// A key that may be missing only beside one of others.
    pub(crate) const fn required_unless(mut self, others: &'static [&'static str]) -> Self {
        self.facts.unless = others;
        self.required()
    }

    pub(crate) const fn alias(mut self, aliases: &'static [&'static str]) -> Self {
        self.facts.aliases = aliases;
        self
    }

    /// Shows a value.
    pub(crate) const fn example(mut self, example: &'static str) -> Self {
        self.facts.example = example;
        self
    }

    /// Says in words what it stands for where it is left out.
    pub(crate) const fn remark(mut self, remark: &'static str) -> Self {
        self.facts.remark = remark;
        self
    }

    /// Gives it a value where it is left out.
    pub(crate) const fn or(self, default: T) -> DefaultKey<T> {
        DefaultKey {
            facts: self.facts,
            default,
        }
    }
}

/// How a key is read by its constant.
pub(crate) trait Read: AnyKey {
    type Output;

    /// What its value says; nothing where it is left out.
    fn read(&self, value: Option<&crate::yaml::Node>) -> Self::Output;
}

impl<T: Value> Read for Key<T> {
    type Output = Option<T>;

    fn read(&self, value: Option<&crate::yaml::Node>) -> Option<T> {
        T::read(value?)
    }
}

impl<T: Value + Clone + Sync> Read for DefaultKey<T> {
    type Output = T;

    fn read(&self, value: Option<&crate::yaml::Node>) -> T {
        value
            .and_then(T::read)
            .unwrap_or_else(|| self.default.clone())
    }
}
