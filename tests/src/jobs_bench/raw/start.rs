//! From enqueue to start: the insert carries a `NOTIFY`, a worker that listens claims and finishes.

use super::work::{claim, finish};
use super::{KIND, create};
use crate::bench::trouble::{During, Trouble};
use crate::clock::monotonic_ns;
use crate::jobs_bench::book::{Book, Lane};
use crate::jobs_bench::database::{Database, Server};
use crate::jobs_bench::load::{Latencies, limit_of};
use crate::jobs_bench::plan::{PERIOD, Plan};
use crate::jobs_bench::rows;
use sqlx::postgres::{PgConnection, PgListener};
use tokio::time::{interval, timeout};

const INSERT: &str = "
    with new as (insert into queue (kind, payload) values ($1, $2) returning id)
    select pg_notify('queue', '') from new";

/// Measures the section.
///
/// # Errors
/// When the database refuses, or a job does not start in time.
pub async fn start(
    server: &Server,
    plan: &Plan,
    round: usize,
    book: &mut Book,
) -> Result<(), Trouble> {
    let database = create(server).await?;
    let listener = listen(&database).await?;
    let (worker, producer) = (database.connect().await?, database.connect().await?);
    let both = async {
        tokio::try_join!(
            produce(producer, plan.starts),
            consume(listener, worker, plan.starts)
        )
    };
    let late = |_| Trouble::Unexpected("the jobs of the plain queue did not all start".to_owned());
    let (sent, started) = timeout(limit_of(plan), both).await.map_err(late)??;
    rows::OUTSIDE.note(Latencies::between(&sent, &started), Lane::Raw, round, book);
    server.remove(database).await
}

async fn listen(database: &Database) -> Result<PgListener, Trouble> {
    let listening = async {
        let mut listener = PgListener::connect(&database.url).await?;
        listener.listen("queue").await?;
        Ok::<_, sqlx::Error>(listener)
    };
    listening.await.during("listen for jobs")
}

/// When each insert was sent.
async fn produce(mut connection: PgConnection, count: usize) -> Result<Vec<u64>, Trouble> {
    let mut pace = interval(PERIOD);
    let mut sent = Vec::with_capacity(count);
    for n in 0..count {
        pace.tick().await;
        sent.push(monotonic_ns());
        sqlx::query(INSERT)
            .bind(KIND)
            .bind(n.to_string())
            .execute(&mut connection)
            .await
            .during("store a job and notify")?;
    }
    Ok(sent)
}

/// When each job was in the worker's hand.
async fn consume(
    mut listener: PgListener,
    mut connection: PgConnection,
    count: usize,
) -> Result<Vec<u64>, Trouble> {
    let mut started = vec![0; count];
    let mut open = count;
    while open > 0 {
        let claimed = claim(&mut connection, 1).await?;
        let now = monotonic_ns();
        let Some((_, payload)) = claimed.first() else {
            listener.recv().await.during("wait for a notice")?;
            continue;
        };
        let slot = payload.parse().ok().and_then(|n: usize| started.get_mut(n));
        *slot.ok_or_else(|| Trouble::Unexpected(format!("a job that is none: {payload}")))? = now;
        open -= 1;
        finish(&mut connection, &claimed).await?;
    }
    Ok(started)
}
