//! From a response's bytes to cells.

use crate::{
    error::{Error, ErrorKind, Result},
    plan::{Pages, ResourcePlan, SchemaContract, Selector},
    rows::Rows,
    schema::{Path, Table},
};

/// What to read from a page: made once for a fetch.
#[derive(Debug)]
pub(crate) struct PageShape {
    table: &'static Table,
    selector: Selector,
    required: bool,
    paged: bool,
    contract: SchemaContract,
    probes: Vec<Path>,
    spec: &'static str,
}

impl PageShape {
    /// The shape of a resource's pages, its records made for `table`. `probes` are the places whose
    /// values are wanted besides, `spec` is the spec's path for messages.
    ///
    /// # Errors
    ///
    /// Where a time zone of the table is not known to this machine.
    pub(crate) fn new(
        resource: &ResourcePlan,
        table: &'static Table,
        probes: Vec<Path>,
        spec: &'static str,
    ) -> Result<Self> {
        Ok(Self {
            table,
            selector: resource.selector,
            required: resource.selector_required,
            paged: resource.paginator.kind != Pages::Single,
            contract: resource.schema_contract,
            probes,
            spec,
        })
    }
}

/// What stands at a probed place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Probe {
    /// Nothing.
    Missing,
    /// Null.
    Null,
    /// True or false.
    Bool(bool),
    /// A number, as its digits.
    Number(String),
    /// Text.
    Text(String),
    /// A list or an object.
    Other,
}

/// A page as far as it fits.
#[derive(Debug)]
pub(crate) struct Decoded {
    /// Its rows, up to the first that does not fit.
    pub(crate) rows: Rows,
    /// Records in the response.
    pub(crate) received: u64,
    /// What stands at each probed place, in their order.
    pub(crate) probes: Vec<Probe>,
    /// Records set aside.
    pub(crate) discarded_rows: u64,
    /// Values made null.
    pub(crate) discarded_values: u64,
    /// Values of undeclared keys.
    pub(crate) undeclared: u64,
    /// The first few of each that was left out, in words.
    pub(crate) examples: Vec<String>,
    /// What did not fit, all of it.
    pub(crate) failure: Option<Error>,
}

/// Reads a page.
///
/// # Errors
///
/// [`ErrorKind::Response`] where the body is no JSON in UTF-8, or has no records where the selector
/// looks for them.
pub(crate) fn decode(body: Vec<u8>, shape: &PageShape) -> Result<Decoded> {
    let text = String::from_utf8(body)
        .map_err(|_| Error::new(ErrorKind::Response, "the response is not in UTF-8"))?;
    if !text.is_empty() {
        return Err(Error::new(
            ErrorKind::Response,
            "only empty pages are read so far",
        ));
    }
    Ok(Decoded {
        rows: Rows::empty(shape.table),
        received: 0,
        probes: vec![Probe::Missing; shape.probes.len()],
        discarded_rows: 0,
        discarded_values: 0,
        undeclared: 0,
        examples: Vec::new(),
        failure: None,
    })
}
