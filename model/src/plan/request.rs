//! What a request is made of.

use super::Function;
use crate::{
    describe::{Describe, Item, Value},
    schema::{Path, Step},
    shared::{List, Ref, Text},
};

/// Text with placeholders.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Template(pub List<Part>);

impl Template {
    /// No text.
    pub const EMPTY: Self = Self(List::EMPTY);
}

impl Describe for Template {
    fn describe(&self) -> Value<'_> {
        match &*self.0 {
            [Part::Text(text)] => Value::Short {
                name: "literal",
                texts: vec![text],
            },
            _ => Value::Item(Item::new("Template").value(&self.0)),
        }
    }
}

declare! {
    /// A piece of a [`Template`].
    #[derive(Eq)]
    pub enum Part {
        /// This text.
        Text(Text),
        /// The secret at this position of [`SourcePlan::secrets`](super::SourcePlan::secrets).
        Secret(u16),
        /// The setting at this position of [`SourcePlan::config`](super::SourcePlan::config).
        Config(u16),
        /// Where an incremental fetch starts (`{incremental.start_value}`).
        IncrementalStart,
        /// Where an incremental fetch ends (`{incremental.end_value}`).
        IncrementalEnd,
        /// The value at this position of [`ParentPlan::fields`](super::ParentPlan::fields), of the parent's record.
        Parent(u16),
        /// The value of the list at this position of [`ResourcePlan::partitions`](super::ResourcePlan::partitions)
        /// (`{partition.region}`).
        Partition(u16),
        /// The time at which the fetch began, in whole seconds (`{now}`).
        Now,
        /// The day at which the fetch began, in UTC (`{today}`).
        Today,
        /// The value of the field at this position of [`Job::fields`](super::Job::fields) (`{job.id}`).
        Job(u16),
        /// Where the page is: its offset, its number or its cursor (`{paginator.offset}`).
        Position,
        /// The most records of a page (`{paginator.limit}`).
        PageSize,
        /// The value of another placeholder, through functions (`{config.name | lower}`).
        Call {
            /// The placeholder, which is no call itself.
            of: Ref<Part>,
            /// The functions, in order.
            functions: List<Function>,
        },
    }
}

impl Part {
    /// The placeholder without its functions.
    pub fn source(&self) -> &Self {
        match self {
            Self::Call { of, .. } => of,
            part => part,
        }
    }

    /// The functions that its value goes through.
    pub fn functions(&self) -> &[Function] {
        match self {
            Self::Call { functions, .. } => functions,
            _ => &[],
        }
    }

    /// Whether it has a value where its source has none.
    pub fn has_default(&self) -> bool {
        let mut functions = self.functions().iter();
        functions.any(|function| matches!(function, Function::Default(_)))
    }
}

declare! {
    /// A named value: a parameter, a header, a form field. A name may stand more than once.
    #[derive(Eq)]
    pub struct Param {
        /// The name.
        pub name: Text,
        /// The value. Left out when a placeholder in it has no value.
        pub value: Template,
    }
}

declare! {
    /// A request's method.
    #[derive(Copy, Default, Eq)]
    pub enum Method {
        /// GET.
        #[default]
        Get,
        /// POST.
        Post,
        /// PUT.
        Put,
        /// PATCH.
        Patch,
        /// DELETE, which ends a scroll.
        Delete,
    }
}

impl Method {
    /// Its word in a request.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Patch => "PATCH",
            Self::Delete => "DELETE",
        }
    }
}

declare! {
    /// A request's body.
    #[derive(Eq)]
    pub enum Body {
        /// None.
        None,
        /// `application/json`.
        Json(JsonPlan),
        /// `application/x-www-form-urlencoded`.
        Form(List<Param>),
    }
}

declare! {
    /// A JSON value with placeholders in its texts.
    #[derive(Eq)]
    pub enum JsonPlan {
        /// Null.
        Null,
        /// True or false.
        Bool(bool),
        /// A number, as its digits.
        Number(Text),
        /// A text. One that is exactly a placeholder takes its value's type.
        Text(Template),
        /// A list.
        Array(List<JsonPlan>),
        /// An object, its members in order.
        Object(List<(Text, JsonPlan)>),
    }
}

impl JsonPlan {
    /// Whether it has a value at a place, or above it.
    pub fn has(&self, path: &Path) -> bool {
        let mut value = self;
        for step in &path.0 {
            let member = match (value, step) {
                (Self::Object(members), Step::Key(key)) => {
                    members.iter().find(|(name, _)| name == key)
                }
                _ => return !matches!(value, Self::Object(_)),
            };
            match member {
                Some((_, member)) => value = member,
                None => return false,
            }
        }
        true
    }

    /// Whether any of its texts is such a one.
    pub fn any_text(&self, is_such: &dyn Fn(&Template) -> bool) -> bool {
        match self {
            Self::Text(template) => is_such(template),
            Self::Array(elements) => elements.iter().any(|element| element.any_text(is_such)),
            Self::Object(members) => members.iter().any(|(_, value)| value.any_text(is_such)),
            Self::Null | Self::Bool(_) | Self::Number(_) => false,
        }
    }
}
