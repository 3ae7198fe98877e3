//! `rest-source fetch`.

use rest_source::{
    Fetch as Fetching, Rows,
    plan::{ResourcePlan, SourcePlan},
    shared::Ref,
};

use crate::{
    args::Fetch, context::Context, format::Printer, interrupt::TokenRequests, param, run::Work,
    spec, state, stop::Stop, token::Keeper,
};

/// Fetches a resource and prints its records, page by page.
pub(crate) fn run(args: Fetch, context: &Context) -> Work {
    let token_requests = TokenRequests::default();
    Work {
        interrupted: if args.state.is_some() {
            "interrupted: the records that were printed are whole, the state is as it was"
        } else {
            "interrupted: the records that were printed are whole"
        },
        doing: Box::pin(fetch(args, context.clone(), token_requests.clone())),
        token_requests,
    }
}

async fn fetch(args: Fetch, context: Context, token_requests: TokenRequests) -> Result<(), Stop> {
    let (connector, plan) = spec::open(&args.spec)?;
    let resource = spec::resource(&plan, args.resource.as_deref())?;
    let resource = param::with(&connector, &plan, &resource, &args.param)?;
    let console = &context.console;
    let token = Keeper::new(&plan, args.token_file.clone(), console, token_requests)?;
    let fetch = asked(&plan, &resource, &args, &token, &context)?;
    let mut printer = Printer::new(args.format, args.names, &resource.table);
    let mut pages = fetch.pages();
    let since = pages.state();
    let progress = console.progress_beside_stdout();
    while let Some(page) = pages.next().await {
        let page = page.map_err(|error| {
            // What was left out until then is told, too.
            let report = pages.report();
            if report.pages > 0 {
                console.say(report);
            }
            token.tell(error)
        })?;
        if !console.print(&printer.page(page.rows()))? {
            return Ok(());
        }
        let report = pages.report();
        progress.show(format_args!(
            "{}: page {}, {} records",
            resource.name, report.pages, report.delivered
        ));
    }
    console.print(&printer.end())?;
    drop(progress);
    let state = pages.state();
    if let (Some(path), Some(state)) = (&args.state, &state) {
        state::write(path, state)?;
    }
    console.say(pages.report());
    let is_kept = state.map(|state| state.to_json()) == since.map(|state| state.to_json());
    if args.state.is_some()
        && args.limit.is_some()
        && is_kept
        && pages
            .completeness()
            .is_some_and(|completeness| completeness.is_limited_by_caller())
    {
        console.say(
            "  note: `--limit` left records out, so the state stays as it was: the next fetch starts \
             where this one did; with `row_order: asc` it would go on behind these records",
        );
    }
    Ok(())
}

/// What is to be fetched. Nothing is sent yet.
fn asked(
    plan: &Ref<SourcePlan>,
    resource: &Ref<ResourcePlan>,
    args: &Fetch,
    token: &Keeper,
    context: &Context,
) -> Result<Fetching<Rows>, Stop> {
    let client = spec::connect(plan, args.config.clone(), token, context)?;
    let mut fetch = client.rows(resource);
    if let Some(path) = &args.state {
        if resource.incremental.is_none() {
            return Err(Stop::usage(format!(
                "`{}` is not `incremental`, so that there is no state of it\n  \
                 help: leave `--state` out, or say in {}:{} how to ask for what is new",
                resource.name, plan.spec, resource.line
            )));
        }
        state::can_write(path)?;
        if let Some(state) = state::read(path)? {
            fetch = fetch.since(state);
            if args.keep_state {
                fetch = fetch.keep_state();
            }
        }
    }
    if let Some(limit) = args.limit {
        fetch = fetch.limit(limit);
    }
    Ok(fetch)
}
