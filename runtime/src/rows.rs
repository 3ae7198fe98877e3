//! The rows of a page, for destinations and for records.

use std::{fmt, iter::FusedIterator, sync::Arc};

use crate::{
    cell::{Cells, Mismatch},
    error::Result,
    page::{Page, Slot},
    record::Record,
    reject::Reject,
    schema::{Column, Table, Type},
    shared::Ref,
    value::Value,
};

/// The rows of one page, in the order of the response.
///
/// They share the page's text: a clone copies four bytes a row.
#[derive(Clone)]
pub struct Rows {
    page: Arc<Page>,
    table: Ref<Table>,
    /// Where each row's cells start in the page's pool.
    starts: Vec<u32>,
}

impl Rows {
    /// No rows.
    pub(crate) fn empty(table: Ref<Table>) -> Self {
        Self::new(Page::default(), table, Vec::new())
    }

    /// The rows of this page that start at these places of its pool.
    pub(crate) fn new(page: Page, table: Ref<Table>, starts: Vec<u32>) -> Self {
        Self {
            page: Arc::new(page),
            table,
            starts,
        }
    }

    /// Where each starts in the page's pool.
    pub(crate) fn starts(&self) -> &[u32] {
        &self.starts
    }

    /// Other rows of the same page.
    pub(crate) fn at(&self, starts: Vec<u32>) -> Self {
        Self {
            page: Arc::clone(&self.page),
            table: self.table.clone(),
            starts,
        }
    }

    /// Keeps the first so many.
    pub(crate) fn truncate(&mut self, len: usize) {
        self.starts.truncate(len);
    }

    /// The page, copied only where it has other users, and what is known of it.
    pub(crate) fn into_parts(self) -> (Page, Ref<Table>, Vec<u32>) {
        let page = Arc::try_unwrap(self.page).unwrap_or_else(|page| Page::clone(&page));
        (page, self.table, self.starts)
    }

    /// The records of their page that were set aside, if the fetch [keeps](crate::Fetch::keep_rejects) them.
    pub fn rejects(&self) -> &[Reject] {
        &self.page.rejects
    }

    /// Gives these rows the records of their page that were set aside.
    pub(crate) fn put_rejects(&mut self, rejects: Vec<Reject>) {
        if !rejects.is_empty() {
            Arc::make_mut(&mut self.page).rejects = rejects;
        }
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.starts.len()
    }

    /// The text of their page.
    pub(crate) fn page_text(&self) -> &str {
        &self.page.text
    }

    /// The memory of their page, in bytes: its text and cells.
    pub fn page_bytes(&self) -> usize {
        let Page {
            text,
            arena,
            bytes,
            records,
            rejects,
            pool,
        } = &*self.page;
        let cells = size_of_val(pool.as_slice()) + size_of_val(records.as_slice());
        let rejects: usize = rejects.iter().map(Reject::bytes).sum();
        text.len() + arena.len() + bytes.len() + cells + rejects
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.starts.is_empty()
    }

    /// Their table, to be kept.
    pub(crate) fn shared_table(&self) -> Ref<Table> {
        self.table.clone()
    }

    /// What they look like.
    pub fn table(&self) -> &Table {
        &self.table
    }

    /// The row at this position.
    #[inline]
    pub fn get(&self, index: usize) -> Option<Row<'_>> {
        self.starts.get(index).map(|start| self.row(*start))
    }

    /// The rows, in order.
    pub fn iter(&self) -> Iter<'_> {
        Iter {
            rows: self,
            starts: self.starts.iter(),
        }
    }

    /// Keeps the rows for which `keep` holds.
    pub fn retain(&mut self, mut keep: impl FnMut(Row<'_>) -> bool) {
        let (page, table) = (&*self.page, &*self.table);
        self.starts
            .retain(|start| keep(Row::new(page, table, *start)));
    }

    /// The rows as records of type `T`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Record`](crate::ErrorKind::Record) where `T` is not made for this table.
    pub fn records<T: Record>(&self) -> impl Iterator<Item = Result<T>> + '_ {
        let cells = RecordCells::of::<T>(&self.table);
        self.iter().map(move |row| row.record_of(cells))
    }

    #[inline]
    fn row(&self, start: u32) -> Row<'_> {
        Row::new(&self.page, &self.table, start)
    }
}

impl fmt::Debug for Rows {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

impl<'p> IntoIterator for &'p Rows {
    type Item = Row<'p>;
    type IntoIter = Iter<'p>;

    fn into_iter(self) -> Iter<'p> {
        self.iter()
    }
}

/// An iterator over [`Rows`].
#[derive(Clone, Debug)]
pub struct Iter<'p> {
    rows: &'p Rows,
    starts: std::slice::Iter<'p, u32>,
}

impl<'p> Iterator for Iter<'p> {
    type Item = Row<'p>;

    fn next(&mut self) -> Option<Row<'p>> {
        self.starts.next().map(|start| self.rows.row(*start))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.starts.size_hint()
    }
}

impl ExactSizeIterator for Iter<'_> {}
impl FusedIterator for Iter<'_> {}

/// One row of a page: a cell per column of its table, or one JSON cell where it has no columns.
#[derive(Clone, Copy)]
pub struct Row<'p> {
    page: &'p Page,
    table: &'p Table,
    slots: &'p [Slot],
}

impl<'p> Row<'p> {
    #[inline]
    pub(crate) fn new(page: &'p Page, table: &'p Table, start: u32) -> Self {
        Self {
            page,
            table,
            slots: page.slots(start, table.width()),
        }
    }

    /// What it looks like.
    pub fn table(&self) -> &'p Table {
        self.table
    }

    /// The value of the column at this position; [`Value::Absent`] past the last.
    pub fn value(&self, column: usize) -> Value<'p> {
        self.slots
            .get(column)
            .map_or(Value::Absent, |slot| self.page.value(*slot))
    }

    /// The value of the column at this position, with its parts; absent past the last.
    pub fn item(&self, column: usize) -> Item<'p> {
        Item {
            page: self.page,
            slot: self.slots.get(column).copied().unwrap_or(Slot::Absent),
        }
    }

    /// Its JSON, where the page keeps that: see [`Page::records`].
    pub(crate) fn json(&self) -> Option<&'p str> {
        let pool = self.page.pool.as_ptr().addr();
        let bytes = self.slots.as_ptr().addr().checked_sub(pool)?;
        self.page
            .record(u32::try_from(bytes / size_of::<Slot>()).ok()?)
    }

    /// Where the cell of the column at this position is.
    pub(crate) fn place(&self, column: usize) -> Option<(&'p Page, Slot)> {
        Some((self.page, *self.slots.get(column)?))
    }

    /// The values, in the order of the columns.
    pub fn values(&self) -> impl ExactSizeIterator<Item = Value<'p>> + use<'p> {
        let page = self.page;
        self.slots.iter().map(move |slot| page.value(*slot))
    }

    /// The elements of a list of objects in the column at this position, each as a row of the objects' table. None
    /// where the list is null, or the column holds another type.
    pub fn elements(&self, column: usize) -> impl ExactSizeIterator<Item = Row<'p>> + use<'p> {
        let page = self.page;
        let of_list = || {
            let Type::Array(element) = &self.table.columns.get(column)?.data_type else {
                return None;
            };
            let (Type::Object(object), Slot::Array { children, len, .. }) =
                (&element.data_type, *self.slots.get(column)?)
            else {
                return None;
            };
            Some((&**object, page.slots(children, len as usize)))
        };
        let (object, slots) = of_list().unwrap_or((self.table, &[]));
        slots.iter().map(move |slot| {
            let start = match slot {
                Slot::Object { children, .. } => *children,
                // A null element: a row without cells.
                _ => u32::MAX,
            };
            Row::new(page, object, start)
        })
    }

    /// The row as a record of type `T`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Record`](crate::ErrorKind::Record) where `T` is not made for this table.
    pub fn record<T: Record>(&self) -> Result<T> {
        self.record_of(RecordCells::of::<T>(self.table))
    }

    /// The row as a record whose cells are these.
    #[inline]
    pub(crate) fn record_of<T: Record>(&self, cells: RecordCells) -> Result<T> {
        let mismatch = Mismatch::default();
        let (slots, columns): (&[Slot], &[Column]) = match cells {
            RecordCells::Columns => (self.slots, &self.table.columns),
            RecordCells::Whole(at) => (self.slots.get(at..).unwrap_or_default(), &[]),
            RecordCells::OfOtherTable => return Err(mismatch.into_error::<T>(self.table)),
        };
        let mut cells = Cells::new(self.page, slots, columns, &mismatch);
        let record = T::from_cells(&mut cells);
        cells.finish();
        if mismatch.is_set() {
            return Err(mismatch.into_error::<T>(self.table));
        }
        Ok(record)
    }
}

/// The cells of a row that a record is made of: the same in all rows of a page.
#[derive(Clone, Copy, Debug)]
pub(crate) enum RecordCells {
    /// One for each column.
    Columns,
    /// The whole record, at this position.
    Whole(usize),
    /// None: the record is not made for this table.
    OfOtherTable,
}

impl RecordCells {
    pub(crate) fn of<T: Record>(table: &Table) -> Self {
        match table.record() {
            Some(at) if T::TABLE.is_untyped() => Self::Whole(at),
            _ if table.is(T::TABLE) => Self::Columns,
            _ => Self::OfOtherTable,
        }
    }
}

impl fmt::Debug for Row<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(at) = self.table.record() {
            return self.value(at).fmt(f);
        }
        let names = self.table.columns.iter().map(|column| &column.name);
        f.debug_map().entries(names.zip(self.values())).finish()
    }
}

/// A value, and the parts of an object, a list or a map as values again.
#[derive(Clone, Copy, Debug)]
pub struct Item<'p> {
    page: &'p Page,
    slot: Slot,
}

impl<'p> Item<'p> {
    /// The value; an object, a list, a map or a union as JSON.
    pub fn value(&self) -> Value<'p> {
        self.page.value(self.slot)
    }

    /// Whether it is null or absent.
    pub const fn is_null(&self) -> bool {
        matches!(self.slot, Slot::Null | Slot::Absent)
    }

    /// The values of an object of this table, in the order of its columns; none if it is null.
    pub fn fields(&self, table: &Table) -> impl ExactSizeIterator<Item = Item<'p>> + use<'p> {
        match self.slot {
            Slot::Object { children, .. } => self.parts(children, table.width()),
            _ => self.parts(0, 0),
        }
    }

    /// The elements of a list; none if it is null.
    pub fn elements(&self) -> impl ExactSizeIterator<Item = Item<'p>> + use<'p> {
        match self.slot {
            Slot::Array { children, len, .. } => self.parts(children, len as usize),
            _ => self.parts(0, 0),
        }
    }

    /// The keys of a map, each followed by its value; none if it is null.
    pub fn entries(&self) -> impl ExactSizeIterator<Item = Item<'p>> + use<'p> {
        match self.slot {
            Slot::Map { children, len, .. } => self.parts(children, 2 * len as usize),
            _ => self.parts(0, 0),
        }
    }

    fn parts(
        &self,
        children: u32,
        len: usize,
    ) -> impl ExactSizeIterator<Item = Item<'p>> + use<'p> {
        let page = self.page;
        let slots = page.slots(children, len).iter();
        slots.map(move |slot| Item { page, slot: *slot })
    }
}

#[cfg(test)]
mod tests {
    use std::sync::LazyLock;

    use super::Rows;
    use crate::{
        plan::ResourcePlan,
        schema::{Column, Table, Type},
        shared::{Ref::Static, list},
        value::Value,
    };

    static STORIES: LazyLock<ResourcePlan> = LazyLock::new(|| ResourcePlan {
        table: Static(
            const {
                &Table::new(
                    "stories",
                    list![
                        Column::new("id", Type::Bigint),
                        Column::new("name", Type::Text).nullable(),
                    ],
                )
            },
        ),
        ..ResourcePlan::DEFAULT
    });

    fn rows() -> Rows {
        let body = r#"[{"id": 1, "name": "a"}, {"id": 2}, {"id": 3, "name": "c"}]"#;
        Rows::from_page(body, &STORIES).unwrap()
    }

    #[test]
    fn rows_are_filtered_in_place_and_clones_are_their_own() {
        let mut kept = rows();
        let all = kept.clone();
        kept.retain(|row| !row.value(1).is_null());
        let ids = |rows: &Rows| {
            rows.iter()
                .map(|row| row.value(0).to_string())
                .collect::<String>()
        };
        assert_eq!((ids(&kept), ids(&all)), ("13".to_owned(), "123".to_owned()));
        assert_eq!(
            (kept.len(), kept.get(1).is_some(), kept.get(2).is_none()),
            (2, true, true)
        );
    }

    #[test]
    fn a_row_shows_its_columns_by_name_and_has_nothing_past_them() {
        let rows = rows();
        let first = rows.get(0).unwrap();
        assert_eq!(
            format!("{first:?}"),
            r#"{"id": Bigint(1), "name": Text("a")}"#
        );
        assert_eq!(first.value(2), Value::Absent);
    }

    #[test]
    fn items_have_the_parts_of_nested_values() {
        static POINT: Table = Table::new("point", list![Column::new("x", Type::Bigint)]);
        static POINTS: Column = Column::new("", Type::Object(Static(&POINT))).nullable();
        static COUNT: Column = Column::new("", Type::Bigint);
        static NESTED: Table = Table::new(
            "nested",
            list![
                Column::new("points", Type::Array(Static(&POINTS))),
                Column::new("counts", Type::Map(Static(&COUNT))),
            ],
        );
        let resource = ResourcePlan {
            table: Static(&NESTED),
            ..ResourcePlan::DEFAULT
        };
        let body = r#"[{"points": [{"x": 7}, null], "counts": {"a": 1}}]"#;
        let rows = Rows::from_page(body, &resource).unwrap();
        let row = rows.get(0).unwrap();
        let points: Vec<_> = row.item(0).elements().collect();
        let x: Vec<_> = points[0].fields(&POINT).map(|item| item.value()).collect();
        assert_eq!((x, points[1].is_null()), (vec![Value::Bigint(7)], true));
        assert_eq!(points[1].fields(&POINT).len(), 0);
        let counts: Vec<_> = row.item(1).entries().map(|item| item.value()).collect();
        assert_eq!(counts, [Value::Text("a"), Value::Bigint(1)]);
        assert!(row.item(2).is_null() && row.item(0).entries().len() == 0);
    }

    #[test]
    fn a_page_that_does_not_fit_is_an_error() {
        let error = Rows::from_page(r#"{"id": "x"}"#, &STORIES).unwrap_err();
        assert_eq!(*error.kind(), crate::ErrorKind::Schema);
    }
}
