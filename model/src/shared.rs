//! How plans and tables hold their parts: as constants in generated code, shared where they were made
//! at run time.

use std::{
    borrow::Borrow,
    fmt,
    hash::{Hash, Hasher},
    ops::Deref,
    sync::Arc,
};

/// A value that a plan holds: a constant of the program, or shared by all who use the plan and dropped
/// with the last of them.
///
/// It reads as the value itself.
///
/// ```
/// use rest_source_model::shared::{List, Text, list};
///
/// let constant: Text = "stories".into();
/// let made: Text = format!("{}s", "storie").into();
/// assert_eq!(constant, made);
///
/// static STATUSES: List<u16> = list![429, 503];
/// assert!(STATUSES.contains(&429));
/// ```
pub enum Ref<T: ?Sized + 'static> {
    /// A constant.
    Static(&'static T),
    /// Made at run time.
    Shared(Arc<T>),
}

/// A text of a plan.
pub type Text = Ref<str>;

/// A list of a plan.
pub type List<T> = Ref<[T]>;

/// A [`List`](crate::shared::List) as a constant.
#[doc(hidden)]
#[macro_export]
macro_rules! __list {
    ($($value:expr),* $(,)?) => {
        $crate::shared::Ref::Static(const { &[$($value),*] })
    };
}
#[doc(inline)]
pub use crate::__list as list;

impl Ref<str> {
    /// The empty text.
    pub const EMPTY: Self = Self::Static("");

    /// This constant.
    pub const fn of(text: &'static str) -> Self {
        Self::Static(text)
    }

    /// The same text, as one that is read.
    pub fn as_str(&self) -> &str {
        self
    }
}

impl<T> Ref<[T]> {
    /// A list of nothing.
    pub const EMPTY: Self = Self::Static(&[]);
}

impl<T: ?Sized> Deref for Ref<T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        match self {
            Self::Static(value) => value,
            Self::Shared(value) => value,
        }
    }
}

impl<T: ?Sized> AsRef<T> for Ref<T> {
    fn as_ref(&self) -> &T {
        self
    }
}

impl Borrow<str> for Ref<str> {
    fn borrow(&self) -> &str {
        self
    }
}

impl<T: ?Sized> Clone for Ref<T> {
    #[inline]
    fn clone(&self) -> Self {
        match self {
            Self::Static(value) => Self::Static(value),
            Self::Shared(value) => Self::Shared(Arc::clone(value)),
        }
    }
}

impl<T: ?Sized> From<&'static T> for Ref<T> {
    fn from(value: &'static T) -> Self {
        Self::Static(value)
    }
}

impl<T> From<T> for Ref<T> {
    fn from(value: T) -> Self {
        Self::Shared(Arc::new(value))
    }
}

impl<T: ?Sized> From<Arc<T>> for Ref<T> {
    fn from(value: Arc<T>) -> Self {
        Self::Shared(value)
    }
}

impl From<String> for Ref<str> {
    fn from(text: String) -> Self {
        Self::Shared(text.into())
    }
}

impl<T> From<Vec<T>> for Ref<[T]> {
    fn from(values: Vec<T>) -> Self {
        Self::Shared(values.into())
    }
}

impl<T> FromIterator<T> for Ref<[T]> {
    fn from_iter<I: IntoIterator<Item = T>>(values: I) -> Self {
        Self::Shared(values.into_iter().collect())
    }
}

impl<'a, T> IntoIterator for &'a Ref<[T]> {
    type Item = &'a T;
    type IntoIter = std::slice::Iter<'a, T>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl Default for Ref<str> {
    fn default() -> Self {
        Self::EMPTY
    }
}

impl<T> Default for Ref<[T]> {
    fn default() -> Self {
        Self::EMPTY
    }
}

impl<T: ?Sized + PartialEq> PartialEq for Ref<T> {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

impl<T: ?Sized + Eq> Eq for Ref<T> {}

impl PartialEq<str> for Ref<str> {
    fn eq(&self, other: &str) -> bool {
        **self == *other
    }
}

impl PartialEq<&str> for Ref<str> {
    fn eq(&self, other: &&str) -> bool {
        **self == **other
    }
}

impl<T: ?Sized + PartialOrd> PartialOrd for Ref<T> {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        (**self).partial_cmp(&**other)
    }
}

impl<T: ?Sized + Ord> Ord for Ref<T> {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (**self).cmp(&**other)
    }
}

impl<T: ?Sized + Hash> Hash for Ref<T> {
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        (**self).hash(hasher);
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for Ref<T> {
    /// As the value.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

impl<T: ?Sized + fmt::Display> fmt::Display for Ref<T> {
    /// As the value.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

impl PartialEq<String> for Ref<str> {
    fn eq(&self, other: &String) -> bool {
        **self == **other
    }
}

impl PartialEq<Ref<str>> for str {
    fn eq(&self, other: &Ref<str>) -> bool {
        *self == **other
    }
}

impl PartialEq<Ref<str>> for String {
    fn eq(&self, other: &Ref<str>) -> bool {
        **self == **other
    }
}

impl From<Ref<str>> for String {
    fn from(text: Ref<str>) -> Self {
        text.as_str().to_owned()
    }
}

impl<T: ?Sized> From<&Self> for Ref<T> {
    fn from(shared: &Self) -> Self {
        shared.clone()
    }
}

impl From<&Ref<str>> for String {
    fn from(text: &Ref<str>) -> Self {
        text.as_str().to_owned()
    }
}

#[cfg(feature = "serde")]
mod serialised {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    use super::Ref;

    impl<T: ?Sized + Serialize> Serialize for Ref<T> {
        /// As the value.
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            (**self).serialize(serializer)
        }
    }

    impl<'de, T: Deserialize<'de>> Deserialize<'de> for Ref<T> {
        fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            T::deserialize(deserializer).map(Self::from)
        }
    }

    impl<'de, T: Deserialize<'de>> Deserialize<'de> for Ref<[T]> {
        fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            Vec::deserialize(deserializer).map(Self::from)
        }
    }

    impl<'de> Deserialize<'de> for Ref<str> {
        fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            String::deserialize(deserializer).map(Self::from)
        }
    }
}
