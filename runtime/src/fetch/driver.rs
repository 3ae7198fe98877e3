//! The driver of a fetch: sends the requests that its state machine asks for.

mod at_end;

use std::{sync::Arc, time::Duration};

use futures_util::{
    FutureExt,
    stream::{FuturesUnordered, StreamExt},
};
use tokio::sync::mpsc;
use tracing::Instrument;

use super::{
    FetchSpec, PagingCheckpoint,
    attempt::{self, AttemptReport, DecodedPage, Requests},
    job,
    machine::{AttemptOutcome, Counters, FirstPage, Machine, MachineConfig, Now, Step},
    next_start,
    streamed::{PartialPage, PartialPageReceiver, PartialPages, partial_pages},
    streams::{Delivery, SharedReport},
    trace,
};
use crate::{
    Client, Completeness, Error, ErrorKind, Position, Report, Result, State,
    completeness::{Caveat, Reason},
    incremental::{self, CursorRange, RecordFilter},
    paginator::{Paginate, Statements},
    template::Bounds,
};

/// Fetches a resource, or one partition of it, to the end or until the stream is dropped.
///
/// One task sends the requests, reads the responses and decodes the pages: moving a page between tasks
/// would cost as much as decoding it.
pub(super) async fn run(spec: FetchSpec, stream: mpsc::Sender<Delivery>, report: SharedReport) {
    let range = incremental::range(spec.incremental(), spec.parent.as_ref());
    let ended = match range {
        Ok(range) => fetch(&spec, range, &stream, &report).await,
        Err(error) => Err(error),
    };
    let last = match ended {
        Ok(Some(ended)) => {
            for note in ended.filter.notes() {
                report.lock().note(note);
            }
            if let Some(note) = ended.note_of_bound(&spec) {
                report.lock().note(note);
            }
            trace::ended(&spec, &ended.reason, &report.lock());
            report.lock().note(format!("ended: {}", ended.reason));
            Delivery::End {
                state: ended.state(),
                completeness: ended.completeness,
            }
        }
        // The stream was dropped.
        Ok(None) => return,
        Err(error) => {
            let error = spec.error(error);
            trace::failed(&error);
            Delivery::Failure { error, state: None }
        }
    };
    // The stream may have been dropped.
    let _ = stream.send(last).await;
}

/// How a fetch ended.
pub(super) struct FetchEnd {
    /// Why the pages ended.
    pub(super) reason: String,
    pub(super) completeness: Completeness,
    /// The filter, with the cursor that the fetch reached.
    pub(super) filter: RecordFilter,
    gap: Option<SkippedPage>,
}

/// A page that may hold records was skipped: the state before it.
struct SkippedPage {
    state: Option<State>,
}

impl FetchEnd {
    /// A note, if a maximum ended an incremental fetch whose state could not move: every fetch would read
    /// the same pages.
    fn note_of_bound(&self, spec: &FetchSpec) -> Option<String> {
        spec.resource.incremental.as_ref()?;
        let reason = self.completeness.reasons().first()?;
        let is_at_start = match (self.state(), &spec.since) {
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

impl FetchEnd {
    /// The state for the next fetch; `None` if it did not move.
    fn state(&self) -> Option<State> {
        match &self.gap {
            Some(gap) if !self.completeness.is_complete() => gap.state.clone(),
            _ => self.filter.state_at_end(self.completeness.is_complete()),
        }
    }

    /// Whether its rows move the state.
    pub(super) fn moves_state(&self) -> bool {
        self.completeness.is_complete() || self.gap.is_none()
    }
}

/// Fetches the range to the end: runs the job that makes its records, if there is one, and then fetches them. `None`
/// if the stream was dropped.
pub(super) async fn fetch(
    spec: &FetchSpec,
    range: Option<CursorRange>,
    stream: &mpsc::Sender<Delivery>,
    report: &SharedReport,
) -> Result<Option<FetchEnd>> {
    let bounds = match &range {
        Some(range) => range.bounds()?,
        None => Bounds::default(),
    };
    let Some(job) = &spec.resource.job else {
        return fetch_urls(spec, range, &bounds, None, stream, report).await;
    };
    if spec.resume.is_some() {
        let message = "a fetch of the records of a job has no position to be resumed from";
        return Err(Error::new(ErrorKind::Config, message)
            .with_help("fetch again: the API makes the records anew"));
    }
    // Most fetches have no job: theirs stay small.
    let of_job = async {
        attempt::check_parent(spec)?;
        let job = job::run(spec, job, &bounds, report).await?;
        let spec = FetchSpec {
            job: Some(job.values),
            ..spec.clone()
        };
        fetch_urls(&spec, range, &bounds, job.urls, stream, report).await
    };
    Box::pin(of_job).await.map_err(Error::without_position)
}

/// Fetches the pages within these bounds to the end. `None` if the stream was dropped.
pub(super) async fn fetch_within(
    spec: &FetchSpec,
    range: Option<CursorRange>,
    bounds: &Bounds,
    stream: &mpsc::Sender<Delivery>,
    report: &SharedReport,
) -> Result<Option<FetchEnd>> {
    fetch_urls(spec, range, bounds, None, stream, report).await
}

/// Fetches the pages at each of these URLs, one after the other, or those of the resource's own request.
async fn fetch_urls(
    spec: &FetchSpec,
    range: Option<CursorRange>,
    bounds: &Bounds,
    urls: Option<Vec<String>>,
    stream: &mpsc::Sender<Delivery>,
    report: &SharedReport,
) -> Result<Option<FetchEnd>> {
    let paginator: Arc<dyn Paginate> = spec
        .client
        .hooks()
        .paginator(&spec.client.paginator_plan(&spec.resource)?)?;
    let steps = spec.client.hooks().steps(&spec.resource)?;
    let (sender, partial_pages) = partial_pages();
    let starts_at_token = range.as_ref().is_some_and(CursorRange::starts_at_token);
    let bounds_afresh = match range.as_ref().filter(|_| starts_at_token) {
        Some(range) => Some(range.bounds_without_token(&spec.resource)?),
        None => None,
    };
    let link = range.as_ref().and_then(CursorRange::link);
    let rules = MachineConfig::new(
        spec.client.plan().retry.clone(),
        &spec.resource,
        spec.concurrency(),
        spec.limit,
    )
    .beginning_with(match &urls {
        _ if starts_at_token => FirstPage::AtToken,
        Some(urls) if urls.len() > 1 => FirstPage::OfFile,
        _ => FirstPage::OfResource,
    })
    .sent_once(spec.is_sent_once)
    .with_budget(&spec.client.context().retry_budget)
    .within(&spec.client.context().run_budget)
    .with_auth(spec.client.auth(&spec.resource));
    let source = PageSource {
        spec,
        paginator,
        rules,
        partial_pages: sender,
    };
    let filter = RecordFilter::new(&spec.resource, &spec.table, range, steps)?;
    let mut first = source.machine(spec.limit, spec.resume.clone().or(link));
    if let (Some(before), Some(_)) = (&spec.before, &spec.resume) {
        first = first.after(before.pages, before.received);
    }
    let mut fetching = Fetching::new(spec, first, filter, report, partial_pages);
    let urls = match urls {
        Some(urls) => urls.into_iter().map(Some).collect(),
        None => vec![None],
    };
    let (mut reason, mut completeness) =
        ("a job without records".to_owned(), Completeness::COMPLETE);
    for (at, url) in urls.iter().enumerate() {
        if at > 0 && fetching.wanted == Some(0) {
            completeness.add(Reason::Limit(spec.limit.unwrap_or_default()));
            break;
        }
        if at > 0 {
            fetching.begin(source.machine(fetching.wanted, None));
        }
        let bounds = (bounds, bounds_afresh.as_ref());
        let ran = source.run(&mut fetching, url.as_deref(), bounds, stream);
        let Some((why, part)) = ran.await? else {
            return Ok(None);
        };
        reason = why;
        if urls.len() == 1 {
            completeness = part;
        } else {
            completeness.merge(&part, &format!("file {} of {}", at + 1, urls.len()));
        }
        if completeness.is_limited_by_caller() {
            break;
        }
    }
    // The reason of the last of several files says nothing of those before.
    if let Some(first) = completeness.reasons().first().filter(|_| urls.len() > 1) {
        reason = first.to_string();
    }
    if let Some((token, is_of_last_page)) = fetching.machine.change_token() {
        let token = next_start::to_store(spec, token)?;
        fetching.filter.set_token(&token, is_of_last_page);
    }
    if completeness.is_complete()
        && let Some(note) = fetching.filter.note_without_token()
    {
        report.lock().note(note);
    }
    if fetching.filter.redelivers(completeness.is_complete()) {
        completeness.warn(Caveat::Redelivery);
    }
    report.lock().warn(&mut completeness);
    Ok(Some(FetchEnd {
        reason,
        completeness,
        filter: fetching.filter,
        gap: fetching.gap,
    }))
}

/// Where the pages of a fetch come from.
struct PageSource<'a> {
    spec: &'a FetchSpec,
    paginator: Arc<dyn Paginate>,
    rules: MachineConfig,
    partial_pages: PartialPages,
}

impl<'a> PageSource<'a> {
    fn machine(&self, wanted: Option<u64>, from: Option<Position>) -> Machine<DecodedPage> {
        let statements = Statements::new(&self.spec.resource);
        let paginator = Arc::clone(&self.paginator);
        Machine::new(paginator, statements, self.rules.clone(), wanted, from)
    }

    /// The requests within these bounds, the first one at this URL, if there is one.
    fn requests(
        &self,
        fetching: &Fetching<'_>,
        url: Option<&str>,
        bounds: &Bounds,
    ) -> Result<Box<Requests<'a>>> {
        let paginator = Arc::clone(&self.paginator);
        let place = (url, &self.partial_pages);
        let statements = fetching.machine.statements();
        Requests::new(self.spec, statements, paginator, bounds, place).map(Box::new)
    }

    /// Runs the pages to their end: within the first bounds, or once an expired token made the fetch start over, within
    /// the second.
    async fn run(
        &self,
        fetching: &mut Fetching<'_>,
        url: Option<&str>,
        (bounds, afresh): (&Bounds, Option<&Bounds>),
        stream: &mpsc::Sender<Delivery>,
    ) -> Result<Option<(String, Completeness)>> {
        let own = self.requests(fetching, url, bounds)?;
        let afresh = afresh.map(|bounds| self.requests(fetching, url, bounds));
        let afresh = afresh.transpose()?;
        let afresh = afresh.as_deref().unwrap_or(&own);
        let mut ran = fetching.run(&own, afresh, stream).await;
        while let Ok(Some((reason, part))) = &ran
            && let Some(bounds) = fetching.restart(self.spec, reason, part)?
        {
            fetching.begin(self.machine(fetching.wanted, None));
            let requests = self.requests(fetching, url, &bounds)?;
            let run = Box::pin(fetching.run(&requests, &requests, stream)).await;
            // A position would be one of other pages.
            ran = run.map_err(Error::without_position);
        }
        if let Some(clear) = &self.spec.resource.paginator.clear_request
            && let Some(id) = fetching.machine.scroll().cloned()
        {
            Box::pin(fetching.clear(self.spec, clear, &*self.paginator, &id, bounds)).await;
        }
        ran
    }
}

struct Fetching<'a> {
    client: &'a Client,
    machine: Machine<DecodedPage>,
    /// The counters of the machines before this one, whose pages were at other URLs.
    before: Counters,
    filter: RecordFilter,
    /// Records still wanted, if there is a limit.
    wanted: Option<u64>,
    /// Whether a page is requested only after the page before it was taken.
    one_by_one: bool,
    /// Whether pages tell where a later fetch goes on.
    tells_checkpoints: bool,
    /// The first skipped page that may hold records.
    gap: Option<SkippedPage>,
    report: &'a SharedReport,
    /// Time that requests waited for the rate limiter, or for a token.
    waited: Duration,
    /// Requests beyond those of the machine: redirects, and requests repeated with a new token.
    further: u64,
    /// Requests repeated with a new token.
    repeated: u64,
    /// Rows that are delivered before the rest of their page.
    partial_pages: PartialPageReceiver,
    /// Those of the page that arrives, which the machine counts with its end.
    partly: Counted,
}

/// Rows of a page that has not ended.
#[derive(Default)]
struct Counted {
    received: u64,
    selected: u64,
}

impl<'a> Fetching<'a> {
    fn new(
        spec: &'a FetchSpec,
        machine: Machine<DecodedPage>,
        filter: RecordFilter,
        report: &'a SharedReport,
        partial_pages: PartialPageReceiver,
    ) -> Self {
        // What a job needed.
        let Report {
            requests,
            retries,
            waited,
            ..
        } = *report.lock();
        Self {
            client: &spec.client,
            machine,
            before: Counters::default(),
            partial_pages,
            partly: Counted::default(),
            filter,
            wanted: spec.limit,
            one_by_one: spec.one_by_one,
            // Partitions have theirs.
            tells_checkpoints: spec.tells_checkpoints() && spec.parent.is_none(),
            gap: None,
            report,
            waited,
            further: requests,
            repeated: retries,
        }
    }

    /// Goes on with the pages at another URL.
    fn begin(&mut self, machine: Machine<DecodedPage>) {
        self.before.add(self.machine.tally());
        self.machine = machine;
    }

    /// Sends the requests; once an expired token made the fetch start over, those `afresh`, which do not have it.
    async fn run(
        &mut self,
        requests: &Requests<'_>,
        afresh: &Requests<'_>,
        stream: &mpsc::Sender<Delivery>,
    ) -> Result<Option<(String, Completeness)>> {
        let mut requests_in_flight = FuturesUnordered::new();
        // The page that waits for room in the stream.
        let mut delivery: Option<Delivery> = None;
        loop {
            if self.one_by_one
                && let Some(page) = delivery.take()
                && !is_taken(stream, page).await
            {
                return Ok(None);
            }
            let step = self.machine.step(self.now(), delivery.is_none());
            self.partial_pages.set_front(self.machine.front());
            self.count();
            let wake = match step {
                Step::Send(attempt) => {
                    let requests = if self.machine.has_restarted() {
                        afresh
                    } else {
                        requests
                    };
                    let number = self.machine.tally().requests;
                    let span = trace::attempt(&attempt, number);
                    requests_in_flight.push(requests.ask(attempt, number).instrument(span));
                    continue;
                }
                Step::Page(parcel) => {
                    let checkpoint = self.checkpoint();
                    delivery = self.filter(parcel, checkpoint);
                    continue;
                }
                Step::Wait(wake) => wake,
                // Requests that are no longer needed return their permits first: nothing polls them while
                // the last page is delivered.
                Step::Done(reason, completeness) => {
                    requests_in_flight.clear();
                    hand_over(stream, delivery).await;
                    return Ok(Some((reason, completeness)));
                }
                Step::Fail(error) => {
                    // Those that were not sent do not count.
                    while let Some(Some(report)) = requests_in_flight.next().now_or_never() {
                        self.machine.on_sent(report.id, report.sent_at);
                    }
                    self.count();
                    requests_in_flight.clear();
                    hand_over(stream, delivery).await;
                    return Err(error);
                }
            };
            tokio::select! {
                // Responses are read before pages are delivered: the next requests leave earlier, and pages
                // that arrived together are delivered together.
                biased;
                Some(report) = requests_in_flight.next(), if !requests_in_flight.is_empty() => self.on_attempt(report),
                Some(partial) = self.partial_pages.next(), if delivery.is_none() => delivery = self.on_partial(partial),
                permit = stream.reserve(), if delivery.is_some() => match (permit, delivery.take()) {
                    (Ok(permit), Some(delivery)) => permit.send(delivery),
                    // The stream was dropped.
                    _ => return Ok(None),
                },
                () = sleep_until(self.client, wake), if wake.is_some() => {}
                else => return Err(Error::new(ErrorKind::Paging, "the fetch has nothing left to wait for")),
            }
        }
    }

    fn on_attempt(&mut self, attempt: AttemptReport) {
        self.report.lock().bytes += attempt.bytes;
        self.waited += attempt.waited;
        self.further += attempt.further;
        self.repeated += attempt.repeated;
        if matches!(&attempt.outcome, AttemptOutcome::Page(facts, _) if facts.is_partly_delivered) {
            self.partly = Counted::default();
        }
        let now = self.now();
        let why = match &attempt.outcome {
            AttemptOutcome::Refused(failed_attempt) => Some(failed_attempt.what.clone()),
            _ => None,
        };
        self.machine.on_sent(attempt.id, attempt.sent_at);
        let wait = self
            .machine
            .on_response(attempt.id, attempt.outcome, now, self.client.jitter());
        if let (Some(why), Some(wait)) = (why, wait) {
            trace::retry(attempt.id + 1, &why, wait);
        }
        if let Some(time) = self.machine.closed_until(now) {
            self.client.close_until(time);
        }
    }

    /// The rows of a page that has not ended, as far as they pass the filter.
    fn on_partial(&mut self, partial: PartialPage) -> Option<Delivery> {
        let PartialPage { id, page, bytes } = partial;
        self.report.lock().bytes += bytes;
        // The fetch may have ended in the meantime.
        if self.machine.front() != Some(id) {
            return None;
        }
        self.partly.received += page.decoded.received;
        self.partly.selected += page.decoded.selected;
        self.filter(page, None)
    }

    /// Where a later fetch goes on after the page that the machine delivered last.
    fn checkpoint(&mut self) -> Option<Box<PagingCheckpoint>> {
        let following = self.machine.take_following();
        if let Some((position, _)) = &following {
            trace::next(self.client, position);
        }
        let (position, passed) = following.filter(|_| self.tells_checkpoints)?;
        let redactor = self.client.redactor();
        Some(Box::new(PagingCheckpoint::at(position, passed, &redactor)))
    }

    /// The rows of a page that pass the filter; `None` if there are none.
    fn filter(
        &mut self,
        parcel: DecodedPage,
        checkpoint: Option<Box<PagingCheckpoint>>,
    ) -> Option<Delivery> {
        let DecodedPage { request, decoded } = parcel;
        let mut rows = decoded.rows;
        let mut rejects = rows.rejects().to_vec();
        for reject in &mut rejects {
            reject.request.clone_from(&request);
        }
        let has_gap = self.gap.is_some() || self.machine.has_gap();
        if has_gap && self.gap.is_none() {
            self.gap = Some(SkippedPage {
                state: self.filter.state_so_far(),
            });
        }
        let now = self.client.clock().now();
        let filtered = self.filter.filter(&mut rows, self.wanted, now);
        let kept = rows.len() as u64;
        let is_delivered = kept > 0 || checkpoint.is_some() || !rejects.is_empty();
        rows.put_rejects(rejects);
        self.wanted = self.wanted.map(|wanted| wanted.saturating_sub(kept));
        self.machine.delivered(kept, filtered.cut);
        if let Some(end) = filtered.end {
            self.machine.stop(end);
        }
        if let Some(error) = filtered.failure {
            self.machine.fail(error.with_request(request));
        }
        trace::page(decoded.received, kept, self.machine.total());
        let mut report = self.report.lock();
        report.outside_range += filtered.outside;
        report.filtered += filtered.filtered;
        report.discarded_rows += decoded.discarded_rows;
        report.discarded_values += decoded.discarded_values;
        report.undeclared_values += decoded.undeclared;
        report.presence.add(&decoded.presence);
        for example in decoded.examples {
            report.note(example);
        }
        drop(report);
        is_delivered.then(|| Delivery::Page {
            rows,
            before: None,
            after: if has_gap {
                None
            } else {
                self.filter.state_so_far()
            },
            checkpoint,
        })
    }

    /// Updates the report by the counters of the machine.
    fn count(&self) {
        let (before, tally) = (&self.before, self.machine.tally());
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
        *requests = before.requests + tally.requests + self.further;
        *retries = before.retries + tally.retries + self.repeated;
        *waited = before.waited + tally.waited + self.waited;
        *pages = before.pages + tally.pages;
        *received = before.received + tally.received + self.partly.received;
        *selected = before.selected + tally.selected + self.partly.selected;
        *ignored = before.ignored + tally.ignored;
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

/// Sleeps until this time of the client's clock.
async fn sleep_until(client: &Client, time: Option<Duration>) {
    let clock = client.clock();
    let wait = time.unwrap_or_default().saturating_sub(clock.elapsed());
    clock.sleep(wait).await;
}

/// Delivers a page, and waits until the stream took it. Returns whether the stream still exists.
async fn is_taken(stream: &mpsc::Sender<Delivery>, page: Delivery) -> bool {
    stream.send(page).await.is_ok() && stream.reserve().await.is_ok()
}

/// Delivers the last page.
async fn hand_over(stream: &mpsc::Sender<Delivery>, delivery: Option<Delivery>) {
    if let Some(delivery) = delivery {
        // The stream may have been dropped.
        let _ = stream.send(delivery).await;
    }
}
