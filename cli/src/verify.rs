//! `rest-source verify`.

use std::path::PathBuf;

use rest_source::ErrorKind;
use rest_source_load::{Verification, VerifyReport};

use crate::{
    args::SourceAccess,
    budget::Budget,
    context::Context,
    destination::{self, To},
    error::{CommandError, Exit},
    interrupt::{NetworkCommand, TokenRequests},
    load::reported,
    lock::LockOptions,
    logs::LogOptions,
    report::{ReportOptions, RunReport},
    source_load::{self, BaseLoadOptions, SourceLoad, SourceSpec},
    status::check_exists,
};

/// Compare a destination with its API, record by record
///
/// Fetches the records of resources, and compares each with the stored row of its key: which are missing, which differ
/// and in which columns, and which rows have no record any more. Exits with 4 if anything differs. Keys are printed,
/// values only with `--show-values`. Locks the resources, as `load` does, and leaves states as they are.
#[expect(clippy::struct_excessive_bools, reason = "one for each flag")]
#[derive(Debug, clap::Args)]
pub(crate) struct Verify {
    /// The spec, a YAML file
    pub(crate) spec: PathBuf,
    /// The resources to compare, instead of all selected ones
    #[arg(value_name = "RESOURCE")]
    pub(crate) resources: Vec<String>,
    /// The destination, a database, as for `load`
    #[arg(long, value_name = "DESTINATION", value_parser = destination::argument)]
    pub(crate) to: To,
    /// The schema of a Postgres database, instead of the first of its search path
    #[arg(long, value_name = "NAME")]
    pub(crate) schema: Option<String>,
    /// The prefix of the tables, as for `load`
    #[arg(long, value_name = "PREFIX")]
    pub(crate) table_prefix: Option<String>,
    /// Compare only so many pages of each resource. Rows without a record are not looked for then
    #[arg(long, value_name = "PAGES", value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) pages: Option<u64>,
    /// Compare records of `incremental` resources from this cursor value on. Rows without a record are not looked for
    #[arg(long, value_name = "VALUE")]
    pub(crate) since: Option<String>,
    /// Compare records of `incremental` resources before this cursor value. Rows without a record are not looked for
    #[arg(long, value_name = "VALUE")]
    pub(crate) until: Option<String>,
    /// Write the records that are missing or differ, in one transaction for each resource. Of resources with
    /// `write_disposition: replace`, delete the rows without a record
    #[arg(long)]
    pub(crate) repair: bool,
    /// Write the columns `_loaded_at` and `_load_id` with each row of a repair, as for `load`
    #[arg(long, requires = "repair")]
    pub(crate) stamp_rows: bool,
    /// Print the values that differ, and put them into the report
    #[arg(long)]
    pub(crate) show_values: bool,
    /// Accept rows and states of another request: another setting, path, parameter or base URL
    #[arg(long)]
    pub(crate) keep_state: bool,
    #[command(flatten)]
    pub(crate) budget: Budget,
    #[command(flatten)]
    pub(crate) lock: LockOptions,
    #[command(flatten)]
    pub(crate) access: SourceAccess,
    #[command(flatten)]
    pub(crate) logs: LogOptions,
    #[command(flatten)]
    pub(crate) reports: ReportOptions,
}

impl Verify {
    fn what(&self) -> Verification {
        let mut what = match self.pages {
            Some(pages) => Verification::pages(pages),
            None => Verification::whole(),
        };
        if self.repair {
            what = what.repair();
        }
        if self.show_values {
            what = what.with_values();
        }
        what
    }

    fn options(&self) -> BaseLoadOptions {
        BaseLoadOptions {
            table_prefix: self.table_prefix.clone(),
            stamp_rows: self.stamp_rows,
            resource: self.resources.clone(),
            since: self.since.clone(),
            until: self.until.clone(),
            keep_state: self.keep_state,
            ..BaseLoadOptions::default()
        }
    }
}

/// Compares a destination with its API.
///
/// # Errors
///
/// If its report cannot be written to where the arguments say.
pub(crate) fn run(args: Verify, context: &Context) -> Result<NetworkCommand, CommandError> {
    let reports = args.reports.clone();
    let command = reported("verify", &reports, context, |context, requests, report| {
        verify(args, context, requests, report)
    })?;
    Ok(NetworkCommand {
        interrupted_message: "interrupted: repaired resources stay so, and others are as they were",
        ..command
    })
}

async fn verify(
    args: Verify,
    context: Context,
    token_requests: TokenRequests,
    run: RunReport,
) -> Result<(), CommandError> {
    let (what, options) = (args.what(), args.options());
    let plan = source_load::check(&args.spec, &options)?;
    let report = run.source(&plan);
    let context = context.with_sources(&args.access.secrets).await?;
    let source = SourceSpec {
        access: args.access,
        budget: args.budget.of_run(),
        lock: args.lock.clone(),
        options: options.into(),
    };
    let source = SourceLoad::open(&plan, source, report, token_requests, &context)?;
    let to = destination::resolve(args.to, &context)?;
    check_exists(&to)?;
    let database = args.lock.open(&to, args.schema.as_ref(), &context).await?;
    let report = source.verify(&*database, what).await?;
    // A report for programs may be on stdout.
    context.console.say(&report);
    outcome(&report, &context)
}

/// The error of resources that could not be compared, or differ.
fn outcome(report: &VerifyReport, context: &Context) -> Result<(), CommandError> {
    let mut exit = Exit::Done;
    let (mut different, mut set_aside) = (Vec::new(), Vec::new());
    for one in &report.resources {
        match &one.differences {
            Ok(_) if one.is_all_set_aside() => set_aside.push(format!("`{}`", one.resource)),
            Ok(found) if found.is_equal_now() => {}
            Ok(_) => different.push(format!("`{}`", one.resource)),
            Err(error) => {
                // An API that states more records than it returned could not be compared.
                exit = match error.kind() {
                    ErrorKind::Budget if exit != Exit::Failed => Exit::Incomplete,
                    _ => Exit::Failed,
                };
                context.console.error(error);
            }
        }
    }
    if exit != Exit::Done {
        return Err(CommandError::reported(exit));
    }
    let mut reasons = Vec::new();
    if !different.is_empty() {
        reasons.push(format!(
            "the destination differs from the API: {}",
            different.join(", ")
        ));
    }
    if !set_aside.is_empty() {
        reasons.push(format!(
            "all records were set aside, outside the schema, and could not be compared: {}",
            set_aside.join(", ")
        ));
    }
    if reasons.is_empty() {
        return Ok(());
    }
    Err(CommandError::incomplete(reasons.join("; ")))
}
