//! XML: the elements at one path become JSON, each of them a record.
//!
//! The text arrives in pieces, and `quick-xml` reads the markup that is whole. References to entities other than the
//! predefined ones are errors: nothing is expanded.

mod element;
mod places;

use quick_xml::{
    Error as XmlError, Reader,
    errors::{IllFormedError, SyntaxError},
    escape::resolve_predefined_entity,
    events::{BytesDecl, BytesRef, BytesStart, Event},
};

use self::{element::Element, places::Place};
use super::{BatchFormat, BodyError, json::JsonRows, text::TextFormat};
use crate::{
    error::Result,
    plan,
    schema::Table,
    shared::{List, Text},
};

/// How deep elements may be nested. The JSON of a record may be as deep.
const MOST_DEEP: usize = 100;

/// The longest markup that is not one of a tag, comment, PI, CDATA or DOCTYPE: `<!DOCTYPE`.
const LONGEST_BANG: usize = 9;

/// The records of a body.
pub(super) struct Xml {
    /// The names of the elements that lead to a record, its own last.
    path: List<Text>,
    columns: Place,
    /// The text that is not read yet.
    rest: String,
    /// How long the rest has to be before it is read again: what was not whole is not read for each piece.
    read_at: usize,
    /// Bytes before the rest.
    read: u64,
    /// The names of the open elements outside a record.
    open: Vec<String>,
    /// The open elements of a record, itself first.
    record: Vec<Element>,
    /// Bytes before the record.
    record_at: u64,
    /// The number of its elements so far.
    record_elements: usize,
    /// The names of the path that were met, at most.
    met: usize,
    has_root: bool,
    /// Whether the spec names the charset, so that the declaration of the document does not count.
    has_charset: bool,
    /// The records so far.
    rows: JsonRows,
}

impl Xml {
    /// A reader of records for this table. `has_charset`: the spec names the charset.
    #[expect(
        clippy::unnecessary_wraps,
        reason = "without the feature it is an error"
    )]
    pub(super) fn in_charset(plan: &plan::Xml, table: &Table, has_charset: bool) -> Result<Self> {
        Ok(Self {
            path: plan.records.clone(),
            columns: Place::record(table),
            rest: String::new(),
            read_at: 0,
            read: 0,
            open: Vec::new(),
            record: Vec::new(),
            record_at: 0,
            record_elements: 0,
            met: 0,
            has_root: false,
            has_charset,
            rows: JsonRows::default(),
        })
    }

    /// Reads the markup that is whole, and text as it comes.
    fn read_rest(&mut self, is_last: bool) -> Result<(), BodyError> {
        let rest = std::mem::take(&mut self.rest);
        let mut reader = Reader::from_str(&rest);
        let config = reader.config_mut();
        // What is open was read before, and is compared here.
        config.check_end_names = false;
        config.allow_unmatched_ends = true;
        let mut whole = 0;
        let failed = loop {
            match reader.read_event() {
                Ok(Event::Eof) => break None,
                Ok(event) => {
                    if let Err(error) = self.event(&event) {
                        break Some(error);
                    }
                    let end = usize::try_from(reader.buffer_position()).unwrap_or(rest.len());
                    self.read += (end - whole) as u64;
                    whole = end;
                }
                Err(error) => {
                    let after = rest.get(whole..).unwrap_or_default();
                    if is_last || !may_be_incomplete(&error, after) {
                        break Some(self.malformed(&error, is_last));
                    }
                    break None;
                }
            }
        };
        rest.get(whole..)
            .unwrap_or_default()
            .clone_into(&mut self.rest);
        failed.map_or(Ok(()), Err)
    }

    fn event(&mut self, event: &Event<'_>) -> Result<(), BodyError> {
        match event {
            Event::Start(start) => self.start(start),
            Event::Empty(empty) => {
                self.start(empty)?;
                self.end(empty.local_name().as_ref())
            }
            Event::End(end) => self.end(end.local_name().as_ref()),
            Event::Text(text) => self.characters(&text.xml10_content()),
            Event::CData(text) => self.characters(&text.xml10_content()),
            Event::GeneralRef(reference) => self.reference(reference),
            Event::Decl(declaration) => self.declaration(declaration),
            Event::Comment(_) | Event::PI(_) | Event::DocType(_) | Event::Eof => Ok(()),
        }
    }

    /// The text was read as UTF-8, unless the spec names another charset.
    fn declaration(&self, declaration: &BytesDecl<'_>) -> Result<(), BodyError> {
        let encoding = declaration.encoding().transpose();
        let encoding = encoding.map_err(|error| self.invalid(&error.to_string()))?;
        let Some(encoding) = encoding.filter(|_| !self.has_charset) else {
            return Ok(());
        };
        let is_read = ["utf-8", "utf8", "us-ascii", "ascii"]
            .iter()
            .any(|name| encoding.eq_ignore_ascii_case(name));
        if is_read {
            return Ok(());
        }
        let message = format!("the response says that its charset is `{encoding}`");
        Err(BodyError::invalid(message).with_help(
            "name the charset in the decoder, `charset: …`: without it bodies are read as UTF-8",
        ))
    }

    fn start(&mut self, start: &BytesStart<'_>) -> Result<(), BodyError> {
        if self.open.len() + self.record.len() >= MOST_DEEP {
            return Err(self.invalid(&format!("elements are nested more than {MOST_DEEP} deep")));
        }
        let name = start.local_name();
        let name = name.as_ref();
        let depth = self.open.len();
        if self.record.is_empty() {
            self.root_is_of_path(name)?;
            let is_on_path = self.met_so_far() == depth
                && self
                    .path
                    .get(depth)
                    .is_some_and(|step| step.as_str() == name);
            if is_on_path {
                self.met = self.met.max(depth + 1);
            }
            if !is_on_path || depth + 1 < self.path.len() {
                self.open.push(name.to_owned());
                return Ok(());
            }
            self.record_at = self.read;
            self.record_elements = 0;
        }
        self.record_elements += 1;
        let element = Element::new(name, start).map_err(|error| self.invalid(&error))?;
        self.record.push(element);
        Ok(())
    }

    /// How many of the open elements are those of the path.
    fn met_so_far(&self) -> usize {
        let pairs = self.open.iter().zip(self.path.iter());
        pairs
            .take_while(|(open, step)| **open == step.as_str())
            .count()
    }

    /// The first element is not another: an error in place of the records, for example.
    fn root_is_of_path(&mut self, name: &str) -> Result<(), BodyError> {
        if !self.open.is_empty() {
            return Ok(());
        }
        if std::mem::replace(&mut self.has_root, true) {
            return Err(self.invalid(&format!(
                "`<{name}>` after the end of the first element, and a document has only one"
            )));
        }
        match self.path.first() {
            Some(root) if root.as_str() != name => Err(BodyError::invalid(format!(
                "the first element of the response is `{name}`, and `records` begins with `{root}`"
            ))
            .with_help(
                "the response may be an error in place of the records; otherwise write the names of the elements \
                 that lead to a record, without their prefixes",
            )),
            _ => Ok(()),
        }
    }

    fn end(&mut self, name: &str) -> Result<(), BodyError> {
        if let Some(element) = self.record.pop() {
            if element.name != name {
                return Err(self.unmatched(&element.name, name));
            }
            if let Some(parent) = self.record.last_mut() {
                parent.add(element);
            } else {
                element.write_record(&self.columns, &mut self.rows.text);
                self.rows.text.push(b'\n');
                self.rows.count += 1;
            }
            return Ok(());
        }
        match self.open.pop() {
            Some(open) if open == name => Ok(()),
            Some(open) => Err(self.unmatched(&open, name)),
            None => Err(self.invalid(&format!("`</{name}>` closes no element"))),
        }
    }

    fn characters(&mut self, text: &str) -> Result<(), BodyError> {
        if let Some(element) = self.record.last_mut() {
            element.text.push_str(text);
        } else if self.open.is_empty() && !text.trim().is_empty() {
            return Err(self.invalid("text outside of any element"));
        }
        Ok(())
    }

    fn reference(&mut self, reference: &BytesRef<'_>) -> Result<(), BodyError> {
        let name = reference.xml10_content();
        let character = match reference.resolve_char_ref() {
            Ok(character) => character,
            Err(error) => return Err(self.invalid(&error.to_string())),
        };
        match (character, resolve_predefined_entity(&name)) {
            (Some(character), _) => self.characters(character.encode_utf8(&mut [0; 4])),
            (None, Some(text)) => self.characters(text),
            (None, None) => Err(self.invalid(&format!(
                "the entity `&{name};` is not one of XML's own, and no other is read"
            ))),
        }
    }

    /// Where it reads, in words.
    fn place(&self) -> String {
        if self.record.is_empty() {
            format!("byte {}", self.read)
        } else {
            format!("row {}, byte {},", self.rows.count + 1, self.read)
        }
    }

    fn invalid(&self, what: &str) -> BodyError {
        let place = self.place();
        BodyError::invalid(format!(
            "the response is not valid XML at {}: {what}",
            place.trim_end_matches(',')
        ))
    }

    fn unmatched(&self, open: &str, found: &str) -> BodyError {
        self.invalid(&format!("`</{found}>` where `</{open}>` has to be"))
    }

    fn malformed(&self, error: &XmlError, is_last: bool) -> BodyError {
        let is_incomplete = is_last && matches!(error, XmlError::Syntax(_));
        BodyError {
            is_incomplete,
            ..self.invalid(&error.to_string())
        }
    }
}

impl TextFormat for Xml {
    fn push(&mut self, piece: &str, most: usize) -> Result<(), BodyError> {
        self.rest.push_str(piece);
        if self.rest.len() >= self.read_at {
            self.read_rest(false)?;
            self.read_at = self.rest.len() * 2;
        }
        let pending = usize::try_from(self.read - self.record_at).unwrap_or(usize::MAX);
        let pending = pending.saturating_add(self.record_elements * Element::SIZE);
        let is_in_record = !self.record.is_empty();
        if self.rest.len() > most || is_in_record && pending > most {
            let what = if is_in_record {
                format!("{} of the response", self.place())
            } else {
                "an element of the response".to_owned()
            };
            return Err(BodyError::too_large(&what, most));
        }
        Ok(())
    }

    fn finish(&mut self) -> Result<(), BodyError> {
        self.read_rest(true)?;
        let open = self.record.last().map(|element| &element.name);
        if let Some(open) = open.or(self.open.last()) {
            let message = format!("the response ends within the element `{open}`");
            return Err(BodyError::incomplete(message));
        }
        if !self.has_root {
            return Err(BodyError::invalid("the response is empty, and no XML"));
        }
        let parents = self.path.len().saturating_sub(1);
        if self.met < parents {
            let shown: Vec<&str> = self
                .path
                .iter()
                .take(self.met + 1)
                .map(|name| &**name)
                .collect();
            let message = format!("the response has no element `/{}`", shown.join("/"));
            return Err(BodyError::invalid(message).with_help(
                "`records` names the elements that lead to a record, without their prefixes",
            ));
        }
        Ok(())
    }

    fn ready(&self) -> usize {
        self.rows.ready()
    }

    fn take(&mut self) -> (Vec<u8>, BatchFormat) {
        self.rows.take()
    }
}

/// Whether markup is cut by the end of what has arrived.
fn may_be_incomplete(error: &XmlError, after: &str) -> bool {
    match error {
        XmlError::Syntax(SyntaxError::InvalidBangMarkup) => after.len() < LONGEST_BANG,
        XmlError::Syntax(_) => true,
        XmlError::IllFormed(IllFormedError::UnclosedReference) => {
            !after.get(1..).unwrap_or_default().contains(['<', '&', ';'])
        }
        _ => false,
    }
}
