//! What an incremental fetch remembers for the next one.

mod fingerprint;
mod json;
mod marks;

use std::sync::Arc;

use crate::parent::ParentKey;

pub use fingerprint::Fingerprint;
pub(crate) use marks::{
    MOST_PARENTS, MOST_SEEN, MOST_SEEN_OF_ALL, MOST_WHOLE_KEYS, Mark, Marks, Room,
};

/// How far an incremental fetch has come: the largest cursor value and the records that had it.
///
/// Of the records that had it, the first 1,000,000 are remembered, so that a state has an end. Where there
/// are more, the next fetch brings the others again: none is lost, `merge` stores each once, and the
/// fetch's report says so.
///
/// A fetch gives one when its records are complete; keep it together with them, and give it to
/// `Fetch::since` to be given only what is new. It is versioned text, JSON,
/// and belongs to one resource, its cursor column and its request: a fetch that asks for something else,
/// by another setting for one, refuses it ([`Fetch::keep_state`](crate::Fetch::keep_state) takes it).
///
/// ```
/// use rest_source::State;
///
/// let text = r#"{"version":3,"resource":"stories","request":{"path":"stories"},"start":null,
///     "cursor":{"column":"updated_at","type":"timestamp","value":"2026-11-21T09:30:00Z"},
///     "seen_by":{"key":["id"]},"seen":["[\"s1\"]"]}"#;
/// let state = State::from_json(text)?;
/// assert_eq!(state.cursor(), "2026-11-21T09:30:00Z");
/// assert_eq!(State::from_json(&state.to_json())?, state);
/// # Ok::<(), rest_source::Error>(())
/// ```
///
/// The records at the cursor are recognised by their key, or, without one, by the values that they have
/// in all columns. Where the columns have changed so that they cannot be, the next fetch of what is
/// appended is an error: it would bring them again.
///
/// # Of children
///
/// That of a fetch for all records of a parent has a cursor for each of them, by the record's key, or,
/// where the parent has no key, by all that the child takes of it. The next fetch starts from it for
/// each. So children are found also where they are older than what came of other parents, or their
/// parent is new: one that is not in the state is fetched from the start, or from the `initial_value`.
///
/// A parent's cursor moves when all of its children came, and stays where it was when the fetch was cut
/// off before, or failed; those of the others move all the same. After a fetch that saw all parents,
/// those that were not among them are forgotten: one that comes back is new. Where a response about them
/// was ignored or a record of theirs set aside, none is.
///
/// At most 100,000 parents are remembered, first of all those that were before. The others are fetched
/// from the start every time. Of the records at the cursors, at most 1,000,000 are remembered in all; others
/// may come again. Nothing is lost by it, and the fetch's report says so.
///
/// Should two records of a parent have one key, the next fetch starts for both where the one that is
/// further back has come to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct State {
    pub(crate) resource: String,
    pub(crate) column: String,
    pub(crate) data_type: String,
    pub(crate) by: SeenBy,
    pub(crate) reach: Reach,
    pub(crate) origin: Origin,
}

/// What the records up to a state were asked for by. A fetch sets it when it gives a state.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Origin {
    pub(crate) request: Arc<Fingerprint>,
    pub(crate) start: Start,
}

/// Where the first of the fetches up to a state started.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum Start {
    /// There was no `initial_value`.
    #[default]
    Beginning,
    /// At this `initial_value`.
    At(String),
}

/// What the records at the cursors are recognised by, when they are met again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum SeenBy {
    /// The columns of their key.
    Key(Vec<String>),
    /// All columns, by their names' order, of records without a key. Null is as none.
    Columns(Vec<String>),
}

impl SeenBy {
    pub(crate) fn names(&self) -> &[String] {
        match self {
            Self::Key(names) | Self::Columns(names) => names,
        }
    }

    /// Whether records can be told that were seen by something else: by the same key, or by no more
    /// columns than these.
    pub(crate) fn knows_those_by(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Key(key), Self::Key(other)) => key == other,
            (Self::Columns(columns), Self::Columns(other)) => {
                other.iter().all(|name| columns.contains(name))
            }
            _ => false,
        }
    }
}

/// What a state is of, and how far that has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Reach {
    /// The whole resource.
    All(Mark),
    /// The children of one parent.
    One(ParentKey, Mark),
    /// The children of each parent.
    Each(Arc<Marks>),
}

impl Reach {
    /// Whether any record at a cursor is remembered.
    pub(crate) fn has_seen(&self) -> bool {
        match self {
            Self::All(mark) | Self::One(_, mark) => !mark.seen.is_empty(),
            Self::Each(marks) => marks.have_seen(),
        }
    }
}

impl State {
    /// The resource it belongs to.
    pub fn resource(&self) -> &str {
        &self.resource
    }

    /// The largest cursor value, as text: an instant in RFC 3339, a number by its digits. Of a state
    /// that has one for each parent, the largest of them.
    pub fn cursor(&self) -> &str {
        match &self.reach {
            Reach::All(mark) | Reach::One(_, mark) => &mark.value,
            Reach::Each(marks) => &marks.largest,
        }
    }

    /// The fingerprint of the request that it belongs to.
    pub fn request(&self) -> &Fingerprint {
        &self.origin.request
    }

    /// The same state, with this origin.
    pub(crate) fn with_origin(self, origin: Origin) -> Self {
        Self { origin, ..self }
    }
}
