//! The state of an incremental fetch, at which the next one resumes.

mod checkpoints;
mod fingerprint;
mod json;

use std::{collections::BTreeSet, sync::Arc};

use crate::{
    partition::PartitionKey,
    plan::ResourcePlan,
    schema::{Column, Table},
};

pub(crate) use checkpoints::{
    Capacity, Checkpoint, Checkpoints, MAX_KEYS, MAX_KEYS_OF_ALL, MAX_PARTITIONS, MAX_WHOLE_KEYS,
};
pub use fingerprint::Fingerprint;

/// The state of an incremental fetch: the largest cursor and the records that have it.
///
/// It saves at most 1,000,000 records at the cursor. If there are more, the next fetch delivers the others
/// again: none is lost, `merge` stores each once, and the report says so.
///
/// A fetch returns a state when its records are complete. Store it together with them, and give it to
/// [`Fetch::since`](crate::Fetch::since) to fetch only newer records. It is versioned JSON text, and
/// belongs to one resource, its cursor column and its request. Another request, for example with another
/// setting, refuses it, unless [`Fetch::keep_state`](crate::Fetch::keep_state) accepts it.
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
/// Records at the cursor are recognised by their primary key, or, without one, by the values of all
/// columns. If the columns have changed so that this is impossible, the next fetch for an append is an
/// error, because it would append them again.
///
/// # Partitions
///
/// The state of a fetch for all records of a parent has a cursor for each of them, by the parent's primary
/// key, or, without one, by all values that the child takes. The next fetch starts there for each. So it
/// finds children that are older than those of other parents. A parent that is not in the state starts at
/// the beginning, or at the `initial_value`.
///
/// The cursor of a parent moves when all of its children were delivered, and stays if its part was cut off
/// or failed; the others move. After a fetch for an upsert that received all parents, the cursors of absent
/// parents are removed: a parent that returns is new. None is removed if a response was ignored or a parent
/// set aside.
///
/// A state saves the cursors of at most 100,000 parents, those of earlier fetches first. The others are
/// fetched from the start every time. It saves at most 1,000,000 records at the cursors of all parents;
/// others may be delivered again. Nothing is lost, and the report says so.
///
/// If two parents have one key, the next fetch starts at the smaller cursor for both.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct State {
    pub(crate) resource: String,
    pub(crate) column: String,
    pub(crate) data_type: String,
    pub(crate) by: DedupKey,
    pub(crate) reach: Progress,
    pub(crate) origin: Origin,
}

/// The request of the records up to a state. A fetch sets it when it returns the state.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Origin {
    pub(crate) request: Arc<Fingerprint>,
    pub(crate) start: Start,
}

/// Where the first fetch up to a state started.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum Start {
    /// There was no `initial_value`.
    #[default]
    Beginning,
    /// It started at this `initial_value`.
    At(String),
}

/// What records at the cursors are recognised by when they arrive again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum DedupKey {
    /// The columns of the primary key.
    Key(Vec<String>),
    /// All columns in the order of their names, of records without a primary key. Null counts as an absent
    /// column.
    Columns(Vec<String>),
}

impl DedupKey {
    pub(crate) fn names(&self) -> &[String] {
        match self {
            Self::Key(names) | Self::Columns(names) => names,
        }
    }

    /// Whether keys saved by the other can be compared: by the same key, or by no more columns.
    pub(crate) fn recognises(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Key(key), Self::Key(other)) => key == other,
            (Self::Columns(columns), Self::Columns(other)) => {
                other.iter().all(|name| columns.contains(name))
            }
            _ => false,
        }
    }
}

/// The cursors of a state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Progress {
    /// One for the whole resource.
    All(Checkpoint),
    /// One of a single partition.
    One(PartitionKey, Checkpoint),
    /// One for each partition.
    Each(Arc<Checkpoints>),
    /// The state of the parent, up to which all children were fetched (`parents: changed`).
    Parents(Box<State>),
}

impl Progress {
    /// Keeps the cursors of these partitions, if it has one for each.
    pub(crate) fn keep(&mut self, keys: &BTreeSet<&str>) {
        if let Self::Each(marks) = self {
            let mut kept = Checkpoints::new(marks.by.clone());
            kept.largest.clone_from(&marks.largest);
            for key in keys {
                if let Some(mark) = marks.get(key) {
                    kept.put(key, mark.clone());
                }
            }
            *marks = Arc::new(kept);
        }
    }

    /// Whether any record at a cursor is saved.
    pub(crate) fn has_seen(&self) -> bool {
        match self {
            Self::All(mark) | Self::One(_, mark) => !mark.seen.is_empty(),
            Self::Each(marks) => marks.have_keys(),
            Self::Parents(_) => false,
        }
    }
}

impl State {
    /// The resource.
    pub fn resource(&self) -> &str {
        &self.resource
    }

    /// The largest cursor value as text, of all partitions: an instant in RFC 3339, a number in digits.
    pub fn cursor(&self) -> &str {
        match &self.reach {
            Progress::All(mark) | Progress::One(_, mark) => &mark.value,
            Progress::Each(marks) => &marks.largest,
            Progress::Parents(parents) => parents.cursor(),
        }
    }

    /// The fingerprint of the request.
    pub fn request(&self) -> &Fingerprint {
        &self.origin.request
    }

    /// The same state, with the present names of columns that were renamed (`renamed_from`).
    pub(crate) fn with_present_names(mut self, resource: &ResourcePlan) -> Self {
        let parents = resource.parent.iter().flat_map(|parent| parent.resources());
        let of_parents: Vec<&Table> = parents.map(|parent| &*parent.table).collect();
        rename(&mut self.column, &[&resource.table]);
        if let DedupKey::Key(names) = &mut self.by {
            for name in names {
                rename(name, &[&resource.table]);
            }
        }
        if let Progress::Each(marks) = &mut self.reach
            && marks
                .by
                .iter()
                .any(|name| present_name(name, &of_parents).is_some())
        {
            for name in &mut Arc::make_mut(marks).by {
                rename(name, &of_parents);
            }
        }
        self
    }

    /// The state of a child whose parents are fetched since this state of theirs.
    pub(crate) fn of_parents(child: &str, parents: Self) -> Self {
        Self {
            resource: child.to_owned(),
            column: parents.column.clone(),
            data_type: parents.data_type.clone(),
            by: parents.by.clone(),
            reach: Progress::Parents(Box::new(parents)),
            origin: Origin::default(),
        }
    }

    /// The same state, with this origin.
    pub(crate) fn with_origin(self, origin: Origin) -> Self {
        Self { origin, ..self }
    }
}

/// The name of the column that was renamed from this one.
fn present_name(name: &str, tables: &[&Table]) -> Option<String> {
    let mut columns = tables.iter().flat_map(|table| &*table.columns);
    let is_renamed = |column: &&Column| {
        column
            .renamed_from
            .as_ref()
            .is_some_and(|old| *old == *name)
    };
    columns
        .find(is_renamed)
        .map(|column| column.name.to_string())
}

fn rename(name: &mut String, tables: &[&Table]) {
    if let Some(present) = present_name(name, tables) {
        *name = present;
    }
}
