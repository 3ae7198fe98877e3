//! The load of one source.

use std::path::Path;

use rest_source::{
    Client, RunBudget,
    plan::{ResourcePlan, SourcePlan, WriteDisposition},
    shared::{Ref, Text},
};
use rest_source_load::{
    Destination, LoadReport, Loading, ReplayReport, ResourcePreview, Verification, VerifyReport,
};

use crate::{
    args::SourceAccess, console::Console, context::Context, error::CommandError,
    interrupt::TokenRequests, lock::LockOptions, refresh_token_file::RefreshTokenFile,
    report::SourceReport, spec,
};

/// How resources are loaded, also in parts by several processes.
#[expect(clippy::struct_excessive_bools, reason = "one for each flag")]
#[derive(Clone, Debug, Default, clap::Args)]
pub(crate) struct BaseLoadOptions {
    /// Put this before the names of all tables. Each prefix has its own states
    #[arg(long, value_name = "PREFIX")]
    pub(crate) table_prefix: Option<String>,
    /// Write two more columns with each row: `_loaded_at` and `_load_id`
    #[arg(long)]
    pub(crate) stamp_rows: bool,
    /// Change tables that no load created: add columns, replace and delete rows
    #[arg(long)]
    pub(crate) adopt: bool,
    /// A resource to load, instead of all selected ones. Repeatable
    #[arg(long, value_name = "NAME")]
    pub(crate) resource: Vec<String>,
    /// Fetch everything again, and replace all stored rows
    #[arg(long)]
    pub(crate) full_refresh: bool,
    /// Fetch `incremental` resources from this cursor value on, instead of after the stored state. The state never
    /// moves back, nor over records that were not fetched
    #[arg(long, value_name = "VALUE", conflicts_with = "full_refresh")]
    pub(crate) since: Option<String>,
    /// Fetch records of `incremental` resources before this cursor value, instead of the spec's `end_value`
    #[arg(long, value_name = "VALUE", conflicts_with = "full_refresh")]
    pub(crate) until: Option<String>,
    /// Accept rows and states of another request (another setting, path, parameter or base URL), and keep the state
    /// of a table that was emptied
    #[arg(long, conflicts_with = "full_refresh")]
    pub(crate) keep_state: bool,
}

impl BaseLoadOptions {
    /// Passes the options to a load.
    pub(crate) fn apply<'a, D: Destination + ?Sized>(
        &self,
        mut loading: Loading<'a, D>,
    ) -> Loading<'a, D> {
        if self.adopt {
            loading = loading.adopt();
        }
        if self.stamp_rows {
            loading = loading.stamp_rows();
        }
        if self.full_refresh {
            loading = loading.full_refresh();
        }
        if self.keep_state {
            loading = loading.keep_state();
        }
        if let Some(prefix) = &self.table_prefix {
            loading = loading.table_prefix(prefix.clone());
        }
        if let Some(since) = &self.since {
            loading = loading.since(since.clone());
        }
        if let Some(until) = &self.until {
            loading = loading.until(until.clone());
        }
        for resource in &self.resource {
            loading = loading.resource(resource.clone());
        }
        loading
    }
}

/// How a source is loaded.
#[derive(Clone, Debug, Default, clap::Args)]
pub(crate) struct LoadOptions {
    #[command(flatten)]
    pub(crate) base: BaseLoadOptions,
    /// Keep the records that `schema_contract: {data_type: discard_row}` sets aside, in the table
    /// `_rest_source_rejects` of a database. `rest-source rejects` shows and replays them
    #[arg(long)]
    pub(crate) keep_rejects: bool,
    /// Go on after the last stored page of an interrupted load with this option
    #[arg(long)]
    pub(crate) resume: bool,
    /// Start over, also where an interrupted load of children would be resumed
    #[arg(long, conflicts_with = "resume")]
    pub(crate) start_over: bool,
}

impl From<BaseLoadOptions> for LoadOptions {
    fn from(base: BaseLoadOptions) -> Self {
        Self {
            base,
            ..Self::default()
        }
    }
}

/// A source to load.
pub(crate) struct SourceSpec {
    pub(crate) access: SourceAccess,
    pub(crate) budget: RunBudget,
    pub(crate) lock: LockOptions,
    pub(crate) options: LoadOptions,
}

/// A source whose spec is valid, and whose settings and secrets are present.
pub(crate) struct SourceLoad {
    client: Client,
    token_file: RefreshTokenFile,
    options: LoadOptions,
    lock: LockOptions,
    console: Console,
    report: SourceReport,
}

/// Reads and checks a spec, and that it has these resources.
pub(crate) fn check(
    path: &Path,
    options: &BaseLoadOptions,
) -> Result<Ref<SourcePlan>, CommandError> {
    let plan = spec::open(path)?.plan;
    for name in &options.resource {
        spec::resource(&plan, Some(name))?;
    }
    Ok(plan)
}

impl SourceLoad {
    /// Connects a source. Sends no request.
    pub(crate) fn open(
        plan: &Ref<SourcePlan>,
        source: SourceSpec,
        report: SourceReport,
        token_requests: TokenRequests,
        context: &Context,
    ) -> Result<Self, CommandError> {
        let token_file =
            RefreshTokenFile::new(plan, source.access.token_file, context, token_requests)?;
        let client = spec::connect(
            plan,
            source.access.config,
            &token_file,
            &source.access.connection,
            source.budget,
            None,
            context,
        )?;
        Ok(Self {
            client,
            token_file,
            options: source.options,
            lock: source.lock,
            console: context.console.clone(),
            report,
        })
    }

    /// The resources that are loaded.
    pub(crate) fn resources(&self) -> impl Iterator<Item = &Ref<ResourcePlan>> {
        let named = &self.options.base.resource;
        let resources = self.client.plan().resources.iter();
        resources.filter(move |resource| {
            if named.is_empty() {
                resource.selected
            } else {
                named.iter().any(|name| *name == resource.name)
            }
        })
    }

    /// What the load does to the table of a resource, in words before its name.
    pub(crate) fn writing(&self, resource: &ResourcePlan) -> &'static str {
        match resource.write_disposition {
            WriteDisposition::Skip => "skip",
            _ if self.options.base.full_refresh => "replace",
            WriteDisposition::Replace => "replace",
            WriteDisposition::Merge => "merge into",
            WriteDisposition::Append => "append to",
        }
    }

    /// The name of a resource's table.
    pub(crate) fn table(&self, resource: &ResourcePlan) -> Text {
        let prefix = self
            .options
            .base
            .table_prefix
            .as_deref()
            .unwrap_or_default();
        resource.with_stored_names(prefix).table.name.clone()
    }

    /// Loads the source into a destination.
    pub(crate) async fn load(
        &self,
        destination: &dyn Destination,
    ) -> Result<LoadReport, CommandError> {
        let report = self.loading(destination).await;
        let report = report.map_err(|mut failed| {
            failed.errors = failed
                .errors
                .into_iter()
                .map(|error| self.token_file.explain(error))
                .collect();
            self.report.load_failed(&failed);
            failed
        })?;
        self.report.loaded(&report);
        Ok(report)
    }

    /// Compares the destination with the source.
    pub(crate) async fn verify(
        &self,
        destination: &dyn Destination,
        what: Verification,
    ) -> Result<VerifyReport, CommandError> {
        let verified = self.loading(destination).verify(what).await;
        let mut report = verified.map_err(|error| self.token_file.explain(error))?;
        for one in &mut report.resources {
            if let Err(error) = &one.differences {
                one.differences = Err(self.token_file.explain(error.clone()));
            }
        }
        self.report.verified(&report);
        Ok(report)
    }

    /// What a load would do to the tables of a destination.
    pub(crate) async fn preview(
        &self,
        destination: &dyn Destination,
    ) -> Result<Vec<ResourcePreview>, CommandError> {
        Ok(self.loading(destination).preview().await?)
    }

    /// Writes the kept records that fit the spec now.
    pub(crate) async fn replay_rejects(
        &self,
        destination: &dyn Destination,
        overwrite: bool,
    ) -> Result<ReplayReport, CommandError> {
        let replayed = self.loading(destination).replay_rejects(overwrite).await;
        Ok(replayed?)
    }

    /// A load into a destination, with the options.
    fn loading<'a>(
        &'a self,
        destination: &'a dyn Destination,
    ) -> Loading<'a, dyn Destination + 'a> {
        let loading = Loading::new(&self.client, destination);
        let mut loading = self.lock.apply(loading, &self.console);
        let options = &self.options;
        loading = options.base.apply(loading);
        if options.keep_rejects {
            loading = loading.keep_rejects();
        }
        if options.resume {
            loading = loading.resume();
        }
        if options.start_over {
            loading = loading.start_over();
        }
        loading.on_progress(|progress| self.report.loading(&progress))
    }
}
