//! The servers of a cluster.

use std::sync::Arc;

use ballista_executor::executor_process::ExecutorProcessConfig;
use ballista_scheduler::config::SchedulerConfig;

use crate::{codec::ResourceCodec, sources::Sources};

/// Ballista's default configuration of a scheduler that knows scans of resources: for
/// [`start_server`](ballista_scheduler::scheduler_process::start_server).
pub fn scheduler() -> SchedulerConfig {
    SchedulerConfig {
        override_physical_codec: Some(Arc::new(ResourceCodec::of_plans())),
        ..SchedulerConfig::default()
    }
}

/// Ballista's default configuration of an executor that fetches from these sources: for
/// [`start_executor_process`](ballista_executor::executor_process::start_executor_process).
pub fn executor(sources: Sources) -> ExecutorProcessConfig {
    ExecutorProcessConfig {
        override_physical_codec: Some(Arc::new(ResourceCodec::of_executor(sources))),
        ..ExecutorProcessConfig::default()
    }
}
