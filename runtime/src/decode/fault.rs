//! Values that do not fit: gathered while a page is read, and shown as one error.

use std::{
    fmt::{self, Write},
    sync::Arc,
};

use super::cursor::has_half_character;
use crate::{
    error::{Error, ErrorKind},
    plan::{ColumnsContract, DataTypeContract},
    printable::short,
    redact::Redactor,
    reject::Reject,
    schema::{Column, Decode, TimeFormat, Type, is_plain},
};

/// The most faults that an error lists.
const MOST_SHOWN: usize = 10;
/// The most examples of what was left out.
const MOST_EXAMPLES: usize = 3;
/// The most characters of a value, and of a place, in a message.
const MOST_OF_VALUE: usize = 40;
const MOST_OF_PLACE: usize = 120;

/// A place in a response: a chain to its root that lives on the stack while the place is read.
#[derive(Clone, Copy, Debug)]
pub(super) enum Place<'a> {
    /// Where the records are, as JSONPath.
    Records(&'a str),
    /// A row of a body that has rows, from 1.
    Row(u64),
    Key(&'a Place<'a>, &'a str),
    Index(&'a Place<'a>, u64),
}

impl fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Records(path) => f.write_str(path),
            Self::Row(row) => write!(f, "row {row}"),
            Self::Key(Self::Row(row), key) => write!(f, "row {row}, {key}"),
            Self::Key(parent, key) if is_plain(key) => write!(f, "{parent}.{key}"),
            Self::Key(parent, key) => write!(f, "{parent}[{key:?}]"),
            Self::Index(parent, index) => write!(f, "{parent}[{index}]"),
        }
    }
}

/// What stands where something else should.
#[derive(Clone, Copy, Debug)]
pub(super) enum Found<'a> {
    /// No such key.
    Nothing,
    Null,
    Bool(bool),
    /// A number, as its digits.
    Number(&'a str),
    Text(&'a str),
    List,
    Object,
    /// A second value of the same key.
    Another,
    /// A value of a key that is not declared.
    Undeclared,
    /// JSON that cannot be read whole: too deep, or with a number out of range.
    Unreadable,
    /// A text that is none: with one half of a character that is written as two.
    HalfCharacter,
}

impl Found<'_> {
    /// A value whose text is JSON, and that was not read.
    pub(super) fn unread(json: &str) -> Self {
        if has_half_character(json) {
            Self::HalfCharacter
        } else {
            Self::Unreadable
        }
    }
}

/// One value that does not fit.
#[derive(Debug)]
struct Fault {
    place: String,
    expected: String,
    found: String,
    line: u32,
    /// Whether nothing stands there.
    missing: bool,
    help: String,
}

impl Fault {
    /// The record that is set aside because of it. Its text follows.
    fn reject(&self) -> Reject {
        let Self {
            place,
            expected,
            found,
            line,
            ..
        } = self;
        let mut reject = Reject::new("", "");
        reject.reason = format!("`{place}`: expected {expected}, found {found}");
        reject.line = *line;
        reject
    }
}

/// The values that do not fit, of a page and of the record that is being read.
#[derive(Debug)]
pub(super) struct Faults {
    contract: DataTypeContract,
    redactor: Option<Arc<Redactor>>,
    /// Whether records may be set aside: help suggests it.
    may_set_aside: bool,
    /// Of the record that is being read.
    pending: Vec<Fault>,
    pending_count: u64,
    /// Whether one of them is an error whatever the contract says of types.
    hard: bool,
    /// Of the records that make the page fail.
    failures: Vec<Fault>,
    failure_count: u64,
    examples: Vec<String>,
    discarded_rows: u64,
    discarded_values: u64,
    /// The records that were set aside, if they are kept.
    rejects: Option<Vec<Reject>>,
}

/// How many faults a record had at some point, and how many of them are kept to be shown.
#[derive(Clone, Copy, Debug)]
pub(super) struct Mark {
    count: u64,
    shown: usize,
}

impl Faults {
    pub(super) fn new(contract: DataTypeContract, redactor: Option<Arc<Redactor>>) -> Self {
        Self {
            contract,
            redactor,
            may_set_aside: true,
            pending: Vec::new(),
            pending_count: 0,
            hard: false,
            failures: Vec::new(),
            failure_count: 0,
            examples: Vec::new(),
            discarded_rows: 0,
            discarded_values: 0,
            rejects: None,
        }
    }

    /// The same, with the records that are set aside.
    pub(super) fn keeping_rejects(mut self, keeps: bool) -> Self {
        let is_wanted = keeps && self.contract == DataTypeContract::DiscardRow;
        self.rejects = is_wanted.then(Vec::new);
        self
    }

    /// The same, and whether help suggests to set records aside.
    pub(super) const fn setting_aside(mut self, may_set_aside: bool) -> Self {
        self.may_set_aside = may_set_aside;
        self
    }

    /// Whether records that are set aside are kept with their text.
    #[inline]
    pub(super) const fn keeps_rejects(&self) -> bool {
        self.rejects.is_some()
    }

    /// The records that were set aside so far.
    pub(super) fn rejects(&self) -> &[Reject] {
        self.rejects.as_deref().unwrap_or_default()
    }

    /// Gives a record that was set aside its text. Several of its rows may have been, from this position on: it is kept once.
    pub(super) fn put_record(&mut self, from: usize, text: &str) {
        let text = match &self.redactor {
            Some(redactor) => redactor.redact(text),
            None => text.to_owned(),
        };
        if let Some(rejects) = &mut self.rejects
            && let Some(first) = rejects.get_mut(from)
        {
            first.record = text;
            rejects.truncate(from + 1);
        }
    }

    /// The records that were set aside, with the values of their other columns.
    pub(super) fn take_rejects(&mut self, included: impl FnOnce() -> String) -> Vec<Reject> {
        let mut rejects = self.rejects.take().unwrap_or_default();
        if !rejects.is_empty() {
            let included = included();
            let included = match &self.redactor {
                Some(redactor) => redactor.redact(&included),
                None => included,
            };
            for reject in &mut rejects {
                reject.included.clone_from(&included);
            }
        }
        rejects
    }

    /// Notes that a column has another value than it should.
    #[cold]
    pub(super) fn misfit(&mut self, place: &Place<'_>, column: &Column, found: Found<'_>) {
        if matches!(found, Found::Another) {
            self.hard = true;
        }
        self.note(|faults| Fault {
            place: faults.place(place),
            expected: expected(column, found),
            found: faults.found(found),
            line: column.line,
            missing: matches!(found, Found::Nothing),
            help: faults.help(column, found),
        });
    }

    fn help(&self, column: &Column, found: Found<'_>) -> String {
        let (help, joint) = help(column, found, self.contract);
        if joint.is_empty() || !self.may_set_aside {
            return help;
        }
        format!("{help}{joint}`schema_contract: {{data_type: discard_row}}` sets such rows aside")
    }

    /// Notes a record that is no object, or no list where its columns are read from one.
    #[cold]
    pub(super) fn no_record(&mut self, place: &Place<'_>, expected: &str, found: Found<'_>) {
        self.note(|faults| Fault {
            place: faults.place(place),
            expected: expected.to_owned(),
            found: faults.found(found),
            line: 0,
            missing: false,
            help: faults.record_help(place, found),
        });
    }

    fn record_help(&self, place: &Place<'_>, found: Found<'_>) -> String {
        if let Place::Records(_) = place {
            return "`data_selector` has to name the list that holds the records".to_owned();
        }
        let help = match found {
            Found::HalfCharacter => "a server that cuts texts off sends such",
            _ => "each record has to be an object",
        };
        if !self.may_set_aside {
            return help.to_owned();
        }
        format!("{help}; `schema_contract: {{data_type: discard_row}}` sets others aside")
    }

    /// Notes what `explode` cannot make rows of.
    #[cold]
    pub(super) fn no_element(&mut self, place: &Place<'_>, expected: &str, found: Found<'_>) {
        self.note(|faults| Fault {
            place: faults.place(place),
            expected: expected.to_owned(),
            found: faults.found(found),
            line: 0,
            missing: false,
            help: "`explode` names a list of objects, or of values that a column reads by `from` as the list itself"
                .to_owned(),
        });
    }

    /// Notes that the key of the list to `explode` stands twice.
    #[cold]
    pub(super) fn twice(&mut self, place: &Place<'_>) {
        self.hard = true;
        self.note(|faults| Fault {
            place: faults.place(place),
            expected: "the list once".to_owned(),
            found: faults.found(Found::Another),
            line: 0,
            missing: false,
            help: "a key may stand once in an object".to_owned(),
        });
    }

    /// Notes a key that is not declared, where that is an error.
    #[cold]
    pub(super) fn undeclared(&mut self, place: &Place<'_>, key: &str) {
        self.hard = true;
        self.note(|faults| Fault {
            place: faults.place(&Place::Key(place, key)),
            expected: "no such key".to_owned(),
            found: faults.found(Found::Undeclared),
            line: 0,
            missing: false,
            help: format!(
                "declare `{}` under `columns`, or `schema_contract: {{columns: discard_value}}` leaves \
                 such keys out",
                faults.shown(key, MOST_OF_VALUE)
            ),
        });
    }

    /// Notes a key that is not declared and is left out.
    #[cold]
    fn left_out(&mut self, place: &Place<'_>, key: &str) {
        if self.examples.len() < MOST_EXAMPLES {
            let place = self.place(&Place::Key(place, key));
            self.examples
                .push(format!("`{place}`: not declared, left out"));
        }
    }

    /// Notes what is worth knowing of the page.
    pub(super) fn remark(&mut self, remark: String) {
        if self.examples.len() < MOST_EXAMPLES {
            self.examples.push(remark);
        }
    }

    /// A text of the response in quotes, as it may be shown.
    pub(super) fn quoted(&self, text: &str) -> String {
        format!("{:?}", self.shown(text, MOST_OF_PLACE))
    }

    fn note(&mut self, fault: impl FnOnce(&Self) -> Fault) {
        self.pending_count += 1;
        if self.pending.len() + self.failures.len() < MOST_SHOWN {
            let fault = fault(self);
            self.pending.push(fault);
        }
    }

    fn place(&self, place: &Place<'_>) -> String {
        self.shown(&place.to_string(), MOST_OF_PLACE)
    }

    fn found(&self, found: Found<'_>) -> String {
        match found {
            Found::Nothing => "nothing".to_owned(),
            Found::Null => "null".to_owned(),
            Found::Bool(value) => value.to_string(),
            Found::Number(digits) => self.shown(digits, MOST_OF_VALUE),
            Found::Text(text) => format!("{:?}", self.shown(text, MOST_OF_VALUE)),
            Found::List => "a list".to_owned(),
            Found::Object => "an object".to_owned(),
            Found::Another => "the key twice".to_owned(),
            Found::Undeclared => "a value".to_owned(),
            Found::Unreadable => "json too deep or out of range".to_owned(),
            Found::HalfCharacter => "a text with half a surrogate pair".to_owned(),
        }
    }

    /// A text of the response as it may be shown: without secrets, and short.
    fn shown(&self, text: &str, most: usize) -> String {
        match &self.redactor {
            Some(redactor) => short(&redactor.redact_start(text.as_bytes()), most),
            None => short(text, most),
        }
    }

    /// What the record has come to so far.
    #[inline]
    pub(super) const fn mark(&self) -> Mark {
        Mark {
            count: self.pending_count,
            shown: self.pending.len(),
        }
    }

    /// Whether a nullable column may be null in place of the faults since `mark`. If so, they are
    /// counted as one discarded value.
    pub(super) fn discard_value(&mut self, mark: Mark) -> bool {
        if self.contract != DataTypeContract::DiscardValue || self.hard {
            return false;
        }
        self.discarded_values += 1;
        for fault in self.pending.drain(mark.shown.min(self.pending.len())..) {
            example(&mut self.examples, &fault, "made null");
        }
        self.pending_count = mark.count;
        true
    }

    /// Ends a record that has faults: it is set aside, or makes the page fail.
    #[cold]
    pub(super) fn end_record(&mut self) {
        if self.contract == DataTypeContract::DiscardRow && !self.hard {
            self.discarded_rows += 1;
            for fault in self.pending.drain(..).take(1) {
                if let Some(rejects) = &mut self.rejects {
                    rejects.push(fault.reject());
                }
                example(&mut self.examples, &fault, "its record set aside");
            }
        } else {
            self.failure_count += self.pending_count;
            self.failures.append(&mut self.pending);
        }
        self.pending.clear();
        self.pending_count = 0;
        self.hard = false;
    }

    /// Ends a page of which a value has faults: it makes the page fail.
    pub(super) fn end_page(&mut self) {
        self.hard = true;
        self.end_record();
    }

    /// Whether anything was noted of a value, a record or the page.
    pub(super) const fn are_any(&self) -> bool {
        self.pending_count + self.failure_count + self.discarded_rows + self.discarded_values > 0
    }

    /// Whether a record made the page fail.
    pub(super) const fn failed(&self) -> bool {
        self.failure_count > 0
    }

    /// The record that failed may be no record: the records may be in this list.
    pub(super) fn may_be_in(&mut self, list: &str) {
        if let Some(first) = self.failures.first_mut().filter(|first| first.missing) {
            let help = &first.help;
            first.help =
                format!("`data_selector: {list}`, if the records are in there; or else {help}");
        }
    }

    /// Records set aside.
    pub(super) const fn discarded_rows(&self) -> u64 {
        self.discarded_rows
    }

    /// Values made null.
    pub(super) const fn discarded_values(&self) -> u64 {
        self.discarded_values
    }

    /// The error, where there is one, and the examples of what was left out.
    pub(super) fn finish(self, spec: &str) -> (Option<Error>, Vec<String>) {
        let error =
            (self.failure_count > 0).then(|| error(&self.failures, self.failure_count, spec));
        (error, self.examples)
    }
}

fn example(examples: &mut Vec<String>, fault: &Fault, consequence: &str) {
    if examples.len() < MOST_EXAMPLES {
        let Fault {
            place,
            expected,
            found,
            ..
        } = fault;
        examples.push(format!(
            "`{place}`: expected {expected}, found {found}: {consequence}"
        ));
    }
}

/// One line a fault, in columns.
fn error(faults: &[Fault], count: u64, spec: &str) -> Error {
    let values = if count == 1 {
        "value does"
    } else {
        "values do"
    };
    let message = format!("{count} {values} not fit {spec}");
    let width = |of: fn(&Fault) -> &str| {
        let widths = faults.iter().map(|fault| of(fault).chars().count());
        widths.max().unwrap_or_default()
    };
    let places = width(|fault| &fault.place);
    let expectations = width(|fault| &fault.expected);
    let finds = width(|fault| &fault.found);

    let mut error = Error::new(ErrorKind::Schema, message);
    for Fault {
        place,
        expected,
        found,
        line,
        ..
    } in faults
    {
        let mut text = format!("{place:places$}  expected {expected:expectations$}  found ");
        if *line == 0 {
            text.push_str(found);
        } else {
            // Writing to a string does not fail.
            _ = write!(text, "{found:finds$}  {spec}:{line}");
        }
        error = error.with_detail(text);
    }
    let more = count.saturating_sub(faults.len() as u64);
    if more > 0 {
        error = error.with_detail(format!("and {more} more"));
    }
    match faults.first() {
        Some(fault) => error.with_help(fault.help.clone()),
        None => error,
    }
}

/// What a column takes, in words.
fn expected(column: &Column, found: Found<'_>) -> String {
    let mut text = describe(&column.data_type);
    for format in &column.formats {
        let of = match column.data_type {
            Type::Date(_) => Type::Date(format.clone()),
            _ => Type::Timestamp(format.clone()),
        };
        text = format!("{text}, or {}", describe(&of));
    }
    match (column.decode, &column.data_type) {
        (Decode::Text, _) => text.push_str(" as text"),
        (Decode::Integer, Type::Bool) => text.push_str(" as 0 or 1"),
        _ => {}
    }
    match found {
        Found::Nothing | Found::Null => text.push_str(", not null"),
        Found::Another => text.push_str(" once"),
        found if may_be_late(&column.data_type, found) => {
            text.push_str(", to the end of 9999 in UTC");
        }
        _ => {}
    }
    text
}

/// Whether a value may be an instant after the last that there is.
fn may_be_late(data_type: &Type, found: Found<'_>) -> bool {
    match (data_type, found) {
        (Type::Timestamp(_), Found::Text(text)) => text.contains("9999"),
        (Type::Timestamp(format), Found::Number(digits)) => {
            format.epoch_power().is_some() && !digits.starts_with('-')
        }
        _ => false,
    }
}

fn describe(data_type: &Type) -> String {
    match data_type {
        Type::Decimal { precision, scale } if *precision > 0 => {
            format!("decimal({precision}, {scale})")
        }
        Type::Enum {
            values,
            closed: true,
        } => {
            let shown = values.get(..8).unwrap_or(values);
            let more = if shown.len() < values.len() {
                ", …"
            } else {
                ""
            };
            format!("one of {}{more}", shown.join(", "))
        }
        Type::Timestamp(TimeFormat::Rfc3339) => "timestamp with an offset".to_owned(),
        Type::Timestamp(format) | Type::Date(format) => {
            let word = data_type.word();
            match format {
                TimeFormat::EpochSeconds => format!("{word} as seconds since 1970"),
                TimeFormat::EpochMillis => format!("{word} as milliseconds since 1970"),
                TimeFormat::EpochMicros => format!("{word} as microseconds since 1970"),
                TimeFormat::EpochNanos => format!("{word} as nanoseconds since 1970"),
                TimeFormat::DateCall => format!("{word} like `/Date(1686577603496)/`"),
                TimeFormat::Pattern { pattern, .. } => format!("{word} like `{pattern}`"),
                TimeFormat::Rfc3339 | TimeFormat::Date | TimeFormat::Local { .. } => {
                    word.to_owned()
                }
            }
        }
        Type::Binary => "binary in base64".to_owned(),
        Type::Scalar => "text, bigint or bool".to_owned(),
        Type::Union(members) => {
            let words: Vec<_> = members
                .iter()
                .map(|member| describe(&member.data_type))
                .collect();
            words.join(" or ")
        }
        _ => data_type.word().to_owned(),
    }
}

/// What is to be done about a value, and how the alternative of setting the record aside follows.
fn help(column: &Column, found: Found<'_>, contract: DataTypeContract) -> (String, &'static str) {
    let name = &column.name;
    match (found, &column.data_type) {
        (Found::Null | Found::Nothing, _) if column.primary_key || column.merge_key => {
            (format!("`{name}` is a key, so it has to be there"), "; ")
        }
        (Found::Null | Found::Nothing, _) => (format!("`nullable: true` on `{name}`"), ", or "),
        _ if contract == DataTypeContract::DiscardValue
            && (column.primary_key || column.merge_key) =>
        {
            (
                format!("`discard_value` makes values null, and `{name}` is a key, never null"),
                "; ",
            )
        }
        _ if contract == DataTypeContract::DiscardValue && !column.nullable => (
            format!(
                "`discard_value` makes values null, and `{name}` is not nullable: add `nullable: true`"
            ),
            ", or ",
        ),
        (_, Type::Scalar) => (
            format!("`{name}` is a key, whose values have to compare"),
            "; ",
        ),
        (Found::Text(_), Type::Enum { .. }) => (
            format!("add it to the `values` of `{name}`, or leave out `closed`"),
            "; ",
        ),
        (Found::HalfCharacter, _) => ("a server that cuts texts off sends such".to_owned(), "; "),
        (Found::Another, _) => ("a key may stand once in an object".to_owned(), ""),
        (found, Type::Timestamp(_) | Type::Date(_)) if let Some(format) = epoch_format(found) => {
            (format!("`format: {format}` on `{name}`"), ", or ")
        }
        _ => (
            format!("another `data_type`, `format` or `decode` for `{name}`"),
            ", or ",
        ),
    }
}

/// The format of what may be an epoch: a number from 2001 to 2286 in seconds, or in milliseconds.
fn epoch_format(found: Found<'_>) -> Option<&'static str> {
    let (Found::Number(digits) | Found::Text(digits)) = found else {
        return None;
    };
    let whole = digits.split_once('.').map_or(digits, |(whole, _)| whole);
    if !whole.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    match whole.len() {
        10 => Some("epoch_seconds"),
        13 => Some("epoch_millis"),
        _ => None,
    }
}

/// Notes an undeclared key that is left out.
pub(super) fn leave_out(
    faults: &mut Faults,
    contract: ColumnsContract,
    place: &Place<'_>,
    key: &str,
    new: bool,
) -> bool {
    match contract {
        ColumnsContract::Freeze => {
            faults.undeclared(place, key);
            false
        }
        // An object within a value that is taken as it is has no map to keep it in.
        ColumnsContract::DiscardValue | ColumnsContract::Evolve => {
            if new {
                faults.left_out(place, key);
            }
            true
        }
    }
}
