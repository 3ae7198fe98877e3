//! `rest-source load`.

use rest_source_load::Loading;

use crate::{
    args::Load,
    context::Context,
    destination,
    error::CommandError,
    interrupt::{LastWrite, NetworkCommand, TokenRequests},
    refresh_token_file::RefreshTokenFile,
    report::RunReport,
    spec,
};

/// Loads a source into a database.
///
/// # Errors
///
/// If its report cannot be written to where the arguments say.
pub(crate) fn run(args: Load, context: &Context) -> Result<NetworkCommand, CommandError> {
    let token_requests = TokenRequests::default();
    let report = RunReport::begin("load", &args.reports, context)?;
    let load = load(
        args,
        context.clone(),
        token_requests.clone(),
        report.clone(),
    );
    Ok(NetworkCommand {
        future: Box::pin(load),
        report: Some(report),
        token_requests,
        // A destination decides by itself what is committed.
        last_write: LastWrite::default(),
        interrupted_message: "interrupted: committed rows are kept, and the next load resumes from them",
    })
}

async fn load(
    args: Load,
    context: Context,
    token_requests: TokenRequests,
    run: RunReport,
) -> Result<(), CommandError> {
    let plan = spec::open(&args.spec)?.plan;
    let source = run.source(&plan);
    for name in &args.resource {
        spec::resource(&plan, Some(name))?;
    }
    let context = context.with_sources(&args.secrets).await?;
    let console = &context.console;
    let token_file = RefreshTokenFile::new(&plan, args.token_file, console, token_requests)?;
    let client = spec::connect(
        &plan,
        args.config,
        &token_file,
        &args.connection,
        args.budget.of_run(),
        None,
        &context,
    )?;
    let database = destination::open(args.to, args.schema, &context).await?;
    let mut loading = Loading::new(&client, &*database);
    if args.adopt {
        loading = loading.adopt();
    }
    if args.stamp_rows {
        loading = loading.stamp_rows();
    }
    if args.full_refresh {
        loading = loading.full_refresh();
    }
    if let Some(prefix) = args.table_prefix {
        loading = loading.table_prefix(prefix);
    }
    if args.resume {
        loading = loading.resume();
    }
    if args.start_over {
        loading = loading.start_over();
    }
    if args.keep_state {
        loading = loading.keep_state();
    }
    if let Some(since) = args.since {
        loading = loading.since(since);
    }
    if let Some(until) = args.until {
        loading = loading.until(until);
    }
    for name in args.resource {
        loading = loading.resource(name);
    }
    let progress = console.progress();
    let report = loading
        .on_progress(|done| {
            source.running(&done.resource, done.rows, None);
            progress.show(format_args!(
                "{}: page {}, {} rows written",
                done.resource, done.pages, done.rows
            ));
        })
        .await;
    drop(progress);
    let report = report.map_err(|mut failed| {
        failed.errors = failed
            .errors
            .into_iter()
            .map(|error| token_file.explain(error))
            .collect();
        source.load_failed(&failed);
        failed
    })?;
    source.loaded(&report);
    console.say(format_args!("{report:#}"));
    Ok(())
}
