//! Pages that `infer` fetches, and requests that show how they follow each other.

use std::time::Duration;

use rest_source::{
    Client, RunBudget,
    plan::{Part, ResourcePlan},
    shared::Ref,
};
use rest_source_codegen::{compile, connector::Connector, write::Map};
use rest_source_dynamic::needs_no_rust;
use rest_source_import::infer::{
    Budget, Finding, Page, Proposal, Request, Shape, completed, has_in_endpoint, infer_at,
    is_paged, start_trials, trials, untyped, with_paginator, with_selector,
};

use crate::{
    args::Infer,
    context::Context,
    error::CommandError,
    exchange::{Exchange, Outcome, Recording, Redaction},
    interrupt::TokenRequests,
    param,
    refresh_token_file::RefreshTokenFile,
    spec,
};

/// How long a fetch that was dropped may take to notice.
const SETTLE: Duration = Duration::from_millis(20);

/// What was fetched, and what it shows.
pub(super) struct Discovery {
    pub(super) pages: Vec<Page>,
    pub(super) proposal: Proposal,
}

/// The spec whose resource is fetched.
pub(super) struct Source<'a> {
    /// The path that messages show.
    pub(super) file: &'a str,
    pub(super) text: &'a str,
    pub(super) resource: &'a str,
}

impl Source<'_> {
    /// The spec with records that are not decoded, as far as it can be.
    fn lenient(&self) -> Result<(String, Connector), CommandError> {
        let whole = completed(self.text);
        for text in untyped(&whole, self.resource)
            .into_iter()
            .chain([whole.clone()])
        {
            if let Some(connector) = compile(self.file, &text).connector {
                return Ok((text, connector));
            }
        }
        Err(CommandError::invalid(
            compile(self.file, self.text).diagnostics.messages(),
        ))
    }
}

/// Fetches pages and infers from them.
///
/// # Errors
///
/// If no page arrives, or the pages have no records.
pub(super) async fn discover(
    source: &Source<'_>,
    shape: impl Fn(&[Page]) -> Option<Shape>,
    args: &Infer,
    context: &Context,
    token_requests: TokenRequests,
) -> Result<Discovery, CommandError> {
    let (text, connector) = source.lenient()?;
    let plan = &connector.plan;
    needs_no_rust(plan).map_err(|needs| {
        CommandError::usage(format!("cannot run `{}` here: {needs}", plan.name))
    })?;
    let resource = spec::resource(plan, Some(source.resource))?;
    let context = &context.with_sources(&args.access.secrets).await?;
    let token_file = RefreshTokenFile::new(
        plan,
        args.access.token_file.clone(),
        context,
        token_requests,
    )?;
    let recording = Recording::default();
    let client = spec::connect(
        plan,
        args.access.config.clone(),
        &token_file,
        &args.access.connection,
        RunBudget::new(),
        Some(&recording),
        context,
    )?;
    let mut live = Live {
        redaction: Redaction::new(&client),
        client: &client,
        recording,
        budget: Budget::default(),
    };
    let most = args.pages;
    let (mut pages, error) = live.fetch(&resource, most).await?;
    match error {
        Some(error) if pages.is_empty() => return Err(token_file.explain(error).into()),
        None if pages.is_empty() => {
            return Err(CommandError::failed(format!(
                "no page of `{}` arrived that can be read\n  help: `rest-source fetch SPEC {0} --raw` shows the response",
                source.resource
            )));
        }
        Some(error) => context
            .console
            .say(format_args!("note: the fetch ended early: {error}")),
        None => {}
    }
    let infer = |pages: &[Page]| infer_at(pages, source.resource, shape(pages).as_ref());
    let mut proposal = infer(&pages)?;
    let mut resource = resource;
    if !is_paged(source.text, source.resource) {
        let (found, tried) = live.paginator(source, &text, &proposal, &pages[0]).await?;
        match found {
            Some((finding, plan)) => {
                let (again, _) = live.fetch(&plan, most).await?;
                if again.len() > 1 || most == 1 && !again.is_empty() {
                    pages = again;
                    proposal = infer(&pages)?;
                }
                proposal.paginator = finding;
                resource = plan;
            }
            None => proposal.reject(tried, &pages),
        }
    } else if let Some(plan) = selected(source, &text, &proposal) {
        // A paginator that counts records ends where the spec finds none.
        let (again, _) = live.fetch(&plan, most).await?;
        if again.len() > pages.len() {
            pages = again;
            proposal = infer(&pages)?;
        }
        resource = plan;
    }
    let start = live
        .start_param(&connector, &resource, &proposal, &pages[0])
        .await?;
    if start.is_some() {
        proposal.cursor = start;
    }
    Ok(Discovery { pages, proposal })
}

/// The plan of a resource with the place of its records that was found, if the spec names none.
fn selected(source: &Source<'_>, text: &str, proposal: &Proposal) -> Option<Ref<ResourcePlan>> {
    let shape = &proposal.selector.value;
    if shape.selector().is_none() || has_in_endpoint(source.text, source.resource, "data_selector")
    {
        return None;
    }
    let text = with_selector(text, source.resource, shape)?;
    let connector = compile(source.file, &text).connector?;
    spec::resource(&connector.plan, Some(source.resource)).ok()
}

/// A client whose exchanges are recorded.
struct Live<'a> {
    client: &'a Client,
    redaction: Redaction<'a>,
    recording: Recording,
    budget: Budget,
}

impl Live<'_> {
    /// The first pages of a resource, and the error that ended the fetch.
    async fn fetch(
        &mut self,
        resource: &Ref<ResourcePlan>,
        most: u64,
    ) -> Result<(Vec<Page>, Option<rest_source::Error>), CommandError> {
        let mut stream = self.client.rows(resource).pages();
        let mut pages = Vec::new();
        let mut error = None;
        for _ in 0..most {
            match stream.next().await {
                Some(Ok(_)) => {}
                Some(Err(failed)) => error = Some(failed),
                None => break,
            }
            // The recording would keep the bodies of all pages.
            let ended = self.recording.take_ended();
            self.keep(resource, most, ended, &mut pages)?;
        }
        drop(stream);
        // The fetch may have been about to send its next request, which the next fetch must not take for its own.
        tokio::time::sleep(SETTLE).await;
        let rest = self.recording.take_all();
        self.keep(resource, most, rest, &mut pages)?;
        Ok((pages, error))
    }

    /// Keeps the pages of a resource among these exchanges, up to a number of pages.
    fn keep(
        &mut self,
        resource: &ResourcePlan,
        most: u64,
        exchanges: Vec<Exchange>,
        pages: &mut Vec<Page>,
    ) -> Result<(), CommandError> {
        for exchange in exchanges {
            let is_full = pages.len() as u64 == most;
            if !is_full && exchange.is_page() && is_of(resource, &exchange.request.url) {
                pages.extend(self.page(&exchange)?);
            }
        }
        Ok(())
    }

    /// The page of a response, without secrets; `None` if its end did not arrive.
    fn page(&mut self, exchange: &Exchange) -> Result<Option<Page>, CommandError> {
        let Outcome::Response { headers, body, .. } = &exchange.outcome else {
            return Ok(None);
        };
        if !body.is_whole || body.omitted > 0 {
            return Ok(None);
        }
        let redaction = &self.redaction;
        let redacted =
            |(name, value): (&str, &str)| (name.to_owned(), redaction.header(name, value));
        let request = Request {
            method: exchange.request.method.as_str().to_owned(),
            url: redaction.text(&exchange.request.url),
            headers: exchange.request.headers.iter().map(redacted).collect(),
            body: redaction.text(&String::from_utf8_lossy(&exchange.request.body)),
        };
        let headers = headers.iter().map(redacted).collect();
        let text = redaction.text(&String::from_utf8_lossy(&body.bytes));
        let page = Page::read(&request, headers, &text, &mut self.budget);
        page.map(Some).map_err(|error| {
            CommandError::failed(format!(
                "the response of {} {}: {error}\n  help: `infer` reads pages of JSON or JSON Lines",
                request.method, request.url
            ))
        })
    }

    /// The paginator that fetches a second page, with the plan of a resource that has it, and how many were tried.
    async fn paginator(
        &mut self,
        source: &Source<'_>,
        text: &str,
        proposal: &Proposal,
        first: &Page,
    ) -> Result<(Option<(Finding<Map>, Ref<ResourcePlan>)>, usize), CommandError> {
        let plan_with = |paginator: &Map| {
            let text = with_paginator(text, source.resource, paginator, &proposal.selector.value)?;
            let connector = compile(source.file, &text).connector?;
            spec::resource(&connector.plan, Some(source.resource)).ok()
        };
        let mut tried = 0;
        for trial in trials(proposal, first) {
            let Some(plan) = plan_with(&trial.paginator) else {
                continue;
            };
            tried += 1;
            // A response that is not a page says that the request is not right.
            let Ok((pages, _)) = self.fetch(&plan, 2).await else {
                continue;
            };
            let found = trial.judge(first, &pages, &proposal.selector.value);
            if let Some(found) = found
                && let Some(plan) = plan_with(&found.value)
            {
                return Ok((Some((found, plan)), tried));
            }
        }
        Ok((None, tried))
    }

    /// The cursor with the parameter that asks for records since a time, if there is one.
    async fn start_param(
        &mut self,
        connector: &Connector,
        resource: &Ref<ResourcePlan>,
        proposal: &Proposal,
        first: &Page,
    ) -> Result<Option<Finding<Map>>, CommandError> {
        let Some(cursor) = &proposal.cursor else {
            return Ok(None);
        };
        for trial in start_trials(proposal, first) {
            let given = [(trial.param.clone(), trial.value.clone())];
            let Ok(resource) = param::with(connector, resource, &given) else {
                continue;
            };
            let Ok((pages, _)) = self.fetch(&resource, 1).await else {
                continue;
            };
            let page = pages.first();
            let found = page.and_then(|page| trial.judge(cursor, page, &proposal.selector.value));
            if found.is_some() {
                return Ok(found);
            }
        }
        Ok(None)
    }
}

/// Whether a URL is one of a resource, and not of its parent: it has the literal parts of its path.
fn is_of(resource: &ResourcePlan, url: &str) -> bool {
    if resource.parent.is_none() {
        return true;
    }
    let mut rest = url.split('?').next().unwrap_or_default();
    for part in &resource.path.0 {
        if let Part::Text(text) = part {
            let Some(at) = rest.find(text.as_str()) else {
                return false;
            };
            rest = &rest[at + text.len()..];
        }
    }
    let ends = matches!(resource.path.0.last(), Some(Part::Text(_)));
    !ends || rest.is_empty()
}
