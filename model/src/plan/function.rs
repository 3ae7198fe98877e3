//! The functions of placeholders.

use std::{fmt, time::Duration};

use crate::{
    schema::TimeFormat,
    shared::{List, Text},
};

declare! {
    /// What is done to the value of a placeholder. A function of a text maps the elements of a list.
    #[derive(Eq)]
    pub enum Function {
        /// Lower case.
        Lower,
        /// Upper case.
        Upper,
        /// Without white space at both ends.
        Trim,
        /// This JSON scalar in place of no value.
        Default(Text),
        /// A piece of a text.
        Split {
            /// What stands between the pieces.
            separator: Text,
            /// The position of the piece; a negative one counts from the end.
            index: i32,
        },
        /// The elements of a list, with this between them.
        Join(Text),
        /// The text with each `from` replaced.
        Replace {
            /// What is replaced.
            from: Text,
            /// What takes its place.
            to: Text,
        },
        /// A time in this format.
        Format(TimeFormat),
        /// A later time.
        Add(Duration),
        /// An earlier time.
        Subtract(Duration),
        /// Base64 with padding.
        Base64,
        /// JSON text.
        Json,
        /// The text in single quotes, those within it doubled.
        Quote,
        /// Reads a time in the format of the column that it comes from.
        Read(TimeFormat),
        /// The text of a word of an enum.
        Lookup(List<(Text, Text)>),
    }
}

/// As a spec writes it. What a spec does not write is empty.
impl fmt::Display for Function {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Lower => f.write_str("lower"),
            Self::Upper => f.write_str("upper"),
            Self::Trim => f.write_str("trim"),
            Self::Default(json) => write!(f, "default({json})"),
            Self::Split { separator, index } => write!(f, "split({separator:?}, {index})"),
            Self::Join(separator) => write!(f, "join({separator:?})"),
            Self::Replace { from, to } => write!(f, "replace({from:?}, {to:?})"),
            Self::Format(format) => write!(f, "format({format})"),
            Self::Add(by) => write!(f, "add({}s)", by.as_secs_f64()),
            Self::Subtract(by) => write!(f, "add(-{}s)", by.as_secs_f64()),
            Self::Base64 => f.write_str("base64"),
            Self::Json => f.write_str("json"),
            Self::Quote => f.write_str("quote"),
            Self::Read(_) | Self::Lookup(_) => Ok(()),
        }
    }
}
