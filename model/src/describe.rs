//! Values as data: what a generator needs to write a plan as Rust.

use std::time::Duration;

use crate::shared::{List, Ref, Text};

/// A value that can be written as the Rust expression that makes it.
pub trait Describe {
    /// The value, one level deep.
    fn describe(&self) -> Value<'_>;
}

/// A value of a plan, one level deep.
#[derive(Clone)]
pub enum Value<'a> {
    /// True or false.
    Bool(bool),
    /// An integer of any type.
    Integer(i128),
    /// A floating-point number.
    Float(f64),
    /// A span of time.
    Duration(Duration),
    /// A [`Text`].
    Text(&'a str),
    /// A [`List`].
    List(Vec<&'a dyn Describe>),
    /// A [`Ref`] to one value.
    Ref(&'a dyn Describe),
    /// An [`Option`].
    Option(Option<&'a dyn Describe>),
    /// A tuple.
    Tuple(Vec<&'a dyn Describe>),
    /// A struct, or a variant of an enum.
    Item(Item<'a>),
    /// A macro's short form of a value: `literal!("/v1/stories")`.
    Short {
        /// The macro.
        name: &'static str,
        /// What it is given.
        texts: Vec<&'a str>,
    },
}

/// A struct, or a variant of an enum.
#[derive(Clone)]
pub struct Item<'a> {
    /// The name of the type.
    pub name: &'static str,
    /// The variant of an enum.
    pub variant: Option<&'static str>,
    /// The field without a name.
    pub value: Option<&'a dyn Describe>,
    /// The named fields, without those that are equal to the base's.
    pub fields: Vec<(&'static str, &'a dyn Describe)>,
    /// The constant of the type that has the other fields.
    pub base: Option<&'static str>,
}

impl<'a> Item<'a> {
    /// A struct, all of its fields.
    pub fn new(name: &'static str) -> Self {
        Self {
            name,
            variant: None,
            value: None,
            fields: Vec::new(),
            base: None,
        }
    }

    /// A variant of an enum.
    pub fn variant(name: &'static str, variant: &'static str) -> Self {
        Self {
            variant: Some(variant),
            ..Self::new(name)
        }
    }

    /// Sets the field without a name.
    pub fn value(mut self, value: &'a dyn Describe) -> Self {
        self.value = Some(value);
        self
    }

    /// Adds a named field.
    pub fn field(mut self, name: &'static str, value: &'a dyn Describe) -> Self {
        self.fields.push((name, value));
        self
    }
}

macro_rules! integers {
    ($($Integer:ty),+) => {
        $(impl Describe for $Integer {
            fn describe(&self) -> Value<'_> {
                Value::Integer((*self).into())
            }
        })+
    };
}
integers!(u8, u16, u32, u64, i32, i64);

impl Describe for bool {
    fn describe(&self) -> Value<'_> {
        Value::Bool(*self)
    }
}

impl Describe for f64 {
    fn describe(&self) -> Value<'_> {
        Value::Float(*self)
    }
}

impl Describe for Duration {
    fn describe(&self) -> Value<'_> {
        Value::Duration(*self)
    }
}

impl Describe for Text {
    fn describe(&self) -> Value<'_> {
        Value::Text(self)
    }
}

impl<T: Describe> Describe for List<T> {
    fn describe(&self) -> Value<'_> {
        Value::List(self.iter().map(|value| value as &dyn Describe).collect())
    }
}

impl<T: Describe> Describe for Ref<T> {
    fn describe(&self) -> Value<'_> {
        Value::Ref(&**self)
    }
}

impl<T: Describe> Describe for Option<T> {
    fn describe(&self) -> Value<'_> {
        Value::Option(self.as_ref().map(|value| value as &dyn Describe))
    }
}

impl<A: Describe, B: Describe> Describe for (A, B) {
    fn describe(&self) -> Value<'_> {
        Value::Tuple(vec![&self.0, &self.1])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::{Ends, Offset, Pages, Paginator};

    fn fields(value: &dyn Describe) -> (Option<&'static str>, Vec<&'static str>) {
        let Value::Item(item) = value.describe() else {
            panic!("no struct and no variant");
        };
        let names = item.fields.iter().map(|(name, _)| *name);
        (item.base, names.collect())
    }

    #[test]
    fn a_struct_is_described_by_what_differs_from_its_defaults() {
        assert_eq!(fields(&Paginator::DEFAULT), (Some("DEFAULT"), vec![]));
        let paginator = Paginator {
            maximum_pages: Some(3),
            ..Paginator::new(Pages::Offset(Offset::new(50)))
        };
        let expected = vec!["kind", "ends", "maximum_pages"];
        assert_eq!(fields(&paginator), (Some("DEFAULT"), expected));
    }

    #[test]
    fn a_struct_is_described_over_the_constant_that_is_closest() {
        assert_eq!(fields(&Ends::DEFAULT), (Some("DEFAULT"), vec![]));
        assert_eq!(fields(&Ends::COUNTED), (Some("COUNTED"), vec![]));
        let ends = Ends {
            end_on_repeat: true,
            ..Ends::COUNTED
        };
        assert_eq!(fields(&ends), (Some("COUNTED"), vec!["end_on_repeat"]));
    }

    #[test]
    fn a_variant_is_described_with_its_value_or_its_fields() {
        let pages = Pages::Offset(Offset::new(50));
        let Value::Item(item) = pages.describe() else {
            panic!("no variant");
        };
        assert_eq!((item.name, item.variant), ("Pages", Some("Offset")));
        let offset = item.value.unwrap();
        assert_eq!(fields(offset), (Some("DEFAULT"), vec!["limit"]));
        let link = Pages::HeaderLink {
            header: "Link".into(),
            rel: "next".into(),
        };
        assert_eq!(fields(&link), (None, vec!["header", "rel"]));
    }
}
