//! From enqueue to start: a worker from outside that waits in a long poll, and one within mcpd.
//!
//! Both times begin when the submit is sent. Outside, the time ends when the claim's answer is there. Inside, it ends
//! with the start that the job's history tells, in whole milliseconds, cut: a millisecond is added, so that what is
//! reported is never less than what was.

use super::call::{Link, read};
use super::hand::Worker;
use super::{BUILT_IN, OUTSIDE, Ours};
use crate::bench::trouble::Trouble;
use crate::clock::{monotonic_ns, wall_ns};
use crate::jobs_bench::book::Book;
use crate::jobs_bench::load::{Latencies, limit_of};
use crate::jobs_bench::plan::{PERIOD, Plan};
use crate::jobs_bench::rows;
use serde::Deserialize;
use shared::timestamp::Timestamp;
use tokio::time::{interval, sleep, timeout};

/// How long a worker waits in one call.
const WAIT_S: u64 = 20;
/// Looks at a job that shall have ended, with the period between them.
const LOOKS: u32 = 250;
const MS: u64 = 1_000_000;

/// Measures both rows.
///
/// # Errors
/// When mcpd refuses, or a job does not start in time.
pub async fn start(
    ours: &Ours<'_>,
    plan: &Plan,
    round: usize,
    book: &mut Book,
) -> Result<(), Trouble> {
    let place = ours.place().await?;
    let mcpd = ours.run(&place, None).await?;
    let late = |_| Trouble::Unexpected("mcpd's jobs did not all start".to_owned());
    let worker = Worker::register(&mcpd, 1, WAIT_S).await?;
    let submit = submit(Link::open(&mcpd).await?, OUTSIDE, plan.starts, monotonic_ns);
    let both = async { tokio::try_join!(submit, take(worker, plan.starts)) };
    let (sent, started) = timeout(limit_of(plan), both).await.map_err(late)??;
    let sent: Vec<u64> = sent.into_iter().map(|(_, sent)| sent).collect();
    rows::OUTSIDE.note(Latencies::between(&sent, &started), ours.lane, round, book);

    let inside = async {
        let sent = self::submit(Link::open(&mcpd).await?, BUILT_IN, plan.starts, wall_ns).await?;
        started_inside(Link::open(&mcpd).await?, &sent).await
    };
    let latencies = timeout(limit_of(plan), inside).await.map_err(late)??;
    rows::INSIDE.note(latencies, ours.lane, round, book);
    drop(mcpd);
    ours.leave(place).await
}

/// Submits a job each period; ids, and when each call was sent.
async fn submit(
    mut link: Link,
    kind: &str,
    count: usize,
    clock: fn() -> u64,
) -> Result<Vec<(String, u64)>, Trouble> {
    #[derive(Deserialize)]
    struct Accepted {
        job_id: String,
    }
    let mut pace = interval(PERIOD);
    let mut sent = Vec::with_capacity(count);
    for n in 0..count {
        let body = format!(r#"{{"kind":"{kind}","payload":{{"n":{n}}}}}"#);
        pace.tick().await;
        let now = clock();
        let accepted: Accepted = read(link.post("/v1/jobs", &body).await?)?;
        sent.push((accepted.job_id, now));
    }
    Ok(sent)
}

/// When each job was in the worker's hand.
async fn take(mut worker: Worker, count: usize) -> Result<Vec<u64>, Trouble> {
    let mut started = vec![0; count];
    let mut open = count;
    while open > 0 {
        let jobs = worker.claim().await?;
        let now = monotonic_ns();
        let Some(job) = jobs.first() else {
            continue;
        };
        let n = job.payload["n"].as_u64().unwrap_or(u64::MAX);
        let slot = usize::try_from(n).ok().and_then(|n| started.get_mut(n));
        *slot.ok_or_else(|| Trouble::Unexpected(format!("a job that is none: {job:?}")))? = now;
        open -= 1;
        worker.complete(&jobs).await?;
    }
    Ok(started)
}

#[derive(Debug, Deserialize)]
struct Job {
    #[serde(default)]
    history: Vec<Attempt>,
}

#[derive(Debug, Deserialize)]
struct Attempt {
    started_at: Timestamp,
}

/// Asks each job when its first attempt began.
async fn started_inside(mut link: Link, sent: &[(String, u64)]) -> Result<Latencies, Trouble> {
    let mut took = Vec::with_capacity(sent.len());
    for (id, sent) in sent {
        let started = began(&mut link, id).await?;
        took.push((started + MS).saturating_sub(*sent));
    }
    Ok(Latencies::of(took))
}

async fn began(link: &mut Link, id: &str) -> Result<u64, Trouble> {
    for _ in 0..LOOKS {
        let job: Job = read(link.get(&format!("/v1/jobs/{id}?history=true")).await?)?;
        if let Some(first) = job.history.first() {
            return Ok(first.started_at.as_millis().unsigned_abs() * MS);
        }
        sleep(PERIOD).await;
    }
    Err(Trouble::Unexpected(format!("the job {id} was not started")))
}
