//! The core of SQL destinations: tables, staging, merge, state and history, over a [`Database`].

mod checkpoints;
mod child_tables;
mod comparison;
mod database;
mod history;
mod locks;
mod parts;
mod prepare;
mod preview;
mod rejects;
mod schema_changes;
mod staging;
#[cfg(test)]
#[cfg(feature = "sqlite")]
mod staging_tests;
mod state;
mod table;
#[cfg(test)]
#[cfg(feature = "sqlite")]
mod table_tests;
mod unfinished_loads;
mod writer;

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

pub use child_tables::Child;
pub use database::{Database, Existing, StoredColumn, texts, transaction};
pub use parts::{BegunParts, PartStaging};
use rest_source::{Error, ErrorKind, Result, Type};
pub use staging::WritePlan;
pub use table::{RowStatements, columns, quote, stored_as};
use writer::Dropped;

use crate::{
    BoxFuture, Destination, FittingReject, LastLoad, LoadRecord, LockHolder, Locking,
    OpenComparison, Opened, RejectQuery, ReplayedRejects, ResourceKey, StoredReject, StoredState,
    TablePreview, Target,
};
use locks::HeldKeys;

/// A SQL database as a destination.
///
/// Uncommitted pages are staged in memory (up to 8 MiB for each resource) and in temporary tables, and written in one
/// transaction together with their state.
pub struct SqlDestination<D> {
    db: Arc<Mutex<D>>,
    /// The resources that loads of this process have locked.
    held: HeldKeys,
    dropped: Dropped,
}

impl<D: Database> SqlDestination<D> {
    /// A destination over this connection.
    pub fn new(db: D) -> Self {
        Self {
            db: Arc::new(Mutex::new(db)),
            held: HeldKeys::default(),
            dropped: Dropped::default(),
        }
    }

    /// Runs work with the connection on one of tokio's blocking threads.
    pub fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut D) -> Result<T> + Send + 'static,
    ) -> BoxFuture<'static, Result<T>> {
        let db = Arc::clone(&self.db);
        Box::pin(blocking(move || work(&mut lock(&db))))
    }
}

impl<D: Database> Destination for SqlDestination<D> {
    fn open<'a>(&'a self, target: &'a Target) -> BoxFuture<'a, Result<Opened>> {
        let (db, dropped, target) = (
            Arc::clone(&self.db),
            Arc::clone(&self.dropped),
            target.clone(),
        );
        Box::pin(blocking(move || {
            let connected = {
                let mut db = lock(&db);
                db.check()?;
                if unfinished_loads::appends_all(&target) || target.resume {
                    transaction(&mut *db, "", |db| db.lock_run(&target.run))?;
                }
                db.connect()?
            };
            let db = match connected {
                Some(own) => Arc::new(Mutex::new(own)),
                None => db,
            };
            writer::open(db, dropped, &target)
        }))
    }

    fn compare<'a>(&'a self, target: &'a Target) -> BoxFuture<'a, Result<OpenComparison>> {
        let (db, dropped, target) = (
            Arc::clone(&self.db),
            Arc::clone(&self.dropped),
            target.clone(),
        );
        Box::pin(blocking(move || {
            let connected = {
                let mut db = lock(&db);
                db.check()?;
                db.connect()?
            };
            let db = match connected {
                Some(own) => Arc::new(Mutex::new(own)),
                None => db,
            };
            comparison::open(db, dropped, &target)
        }))
    }

    fn preview<'a>(&'a self, target: &'a Target) -> BoxFuture<'a, Result<Vec<TablePreview>>> {
        let (db, target) = (Arc::clone(&self.db), target.clone());
        Box::pin(blocking(move || {
            lock(&db).check()?;
            preview::preview(db, &target)
        }))
    }

    fn deletes_rows(&self) -> bool {
        true
    }

    fn writes_child_tables(&self) -> bool {
        true
    }

    fn resumes(&self) -> bool {
        true
    }

    fn lock<'a>(
        &'a self,
        key: &'a ResourceKey,
        holder: &'a LockHolder,
    ) -> BoxFuture<'a, Result<Locking>> {
        let (db, held) = (Arc::clone(&self.db), Arc::clone(&self.held));
        let (key, holder) = (key.clone(), holder.clone());
        Box::pin(blocking(move || {
            locks::lock_resource(db, held, key, holder)
        }))
    }

    fn record<'a>(&'a self, load: &'a LoadRecord) -> BoxFuture<'a, Result<()>> {
        let load = load.clone();
        self.run(move |db| history::record(db, &load))
    }

    fn record_interruption(&self, load: LoadRecord) {
        // The next load may begin before the task has run, and must not take this one for a running one.
        if let Ok(mut db) = self.db.try_lock() {
            db.release_run(&load.run);
        }
        // Outside of a runtime nothing can be done.
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            // A task, so that a runtime that waits for its tasks waits for it.
            runtime.spawn(self.run(move |db| {
                let recorded = history::record(db, &load);
                db.unlock_run(&load.run)?;
                recorded
            }));
        }
    }

    fn last_loads(&self) -> BoxFuture<'_, Result<Vec<LastLoad>>> {
        let held = Arc::clone(&self.held);
        self.run(move |db| history::last_loads(db, &lock(&held)))
    }

    fn history(&self, most: u64) -> BoxFuture<'_, Result<Vec<LoadRecord>>> {
        let held = Arc::clone(&self.held);
        self.run(move |db| history::loads(db, &lock(&held), most))
    }

    fn states(&self) -> BoxFuture<'_, Result<Vec<StoredState>>> {
        self.run(|db| {
            db.check()?;
            state::read_all(db)
        })
    }

    fn store_state<'a>(&'a self, stored: &'a StoredState) -> BoxFuture<'a, Result<()>> {
        self.store_states(std::slice::from_ref(stored))
    }

    fn store_states<'a>(&'a self, states: &'a [StoredState]) -> BoxFuture<'a, Result<()>> {
        let states = states.to_vec();
        self.run(move |db| {
            // In one order, so that two such transactions do not wait for each other.
            let keys: BTreeSet<String> = states
                .iter()
                .map(|stored| writer::lock_key(&stored.key))
                .collect();
            let Some(first) = keys.first() else {
                return Ok(());
            };
            db.check()?;
            transaction(db, first, |db| {
                keys.iter().skip(1).try_for_each(|key| db.join(key))?;
                state::create(db)?;
                states
                    .iter()
                    .try_for_each(|stored| state::replace(db, stored))
            })
        })
    }

    fn keeps_rejects(&self) -> bool {
        true
    }

    fn rejects<'a>(&'a self, query: &'a RejectQuery) -> BoxFuture<'a, Result<Vec<StoredReject>>> {
        let query = query.clone();
        self.run(move |db| rejects::read(db, &query))
    }

    fn replay<'a>(
        &'a self,
        target: &'a Target,
        rejects: &'a [FittingReject],
        overwrite: bool,
    ) -> BoxFuture<'a, Result<ReplayedRejects>> {
        let (target, rejects) = (target.clone(), rejects.to_vec());
        self.run(move |db| rejects::replay(db, &target, &rejects, overwrite))
    }

    fn end<'a>(&'a self, run: &'a str, opened: &'a [Target]) -> BoxFuture<'a, Result<()>> {
        let (run, opened) = (run.to_owned(), opened.to_vec());
        self.run(move |db| writer::end(db, &run, &opened))
    }
}

/// Creates the core's own tables. Needed where two connections would create them at the same time.
///
/// # Errors
///
/// When the database refuses it.
pub fn create_own_tables(db: &mut dyn Database) -> Result<()> {
    transaction(db, "", |db| {
        state::create(db)?;
        history::create(db)
    })
}

/// Checks that a load could create tables: creates one and a temporary one in a transaction, and rolls it back.
///
/// # Errors
///
/// When the database refuses it.
pub fn check_rights(db: &mut dyn Database) -> Result<()> {
    let definition = format!("\"id\" {}", db.sql_type(&Type::Bigint));
    db.begin("")?;
    let definitions = [definition];
    let mut statements = db.create_table("_rest_source_probe", &definitions);
    statements.push(db.create_temporary_table("_rest_source_probe_staged", &definitions));
    let created = db.run(&statements);
    let rolled_back = db.roll_back();
    created.and(rolled_back)
}

/// Runs blocking work on one of tokio's blocking threads.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    let done = tokio::task::spawn_blocking(work).await;
    done.unwrap_or_else(|_| {
        let message = "the runtime shut down while the database was written";
        Err(Error::new(ErrorKind::Destination, message))
    })
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
