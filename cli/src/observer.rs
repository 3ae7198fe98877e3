//! Observation of a fetch's exchanges: `--raw`, `--save` and `--pages`.

use std::time::Duration;

use rest_source::{Client, Page, Pages, Report, Result, Rows, plan::ResourcePlan, shared::Ref};

use crate::{
    args::Fetch,
    console::Console,
    error::CommandError,
    exchange::{Exchange, FetchRecord, PageFolder, Recording, Redaction, StartClock, print_raw},
};

/// How long a received page may take to be delivered, once its successor was decided on.
const DELIVERY_TIMEOUT: Duration = Duration::from_secs(2);

/// Observes the exchanges of one fetch, and ends it after `--pages`. Without these flags it does nothing.
pub(crate) struct Observer {
    recording: Option<Recording>,
    folder: Option<PageFolder>,
    resource: Ref<ResourcePlan>,
    is_raw: bool,
    most_pages: Option<u64>,
}

/// An [`Observer`] of a client.
pub(crate) struct Observing<'a> {
    observer: Observer,
    redaction: Redaction<'a>,
    exchanges: Vec<Exchange>,
    delivered: u64,
    is_held: bool,
}

impl Observer {
    /// # Errors
    ///
    /// If pages cannot be saved where the arguments say.
    pub(crate) fn new(
        args: &Fetch,
        resource: &Ref<ResourcePlan>,
        record: Option<FetchRecord>,
        clock: StartClock,
    ) -> std::result::Result<Self, CommandError> {
        let most_pages = args.pages.or(args.raw.then_some(1));
        let folder = (args.save.as_ref())
            .zip(record)
            .map(|(folder, record)| PageFolder::create(folder, &resource.name, record, clock))
            .transpose()?;
        // Other requests than those for its own pages are part of such a fetch.
        let has_others =
            resource.parent.is_some() || resource.job.is_some() || !resource.partitions.is_empty();
        let is_recorded = args.raw || folder.is_some() || most_pages.is_some();
        Ok(Self {
            recording: is_recorded.then(|| Recording::of_pages(most_pages.filter(|_| !has_others))),
            folder,
            resource: resource.clone(),
            is_raw: args.raw,
            most_pages,
        })
    }

    /// The recording, if exchanges are recorded.
    pub(crate) const fn recording(&self) -> Option<&Recording> {
        self.recording.as_ref()
    }

    /// Observes this client.
    pub(crate) fn of(self, client: &Client) -> Observing<'_> {
        Observing {
            redaction: Redaction::new(client),
            observer: self,
            exchanges: Vec::new(),
            delivered: 0,
            is_held: false,
        }
    }
}

impl Observing<'_> {
    /// The next page of the fetch; `None` also after the last page of `--pages`.
    pub(crate) async fn next(&mut self, pages: &mut Pages<Rows>) -> Option<Result<Page<Rows>>> {
        let Some(recording) = &self.observer.recording else {
            return pages.next().await;
        };
        if !self.is_held {
            let has_all = |most| !self.observer.is_raw && self.delivered >= most;
            if self.observer.most_pages.is_some_and(has_all) {
                return None;
            }
            tokio::select! {
                biased;
                page = pages.next() => {
                    self.delivered += 1;
                    return page;
                }
                () = recording.held() => self.is_held = true,
                () = after_pages(self.delivered, &self.observer), if self.observer.is_raw => return None,
            }
        }
        let page = tokio::time::timeout(DELIVERY_TIMEOUT, pages.next()).await;
        page.ok().flatten()
    }

    /// Saves the pages so far.
    pub(crate) fn save(&mut self) -> std::result::Result<(), CommandError> {
        let Some(recording) = &self.observer.recording else {
            return Ok(());
        };
        let ended = recording.take_ended();
        self.keep(ended)
    }

    /// Ends the observation: prints what is left to print.
    pub(crate) fn end(
        &mut self,
        console: &Console,
        report: &Report,
    ) -> std::result::Result<(), CommandError> {
        let Some(recording) = &self.observer.recording else {
            return Ok(());
        };
        let all = recording.take_all();
        self.keep(all)?;
        if self.observer.is_raw {
            let resource = &self.observer.resource;
            console.print(&print_raw(
                &self.exchanges,
                &self.redaction,
                resource,
                report,
            ))?;
        }
        if let Some(folder) = &self.observer.folder {
            console.say(format_args!("{} pages saved", folder.saved_pages()));
        }
        Ok(())
    }

    /// Ends the observation of a fetch that failed.
    pub(crate) fn fail(
        &mut self,
        console: &Console,
        report: &Report,
        error: impl Into<CommandError>,
    ) -> CommandError {
        let error = error.into();
        match self.end(console, report) {
            Ok(()) => error,
            Err(other) => error.and(other),
        }
    }

    fn keep(&mut self, exchanges: Vec<Exchange>) -> std::result::Result<(), CommandError> {
        if let Some(folder) = &mut self.observer.folder {
            folder.save(&exchanges, &self.redaction)?;
        }
        if self.observer.is_raw {
            self.exchanges.extend(exchanges);
        }
        Ok(())
    }
}

/// Ends once as many pages as `--pages` were delivered of a fetch whose requests are not held.
async fn after_pages(delivered: u64, observer: &Observer) {
    if observer.most_pages.is_none_or(|most| delivered < most) {
        std::future::pending::<()>().await;
    }
    tokio::time::sleep(DELIVERY_TIMEOUT).await;
}
