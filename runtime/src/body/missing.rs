//! What a body needs of features that are not enabled.

#[cfg(not(all(feature = "csv", feature = "xml")))]
pub(super) use self::format::MissingFormat;

use crate::error::{Error, ErrorKind};

/// The error for a key that needs a feature.
#[cfg_attr(
    all(
        feature = "archives",
        feature = "charsets",
        feature = "csv",
        feature = "xml"
    ),
    expect(dead_code, reason = "no feature is missing")
)]
pub(super) fn missing(key: &str, feature: &str) -> Error {
    let message = format!("`{key}` needs the feature `{feature}` of `rest-source`");
    let help = format!("enable it: `cargo add rest-source --features {feature}`");
    Error::new(ErrorKind::Config, message).with_help(help)
}

#[cfg(not(all(feature = "csv", feature = "xml")))]
mod format {
    use super::missing;
    use crate::{
        body::{BatchFormat, BodyError, text::TextFormat},
        error::Result,
        plan,
        schema::Table,
    };

    /// A format whose feature is not enabled: none of its bodies is read.
    pub(in crate::body) enum MissingFormat {}

    /// The plan of a format that is a feature.
    pub(in crate::body) trait FormatPlan {
        /// The word of `decoder`, which is the name of the feature.
        const FORMAT: &'static str;
    }

    impl FormatPlan for plan::Csv {
        const FORMAT: &'static str = "csv";
    }

    impl FormatPlan for plan::Xml {
        const FORMAT: &'static str = "xml";
    }

    impl MissingFormat {
        pub(in crate::body) fn new<P: FormatPlan>(_: &P, _: &Table) -> Result<Self> {
            Err(missing(&format!("decoder: {}", P::FORMAT), P::FORMAT))
        }

        #[cfg(not(feature = "xml"))]
        pub(in crate::body) fn in_charset(xml: &plan::Xml, table: &Table, _: bool) -> Result<Self> {
            Self::new(xml, table)
        }
    }

    impl TextFormat for MissingFormat {
        fn push(&mut self, _: &str, _: usize) -> Result<(), BodyError> {
            match *self {}
        }

        fn finish(&mut self) -> Result<(), BodyError> {
            match *self {}
        }

        fn ready(&self) -> usize {
            match *self {}
        }

        fn take(&mut self) -> (Vec<u8>, BatchFormat) {
            match *self {}
        }
    }
}
