//! CSV without the feature `csv`.

use super::{BatchFormat, BodyError};
use crate::{
    error::{Error, ErrorKind, Result},
    plan,
    schema::Table,
};

/// The rows of a body.
pub(super) enum Csv {}

impl Csv {
    pub(super) fn new(_: &plan::Csv, _: &Table) -> Result<Self> {
        Err(Error::new(
            ErrorKind::Config,
            "`decoder: csv` needs the feature `csv` of `rest-source`",
        )
        .with_help("enable it: `cargo add rest-source --features csv`"))
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
