//! A queue of work in Postgres.

use std::time::Duration;

use rest_source::{Error, ErrorKind, FetchPart, Result, Rows, Scalar, Timestamp};
use rest_source_load::{
    BoxFuture, Target,
    sql::{BegunParts, Database, PartStaging, transaction},
    work::{Claim, PartDone, WorkPlan, WorkProgress, WorkQueue, WorkStatus},
};

use crate::{Postgres, database::PostgresDatabase};

/// How many parts one statement inserts.
const CHUNK: usize = 500;

/// The lock of the transactions that change plans.
const QUEUE: &str = "work";

/// The statements that create the tables, if they do not exist.
fn create(db: &mut dyn Database) -> Result<()> {
    db.run(&[
        "CREATE TABLE IF NOT EXISTS _rest_source_work (
            id text PRIMARY KEY, run text NOT NULL, source text NOT NULL, resource text NOT NULL, part text NOT NULL,
            version bigint NOT NULL, hash text NOT NULL, options text NOT NULL, state text, commits bigint NOT NULL,
            has_rows boolean NOT NULL, parts bigint NOT NULL, planned timestamptz NOT NULL, progress text NOT NULL,
            error text)"
            .to_owned(),
        "CREATE TABLE IF NOT EXISTS _rest_source_work_parts (
            plan text NOT NULL REFERENCES _rest_source_work ON DELETE CASCADE, number bigint NOT NULL,
            part text NOT NULL, progress text NOT NULL, worker text, attempt bigint NOT NULL,
            uncounted bigint NOT NULL DEFAULT 0, lease_until timestamptz,
            rows bigint NOT NULL, requests bigint NOT NULL, state text, error text, PRIMARY KEY (plan, number))"
            .to_owned(),
        "CREATE INDEX IF NOT EXISTS _rest_source_work_open ON _rest_source_work_parts (plan, number)
            WHERE progress <> 'done'"
            .to_owned(),
    ])
}

fn text(value: &str) -> Scalar {
    Scalar::Text(value.to_owned())
}

fn optional(value: Option<&str>) -> Scalar {
    value.map_or(Scalar::Null, text)
}

fn number(value: u64) -> Scalar {
    Scalar::Bigint(i64::try_from(value).unwrap_or(i64::MAX))
}

fn seconds(time: Duration) -> Scalar {
    Scalar::Double(time.as_secs_f64())
}

fn as_text(row: &[Scalar], at: usize) -> Option<String> {
    match row.get(at) {
        Some(Scalar::Text(text)) => Some(text.clone()),
        _ => None,
    }
}

fn as_number(row: &[Scalar], at: usize) -> i64 {
    match row.get(at) {
        Some(Scalar::Bigint(number)) => *number,
        _ => 0,
    }
}

fn as_count(row: &[Scalar], at: usize) -> u64 {
    u64::try_from(as_number(row, at)).unwrap_or_default()
}

impl WorkQueue for Postgres {
    fn add<'a>(
        &'a self,
        plan: &'a WorkPlan,
        target: &'a Target,
        parts: &'a [FetchPart],
        replace: bool,
    ) -> BoxFuture<'a, Result<()>> {
        let (plan, target) = (plan.clone(), target.clone());
        let parts: Vec<String> = parts.iter().map(FetchPart::to_json).collect();
        self.0.run(move |db| {
            db.check()?;
            transaction(db, QUEUE, |db| {
                create(db)?;
                discard(db, &plan, &target, replace)?;
                let staging = PartStaging::new(db, target, &plan.id);
                let begun = staging.create(db)?;
                insert(db, &plan, begun, &parts)
            })
        })
    }

    fn plans(&self) -> BoxFuture<'_, Result<Vec<WorkStatus>>> {
        self.0.run(|db| {
            db.check()?;
            if db.existing("_rest_source_work")?.is_none() {
                return Ok(Vec::new());
            }
            let sql = "SELECT w.id, w.run, w.source, w.resource, w.part, w.version, w.hash, w.options, w.state, w.planned,
                    w.progress, coalesce(w.error, (SELECT p.error FROM _rest_source_work_parts p
                        WHERE p.plan = w.id AND p.error IS NOT NULL ORDER BY p.number LIMIT 1)), w.parts,
                    (SELECT count(*) FROM _rest_source_work_parts p WHERE p.plan = w.id AND p.progress = 'done'),
                    (SELECT count(*) FROM _rest_source_work_parts p WHERE p.plan = w.id AND p.progress = 'running'
                        AND p.lease_until >= clock_timestamp()),
                    (SELECT coalesce(sum(p.rows), 0)::bigint FROM _rest_source_work_parts p WHERE p.plan = w.id),
                    (SELECT coalesce(sum(p.requests), 0)::bigint FROM _rest_source_work_parts p WHERE p.plan = w.id)
                FROM _rest_source_work w ORDER BY w.source, w.resource, w.part";
            Ok(db.query(sql, &[])?.iter().map(|row| status(row)).collect())
        })
    }

    fn claim<'a>(
        &'a self,
        plans: &'a [String],
        worker: &'a str,
        lease: Duration,
        attempts: u32,
    ) -> BoxFuture<'a, Result<Option<Claim>>> {
        let (plans, worker) = (plans.to_vec(), worker.to_owned());
        self.0.run(move |db| {
            db.check()?;
            for plan in &plans {
                if let Some(claim) = claim(db, plan, &worker, lease, attempts)? {
                    return Ok(Some(claim));
                }
            }
            Ok(None)
        })
    }

    fn renew<'a>(&'a self, claim: &'a Claim, lease: Duration) -> BoxFuture<'a, Result<()>> {
        let claim = claim.clone();
        self.0.run(move |db| {
            db.check()?;
            let sql = "UPDATE _rest_source_work_parts
                SET lease_until = clock_timestamp() + ?4 * interval '1 second'
                WHERE plan = ?1 AND number = ?2 AND attempt = ?3 AND progress = 'running'";
            let [plan, number, attempt] = key(&claim);
            let changed = db.execute(sql, &[plan, number, attempt, seconds(lease)])?;
            if changed == 0 {
                Err(claim.lost())
            } else {
                Ok(())
            }
        })
    }

    fn stage<'a>(
        &'a self,
        target: &'a Target,
        claim: &'a Claim,
        first: u64,
        pages: &'a [Rows],
    ) -> BoxFuture<'a, Result<()>> {
        let (target, claim, pages) = (target.clone(), claim.clone(), pages.to_vec());
        self.0.run(move |db| {
            part_transaction(db, &claim, |db| {
                stage(db, target, &claim, first, &pages)?;
                let sql = "UPDATE _rest_source_work_parts SET lease_until = greatest(lease_until, clock_timestamp())
                    WHERE plan = ?1 AND number = ?2";
                let [plan, number, _] = key(&claim);
                db.execute(sql, &[plan, number]).map(|_| ())
            })
        })
    }

    fn finish<'a>(
        &'a self,
        target: &'a Target,
        claim: &'a Claim,
        pages: &'a [Rows],
        done: &'a PartDone,
    ) -> BoxFuture<'a, Result<()>> {
        let (target, claim, pages) = (target.clone(), claim.clone(), pages.to_vec());
        let done = done.clone();
        self.0.run(move |db| {
            part_transaction(db, &claim, |db| {
                stage(db, target, &claim, done.staged, &pages)?;
                let rows: usize = pages.iter().map(Rows::len).sum();
                let rows = done.staged + u64::try_from(rows).unwrap_or(u64::MAX);
                let sql = "UPDATE _rest_source_work_parts SET progress = 'done', rows = ?3, requests = ?4, state = ?5,
                        error = NULL, lease_until = NULL
                    WHERE plan = ?1 AND number = ?2";
                let [plan, part, _] = key(&claim);
                let state = optional(done.state.as_deref());
                let values = [plan, part, number(rows), number(done.requests), state];
                db.execute(sql, &values).map(|_| ())
            })
        })
    }

    fn give_back<'a>(
        &'a self,
        claim: &'a Claim,
        why: &'a str,
        attempts: u32,
        counts: bool,
    ) -> BoxFuture<'a, Result<()>> {
        let (claim, why) = (claim.clone(), why.to_owned());
        self.0.run(move |db| {
            db.check()?;
            let [plan, number, attempt] = key(&claim);
            if counts {
                let sql = "SELECT attempt - uncounted FROM _rest_source_work_parts
                    WHERE plan = ?1 AND number = ?2 AND attempt = ?3 AND progress = 'running'";
                let counted = db.query(sql, &key(&claim))?;
                if counted.first().is_some_and(|row| as_number(row, 0) >= i64::from(attempts)) {
                    return fail_part(db, &claim, &why);
                }
            }
            // The next claim has another number, so that this one stays invalid.
            let sql = "UPDATE _rest_source_work_parts SET progress = 'waiting', lease_until = NULL, error = ?4,
                    uncounted = uncounted + ?5
                WHERE plan = ?1 AND number = ?2 AND attempt = ?3 AND progress = 'running'";
            let uncounted = Scalar::Bigint(i64::from(!counts));
            db.execute(sql, &[plan, number, attempt, text(&why), uncounted]).map(|_| ())
        })
    }

    fn part_states<'a>(&'a self, plan: &'a str) -> BoxFuture<'a, Result<Vec<String>>> {
        let plan = plan.to_owned();
        self.0.run(move |db| {
            db.check()?;
            let sql = "SELECT state FROM _rest_source_work_parts WHERE plan = ?1 AND state IS NOT NULL ORDER BY number";
            let rows = db.query(sql, &[text(&plan)])?;
            Ok(rows.iter().filter_map(|row| as_text(row, 0)).collect())
        })
    }

    fn publish<'a>(
        &'a self,
        target: &'a Target,
        plan: &'a str,
        state: Option<String>,
    ) -> BoxFuture<'a, Result<Option<u64>>> {
        let (target, plan) = (target.clone(), plan.to_owned());
        self.0.run(move |db| {
            db.check()?;
            let staging = PartStaging::new(db, target, &plan);
            let key = staging.lock_key();
            transaction(db, &key, |db| publish(db, staging, &plan, state.as_deref()))
        })
    }

    fn fail<'a>(&'a self, plan: &'a str, why: &'a str) -> BoxFuture<'a, Result<()>> {
        let (plan, why) = (plan.to_owned(), why.to_owned());
        self.0.run(move |db| {
            db.check()?;
            fail(db, &plan, &why)
        })
    }
}

/// Discards the last plan of the resource, with its staged rows.
fn discard(db: &mut dyn Database, plan: &WorkPlan, target: &Target, replace: bool) -> Result<()> {
    let key = [text(&plan.source), text(&plan.resource), text(&plan.part)];
    let sql = "SELECT id, progress FROM _rest_source_work WHERE source = ?1 AND resource = ?2 AND part = ?3";
    for row in db.query(sql, &key)? {
        let (id, progress) = (as_text(&row, 0).unwrap_or_default(), as_text(&row, 1));
        if progress.as_deref() == Some(WorkProgress::Running.word()) && !replace {
            let message = format!("the work on `{}` is unfinished", plan.resource);
            return Err(Error::new(ErrorKind::Locked, message).with_help(
                "finish it by `rest-source work run`, or discard it by `rest-source work plan --replace`",
            ));
        }
        PartStaging::new(db, target.clone(), &id).drop_tables(db)?;
        db.execute("DELETE FROM _rest_source_work WHERE id = ?1", &[text(&id)])?;
    }
    Ok(())
}

fn insert(
    db: &mut dyn Database,
    plan: &WorkPlan,
    begun: BegunParts,
    parts: &[String],
) -> Result<()> {
    let sql = "INSERT INTO _rest_source_work (id, run, source, resource, part, version, hash, options, state, commits,
            has_rows, parts, planned, progress)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)";
    let values = [
        text(&plan.id),
        text(&plan.run),
        text(&plan.source),
        text(&plan.resource),
        text(&plan.part),
        Scalar::Bigint(plan.version),
        text(&plan.hash),
        text(&plan.options),
        optional(plan.state.as_deref()),
        Scalar::Bigint(begun.commits),
        Scalar::Bool(begun.has_rows),
        Scalar::Bigint(i64::try_from(parts.len()).unwrap_or(i64::MAX)),
        Scalar::Timestamp(plan.planned),
        text(WorkProgress::Running.word()),
    ];
    db.execute(sql, &values)?;
    for (chunk, first) in parts.chunks(CHUNK).zip((0..).step_by(CHUNK)) {
        let rows = (0..chunk.len())
            .map(|at| format!("(?1, {}, ?{}, 'waiting', 0, 0, 0)", first + at, at + 2));
        let sql = format!(
            "INSERT INTO _rest_source_work_parts (plan, number, part, progress, attempt, rows, requests) VALUES {}",
            rows.collect::<Vec<_>>().join(", ")
        );
        let values: Vec<Scalar> = std::iter::once(text(&plan.id))
            .chain(chunk.iter().map(|part| text(part)))
            .collect();
        db.execute(&sql, &values)?;
    }
    Ok(())
}

fn status(row: &[Scalar]) -> WorkStatus {
    let value = |at| as_text(row, at).unwrap_or_default();
    WorkStatus {
        plan: WorkPlan {
            id: value(0),
            run: value(1),
            source: value(2),
            resource: value(3),
            part: value(4),
            version: as_number(row, 5),
            hash: value(6),
            options: value(7),
            state: as_text(row, 8),
            planned: match row.get(9) {
                Some(Scalar::Timestamp(at)) => *at,
                _ => Timestamp::EPOCH,
            },
        },
        progress: WorkProgress::from_word(&value(10)).unwrap_or(WorkProgress::Failed),
        error: as_text(row, 11),
        parts: as_count(row, 12),
        done: as_count(row, 13),
        running: as_count(row, 14),
        rows: as_count(row, 15),
        requests: as_count(row, 16),
    }
}

fn key(claim: &Claim) -> [Scalar; 3] {
    [
        text(&claim.plan),
        number(claim.number),
        Scalar::Bigint(claim.attempt),
    ]
}

/// Claims a part of one plan.
fn claim(
    db: &mut dyn Database,
    plan: &str,
    worker: &str,
    lease: Duration,
    attempts: u32,
) -> Result<Option<Claim>> {
    let sql = "UPDATE _rest_source_work_parts AS part
        SET progress = 'running', worker = ?2, attempt = part.attempt + 1,
            lease_until = clock_timestamp() + ?3 * interval '1 second'
        FROM (SELECT open.number FROM _rest_source_work_parts open JOIN _rest_source_work work ON work.id = open.plan
            WHERE open.plan = ?1 AND work.progress = 'running' AND open.progress <> 'done'
                AND (open.progress = 'waiting' OR open.lease_until < clock_timestamp())
            ORDER BY open.attempt, open.number LIMIT 1 FOR UPDATE OF open SKIP LOCKED) AS next
        WHERE part.plan = ?1 AND part.number = next.number
        RETURNING part.number, part.attempt, part.part, part.attempt - part.uncounted";
    let rows = db.query(sql, &[text(plan), text(worker), seconds(lease)])?;
    let Some(row) = rows.first() else {
        return Ok(None);
    };
    let claim = Claim {
        plan: plan.to_owned(),
        number: as_count(row, 0),
        attempt: as_number(row, 1),
        part: as_text(row, 2).unwrap_or_default(),
    };
    if as_number(row, 3) > i64::from(attempts) {
        let why = format!(
            "part {} was not fetched in {attempts} attempts",
            claim.number
        );
        fail_part(db, &claim, &why)?;
        return Ok(None);
    }
    Ok(Some(claim))
}

/// Runs work in a transaction in which the part belongs to this claim.
fn part_transaction(
    db: &mut PostgresDatabase,
    claim: &Claim,
    work: impl FnOnce(&mut dyn Database) -> Result<()>,
) -> Result<()> {
    db.check()?;
    let lock = format!("{QUEUE} {} {}", claim.plan, claim.number);
    transaction(db, &lock, |db| {
        let sql = "SELECT 1 FROM _rest_source_work_parts
            WHERE plan = ?1 AND number = ?2 AND attempt = ?3 AND progress = 'running' FOR UPDATE";
        if db.query(sql, &key(claim))?.is_empty() {
            return Err(claim.lost());
        }
        work(db)
    })
}

fn stage(
    db: &mut dyn Database,
    target: Target,
    claim: &Claim,
    first: u64,
    pages: &[Rows],
) -> Result<()> {
    let staging = PartStaging::new(db, target, &claim.plan);
    // A claim before this one may have staged rows.
    if first == 0 && claim.attempt > 1 {
        staging.clear(db, claim.number)?;
    }
    if pages.iter().all(Rows::is_empty) {
        return Ok(());
    }
    staging.stage(db, claim.number, first, pages)
}

fn publish(
    db: &mut dyn Database,
    staging: PartStaging,
    plan: &str,
    state: Option<&str>,
) -> Result<Option<u64>> {
    let sql = "UPDATE _rest_source_work SET progress = 'published', error = NULL
        WHERE id = ?1 AND progress = 'running' AND NOT EXISTS
            (SELECT 1 FROM _rest_source_work_parts WHERE plan = ?1 AND progress <> 'done')
        RETURNING commits, has_rows,
            (SELECT coalesce(sum(rows), 0)::bigint FROM _rest_source_work_parts WHERE plan = ?1)";
    let found = db.query(sql, &[text(plan)])?;
    let Some(row) = found.first() else {
        return Ok(None);
    };
    let begun = BegunParts {
        commits: as_number(row, 0),
        has_rows: row.get(1) == Some(&Scalar::Bool(true)),
    };
    let rows = as_count(row, 2);
    staging.publish(db, begun, rows, state)?;
    Ok(Some(rows))
}

/// Ends a part that no attempt could fetch, and its plan.
fn fail_part(db: &mut dyn Database, claim: &Claim, why: &str) -> Result<()> {
    let [plan, number, attempt] = key(claim);
    let sql = "UPDATE _rest_source_work_parts SET progress = 'failed', lease_until = NULL, error = coalesce(error, ?4)
        WHERE plan = ?1 AND number = ?2 AND attempt = ?3 AND progress = 'running'";
    if db.execute(sql, &[plan, number, attempt, text(why)])? == 0 {
        return Ok(());
    }
    fail(db, &claim.plan, why)
}

fn fail(db: &mut dyn Database, plan: &str, why: &str) -> Result<()> {
    let sql = "UPDATE _rest_source_work SET progress = 'failed', error = ?2 WHERE id = ?1 AND progress = 'running'";
    db.execute(sql, &[text(plan), text(why)]).map(|_| ())
}
