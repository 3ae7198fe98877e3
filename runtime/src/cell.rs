//! Cells: the decoded values that a record is made of.

use std::{cell::OnceCell, collections::BTreeMap, slice};

use crate::{
    error::{Error, ErrorKind},
    page::{Page, Slot},
    record::Record,
    schema::{Column, Table, Type},
    shared::Text,
    value::{Date, Decimal, Field, Json, Time, Timestamp, Value},
};

/// A field's type: made of one cell.
///
/// Implemented for the types of all columns, for `Option`, `Vec`, `BTreeMap` and [`Field`] of them,
/// and for every [`Record`]. Generated code implements it for enums and unions.
pub trait FromCell: Sized {
    /// The value in this cell. Where the cell is of another type, it is an empty value, and the
    /// [`Cell`]'s own accessors note the mismatch.
    fn from_cell(cell: Cell<'_>) -> Self;
}

/// The cells of one row, or of an object within one, in the order of the columns.
#[derive(Debug)]
pub struct Cells<'p> {
    page: &'p Page,
    /// The cells that are not taken yet, and their columns.
    slots: slice::Iter<'p, Slot>,
    columns: slice::Iter<'p, Column>,
    /// Whether the one cell is a whole record, without a column.
    is_untyped: bool,
    mismatch: &'p Mismatch,
}

impl<'p> Cells<'p> {
    pub(crate) fn new(
        page: &'p Page,
        slots: &'p [Slot],
        columns: &'p [Column],
        mismatch: &'p Mismatch,
    ) -> Self {
        Self {
            page,
            slots: slots.iter(),
            columns: columns.iter(),
            is_untyped: columns.is_empty(),
            mismatch,
        }
    }

    /// The next cell's value.
    #[inline]
    pub fn take<T: FromCell>(&mut self) -> T {
        T::from_cell(self.cell())
    }

    /// The next cell.
    #[inline]
    fn cell(&mut self) -> Cell<'p> {
        let (slot, column) = match (self.slots.next(), self.columns.next()) {
            (Some(slot), Some(column)) => (*slot, column),
            (Some(slot), None) if self.is_untyped => (*slot, &UNTYPED),
            _ => {
                self.mismatch.set(Text::default());
                (Slot::Absent, &UNTYPED)
            }
        };
        Cell {
            page: self.page,
            slot,
            column,
            mismatch: self.mismatch,
        }
    }

    /// Notes cells that were not taken.
    #[inline]
    pub(crate) fn finish(mut self) {
        if !self.slots.as_slice().is_empty() {
            let column = self.columns.next();
            let name = column.map_or_else(Text::default, |column| column.name.clone());
            self.mismatch.set(name);
        }
    }
}

/// The column of a whole untyped record.
static UNTYPED: Column = Column::new("", Type::Json);

/// One cell. Each accessor gives an empty value where the cell is of another type, and the fetch
/// then ends with an error that names the column.
#[derive(Clone, Copy, Debug)]
pub struct Cell<'p> {
    page: &'p Page,
    slot: Slot,
    column: &'p Column,
    mismatch: &'p Mismatch,
}

impl<'p> Cell<'p> {
    /// Whether there is no value: null or absent.
    pub const fn is_null(&self) -> bool {
        matches!(self.slot, Slot::Null | Slot::Absent)
    }

    /// Whether the key was not there.
    pub const fn is_absent(&self) -> bool {
        matches!(self.slot, Slot::Absent)
    }

    /// The value.
    pub fn value(&self) -> Value<'p> {
        self.page.value(self.slot)
    }

    /// Text, or the word of an enum.
    #[inline]
    pub fn text(&self) -> &'p str {
        match self.slot {
            Slot::Text(span) => self.page.text(span),
            _ => self.other(),
        }
    }

    /// An integer.
    #[inline]
    pub fn bigint(&self) -> i64 {
        match self.slot {
            Slot::Bigint(value) => value,
            _ => self.other(),
        }
    }

    /// A floating-point number.
    #[inline]
    pub fn double(&self) -> f64 {
        match self.slot {
            Slot::Double(value) => value,
            _ => self.other(),
        }
    }

    /// True or false.
    #[inline]
    pub fn bool(&self) -> bool {
        match self.slot {
            Slot::Bool(value) => value,
            _ => self.other(),
        }
    }

    /// An instant; 1970-01-01T00:00:00Z where the cell holds none.
    #[inline]
    pub fn timestamp(&self) -> Timestamp {
        let value = match self.slot {
            Slot::Timestamp { second, nanosecond } => Timestamp::from_epoch(second, nanosecond),
            _ => None,
        };
        value.unwrap_or_else(|| self.or(Timestamp::EPOCH))
    }

    /// A date; 1970-01-01 where the cell holds none.
    #[inline]
    pub fn date(&self) -> Date {
        match self.slot {
            Slot::Date(value) => value,
            _ => self.or(Date::EPOCH),
        }
    }

    /// A time of day; 00:00:00 where the cell holds none.
    #[inline]
    pub fn time(&self) -> Time {
        match self.slot {
            Slot::Time(value) => value,
            _ => self.or(Time::MIDNIGHT),
        }
    }

    /// A decimal number, in plain digits; empty where the cell holds none.
    pub fn decimal(&self) -> &'p str {
        match self.slot {
            Slot::Decimal(span) => self.page.text(span),
            _ => self.other(),
        }
    }

    /// Bytes.
    pub fn binary(&self) -> &'p [u8] {
        match self.slot {
            Slot::Binary(span) => self.page.bytes(span),
            _ => self.other(),
        }
    }

    /// The elements of an array.
    pub fn elements(&self) -> impl ExactSizeIterator<Item = Cell<'p>> + use<'p> {
        let (slots, element): (&[Slot], &Column) = match (self.slot, &self.column.data_type) {
            (Slot::Array { children, len, .. }, Type::Array(element)) => {
                (self.page.slots(children, len as usize), element)
            }
            _ => (self.other(), &UNTYPED),
        };
        let cell = *self;
        slots.iter().map(move |slot| cell.child(*slot, element))
    }

    /// The keys and values of a map.
    pub fn entries(&self) -> impl ExactSizeIterator<Item = (&'p str, Cell<'p>)> + use<'p> {
        let (slots, element): (&[Slot], &Column) = match (self.slot, &self.column.data_type) {
            (Slot::Map { children, len, .. }, Type::Map(element)) => {
                (self.page.slots(children, 2 * len as usize), element)
            }
            _ => (self.other(), &UNTYPED),
        };
        let cell = *self;
        slots.chunks_exact(2).map(move |entry| match entry {
            [key, value] => (
                cell.child(*key, element).text(),
                cell.child(*value, element),
            ),
            _ => ("", cell),
        })
    }

    /// Which of a union's types the value is of, counted from 0, and the value.
    pub fn member(&self) -> (usize, Cell<'p>) {
        let child = match (self.slot, &self.column.data_type) {
            (Slot::Union { child, member, .. }, Type::Union(members)) => self
                .page
                .slots(child, 1)
                .first()
                .zip(members.get(usize::from(member)))
                .map(|(slot, column)| (usize::from(member), self.child(*slot, column))),
            _ => None,
        };
        child.unwrap_or_else(|| {
            let () = self.other();
            (0, *self)
        })
    }

    /// Notes that this cell's column is not of the type that its field takes.
    pub fn mismatch(&self) {
        self.mismatch.set(self.column.name.clone());
    }

    fn child(&self, slot: Slot, column: &'p Column) -> Cell<'p> {
        Cell {
            slot,
            column,
            ..*self
        }
    }

    #[cold]
    fn other<T: Default>(&self) -> T {
        self.or(T::default())
    }

    #[cold]
    fn or<T>(&self, value: T) -> T {
        self.mismatch();
        value
    }
}

impl FromCell for String {
    #[inline]
    fn from_cell(cell: Cell<'_>) -> Self {
        cell.text().to_owned()
    }
}

impl FromCell for i64 {
    #[inline]
    fn from_cell(cell: Cell<'_>) -> Self {
        cell.bigint()
    }
}

impl FromCell for f64 {
    #[inline]
    fn from_cell(cell: Cell<'_>) -> Self {
        cell.double()
    }
}

impl FromCell for bool {
    #[inline]
    fn from_cell(cell: Cell<'_>) -> Self {
        cell.bool()
    }
}

impl FromCell for Timestamp {
    #[inline]
    fn from_cell(cell: Cell<'_>) -> Self {
        cell.timestamp()
    }
}

impl FromCell for Date {
    #[inline]
    fn from_cell(cell: Cell<'_>) -> Self {
        cell.date()
    }
}

impl FromCell for Time {
    #[inline]
    fn from_cell(cell: Cell<'_>) -> Self {
        cell.time()
    }
}

impl FromCell for Decimal {
    fn from_cell(cell: Cell<'_>) -> Self {
        match cell.decimal() {
            "" => Self::default(),
            plain => Self::from_canonical(plain),
        }
    }
}

impl FromCell for Vec<u8> {
    fn from_cell(cell: Cell<'_>) -> Self {
        cell.binary().to_owned()
    }
}

impl<T: FromCell> FromCell for Option<T> {
    #[inline]
    fn from_cell(cell: Cell<'_>) -> Self {
        (!cell.is_null()).then(|| T::from_cell(cell))
    }
}

impl<T: FromCell> FromCell for Field<T> {
    fn from_cell(cell: Cell<'_>) -> Self {
        match cell.slot {
            Slot::Absent => Self::Absent,
            Slot::Null => Self::Null,
            _ => Self::Value(T::from_cell(cell)),
        }
    }
}

impl<T: FromCell> FromCell for Vec<T> {
    fn from_cell(cell: Cell<'_>) -> Self {
        cell.elements().map(T::from_cell).collect()
    }
}

impl<T: FromCell> FromCell for BTreeMap<String, T> {
    fn from_cell(cell: Cell<'_>) -> Self {
        cell.entries()
            .map(|(key, cell)| (key.to_owned(), T::from_cell(cell)))
            .collect()
    }
}

impl<T: Record> FromCell for T {
    #[inline]
    fn from_cell(cell: Cell<'_>) -> Self {
        let (slots, columns): (&[Slot], &[Column]) = match (cell.slot, &cell.column.data_type) {
            _ if T::TABLE.is_untyped() => (slice::from_ref(&cell.slot), &[]),
            (Slot::Object { children, .. }, Type::Object(table)) if table.is(T::TABLE) => {
                (cell.page.slots(children, table.width()), &table.columns)
            }
            _ => (cell.other(), &[]),
        };
        let mut cells = Cells::new(cell.page, slots, columns, cell.mismatch);
        let record = T::from_cells(&mut cells);
        cells.finish();
        record
    }
}

impl Record for Json {
    const TABLE: &'static Table = &Table::DEFAULT;

    fn from_cells(cells: &mut Cells<'_>) -> Self {
        let cell = cells.cell();
        match cell.slot {
            // The decoder has read it to its end, so that only a defect of ours can fail here.
            Slot::Json { at } => {
                serde_json::from_str(cell.page.json(at)).unwrap_or_else(|_| cell.other())
            }
            _ => cell.other(),
        }
    }
}

/// The first column whose cell was taken as something else, while a record is made.
#[derive(Debug, Default)]
pub(crate) struct Mismatch(OnceCell<Text>);

impl Mismatch {
    pub(crate) fn is_set(&self) -> bool {
        self.0.get().is_some()
    }

    fn set(&self, column: Text) {
        self.0.get_or_init(|| column);
    }

    #[cold]
    pub(crate) fn into_error<T>(self, table: &Table) -> Error {
        let record = std::any::type_name::<T>();
        let place = match self.0.get().map(Text::as_str) {
            None => format!("it is made for another table than `{}`", table.name),
            Some("") => format!(
                "it does not take the columns of `{}` one by one",
                table.name
            ),
            Some(column) => format!("it takes column `{column}` as another type"),
        };
        Error::new(
            ErrorKind::Record,
            format!("`{record}` does not fit its rows: {place}"),
        )
        .with_help("a `Record` takes one cell per column of its `TABLE`, in order")
    }
}
