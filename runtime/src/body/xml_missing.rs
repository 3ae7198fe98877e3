//! XML without the feature `xml`.

use super::{BatchFormat, BodyError};
use crate::{
    error::{Error, ErrorKind, Result},
    plan,
    schema::Table,
};

/// The records of a body.
pub(super) enum Xml {}

impl Xml {
    pub(super) fn new(_: &plan::Xml, _: &Table) -> Result<Self> {
        Err(Error::new(
            ErrorKind::Config,
            "`decoder: xml` needs the feature `xml` of `rest-source`",
        )
        .with_help("enable it: `cargo add rest-source --features xml`"))
    }

    pub(super) fn push(&mut self, _: &str, _: usize) -> Result<(), BodyError> {
        match *self {}
    }

    pub(super) fn finish(&mut self) -> Result<(), BodyError> {
        match *self {}
    }

    pub(super) const fn ready(&self) -> usize {
        match *self {}
    }

    pub(super) fn take(&mut self) -> (Vec<u8>, BatchFormat) {
        match *self {}
    }
}
