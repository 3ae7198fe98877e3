//! From a response's bytes to cells, in one pass.
//!
//! The tables say what to read. A value is checked where it is met and becomes a slot: a number, or a
//! range of the text. Records and a paginator's values are read together, wherever they stand.
//!
//! The fast pass reads pages in which all of it fits. Any other page is read by `serde_json` in the
//! careful pass: what does not fit is noted with its place and read over, so that one pass finds all
//! of it.

mod around;
mod body;
#[cfg(any(test, fuzzing))]
pub(crate) mod both_passes;
mod cursor;
mod declared;
mod document;
mod explode;
mod extra;
mod fast;
mod fault;
mod fingerprint;
mod included;
mod keys;
mod lines;
mod matches;
mod members;
mod object;
mod output;
mod probe;
#[cfg_attr(not(feature = "queries"), path = "query_missing.rs")]
mod query;
mod raw_rows;
mod reader;
mod records;
mod refused;
mod rejects;
mod scalar;
mod selector;
mod shape;
#[cfg(test)]
mod tests;
mod text;
#[cfg_attr(
    not(feature = "queries"),
    allow(dead_code, reason = "most of it is for queries")
)]
mod twice;
mod visit;

use std::sync::Arc;

use self::{
    around::Around,
    document::{Document, Extent, Selected, Spot},
    fault::Faults,
    included::Included,
    lines::Numbering,
    output::Output,
    query::Query,
    raw_rows::{Holder, RawRows, RowsPath},
    reader::Reader,
    records::{RecordShape, Single},
    rejects::Rejects,
    shape::{JsonKind, Node, Sets},
    text::Source,
};
pub(crate) use self::{body::not_utf8, rejects::read_reject, selector::at_steps};
use crate::{
    Json, Scalar,
    error::{Error, Result},
    page::Slot,
    plan::{BodyFormat, Pages, ResourcePlan, SchemaContract, Selector, Take},
    presence::Presence,
    redact::Redactor,
    rows::Rows,
    schema::{Path, Table},
    shared::{Ref, Text},
    template::Scope,
    transport::Headers,
};

/// What to read from a page: made once for a fetch.
#[derive(Debug)]
pub(crate) struct PageShape {
    table: Ref<Table>,
    records: RecordShape,
    included: Included,
    around: Around,
    /// The keys and columns of each kind of object.
    sets: Sets,
    /// Where the records are; the root where a query finds them.
    path: Path,
    shown_path: String,
    query: Option<Query>,
    /// Where the raw rows are, where the spec says so.
    rows_path: Option<RowsPath>,
    /// Whether the fetch has to know how many raw rows there are.
    counts_rows: bool,
    required: bool,
    paged: bool,
    single: Single,
    contract: SchemaContract,
    spots: Spot,
    probes: usize,
    /// The queries of a paginator, whose values follow those of the probes.
    finds: Vec<(Query, Take)>,
    spec: Text,
    redactor: Option<Arc<Redactor>>,
    rejects: Rejects,
    /// The most cells of a page.
    max_cells: usize,
}

impl PageShape {
    /// The shape of a resource's pages, its records made for `table`. The values at `probes` are wanted
    /// besides, `spec` is the spec's path for messages.
    ///
    /// # Errors
    ///
    /// As [`without_columns`](Self::without_columns).
    pub(crate) fn new(
        resource: &ResourcePlan,
        table: Ref<Table>,
        probes: &Probes,
        spec: &Text,
    ) -> Result<Self> {
        Self::without_columns(&[], resource, table, probes, spec)
    }

    /// The same, without reading the columns whose flag in `unread` is set. They are null.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`](crate::ErrorKind::Config) where this machine does not know a time zone
    /// of the table, or a query is none.
    pub(crate) fn without_columns(
        unread: &[bool],
        resource: &ResourcePlan,
        table: Ref<Table>,
        probes: &Probes,
        spec: &Text,
    ) -> Result<Self> {
        let mut sets = Sets::default();
        let records = if table.columns.is_empty() {
            RecordShape::Untyped
        } else {
            let mut record = shape::record(&table, unread, resource.explode.as_ref(), &mut sets)?;
            if let BodyFormat::Csv(_) = resource.decoder.format {
                record.read_values_from_texts();
            }
            RecordShape::Typed(record)
        };
        let around = Around::new(&table);
        let fields: Vec<Path> = around.fields.iter().map(|(path, _)| path.clone()).collect();
        let (path, query) = match &resource.selector {
            Selector::Path(path) => (path.clone(), None),
            Selector::Query(text) => (Path::ROOT, Some(Query::new("data_selector", text)?)),
        };
        Ok(Self {
            table,
            records,
            included: Included::default(),
            around,
            sets,
            shown_path: path.to_string(),
            rows_path: resource.rows_path.as_ref().map(RowsPath::new).transpose()?,
            counts_rows: raw_rows::are_counted(&resource.paginator),
            required: resource.selector_required,
            paged: resource.paginator.kind != Pages::Single,
            single: Single::of(resource),
            contract: resource.schema_contract,
            spots: Spot::new(query.is_none().then_some(&path), &probes.paths, &fields),
            path,
            query,
            probes: probes.paths.len(),
            finds: probes
                .finds
                .iter()
                .map(|find| Ok((Query::new("paginator", &find.query)?, find.take)))
                .collect::<Result<_>>()?,
            spec: spec.clone(),
            redactor: None,
            rejects: Rejects::Counted,
            max_cells: output::MIN_MAX_CELLS,
        })
    }

    /// The same for pages of at most so many bytes.
    pub(crate) fn within(mut self, max_bytes: u64) -> Self {
        self.max_cells = output::max_cells(max_bytes);
        self
    }

    /// What this redactor knows is blanked in messages, before anything is cut off.
    pub(crate) fn redacting(mut self, redactor: Arc<Redactor>) -> Self {
        self.redactor = Some(redactor);
        self
    }

    /// The same for pages whose records that are set aside are kept.
    pub(crate) fn keeping_rejects(mut self, keeps: bool) -> Self {
        self.rejects = if keeps {
            Rejects::Kept
        } else {
            Rejects::Counted
        };
        self
    }

    /// The same for pages whose records are known by their JSON as well.
    pub(crate) fn keeping_places(mut self, keeps: bool) -> Self {
        if let RecordShape::Typed(object) = &mut self.records {
            object.keeps_place = keeps;
        }
        self
    }

    /// The same for pages of which each record takes these values of its parent's record, of its partition, and of
    /// the scope of the fetch.
    pub(crate) fn with_values(
        mut self,
        parent: &[Scalar],
        partition: &[Scalar],
        scope: &Scope<'_>,
    ) -> Self {
        self.included = Included::new(&self.table, parent, partition, scope);
        self
    }

    /// The same for records that stand alone: the columns that a page has around them are null.
    pub(crate) fn alone(mut self) -> Self {
        self.around = Around::default();
        self
    }

    /// Whether an object at the root is the record.
    fn takes_root(&self) -> bool {
        self.single != Single::No && self.query.is_none() && self.path.0.is_empty()
    }

    /// Room for what a page becomes.
    fn output(&self, text: &str) -> Output {
        let mut output = Output::new(
            text.len(),
            &self.sets,
            self.max_cells,
            Faults::new(self.contract.data_type, self.redactor.clone())
                .keeping_rejects(self.rejects == Rejects::Kept)
                .setting_aside(self.rejects != Rejects::ReadAgain),
            self.contract.columns,
        );
        output.origins = self.around.needs_origins().then(Vec::new);
        output
    }
}

/// What stands at a place in a page's body that was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Probe {
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
    /// A list or an object, as JSON.
    Json(String),
}

/// A query (RFC 9535) for a value of a page's body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Find {
    /// The query.
    pub query: Text,
    /// Which of the values that it finds.
    pub take: Take,
}

/// What is wanted of a page's body besides its records.
#[derive(Clone, Debug, Default)]
pub(crate) struct Probes {
    pub(crate) paths: Vec<Path>,
    /// Slower: the page is read into a tree.
    pub(crate) finds: Vec<Find>,
}

impl Probes {
    pub(crate) fn len(&self) -> usize {
        self.paths.len() + self.finds.len()
    }
}

/// The longest value of a paginator. It is copied into requests, states and messages.
const LONGEST_PROBE: usize = 256 << 10;

impl Probe {
    fn is_too_long(&self) -> bool {
        matches!(self, Self::Text(text) | Self::Number(text) | Self::Json(text) if text.len() > LONGEST_PROBE)
    }
}

/// How a body holds its records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    /// Somewhere in one JSON value.
    Json,
    /// One in each line.
    Lines {
        /// The number of the first line, from 1.
        line: u64,
        /// Records before it.
        record: u64,
    },
    /// The rows of another format, one in each line.
    Rows {
        /// Records before it.
        record: u64,
        /// Rows before it: of the same member, in an archive.
        row: u64,
    },
}

impl Format {
    /// The position of the first record in its page: a page may be read in several parts.
    const fn first(self) -> u64 {
        match self {
            Self::Json => 0,
            Self::Lines { record, .. } | Self::Rows { record, .. } => record,
        }
    }

    /// Whether a body is truncated JSON.
    pub(crate) fn is_cut(self, body: &[u8]) -> bool {
        let text = String::from_utf8_lossy(body);
        let json = match self {
            Self::Json => text.trim_start_matches('\u{feff}'),
            // Rows were whole when they became JSON.
            Self::Rows { .. } => return false,
            Self::Lines { .. } => text.trim_end().rsplit('\n').next().unwrap_or_default(),
        };
        let is_begun = json.trim_start().starts_with(['{', '[']);
        let read = serde_json::from_str::<serde::de::IgnoredAny>(json);
        is_begun && read.is_err_and(|error| error.is_eof())
    }
}

/// A page as far as it fits.
#[derive(Debug)]
pub(crate) struct Decoded {
    /// Its rows, up to the first that does not fit.
    pub(crate) rows: Rows,
    /// Raw rows: what the API paged, and its offsets and totals count.
    pub(crate) received: u64,
    /// Records that the selector found in them.
    pub(crate) selected: u64,
    /// What stands at each probed place, in their order.
    pub(crate) probes: Vec<Probe>,
    /// Tells its records, as they stand in the response, from those of other pages; 0 of a page that
    /// is the only one.
    pub(crate) fingerprint: u64,
    /// Whether it has null in place of its records.
    pub(crate) is_null: bool,
    /// Records set aside.
    pub(crate) discarded_rows: u64,
    /// Values made null.
    pub(crate) discarded_values: u64,
    /// Values of undeclared keys.
    pub(crate) undeclared: u64,
    /// The first few of each that was left out, in words.
    pub(crate) examples: Vec<String>,
    /// Which columns its records have.
    pub(crate) presence: Presence,
    /// What did not fit, all of it.
    pub(crate) failure: Option<Error>,
}

/// Reads a page in JSON.
///
/// # Errors
///
/// [`ErrorKind::Response`](crate::ErrorKind::Response) where the body is no JSON in UTF-8, or has
/// no records where the selector looks for them.
pub(crate) fn decode(mut body: Vec<u8>, shape: &PageShape) -> Result<Decoded> {
    decode_or_leave(&mut body, Format::Json, None, shape)
}

/// Reads a page that a function made.
///
/// # Errors
///
/// As [`decode`].
pub(crate) fn decode_page(page: Json, headers: &Headers, shape: &PageShape) -> Result<Decoded> {
    // The tree is freed before the page is read.
    let mut body = page.to_string().into_bytes();
    drop(page);
    decode_or_leave(&mut body, Format::Json, Some(headers), shape)
}

/// Reads a page, of a body that is left as it is on an error, for what there is to say of it.
///
/// # Errors
///
/// As [`decode`].
pub(crate) fn decode_or_leave(
    body: &mut Vec<u8>,
    format: Format,
    headers: Option<&Headers>,
    shape: &PageShape,
) -> Result<Decoded> {
    decode_by(Pass::Fast, body, format, headers, shape)
}

/// Reads a page by this pass, and by the careful one where it cannot.
fn decode_by(
    first: Pass,
    body: &mut Vec<u8>,
    format: Format,
    headers: Option<&Headers>,
    shape: &PageShape,
) -> Result<Decoded> {
    let text = body::text(body, format)?;
    let (mut out, said) = match read_text(first, &text, format, headers, shape) {
        Ok(both) => both,
        Err(error) => {
            *body = text.into_bytes();
            return Err(error);
        }
    };
    out.page.text = text;
    let presence = out.presence(&shape.sets);
    let discarded_rows = out.faults.discarded_rows();
    let discarded_values = out.faults.discarded_values();
    out.page.rejects = out
        .faults
        .take_rejects(|| shape.included.to_json(&shape.table));
    let (failure, examples) = out.faults.finish(&shape.spec);
    Ok(Decoded {
        rows: Rows::new(out.page, shape.table.clone(), out.starts),
        received: said.rows.count,
        selected: out.selected,
        probes: said.probes,
        fingerprint: said.rows.fingerprint,
        is_null: said.rows.holder == Holder::Null,
        discarded_rows,
        discarded_values,
        undeclared: out.undeclared,
        examples,
        presence,
        failure,
    })
}

/// What a page says besides its records.
struct Said {
    /// What stands at the probes.
    probes: Vec<Probe>,
    rows: RawRows,
}

/// Reads the text of a page.
fn read_text(
    first: Pass,
    text: &str,
    format: Format,
    headers: Option<&Headers>,
    shape: &PageShape,
) -> Result<(Output, Said)> {
    let read = |out: &mut Output, pass| match format {
        Format::Json => read(text, shape, out, pass),
        Format::Lines { line, record } => {
            let said = lines::read(text, Numbering::Lines { line, record }, shape, out, pass)?;
            if line == 1 && !out.faults.failed() {
                doubt_record(
                    text.trim_start().lines().next().unwrap_or_default(),
                    shape,
                    out,
                )?;
            }
            Ok(said)
        }
        Format::Rows { row, .. } => lines::read(text, Numbering::Rows { row }, shape, out, pass),
    };
    let by_query = shape.query.is_some()
        || matches!(shape.rows_path, Some(RowsPath::Query(_)))
        || !shape.finds.is_empty();
    let most = if by_query {
        output::max_in_tree(shape.max_cells)
    } else {
        shape.max_cells
    };
    // The tree that a query is asked of has the keys, too.
    if body::values_up_to(text, most, by_query).is_none() {
        return Err(output::too_large(most));
    }
    let mut out = shape.output(text);
    let mut said = read(&mut out, first);
    if matches!(said, Err(Unread::Left)) {
        out = shape.output(text);
        said = read(&mut out, Pass::Careful);
    }
    if out.is_full {
        return Err(output::too_large(shape.max_cells));
    }
    let said = said.map_err(|error| match error {
        Unread::Left => body::unreadable("the response was not read"),
        Unread::NoJson(error) => body::not_json(text, &error),
        Unread::NoRecords(error) => error,
    })?;
    out.note_unexploded();
    shape.included.put(&mut out)?;
    shape
        .around
        .put_origins(&shape.table, format.first(), &mut out)?;
    shape.around.put_headers(&shape.table, headers, &mut out)?;
    Ok((out, said))
}

/// How a page is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Pass {
    /// Only where all of it fits: see [`fast`].
    Fast,
    /// By `serde_json`, with the place of everything that does not fit.
    Careful,
}

/// Why a page could not be read.
enum Unread {
    /// The fast pass left it to the careful one.
    Left,
    NoJson(serde_json::Error),
    NoRecords(Error),
}

impl From<serde_json::Error> for Unread {
    fn from(error: serde_json::Error) -> Self {
        Self::NoJson(error)
    }
}

/// Reads the text into the output.
fn read(text: &str, shape: &PageShape, out: &mut Output, pass: Pass) -> Result<Said, Unread> {
    let json = body::json(text);
    let source = Source {
        text: json,
        base: text.len() - json.len(),
    };
    let mut document = Document {
        reader: Reader { source, out },
        shape: &shape.records,
        single: shape.single,
        path: &shape.shown_path,
        probes: vec![Probe::Missing; shape.probes],
        fields: vec![None; shape.around.fields.len()],
        selected: Selected::Nothing,
        records_at: Extent::default(),
        twice: None,
    };
    let first = source.first();
    let kind = first.and_then(|at| source.kind(at));
    if pass == Pass::Fast {
        document.read_fast(&shape.spots).ok_or(Unread::Left)?;
    } else {
        let mut deserializer = serde_json::Deserializer::from_str(json);
        document.spot(&shape.spots, first, &mut deserializer)?;
        deserializer.end()?;
    }
    if let Some(key) = document.twice {
        return Err(Unread::NoRecords(selector::twice(&key)));
    }
    for (query, take) in &shape.finds {
        let found = query.values(json)?;
        let value = probe::take(*take, found)?;
        document.probes.push(value);
    }
    if document.probes.iter().any(Probe::is_too_long) {
        let message = format!(
            "a link, cursor, flag or total of the response is longer than {} KiB",
            LONGEST_PROBE >> 10
        );
        return Err(Unread::NoRecords(body::unreadable(message)));
    }
    let queried = match &shape.query {
        Some(query) => Some(document.query(query, json, shape)?),
        None => None,
    };
    match document.selected {
        Selected::Nothing if shape.required => {
            let error = selector::nothing_at(json, &shape.path);
            Err(Unread::NoRecords(error))
        }
        Selected::Unsuited => {
            let error = selector::no_list(json, &shape.path, shape.single == Single::No);
            Err(Unread::NoRecords(error))
        }
        Selected::Nothing | Selected::Records => {
            if shape.takes_root() && matches!(kind, Some(JsonKind::Object)) {
                doubt_root(json, shape, document.reader.out)?;
            }
            let rows = match &shape.rows_path {
                Some(path) => path
                    .read(json, shape.required)?
                    .map_err(Unread::NoRecords)?,
                None => queried.unwrap_or_else(|| document.selected_rows(json, shape)),
            };
            if document.reader.out.selected == 0 && rows.count == 0 {
                let place = shape
                    .query
                    .as_ref()
                    .map_or(&*shape.shown_path, |query| &*query.text);
                nothing_but_errors(json, shape, place, rows.holder, document.reader.out)?;
            }
            let fields = document.fields;
            document
                .reader
                .put_fields(&shape.around, &shape.records, &fields);
            Ok(Said {
                probes: document.probes,
                rows,
            })
        }
    }
}

/// Looks at a page without records for the errors that it reports instead: they are noted where the spec says that the
/// records may be missing.
fn nothing_but_errors(
    json: &str,
    shape: &PageShape,
    place: &str,
    holder: Holder,
    out: &mut Output,
) -> Result<(), Unread> {
    let Some((key, message)) = refused::reported(json) else {
        return Ok(());
    };
    let message = out.faults.quoted(&message);
    // A record may well have a key of that name.
    if shape.takes_root() {
        return Ok(());
    }
    if holder == Holder::Value && !shape.required {
        out.faults
            .remark(format!("no records, and `{key}`: {message}"));
        return Ok(());
    }
    Err(Unread::NoRecords(refused::in_place_of_records(
        place, key, &message,
    )))
}

/// Looks again at a root that was taken for the record, since no selector is: it may hold the records.
fn doubt_root(json: &str, shape: &PageShape, out: &mut Output) -> Result<(), Unread> {
    if out.faults.failed() {
        if let Some(list) = selector::nearest_list(json) {
            out.faults.may_be_in(&list);
        }
        return Ok(());
    }
    doubt_record(json, shape, out)
}

/// Looks again at the first record, if it has no value: an object with none of the columns is another thing, such as an
/// error.
fn doubt_record(json: &str, shape: &PageShape, out: &Output) -> Result<(), Unread> {
    let RecordShape::Typed(object) = &shape.records else {
        return Ok(());
    };
    let is_empty = |start: &u32| {
        let row = out.page.slots(*start, object.columns.len());
        row.iter()
            .all(|slot| matches!(slot, Slot::Absent | Slot::Null))
    };
    match (&object.root, out.starts.first()) {
        (Node::Within(members), Some(start)) if is_empty(start) => {
            let is_declared = |key: &str| members.keys.iter().any(|(name, _)| *name == key);
            match selector::no_record(json, is_declared) {
                Some(error) => Err(Unread::NoRecords(error)),
                None => Ok(()),
            }
        }
        _ => Ok(()),
    }
}
