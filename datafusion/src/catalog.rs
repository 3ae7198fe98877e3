//! Schemas of the default catalog.

use std::sync::Arc;

use datafusion::{
    catalog::{MemorySchemaProvider, SchemaProvider},
    common::{Result, plan_datafusion_err},
    prelude::SessionContext,
};
use rest_source::Client;

use crate::table::ResourceTable;

/// Registers each resource of a source as a table of this schema, in the default catalog of a session: `media.stories`.
///
/// # Errors
///
/// When the session has no default catalog.
pub fn register(session: &SessionContext, schema: &str, client: &Client) -> Result<()> {
    let tables = MemorySchemaProvider::new();
    for resource in &client.plan().resources {
        let table = Arc::new(ResourceTable::new(client, resource));
        tables.register_table(resource.name.to_string(), table)?;
    }
    add_schema(session, schema, Arc::new(tables))
}

/// Adds a schema to the default catalog.
pub(crate) fn add_schema(
    session: &SessionContext,
    name: &str,
    tables: Arc<dyn SchemaProvider>,
) -> Result<()> {
    let config = session.copied_config();
    let catalog = &config.options().catalog.default_catalog;
    let catalog = session
        .catalog(catalog)
        .ok_or_else(|| plan_datafusion_err!("the session has no catalog `{catalog}`"))?;
    catalog.register_schema(name, tables)?;
    Ok(())
}
