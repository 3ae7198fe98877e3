//! The codec of plans with scans of resources.

use std::sync::Arc;

use ballista_core::serde::BallistaPhysicalExtensionCodec;
use datafusion_proto::physical_plan::{PhysicalExtensionCodec, PhysicalProtoConverterExtension};
use rest_source::{Error, ErrorKind};
use rest_source_datafusion::{
    ResourceExec,
    datafusion::{
        common::Result, error::DataFusionError, execution::TaskContext,
        physical_plan::ExecutionPlan,
    },
};

use crate::{files, message::Message, sources::Sources};

/// The first byte of a scan of a resource.
const RESOURCE: u8 = 1;
/// The first byte of a plan of Ballista's own.
const BALLISTA: u8 = 2;

/// Carries scans of resources between the processes of a cluster, beside the plans of Ballista.
#[derive(Debug, Default)]
pub struct ResourceCodec {
    /// `None` where plans are passed on and not executed.
    sources: Option<Arc<Sources>>,
    ballista: BallistaPhysicalExtensionCodec,
}

impl ResourceCodec {
    /// The codec of a process that plans queries, and of a scheduler. It needs no secrets.
    pub fn of_plans() -> Self {
        Self::default()
    }

    /// The codec of an executor, which fetches from these sources.
    pub fn of_executor(sources: Sources) -> Self {
        Self {
            sources: Some(Arc::new(sources)),
            ..Self::default()
        }
    }

    fn scan(&self, bytes: &[u8]) -> rest_source::Result<ResourceExec> {
        let message = Message::from_bytes(bytes)?;
        let id = message.source_id()?;
        let (plan, settings, scan) = message.into_parts()?;
        let sources = self.sources.clone();
        let (of_client, given) = (plan.clone(), settings.clone());
        Ok(ResourceExec::connecting_later(
            plan,
            settings,
            scan,
            move || match &sources {
                Some(sources) => sources.client(&id, &of_client, &given),
                None => Err(files::no_executor(&of_client.name)),
            },
        ))
    }
}

impl PhysicalExtensionCodec for ResourceCodec {
    fn try_decode(
        &self,
        bytes: &[u8],
        inputs: &[Arc<dyn ExecutionPlan>],
        context: &TaskContext,
        converter: &dyn PhysicalProtoConverterExtension,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        match bytes.split_first() {
            Some((&RESOURCE, scan)) => {
                let scan = self.scan(scan).map_err(external)?;
                Ok(match &self.sources {
                    Some(_) => Arc::new(scan),
                    None => files::files_of(scan),
                })
            }
            Some((&BALLISTA, plan)) => self.ballista.try_decode(plan, inputs, context, converter),
            _ => Err(external(
                Error::new(
                    ErrorKind::Config,
                    "the plan is of no process of rest-source",
                )
                .with_help(
                    "run `rest-source-scheduler` and `rest-source-executor`, not those of Ballista",
                ),
            )),
        }
    }

    fn try_encode(
        &self,
        node: Arc<dyn ExecutionPlan>,
        bytes: &mut Vec<u8>,
        converter: &dyn PhysicalProtoConverterExtension,
    ) -> Result<()> {
        if let Some(exec) = files::scan_of(&*node) {
            bytes.push(RESOURCE);
            let message = Message::of(&exec).and_then(|message| message.to_bytes());
            bytes.extend(message.map_err(external)?);
            return Ok(());
        }
        bytes.push(BALLISTA);
        self.ballista.try_encode(node, bytes, converter)
    }
}

fn external(error: Error) -> DataFusionError {
    DataFusionError::External(Box::new(error))
}

#[cfg(test)]
mod tests {
    use rest_source::{Client, Scalar};
    use rest_source_datafusion::{Part, Scan};

    use super::*;

    const SPEC: &str = r#"
name: shop
secrets: { token: {} }
client:
  base_url: "https://api.example.com"
  auth: { type: bearer, token: "{secrets.token}" }
  paginator: single_page
resources:
  - name: orders
    partitions: { shard: [a, b] }
    endpoint: { path: "/{partition.shard}/orders", incremental: { cursor_path: at } }
    write_disposition: append
    columns: { id: bigint!, at: timestamp! }
"#;

    fn bytes() -> Vec<u8> {
        let builder = rest_source_dynamic::client("shop.yaml", SPEC).unwrap();
        let client: Client = builder.secret("token", "k3y-of-the-house").build().unwrap();
        let resource = client.plan().resources[0].clone();
        let part = Part {
            resource: resource.clone(),
            start: Some(Scalar::Timestamp("2026-11-21T09:30:00Z".parse().unwrap())),
            end: None,
        };
        let scan = Scan {
            resource,
            parts: vec![part],
            partitions: 1,
            projection: vec![1],
            limit: Some(7),
        };
        let exec = ResourceExec::new(&client, scan);
        Message::of(&exec).unwrap().to_bytes().unwrap()
    }

    #[test]
    fn a_scan_arrives_as_it_was_sent_and_holds_no_secret() {
        let sent = bytes();
        let text = String::from_utf8(sent.clone()).unwrap();
        assert!(text.contains("token") && !text.contains("k3y"), "{text}");
        let exec = ResourceCodec::of_plans().scan(&sent).unwrap();
        let scan = exec.scan();
        assert_eq!(scan.resource.name, "orders");
        assert_eq!(scan.parts[0].resource.partitions.len(), 1);
        assert_eq!(
            scan.parts[0].start.as_ref().unwrap().to_string(),
            "2026-11-21T09:30:00Z"
        );
        assert_eq!(
            (scan.projection.as_slice(), scan.limit),
            (&[1][..], Some(7))
        );
        assert_eq!(Message::of(&exec).unwrap().to_bytes().unwrap(), sent);
    }

    #[test]
    fn a_plan_of_another_version_or_one_that_was_changed_is_an_error() {
        let text = String::from_utf8(bytes()).unwrap();
        let codec = ResourceCodec::of_plans();
        let other = text.replace(env!("CARGO_PKG_VERSION"), "0.0.9");
        let error = codec.scan(other.as_bytes()).unwrap_err().to_string();
        assert!(error.contains("rest-source 0.0.9"), "{error}");
        let changed = text.replace("api.example.com", "evil.example.com");
        let error = codec.scan(changed.as_bytes()).unwrap_err().to_string();
        assert!(error.contains("not the one that was sent"), "{error}");
        assert!(codec.scan(b"{}").is_err());
    }
}
