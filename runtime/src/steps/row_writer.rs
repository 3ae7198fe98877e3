//! Encodes records as cells: the opposite of `FromCell`.

use std::{collections::BTreeMap, fmt, slice};

use super::changes::ChangedPage;
use crate::{
    Record,
    page::{NOWHERE, Slot},
    schema::{Column, Decode, Type},
    value::{Date, Decimal, Json, Time, Timestamp, digits::Digits},
};

/// A record that can be encoded as cells, so that `processing_steps` may change it.
///
/// `#[rest_source]` implements it for resources with steps that change records. By hand, write the cells in
/// the order of the table's columns:
///
/// ```
/// use rest_source::{Cells, Column, RowWriter, Record, Table, EncodeRow, Type, shared::list};
///
/// struct Story {
///     id: String,
///     views: Option<i64>,
/// }
///
/// impl Record for Story {
///     const TABLE: &'static Table = &Table::new("stories", list![
///         Column::new("id", Type::Text).primary_key(),
///         Column::new("views", Type::Bigint).nullable(),
///     ]);
///
///     fn from_cells(cells: &mut Cells<'_>) -> Self {
///         Self { id: cells.take(), views: cells.take() }
///     }
/// }
///
/// impl EncodeRow for Story {
///     fn encode_row(&self, cells: &mut RowWriter<'_>) {
///         cells.write(&self.id);
///         cells.write(&self.views);
///     }
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not give its cells back",
    note = "a step that changes records (`map`, `yield_map`) needs it of them"
)]
pub trait EncodeRow: Record {
    /// Writes one cell for each column.
    fn encode_row(&self, cells: &mut RowWriter<'_>);
}

/// The type of a field that can be encoded as a cell: the opposite of [`FromCell`](crate::FromCell).
///
/// Implemented for the types of all columns, for `Option`, `Vec`, `BTreeMap` and [`Field`](crate::Field) of
/// them, and for records with [`EncodeRow`]. For another type:
///
/// ```
/// use rest_source::{CellWritten, CellWriter, EncodeCell};
///
/// struct Views(u32);
///
/// impl EncodeCell for Views {
///     fn encode(&self, cell: CellWriter<'_>) -> CellWritten {
///         cell.bigint(self.0.into())
///     }
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not give its value back to a cell",
    note = "implement `rest_source::EncodeCell` for it: a step that changes records (`map`, `yield_map`) \
            needs it of each of their fields"
)]
pub trait EncodeCell {
    /// Writes the cell. A value that does not fit the column ends the fetch with an error that names the
    /// column.
    fn encode(&self, cell: CellWriter<'_>) -> CellWritten;
}

/// Writes the cells of a record, or of an object within one, in the order of the columns.
pub struct RowWriter<'g> {
    given: &'g mut ChangedPage,
    columns: &'g [Column],
    /// The position of the cells.
    base: u32,
    next: u32,
    /// The position of the cells that the record was made of.
    original: Option<u32>,
}

impl<'g> RowWriter<'g> {
    pub(super) fn new(
        given: &'g mut ChangedPage,
        columns: &'g [Column],
        base: u32,
        original: Option<u32>,
    ) -> Self {
        Self {
            given,
            columns,
            base,
            next: 0,
            original,
        }
    }

    /// Writes the next cell.
    pub fn write<T: EncodeCell>(&mut self, value: &T) {
        self.fill(|cell| value.encode(cell));
    }

    /// Keeps the next cell as received: the record has no field for it. In an object that a step added, and
    /// in one within a list, map or union, it is null.
    pub fn keep(&mut self) {
        match self.original_slot() {
            Some(slot) => self.put(slot),
            None => self.write(&None::<bool>),
        }
    }

    /// Writes the cells of an untyped record: itself and its key.
    pub(crate) fn record(&mut self, record: &Json) {
        for column in self.columns {
            self.fill(|cell| match column.data_type {
                Type::Scalar => scalar(record.get(column.key.as_str()), cell),
                _ => cell.json(record),
            });
        }
    }

    fn fill(&mut self, fill: impl FnOnce(CellWriter<'_>) -> CellWritten) {
        let original = self.original_slot();
        let Some(column) = self.columns.get(self.next as usize) else {
            self.given
                .fault("it gives more cells than there are columns");
            return;
        };
        let CellWritten(slot) = fill(CellWriter {
            given: &mut *self.given,
            column,
            original,
        });
        let slot = self.given.settle(slot, column, original);
        self.put(slot);
    }

    fn original_slot(&self) -> Option<Slot> {
        self.columns.get(self.next as usize)?;
        self.given.slot(self.original?.checked_add(self.next)?)
    }

    fn put(&mut self, slot: Slot) {
        self.given.set(self.base.saturating_add(self.next), slot);
        self.next += 1;
    }

    /// Records an error for a cell that was not written.
    pub(super) fn finish(&mut self) {
        if let Some(column) = self.columns.get(self.next as usize) {
            let name = &column.name;
            self.given.fault(format!("it gives no `{name}`"));
        }
    }
}

impl fmt::Debug for RowWriter<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RowWriter({} of {})", self.next, self.columns.len())
    }
}

/// The column of an untyped record: any JSON, null included.
pub(super) static RECORD: Column = Column::record();

/// Writes one cell, by one of these methods.
pub struct CellWriter<'g> {
    given: &'g mut ChangedPage,
    column: &'g Column,
    /// The value of the original record's cell.
    original: Option<Slot>,
}

/// Proof that a [`CellWriter`] was used.
#[derive(Debug)]
#[must_use = "it says what the cell holds"]
pub struct CellWritten(Slot);

impl CellWriter<'_> {
    /// No value.
    pub fn null(self) -> CellWritten {
        if !self.column.nullable {
            return self.other("null");
        }
        CellWritten(Slot::Null)
    }

    /// Absent; null in a column without `presence: explicit`.
    pub fn absent(self) -> CellWritten {
        if self.column.explicit {
            return CellWritten(Slot::Absent);
        }
        self.null()
    }

    /// Text, or the word of an enum.
    pub fn text(self, text: &str) -> CellWritten {
        match &self.column.data_type {
            Type::Enum {
                values,
                closed: true,
            } if !values.iter().any(|value| **value == *text) => self.other("another word"),
            Type::Text | Type::Enum { .. } | Type::Scalar => {
                CellWritten(Slot::Text(self.given.keep(text)))
            }
            _ => self.other("text"),
        }
    }

    /// An integer.
    pub fn bigint(self, value: i64) -> CellWritten {
        match self.column.data_type {
            Type::Bigint | Type::Scalar => CellWritten(Slot::Bigint(value)),
            _ => self.other("an integer"),
        }
    }

    /// A floating-point number, which has to be finite.
    pub fn double(self, value: f64) -> CellWritten {
        match self.column.data_type {
            Type::Double if value.is_finite() => CellWritten(Slot::Double(value)),
            Type::Double => self.other("no finite number"),
            _ => self.other("a floating-point number"),
        }
    }

    /// True or false.
    pub fn bool(self, value: bool) -> CellWritten {
        match self.column.data_type {
            Type::Bool | Type::Scalar => CellWritten(Slot::Bool(value)),
            _ => self.other("a bool"),
        }
    }

    /// An instant.
    pub fn timestamp(self, value: Timestamp) -> CellWritten {
        match self.column.data_type {
            Type::Timestamp(_) => CellWritten(Slot::Timestamp {
                second: value.epoch_seconds(),
                nanosecond: value.subsec_nanoseconds(),
            }),
            _ => self.other("a timestamp"),
        }
    }

    /// A date.
    pub fn date(self, value: Date) -> CellWritten {
        match self.column.data_type {
            Type::Date(_) => CellWritten(Slot::Date(value)),
            _ => self.other("a date"),
        }
    }

    /// A time of day.
    pub fn time(self, value: Time) -> CellWritten {
        match self.column.data_type {
            Type::Time => CellWritten(Slot::Time(value)),
            _ => self.other("a time"),
        }
    }

    /// A decimal number, within the precision and scale of the column.
    pub fn decimal(self, value: &Decimal) -> CellWritten {
        let Type::Decimal { precision, scale } = self.column.data_type else {
            return self.other("a decimal");
        };
        let mut plain = String::new();
        let digits = Digits::read(value.as_str());
        match digits.and_then(|digits| digits.write_within(precision, scale, &mut plain)) {
            Some(()) => CellWritten(Slot::Decimal(self.given.keep(&plain))),
            None => self.other("more digits than its precision and scale"),
        }
    }

    /// Bytes.
    pub fn binary(self, value: &[u8]) -> CellWritten {
        match self.column.data_type {
            Type::Binary => CellWritten(Slot::Binary(self.given.keep_bytes(value))),
            _ => self.other("bytes"),
        }
    }

    /// Any JSON value.
    pub fn json(self, value: &Json) -> CellWritten {
        if !matches!(self.column.data_type, Type::Json) {
            return self.other("json");
        }
        if value.is_null() && !self.column.is_record() {
            return self.null();
        }
        // An unchanged value keeps its text.
        if let Some(original @ Slot::Json { at }) = self.original
            && serde_json::from_str::<Json>(self.given.page.json(at)).is_ok_and(|it| it == *value)
        {
            return CellWritten(original);
        }
        CellWritten(Slot::Json {
            at: self.given.keep_json(&value.to_string()),
        })
    }

    /// A list of these elements.
    pub fn elements<T: EncodeCell>(self, values: &[T]) -> CellWritten {
        let Type::Array(element) = &self.column.data_type else {
            return self.other("a list");
        };
        let children = self.given.reserve(values.len());
        for (at, value) in (children..).zip(values) {
            let slot = element_of(self.given, element, value);
            self.given.set(at, slot);
        }
        CellWritten(Slot::Array {
            at: NOWHERE,
            children,
            len: u32::try_from(values.len()).unwrap_or_default(),
        })
    }

    /// A map of these entries.
    pub fn entries<T: EncodeCell>(self, values: &BTreeMap<String, T>) -> CellWritten {
        let element = match &self.column.data_type {
            // Undeclared values may be null.
            Type::Map(_) if self.column.decode == Decode::Rest => &RECORD,
            Type::Map(element) => element,
            _ => return self.other("a map"),
        };
        let children = self.given.reserve(2 * values.len());
        for (at, (key, value)) in (children..).step_by(2).zip(values) {
            let key = Slot::Text(self.given.keep(key));
            self.given.set(at, key);
            let value = element_of(self.given, element, value);
            self.given.set(at + 1, value);
        }
        CellWritten(Slot::Map {
            at: NOWHERE,
            children,
            len: u32::try_from(values.len()).unwrap_or_default(),
        })
    }

    /// A value of the union's type at this position, counted from 0.
    pub fn member<T: EncodeCell>(self, at: usize, value: &T) -> CellWritten {
        let Type::Union(members) = &self.column.data_type else {
            return self.other("a value of a union");
        };
        let (Some(column), Ok(member)) = (members.get(at), u16::try_from(at)) else {
            return self.other("a value of no type of it");
        };
        let child = self.given.reserve(1);
        let slot = element_of(self.given, column, value);
        self.given.set(child, slot);
        CellWritten(Slot::Union {
            at: NOWHERE,
            child,
            member,
        })
    }

    /// An object, or any JSON where the record is taken as it is.
    pub(super) fn object<T: EncodeRow>(self, record: &T) -> CellWritten {
        if T::TABLE.is_untyped() {
            let base = self.given.reserve(1);
            let original = self.original.map(|original| {
                let at = self.given.reserve(1);
                self.given.set(at, original);
                at
            });
            let columns = slice::from_ref(self.column);
            let mut cells = RowWriter::new(self.given, columns, base, original);
            record.encode_row(&mut cells);
            cells.finish();
            let slot = self.given.slot(base).unwrap_or(Slot::Null);
            return CellWritten(slot);
        }
        let Type::Object(table) = &self.column.data_type else {
            return self.other("an object");
        };
        if !table.is(T::TABLE) {
            return self.other("another object");
        }
        let original = match self.original {
            Some(Slot::Object { children, .. }) => Some(children),
            _ => None,
        };
        let children = self.given.reserve(table.width());
        let mut cells = RowWriter::new(self.given, &table.columns, children, original);
        record.encode_row(&mut cells);
        cells.finish();
        CellWritten(Slot::Object {
            at: NOWHERE,
            children,
        })
    }

    #[cold]
    fn other(self, got: &str) -> CellWritten {
        let name = &self.column.name;
        self.given.fault(if got == "null" {
            format!("`{name}` is never null")
        } else {
            let word = self.column.data_type.word();
            format!("`{name}` holds {word}, and is given {got}")
        });
        CellWritten(Slot::Null)
    }
}

impl fmt::Debug for CellWriter<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CellWriter({})", self.column.name)
    }
}

/// A value within a list, map or union, whose JSON is not needed.
fn element_of<T: EncodeCell>(given: &mut ChangedPage, column: &Column, value: &T) -> Slot {
    let CellWritten(slot) = value.encode(CellWriter {
        given,
        column,
        original: None,
    });
    slot
}

/// The value at a key of an untyped record.
fn scalar(found: Option<&Json>, cell: CellWriter<'_>) -> CellWritten {
    match found {
        Some(Json::String(text)) => cell.text(text),
        Some(Json::Bool(value)) => cell.bool(*value),
        Some(Json::Number(number)) => {
            let digits = number.to_string();
            match Digits::read(&digits).and_then(|digits| digits.integer()) {
                Some(integer) => cell.bigint(integer),
                None => cell.other("a number that is no integer of 64 bits"),
            }
        }
        Some(Json::Null) | None => cell.null(),
        Some(Json::Array(_)) => cell.other("a list"),
        Some(Json::Object(_)) => cell.other("an object"),
    }
}

impl EncodeRow for Json {
    fn encode_row(&self, cells: &mut RowWriter<'_>) {
        cells.record(self);
    }
}
