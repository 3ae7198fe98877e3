//! Work for several processes: the parts of resources in a queue, which workers fetch, and publish as one load.
//!
//! [`plan`] divides resources into parts: windows of the range, combinations of `partitions`, records of parents in
//! batches. It stores them in a [`WorkQueue`], with the state from which they are fetched. [`Worker::run`] claims parts one
//! after the other, in any number of processes, and stages their rows. The worker that ends the last part of a resource
//! publishes the rows of all parts and the next state, in one transaction.
//!
//! A part that is fetched again, because its worker was killed or its lease expired, replaces its staged rows. So each
//! record is published once, also of resources that are appended and have no key. If a part fails, nothing is published:
//! the table and its state are those before.
//!
//! A worker fetches only plans of its own spec, settings and version of rest-source.

mod options;
mod queue;
mod worker;

use rest_source::{Error, ErrorKind, Result};

use self::{options::WorkOptions, queue::VERSION};
pub use self::{
    queue::{Claim, PartDone, WorkPlan, WorkProgress, WorkQueue, WorkStatus},
    worker::{WorkedResource, Worker, WorkerReport, target},
};
use crate::{Loading, load_locks::run_id, resource_load, resumption::Resumption};

/// A resource that was planned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlannedResource {
    /// Its name.
    pub resource: String,
    /// The number of its parts.
    pub parts: usize,
    /// Notes, as those of a load's report.
    pub notes: Vec<String>,
}

/// Plans the load of resources in parts: of the resources and with the options of `loading`, which is not awaited.
/// `partitions` is the number of combinations of lists, or of parents' records, in a part. Fetches the parents now.
///
/// With `replace`, unfinished work on the same resources is discarded.
///
/// # Errors
///
/// [`ErrorKind::Locked`] if a load of a resource runs, or its work is unfinished; [`ErrorKind::Config`] if a resource
/// cannot be divided; errors of the parents' fetch. Nothing is planned then, or the resources before the error are.
pub async fn plan<Q: WorkQueue + ?Sized>(
    loading: Loading<'_, Q>,
    partitions: usize,
    replace: bool,
) -> Result<Vec<PlannedResource>> {
    let mut loading = loading.start_over();
    let resources = loading.resources()?;
    loading.check_range(&resources)?;
    loading.check_prefix()?;
    let run = run_id();
    let names: Vec<String> = resources.iter().map(|one| one.name.to_string()).collect();
    let targets: Vec<_> = resources
        .iter()
        .filter(|one| one.write_disposition != rest_source::plan::WriteDisposition::Skip)
        .map(|one| loading.target(one, &run.clone().into(), &names))
        .collect();
    let options = WorkOptions::of(&loading)?;
    let locks = loading.lock(&targets, &run.clone().into()).await?;
    let mut planned = Vec::new();
    let mut ended = Ok(());
    for (target, number) in targets.iter().zip(1..) {
        let resource = async {
            let (fetch, notes) = resource_load::open_for_parts(&loading, target).await?;
            let parts = fetch.plan_parts(partitions).await?;
            let plan = WorkPlan {
                id: format!("{run}-{number}"),
                run: run.clone(),
                source: target.scope(),
                resource: target.resource.name.to_string(),
                part: target.part(),
                version: VERSION,
                hash: Resumption::new(target, loading.client).hash(),
                options: options.to_text(),
                state: fetch.pages().state().map(|state| state.to_json()),
                planned: target.stamp.unwrap_or_else(|| loading.client.now()),
            };
            loading
                .destination
                .add(&plan, target, &parts, replace)
                .await?;
            Ok(PlannedResource {
                resource: plan.resource,
                parts: parts.len(),
                notes,
            })
        };
        match resource.await {
            Ok(resource) => planned.push(resource),
            Err(error) => {
                ended = Err(named(error, &target.resource.name));
                break;
            }
        }
    }
    locks.release().await;
    ended.map(|()| planned)
}

/// Adds the resource's name to an error that has none.
fn named(error: Error, resource: &str) -> Error {
    match error.resource() {
        Some(_) => error,
        None => error.with_resource(resource.to_owned()),
    }
}

/// The error for a plan of another version.
fn other_version(plan: &WorkPlan) -> Option<Error> {
    (plan.version != VERSION).then(|| {
        other_plan(format!(
            "the work on `{}` was planned by another version of rest-source: its plan has version {}, and this one \
             reads version {VERSION}",
            plan.resource, plan.version
        ))
    })
}

/// The error for a plan of another spec.
fn other_hash(plan: &WorkPlan, hash: &str) -> Option<Error> {
    (plan.hash != hash).then(|| {
        other_plan(format!(
            "the work on `{}` was planned with another spec, other settings or another version of rest-source: its \
             hash is {}, and here it is {hash}",
            plan.resource, plan.hash
        ))
    })
}

fn other_plan(message: String) -> Error {
    Error::new(ErrorKind::Config, message).with_help(
        "run workers with the spec, the settings and the version that planned it; or plan it again by \
         `rest-source work plan --replace`",
    )
}
