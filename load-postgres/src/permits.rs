//! Permits of a rate limit that several processes share, in a table.

use std::time::Duration;

use futures_util::future::{try_join, try_join4};
use rest_source::{
    Error, ErrorKind, Result,
    permits::{PermitError, PermitLedger, PermitReply, PermitRequest, PermitService},
};
use rest_source_load::BoxFuture;
use tokio::sync::Mutex;
use tokio_postgres::{Client, Statement};

use crate::{database::connect, errors::failed, options::Options};

/// Permits in a table of a Postgres database: the limit of all processes that use it.
///
/// ```no_run
/// # async fn example<S: rest_source::Connector>() -> Result<(), Box<dyn std::error::Error>> {
/// use rest_source::{Builder, permits::{Lease, RateLimiting}};
/// use rest_source_load_postgres::{Options, PostgresPermits};
///
/// let permits = PostgresPermits::connect(Options::new(&std::env::var("DATABASE_URL")?)?).await?;
/// let lease = Lease::new(permits).key("shop");
/// let source = Builder::<S>::new().rate_limiting(RateLimiting::Lease(lease)).build()?;
/// # Ok(())
/// # }
/// ```
///
/// The table `_rest_source_permits` has a row for each limit. An exchange is one transaction of two round trips, by the
/// clock of the database. A connection that was lost is made again.
pub struct PostgresPermits {
    options: Options,
    /// `None` after an exchange that did not end: its transaction ends with the connection.
    session: Mutex<Option<Session>>,
}

struct Session {
    client: Client,
    lock: Statement,
    read: Statement,
    now: Statement,
    write: Statement,
}

impl PostgresPermits {
    /// Connects to the database, and creates the table if it does not exist.
    ///
    /// # Errors
    ///
    /// When the database cannot be reached, or refuses it.
    pub async fn connect(options: Options) -> Result<Self> {
        let session = Session::begin(&options).await?;
        Ok(Self {
            options,
            session: Mutex::new(Some(session)),
        })
    }

    async fn run(&self, request: &PermitRequest) -> Result<PermitReply> {
        let mut held = self.session.lock().await;
        let session = match held.take().filter(|session| !session.client.is_closed()) {
            Some(session) => session,
            None => Session::begin(&self.options).await?,
        };
        let reply = session.exchange(request).await?;
        *held = Some(session);
        Ok(reply)
    }
}

impl Session {
    async fn begin(options: &Options) -> Result<Self> {
        let client = connect(options).await?;
        // Of two transactions that create a table at the same time, one would fail.
        let sql = "BEGIN; SELECT pg_advisory_xact_lock(hashtextextended('rest-source permits ' || current_schema(), 0));
            CREATE TABLE IF NOT EXISTS _rest_source_permits (key text PRIMARY KEY, ledger text NOT NULL); COMMIT";
        client.batch_execute(sql).await.map_err(failed)?;
        let prepare = |sql: &'static str| client.prepare(sql);
        let (lock, read, now, write) = try_join4(
            prepare(
                "SELECT pg_advisory_xact_lock(hashtextextended('rest-source permits ' || current_schema() || $1, 0))::text"
            ),
            prepare("SELECT ledger FROM _rest_source_permits WHERE key = $1"),
            prepare("SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint"),
            prepare(
                "INSERT INTO _rest_source_permits (key, ledger) VALUES ($1, $2)
                 ON CONFLICT (key) DO UPDATE SET ledger = excluded.ledger"
            ),
        )
        .await
        .map_err(failed)?;
        Ok(Self {
            client,
            lock,
            read,
            now,
            write,
        })
    }

    async fn exchange(&self, request: &PermitRequest) -> Result<PermitReply> {
        let client = &self.client;
        let key = request.key.as_str();
        // The server runs them in this order: the time is one at which the ledger belongs to this transaction.
        let (.., found, now) = try_join4(
            client.batch_execute("BEGIN"),
            client.query(&self.lock, &[&key]),
            client.query_opt(&self.read, &[&key]),
            client.query_one(&self.now, &[]),
        )
        .await
        .map_err(failed)?;
        let ledger = match found {
            Some(row) => PermitLedger::from_json(row.get(0)),
            None => Some(PermitLedger::default()),
        };
        let mut ledger = ledger.ok_or_else(|| {
            let message = format!("the permits of `{key}` are those of another version of rest-source");
            Error::new(ErrorKind::Destination, message).with_help(
                "run all processes with one version; or stop them, and delete the row of `_rest_source_permits`",
            )
        })?;
        let now: i64 = now.get(0);
        let now = Duration::from_micros(u64::try_from(now).unwrap_or_default());
        let reply = ledger.exchange(now, request);
        let ledger = ledger.to_json();
        try_join(
            client.execute(&self.write, &[&key, &ledger]),
            client.batch_execute("COMMIT"),
        )
        .await
        .map_err(failed)?;
        Ok(reply)
    }
}

impl PermitService for PostgresPermits {
    fn exchange<'a>(
        &'a self,
        request: &'a PermitRequest,
    ) -> BoxFuture<'a, Result<PermitReply, PermitError>> {
        Box::pin(async {
            let reply = self.run(request).await;
            reply.map_err(|error| {
                let text = error.to_string();
                PermitError::new(text.lines().next().unwrap_or_default())
            })
        })
    }
}

impl std::fmt::Debug for PostgresPermits {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PostgresPermits").finish_non_exhaustive()
    }
}
