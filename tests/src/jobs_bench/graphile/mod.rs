//! graphile-worker: its schema and workers run in node (`worker.mjs`), its SQL functions `add_job` and `add_jobs` are
//! called by the same loop over `sqlx` as the floor's inserts, so that no client in JavaScript is measured with them.
//!
//! It deletes finished jobs: no result and no history is written, which the other ways do.

mod enqueue;

pub use enqueue::enqueue;

use super::book::{Book, Lane};
use super::database::{Database, Server};
use super::load::{Latencies, Load};
use super::plan::{BATCH, PERIOD, Plan};
use super::rows::{OUTSIDE, WORKERS};
use super::{cpu, load::limit_of, raw::PAYLOAD};
use crate::bench::launch::Running;
use crate::bench::trouble::{During, Trouble};
use serde::Deserialize;
use serde_json::{Value, json};
use sqlx::Executor;
use sqlx::postgres::PgConnection;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

const SCRIPT: &str = include_str!("worker.mjs");
/// Time that node may take beyond its window.
const GRACE: Duration = Duration::from_secs(30);
/// Workers while the time to the start is measured: as many as mcpd has by default.
const STARTERS: usize = 4;
const ADD_JOBS: &str = "
    select count(*) from graphile_worker.add_jobs(array(
        select ('noop', payload::json, null, null, null, null, null, null)::graphile_worker.job_spec
        from unnest($1::text[]) as given (payload)
    ))";

/// Where it is installed, and where its script lies.
#[derive(Debug)]
pub struct Graphile {
    tools: PathBuf,
    dir: PathBuf,
}

impl Graphile {
    /// The one in `tools`, with its logs in `dir`.
    ///
    /// # Errors
    /// When the script cannot be written.
    pub fn new(tools: &Path, dir: PathBuf) -> Result<Self, Trouble> {
        let script = dir.join("worker.mjs");
        std::fs::write(&script, SCRIPT).during(format!("write {}", script.display()))?;
        let tools = tools.to_path_buf();
        Ok(Self { tools, dir })
    }

    /// Its version, as installed.
    #[must_use]
    pub fn version(&self) -> String {
        let package = "node_modules/graphile-worker/package.json";
        let text = std::fs::read_to_string(self.tools.join(package)).unwrap_or_default();
        let package: Value = serde_json::from_str(&text).unwrap_or_default();
        package["version"].as_str().unwrap_or("unknown").to_owned()
    }

    /// Its own workers, at each number of them.
    ///
    /// # Errors
    /// When node or the database refuses.
    pub async fn work(
        &self,
        server: &Server,
        lane: Lane,
        plan: &Plan,
        round: usize,
        book: &mut Book,
    ) -> Result<(), Trouble> {
        let batched = lane == Lane::GraphileBatched;
        let count = if batched {
            plan.large_backlog
        } else {
            plan.backlog
        };
        for (workers, row) in WORKERS {
            let database = self.filled(server, count).await?;
            let window_ms = plan.window.as_millis();
            let ask = json!({"do": "work", "concurrency": workers, "batched": batched,
                "window_ms": window_ms, "count": count});
            let cpu_before = cpu::used_us(&[server.pid()]);
            let seen: Worked = self.node(&database, ask, plan.window).await?;
            let cpu_us = cpu::used_us(&[server.pid()]) - cpu_before + seen.cpu_us;
            let done = finished(&database, count).await?;
            row.note(Load::new(done, seen.seconds, cpu_us), lane, round, book);
            server.remove(database).await?;
        }
        Ok(())
    }

    /// From `addJob` to the task's first line, both in one node process.
    ///
    /// # Errors
    /// When node or the database refuses, or a job does not start in time.
    pub async fn start(
        &self,
        server: &Server,
        lane: Lane,
        plan: &Plan,
        round: usize,
        book: &mut Book,
    ) -> Result<(), Trouble> {
        let database = self.create(server).await?;
        let ask = json!({"do": "start", "concurrency": STARTERS, "batched": lane == Lane::GraphileBatched,
            "count": plan.starts, "period_ms": PERIOD.as_millis()});
        let seen: Started = self.node(&database, ask, limit_of(plan)).await?;
        if seen.took_ns.len() < plan.starts {
            let (started, wanted) = (seen.took_ns.len(), plan.starts);
            let text = format!("{started} of {wanted} jobs of graphile-worker started");
            return Err(Trouble::Unexpected(text));
        }
        OUTSIDE.note(Latencies::of(seen.took_ns), lane, round, book);
        server.remove(database).await
    }

    /// A database with its schema.
    async fn create(&self, server: &Server) -> Result<Database, Trouble> {
        let database = server.create("graphile").await?;
        let _: Value = self
            .node(&database, json!({"do": "migrate"}), Duration::ZERO)
            .await?;
        Ok(database)
    }

    /// A database with `count` jobs that lie ready.
    async fn filled(&self, server: &Server, count: usize) -> Result<Database, Trouble> {
        let database = self.create(server).await?;
        let mut connection = database.connect().await?;
        for _ in 0..count / BATCH {
            add_jobs(&mut connection).await?;
        }
        for statement in ["vacuum analyze", "checkpoint"] {
            connection.execute(statement).await.during(statement)?;
        }
        Ok(database)
    }

    /// Lets node do what `ask` says; what it has seen.
    async fn node<T: for<'de> Deserialize<'de>>(
        &self,
        database: &Database,
        mut ask: Value,
        planned: Duration,
    ) -> Result<T, Trouble> {
        ask["tools"] = json!(self.tools);
        ask["url"] = json!(database.url);
        let mut command = Command::new("node");
        command
            .arg(self.dir.join("worker.mjs"))
            .arg(ask.to_string())
            .env("NODE_ENV", "production")
            .env("NO_LOG_SUCCESS", "1");
        let mut running = Running::start("node", &mut command, &self.dir)?;
        let said = running.finishes(planned + GRACE).await?;
        let last = said.lines().last().unwrap_or_default();
        serde_json::from_str(last)
            .map_err(|_| Trouble::Unexpected(format!("graphile-worker's script said {said}")))
    }
}

/// Jobs that are gone of the `count` there were.
async fn finished(database: &Database, count: usize) -> Result<u64, Trouble> {
    let asked = "select count(*) from graphile_worker._private_jobs";
    let mut connection = database.connect().await?;
    let left: i64 = sqlx::query_scalar(asked)
        .fetch_one(&mut connection)
        .await
        .during(asked)?;
    Ok((count as u64).saturating_sub(left.unsigned_abs()))
}

async fn add_jobs(connection: &mut PgConnection) -> Result<(), Trouble> {
    let added = sqlx::query(ADD_JOBS)
        .bind(vec![PAYLOAD; BATCH])
        .execute(connection)
        .await;
    added.during("add a batch of jobs").map(drop)
}

#[derive(Debug, Deserialize)]
struct Worked {
    seconds: f64,
    cpu_us: u64,
}

#[derive(Debug, Deserialize)]
struct Started {
    took_ns: Vec<u64>,
}
