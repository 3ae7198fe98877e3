//! Work in a queue in Postgres.

use rest_source::{
    Client, RunBudget,
    permits::{Lease, RateLimiting},
    plan::SourcePlan,
    shared::Ref,
};
use rest_source_load::{
    Loading,
    work::{self, WorkProgress, WorkQueue as _, WorkStatus, Worker},
};
use rest_source_load_postgres::{Options, Postgres, PostgresPermits};
use serde_json::json;

use super::{INTERRUPTED, Limiter, Plan, Queue, Run, Source, Status, StatusFormat};
use crate::{
    context::Context,
    destination::{self, To, postgres_options},
    error::CommandError,
    interrupt::{NetworkCommand, TokenRequests},
    refresh_token_file::RefreshTokenFile,
    source_load, spec,
};

impl Queue {
    fn options(&self, context: &Context) -> Result<Options, CommandError> {
        match destination::resolve(self.to.clone(), context)? {
            To::Postgres(url) => postgres_options(&url, self.schema.clone(), context),
            _ => Err(CommandError::usage(
                "the queue of `rest-source work` is a Postgres database\n  \
                 help: write `--to postgres://USER@HOST/DATABASE`; or load into other destinations by `rest-source load`",
            )),
        }
    }
}

/// A source that is connected.
struct Connected {
    client: Client,
    token_file: RefreshTokenFile,
}

impl Source {
    fn plan(&self) -> Result<Ref<SourcePlan>, CommandError> {
        Ok(spec::open(&self.spec)?.plan)
    }

    fn connect(
        self,
        plan: &Ref<SourcePlan>,
        budget: RunBudget,
        token_requests: TokenRequests,
        context: &Context,
    ) -> Result<Connected, CommandError> {
        let token_file =
            RefreshTokenFile::new(plan, self.access.token_file, context, token_requests)?;
        let client = spec::connect(
            plan,
            self.access.config,
            &token_file,
            &self.access.connection,
            budget,
            None,
            context,
        )?;
        Ok(Connected { client, token_file })
    }
}

/// Plans the work.
pub(super) async fn plan(args: Plan, context: Context) -> Result<(), CommandError> {
    let plan = source_load::check(&args.source.spec, &args.options)?;
    let context = context.with_sources(&args.source.access.secrets).await?;
    let options = args.queue.options(&context)?;
    let source =
        args.source
            .connect(&plan, RunBudget::new(), TokenRequests::default(), &context)?;
    let queue = options.connect().await?;
    let loading = Loading::new(&source.client, &queue);
    let loading = args.lock.apply(loading, &context.console);
    let loading = args.options.apply(loading);
    let planned = work::plan(loading, args.partitions.into(), args.replace).await;
    let planned = planned.map_err(|error| source.token_file.explain(error))?;
    for one in planned {
        let parts = counted(one.parts as u64, "part");
        context
            .console
            .say(format_args!("{}: {parts}", one.resource));
        for note in one.notes {
            context.console.say(format_args!("  {note}"));
        }
    }
    Ok(())
}

/// Runs a worker.
pub(super) fn run(args: Run, context: Context) -> NetworkCommand {
    let token_requests = TokenRequests::default();
    let command = work(args, context, token_requests.clone());
    NetworkCommand {
        token_requests,
        ..NetworkCommand::new(command, INTERRUPTED)
    }
}

async fn work(
    args: Run,
    context: Context,
    token_requests: TokenRequests,
) -> Result<(), CommandError> {
    let plan = args.source.plan()?;
    let context = context.with_sources(&args.source.access.secrets).await?;
    let options = args.queue.options(&context)?;
    let queue = options.clone().connect().await?;
    let limiting = match args.limiter {
        Limiter::Local => RateLimiting::Local,
        Limiter::Share(share) => RateLimiting::Share(share),
        Limiter::Lease => {
            let run = last_run(&queue, &plan).await?;
            let lease = Lease::new(PostgresPermits::connect(options).await?).run(run);
            RateLimiting::Lease(match args.limit_key {
                Some(key) => lease.key(key),
                None => lease,
            })
        }
    };
    let context = context.rate_limiting(limiting);
    let budget = args.budget.of_run();
    let source = args
        .source
        .connect(&plan, budget, token_requests, &context)?;
    let host = context.environment("HOSTNAME")?;
    let name = format!(
        "{}-{}",
        host.as_deref().unwrap_or("worker"),
        std::process::id()
    );
    let mut worker = Worker::new(&source.client, &queue, name)
        .lease(args.lease)
        .attempts(args.attempts);
    if let Some(count) = args.parts_at_once {
        worker = worker.parts_at_once(count);
    }
    let report = worker.run().await;
    let report = report.map_err(|error| source.token_file.explain(error))?;
    let console = &context.console;
    console.say(format_args!(
        "{}, {}, {}",
        counted(report.parts, "part"),
        counted(report.rows, "row"),
        counted(report.requests, "request"),
    ));
    if report.lost > 0 {
        let lost = counted(report.lost, "part");
        console.say(format_args!(
            "{lost} went to other workers: the leases expired"
        ));
    }
    for one in &report.resources {
        for line in one.omitted() {
            console.say(line);
        }
    }
    for (resource, rows) in &report.published {
        console.say(format_args!(
            "published {resource}: {}",
            counted(*rows, "row")
        ));
    }
    Ok(())
}

/// The run that the work of a source was planned with last.
async fn last_run(queue: &Postgres, plan: &SourcePlan) -> Result<String, CommandError> {
    let plans = queue.plans().await?;
    let own = plans.iter().filter(|one| {
        let rest = one.plan.source.strip_prefix(&*plan.name);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    });
    let last = own.max_by_key(|one| one.plan.planned);
    Ok(last.map_or_else(String::new, |one| one.plan.run.clone()))
}

/// Shows how the work stands.
pub(super) async fn status(args: Status, context: Context) -> Result<(), CommandError> {
    let context = context.with_sources(&args.secrets).await?;
    let queue = args.queue.options(&context)?.connect().await?;
    let plans = queue.plans().await?;
    let console = &context.console;
    match args.format {
        StatusFormat::Json => console.print(&json_text(&plans))?,
        StatusFormat::Text if plans.is_empty() => {
            console.say("no work was planned");
            true
        }
        StatusFormat::Text => {
            let lines: Vec<String> = plans.iter().map(line).collect();
            console.print(&lines.concat())?
        }
    };
    let failed = plans
        .iter()
        .filter(|one| one.progress == WorkProgress::Failed);
    let failed: Vec<String> = failed
        .map(|one| format!("`{}.{}`", one.plan.source, one.plan.resource))
        .collect();
    if failed.is_empty() {
        return Ok(());
    }
    let failed = failed.join(", ");
    Err(CommandError::failed(format!(
        "the work on {failed} failed, and nothing of it was published"
    )))
}

fn line(one: &WorkStatus) -> String {
    let plan = &one.plan;
    let mut line = format!(
        "{}.{}  {}  {}/{} parts, {} running, {}, {}\n",
        plan.source,
        plan.resource,
        one.progress.word(),
        one.done,
        one.parts,
        one.running,
        counted(one.rows, "row"),
        counted(one.requests, "request"),
    );
    if let Some(error) = &one.error {
        let error = error.lines().next().unwrap_or_default();
        line.extend(["  ", error, "\n"]);
    }
    line
}

fn json_text(plans: &[WorkStatus]) -> String {
    let plans: Vec<_> = plans
        .iter()
        .map(|one| {
            json!({
                "source": one.plan.source,
                "resource": one.plan.resource,
                "settings": one.plan.part,
                "planned": one.plan.planned.to_string(),
                "status": one.progress.word(),
                "parts": one.parts,
                "done": one.done,
                "running": one.running,
                "rows": one.rows,
                "requests": one.requests,
                "error": one.error,
            })
        })
        .collect();
    format!("{:#}\n", json!({ "work": plans }))
}

fn counted(count: u64, what: &str) -> String {
    if count == 1 {
        format!("1 {what}")
    } else {
        format!("{count} {what}s")
    }
}
