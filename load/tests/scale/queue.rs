//! A queue of work in memory, with the rules of the one in Postgres.

use std::{
    sync::{Mutex, MutexGuard},
    time::Duration,
};

use rest_source::{Clock as _, Error, ErrorKind, FetchPart, Result, Rows, State, Value};
use rest_source_load::{
    BoxFuture, Destination, Opened, Target, Writer,
    work::{Claim, PartDone, WorkPlan, WorkProgress, WorkQueue, WorkStatus},
};

use crate::TokioClock;

/// The queue, and what was published.
pub(crate) struct Queue {
    clock: TokioClock,
    state: Mutex<Contents>,
}

#[derive(Default)]
struct Contents {
    plan: Option<WorkPlan>,
    progress: Option<WorkProgress>,
    parts: Vec<Part>,
    published: Vec<i64>,
    state: Option<String>,
    last_finished: Duration,
}

#[derive(Default)]
struct Part {
    text: String,
    attempt: i64,
    is_done: bool,
    lease_until: Option<Duration>,
    staged: Vec<i64>,
    state: Option<String>,
}

impl Queue {
    pub(crate) fn new(clock: TokioClock) -> Self {
        Self {
            clock,
            state: Mutex::default(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Contents> {
        self.state.lock().unwrap()
    }

    /// The published rows, in order.
    pub(crate) fn ids(&self) -> Vec<i64> {
        let mut ids = self.lock().published.clone();
        ids.sort_unstable();
        ids
    }

    /// When the last part was fetched.
    pub(crate) fn last_finished(&self) -> Duration {
        self.lock().last_finished
    }

    /// How often parts were claimed.
    pub(crate) fn attempts(&self) -> i64 {
        self.lock().parts.iter().map(|part| part.attempt).sum()
    }

    /// The part of this claim.
    fn part<T>(&self, claim: &Claim, change: impl FnOnce(&mut Part) -> T) -> Result<T> {
        let mut contents = self.lock();
        let at = usize::try_from(claim.number).unwrap();
        let part = &mut contents.parts[at];
        if part.attempt != claim.attempt || part.is_done {
            return Err(claim.lost());
        }
        Ok(change(part))
    }
}

struct NoWriter;

impl Writer for NoWriter {
    fn write<'a>(&'a mut self, _: &'a Rows) -> BoxFuture<'a, Result<u64>> {
        Box::pin(async {
            Err(Error::new(
                ErrorKind::Destination,
                "rows are staged in parts",
            ))
        })
    }

    fn commit<'a>(&'a mut self, _: Option<&'a State>) -> BoxFuture<'a, Result<()>> {
        Box::pin(async { Ok(()) })
    }

    fn roll_back(&mut self) -> BoxFuture<'_, Result<()>> {
        Box::pin(async { Ok(()) })
    }

    fn count(&mut self) -> BoxFuture<'_, Result<u64>> {
        Box::pin(async { Ok(0) })
    }
}

impl Destination for Queue {
    fn open<'a>(&'a self, _: &'a Target) -> BoxFuture<'a, Result<Opened>> {
        Box::pin(async {
            let mut opened = Opened::new(NoWriter);
            let state = self.lock().state.clone();
            opened.state = state.as_deref().map(State::from_json).transpose()?;
            Ok(opened)
        })
    }
}

/// The identifiers of rows.
fn ids(pages: &[Rows]) -> Vec<i64> {
    let id = |value| match value {
        Value::Bigint(id) => id,
        other => panic!("{other:?}"),
    };
    pages.iter().flatten().map(|row| id(row.value(0))).collect()
}

impl WorkQueue for Queue {
    fn add<'a>(
        &'a self,
        plan: &'a WorkPlan,
        _: &'a Target,
        parts: &'a [FetchPart],
        _: bool,
    ) -> BoxFuture<'a, Result<()>> {
        Box::pin(async {
            let mut contents = self.lock();
            contents.plan = Some(plan.clone());
            contents.progress = Some(WorkProgress::Running);
            let part = |part: &FetchPart| Part {
                text: part.to_json(),
                ..Part::default()
            };
            contents.parts = parts.iter().map(part).collect();
            Ok(())
        })
    }

    fn plans(&self) -> BoxFuture<'_, Result<Vec<WorkStatus>>> {
        Box::pin(async {
            let contents = self.lock();
            let Some((plan, progress)) = contents.plan.clone().zip(contents.progress) else {
                return Ok(Vec::new());
            };
            let done = contents.parts.iter().filter(|part| part.is_done).count();
            Ok(vec![WorkStatus {
                plan,
                progress,
                error: None,
                parts: contents.parts.len() as u64,
                done: done as u64,
                running: 0,
                rows: 0,
                requests: 0,
            }])
        })
    }

    fn claim<'a>(
        &'a self,
        plans: &'a [String],
        _: &'a str,
        lease: Duration,
        _: u32,
    ) -> BoxFuture<'a, Result<Option<Claim>>> {
        Box::pin(async move {
            tokio::time::sleep(Duration::from_millis(2)).await;
            let now = self.clock.elapsed();
            let mut contents = self.lock();
            let Some(plan) = contents.plan.as_ref().map(|plan| plan.id.clone()) else {
                return Ok(None);
            };
            if !plans.contains(&plan) {
                return Ok(None);
            }
            let is_open =
                |part: &Part| !part.is_done && part.lease_until.is_none_or(|until| until < now);
            let parts = contents.parts.iter_mut().enumerate();
            let mut open: Vec<_> = parts.filter(|(_, part)| is_open(part)).collect();
            open.sort_by_key(|(at, part)| (part.attempt, *at));
            Ok(open.into_iter().next().map(|(at, part)| {
                part.attempt += 1;
                part.lease_until = Some(now + lease);
                Claim {
                    plan,
                    number: at as u64,
                    attempt: part.attempt,
                    part: part.text.clone(),
                }
            }))
        })
    }

    fn renew<'a>(&'a self, claim: &'a Claim, lease: Duration) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            let until = self.clock.elapsed() + lease;
            self.part(claim, |part| part.lease_until = Some(until))
        })
    }

    fn stage<'a>(
        &'a self,
        _: &'a Target,
        claim: &'a Claim,
        first: u64,
        pages: &'a [Rows],
    ) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            self.part(claim, |part| {
                if first == 0 {
                    part.staged.clear();
                }
                part.staged.extend(ids(pages));
            })
        })
    }

    fn finish<'a>(
        &'a self,
        _: &'a Target,
        claim: &'a Claim,
        pages: &'a [Rows],
        done: &'a PartDone,
    ) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            tokio::time::sleep(Duration::from_millis(3)).await;
            let now = self.clock.elapsed();
            self.part(claim, |part| {
                if done.staged == 0 {
                    part.staged.clear();
                }
                part.staged.extend(ids(pages));
                part.state.clone_from(&done.state);
                part.is_done = true;
            })?;
            self.lock().last_finished = now;
            Ok(())
        })
    }

    fn give_back<'a>(
        &'a self,
        claim: &'a Claim,
        why: &'a str,
        _: u32,
        _: bool,
    ) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            eprintln!("part {} was given back: {why}", claim.number);
            self.part(claim, |part| part.lease_until = None)
        })
    }

    fn part_states<'a>(&'a self, _: &'a str) -> BoxFuture<'a, Result<Vec<String>>> {
        Box::pin(async {
            let contents = self.lock();
            let states = contents.parts.iter().filter_map(|part| part.state.clone());
            Ok(states.collect())
        })
    }

    fn publish<'a>(
        &'a self,
        _: &'a Target,
        plan: &'a str,
        state: Option<String>,
    ) -> BoxFuture<'a, Result<Option<u64>>> {
        Box::pin(async move {
            let mut contents = self.lock();
            let is_ready = contents.progress == Some(WorkProgress::Running)
                && contents.plan.as_ref().is_some_and(|own| own.id == plan)
                && contents.parts.iter().all(|part| part.is_done);
            if !is_ready {
                return Ok(None);
            }
            let rows: Vec<i64> = contents
                .parts
                .iter()
                .flat_map(|part| part.staged.clone())
                .collect();
            contents.published.extend(&rows);
            contents.progress = Some(WorkProgress::Published);
            contents.state = state;
            Ok(Some(rows.len() as u64))
        })
    }

    fn fail<'a>(&'a self, _: &'a str, why: &'a str) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move { panic!("{why}") })
    }
}
