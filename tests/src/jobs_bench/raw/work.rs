//! Claiming and finishing rows: in two commits, as a queue must whose jobs take longer than a transaction may; in one;
//! and many at once.

use super::{RESULT, connections, filled, pgbench};
use crate::bench::trouble::{During, Trouble};
use crate::jobs_bench::book::{Book, Lane};
use crate::jobs_bench::database::{Database, Server};
use crate::jobs_bench::load::{Caller, Load, drive};
use crate::jobs_bench::plan::{CALLERS, Plan};
use crate::jobs_bench::rows::{self, HANDS, WORKERS};
use sqlx::Connection;
use sqlx::postgres::PgConnection;

const CLAIM: &str = "
    update queue
    set status = 'running', attempts = attempts + 1, started_at = now()
    where id = any (array(
        select id from queue
        where status = 'queued'
        order by id
        limit $1
        for update skip locked
    ))
    returning id, payload";
const FINISH: &str = "
    update queue
    set status = 'done', result = $2, ended_at = now()
    where id = any ($1)";
const HOLD: &str = "
    select id, payload from queue
    where status = 'queued'
    order by id
    limit 1
    for update skip locked";
const FINISH_HELD: &str = "
    update queue
    set status = 'done', attempts = attempts + 1, result = $2, started_at = now(), ended_at = clock_timestamp()
    where id = $1";

/// One job at a time, at each number of workers.
///
/// # Errors
/// When the database refuses.
pub async fn work(
    server: &Server,
    lane: Lane,
    plan: &Plan,
    round: usize,
    book: &mut Book,
) -> Result<(), Trouble> {
    for (workers, row) in WORKERS {
        let database = filled(server, plan.backlog).await?;
        let load = match lane {
            Lane::RawOnce => {
                let callers = connections(&database, *workers).await?;
                let callers = callers.into_iter().map(OneCommit).collect();
                drive(callers, plan.window, &[server.pid()]).await?
            }
            _ => two_commits(server, &database, 1, *workers, plan).await?,
        };
        row.note(load, lane, round, book);
        server.remove(database).await?;
    }
    if lane == Lane::Raw {
        let database = filled(server, plan.backlog).await?;
        let script = pgbench::CLAIM_AND_FINISH;
        let per_s = pgbench::run(server, &database, script, CALLERS, plan.window).await?;
        book.note(rows::WORK_BY_PGBENCH, lane, round, per_s);
        server.remove(database).await?;
    }
    Ok(())
}

/// Many at once: the counterpart of workers from outside.
///
/// # Errors
/// When the database refuses.
pub async fn hand(
    server: &Server,
    plan: &Plan,
    round: usize,
    book: &mut Book,
) -> Result<(), Trouble> {
    for hand in HANDS {
        let database = filled(server, hand.backlog(plan)).await?;
        let load = two_commits(server, &database, hand.at_once, hand.workers, plan).await?;
        hand.row.note(load, Lane::Raw, round, book);
        server.remove(database).await?;
    }
    Ok(())
}

async fn two_commits(
    server: &Server,
    database: &Database,
    at_once: usize,
    workers: usize,
    plan: &Plan,
) -> Result<Load, Trouble> {
    let connections = connections(database, workers).await?;
    let limit = i64::try_from(at_once).unwrap_or(1);
    let callers = connections
        .into_iter()
        .map(|connection| TwoCommits { connection, limit })
        .collect();
    drive(callers, plan.window, &[server.pid()]).await
}

struct TwoCommits {
    connection: PgConnection,
    limit: i64,
}

impl Caller for TwoCommits {
    async fn step(&mut self) -> Result<u64, Trouble> {
        let claimed = claim(&mut self.connection, self.limit).await?;
        finish(&mut self.connection, &claimed).await?;
        Ok(claimed.len() as u64)
    }
}

/// The ids of at most `limit` jobs, which are the caller's own now.
pub(super) async fn claim(
    connection: &mut PgConnection,
    limit: i64,
) -> Result<Vec<(i64, String)>, Trouble> {
    let claimed = sqlx::query_as(CLAIM).bind(limit).fetch_all(connection);
    claimed.await.during("claim from the plain queue")
}

pub(super) async fn finish(
    connection: &mut PgConnection,
    claimed: &[(i64, String)],
) -> Result<(), Trouble> {
    if claimed.is_empty() {
        return Ok(());
    }
    let ids: Vec<i64> = claimed.iter().map(|(id, _)| *id).collect();
    let finished = sqlx::query(FINISH)
        .bind(ids)
        .bind(RESULT)
        .execute(connection);
    finished.await.during("finish in the plain queue").map(drop)
}

struct OneCommit(PgConnection);

impl Caller for OneCommit {
    async fn step(&mut self) -> Result<u64, Trouble> {
        one_commit(&mut self.0)
            .await
            .during("claim and finish in one transaction")
    }
}

async fn one_commit(connection: &mut PgConnection) -> Result<u64, sqlx::Error> {
    let mut tx = connection.begin().await?;
    let held: Option<(i64, String)> = sqlx::query_as(HOLD).fetch_optional(&mut *tx).await?;
    let Some((id, _)) = held else {
        return Ok(0);
    };
    sqlx::query(FINISH_HELD)
        .bind(id)
        .bind(RESULT)
        .execute(&mut *tx)
        .await?;
    tx.commit().await?;
    Ok(1)
}
