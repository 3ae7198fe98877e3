//! The tables of a query.

use std::path::{Path, PathBuf};

use rest_source_datafusion::{
    datafusion::{
        error::DataFusionError,
        prelude::{ParquetReadOptions, SessionContext},
    },
    register, register_sqlite,
};

use super::{Sql, budget, failed, invalid};
use crate::{
    context::Context, error::CommandError, interrupt::TokenRequests, project::ProjectFile,
    refresh_token_file::RefreshTokenFile, spec,
};

/// The project file of a command without other tables.
const PROJECT: &str = "rest-source.yaml";

/// The registered tables, and the refresh tokens of their sources.
pub(super) struct Tables {
    token_files: Vec<RefreshTokenFile>,
}

impl Tables {
    /// Registers the tables that a query names.
    pub(super) async fn register(
        session: &SessionContext,
        args: &Sql,
        context: &Context,
        requests: &TokenRequests,
    ) -> Result<Self, CommandError> {
        let mut tables = Self {
            token_files: Vec::new(),
        };
        let named = Schemas::of(session, &args.query)?;
        for (name, path) in &args.sqlite {
            let registered = register_sqlite(session, name, path);
            registered.map_err(|error| invalid(&error))?;
        }
        for (name, path) in &args.parquet {
            let options = ParquetReadOptions::default();
            let registered = session.register_parquet(name.as_str(), path, options).await;
            registered
                .map_err(|error| invalid(&error).at(&format!("`--parquet {name}={path}`: ")))?;
        }
        if args.spec.len() > 1 && (!args.config.is_empty() || args.connection.base_url.is_some()) {
            return Err(CommandError::usage(
                "`--config` and `--base-url` are those of one spec, and there are several\n  \
                 help: list the sources in a project file: `--project FILE`",
            ));
        }
        for path in &args.spec {
            tables
                .register_spec(path, session, args, context, requests, &named)
                .await?;
        }
        let has_others =
            !(args.spec.is_empty() && args.sqlite.is_empty() && args.parquet.is_empty());
        let project = match &args.project {
            None if has_others => return Ok(tables),
            None => PathBuf::from(PROJECT),
            Some(project) => project.clone(),
        };
        let file = ProjectFile::read(&project).map_err(|error| {
            error.with_help("name what to query: `--project FILE`, `--spec SPEC`, `--sqlite NAME=FILE`, `--parquet NAME=PATH`")
        })?;
        for name in file.names().filter(|name| named.have(name)) {
            let connected = file.connect(name, &args.secrets, context, requests).await;
            let (client, token_file) = connected?;
            register(session, name, &client).map_err(|error| invalid(&error))?;
            tables.token_files.push(token_file);
        }
        Ok(tables)
    }

    async fn register_spec(
        &mut self,
        path: &Path,
        session: &SessionContext,
        args: &Sql,
        context: &Context,
        requests: &TokenRequests,
        named: &Schemas,
    ) -> Result<(), CommandError> {
        let plan = spec::open(path)?.plan;
        if !named.have(&plan.name) {
            return Ok(());
        }
        let context = context.with_sources(&args.secrets).await?;
        let token_file = RefreshTokenFile::new(&plan, None, &context, requests.clone())?;
        let client = spec::connect(
            &plan,
            args.config.clone(),
            &token_file,
            &args.connection,
            budget(args),
            None,
            &context,
        )?;
        self.token_files.push(token_file);
        register(session, &plan.name, &client).map_err(|error| invalid(&error))
    }

    /// The error of a query that ran.
    pub(super) fn failed(&self, error: &DataFusionError) -> CommandError {
        let _ = &self.token_files;
        failed(error)
    }
}

/// The schemas that a query names.
struct Schemas {
    /// `None` if the query may name any: it lists them.
    names: Option<Vec<String>>,
}

impl Schemas {
    /// # Errors
    ///
    /// If the query is invalid.
    fn of(session: &SessionContext, query: &str) -> Result<Self, CommandError> {
        let state = session.state();
        let dialect = state.config().options().sql_parser.dialect;
        let statement = state
            .sql_to_statement(query, &dialect)
            .map_err(|error| invalid(&error))?;
        let references = state
            .resolve_table_references(&statement)
            .map_err(|error| invalid(&error))?;
        let names: Vec<String> = references
            .iter()
            .filter_map(|reference| reference.schema().map(str::to_owned))
            .collect();
        // `SHOW TABLES` names none.
        let is_listing =
            references.is_empty() || names.iter().any(|name| name == "information_schema");
        Ok(Self {
            names: (!is_listing).then_some(names),
        })
    }

    fn have(&self, name: &str) -> bool {
        let names = self.names.as_ref();
        names.is_none_or(|names| names.iter().any(|one| one == name))
    }
}
