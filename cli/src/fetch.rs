//! `rest-source fetch`.

use rest_source::{
    Fetch as Fetching, Rows,
    plan::{ResourcePlan, SourcePlan},
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
    let resource = spec::resource(plan, args.resource.as_deref())?;
    let resource = param::with(&connector, plan, resource, &args.param)?;
    let console = &context.console;
    let token = Keeper::new(plan, args.token_file.clone(), console, token_requests)?;
    let fetch = asked(plan, resource, &args, &token, &context)?;
    let mut printer = Printer::new(args.format, resource.table);
    let mut pages = fetch.pages();
    let progress = console.progress_beside_stdout();
    while let Some(page) = pages.next().await {
        let page = page.map_err(|error| token.tell(error))?;
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
    if let (Some(path), Some(state)) = (&args.state, pages.state()) {
        state::write(path, &state)?;
    }
    console.say(pages.report());
    Ok(())
}

/// What is to be fetched. Nothing is sent yet.
fn asked(
    plan: &'static SourcePlan,
    resource: &'static ResourcePlan,
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
