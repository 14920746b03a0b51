//! mcpd's own workers, on jobs that were there before it started.
//!
//! `echo` takes no time, so mcpd claims and finishes hundreds at once, in a few loops, however many workers there are. What
//! a job costs that is run by itself is told by jobs that ask a mock LLM: see `ask.rs`.
//!
//! What was done, and when, is read from the jobs themselves after the server has stopped and started again: so it is
//! what survived, and reading disturbs nobody. The rate counts from the first job's end to the last one's.

use super::ask;
use super::call::{Link, read};
use super::{BUILT_IN, Ours, Place};
use crate::bench::control::{Seen, wait_for};
use crate::bench::launch::mcpd::Mcpd;
use crate::bench::trouble::Trouble;
use crate::jobs_bench::book::Book;
use crate::jobs_bench::cpu;
use crate::jobs_bench::load::Load;
use crate::jobs_bench::plan::Plan;
use crate::jobs_bench::rows::{DEFAULT, RateRow, WORKERS};
use serde::Deserialize;
use shared::timestamp::Timestamp;
use std::time::Duration;

/// Between two looks whether anything is left.
const LOOK: Duration = Duration::from_millis(100);
/// Jobs in one page of a list.
const PAGE: usize = 1000;

/// Measures all rows of the section.
///
/// # Errors
/// When mcpd does not come up, or refuses.
pub async fn work(
    ours: &Ours<'_>,
    plan: &Plan,
    round: usize,
    book: &mut Book,
) -> Result<(), Trouble> {
    let levels = WORKERS.iter().map(|(workers, row)| (Some(*workers), row));
    for (workers, row) in levels.chain([(None, &DEFAULT)]) {
        let load = measure(ours, plan, workers).await?;
        RateRow::note(row, load, ours.lane, round, book);
    }
    ask::work(ours, plan, round, book).await
}

async fn measure(ours: &Ours<'_>, plan: &Plan, workers: Option<usize>) -> Result<Load, Trouble> {
    let count = match workers {
        Some(1) => plan.backlog,
        _ => plan.large_backlog,
    };
    let place = ours.filled(BUILT_IN, count).await?;
    run_down(ours, plan, place, workers).await
}

/// Lets mcpd run the jobs of `place` for a window, then reads what it has done.
pub(super) async fn run_down(
    ours: &Ours<'_>,
    plan: &Plan,
    place: Place,
    workers: Option<usize>,
) -> Result<Load, Trouble> {
    let before = cpu::used_us(&[ours.server.pid()]);
    let mcpd = ours.run(&place, workers).await?;
    let is_left = wait_for("the jobs to end", plan.window, LOOK, || any_left(&mcpd)).await;
    // Late is no trouble: then the window was shorter than the work.
    if let Err(trouble) = is_left
        && !matches!(trouble, Trouble::Late { .. })
    {
        return Err(trouble);
    }
    // Its start is in it, some milliseconds.
    let mut cpu_us = cpu::used_us(&[mcpd.running.pid()]);
    if place.database.is_some() {
        cpu_us += cpu::used_us(&[ours.server.pid()]) - before;
    }
    drop(mcpd);
    let load = read_back(ours, &place, cpu_us).await?;
    ours.leave(place).await?;
    Ok(load)
}

async fn any_left(mcpd: &Mcpd) -> Result<Seen<()>, Trouble> {
    let mut link = Link::open(mcpd).await?;
    for status in ["queued", "running"] {
        let path = format!("/v1/jobs?status={status}&limit=1");
        if !read::<Page>(link.get(&path).await?)?.jobs.is_empty() {
            return Ok(Seen::NotYet(format!("jobs are {status}")));
        }
    }
    Ok(Seen::Done(()))
}

#[derive(Debug, Deserialize)]
struct Page {
    jobs: Vec<Row>,
    next_cursor: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Row {
    ended_at: Option<Timestamp>,
}

/// Reads all jobs that are done.
async fn read_back(ours: &Ours<'_>, place: &Place, cpu_us: u64) -> Result<Load, Trouble> {
    let mcpd = ours.run(place, Some(0)).await?;
    let mut link = Link::open(&mcpd).await?;
    let (mut done, mut first, mut last) = (0_u64, i64::MAX, 0);
    let mut cursor = String::new();
    loop {
        let path = format!("/v1/jobs?status=done&limit={PAGE}{cursor}");
        let page: Page = read(link.get(&path).await?)?;
        for ended in page.jobs.iter().filter_map(|job| job.ended_at) {
            done += 1;
            first = first.min(ended.as_millis());
            last = last.max(ended.as_millis());
        }
        match page.next_cursor {
            Some(next) if !page.jobs.is_empty() => cursor = format!("&cursor={next}"),
            _ => break,
        }
    }
    if done < 2 {
        let text = format!("mcpd's own workers did {done} jobs");
        return Err(Trouble::Unexpected(text));
    }
    let seconds = (last - first).max(1) as f64 / 1e3;
    Ok(Load::new(done, seconds, cpu_us))
}
