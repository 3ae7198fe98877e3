//! A scan as a scan of files, one for each part.
//!
//! Ballista divides a scan among tasks only where it knows the leaf of the plan: a scan of files. Any other leaf is executed
//! whole by each task, and the query would see its rows several times. So a scan travels to the scheduler as one of files that
//! nobody opens, and an executor gets the parts of those that are left.

use std::sync::Arc;

use rest_source::{Error, ErrorKind};
use rest_source_datafusion::{
    Part, ResourceExec, Scan,
    datafusion::{
        common::{
            Result,
            tree_node::{Transformed, TreeNode as _, TreeNodeRecursion},
        },
        datasource::{
            listing::PartitionedFile,
            object_store::ObjectStoreUrl,
            physical_plan::{
                FileGroup, FileOpener, FileScanConfig, FileScanConfigBuilder, FileSource,
            },
            source::{DataSource, DataSourceExec},
            table_schema::TableSchema,
        },
        error::DataFusionError,
        object_store::ObjectStore,
        physical_plan::{ExecutionPlan, PhysicalExpr, metrics::ExecutionPlanMetricsSet},
    },
};

/// The plan with its scans as scans of files.
pub(crate) fn with_files(plan: Arc<dyn ExecutionPlan>) -> Result<Arc<dyn ExecutionPlan>> {
    let replaced = plan.transform_up(|node| {
        Ok(match (*node).downcast_ref::<ResourceExec>() {
            Some(exec) => Transformed::yes(files_of(exec.clone())),
            None => Transformed::no(node),
        })
    })?;
    Ok(replaced.data)
}

/// The scan as one of files.
pub(crate) fn files_of(exec: ResourceExec) -> Arc<dyn ExecutionPlan> {
    let scan = exec.scan();
    let files = (0..scan.parts.len()).map(|at| vec![PartitionedFile::new(at.to_string(), 1)]);
    // The one partition of a scan without parts has no file.
    let groups = files.chain(std::iter::repeat(Vec::new()));
    let groups: Vec<FileGroup> = groups.take(scan.partitions).map(FileGroup::new).collect();
    let source = PartFiles {
        schema: TableSchema::from(exec.schema()),
        metrics: ExecutionPlanMetricsSet::new(),
        exec,
    };
    let url = ObjectStoreUrl::local_filesystem();
    let config = FileScanConfigBuilder::new(url, Arc::new(source)).with_file_groups(groups);
    DataSourceExec::from_data_source(config.build())
}

/// The scan of these files, with the parts that are left of it; `None` for any other plan.
pub(crate) fn scan_of(plan: &dyn ExecutionPlan) -> Option<ResourceExec> {
    let source: &dyn DataSource = &**plan.downcast_ref::<DataSourceExec>()?.data_source();
    let config = (source as &dyn std::any::Any).downcast_ref::<FileScanConfig>()?;
    let files: &dyn std::any::Any = &**config.file_source();
    let exec = &files.downcast_ref::<PartFiles>()?.exec;
    let parts = &exec.scan().parts;
    let part = |file: &PartitionedFile| -> Option<Part> {
        let at: usize = file.object_meta.location.as_ref().parse().ok()?;
        parts.get(at).cloned()
    };
    let left = config.file_groups.iter().flat_map(FileGroup::iter);
    let left: Option<Vec<Part>> = left.map(part).collect();
    Some(exec.with_scan(Scan {
        parts: left?,
        partitions: config.file_groups.len(),
        limit: config.limit.or(exec.scan().limit),
        ..exec.scan().clone()
    }))
}

/// The parts of a scan as files.
#[derive(Clone)]
struct PartFiles {
    exec: ResourceExec,
    schema: TableSchema,
    metrics: ExecutionPlanMetricsSet,
}

impl FileSource for PartFiles {
    fn create_file_opener(
        &self,
        _: Arc<dyn ObjectStore>,
        _: &FileScanConfig,
        _: usize,
    ) -> Result<Arc<dyn FileOpener>> {
        let error = no_executor(&self.exec.source_plan().name);
        Err(DataFusionError::External(Box::new(error)))
    }

    fn table_schema(&self) -> &TableSchema {
        &self.schema
    }

    fn with_batch_size(&self, _: usize) -> Arc<dyn FileSource> {
        Arc::new(self.clone())
    }

    fn metrics(&self) -> &ExecutionPlanMetricsSet {
        &self.metrics
    }

    fn file_type(&self) -> &'static str {
        "resource"
    }

    fn apply_expressions(
        &self,
        _: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>,
    ) -> Result<TreeNodeRecursion> {
        Ok(TreeNodeRecursion::Continue)
    }

    /// A part is not cut by bytes.
    fn supports_repartitioning(&self) -> bool {
        false
    }
}

/// The error of a fetch in a process that has no sources.
pub(crate) fn no_executor(source: &str) -> Error {
    let message = format!("this process passes plans of `{source}` on, and fetches nothing");
    Error::new(ErrorKind::Config, message).with_help("start `rest-source-executor` processes")
}
