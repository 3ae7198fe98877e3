//! CSV (RFC 4180, in any dialect): each row becomes a JSON object of texts.
//!
//! It is strict where a lenient reader would make other rows than were meant: text after a closing quote, a quote that
//! is not closed, and rows with more or fewer values than the header are errors with their row and line.

use std::collections::HashSet;

use memchr::{memchr_iter, memchr2, memchr3};

use super::{
    BatchFormat, BodyError,
    json::{JsonRows, write_text},
    text::TextFormat,
};
use crate::{
    error::{Error, ErrorKind, Result},
    plan,
    schema::{Column, Step, Table},
    shared::Text,
};

/// The rows of a body.
pub(super) struct Csv {
    plan: plan::Csv,
    /// The keys of the columns, of which a header has one at least.
    declared: Vec<Text>,
    /// Those that may not be missing in a header.
    required: Vec<Text>,
    /// What stands before the value of each column: `,"name":`. Nothing for a column without a name.
    keys: Option<Vec<Vec<u8>>>,
    state: State,
    /// Lines that are still to be skipped.
    to_skip: u64,
    /// Whether there was a byte of them.
    has_skipped: bool,
    /// The value that is being read.
    value: Vec<u8>,
    /// The text of the values of the row so far.
    row: Vec<u8>,
    values: Vec<Value>,
    /// The rows so far, the header aside.
    rows: JsonRows,
    /// The line, and that at which the row and the quoted value began, from 1.
    line: u64,
    row_line: u64,
    quote_line: u64,
}

const WIDTH_HELP: &str = "the header, or `column_names`, says how many; `delimiter` and `quote` of the decoder say \
                          what separates them";

/// A value of a row.
struct Value {
    /// Where it ends in the text of the row.
    end: usize,
    is_quoted: bool,
    is_null: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// At the start of a value, the first of a row among them.
    Start,
    Plain,
    Quoted,
    /// After a character that may end the quoted value, or escape the quote after it.
    Quote,
    /// After an escape within a quoted value.
    Escaped,
    /// After a carriage return at the end of a row.
    Return,
}

impl Csv {
    /// A reader of rows for this table.
    #[expect(
        clippy::unnecessary_wraps,
        reason = "without the feature it is an error"
    )]
    pub(super) fn new(plan: &plan::Csv, table: &Table) -> Result<Self> {
        let names = &plan.column_names;
        let declared = table.columns.iter();
        let declared = declared.filter(|column| column.is_received() && !column.is_record());
        let required = declared.clone().filter(|column| !column.nullable);
        Ok(Self {
            declared: declared.map(key_of).collect(),
            required: required.map(key_of).collect(),
            keys: (!names.is_empty()).then(|| names.iter().map(|name| member(name)).collect()),
            state: State::Start,
            to_skip: plan.skip_lines,
            has_skipped: false,
            value: Vec::new(),
            row: Vec::new(),
            values: Vec::new(),
            rows: JsonRows::default(),
            line: 1,
            row_line: 1,
            quote_line: 1,
            plan: plan.clone(),
        })
    }

    /// Takes some of the bytes, of which this is the first, and returns how many.
    fn step(&mut self, byte: u8, rest: &[u8]) -> Result<usize, BodyError> {
        if self.to_skip > 0 {
            self.has_skipped = true;
            return Ok(self.skip(rest));
        }
        match self.state {
            State::Return if byte == b'\n' => {
                self.state = State::Start;
                Ok(1)
            }
            State::Start | State::Return => {
                self.state = State::Plain;
                if Some(byte) == self.plan.quote {
                    self.state = State::Quoted;
                    self.quote_line = self.line;
                    return Ok(1);
                }
                self.plain(rest)
            }
            State::Plain => self.plain(rest),
            State::Quoted => Ok(self.quoted(rest)),
            State::Escaped => {
                self.value.push(byte);
                self.line += u64::from(byte == b'\n');
                self.state = State::Quoted;
                Ok(1)
            }
            State::Quote => self.after_quote(byte),
        }
    }

    /// Skips a line, or a part of one.
    fn skip(&mut self, rest: &[u8]) -> usize {
        match memchr_iter(b'\n', rest).next() {
            Some(at) => {
                self.to_skip -= 1;
                self.line += 1;
                self.row_line = self.line;
                at + 1
            }
            None => rest.len(),
        }
    }

    /// A value without quotes, up to what ends it.
    fn plain(&mut self, rest: &[u8]) -> Result<usize, BodyError> {
        let end = memchr3(self.plan.delimiter, b'\n', b'\r', rest);
        let (value, after) = rest.split_at(end.unwrap_or(rest.len()));
        self.value.extend_from_slice(value);
        match after.first() {
            None => Ok(rest.len()),
            Some(&byte) => {
                self.end_value(false);
                self.check_width()?;
                self.end_of_value(byte)?;
                Ok(value.len() + 1)
            }
        }
    }

    /// What ends a value: a delimiter, or the end of the row.
    fn end_of_value(&mut self, byte: u8) -> Result<(), BodyError> {
        if byte == self.plan.delimiter {
            self.state = State::Start;
            return Ok(());
        }
        self.state = if byte == b'\r' {
            State::Return
        } else {
            State::Start
        };
        self.end_row()?;
        self.line += 1;
        self.row_line = self.line;
        Ok(())
    }

    /// A value in quotes, up to what may end it.
    fn quoted(&mut self, rest: &[u8]) -> usize {
        let quote = self.plan.quote.unwrap_or_default();
        let escape = self.plan.escape.unwrap_or(quote);
        let end = memchr2(quote, escape, rest);
        let (value, after) = rest.split_at(end.unwrap_or(rest.len()));
        self.line += memchr_iter(b'\n', value).count() as u64;
        self.value.extend_from_slice(value);
        match after.first() {
            None => rest.len(),
            Some(&byte) => {
                self.state = if byte == quote {
                    State::Quote
                } else {
                    State::Escaped
                };
                value.len() + 1
            }
        }
    }

    fn after_quote(&mut self, byte: u8) -> Result<usize, BodyError> {
        if Some(byte) == self.plan.quote && self.plan.escape.is_none() {
            self.value.push(byte);
            self.state = State::Quoted;
            return Ok(1);
        }
        if byte == self.plan.delimiter || matches!(byte, b'\n' | b'\r') {
            self.end_value(true);
            self.check_width()?;
            self.end_of_value(byte)?;
            return Ok(1);
        }
        Err(BodyError::invalid(format!(
            "{} has text after the closing quote of a value",
            self.place()
        ))
        .with_help(
            "`quote` and `escape` of the decoder say how values are quoted; `quote: none`, if they are not",
        ))
    }

    /// Refuses a row with far more values than columns before it is read to its end.
    fn check_width(&self) -> Result<(), BodyError> {
        const MORE: usize = 1_000;
        let columns = self.keys.as_ref().map_or(usize::MAX - MORE, Vec::len);
        if self.values.len() <= columns + MORE {
            return Ok(());
        }
        let message = format!(
            "{} has more than {} values, and {columns} are expected",
            self.place(),
            columns + MORE
        );
        Err(BodyError::invalid(message).with_help(WIDTH_HELP))
    }

    fn end_value(&mut self, is_quoted: bool) {
        let may_be_null = !is_quoted || self.plan.null_quoted;
        let is_null = may_be_null && self.value == self.plan.null_text.as_bytes();
        self.row.append(&mut self.value);
        self.values.push(Value {
            end: self.row.len(),
            is_quoted,
            is_null,
        });
    }

    /// Ends a row, which is the header or becomes a record. A line without text is none.
    fn end_row(&mut self) -> Result<(), BodyError> {
        let is_blank = matches!(
            &self.values[..],
            [Value {
                end: 0,
                is_quoted: false,
                ..
            }]
        );
        if !is_blank {
            match self.keys.take() {
                None => self.header()?,
                Some(keys) => {
                    let written = self.write_row(&keys);
                    self.keys = Some(keys);
                    written?;
                }
            }
        }
        self.row.clear();
        self.values.clear();
        Ok(())
    }

    fn header(&mut self) -> Result<(), BodyError> {
        let mut names: Vec<String> = Vec::with_capacity(self.values.len());
        let mut known = HashSet::with_capacity(self.values.len());
        let mut start = 0;
        for value in &self.values {
            let name = self.row.get(start..value.end).unwrap_or_default();
            let name = String::from_utf8_lossy(name).into_owned();
            if !name.is_empty() && !known.insert(name.clone()) {
                let message = format!("the header of the response has `{name}` twice");
                return Err(BodyError::invalid(message).with_help(
                    "name the values yourself: `column_names` in the decoder, with `skip_lines: 1` for the header",
                ));
            }
            names.push(name);
            start = value.end;
        }
        let is_missing = |key: &&Text| !known.contains(key.as_str());
        let missing: Vec<&str> = self
            .required
            .iter()
            .filter(is_missing)
            .map(|key| &**key)
            .collect();
        let has_none =
            !self.declared.is_empty() && self.declared.iter().all(|key| is_missing(&key));
        if !missing.is_empty() || has_none {
            let what = if missing.is_empty() {
                "none of the columns".to_owned()
            } else {
                format!("no `{}`", missing.join("`, `"))
            };
            let message = format!(
                "the header of the response, line {}, has {what}",
                self.row_line
            );
            return Err(BodyError {
                error: Error::new(ErrorKind::Schema, message)
                    .with_detail(format!("it has: {}", names.join(", ")))
                    .with_help(
                        "`from` names the CSV column of a column, `delimiter` what stands between the names, \
                         `skip_lines` what comes before the header, and `column_names` a row without one",
                    ),
                is_incomplete: false,
            });
        }
        self.keys = Some(names.iter().map(|name| member(name)).collect());
        Ok(())
    }

    fn write_row(&mut self, keys: &[Vec<u8>]) -> Result<(), BodyError> {
        self.rows.count += 1;
        if keys.len() != self.values.len() {
            let message = format!(
                "{} has {} values, and {} are expected",
                self.place_of(self.rows.count),
                self.values.len(),
                keys.len()
            );
            return Err(BodyError::invalid(message).with_help(WIDTH_HELP));
        }
        self.rows.text.push(b'{');
        let mut start = 0;
        let mut is_first = true;
        for (key, Value { end, is_null, .. }) in keys.iter().zip(&self.values) {
            let value = self.row.get(start..*end).unwrap_or_default();
            start = *end;
            if key.is_empty() {
                continue;
            }
            if !std::mem::take(&mut is_first) {
                self.rows.text.push(b',');
            }
            self.rows.text.extend_from_slice(key);
            if *is_null {
                self.rows.text.extend_from_slice(b"null");
            } else {
                write_text(&mut self.rows.text, value);
            }
        }
        self.rows.text.extend_from_slice(b"}\n");
        Ok(())
    }

    /// The row that is being read, in words.
    fn place(&self) -> String {
        self.place_of(self.rows.count + 1)
    }

    fn place_of(&self, row: u64) -> String {
        match self.keys {
            None if row == 1 && self.plan.column_names.is_empty() && self.rows.count == 0 => {
                format!("the header of the response, line {},", self.row_line)
            }
            _ => format!("row {row} of the response, line {},", self.row_line),
        }
    }
}

impl TextFormat for Csv {
    fn push(&mut self, piece: &str, most: usize) -> Result<(), BodyError> {
        let mut rest = piece.as_bytes();
        while let Some(&byte) = rest.first() {
            let read = self.step(byte, rest)?;
            rest = rest.get(read..).unwrap_or_default();
            let values = self.values.len() * size_of::<Value>();
            if self.row.len() + self.value.len() + values > most {
                return Err(BodyError::too_large(&self.place(), most));
            }
        }
        Ok(())
    }

    /// Ends the body: its last row may have no end.
    fn finish(&mut self) -> Result<(), BodyError> {
        // A single one may be a header without an end, which `column_names` replace.
        let is_header = self.keys.is_some() && self.plan.skip_lines == 1;
        if self.has_skipped && self.to_skip > 0 && !is_header {
            let message = format!(
                "the response ends in the {} lines to skip",
                self.plan.skip_lines
            );
            return Err(BodyError::incomplete(message).with_help(
                "`skip_lines` of the decoder says how many lines come before the rows",
            ));
        }
        let ended = match self.state {
            State::Quoted | State::Escaped => {
                return Err(BodyError::incomplete(format!(
                    "the response ends within a quoted value, which begins in line {}",
                    self.quote_line
                ))
                .with_help("`quote` of the decoder says how values are quoted; `quote: none`, if they are not"));
            }
            State::Quote => {
                self.end_value(true);
                self.end_row()
            }
            State::Start if self.values.is_empty() => Ok(()),
            State::Return => Ok(()),
            State::Start | State::Plain => {
                self.end_value(false);
                self.end_row()
            }
        };
        if ended.is_ok() && self.has_skipped && self.keys.is_none() {
            let message = "the response ends before its header".to_owned();
            return Err(BodyError::incomplete(message).with_help(
                "`skip_lines` of the decoder says how many lines come before the header",
            ));
        }
        // The last row may have been cut. A header alone is more often a message in place of the rows.
        let is_row = self.keys.is_some();
        ended.map_err(|error| BodyError {
            is_incomplete: is_row,
            ..error
        })
    }

    fn ready(&self) -> usize {
        self.rows.ready()
    }

    fn take(&mut self) -> (Vec<u8>, BatchFormat) {
        self.rows.take()
    }
}

/// The key that a column is read from.
fn key_of(column: &Column) -> Text {
    match column.from.as_ref().map(|path| &path.0[..]) {
        Some([Step::Key(key)]) => key.clone(),
        _ => column.key.clone(),
    }
}

/// What stands before a value of this name.
fn member(name: &str) -> Vec<u8> {
    let mut key = Vec::new();
    if !name.is_empty() {
        write_text(&mut key, name.as_bytes());
        key.push(b':');
    }
    key
}
