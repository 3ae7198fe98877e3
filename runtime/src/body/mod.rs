//! The bodies of resources with a `decoder`: from bytes, as they arrive, to batches of records.
//!
//! A body passes through three stages: what it is compressed in, its charset and prefix, and its format. Each takes
//! a few dozen KiB at a time, so that a body of any size and any ratio of compression takes little memory. Formats
//! that have rows give them in batches, as JSON: the reader of pages in `decode` makes cells of all of them.

#[cfg_attr(not(feature = "charsets"), path = "charset_missing.rs")]
mod charset;
#[cfg(feature = "csv")]
mod csv;
mod custom;
mod json;
mod lines;
mod missing;
mod page;
mod text;
#[cfg_attr(not(feature = "archives"), path = "unpack_missing.rs")]
mod unpack;
mod utf8;
#[cfg(feature = "xml")]
mod xml;
#[cfg(feature = "archives")]
mod zip;

#[cfg(feature = "csv")]
use self::csv::Csv;
#[cfg(not(feature = "csv"))]
use self::missing::MissingFormat as Csv;
#[cfg(not(feature = "xml"))]
use self::missing::MissingFormat as Xml;
#[cfg(feature = "xml")]
use self::xml::Xml;
use self::{
    custom::Custom,
    lines::Lines,
    page::WholePage,
    text::{DecodedText, TextFormat, TextStage},
    unpack::Unpack,
};
use crate::{
    decode::{Decoded, Format, PageShape, Probes, decode_or_leave},
    error::{Error, ErrorKind, Result},
    hooks::{DecoderHook, Hooks, Named},
    plan::{BodyFormat, Decoder, ResourcePlan},
    rows::Rows,
    schema::Table,
    shared::{Ref, Text},
    transport::Headers,
};

/// A batch is passed on once it has this many bytes: enough that its costs do not count, and little memory.
const BATCH: usize = 256 << 10;

/// How many bytes pass through the stages at a time.
const PIECE: usize = 32 << 10;

/// Decodes one body.
pub(crate) struct BodyDecoder {
    unpack: Unpack,
    format: Box<dyn RecordFormat>,
    formats: Formats,
}

/// The records of a body, from its bytes as they arrive.
trait RecordFormat: Send {
    /// Takes the next bytes.
    fn push(&mut self, bytes: &[u8]) -> Result<(), BodyError>;

    /// Ends the body.
    fn finish(&mut self) -> Result<(), BodyError>;

    /// How many bytes of whole records are ready.
    fn ready(&self) -> usize;

    /// The whole records so far, as JSON.
    fn take(&mut self) -> (Vec<u8>, BatchFormat);
}

/// A part of a body that is ready to be read.
#[derive(Debug)]
pub(crate) struct Batch {
    /// Its text, as JSON or JSON lines.
    pub(crate) text: Vec<u8>,
    format: BatchFormat,
    /// The member of an archive that it is of.
    member: Option<Text>,
}

#[derive(Clone, Copy, Debug)]
enum BatchFormat {
    Page,
    /// The number of its first line, from 1.
    Lines(u64),
    /// Rows, each as JSON, and how many come before in the body or member.
    Rows(u64),
}

impl BatchFormat {
    /// That of the first batch.
    const fn at_start(self) -> Self {
        match self {
            Self::Page => Self::Page,
            Self::Lines(_) => Self::Lines(1),
            Self::Rows(_) => Self::Rows(0),
        }
    }
}

/// Why a body cannot be decoded.
#[derive(Debug)]
pub(crate) struct BodyError {
    pub(crate) error: Error,
    /// Whether the body ended early, so that a retry may get the whole.
    pub(crate) is_incomplete: bool,
}

impl From<Error> for BodyError {
    fn from(error: Error) -> Self {
        Self {
            error,
            is_incomplete: false,
        }
    }
}

impl BodyError {
    fn invalid(message: impl Into<String>) -> Self {
        Self {
            error: Error::new(ErrorKind::Response, message),
            is_incomplete: false,
        }
    }

    fn incomplete(message: impl Into<String>) -> Self {
        Self {
            is_incomplete: true,
            ..Self::invalid(message)
        }
    }

    fn with_help(mut self, help: &str) -> Self {
        self.error = self.error.with_help(help);
        self
    }

    #[cfg(feature = "archives")]
    fn with_detail(mut self, detail: String) -> Self {
        self.error = self.error.with_detail(detail);
        self
    }

    /// The error of a record, or a page, that does not fit into the memory for it.
    fn too_large(what: &str, most: usize) -> Self {
        Self::invalid(format!(
            "{what} is longer than {most} bytes (`max_response_bytes`)"
        ))
        .with_help(
            "raise `client.max_response_bytes`: of a body with a `decoder`, it bounds each record",
        )
    }
}

impl BodyDecoder {
    /// The decoder of a resource's bodies, with records of at most this many bytes.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`] if a feature of the crate is needed that is not enabled, or the hooks lack the decoder.
    pub(crate) fn new(resource: &ResourcePlan, hooks: &Hooks, most: u64) -> Result<Self> {
        let formats = Formats {
            plan: resource.decoder.clone(),
            table: resource.table.clone(),
            custom: hooks.decoder(resource)?,
            most: usize::try_from(most).unwrap_or(usize::MAX),
        };
        Ok(Self {
            unpack: Unpack::new(&formats.plan.compression)?,
            format: formats.make()?,
            formats,
        })
    }

    /// Takes bytes until a batch is full, or all of them were taken. It is called again until it returns no batch.
    pub(crate) fn push(&mut self, bytes: &mut &[u8]) -> Result<Option<Batch>, BodyError> {
        self.push_bytes(bytes)
            .map_err(|error| self.of_member(error))
    }

    fn push_bytes(&mut self, bytes: &mut &[u8]) -> Result<Option<Batch>, BodyError> {
        while !bytes.is_empty() {
            let end = bytes.len().min(PIECE);
            let (piece, _) = bytes.split_at(end);
            let read = self.unpack.step(piece)?;
            *bytes = bytes.get(read..).unwrap_or_default();
            let piece = self.unpack.take(piece.get(..read).unwrap_or_default());
            self.format.push(&piece)?;
            if self.unpack.is_member_ended() {
                return self.end_member().map(Some);
            }
            if self.format.ready() >= BATCH {
                return Ok(Some(self.take()));
            }
        }
        Ok(None)
    }

    /// Ends a member of an archive, with its last batch.
    fn end_member(&mut self) -> Result<Batch, BodyError> {
        self.format.finish()?;
        let last = self.take();
        self.format = self.formats.make()?;
        Ok(last)
    }

    /// Ends the body: [`take`](Self::take) then gives the last batch.
    pub(crate) fn finish(&mut self) -> Result<(), BodyError> {
        let rest = self.unpack.finish()?;
        if self.unpack.is_archive() {
            return Ok(());
        }
        self.format.push(&rest)?;
        self.format.finish()
    }

    /// The records that are left: those before an error, or at the end.
    pub(crate) fn take(&mut self) -> Batch {
        let (text, format) = self.format.take();
        Batch {
            text,
            format,
            member: self.unpack.member().map(|name| name.to_owned().into()),
        }
    }

    /// Adds the member of an archive to an error.
    fn of_member(&self, mut error: BodyError) -> BodyError {
        if let Some(name) = self.unpack.member() {
            error.error = error
                .error
                .with_detail(format!("member of the archive: {name}"));
        }
        error
    }
}

/// What makes the format of a body, once for each member of an archive.
struct Formats {
    plan: Decoder,
    table: Ref<Table>,
    custom: Option<Named<DecoderHook>>,
    /// The most bytes of a record, or of a page that is not read by rows.
    most: usize,
}

impl Formats {
    fn make(&self) -> Result<Box<dyn RecordFormat>> {
        if let Some(hook) = &self.custom {
            return Ok(Box::new(Custom::new(hook.clone(), self.most)?));
        }
        match &self.plan.format {
            BodyFormat::Lines => self.of_text(Lines::new()),
            BodyFormat::Csv(csv) => self.of_text(Csv::new(csv, &self.table)?),
            BodyFormat::Xml(xml) => {
                let has_charset = self.plan.charset.is_some();
                self.of_text(Xml::in_charset(xml, &self.table, has_charset)?)
            }
            BodyFormat::Json | BodyFormat::Custom(_) => self.of_text(WholePage::default()),
        }
    }

    fn of_text(&self, format: impl TextFormat + 'static) -> Result<Box<dyn RecordFormat>> {
        let text = DecodedText {
            stage: TextStage::new(&self.plan)?,
            text: String::new(),
            format,
            most: self.most,
        };
        Ok(Box::new(text))
    }
}

impl Batch {
    /// Reads the records of a batch. `before` is the number of records in the batches before it.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Response`] if it is not JSON, or has no records where the selector looks for them.
    pub(crate) fn decode(
        &mut self,
        before: u64,
        headers: Option<&Headers>,
        shape: &PageShape,
    ) -> Result<Decoded> {
        let format = self.format(before);
        let mut decoded = decode_or_leave(&mut self.text, format, headers, shape)
            .map_err(|error| self.of_member(error))?;
        decoded.failure = decoded.failure.map(|error| self.of_member(error));
        Ok(decoded)
    }

    fn of_member(&self, error: Error) -> Error {
        match &self.member {
            Some(name) => error.with_detail(format!("member of the archive: {name}")),
            None => error,
        }
    }

    /// Whether it has no records.
    pub(crate) fn is_empty(&self) -> bool {
        self.text.iter().all(u8::is_ascii_whitespace)
    }

    /// Whether its JSON is truncated.
    pub(crate) fn is_cut(&self) -> bool {
        self.format(0).is_cut(&self.text)
    }

    const fn format(&self, before: u64) -> Format {
        match self.format {
            BatchFormat::Page => Format::Json,
            BatchFormat::Lines(line) => Format::Lines {
                line,
                record: before,
            },
            BatchFormat::Rows(row) => Format::Rows {
                record: before,
                row,
            },
        }
    }
}

impl Rows {
    /// The rows of a page of this resource, given as the body of a response: what a fetch would
    /// make of it, before any `processing_steps`. For tests over recorded responses, and for pages that came
    /// another way.
    ///
    /// ```
    /// use rest_source::{Column, Path, Rows, Table, Type, shared::list};
    /// use rest_source::plan::{ResourcePlan, Selector};
    ///
    /// let stories = ResourcePlan {
    ///     name: "stories".into(),
    ///     table: Table::new("stories", list![Column::new("id", Type::Text)]).into(),
    ///     selector: Selector::Path(Path::of(["data"])),
    ///     ..ResourcePlan::DEFAULT
    /// };
    ///
    /// let rows = Rows::from_page(r#"{"data": [{"id": "a"}, {"id": "b"}]}"#, &stories)?;
    /// assert_eq!(rows.len(), 2);
    /// # Ok::<(), rest_source::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Response`](crate::ErrorKind::Response) where the body is no JSON or has no
    /// records, [`ErrorKind::Schema`](crate::ErrorKind::Schema) where a value does not fit,
    /// [`ErrorKind::Config`](crate::ErrorKind::Config) where an `extract` function or a decoder of the user's own reads
    /// the bodies: see [`Rows::from_response`].
    pub fn from_page(body: impl Into<Vec<u8>>, resource: &ResourcePlan) -> Result<Self> {
        let custom = match &resource.decoder.format {
            BodyFormat::Custom(path) => Some(path),
            _ => None,
        };
        if let Some(path) = resource.extract.as_ref().or(custom) {
            let message = format!("`{path}` reads the bodies of `{}`", resource.name);
            return Err(
                Error::new(ErrorKind::Config, message).with_help("`Rows::from_response` calls it")
            );
        }
        Self::from_body(body.into(), resource, &Hooks::NONE)
    }

    /// The rows of a body that no `extract` function reads.
    pub(crate) fn from_body(
        mut body: Vec<u8>,
        resource: &ResourcePlan,
        hooks: &Hooks,
    ) -> Result<Self> {
        let shape = PageShape::new(
            resource,
            resource.table.clone(),
            &Probes::default(),
            &Text::of("the schema"),
        )?;
        let decoded = if resource.decoder.is_plain() {
            decode_or_leave(&mut body, Format::Json, None, &shape)?
        } else {
            let mut batch = whole(&body, resource, hooks).map_err(|error| error.error)?;
            batch.decode(0, None, &shape)?
        };
        match decoded.failure {
            Some(error) => Err(error),
            None => Ok(decoded.rows),
        }
    }
}

/// A body as one batch.
fn whole(mut body: &[u8], resource: &ResourcePlan, hooks: &Hooks) -> Result<Batch, BodyError> {
    let mut decoder = BodyDecoder::new(resource, hooks, u64::MAX)?;
    let mut text = Vec::new();
    let is_page = resource.decoder.format == BodyFormat::Json;
    while let Some(batch) = decoder.push(&mut body)? {
        if is_page && !text.is_empty() {
            return Err(BodyError::invalid(
                "several members of a zip archive are no single page",
            ));
        }
        text.extend(batch.text);
    }
    decoder.finish()?;
    let last = decoder.take();
    text.extend(last.text);
    Ok(Batch {
        text,
        format: last.format.at_start(),
        member: None,
    })
}

#[cfg(test)]
mod tests;
