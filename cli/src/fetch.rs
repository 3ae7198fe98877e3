//! `rest-source fetch`.

use rest_source::{
    Client, Error, ErrorKind, Fetch as Fetching, Rows, State,
    plan::{ResourcePlan, SourcePlan},
    shared::Ref,
};

use crate::{
    args::Fetch,
    console::Console,
    context::Context,
    error::CommandError,
    exchange::{FetchRecord, StartClock},
    format::Printer,
    interrupt::{LastWrite, NetworkCommand, TokenRequests},
    observer::Observer,
    param,
    refresh_token_file::RefreshTokenFile,
    report::RunReport,
    spec, state_file,
    telemetry::Telemetry,
};

/// Fetches a resource and prints its records, page by page.
///
/// # Errors
///
/// If its report cannot be written to where the arguments say.
pub(crate) fn run(args: Fetch, context: &Context) -> Result<NetworkCommand, CommandError> {
    let token_requests = TokenRequests::default();
    let last_write = LastWrite::default();
    let report = RunReport::begin("fetch", &args.reports, context)?;
    if report.is_on_stdout() {
        return Err(CommandError::usage(
            "the records are printed on stdout, so the report cannot be\n  help: write it to a file: `--report FILE`",
        ));
    }
    Ok(NetworkCommand {
        interrupted_message: if args.state.is_some() {
            "interrupted: the printed records are whole, and the state file is unchanged"
        } else {
            "interrupted: the printed records are whole"
        },
        future: Box::pin(fetch(
            args,
            context.clone(),
            token_requests.clone(),
            last_write.clone(),
            report.clone(),
        )),
        token_requests,
        last_write,
        report: Some(report),
        telemetry: Telemetry::default(),
    })
}

async fn fetch(
    args: Fetch,
    context: Context,
    token_requests: TokenRequests,
    last_write: LastWrite,
    report: RunReport,
) -> Result<(), CommandError> {
    let state = match &args.state {
        Some(path) => {
            state_file::can_write(path)?;
            state_file::read(path)?
        }
        None => None,
    };
    let run = Run {
        context,
        token_requests,
        last_write,
        report,
    };
    fetch_since(args, state, run).await
}

/// What a fetch runs in.
pub(crate) struct Run {
    pub(crate) context: Context,
    pub(crate) token_requests: TokenRequests,
    pub(crate) last_write: LastWrite,
    pub(crate) report: RunReport,
}

/// Fetches after a state.
pub(crate) async fn fetch_since(
    args: Fetch,
    state: Option<State>,
    run: Run,
) -> Result<(), CommandError> {
    let Run {
        context,
        token_requests,
        last_write,
        report,
    } = run;
    let connector = spec::open(&args.spec)?;
    let plan = &connector.plan;
    let source = report.source(plan);
    let resource = spec::resource(plan, args.resource.as_deref())?;
    let resource = param::with(&connector, &resource, &args.param)?;
    let clock = StartClock::new(context.own_clock());
    let context = context
        .with_sources(&args.access.secrets)
        .await?
        .clock(clock.clone());
    let console = &context.console;
    let token_file = RefreshTokenFile::new(
        plan,
        args.access.token_file.clone(),
        &context,
        token_requests,
    )?;
    let record = (args.save.as_ref())
        .map(|_| FetchRecord::new(&args, plan, state.as_ref(), &context))
        .transpose()?;
    let observer = Observer::new(&args, &resource, record, clock)?;
    let client = spec::connect(
        plan,
        args.access.config.clone(),
        &token_file,
        &args.access.connection,
        args.budget.of_run(),
        observer.recording(),
        &context,
    )?;
    let fetch = build_fetch(&client, plan, &resource, state, &args)?;
    let mut observer = observer.of(&client);
    let mut printer = Printer::new(args.format, args.names, &resource.table);
    let mut pages = fetch.pages();
    let since = pages.state();
    while let Some(page) = observer.next(&mut pages).await {
        let page = match page {
            Ok(page) => page,
            Err(error) => {
                // The report of a failed fetch names what was omitted before the failure.
                let report = pages.report();
                if report.pages > 0 {
                    console.say(&report);
                }
                let error = with_help_of_budget(token_file.explain(error), &args);
                source.failed(&resource, report.clone(), &error);
                return Err(observer.fail(console, &report, error));
            }
        };
        observer.save()?;
        if !args.raw && !console.print(printer.page(page.rows()))? {
            say_closed(&args, console);
            return Ok(());
        }
        let report = pages.report();
        source.running(&resource.name, report.clone());
    }
    source.fetched(&resource, pages.report());
    if args.raw {
        return observer.end(console, &pages.report());
    }
    let is_open = console.print(printer.end())?;
    observer.end(console, &pages.report())?;
    if !is_open {
        say_closed(&args, console);
        return Ok(());
    }
    let state = pages.state();
    if let (Some(path), Some(state)) = (&args.state, &state) {
        last_write.write(|| state_file::write(path, state))?;
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
            "  note: the state file is unchanged, because `--limit` omitted records: the next fetch starts at the \
             same point; with `row_order: asc` it would resume after these records",
        );
    }
    Ok(())
}

/// Says what a fetch whose budget was used up has kept.
fn with_help_of_budget(error: Error, args: &Fetch) -> Error {
    if *error.kind() != ErrorKind::Budget {
        return error;
    }
    let error = error.with_detail(if args.state.is_some() {
        "the printed records are whole, and the state file is unchanged: the next fetch returns them again"
    } else {
        "the printed records are whole"
    });
    error.with_help("raise the budget; or use `load`, which goes on after what it has stored")
}

/// Reports that the reader of stdout, such as `head`, left records that the next fetch returns again.
fn say_closed(args: &Fetch, console: &Console) {
    if args.state.is_some() {
        console.say("note: stdout was closed before the last record: the state file is unchanged");
    }
}

/// Builds the lazy fetch of the arguments.
fn build_fetch(
    client: &Client,
    plan: &SourcePlan,
    resource: &Ref<ResourcePlan>,
    state: Option<State>,
    args: &Fetch,
) -> Result<Fetching<Rows>, CommandError> {
    let mut fetch = client.rows(resource);
    if args.state.is_some() && !resource.has_state() {
        return Err(CommandError::usage(format!(
            "`{}` is not `incremental`, so it has no state\n  \
             help: remove `--state`, or declare `incremental` at {}:{}",
            resource.name, plan.spec, resource.line
        )));
    }
    if let Some(state) = state {
        fetch = fetch.since(state);
        if args.keep_state {
            fetch = fetch.keep_state();
        }
    }
    if let Some(since) = &args.since {
        fetch = fetch.from(since.as_str());
    }
    if let Some(until) = &args.until {
        fetch = fetch.until(until.as_str());
    }
    if let Some(limit) = args.limit {
        fetch = fetch.limit(limit);
    }
    Ok(fetch)
}
