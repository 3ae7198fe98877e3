//! A resource as a table.

use std::sync::Arc;

use async_trait::async_trait;
use datafusion::{
    arrow::datatypes::SchemaRef,
    catalog::{Session, TableProvider},
    common::Result,
    error::DataFusionError,
    logical_expr::{Expr, TableProviderFilterPushDown, TableType},
    physical_plan::ExecutionPlan,
};
use rest_source::{Client, Error, plan::ResourcePlan, shared::Ref};

use crate::{exec::ResourceExec, filters, parts::parts, scan::Scan};

/// A resource as a table of DataFusion: a scan fetches its records.
///
/// ```no_run
/// # async fn example(client: rest_source::Client) -> Result<(), Box<dyn std::error::Error>> {
/// use std::sync::Arc;
///
/// use rest_source_datafusion::{ResourceTable, datafusion::prelude::SessionContext};
///
/// let session = SessionContext::new();
/// for resource in &client.plan().resources {
///     session.register_table(resource.name.as_str(), Arc::new(ResourceTable::new(&client, resource)))?;
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct ResourceTable {
    client: Client,
    resource: Ref<ResourcePlan>,
    schema: SchemaRef,
}

impl ResourceTable {
    /// A table of a resource of this client.
    pub fn new(client: &Client, resource: impl Into<Ref<ResourcePlan>>) -> Self {
        let resource = resource.into();
        Self {
            client: client.clone(),
            schema: rest_source_arrow::schema(&resource.table),
            resource,
        }
    }
}

#[async_trait]
impl TableProvider for ResourceTable {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    fn supports_filters_pushdown(
        &self,
        filters: &[&Expr],
    ) -> Result<Vec<TableProviderFilterPushDown>> {
        let support = |filter: &&Expr| filters::support(&self.resource, filter);
        Ok(filters.iter().map(support).collect())
    }

    async fn scan(
        &self,
        state: &dyn Session,
        projection: Option<&Vec<usize>>,
        filters: &[Expr],
        limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let pushdown =
            filters::pushdown(&self.client, &self.resource, filters).map_err(external)?;
        let most = match limit {
            Some(_) => 1,
            None => state.config().target_partitions(),
        };
        let parts = parts(&self.client, &self.resource, &pushdown, most).map_err(external)?;
        let projection = match projection {
            Some(projection) => projection.clone(),
            None => (0..self.schema.fields().len()).collect(),
        };
        let scan = Scan {
            resource: self.resource.clone(),
            partitions: parts.len().max(1),
            parts,
            projection,
            limit,
        };
        Ok(Arc::new(ResourceExec::new(&self.client, scan)))
    }
}

/// The error of a fetch as one of DataFusion, which keeps its message: see [`fetch_error`].
pub(crate) fn external(error: Error) -> DataFusionError {
    DataFusionError::External(Box::new(error))
}

/// The error of a fetch that ended a query; `None` for errors of the query itself.
pub fn fetch_error(error: &DataFusionError) -> Option<&Error> {
    let mut error: &(dyn std::error::Error + 'static) = error;
    loop {
        if let Some(found) = error.downcast_ref::<Error>() {
            return Some(found);
        }
        if let Some(DataFusionError::External(inner)) = error.downcast_ref()
            && let Some(found) = inner.downcast_ref::<Error>()
        {
            return Some(found);
        }
        error = error.source()?;
    }
}
