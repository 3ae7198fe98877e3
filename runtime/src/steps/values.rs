//! The types of a record's fields, each filling its cell.

use std::collections::BTreeMap;

use super::{Filled, NewCell, ToCell, ToCells};
use crate::value::{Date, Decimal, Field, Time, Timestamp};

impl<T: ToCells> ToCell for T {
    fn to_cell(&self, cell: NewCell<'_>) -> Filled {
        cell.object(self)
    }
}

impl ToCell for String {
    fn to_cell(&self, cell: NewCell<'_>) -> Filled {
        cell.text(self)
    }
}

impl ToCell for i64 {
    fn to_cell(&self, cell: NewCell<'_>) -> Filled {
        cell.bigint(*self)
    }
}

impl ToCell for f64 {
    fn to_cell(&self, cell: NewCell<'_>) -> Filled {
        cell.double(*self)
    }
}

impl ToCell for bool {
    fn to_cell(&self, cell: NewCell<'_>) -> Filled {
        cell.bool(*self)
    }
}

impl ToCell for Timestamp {
    fn to_cell(&self, cell: NewCell<'_>) -> Filled {
        cell.timestamp(*self)
    }
}

impl ToCell for Date {
    fn to_cell(&self, cell: NewCell<'_>) -> Filled {
        cell.date(*self)
    }
}

impl ToCell for Time {
    fn to_cell(&self, cell: NewCell<'_>) -> Filled {
        cell.time(*self)
    }
}

impl ToCell for Decimal {
    fn to_cell(&self, cell: NewCell<'_>) -> Filled {
        cell.decimal(self)
    }
}

impl ToCell for Vec<u8> {
    fn to_cell(&self, cell: NewCell<'_>) -> Filled {
        cell.binary(self)
    }
}

impl<T: ToCell> ToCell for Option<T> {
    fn to_cell(&self, cell: NewCell<'_>) -> Filled {
        match self {
            Some(value) => value.to_cell(cell),
            None => cell.null(),
        }
    }
}

impl<T: ToCell> ToCell for Field<T> {
    fn to_cell(&self, cell: NewCell<'_>) -> Filled {
        match self {
            Self::Absent => cell.absent(),
            Self::Null => cell.null(),
            Self::Value(value) => value.to_cell(cell),
        }
    }
}

impl<T: ToCell> ToCell for Vec<T> {
    fn to_cell(&self, cell: NewCell<'_>) -> Filled {
        cell.elements(self)
    }
}

impl<T: ToCell> ToCell for BTreeMap<String, T> {
    fn to_cell(&self, cell: NewCell<'_>) -> Filled {
        cell.entries(self)
    }
}
