//! What a page becomes while it is read.

use super::{
    around::Origin,
    extra::Extra,
    fault::Faults,
    keys::Keys,
    shape::{ObjectSet, Sets},
    text::Source,
};
use crate::{
    error::{Error, ErrorKind},
    page::{Page, Slot, Span},
    plan::ColumnsContract,
    presence::{Absent, Presence},
};

/// About how many bytes of a response become one cell, to make room in one go.
const BYTES_A_CELL: usize = 24;

/// A page may have one cell for so many of the bytes that it may be large: its cells then take about
/// twice the memory of its text.
const MIN_BYTES_A_CELL: u64 = 8;

/// How many cells a page may always have.
pub(super) const MIN_MAX_CELLS: usize = 1 << 20;

/// The most cells of a page that may have so many bytes.
pub(super) fn max_cells(max_bytes: u64) -> usize {
    let cells = usize::try_from(max_bytes / MIN_BYTES_A_CELL).unwrap_or(usize::MAX);
    cells.max(MIN_MAX_CELLS)
}

/// The most values and keys of a page of which a tree is made: each takes several times the memory of a cell.
pub(super) fn max_in_tree(max_cells: usize) -> usize {
    (max_cells / 2).max(MIN_MAX_CELLS)
}

/// The error of a page with more cells than that.
pub(super) fn too_large(max_cells: usize) -> Error {
    Error::new(
        ErrorKind::Response,
        format!("the response has more than {max_cells} values, or cells of its columns"),
    )
    .with_help(
        "ask for smaller pages (`limit`, `page_size`), or raise `client.max_response_bytes`: a page may \
         have one value for each 8 bytes of it, or 16 bytes where `data_selector` is a query; the keys of \
         maps count, too",
    )
}

/// The columns that no object of one kind had so far.
pub(super) struct Unseen {
    /// Whether such an object was met.
    pub(super) is_met: bool,
    pub(super) columns: Vec<u16>,
}

/// The page's cells so far, and what did not fit.
pub(super) struct Output {
    /// Its text is put in at the end: until then it is borrowed by the reader.
    pub(super) page: Page,
    /// Bytes of that text.
    text_len: usize,
    /// Elements of the containers that are being read.
    pub(super) stack: Vec<Slot>,
    /// What the objects that are being read have besides their columns.
    pub(super) extras: Vec<Extra>,
    /// Memory of each set of keys.
    pub(super) keys: Vec<Keys>,
    /// Of each kind of object.
    pub(super) unseen: Vec<Unseen>,
    /// The most cells that it may have.
    max_cells: usize,
    /// Whether it would have had more.
    pub(super) is_full: bool,
    /// Where each row starts.
    pub(super) starts: Vec<u32>,
    /// Where each row was found, where a column has that.
    pub(super) origins: Option<Vec<Origin>>,
    /// The key of the records that are being read.
    pub(super) key: Option<Span>,
    /// The position of the element that is being read, of a list whose elements are rows.
    pub(super) element: u64,
    /// Records without such elements.
    pub(super) unexploded: u64,
    pub(super) faults: Faults,
    pub(super) columns: ColumnsContract,
    /// Records met.
    pub(super) selected: u64,
    /// Values of undeclared keys.
    pub(super) undeclared: u64,
}

/// A length of each of the page's parts, to return to.
#[derive(Clone, Copy)]
pub(super) struct Mark {
    arena: usize,
    bytes: usize,
    pool: usize,
}

impl Output {
    pub(super) fn new(
        text_len: usize,
        sets: &Sets,
        max_cells: usize,
        faults: Faults,
        columns: ColumnsContract,
    ) -> Self {
        Self {
            page: Page {
                pool: Vec::with_capacity(text_len / BYTES_A_CELL),
                ..Page::default()
            },
            text_len,
            stack: Vec::new(),
            extras: Vec::new(),
            keys: sets.keys.iter().map(Keys::new).collect(),
            unseen: sets.objects.iter().map(ObjectSet::unseen).collect(),
            max_cells,
            is_full: false,
            starts: Vec::new(),
            origins: None,
            key: None,
            element: 0,
            unexploded: 0,
            faults,
            columns,
            selected: 0,
            undeclared: 0,
        }
    }

    /// Keeps a text: where it stands, if it is a part of the source, or else in the arena. `None`
    /// where the page is too large for that.
    #[inline]
    pub(super) fn keep(&mut self, source: &Source<'_>, text: &str) -> Option<Span> {
        let start = match source.offset_of(text) {
            Some(offset) => source.base + offset,
            None => self.keep_apart(text)?,
        };
        Some(Span {
            start: u32::try_from(start).ok()?,
            len: u32::try_from(text.len()).ok()?,
        })
    }

    /// A text that was kept while this source was read.
    pub(super) fn kept<'a>(&'a self, source: &Source<'a>, span: Span) -> &'a str {
        let (start, len) = (span.start as usize, span.len as usize);
        let (text, start) = match start.checked_sub(self.text_len) {
            Some(past) => (&*self.page.arena, past),
            None => (source.text, start - source.base),
        };
        text.get(start..start + len).unwrap_or_default()
    }

    /// Keeps a text that is no part of the source.
    pub(super) fn keep_text(&mut self, text: &str) -> Option<Span> {
        let start = self.keep_apart(text)?;
        Some(Span {
            start: u32::try_from(start).ok()?,
            len: u32::try_from(text.len()).ok()?,
        })
    }

    /// Notes the records that are no row, because their list has no element.
    pub(super) fn note_unexploded(&mut self) {
        let note = match self.unexploded {
            0 => return,
            1 => "1 record without elements is no row".to_owned(),
            count => format!("{count} records without elements are no rows"),
        };
        self.faults.remark(note);
    }

    /// A text that was kept apart.
    pub(super) fn text_of(&self, span: Span) -> &str {
        let start = (span.start as usize).saturating_sub(self.text_len);
        let text = self.page.arena.get(start..start + span.len as usize);
        text.unwrap_or_default()
    }

    /// Keeps a text in the arena, and says where that is in the page.
    pub(super) fn keep_apart(&mut self, text: &str) -> Option<usize> {
        let start = self.text_len + self.page.arena.len();
        u32::try_from(start + text.len()).ok()?;
        self.page.arena.push_str(text);
        Some(start)
    }

    /// Keeps JSON that stood in a text, likewise. A number does not say where it ends: the space after
    /// it does.
    pub(super) fn keep_json(&mut self, text: &str) -> Option<usize> {
        let start = self.keep_apart(text)?;
        self.page.arena.push(' ');
        Some(start)
    }

    /// Keeps what is written to the arena.
    pub(super) fn keep_written(
        &mut self,
        write: impl FnOnce(&mut String) -> Option<()>,
    ) -> Option<Span> {
        let from = self.page.arena.len();
        write(&mut self.page.arena)?;
        Some(Span {
            start: u32::try_from(self.text_len + from).ok()?,
            len: u32::try_from(self.page.arena.len() - from).ok()?,
        })
    }

    /// Keeps bytes.
    pub(super) fn keep_bytes(&mut self, bytes: &[u8]) -> Option<Span> {
        let span = Span {
            start: u32::try_from(self.page.bytes.len()).ok()?,
            len: u32::try_from(bytes.len()).ok()?,
        };
        self.page.bytes.extend_from_slice(bytes);
        Some(span)
    }

    /// Adds a slot to the pool, and says where.
    pub(super) fn push(&mut self, slot: Slot) -> Option<u32> {
        if self.page.pool.len() >= self.max_cells {
            self.is_full = true;
            return None;
        }
        let at = u32::try_from(self.page.pool.len()).ok()?;
        self.page.pool.push(slot);
        Some(at)
    }

    /// Adds `width` absent slots to the pool, and says where.
    #[inline]
    pub(super) fn reserve(&mut self, width: usize) -> Option<u32> {
        let at = self.page.pool.len();
        if at + width > self.max_cells {
            self.is_full = true;
            return None;
        }
        self.page.pool.resize(at + width, Slot::Absent);
        u32::try_from(at).ok()
    }

    /// Which columns its objects have.
    pub(super) fn presence(&self, sets: &Sets) -> Presence {
        let mut presence = Presence::default();
        let mut any = false;
        for ((id, unseen), object) in self.unseen.iter().enumerate().zip(&sets.objects) {
            if unseen.is_met {
                any |= !unseen.columns.is_empty();
                let columns = unseen.columns.iter();
                let absent = columns.filter_map(|at| {
                    let column = object.table.columns.get(usize::from(*at))?;
                    Some(Absent {
                        name: format!("{}{}", object.prefix, column.name),
                        key: column.key.clone(),
                    })
                });
                presence.object(id, absent);
            }
        }
        if any {
            for key in self.keys.iter().flat_map(Keys::undeclared) {
                presence.undeclared(key);
            }
        }
        presence
    }

    /// Puts cells on the stack.
    #[inline]
    pub(super) fn hold(&mut self, slots: impl IntoIterator<Item = Slot>) -> Option<()> {
        self.stack.extend(slots);
        // Each of the extras becomes two cells, a key and its value.
        let cells = self.page.pool.len() + self.stack.len() + 2 * self.extras.len();
        if cells > self.max_cells {
            self.is_full = true;
            return None;
        }
        Some(())
    }

    /// Moves what lies on the stack from here to the pool, and says where and how much it is.
    pub(super) fn settle(&mut self, start: usize) -> Option<(u32, u32)> {
        let children = u32::try_from(self.page.pool.len()).ok()?;
        let len = u32::try_from(self.stack.len() - start).ok()?;
        self.page.pool.extend(self.stack.drain(start..));
        Some((children, len))
    }

    pub(super) fn mark(&self) -> Mark {
        Mark {
            arena: self.page.arena.len(),
            bytes: self.page.bytes.len(),
            pool: self.page.pool.len(),
        }
    }

    /// Forgets what was kept since the mark.
    pub(super) fn forget(&mut self, mark: Mark) {
        self.page.arena.truncate(mark.arena);
        self.page.bytes.truncate(mark.bytes);
        self.page.pool.truncate(mark.pool);
    }
}
