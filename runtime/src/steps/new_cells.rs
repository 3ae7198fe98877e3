//! From a record back to cells: the way of `FromCell`, the other way round.

use std::{collections::BTreeMap, fmt, slice};

use super::give::Given;
use crate::{
    Record,
    page::{NOWHERE, Slot},
    schema::{Column, Decode, Type},
    value::{Date, Decimal, Json, Time, Timestamp, digits::Digits},
};

/// A record that gives its cells back, so that it may be changed on its way: `processing_steps`.
///
/// `#[rest_source]` implements it where a resource has steps that change records. By hand, give the
/// cells in the order of the table's columns:
///
/// ```
/// use rest_source::{Cells, Column, NewCells, Record, Table, ToCells, Type, shared::list};
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
/// impl ToCells for Story {
///     fn to_cells(&self, cells: &mut NewCells<'_>) {
///         cells.give(&self.id);
///         cells.give(&self.views);
///     }
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not give its cells back",
    note = "a step that changes records (`map`, `yield_map`) needs it of them"
)]
pub trait ToCells: Record {
    /// Gives one cell a column.
    fn to_cells(&self, cells: &mut NewCells<'_>);
}

/// A field's type that fills a cell: [`FromCell`](crate::FromCell), the other way round.
///
/// Implemented for the types of all columns, for `Option`, `Vec`, `BTreeMap` and
/// [`Field`](crate::Field) of them, and for every record that gives its cells back. Of a type of one's
/// own:
///
/// ```
/// use rest_source::{Filled, NewCell, ToCell};
///
/// struct Views(u32);
///
/// impl ToCell for Views {
///     fn to_cell(&self, cell: NewCell<'_>) -> Filled {
///         cell.bigint(self.0.into())
///     }
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not give its value back to a cell",
    note = "implement `rest_source::ToCell` for it: a step that changes records (`map`, `yield_map`) \
            needs it of each of their fields"
)]
pub trait ToCell {
    /// Fills the cell. What its column cannot take ends the fetch with an error that names the column.
    fn to_cell(&self, cell: NewCell<'_>) -> Filled;
}

/// The cells of one record, or of an object within one, to be filled in the order of the columns.
pub struct NewCells<'g> {
    given: &'g mut Given,
    columns: &'g [Column],
    /// Where in the pool they are.
    base: u32,
    next: u32,
    /// Where the cells are that the record was made of.
    original: Option<u32>,
}

impl<'g> NewCells<'g> {
    pub(super) fn new(
        given: &'g mut Given,
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

    /// Fills the next cell.
    pub fn give<T: ToCell>(&mut self, value: &T) {
        self.fill(|cell| value.to_cell(cell));
    }

    /// Leaves the next cell as it came: the record has no field for it. In an object that a step added,
    /// and in one within a list, a map or a union, it is null.
    pub fn keep(&mut self) {
        match self.original_slot() {
            Some(slot) => self.put(slot),
            None => self.give(&None::<bool>),
        }
    }

    /// The cells of a record that is taken as it is: itself, and its key.
    pub(crate) fn record(&mut self, record: &Json) {
        for column in self.columns {
            self.fill(|cell| match column.data_type {
                Type::Scalar => scalar(record.get(column.key.as_str()), cell),
                _ => cell.json(record),
            });
        }
    }

    fn fill(&mut self, fill: impl FnOnce(NewCell<'_>) -> Filled) {
        let original = self.original_slot();
        let Some(column) = self.columns.get(self.next as usize) else {
            self.given
                .fault("it gives more cells than there are columns");
            return;
        };
        let Filled(slot) = fill(NewCell {
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

    /// Notes a cell that was not filled.
    pub(super) fn finish(&mut self) {
        if let Some(column) = self.columns.get(self.next as usize) {
            let name = &column.name;
            self.given.fault(format!("it gives no `{name}`"));
        }
    }
}

impl fmt::Debug for NewCells<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "NewCells({} of {})", self.next, self.columns.len())
    }
}

/// The column of any JSON, null included: of a record as it is.
pub(super) static RECORD: Column = Column::record();

/// A cell to be filled, in one of these ways.
pub struct NewCell<'g> {
    given: &'g mut Given,
    column: &'g Column,
    /// What the cell of the record held that this one was made of.
    original: Option<Slot>,
}

/// That a [`NewCell`] was filled.
#[derive(Debug)]
#[must_use = "it says what the cell holds"]
pub struct Filled(Slot);

impl NewCell<'_> {
    /// No value.
    pub fn null(self) -> Filled {
        if !self.column.nullable {
            return self.other("null");
        }
        Filled(Slot::Null)
    }

    /// No value, nor its key; null where the column does not tell the two apart.
    pub fn absent(self) -> Filled {
        if self.column.explicit {
            return Filled(Slot::Absent);
        }
        self.null()
    }

    /// Text, or the word of an enum.
    pub fn text(self, text: &str) -> Filled {
        match &self.column.data_type {
            Type::Enum {
                values,
                closed: true,
            } if !values.iter().any(|value| **value == *text) => self.other("another word"),
            Type::Text | Type::Enum { .. } | Type::Scalar => {
                Filled(Slot::Text(self.given.keep(text)))
            }
            _ => self.other("text"),
        }
    }

    /// An integer.
    pub fn bigint(self, value: i64) -> Filled {
        match self.column.data_type {
            Type::Bigint | Type::Scalar => Filled(Slot::Bigint(value)),
            _ => self.other("an integer"),
        }
    }

    /// A floating-point number, which has to be finite.
    pub fn double(self, value: f64) -> Filled {
        match self.column.data_type {
            Type::Double if value.is_finite() => Filled(Slot::Double(value)),
            Type::Double => self.other("no finite number"),
            _ => self.other("a floating-point number"),
        }
    }

    /// True or false.
    pub fn bool(self, value: bool) -> Filled {
        match self.column.data_type {
            Type::Bool | Type::Scalar => Filled(Slot::Bool(value)),
            _ => self.other("a bool"),
        }
    }

    /// An instant.
    pub fn timestamp(self, value: Timestamp) -> Filled {
        match self.column.data_type {
            Type::Timestamp(_) => Filled(Slot::Timestamp {
                second: value.epoch_seconds(),
                nanosecond: value.subsec_nanoseconds(),
            }),
            _ => self.other("a timestamp"),
        }
    }

    /// A date.
    pub fn date(self, value: Date) -> Filled {
        match self.column.data_type {
            Type::Date(_) => Filled(Slot::Date(value)),
            _ => self.other("a date"),
        }
    }

    /// A time of day.
    pub fn time(self, value: Time) -> Filled {
        match self.column.data_type {
            Type::Time => Filled(Slot::Time(value)),
            _ => self.other("a time"),
        }
    }

    /// A decimal number, within the precision and scale of the column.
    pub fn decimal(self, value: &Decimal) -> Filled {
        let Type::Decimal { precision, scale } = self.column.data_type else {
            return self.other("a decimal");
        };
        let mut plain = String::new();
        let digits = Digits::read(value.as_str());
        match digits.and_then(|digits| digits.write_within(precision, scale, &mut plain)) {
            Some(()) => Filled(Slot::Decimal(self.given.keep(&plain))),
            None => self.other("more digits than its precision and scale"),
        }
    }

    /// Bytes.
    pub fn binary(self, value: &[u8]) -> Filled {
        match self.column.data_type {
            Type::Binary => Filled(Slot::Binary(self.given.keep_bytes(value))),
            _ => self.other("bytes"),
        }
    }

    /// Any JSON value.
    pub fn json(self, value: &Json) -> Filled {
        if !matches!(self.column.data_type, Type::Json) {
            return self.other("json");
        }
        if value.is_null() && !self.column.is_record() {
            return self.null();
        }
        // What came is kept as it was received.
        if let Some(original @ Slot::Json { at }) = self.original
            && serde_json::from_str::<Json>(self.given.page.json(at)).is_ok_and(|it| it == *value)
        {
            return Filled(original);
        }
        Filled(Slot::Json {
            at: self.given.keep_json(&value.to_string()),
        })
    }

    /// A list of these elements.
    pub fn elements<T: ToCell>(self, values: &[T]) -> Filled {
        let Type::Array(element) = &self.column.data_type else {
            return self.other("a list");
        };
        let children = self.given.reserve(values.len());
        for (at, value) in (children..).zip(values) {
            let slot = element_of(self.given, element, value);
            self.given.set(at, slot);
        }
        Filled(Slot::Array {
            at: NOWHERE,
            children,
            len: u32::try_from(values.len()).unwrap_or_default(),
        })
    }

    /// A map of these entries.
    pub fn entries<T: ToCell>(self, values: &BTreeMap<String, T>) -> Filled {
        let element = match &self.column.data_type {
            // What is not declared may be null.
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
        Filled(Slot::Map {
            at: NOWHERE,
            children,
            len: u32::try_from(values.len()).unwrap_or_default(),
        })
    }

    /// A value of the union's type at this position, counted from 0.
    pub fn member<T: ToCell>(self, at: usize, value: &T) -> Filled {
        let Type::Union(members) = &self.column.data_type else {
            return self.other("a value of a union");
        };
        let (Some(column), Ok(member)) = (members.get(at), u16::try_from(at)) else {
            return self.other("a value of no type of it");
        };
        let child = self.given.reserve(1);
        let slot = element_of(self.given, column, value);
        self.given.set(child, slot);
        Filled(Slot::Union {
            at: NOWHERE,
            child,
            member,
        })
    }

    /// An object, or any JSON where the record is taken as it is.
    pub(super) fn object<T: ToCells>(self, record: &T) -> Filled {
        if T::TABLE.is_untyped() {
            let base = self.given.reserve(1);
            let original = self.original.map(|original| {
                let at = self.given.reserve(1);
                self.given.set(at, original);
                at
            });
            let columns = slice::from_ref(self.column);
            let mut cells = NewCells::new(self.given, columns, base, original);
            record.to_cells(&mut cells);
            cells.finish();
            let slot = self.given.slot(base).unwrap_or(Slot::Null);
            return Filled(slot);
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
        let mut cells = NewCells::new(self.given, &table.columns, children, original);
        record.to_cells(&mut cells);
        cells.finish();
        Filled(Slot::Object {
            at: NOWHERE,
            children,
        })
    }

    #[cold]
    fn other(self, got: &str) -> Filled {
        let name = &self.column.name;
        self.given.fault(if got == "null" {
            format!("`{name}` is never null")
        } else {
            let word = self.column.data_type.word();
            format!("`{name}` holds {word}, and is given {got}")
        });
        Filled(Slot::Null)
    }
}

impl fmt::Debug for NewCell<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "NewCell({})", self.column.name)
    }
}

/// A value within a list, a map or a union, whose JSON nobody asks for.
fn element_of<T: ToCell>(given: &mut Given, column: &Column, value: &T) -> Slot {
    let Filled(slot) = value.to_cell(NewCell {
        given,
        column,
        original: None,
    });
    slot
}

/// What stands at a key of an untyped record.
fn scalar(found: Option<&Json>, cell: NewCell<'_>) -> Filled {
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

impl ToCells for Json {
    fn to_cells(&self, cells: &mut NewCells<'_>) {
        cells.record(self);
    }
}
