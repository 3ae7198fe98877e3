//! Runs a fetch: the state machine's hands.

use std::{sync::Arc, time::Duration};

use futures_util::stream::{FuturesUnordered, StreamExt};
use tokio::sync::mpsc;
use tracing::Instrument;

use super::{
    Job,
    attempt::{Heard, Parcel, Requests},
    machine::{Answer, Machine, Now, Rules, Step},
    streams::{Delivery, SharedReport},
    trace,
};
use crate::{
    Client, Completeness, Error, ErrorKind, Report, Result, State,
    completeness::Caveat,
    incremental::{self, Range, Sieve},
    paginator::{Paginate, Statements},
    template::Bounds,
};

/// Fetches to the end, or until the stream is dropped.
///
/// Requests are sent, answers read and pages decoded in this one task: the hops between tasks would
/// cost as much as the decoding.
pub(super) async fn run(job: Job, stream: mpsc::Sender<Delivery>, report: SharedReport) {
    let range = incremental::range(job.incremental(), job.parent.as_ref());
    let ended = match range {
        Ok(range) => fetch(&job, range, &stream, &report).await,
        Err(error) => Err(error),
    };
    let last = match ended {
        Ok(Some(ended)) => {
            for note in ended.sieve.notes() {
                report.lock().note(note);
            }
            if let Some(note) = ended.note_of_bound(&job) {
                report.lock().note(note);
            }
            trace::ended(&job, &ended.reason, &report.lock());
            report.lock().note(format!("ended: {}", ended.reason));
            Delivery::End {
                state: ended.state(),
                completeness: ended.completeness,
            }
        }
        // There is no one to tell.
        Ok(None) => return,
        Err(error) => {
            let error = job.error(error);
            trace::failed(&error);
            Delivery::Failure { error, state: None }
        }
    };
    // The stream may be gone: there is no one to tell then.
    let _ = stream.send(last).await;
}

/// What a fetch came to.
pub(super) struct Ended {
    /// Why its pages ended.
    pub(super) reason: String,
    pub(super) completeness: Completeness,
    /// What went through it.
    pub(super) sieve: Sieve,
    gap: Option<Gap>,
}

/// A page was passed over that may hold records: the state before it.
struct Gap {
    state: Option<State>,
}

impl Ended {
    /// A note, where a maximum ended an incremental fetch whose state could not move: every fetch would read the
    /// same pages.
    fn note_of_bound(&self, job: &Job) -> Option<String> {
        job.resource.incremental.as_ref()?;
        let reason = self.completeness.reasons().first()?;
        let is_at_start = match (self.state(), &job.since) {
            (Some(state), Some(since)) => state.reach == since.reach,
            (state, _) => state.is_none(),
        };
        let is_maximum =
            self.completeness.is_bounded() && !self.completeness.is_limited_by_caller();
        (is_maximum && is_at_start).then(|| {
            format!(
                "{reason} ended the fetch and the state did not move: the next fetch reads the same pages again. \
                 Raise it, or say `row_order: asc`, where the API gives the oldest records first"
            )
        })
    }
}

impl Ended {
    /// What the next fetch starts from; nothing where that is not known to have moved.
    fn state(&self) -> Option<State> {
        match &self.gap {
            Some(gap) if !self.completeness.is_complete() => gap.state.clone(),
            _ => self.sieve.state_at_end(self.completeness.is_complete()),
        }
    }

    /// Whether its rows bring their part of the state forward.
    pub(super) fn moves_state(&self) -> bool {
        self.completeness.is_complete() || self.gap.is_none()
    }
}

/// Fetches what is in the range, to the end; nothing where no one listens any more.
pub(super) async fn fetch(
    job: &Job,
    range: Option<Range>,
    stream: &mpsc::Sender<Delivery>,
    report: &SharedReport,
) -> Result<Option<Ended>> {
    let bounds = match &range {
        Some(range) => range.bounds()?,
        None => Bounds::default(),
    };
    let paginator: Arc<dyn Paginate> = job.client.hooks().paginator(&job.resource.paginator)?;
    let steps = job.client.hooks().steps(&job.resource)?;
    let statements = Statements::new(&job.resource);
    let requests = Requests::new(job, &statements, Arc::clone(&paginator), &bounds)?;
    let rules = Rules::new(
        job.client.plan().retry.clone(),
        &job.resource,
        job.concurrency(),
        job.limit,
    )
    .with_auth(job.client.auth(&job.resource));
    let mut fetching = Fetching {
        client: &job.client,
        machine: Machine::new(paginator, statements, rules, job.resume.clone()),
        sieve: Sieve::new(&job.resource, &job.table, range, steps)?,
        wanted: job.limit,
        one_by_one: job.one_by_one,
        gap: None,
        report,
        waited: Duration::ZERO,
        further: 0,
        repeated: 0,
    };
    let Some((reason, mut completeness)) = fetching.run(&requests, stream).await? else {
        return Ok(None);
    };
    if fetching.sieve.redelivers(completeness.is_complete()) {
        completeness.warn(Caveat::Redelivery);
    }
    report.lock().warn(&mut completeness);
    Ok(Some(Ended {
        reason,
        completeness,
        sieve: fetching.sieve,
        gap: fetching.gap,
    }))
}

struct Fetching<'a> {
    client: &'a Client,
    machine: Machine<Parcel>,
    sieve: Sieve,
    /// Records still wanted, where there is a limit.
    wanted: Option<u64>,
    /// Whether each page is taken before the next is asked for.
    one_by_one: bool,
    /// The first page that was passed over and may hold records.
    gap: Option<Gap>,
    report: &'a SharedReport,
    /// Time that requests waited for the source's leave, or for a token.
    waited: Duration,
    /// Requests that the machine did not order: redirects followed, and those made again with
    /// another token.
    further: u64,
    /// The latter of them.
    repeated: u64,
}

impl Fetching<'_> {
    async fn run(
        &mut self,
        requests: &Requests<'_>,
        stream: &mpsc::Sender<Delivery>,
    ) -> Result<Option<(String, Completeness)>> {
        let mut asked = FuturesUnordered::new();
        // What waits for the stream to have room.
        let mut delivery: Option<Delivery> = None;
        loop {
            if self.one_by_one
                && let Some(page) = delivery.take()
                && !is_taken(stream, page).await
            {
                return Ok(None);
            }
            let step = self.machine.step(self.now(), delivery.is_none());
            self.count();
            let wake = match step {
                Step::Send(order) => {
                    let number = self.machine.tally().requests;
                    let span = trace::attempt(&order, number);
                    asked.push(requests.ask(order, number).instrument(span));
                    continue;
                }
                Step::Page(parcel) => {
                    delivery = self.sift(parcel);
                    continue;
                }
                Step::Wait(wake) => wake,
                // The requests that are of no more use give their places back to the source first: no
                // one polls them while the last page is handed over, however long that takes.
                Step::Done(reason, completeness) => {
                    asked.clear();
                    hand_over(stream, delivery).await;
                    return Ok(Some((reason, completeness)));
                }
                Step::Fail(error) => {
                    asked.clear();
                    hand_over(stream, delivery).await;
                    return Err(error);
                }
            };
            tokio::select! {
                // What has come is read before anything is handed over: the next requests go out the
                // earlier, and pages that came together are handed over together.
                biased;
                Some(heard) = asked.next(), if !asked.is_empty() => self.hear(heard),
                permit = stream.reserve(), if delivery.is_some() => match (permit, delivery.take()) {
                    (Ok(permit), Some(delivery)) => permit.send(delivery),
                    // No one listens any more.
                    _ => return Ok(None),
                },
                () = sleep_until(self.client, wake), if wake.is_some() => {}
                else => return Err(Error::new(ErrorKind::Paging, "the fetch has nothing left to wait for")),
            }
        }
    }

    fn hear(&mut self, heard: Heard) {
        self.report.lock().bytes += heard.bytes;
        self.waited += heard.waited;
        self.further += heard.further;
        self.repeated += heard.repeated;
        let now = self.now();
        let why = match &heard.answer {
            Answer::Refused(refusal) => Some(refusal.what.clone()),
            _ => None,
        };
        self.machine.begun(heard.id, heard.begun);
        let wait = self
            .machine
            .heard(heard.id, heard.answer, now, self.client.jitter());
        if let (Some(why), Some(wait)) = (why, wait) {
            trace::retry(heard.id + 1, &why, wait);
        }
        if let Some(time) = self.machine.closed_until(now) {
            self.client.close_until(time);
        }
    }

    /// The rows of a page that belong to the fetch; nothing where there are none.
    fn sift(&mut self, parcel: Parcel) -> Option<Delivery> {
        let Parcel { request, decoded } = parcel;
        let mut rows = decoded.rows;
        let has_gap = self.machine.has_gap();
        if has_gap && self.gap.is_none() {
            self.gap = Some(Gap {
                state: self.sieve.state_so_far(),
            });
        }
        let now = self.client.clock().now();
        let sifted = self.sieve.sift(&mut rows, self.wanted, now);
        let kept = rows.len() as u64;
        self.wanted = self.wanted.map(|wanted| wanted.saturating_sub(kept));
        self.machine.delivered(kept, sifted.cut);
        if let Some(end) = sifted.end {
            self.machine.stop(end);
        }
        if let Some(error) = sifted.failure {
            self.machine.fail(error.with_request(request));
        }
        trace::page(decoded.received, kept);
        let mut report = self.report.lock();
        report.outside_range += sifted.outside;
        report.filtered += sifted.filtered;
        report.discarded_rows += decoded.discarded_rows;
        report.discarded_values += decoded.discarded_values;
        report.undeclared_values += decoded.undeclared;
        report.presence.add(&decoded.presence);
        for example in decoded.examples {
            report.note(example);
        }
        drop(report);
        (kept > 0).then(|| Delivery::Page {
            rows,
            before: None,
            after: if has_gap {
                None
            } else {
                self.sieve.state_so_far()
            },
        })
    }

    /// Brings the report up to what the machine counted.
    fn count(&self) {
        let tally = self.machine.tally();
        let mut report = self.report.lock();
        let Report {
            requests,
            retries,
            waited,
            pages,
            received,
            selected,
            ignored,
            ..
        } = &mut *report;
        *requests = tally.requests + self.further;
        *retries = tally.retries + self.repeated;
        *waited = tally.waited + self.waited;
        *pages = tally.pages;
        *received = tally.received;
        *selected = tally.selected;
        *ignored = tally.ignored;
        for note in &tally.notes {
            report.note(note.as_str());
        }
    }

    fn now(&self) -> Now {
        Now {
            elapsed: self.client.clock().elapsed(),
            wall: self.client.clock().now(),
        }
    }
}

/// Waits until this time of the client's clock.
async fn sleep_until(client: &Client, time: Option<Duration>) {
    let clock = client.clock();
    let wait = time.unwrap_or_default().saturating_sub(clock.elapsed());
    clock.sleep(wait).await;
}

/// Hands a page over, and waits until the stream, which has room for one, gave it on. Whether anyone
/// listens.
async fn is_taken(stream: &mpsc::Sender<Delivery>, page: Delivery) -> bool {
    stream.send(page).await.is_ok() && stream.reserve().await.is_ok()
}

/// Waits until the stream took what is left for it.
async fn hand_over(stream: &mpsc::Sender<Delivery>, delivery: Option<Delivery>) {
    if let Some(delivery) = delivery {
        // The stream may be gone: there is no one to tell then.
        let _ = stream.send(delivery).await;
    }
}
