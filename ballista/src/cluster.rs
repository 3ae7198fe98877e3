//! A cluster, as the process that plans queries sees it.

use ballista_core::{execution_plans::execute_physical_plan, extension::SessionConfigExt as _};
use datafusion_proto::protobuf::PhysicalPlanNode;
use rest_source_datafusion::datafusion::{
    common::Result,
    dataframe::DataFrame,
    execution::SendableRecordBatchStream,
    prelude::{SessionConfig, SessionContext},
};

use crate::{codec::ResourceCodec, files::with_files};

/// A cluster of Ballista whose scheduler and executors are those of this crate.
#[derive(Clone, Debug)]
pub struct Cluster {
    scheduler: String,
}

impl Cluster {
    /// The cluster of the scheduler at this URL, such as `http://scheduler:50050`.
    pub fn new(scheduler: impl Into<String>) -> Self {
        Self {
            scheduler: scheduler.into(),
        }
    }

    /// A session to plan queries for the cluster in: a scan is divided into at most so many partitions. More than all
    /// executors run at a time keep them busy when some partitions take longer than others.
    pub fn session(&self, partitions: usize) -> SessionContext {
        let config = SessionConfig::new_with_ballista().with_target_partitions(partitions);
        SessionContext::new_with_config(config)
    }

    /// Runs a query of a [`session`](Self::session) on the cluster. The query was planned here, so that the scheduler needs
    /// no connector: it gets the plan.
    ///
    /// # Errors
    ///
    /// When the query cannot be planned, or the scheduler cannot be reached. Errors of the executors are in the stream.
    pub async fn run(&self, query: DataFrame) -> Result<SendableRecordBatchStream> {
        let (state, plan) = query.into_parts();
        let plan = with_files(state.create_physical_plan(&plan).await?)?;
        let config = state.config().clone();
        let options = config.ballista_config();
        execute_physical_plan::<PhysicalPlanNode>(
            self.scheduler.clone(),
            &options,
            plan,
            &ResourceCodec::of_plans(),
            state.session_id().to_owned(),
            config,
        )
        .await
    }
}
