//! One run: load and trouble together, then rest, then the account.

use super::caller::ask_on;
use super::curves::{Curves, Sample, grown, median};
use super::jobs::submit_on;
use super::plot::draw;
use super::tally::{Counts, Tally};
use super::trouble::{Faults, trouble};
use super::world::World;
use crate::cluster::process::{memory_kib_of, open_files_of};
use crate::dice::Dice;
use crate::jobs::client::Jobs;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::task::JoinSet;
use tokio::time::{Instant, interval};
use tokio_util::sync::CancellationToken;

/// Callers at once.
const CALLERS: u64 = 12;
/// How a job may end: with its result, or as its caller wished.
const MAY_END: [&str; 2] = ["done", "canceled"];
/// Longest until every job has ended once nothing goes wrong any more.
const JOBS_LIMIT: Duration = Duration::from_secs(300);

/// How long, and how.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// Fixes what is asked and what goes wrong.
    pub seed: u64,
    /// How long things go wrong.
    pub lasts: Duration,
}

/// What came of it.
#[derive(Debug)]
pub struct Report {
    options: Options,
    /// How requests ended.
    pub requests: Counts,
    /// How jobs ended, by status.
    pub jobs: BTreeMap<String, usize>,
    /// What went wrong.
    pub faults: Faults,
    /// Memory and files over time.
    pub curves: Curves,
}

/// Plays it. At the end every publisher serves, every job has ended and every program is at rest.
///
/// # Panics
/// When that is not so, or a program's log tells of a panic or shows a secret.
pub async fn run(options: Options) -> Report {
    let mut world = World::start().await;
    let (over, tally) = (CancellationToken::new(), Arc::<Tally>::default());
    let mut callers = JoinSet::new();
    for n in 1..=CALLERS {
        callers.spawn(ask_on(
            Dice::new(options.seed.wrapping_mul(1_000) + n),
            world.mcpd.addr,
            world.mcpd.admin.clone(),
            world.models(),
            world.absence.clone(),
            tally.clone(),
            over.clone(),
        ));
    }
    let jobs = Jobs::of(&world.mcpd);
    let mut submitter = JoinSet::from_iter([submit_on(
        Dice::new(options.seed.wrapping_mul(7_000_003)),
        jobs.clone(),
        world.rows(),
        over.clone(),
    )]);

    let curves = Arc::new(Mutex::new(Curves::default()));
    let began = Instant::now();
    let (server, publisher) = (world.server_pid.clone(), world.steady_pid());
    let mut sampler = JoinSet::from_iter([sample_on(began, server, publisher, curves.clone())]);
    let told = |fault| {
        lock(&curves).faults.push((began.elapsed(), fault));
    };
    let (spare, end) = (began + options.lasts / 3, began + options.lasts);
    let faults = trouble(&mut world, Dice::new(options.seed), spare, end, told).await;
    world.calm();
    over.cancel();
    while let Some(ended) = callers.join_next().await {
        ended.expect("a caller does not panic");
    }
    let ids = submitter.join_next().await;
    let ids = ids
        .and_then(Result::ok)
        .expect("a submitter does not panic");
    let ended = jobs.all_end(&ids, JOBS_LIMIT).await;
    world.all_active().await;
    world.at_rest().await;
    sampler.shutdown().await;
    let curves = std::mem::take(&mut *lock(&curves));
    Report {
        options,
        requests: tally.counts(),
        jobs: ended,
        faults,
        curves,
    }
}

fn lock(curves: &Mutex<Curves>) -> MutexGuard<'_, Curves> {
    curves.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Looks at both programs once a second, until it is ended.
async fn sample_on(
    began: Instant,
    server: Arc<AtomicU32>,
    publisher: u32,
    curves: Arc<Mutex<Curves>>,
) {
    let mut ticks = interval(Duration::from_secs(1));
    loop {
        ticks.tick().await;
        let look = |pid| {
            let files = open_files_of(pid);
            Sample {
                at: began.elapsed(),
                kib: memory_kib_of(pid),
                files: files.sockets + files.others,
            }
        };
        let (server, publisher) = (look(server.load(Ordering::Relaxed)), look(publisher));
        let mut curves = lock(&curves);
        curves.server.push(server);
        curves.publisher.push(publisher);
    }
}

impl Report {
    /// The curves as an SVG drawing.
    #[must_use]
    pub fn plot(&self) -> String {
        draw(&self.curves)
    }

    /// What should not have been: answers that nobody should get, and jobs that ended without what they were for. Empty
    /// where all is well.
    #[must_use]
    pub fn wrong(&self) -> Vec<String> {
        let lost = self
            .jobs
            .iter()
            .filter(|(status, _)| !MAY_END.contains(&&***status));
        let lost = lost.map(|(status, count)| format!("{count} jobs ended as `{status}`"));
        self.requests.wrong.iter().cloned().chain(lost).collect()
    }

    /// What the programs held more and more of; empty where all is well. Tells nothing of a run of seconds.
    #[must_use]
    pub fn grown(&self) -> Vec<String> {
        let curves = [
            ("mcpd", &self.curves.server),
            ("mcplocal", &self.curves.publisher),
        ];
        let grown = curves
            .iter()
            .flat_map(|(name, samples)| grown(samples).map(move |what| format!("{name}: {what}")));
        grown.collect()
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let minutes = self.options.lasts.as_secs_f64() / 60.0;
        writeln!(
            f,
            "seed {}, {minutes:.1} minutes of trouble",
            self.options.seed
        )?;
        writeln!(f, "\n{} requests", self.requests.total())?;
        for (outcome, count) in &self.requests.by_outcome {
            writeln!(f, "  {outcome:36} {count:>8}")?;
        }
        writeln!(f, "\n{} jobs accepted", self.jobs.values().sum::<usize>())?;
        for (status, count) in &self.jobs {
            writeln!(f, "  {status:36} {count:>8}")?;
        }
        writeln!(
            f,
            "\n{:38} {:>8}   all publishers back within",
            "faults", "tried"
        )?;
        for (fault, (tried, back)) in &self.faults.0 {
            writeln!(f, "  {fault:36} {tried:>8}   {:.1} s", back.as_secs_f64())?;
        }
        writeln!(
            f,
            "\n{:38} {:>16} {:>16}",
            "medians", "second third", "last third"
        )?;
        let curves = [
            ("mcpd", &self.curves.server),
            ("mcplocal", &self.curves.publisher),
        ];
        for (name, samples) in curves {
            let ((kib, files), (kib_last, files_last)) =
                (median(samples, 0.34, 0.67), median(samples, 0.67, 1.0));
            let mib = |kib: u64| kib as f64 / 1024.0;
            writeln!(
                f,
                "  {:36} {:>12.1} MiB {:>12.1} MiB",
                name,
                mib(kib),
                mib(kib_last)
            )?;
            writeln!(
                f,
                "  {:36} {:>16} {:>16}",
                format!("{name}, open files"),
                files,
                files_last
            )?;
        }
        writeln!(f, "\nwrong: {}", self.wrong().len())
    }
}
