//! Storing jobs by `add_job` and `add_jobs`.

use super::{Graphile, add_jobs};
use crate::bench::trouble::{During, Trouble};
use crate::jobs_bench::book::{Book, Lane};
use crate::jobs_bench::database::{Database, Server};
use crate::jobs_bench::load::{Caller, drive};
use crate::jobs_bench::plan::{BATCH, CALLERS, Plan};
use crate::jobs_bench::raw::PAYLOAD;
use crate::jobs_bench::rows;
use sqlx::postgres::PgConnection;

/// Measures all rows of the section.
///
/// # Errors
/// When node or the database refuses.
pub async fn enqueue(
    graphile: &Graphile,
    server: &Server,
    plan: &Plan,
    round: usize,
    book: &mut Book,
) -> Result<(), Trouble> {
    let database = graphile.create(server).await?;
    let callers = callers(&database, CALLERS, Single).await?;
    let load = drive(callers, plan.window, &[server.pid()]).await?;
    rows::SINGLE.note(load, Lane::Graphile, round, book);
    for (count, row) in [(1, &rows::BATCHES), (CALLERS, &rows::MANY_BATCHES)] {
        let database = graphile.create(server).await?;
        let callers = self::callers(&database, count, Many).await?;
        let load = drive(callers, plan.window, &[server.pid()]).await?;
        row.note(load, Lane::Graphile, round, book);
    }
    server.remove(database).await
}

async fn callers<C>(
    database: &Database,
    count: usize,
    make: impl Fn(PgConnection) -> C,
) -> Result<Vec<C>, Trouble> {
    let mut all = Vec::with_capacity(count);
    for _ in 0..count {
        all.push(make(database.connect().await?));
    }
    Ok(all)
}

struct Single(PgConnection);

impl Caller for Single {
    async fn step(&mut self) -> Result<u64, Trouble> {
        let added = sqlx::query("select id from graphile_worker.add_job('noop', $1::text::json)")
            .bind(PAYLOAD)
            .execute(&mut self.0)
            .await;
        added.during("add a job").map(|_| 1)
    }
}

struct Many(PgConnection);

impl Caller for Many {
    async fn step(&mut self) -> Result<u64, Trouble> {
        add_jobs(&mut self.0).await?;
        Ok(BATCH as u64)
    }
}
