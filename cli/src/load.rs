//! `rest-source load`.

use std::collections::BTreeMap;

use crate::{
    args::Load,
    context::Context,
    error::CommandError,
    interrupt::{NetworkCommand, TokenRequests},
    report::{ReportOptions, RunReport},
    several::{Job, Opened, report, run_all},
    source_load::{self, SourceLoad, SourceSpec},
    spec::shown,
};

/// What is said of a load that a signal ended.
const INTERRUPTED: &str =
    "interrupted: committed rows are kept, and the next load resumes from them";

/// How many specs are loaded at the same time.
const SPECS_AT_ONCE: usize = 4;

/// Loads sources into a database.
///
/// # Errors
///
/// If its report cannot be written to where the arguments say.
pub(crate) fn run(args: Load, context: &Context) -> Result<NetworkCommand, CommandError> {
    let reports = args.reports.clone();
    reported("load", &reports, context, |context, requests, report| {
        load(args, context, requests, report)
    })
}

/// A load that writes these reports.
///
/// # Errors
///
/// If a report cannot be written to where the arguments say.
pub(crate) fn reported<F>(
    name: &'static str,
    reports: &ReportOptions,
    context: &Context,
    load: impl FnOnce(Context, TokenRequests, RunReport) -> F,
) -> Result<NetworkCommand, CommandError>
where
    F: Future<Output = Result<(), CommandError>> + Send + 'static,
{
    let token_requests = TokenRequests::default();
    let report = RunReport::begin(name, reports, context)?;
    let load = load(context.clone(), token_requests.clone(), report.clone());
    Ok(NetworkCommand {
        report: Some(report),
        token_requests,
        // A destination decides by itself what is committed.
        ..NetworkCommand::new(load, INTERRUPTED)
    })
}

async fn load(
    args: Load,
    context: Context,
    token_requests: TokenRequests,
    run: RunReport,
) -> Result<(), CommandError> {
    if args.specs.len() > 1 {
        return load_all(args, context, token_requests, run).await;
    }
    let Some(spec) = args.specs.first() else {
        return Err(CommandError::usage("name a spec"));
    };
    let plan = source_load::check(spec, &args.options.base)?;
    let report = run.source(&plan);
    let context = context.with_sources(&args.access.secrets).await?;
    let source = SourceSpec {
        access: args.access,
        budget: args.budget.of_run(),
        lock: args.lock.clone(),
        options: args.options,
    };
    let source = SourceLoad::open(&plan, source, report, token_requests, &context)?;
    let database = args
        .lock
        .open(&args.to, args.schema.as_ref(), &context)
        .await?;
    let report = source.load(&*database).await;
    context.console.say(format_args!("{:#}", report?));
    Ok(())
}

/// Loads several specs into one destination at the same time.
async fn load_all(
    args: Load,
    context: Context,
    token_requests: TokenRequests,
    run: RunReport,
) -> Result<(), CommandError> {
    check_options_of_one(&args)?;
    let mut checked = Vec::new();
    let mut files = BTreeMap::new();
    for path in &args.specs {
        let plan = source_load::check(path, &args.options.base);
        if let Ok(plan) = &plan
            && let Some(first) = files.insert(plan.name.clone(), path)
        {
            return Err(CommandError::usage(format!(
                "`{}` and `{}` are both the source `{}`, whose states would be mixed up\n  \
                 help: name each spec once, or give one of them another `name`",
                shown(first),
                shown(path),
                plan.name
            )));
        }
        checked.push((path, plan));
    }
    let context = context.with_sources(&args.access.secrets).await?;
    let budget = args.budget.of_run();
    let mut sources = Vec::new();
    for (path, plan) in checked {
        let source = SourceSpec {
            access: args.access.clone(),
            budget: budget.clone(),
            lock: args.lock.clone(),
            options: args.options.clone(),
        };
        let (name, load) = match plan {
            Ok(plan) => {
                let (report, requests) = (run.source(&plan), token_requests.clone());
                let load = SourceLoad::open(&plan, source, report, requests, &context);
                (plan.name.to_string(), load)
            }
            Err(error) => (shown(path), Err(error)),
        };
        sources.push(Opened {
            name,
            destination: 0,
            database: 0,
            load,
        });
    }
    Opened::check_tables(&mut sources);
    let database = if sources.iter().any(|source| source.load.is_ok()) {
        Some(
            args.lock
                .open(&args.to, args.schema.as_ref(), &context)
                .await?,
        )
    } else {
        None
    };
    let jobs = sources.into_iter().map(|source| {
        let (database, run) = (&database, &run);
        Job::new(source.name, async move {
            let load = source.load.inspect_err(|error| run.add_error(error))?;
            match database {
                Some(database) => load.load(&**database).await,
                None => Err(CommandError::usage("no destination is open")),
            }
        })
    });
    let outcomes = run_all(jobs.collect(), SPECS_AT_ONCE).await;
    report(outcomes, &context.console)
}

/// Rejects options of one source beside several specs.
fn check_options_of_one(args: &Load) -> Result<(), CommandError> {
    let options = &args.options.base;
    let of_one = [
        (!args.access.config.is_empty(), "--config"),
        (args.access.token_file.is_some(), "--token-file"),
        (args.access.connection.base_url.is_some(), "--base-url"),
        (!options.resource.is_empty(), "--resource"),
        (options.since.is_some(), "--since"),
        (options.until.is_some(), "--until"),
    ];
    match of_one.iter().find(|(is_given, _)| *is_given) {
        Some((_, flag)) => Err(CommandError::usage(format!(
            "`{flag}` is of one source, and {} specs are given\n  \
             help: load that source alone; or list all sources with their options in a project file, for `rest-source run`",
            args.specs.len()
        ))),
        None => Ok(()),
    }
}
