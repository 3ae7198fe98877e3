//! Parts of a fetch: which there are, and the fetch of one.

use std::collections::VecDeque;

use tokio::sync::mpsc;

use super::{
    Lists, ParentPartitions, Partition, PartitionSource, Runner, SinglePartition, run as run_source,
};
use crate::{
    Completeness, Error, ErrorKind, Report, Result, State,
    fetch::{
        FetchPart, FetchSpec,
        streams::{Delivery, SharedReport},
    },
    incremental::{self, PartitionCheckpoints, Request},
    parent::ParentRecord,
};

/// The most parts of a fetch.
const MOST: usize = 1_000_000;

/// The parts of a fetch, each with at most so many partitions.
pub(in crate::fetch) async fn plan(spec: &FetchSpec, most: usize) -> Result<Vec<FetchPart>> {
    let began = spec.began.unwrap_or_else(|| spec.client.clock().now());
    if let Some(parents) = &spec.resource.parent {
        let source = ParentPartitions::new(spec, parents)?;
        return Planner::new(began, most).plan(spec, source).await;
    }
    let incremental = spec.resource.incremental.as_ref();
    let has_windows = incremental.is_some_and(|plan| plan.windows.is_some());
    if has_windows || !spec.resource.partitions.is_empty() {
        let source = SinglePartition::new(spec);
        return Planner::new(began, most).plan(spec, source).await;
    }
    Ok(vec![FetchPart {
        began,
        records: None,
        window: None,
    }])
}

/// Collects the parts of a fetch.
struct Planner {
    began: std::time::SystemTime,
    most: usize,
    parts: Vec<FetchPart>,
    /// The partitions of the next part.
    records: Vec<ParentRecord>,
}

impl Planner {
    fn new(began: std::time::SystemTime, most: usize) -> Self {
        Self {
            began,
            most,
            parts: Vec::new(),
            records: Vec::new(),
        }
    }

    async fn plan<S: PartitionSource>(
        mut self,
        spec: &FetchSpec,
        source: S,
    ) -> Result<Vec<FetchPart>> {
        let report = SharedReport::default();
        let mut runner = Runner::new(spec, source, &report).await?;
        loop {
            let is_last = runner.source.is_exhausted();
            while let Some(partition) = runner.next_partition()? {
                self.add(partition)?;
            }
            if is_last {
                break;
            }
            runner.source.advance().await;
        }
        runner.source.take_error()?;
        for (name, completeness) in runner.source.completeness(None) {
            if let Some(error) = completeness.to_error() {
                return Err(error.with_detail(format!("the parts are those of {name}")));
            }
        }
        self.end_part();
        Ok(self.parts)
    }

    fn add(&mut self, partition: Partition) -> Result<()> {
        let window = partition
            .range
            .as_ref()
            .and_then(|range| range.window.as_ref());
        let window = window.map(incremental::Window::edges);
        match (partition.record, window) {
            (Some(record), None) => {
                self.records.push(record);
                if self.records.len() >= self.most {
                    self.end_part();
                }
            }
            (record, window) => {
                self.end_part();
                self.parts.push(FetchPart {
                    began: self.began,
                    records: record.map(|record| vec![record]),
                    window,
                });
            }
        }
        if self.parts.len() > MOST {
            let message = format!("the fetch has more than {MOST} parts");
            return Err(Error::new(ErrorKind::Config, message)
                .with_help("fetch more partitions in a part, or set a longer `step`"));
        }
        Ok(())
    }

    fn end_part(&mut self) {
        if !self.records.is_empty() {
            self.parts.push(FetchPart {
                began: self.began,
                records: Some(std::mem::take(&mut self.records)),
                window: None,
            });
        }
    }
}

/// Fetches one part to its end, or until the stream is dropped.
pub(in crate::fetch) async fn run(
    spec: FetchSpec,
    part: &FetchPart,
    stream: mpsc::Sender<Delivery>,
    report: SharedReport,
) {
    let source = Ok(GivenPartitions::new(&spec, part));
    run_source(spec, source, stream, report).await;
}

/// The partitions of a part.
struct GivenPartitions {
    name: String,
    /// The columns of their keys; `None` of a resource that is one partition.
    by: Option<Vec<String>>,
    waiting: VecDeque<Partition>,
}

impl GivenPartitions {
    fn new(spec: &FetchSpec, part: &FetchPart) -> Self {
        let partition = |record: Option<&ParentRecord>| Partition {
            record: record.cloned(),
            range: None,
            level: 0,
        };
        let parents = spec.resource.parent.as_ref();
        Self {
            name: parents.map_or_else(|| "its parts".to_owned(), |parents| parents.names()),
            by: part.records.as_ref().map(|records| {
                records
                    .first()
                    .map_or_else(Vec::new, |one| one.key.by.clone())
            }),
            waiting: match &part.records {
                Some(records) => records.iter().map(|one| partition(Some(one))).collect(),
                None => VecDeque::from([partition(None)]),
            },
        }
    }
}

impl PartitionSource for GivenPartitions {
    fn name(&self) -> String {
        self.name.clone()
    }

    fn checkpoints(&self, request: Request<'_>, _: &Lists) -> Result<Option<PartitionCheckpoints>> {
        if let Some(by) = &self.by {
            return PartitionCheckpoints::new(request, by.clone(), self.name());
        }
        let resource = request.resource;
        let range = incremental::range(request, None)?;
        Ok(range.map(|range| PartitionCheckpoints::of_one(resource, range, "")))
    }

    fn take(&mut self) -> Option<Partition> {
        self.waiting.pop_front()
    }

    async fn advance(&mut self) {}

    fn is_exhausted(&self) -> bool {
        self.waiting.is_empty()
    }

    fn has_all(&self) -> bool {
        false
    }

    fn take_error(&mut self) -> Result<()> {
        Ok(())
    }

    fn completeness(&self, _: Option<u64>) -> Vec<(String, Completeness)> {
        Vec::new()
    }

    fn add_to(&self, _: &mut Report) {}

    fn parents_state(&self) -> Option<State> {
        None
    }

    fn no_position(&self) -> Error {
        let message = "a part of a fetch has no position to be resumed from";
        Error::new(ErrorKind::Config, message).with_help("fetch the part again")
    }
}
