//! A scan of a resource as data, and the source that it fetches from.

use std::{fmt, sync::Arc};

use rest_source::{
    Client, Result, Scalar,
    plan::{ResourcePlan, SourcePlan},
    shared::Ref,
};

use crate::parts::Part;

/// What a scan fetches: plain data, without a client and without a secret.
#[derive(Clone, Debug)]
pub struct Scan {
    /// The resource.
    pub resource: Ref<ResourcePlan>,
    /// What is fetched side by side, a partition of the plan each.
    pub parts: Vec<Part>,
    /// The partitions of the plan: as many as parts, but one if the whole scan has none, since DataFusion needs one. A task
    /// of a cluster may have none.
    pub partitions: usize,
    /// The positions of the columns, in the order of the rows.
    pub projection: Vec<usize>,
    /// The most rows of each part.
    pub limit: Option<usize>,
}

/// The source of a scan. Another process has its plan and its settings, and connects when it fetches.
#[derive(Clone)]
pub(crate) enum ScanSource {
    Connected(Client),
    Later {
        plan: Ref<SourcePlan>,
        settings: Vec<(String, String)>,
        connect: Arc<Connect>,
    },
}

type Connect = dyn Fn() -> Result<Client> + Send + Sync;

impl ScanSource {
    pub(crate) fn plan(&self) -> &SourcePlan {
        match self {
            Self::Connected(client) => client.plan(),
            Self::Later { plan, .. } => plan,
        }
    }

    pub(crate) fn connect(&self) -> Result<Client> {
        match self {
            Self::Connected(client) => Ok(client.clone()),
            Self::Later { connect, .. } => connect(),
        }
    }

    /// The settings that have a value, by name.
    pub(crate) fn settings(&self) -> Vec<(String, String)> {
        match self {
            Self::Connected(client) => {
                let named = client.plan().config.iter().zip(client.config());
                let given = named.filter(|(_, value)| **value != Scalar::Null);
                given
                    .map(|(setting, value)| (setting.name.to_string(), value.to_string()))
                    .collect()
            }
            Self::Later { settings, .. } => settings.clone(),
        }
    }
}

impl fmt::Debug for ScanSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ScanSource({})", self.plan().name)
    }
}
