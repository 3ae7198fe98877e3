//! What a page becomes while it is read.

use super::{extra::Extra, fault::Faults, keys::Keys, text::Source};
use crate::{
    page::{Page, Slot, Span},
    plan::ColumnsContract,
};

/// About how many bytes of a response become one cell, to make room in one go.
const BYTES_A_CELL: usize = 24;

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
    /// Where each row starts.
    pub(super) starts: Vec<u32>,
    pub(super) faults: Faults,
    pub(super) columns: ColumnsContract,
    /// Records met.
    pub(super) received: u64,
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
        keys: Vec<Keys>,
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
            keys,
            starts: Vec::new(),
            faults,
            columns,
            received: 0,
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

    /// Keeps a text that is no part of the source.
    pub(super) fn keep_text(&mut self, text: &str) -> Option<Span> {
        let start = self.keep_apart(text)?;
        Some(Span {
            start: u32::try_from(start).ok()?,
            len: u32::try_from(text.len()).ok()?,
        })
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
        let at = u32::try_from(self.page.pool.len()).ok()?;
        self.page.pool.push(slot);
        Some(at)
    }

    /// Adds `width` absent slots to the pool, and says where.
    #[inline]
    pub(super) fn reserve(&mut self, width: usize) -> Option<u32> {
        let at = self.page.pool.len();
        self.page.pool.resize(at + width, Slot::Absent);
        u32::try_from(at).ok()
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
