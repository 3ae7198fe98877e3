//! The scan of a resource in a physical plan.

use std::{fmt, sync::Arc, time::Duration};

use datafusion::{
    arrow::{array::RecordBatch, datatypes::SchemaRef},
    common::{Result, internal_err, tree_node::TreeNodeRecursion},
    execution::{SendableRecordBatchStream, TaskContext},
    physical_expr::EquivalenceProperties,
    physical_plan::{
        DisplayAs, DisplayFormatType, ExecutionPlan, Partitioning, PhysicalExpr, PlanProperties,
        execution_plan::{Boundedness, EmissionType},
        metrics::{Count, ExecutionPlanMetricsSet, MetricBuilder, MetricsSet, Time},
        stream::RecordBatchStreamAdapter,
    },
};
use futures_util::stream;
use rest_source::{
    Client, Pages, Report, Rows,
    plan::{PartitionItems, SourcePlan},
    shared::Ref,
};
use rest_source_arrow::BatchBuilder;

use crate::{
    parts::{self, Part},
    scan::{Scan, ScanSource},
    table::external,
};

/// How many values of a list are shown.
const MOST_SHOWN: usize = 5;

/// Fetches the parts of a resource, one for each partition of the plan.
#[derive(Clone, Debug)]
pub struct ResourceExec {
    source: ScanSource,
    scan: Scan,
    schema: SchemaRef,
    properties: Arc<PlanProperties>,
    metrics: ExecutionPlanMetricsSet,
}

impl ResourceExec {
    /// A scan that fetches by this client.
    pub fn new(client: &Client, scan: Scan) -> Self {
        Self::of(ScanSource::Connected(client.clone()), scan)
    }

    /// A scan whose client is made where it is executed, and only then: a process that passes the plan on needs no
    /// secret. `settings` are the values of the source's settings, by name.
    pub fn connecting_later(
        plan: Ref<SourcePlan>,
        settings: Vec<(String, String)>,
        scan: Scan,
        connect: impl Fn() -> rest_source::Result<Client> + Send + Sync + 'static,
    ) -> Self {
        let connect = Arc::new(connect);
        let source = ScanSource::Later {
            plan,
            settings,
            connect,
        };
        Self::of(source, scan)
    }

    fn of(source: ScanSource, scan: Scan) -> Self {
        let columns = scan.projection.iter().copied();
        let builder = BatchBuilder::with_columns(&scan.resource.table, columns);
        let schema = Arc::clone(builder.schema());
        let partitioning = Partitioning::UnknownPartitioning(scan.partitions);
        let properties = PlanProperties::new(
            EquivalenceProperties::new(Arc::clone(&schema)),
            partitioning,
            EmissionType::Incremental,
            Boundedness::Bounded,
        );
        Self {
            source,
            scan,
            schema,
            properties: Arc::new(properties),
            metrics: ExecutionPlanMetricsSet::new(),
        }
    }

    /// The same source with another scan.
    pub fn with_scan(&self, scan: Scan) -> Self {
        Self::of(self.source.clone(), scan)
    }

    /// What it fetches.
    pub fn scan(&self) -> &Scan {
        &self.scan
    }

    /// The plan of the source.
    pub fn source_plan(&self) -> &SourcePlan {
        self.source.plan()
    }

    /// The settings of the source that have a value, by name. Secrets are none of them.
    pub fn settings(&self) -> Vec<(String, String)> {
        self.source.settings()
    }

    /// The pages of a part. No request is sent yet.
    fn pages(&self, part: &Part) -> rest_source::Result<Pages<Rows>> {
        let client = self.source.connect()?;
        let mut fetch = client.rows(&part.resource).full_refresh();
        if let Some(start) = &part.start {
            fetch = fetch.from(start.clone());
        }
        if let Some(end) = &part.end {
            fetch = fetch.until(end.clone());
        }
        if let Some(limit) = self.scan.limit {
            fetch = fetch.limit(limit as u64);
        }
        let columns = self.scan.projection.iter().copied();
        Ok(fetch.only_columns(columns).pages())
    }
}

impl ResourceExec {
    /// The values of a list in all parts, where the plan knows them.
    fn values(&self, at: usize) -> Option<String> {
        let mut shown: Vec<String> = Vec::new();
        for part in &self.scan.parts {
            let PartitionItems::Values(values) = &part.resource.partitions.get(at)?.values else {
                return None;
            };
            for value in values.iter().filter_map(parts::scalar) {
                let value = value.to_string();
                shown.extend(Some(value).filter(|value| !shown.contains(value)));
            }
        }
        let more = shown.len().saturating_sub(MOST_SHOWN);
        shown.truncate(MOST_SHOWN);
        if more > 0 {
            shown.push(format!("{more} more"));
        }
        Some(shown.join(", "))
    }
}

impl DisplayAs for ResourceExec {
    fn fmt_as(&self, _: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (source, resource) = (&self.source.plan().name, &self.scan.resource);
        let fields = self.schema.fields().iter();
        let columns: Vec<&str> = fields.map(|field| field.name().as_str()).collect();
        write!(f, "ResourceExec: {source}.{}", resource.name)?;
        write!(f, ", columns=[{}]", columns.join(", "))?;
        let (Some(first), Some(last)) = (self.scan.parts.first(), self.scan.parts.last()) else {
            return f.write_str(", empty");
        };
        if let Some(start) = &first.start {
            write!(f, ", start={start}")?;
        }
        if let Some(end) = &last.end {
            write!(f, ", end={end}")?;
        }
        for (at, list) in resource.partitions.iter().enumerate() {
            if let Some(values) = self.values(at) {
                write!(f, ", {}=[{values}]", list.name)?;
            }
        }
        if let Some(limit) = self.scan.limit {
            write!(f, ", limit={limit}")?;
        }
        write!(f, ", partitions={}", self.scan.parts.len())
    }
}

impl ExecutionPlan for ResourceExec {
    fn name(&self) -> &'static str {
        "ResourceExec"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        &self.properties
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        Vec::new()
    }

    fn apply_expressions(
        &self,
        _: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>,
    ) -> Result<TreeNodeRecursion> {
        Ok(TreeNodeRecursion::Continue)
    }

    fn with_new_children(
        self: Arc<Self>,
        children: Vec<Arc<dyn ExecutionPlan>>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        if children.is_empty() {
            Ok(self)
        } else {
            internal_err!("the scan of a resource has no children")
        }
    }

    fn execute(
        &self,
        partition: usize,
        context: Arc<TaskContext>,
    ) -> Result<SendableRecordBatchStream> {
        let Some(part) = self.scan.parts.get(partition) else {
            let nothing = stream::empty();
            let nothing = RecordBatchStreamAdapter::new(Arc::clone(&self.schema), nothing);
            return Ok(Box::pin(nothing));
        };
        let columns = self.scan.projection.iter().copied();
        let reading = Reading {
            pages: self.pages(part).map_err(external)?,
            builder: BatchBuilder::with_columns(&self.scan.resource.table, columns),
            page: None,
            batch_rows: context.session_config().batch_size(),
            metrics: Metrics::new(&self.metrics, partition),
        };
        let batches = stream::unfold(Some(reading), |reading| async {
            let mut reading = reading?;
            match reading.next().await {
                Ok(Some(batch)) => Some((Ok(batch), Some(reading))),
                Ok(None) => None,
                Err(error) => Some((Err(external(error)), None)),
            }
        });
        let schema = Arc::clone(&self.schema);
        Ok(Box::pin(RecordBatchStreamAdapter::new(schema, batches)))
    }

    fn metrics(&self) -> Option<MetricsSet> {
        Some(self.metrics.clone_inner())
    }

    fn fetch(&self) -> Option<usize> {
        self.scan.limit
    }

    fn with_fetch(&self, limit: Option<usize>) -> Option<Arc<dyn ExecutionPlan>> {
        Some(Arc::new(Self {
            scan: Scan {
                limit,
                ..self.scan.clone()
            },
            metrics: ExecutionPlanMetricsSet::new(),
            ..self.clone()
        }))
    }
}

/// The stream of a partition: one page is in memory, beside those that the fetch has requested ahead.
struct Reading {
    pages: Pages<Rows>,
    builder: BatchBuilder,
    /// The page that is being converted, and its next row.
    page: Option<(Rows, usize)>,
    batch_rows: usize,
    metrics: Metrics,
}

impl Reading {
    async fn next(&mut self) -> rest_source::Result<Option<RecordBatch>> {
        loop {
            if let Some((rows, at)) = &mut self.page {
                while let Some(row) = rows.get(*at)
                    && self.builder.rows() < self.batch_rows
                {
                    self.builder.append(row)?;
                    *at += 1;
                }
                if self.builder.rows() > 0 {
                    self.metrics.rows.add(self.builder.rows());
                    return self.builder.finish().map(Some);
                }
                self.page = None;
            }
            let page = self.pages.next().await;
            self.metrics.set(&self.pages.report());
            match page.transpose()? {
                Some(page) => self.page = Some((page.into_rows(), 0)),
                None => return Ok(None),
            }
        }
    }
}

/// What `EXPLAIN ANALYZE` shows of a partition.
struct Metrics {
    rows: Count,
    requests: Count,
    retries: Count,
    pages: Count,
    bytes: Count,
    waited: Time,
    /// What was counted before.
    counted: Counted,
}

#[derive(Default)]
struct Counted {
    requests: u64,
    retries: u64,
    pages: u64,
    bytes: u64,
    waited: Duration,
}

impl Counted {
    /// The numbers of a fetch, with those of its parents.
    fn of(report: &Report) -> Self {
        let mut all = report
            .of_parents
            .as_deref()
            .map(Self::of)
            .unwrap_or_default();
        all.requests += report.requests;
        all.retries += report.retries;
        all.pages += report.pages;
        all.bytes += report.bytes;
        all.waited += report.waited;
        all
    }
}

impl Metrics {
    fn new(set: &ExecutionPlanMetricsSet, partition: usize) -> Self {
        let counter = |name: &'static str| MetricBuilder::new(set).counter(name, partition);
        Self {
            rows: MetricBuilder::new(set).output_rows(partition),
            requests: counter("requests"),
            retries: counter("retries"),
            pages: counter("pages"),
            bytes: counter("bytes"),
            waited: MetricBuilder::new(set).subset_time("waited", partition),
            counted: Counted::default(),
        }
    }

    /// Counts what a report has beyond the one before.
    fn set(&mut self, report: &Report) {
        let now = Counted::of(report);
        let add = |count: &Count, before: u64, now: u64| {
            count.add(usize::try_from(now.saturating_sub(before)).unwrap_or(usize::MAX));
        };
        let before = &self.counted;
        add(&self.requests, before.requests, now.requests);
        add(&self.retries, before.retries, now.retries);
        add(&self.pages, before.pages, now.pages);
        add(&self.bytes, before.bytes, now.bytes);
        self.waited
            .add_duration(now.waited.saturating_sub(before.waited));
        self.counted = now;
    }
}
