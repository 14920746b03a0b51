//! mcpd on PostgreSQL or SQLite, through HTTP on loopback, as its callers and workers see it.

mod ask;
mod call;
mod enqueue;
mod hand;
mod start;
mod work;

pub use enqueue::enqueue;
pub use hand::hand;
pub use start::start;
pub use work::work;

use super::book::Lane;
use super::database::{Database, Server};
use super::plan::BATCH;
use super::raw::PAYLOAD;
use crate::bench::launch::Scratch;
use crate::bench::launch::mcpd::Mcpd;
use crate::bench::trouble::{During, Trouble};
use call::Link;
use sqlx::Executor;
use std::path::{Path, PathBuf};

/// A kind that mcpd leaves to workers from outside.
const OUTSIDE: &str = "noop";
/// A kind that its own workers run.
const BUILT_IN: &str = "echo";

/// The program, and what it is measured with.
#[derive(Debug)]
pub struct Ours<'a> {
    /// mcpd.
    pub program: &'a Path,
    /// On which database.
    pub lane: Lane,
    /// The PostgreSQL.
    pub server: &'a Server,
    /// Where data folders are made.
    pub scratch: &'a Scratch,
}

/// A data folder, and a database where the lane has one.
#[derive(Debug)]
struct Place {
    dir: PathBuf,
    database: Option<Database>,
}

impl Ours<'_> {
    /// An empty one.
    async fn place(&self) -> Result<Place, Trouble> {
        let dir = self.scratch.dir("mcpd")?;
        std::fs::remove_dir_all(&dir).during(format!("empty {}", dir.display()))?;
        let dir = self.scratch.dir("mcpd")?;
        let database = match self.lane {
            Lane::Postgres => Some(self.server.create("mcpd").await?),
            _ => None,
        };
        Ok(Place { dir, database })
    }

    /// mcpd on `place` with so many workers of its own; as it comes where that is not said.
    async fn run(&self, place: &Place, workers: Option<usize>) -> Result<Mcpd, Trouble> {
        let workers = workers.map(|count| count.to_string());
        let mut settings = Vec::new();
        if let Some(workers) = &workers {
            settings.push(("MCPD_WORKERS", workers.as_str()));
        }
        if let Some(database) = &place.database {
            settings.push(("MCPD_DATABASE_URL", database.url.as_str()));
        }
        // gRPC has a port of its own, of which there is one.
        settings.push(("MCPD_GRPC_LISTEN", "127.0.0.1:0"));
        Mcpd::start_with(self.program, &place.dir, &settings).await
    }

    /// Stores `count` jobs of `kind`; mcpd has ended again when they lie there.
    async fn filled(&self, kind: &str, count: usize) -> Result<Place, Trouble> {
        let place = self.place().await?;
        let mcpd = self.run(&place, Some(0)).await?;
        self.fill(place, mcpd, &jobs_body(kind, BATCH), count).await
    }

    /// Stores `count` jobs on `place`, a thousand a call, each call with `body`.
    async fn fill(
        &self,
        place: Place,
        mcpd: Mcpd,
        body: &str,
        count: usize,
    ) -> Result<Place, Trouble> {
        let mut link = Link::open(&mcpd).await?;
        for _ in 0..count / BATCH {
            link.post("/v1/jobs", body).await?;
        }
        drop(mcpd);
        if let Some(database) = &place.database {
            let mut connection = database.connect().await?;
            for statement in ["vacuum analyze", "checkpoint"] {
                connection.execute(statement).await.during(statement)?;
            }
        }
        Ok(place)
    }

    /// Nothing of `place` is needed any more; mcpd has ended.
    async fn leave(&self, place: Place) -> Result<(), Trouble> {
        match place.database {
            Some(database) => self.server.remove(database).await,
            None => Ok(()),
        }
    }

    /// The processes whose CPU a job costs.
    fn processes(&self, mcpd: &Mcpd) -> Vec<u32> {
        match self.lane {
            Lane::Postgres => vec![mcpd.running.pid(), self.server.pid()],
            _ => vec![mcpd.running.pid()],
        }
    }
}

/// One job, as `POST /v1/jobs` takes it.
fn job_body(kind: &str) -> String {
    format!(r#"{{"kind":"{kind}","payload":{PAYLOAD}}}"#)
}

/// `count` jobs in one call.
fn jobs_body(kind: &str, count: usize) -> String {
    list_body(&job_body(kind), count)
}

/// The job `body` so many times.
fn list_body(body: &str, count: usize) -> String {
    format!(r#"{{"jobs":[{}]}}"#, vec![body; count].join(","))
}
