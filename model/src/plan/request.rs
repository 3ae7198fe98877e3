//! What a request is made of.

use crate::shared::{List, Text};

/// Text with placeholders.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Template(pub List<Part>);

/// A piece of a [`Template`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
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
}

/// A named value: a parameter, a header, a form field. A name may stand more than once.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
pub struct Param {
    /// The name.
    pub name: Text,
    /// The value. Left out when a placeholder in it has no value.
    pub value: Template,
}

/// A request's method.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
pub enum Method {
    /// GET.
    #[default]
    Get,
    /// POST.
    Post,
}

impl Method {
    /// Its word in a request.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
        }
    }
}

/// A request's body.
#[derive(Clone, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
pub enum Body {
    /// None.
    None,
    /// `application/json`.
    Json(Json),
    /// `application/x-www-form-urlencoded`.
    Form(List<Param>),
}

/// A JSON value with placeholders in its texts.
#[derive(Clone, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
pub enum Json {
    /// Null.
    Null,
    /// True or false.
    Bool(bool),
    /// A number, as its digits.
    Number(Text),
    /// A text. One that is exactly a placeholder takes its value's type.
    Text(Template),
    /// A list.
    Array(List<Json>),
    /// An object, its members in order.
    Object(List<(Text, Json)>),
}

impl Json {
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
