//! Encodes the types of record fields as cells.

use std::collections::BTreeMap;

use super::{CellWriter, CellWritten, EncodeCell, EncodeRow};
use crate::value::{Date, Decimal, Field, Time, Timestamp};

impl<T: EncodeRow> EncodeCell for T {
    fn encode(&self, cell: CellWriter<'_>) -> CellWritten {
        cell.object(self)
    }
}

impl EncodeCell for String {
    fn encode(&self, cell: CellWriter<'_>) -> CellWritten {
        cell.text(self)
    }
}

impl EncodeCell for i64 {
    fn encode(&self, cell: CellWriter<'_>) -> CellWritten {
        cell.bigint(*self)
    }
}

impl EncodeCell for f64 {
    fn encode(&self, cell: CellWriter<'_>) -> CellWritten {
        cell.double(*self)
    }
}

impl EncodeCell for bool {
    fn encode(&self, cell: CellWriter<'_>) -> CellWritten {
        cell.bool(*self)
    }
}

impl EncodeCell for Timestamp {
    fn encode(&self, cell: CellWriter<'_>) -> CellWritten {
        cell.timestamp(*self)
    }
}

impl EncodeCell for Date {
    fn encode(&self, cell: CellWriter<'_>) -> CellWritten {
        cell.date(*self)
    }
}

impl EncodeCell for Time {
    fn encode(&self, cell: CellWriter<'_>) -> CellWritten {
        cell.time(*self)
    }
}

impl EncodeCell for Decimal {
    fn encode(&self, cell: CellWriter<'_>) -> CellWritten {
        cell.decimal(self)
    }
}

impl EncodeCell for Vec<u8> {
    fn encode(&self, cell: CellWriter<'_>) -> CellWritten {
        cell.binary(self)
    }
}

impl<T: EncodeCell> EncodeCell for Option<T> {
    fn encode(&self, cell: CellWriter<'_>) -> CellWritten {
        match self {
            Some(value) => value.encode(cell),
            None => cell.null(),
        }
    }
}

impl<T: EncodeCell> EncodeCell for Field<T> {
    fn encode(&self, cell: CellWriter<'_>) -> CellWritten {
        match self {
            Self::Absent => cell.absent(),
            Self::Null => cell.null(),
            Self::Value(value) => value.encode(cell),
        }
    }
}

impl<T: EncodeCell> EncodeCell for Vec<T> {
    fn encode(&self, cell: CellWriter<'_>) -> CellWritten {
        cell.elements(self)
    }
}

impl<T: EncodeCell> EncodeCell for BTreeMap<String, T> {
    fn encode(&self, cell: CellWriter<'_>) -> CellWritten {
        cell.entries(self)
    }
}
