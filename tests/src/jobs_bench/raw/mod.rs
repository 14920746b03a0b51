//! The floor: a plain queue of one table and one partial index, claimed with `for update skip locked`.
//!
//! It keeps what ours keeps of a job's course (when it was queued, started and ended, the result), and nothing else: no
//! leases, tokens, attempts as rows, priorities, keys, events. Statements are prepared, a single one commits by itself.

mod enqueue;
mod pgbench;
mod start;
mod work;

pub use enqueue::enqueue;
pub use start::start;
pub use work::{hand, work};

use super::database::{Database, Server};
use super::plan::BATCH;
use crate::bench::trouble::{During, Trouble};
use sqlx::Executor;
use sqlx::postgres::PgConnection;

/// The kind of all jobs.
const KIND: &str = "noop";
/// The payload of all jobs, on all ways.
pub const PAYLOAD: &str = r#"{"text":"Say a few words.","n":1}"#;
/// The result of all jobs, on all ways that keep one.
pub const RESULT: &str = r#"{"ok":true}"#;

const SCHEMA: &str = "
    create table queue (
        id         bigint generated always as identity primary key,
        kind       text not null,
        payload    text not null,
        status     text not null default 'queued',
        attempts   integer not null default 0,
        result     text,
        queued_at  timestamptz not null default now(),
        started_at timestamptz,
        ended_at   timestamptz
    );
    create index queue_ready on queue (id) where status = 'queued';";

const INSERT_MANY: &str = "insert into queue (kind, payload) select $1, unnest($2::text[])";

/// A database with an empty queue.
async fn create(server: &Server) -> Result<Database, Trouble> {
    let database = server.create("raw").await?;
    let mut connection = database.connect().await?;
    let made = connection.execute(SCHEMA).await;
    made.during("make the plain queue")?;
    Ok(database)
}

/// A database with `count` jobs that lie ready.
async fn filled(server: &Server, count: usize) -> Result<Database, Trouble> {
    let database = create(server).await?;
    let mut connection = database.connect().await?;
    let payloads = vec![PAYLOAD; BATCH];
    for _ in 0..count / BATCH {
        insert_many(&mut connection, &payloads).await?;
    }
    let settled = connection.execute("vacuum analyze queue").await;
    settled.during("vacuum the plain queue")?;
    let settled = connection.execute("checkpoint").await;
    settled.during("make a checkpoint")?;
    Ok(database)
}

async fn insert_many(connection: &mut PgConnection, payloads: &[&str]) -> Result<(), Trouble> {
    let inserted = sqlx::query(INSERT_MANY)
        .bind(KIND)
        .bind(payloads)
        .execute(connection)
        .await;
    inserted.during("store a batch of jobs").map(drop)
}

async fn connections(database: &Database, count: usize) -> Result<Vec<PgConnection>, Trouble> {
    let mut all = Vec::with_capacity(count);
    for _ in 0..count {
        all.push(database.connect().await?);
    }
    Ok(all)
}
