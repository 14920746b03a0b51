//! Storing rows: one at a time, and a thousand in one statement.

use super::{KIND, PAYLOAD, connections, create, insert_many, pgbench};
use crate::bench::trouble::{During, Trouble};
use crate::jobs_bench::book::{Book, Lane};
use crate::jobs_bench::database::Server;
use crate::jobs_bench::load::{Caller, drive};
use crate::jobs_bench::plan::{BATCH, CALLERS, Plan};
use crate::jobs_bench::rows;
use sqlx::postgres::PgConnection;

/// Measures all rows of the section.
///
/// # Errors
/// When the database refuses.
pub async fn enqueue(
    server: &Server,
    plan: &Plan,
    round: usize,
    book: &mut Book,
) -> Result<(), Trouble> {
    let database = create(server).await?;
    let callers = connections(&database, CALLERS).await?;
    let callers = callers.into_iter().map(Single).collect();
    let load = drive(callers, plan.window, &[server.pid()]).await?;
    rows::SINGLE.note(load, Lane::Raw, round, book);
    for (count, row) in [(1, &rows::BATCHES), (CALLERS, &rows::MANY_BATCHES)] {
        let database = create(server).await?;
        let callers = connections(&database, count).await?;
        let callers = callers.into_iter().map(Many).collect();
        let load = drive(callers, plan.window, &[server.pid()]).await?;
        row.note(load, Lane::Raw, round, book);
    }
    let database = create(server).await?;
    let per_s = pgbench::run(server, &database, pgbench::INSERT, CALLERS, plan.window).await?;
    book.note(rows::BY_PGBENCH, Lane::Raw, round, per_s);
    server.remove(database).await
}

struct Single(PgConnection);

impl Caller for Single {
    async fn step(&mut self) -> Result<u64, Trouble> {
        let inserted = sqlx::query("insert into queue (kind, payload) values ($1, $2)")
            .bind(KIND)
            .bind(PAYLOAD)
            .execute(&mut self.0)
            .await;
        inserted.during("store a job").map(|_| 1)
    }
}

struct Many(PgConnection);

impl Caller for Many {
    async fn step(&mut self) -> Result<u64, Trouble> {
        insert_many(&mut self.0, &[PAYLOAD; BATCH]).await?;
        Ok(BATCH as u64)
    }
}
