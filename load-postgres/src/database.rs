//! Postgres below the SQL core.

use std::{
    collections::{BTreeMap, HashMap},
    future::Future,
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use futures_util::{
    TryFutureExt,
    future::{Either, select},
};
use rest_source::{Column, Error, ErrorKind, Result, Rows, Scalar, Type};
use rest_source_load::{
    LockHolder, ResourceKey,
    sql::{Database, Existing, StoredColumn, WritePlan, quote, texts},
};
use tokio::runtime::Handle;
use tokio_postgres::{Client, Statement, types::ToSql};

use crate::{
    copy,
    errors::{failed, not_connected},
    options::Options,
    parameter::{Cell, Parameter},
    types::Stored,
};

/// The constraint that marks the tables of loads.
const MARK: &str = "created_by_rest_source";

/// A connection to a database.
pub(crate) struct PostgresDatabase {
    options: Arc<Options>,
    /// The connection is driven by tasks of this runtime.
    runtime: Handle,
    client: Client,
    statements: HashMap<String, Statement>,
    /// The loads whose locks this connection holds.
    runs: Vec<String>,
    /// The resources whose locks it holds, and for which load.
    resources: BTreeMap<ResourceKey, LockHolder>,
    in_transaction: bool,
    /// Whether the database stopped answering. Its connection is of no use any more.
    is_stopped: AtomicBool,
}

impl PostgresDatabase {
    pub(crate) async fn connect(options: Options) -> Result<Self> {
        let options = Arc::new(options);
        let client = connect(&options).await?;
        Ok(Self {
            options,
            runtime: Handle::current(),
            client,
            statements: HashMap::new(),
            runs: Vec::new(),
            resources: BTreeMap::new(),
            in_transaction: false,
            is_stopped: AtomicBool::new(false),
        })
    }

    /// Waits for an answer on this blocking thread. A database that does not answer a new connection meanwhile is an error:
    /// it may have been stopped, and the network still accepts what is sent.
    fn block<T>(&self, future: impl Future<Output = Result<T>>) -> Result<T> {
        if self.is_stopped.load(Ordering::Relaxed) {
            return Err(stopped(self.options.connect_timeout()));
        }
        let answered = self.runtime.block_on(until_stopped(&self.options, future));
        answered.unwrap_or_else(|| {
            self.is_stopped.store(true, Ordering::Relaxed);
            Err(stopped(self.options.connect_timeout()))
        })
    }

    /// The prepared statement of the core's SQL.
    fn prepare(&mut self, sql: &str) -> Result<Statement> {
        if let Some(statement) = self.statements.get(sql) {
            return Ok(statement.clone());
        }
        let sql_of_postgres = numbered(sql);
        let prepared = self.client.prepare(&sql_of_postgres);
        let statement = self.block(prepared.map_err(failed))?;
        self.statements.insert(sql.to_owned(), statement.clone());
        Ok(statement)
    }

    fn batch(&self, sql: &str) -> Result<()> {
        self.block(self.client.batch_execute(sql).map_err(failed))
    }

    /// Locks the resources again after the connection was lost, and their locks with it.
    fn lock_again(&mut self) -> Result<()> {
        for (key, holder) in std::mem::take(&mut self.resources) {
            let other = self.lock_resource(&key, &holder)?;
            // The server may not have noticed yet that the connection was lost.
            if let Some(other) = other.filter(|other| *other != holder) {
                return Err(lock_lost(&key, &other));
            }
        }
        Ok(())
    }

    /// Whether a query of one boolean returns true.
    fn is(&mut self, sql: &str, parameters: &[Scalar]) -> Result<bool> {
        let rows = self.query(sql, parameters)?;
        Ok(rows.first().and_then(|row| row.first()) == Some(&Scalar::Bool(true)))
    }
}

/// Connects, and sets the schema. A database that accepts the connection and does not answer is an error, too.
pub(crate) async fn connect(options: &Options) -> Result<Client> {
    let timeout = options.connect_timeout();
    let connected = tokio::time::timeout(timeout, begin_session(options)).await;
    connected.unwrap_or_else(|_| {
        let seconds = timeout.as_secs();
        let message = format!("the Postgres database did not answer within {seconds} s");
        Err(Error::new(ErrorKind::Destination, message).with_help(
            "check host and port; `connect_timeout` of the URL says how many seconds it may take",
        ))
    })
}

/// The result of a future; `None` if the database does not answer a new connection while it runs.
async fn until_stopped<T>(options: &Options, future: impl Future<Output = T>) -> Option<T> {
    let mut future = pin!(future);
    let timeout = options.connect_timeout();
    loop {
        let waited = tokio::time::sleep(timeout);
        if let Either::Left((done, _)) = select(future.as_mut(), pin!(waited)).await {
            return Some(done);
        }
        // A statement may take long. A database that runs it answers others.
        let probe = pin!(tokio::time::timeout(timeout, answers(options)));
        match select(future.as_mut(), probe).await {
            Either::Left((done, _)) => return Some(done),
            Either::Right((Ok(()), _)) => {}
            Either::Right((Err(_), _)) => return None,
        }
    }
}

/// Returns as soon as the database has answered anything, or closed the connection.
async fn answers(options: &Options) {
    let Ok(tls) = options.tls() else { return };
    if let Ok((client, connection)) = options.config.connect(tls).await {
        tokio::spawn(connection);
        // An error is an answer, too.
        let _ = client.batch_execute("").await;
    }
}

fn stopped(timeout: Duration) -> Error {
    let seconds = timeout.as_secs();
    let message = format!(
        "the Postgres database stopped answering: neither a statement nor a new connection within {seconds} s"
    );
    Error::new(ErrorKind::Destination, message)
        .with_help("load again when it answers: published rows are kept")
}

async fn begin_session(options: &Options) -> Result<Client> {
    let connected = options.config.connect(options.tls()?).await;
    let (client, connection) = connected.map_err(|error| not_connected(error, &options.config))?;
    // It ends with its client. The client's next statement has its error.
    tokio::spawn(connection);
    if let Some(schema) = &options.schema {
        let found = client
            .query("SELECT 1 FROM pg_namespace WHERE nspname = $1", &[schema])
            .await
            .map_err(failed)?;
        if found.is_empty() {
            let message = format!("the database has no schema `{schema}`");
            return Err(Error::new(ErrorKind::Destination, message)
                .with_help(format!("create it by `CREATE SCHEMA {}`", quote(schema))));
        }
        let sql = format!("SET search_path TO {}", quote(schema));
        client.batch_execute(&sql).await.map_err(failed)?;
    }
    // The URL may have another timeout, by `options=-c lock_timeout=…`.
    let sql = "SELECT set_config('lock_timeout', '60s', false) WHERE current_setting('lock_timeout') = '0';
        SET client_min_messages = warning";
    client.batch_execute(sql).await.map_err(failed)?;
    // The locks of a machine that is lost end within two minutes. By default it takes the server two hours to notice.
    let sql = "SELECT set_config(wanted.name, wanted.value, false)
        FROM (VALUES ('tcp_keepalives_idle', '60'), ('tcp_keepalives_interval', '15'), ('tcp_keepalives_count', '4'))
            AS wanted (name, value)
        JOIN pg_settings ON pg_settings.name = wanted.name AND pg_settings.source = 'default'";
    client.batch_execute(sql).await.map_err(failed)?;
    Ok(client)
}

/// The core's parameters `?1` as Postgres writes them: `$1`.
fn numbered(sql: &str) -> String {
    sql.replace('?', "$")
}

impl Database for PostgresDatabase {
    fn run(&mut self, statements: &[String]) -> Result<()> {
        if statements.is_empty() {
            return Ok(());
        }
        self.batch(&statements.join(";\n"))
    }

    fn execute(&mut self, sql: &str, parameters: &[Scalar]) -> Result<u64> {
        let statement = self.prepare(sql)?;
        let parameters: Vec<Parameter<'_>> = parameters.iter().map(Parameter).collect();
        let parameters: Vec<&(dyn ToSql + Sync)> = parameters.iter().map(|one| one as _).collect();
        self.block(self.client.execute(&statement, &parameters).map_err(failed))
    }

    fn query(&mut self, sql: &str, parameters: &[Scalar]) -> Result<Vec<Vec<Scalar>>> {
        let statement = self.prepare(sql)?;
        let parameters: Vec<Parameter<'_>> = parameters.iter().map(Parameter).collect();
        let parameters: Vec<&(dyn ToSql + Sync)> = parameters.iter().map(|one| one as _).collect();
        let rows = self.block(self.client.query(&statement, &parameters).map_err(failed))?;
        let read = |row: &tokio_postgres::Row| {
            let cells = (0..row.len()).map(|at| row.try_get::<_, Cell>(at).map(|cell| cell.0));
            cells.collect::<Result<Vec<_>, _>>().map_err(failed)
        };
        rows.iter().map(read).collect()
    }

    fn ignores_case(&self) -> bool {
        false
    }

    fn begin(&mut self, resource: &str) -> Result<()> {
        self.batch("BEGIN")?;
        self.in_transaction = true;
        self.join(resource)
    }

    fn join(&mut self, resource: &str) -> Result<()> {
        let sql = "SELECT pg_advisory_xact_lock(hashtextextended('rest-source ' || current_schema() || ' ' || ?1, 0))::text";
        self.query(sql, &[Scalar::Text(resource.to_owned())])
            .map(|_| ())
    }

    fn commit(&mut self) -> Result<()> {
        self.batch("COMMIT")?;
        self.in_transaction = false;
        Ok(())
    }

    fn roll_back(&mut self) -> Result<()> {
        if !self.in_transaction {
            return Ok(());
        }
        self.in_transaction = false;
        self.batch("ROLLBACK")
    }

    fn check(&mut self) -> Result<()> {
        if !self.client.is_closed() && !self.is_stopped.load(Ordering::Relaxed) {
            return Ok(());
        }
        self.statements.clear();
        self.in_transaction = false;
        self.client = self.runtime.block_on(connect(&self.options))?;
        self.is_stopped.store(false, Ordering::Relaxed);
        let runs = std::mem::take(&mut self.runs);
        runs.iter().try_for_each(|run| self.lock_run(run))?;
        self.lock_again()
    }

    fn connect(&mut self) -> Result<Option<Self>> {
        let options = Options::clone(&self.options);
        self.runtime.block_on(Self::connect(options)).map(Some)
    }

    fn existing(&mut self, table: &str) -> Result<Option<Existing>> {
        let sql = "SELECT c.relkind IN ('r', 'p', 'f'),
                EXISTS (SELECT 1 FROM pg_constraint WHERE conrelid = c.oid AND conname = ?2)
             FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
             WHERE n.nspname = current_schema() AND c.relname = ?1 AND c.relkind IN ('r', 'p', 'f', 'v', 'm')";
        let parameters = [
            Scalar::Text(table.to_owned()),
            Scalar::Text(MARK.to_owned()),
        ];
        let rows = self.query(sql, &parameters)?;
        Ok(rows.first().map(|row| Existing::from_row(row)))
    }

    fn stored_columns(&mut self, table: &str) -> Result<Vec<StoredColumn>> {
        let sql = "SELECT a.attname::text, format_type(a.atttypid, a.atttypmod), a.attnotnull,
                a.atthasdef OR a.attidentity <> '',
                coalesce(array_position(i.indkey::int2[], a.attnum) + 1, 0)
             FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
             JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
             LEFT JOIN pg_index i ON i.indrelid = c.oid AND i.indisprimary
             WHERE n.nspname = current_schema() AND c.relname = ?1 ORDER BY a.attnum";
        let rows = self.query(sql, &[Scalar::Text(table.to_owned())])?;
        Ok(rows
            .into_iter()
            .filter_map(StoredColumn::from_row)
            .collect())
    }

    fn dependent_objects(&mut self, table: &str) -> Result<Vec<String>> {
        let sql = "SELECT pg_get_indexdef(i.indexrelid) FROM pg_index i
                JOIN pg_class c ON c.oid = i.indrelid JOIN pg_namespace n ON n.oid = c.relnamespace
             WHERE n.nspname = current_schema() AND c.relname = ?1 AND NOT i.indisprimary
             UNION ALL SELECT pg_get_triggerdef(t.oid) FROM pg_trigger t
                JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_namespace n ON n.oid = c.relnamespace
             WHERE n.nspname = current_schema() AND c.relname = ?1 AND NOT t.tgisinternal";
        let rows = self.query(sql, &[Scalar::Text(table.to_owned())])?;
        Ok(texts(&rows))
    }

    fn sql_type(&self, data_type: &Type) -> String {
        Stored::of(data_type).name().to_owned()
    }

    fn change_type(
        &mut self,
        table: &str,
        column: &Column,
        from: &str,
    ) -> Result<Option<Vec<String>>> {
        let (table, name) = (quote(table), quote(&column.name));
        let sql_type = self.sql_type(&column.data_type);
        let value = match (from, sql_type.as_str()) {
            ("date", "text") => format!("to_char({name}, 'YYYY-MM-DD')"),
            ("date", _) => format!("{name}::timestamp AT TIME ZONE 'UTC'"),
            _ => format!("{name}::{sql_type}"),
        };
        Ok(Some(vec![format!(
            "ALTER TABLE {table} ALTER COLUMN {name} TYPE {sql_type} USING {value}"
        )]))
    }

    fn create_table(&self, table: &str, definitions: &[String]) -> Vec<String> {
        let (name, definitions) = (quote(table), definitions.join(",\n    "));
        vec![format!(
            "CREATE TABLE {name} (\n    {definitions},\n    CONSTRAINT {MARK} CHECK (true)\n)"
        )]
    }

    fn create_temporary_table(&self, table: &str, definitions: &[String]) -> String {
        format!(
            "CREATE TEMPORARY TABLE {table} ({})",
            definitions.join(", ")
        )
    }

    fn max_name_bytes(&self) -> Option<usize> {
        // Postgres cuts off the rest, and would take two names for one.
        Some(63)
    }

    fn temporary_schema(&self) -> &'static str {
        "pg_temp"
    }

    fn stage(&mut self, plan: &WritePlan, order: i64, pages: &[Rows]) -> Result<()> {
        self.block(copy::stage(&self.client, plan, order, pages))
    }

    fn lock_run(&mut self, run: &str) -> Result<()> {
        if self.runs.iter().any(|one| one == run) {
            return Ok(());
        }
        if !self.is(
            &format!("SELECT pg_try_advisory_lock({RUN_KEY})"),
            &[Scalar::Text(run.to_owned())],
        )? {
            let message = "the lock of this load is held by another connection";
            return Err(Error::new(ErrorKind::Destination, message).with_help("run the load again"));
        }
        self.runs.push(run.to_owned());
        Ok(())
    }

    fn unlock_run(&mut self, run: &str) -> Result<()> {
        if self.runs.iter().any(|one| one == run) {
            self.runs.retain(|one| one != run);
            self.is(
                &format!("SELECT pg_advisory_unlock({RUN_KEY})"),
                &[Scalar::Text(run.to_owned())],
            )?;
        }
        Ok(())
    }

    fn lock_resource(
        &mut self,
        key: &ResourceKey,
        holder: &LockHolder,
    ) -> Result<Option<LockHolder>> {
        if self.resources.contains_key(key) {
            return Ok(None);
        }
        let columns = key_columns(key);
        let sql = format!("SELECT pg_try_advisory_lock({RESOURCE_KEY})");
        let mut tries = 0;
        while !self.is(&sql, &columns)? {
            // The server needs a moment to notice that a process was killed.
            if tries == 5 {
                return Ok(Some(self.holder(&columns)?));
            }
            tries += 1;
            std::thread::sleep(Duration::from_millis(100));
        }
        self.resources.insert(key.clone(), holder.clone());
        let stored = self.store_holder(&columns, holder);
        if stored.is_err() {
            // The first error is the one to report.
            let _ = self.roll_back();
            let _ = self.unlock_resource(key);
        }
        stored.map(|()| None)
    }

    fn unlock_resource(&mut self, key: &ResourceKey) -> Result<()> {
        if self.resources.remove(key).is_none() {
            return Ok(());
        }
        let columns = key_columns(key);
        let sql = format!("DELETE FROM _rest_source_locks WHERE {KEY_COLUMNS}");
        // It names the holder of a lock, and nothing else.
        let _ = self.execute(&sql, &columns);
        let sql = format!("SELECT pg_advisory_unlock({RESOURCE_KEY})");
        self.is(&sql, &columns).map(|_| ())
    }

    fn release_resource(&mut self, _: &ResourceKey) -> bool {
        false
    }

    fn check_lock(&mut self, key: &ResourceKey, run: &str) -> Result<()> {
        let columns = key_columns(key);
        let holder = self.holder(&columns)?;
        if holder.run == *run || holder == LockHolder::unknown() {
            return Ok(());
        }
        // One that was killed may have left its name.
        let sql = format!("SELECT pg_try_advisory_xact_lock({RESOURCE_KEY})");
        if self.is(&sql, &columns)? {
            return Ok(());
        }
        Err(lock_lost(key, &holder))
    }

    fn is_locked(&mut self, key: &ResourceKey) -> Result<bool> {
        if self.resources.contains_key(key) {
            return Ok(true);
        }
        let columns = key_columns(key);
        let sql = format!("SELECT pg_try_advisory_lock({RESOURCE_KEY})");
        let is_free = self.is(&sql, &columns)?;
        if is_free {
            let sql = format!("SELECT pg_advisory_unlock({RESOURCE_KEY})");
            self.is(&sql, &columns)?;
        }
        Ok(!is_free)
    }

    fn is_running(&mut self, run: &str) -> Result<bool> {
        if self.runs.iter().any(|one| one == run) {
            return Ok(true);
        }
        let key = [Scalar::Text(run.to_owned())];
        let is_free = self.is(&format!("SELECT pg_try_advisory_lock({RUN_KEY})"), &key)?;
        if is_free {
            self.is(&format!("SELECT pg_advisory_unlock({RUN_KEY})"), &key)?;
        }
        Ok(!is_free)
    }
}

/// The error for a load whose lock another one has taken.
fn lock_lost(key: &ResourceKey, other: &LockHolder) -> Error {
    let message = format!(
        "the connection was lost, and with it the lock of `{}`: it is being loaded by {other}",
        key.resource
    );
    Error::new(ErrorKind::Locked, message)
        .with_help("run the load again when the other one has ended")
}

/// The key of a resource's advisory lock, in the schema of the tables.
const RESOURCE_KEY: &str = "hashtextextended(concat_ws(chr(10), 'rest-source lock', current_schema(), ?1::text, ?2::text, ?3::text), 0)";

/// The columns of `_rest_source_locks` that identify a resource.
const KEY_COLUMNS: &str = "source = ?1 AND resource = ?2 AND part = ?3";

fn key_columns(key: &ResourceKey) -> [Scalar; 3] {
    [&key.source, &key.resource, &key.part].map(|text| Scalar::Text(text.clone()))
}

impl PostgresDatabase {
    /// The load that holds the lock of a resource.
    fn holder(&mut self, key: &[Scalar; 3]) -> Result<LockHolder> {
        if self.existing("_rest_source_locks")?.is_none() {
            return Ok(LockHolder::unknown());
        }
        let sql = format!("SELECT holder FROM _rest_source_locks WHERE {KEY_COLUMNS}");
        let rows = self.query(&sql, key)?;
        let text = texts(&rows).pop().unwrap_or_default();
        Ok(LockHolder::from_stored(&text))
    }

    /// Stores which load holds the lock, for the messages of others.
    fn store_holder(&mut self, key: &[Scalar; 3], holder: &LockHolder) -> Result<()> {
        // Of two transactions that create a table at the same time, one would fail.
        self.begin("")?;
        self.batch(
            "CREATE TABLE IF NOT EXISTS _rest_source_locks (source text NOT NULL, resource text NOT NULL, \
             part text NOT NULL, holder text NOT NULL, PRIMARY KEY (source, resource, part))",
        )?;
        let [source, resource, part] = key.clone();
        let sql = "INSERT INTO _rest_source_locks (source, resource, part, holder) VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT (source, resource, part) DO UPDATE SET holder = excluded.holder";
        self.execute(
            sql,
            &[source, resource, part, Scalar::Text(holder.to_text())],
        )?;
        self.commit()
    }
}

/// The key of a load's advisory lock.
const RUN_KEY: &str = "hashtextextended('rest-source run ' || ?1, 0)";
