//! A scan as bytes.

use rest_source::{
    Error, ErrorKind, Result,
    plan::{PartitionPlan, ResourcePlan, SourcePlan},
    shared::{List, Ref},
};
use rest_source_datafusion::{Part, ResourceExec, Scan};
use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::xxh3_128;

use crate::cursor::Cursor;

/// The values of settings, by name.
type Settings = Vec<(String, String)>;

/// What one process tells another to fetch. It has no field for a secret.
#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Message {
    /// The version of this crate.
    version: String,
    /// Of the source and the resource, as JSON.
    hash: String,
    /// The plan of the source: its resources say which credentials there are.
    source: SourcePlan,
    settings: Settings,
    resource: ResourcePlan,
    parts: Vec<PartMessage>,
    partitions: usize,
    projection: Vec<usize>,
    limit: Option<usize>,
}

#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct PartMessage {
    partitions: List<PartitionPlan>,
    start: Option<Cursor>,
    end: Option<Cursor>,
}

/// The version alone, of a message that may be of any.
#[derive(Deserialize)]
struct Version {
    version: String,
}

const VERSION: &str = env!("CARGO_PKG_VERSION");

impl Message {
    pub(crate) fn of(exec: &ResourceExec) -> Result<Self> {
        let scan = exec.scan();
        let part = |part: &Part| {
            Ok(PartMessage {
                partitions: part.resource.partitions.clone(),
                start: part.start.as_ref().map(Cursor::of).transpose()?,
                end: part.end.as_ref().map(Cursor::of).transpose()?,
            })
        };
        let source = exec.source_plan().clone();
        let resource = ResourcePlan::clone(&scan.resource);
        Ok(Self {
            version: VERSION.to_owned(),
            hash: hash(&(&source, &resource))?,
            source,
            settings: exec.settings(),
            resource,
            parts: scan.parts.iter().map(part).collect::<Result<_>>()?,
            partitions: scan.partitions,
            projection: scan.projection.clone(),
            limit: scan.limit,
        })
    }

    pub(crate) fn to_bytes(&self) -> Result<Vec<u8>> {
        serde_json::to_vec(self).map_err(|error| unreadable(&error))
    }

    /// # Errors
    ///
    /// When it is of another version, or its plan is not the one that was sent.
    pub(crate) fn from_bytes(bytes: &[u8]) -> Result<Self> {
        let Version { version } = serde_json::from_slice(bytes).map_err(|e| unreadable(&e))?;
        if version != VERSION {
            let message =
                format!("the plan is of rest-source {version}, and this process is {VERSION}");
            return Err(Error::new(ErrorKind::Config, message).with_help(
                "run one version in the process that plans, in the scheduler and in the executors",
            ));
        }
        let message: Self = serde_json::from_slice(bytes).map_err(|e| unreadable(&e))?;
        let found = hash(&(&message.source, &message.resource))?;
        if found != message.hash {
            let text = format!(
                "the plan of `{}` is not the one that was sent: its hash is {found}, not {}",
                message.source.name, message.hash
            );
            return Err(Error::new(ErrorKind::Config, text)
                .with_help("build all processes of the cluster of the same source"));
        }
        Ok(message)
    }

    /// What sources with the same plan and settings have in common.
    pub(crate) fn source_id(&self) -> Result<String> {
        hash(&(&self.source, &self.settings))
    }

    /// The plan and the settings of the source, and the scan.
    pub(crate) fn into_parts(self) -> Result<(Ref<SourcePlan>, Settings, Scan)> {
        let resource = Ref::from(self.resource);
        let part = |part: PartMessage| {
            Ok(Part {
                resource: Ref::from(ResourcePlan {
                    partitions: part.partitions,
                    ..ResourcePlan::clone(&resource)
                }),
                start: part.start.map(Cursor::into_scalar).transpose()?,
                end: part.end.map(Cursor::into_scalar).transpose()?,
            })
        };
        let parts = self.parts.into_iter().map(part).collect::<Result<_>>()?;
        let scan = Scan {
            resource: resource.clone(),
            parts,
            partitions: self.partitions,
            projection: self.projection,
            limit: self.limit,
        };
        Ok((self.source.into(), self.settings, scan))
    }
}

fn hash(value: &impl Serialize) -> Result<String> {
    let json = serde_json::to_vec(value).map_err(|error| unreadable(&error))?;
    Ok(format!("{:032x}", xxh3_128(&json)))
}

fn unreadable(error: &serde_json::Error) -> Error {
    Error::new(
        ErrorKind::Config,
        format!("the plan of a scan cannot be read: {error}"),
    )
    .with_help("run one version in the process that plans, in the scheduler and in the executors")
}
