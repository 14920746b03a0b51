//! `mcpctl worker`: claims jobs and runs a command of the user's own for each.
//!
//! ```text
//!  claim ──► job (one task each, up to --concurrency)
//!              ├─ keeper: heartbeats and progress, a task of its own
//!              ├─ run: the command in its process group, its streams
//!              └─ report: complete or fail, until the server has heard it
//!  signal ──► level: work ─► drain ─► stop ─► kill
//! ```

use std::pin::Pin;
use std::sync::Arc;

use shared::job::{Claim, Platform, Register, Status, WorkerId};
use tokio::sync::watch;
use tokio::task::JoinSet;

use self::claim::Worker;
use self::job::{End, Ended};
use self::recipe::Recipe;
use self::stop::{Level, Signals, raise};
use crate::args::worker as args;
use crate::client::{ClaimedJob, Refused};
use crate::exit_code::Exit;
use crate::failure::{Failure, Result};
use crate::output::Output;
use crate::session::Session;

mod backoff;
mod claim;
mod group;
mod job;
mod keeper;
mod lines;
mod outcome;
mod progress;
mod recipe;
mod report;
mod running;
mod show;
mod stop;

type Claiming = Pin<Box<dyn Future<Output = Result<Vec<ClaimedJob>>>>>;

/// When a run ends by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Until {
    Stopped,
    OneJob,
    NothingQueued,
}

pub(super) async fn run(args: &args::Worker, session: &Session<'_>) -> Result<Exit> {
    let register = register_of(args);
    check(args, &register)?;
    let signals = Signals::listen()?;
    let client = session.client()?;
    let id = match client.register_worker(&register).await {
        Ok(id) => id,
        Err(Refused::Later(why) | Refused::Never(why)) => return Err(why),
        Err(Refused::Stale) => return Err(Failure::failed("the server knows no such call")),
    };
    let (level, seen) = watch::channel(Level::Work);
    let worker = Worker {
        client,
        output: session.output.clone(),
        id,
        platform: register.worker,
        kinds: args.kinds.clone(),
        lease: args.lease,
        timeout: args.timeout.and_then(|flag| flag.own()),
        grace: args.grace,
        recipe: recipe(args)?,
        level: seen,
    };
    worker.output.note(&format!(
        "Worker {} ({}) takes {} from {}",
        worker.platform.name,
        worker.id,
        worker.kinds.join(", "),
        worker.client.server()
    ));
    let shift = Shift {
        worker: Arc::new(worker),
        level,
        slots: usize::from(args.concurrency),
        until: match (args.once, args.drain) {
            (true, _) => Until::OneJob,
            (_, true) => Until::NothingQueued,
            _ => Until::Stopped,
        },
        jobs: JoinSet::new(),
        is_over: false,
        is_dry: false,
        has_run: false,
        failed: 0,
        why: None,
    };
    shift.run(signals).await
}

/// From the first claim to the last report.
struct Shift {
    worker: Arc<Worker>,
    level: watch::Sender<Level>,
    slots: usize,
    until: Until,
    jobs: JoinSet<Ended>,
    /// No more jobs are taken.
    is_over: bool,
    /// There was nothing to claim, and no job has ended since.
    is_dry: bool,
    /// The command could be run at least once.
    has_run: bool,
    /// Jobs that are over, and not done.
    failed: u64,
    /// Why the run fails, though its jobs may not.
    why: Option<Failure>,
}

impl Shift {
    async fn run(mut self, mut signals: Signals) -> Result<Exit> {
        let mut claiming: Option<Claiming> = None;
        let mut asked_to_end = Exit::Done;
        loop {
            if self.is_over {
                claiming = None;
            } else if claiming.is_none() && !self.is_dry && self.jobs.len() < self.slots {
                claiming = Some(self.claim());
            }
            if claiming.is_none() && self.jobs.is_empty() {
                break;
            }
            tokio::select! {
                biased;
                exit = signals.next() => {
                    asked_to_end = exit;
                    self.signalled();
                }
                Some(ended) = self.jobs.join_next() => self.ended(ended),
                claimed = arrives(&mut claiming) => {
                    claiming = None;
                    self.claimed(claimed);
                }
            }
        }
        if let Some(why) = self.why {
            return Err(why);
        }
        Ok(match (*self.level.borrow(), self.failed) {
            (Level::Stop | Level::Kill, _) => asked_to_end,
            (_, 1..) if self.until != Until::Stopped => Exit::Failure,
            _ => Exit::Done,
        })
    }

    fn claim(&self) -> Claiming {
        let worker = self.worker.clone();
        let room = match self.until {
            Until::OneJob => 1,
            _ => self.slots - self.jobs.len(),
        };
        let patient = self.until == Until::Stopped;
        Box::pin(async move { worker.claim(room, patient).await })
    }

    fn claimed(&mut self, claimed: Result<Vec<ClaimedJob>>) {
        let output = &self.worker.output;
        match claimed {
            Ok(jobs) => {
                self.is_dry = jobs.is_empty() && self.until != Until::Stopped;
                self.is_over |= self.until == Until::OneJob;
                if self.is_dry && self.jobs.is_empty() {
                    output.note("No job of these kinds is queued");
                }
                for job in jobs {
                    show::start(output, &job);
                    self.jobs.spawn(job::work(self.worker.clone(), job));
                }
            }
            Err(why) => self.fail(why),
        }
    }

    fn ended(&mut self, ended: Result<Ended, tokio::task::JoinError>) {
        self.is_dry = false;
        let ended = match ended {
            Ok(ended) => ended,
            Err(why) => {
                let failure = Failure::failed("a job broke off by a fault of mcpctl");
                return self.fail(failure.caused_by(&why));
            }
        };
        let is_over = !matches!(
            ended.end,
            End::Done
                | End::Failed {
                    status: Some(Status::Queued),
                    ..
                }
        );
        let counts = match self.until {
            Until::OneJob => !matches!(ended.end, End::Done),
            _ => is_over,
        };
        self.failed += u64::from(counts);
        if let Err(why) = show::end(&self.worker.output, &ended) {
            self.fail(why);
        }
        match &ended.end {
            // A wrong command must not use up the attempts of the whole queue.
            End::Failed { error, .. } if ended.was_not_run && !self.has_run => {
                let failure = Failure::failed("the command can't be run on this machine")
                    .cause(error.clone())
                    .hint("try the same command by hand, then start the worker again");
                self.fail(failure);
            }
            _ => self.has_run = true,
        }
    }

    fn fail(&mut self, why: Failure) {
        self.is_over = true;
        self.why.get_or_insert(why);
    }

    fn signalled(&mut self) {
        self.is_over = true;
        let count = self.jobs.len();
        let jobs = if count == 1 { "job" } else { "jobs" };
        let output: &Output = &self.worker.output;
        match raise(&self.level) {
            Level::Work | Level::Drain if count == 0 => output.note("Stopped"),
            Level::Work | Level::Drain => output.note(&format!(
                "No more jobs are taken; {count} {jobs} will be finished. Once more (Ctrl-C or \
                 SIGTERM) stops them"
            )),
            Level::Stop => output.note(&format!(
                "Stopping {count} {jobs}; others may have them. Once more kills them"
            )),
            Level::Kill => output.note("Killing what runs"),
        }
    }
}

async fn arrives(claiming: &mut Option<Claiming>) -> Result<Vec<ClaimedJob>> {
    match claiming {
        Some(claiming) => claiming.await,
        None => std::future::pending().await,
    }
}

fn recipe(args: &args::Worker) -> Result<Recipe> {
    match (&args.exec, args.command.split_first()) {
        (Some(line), _) => Ok(Recipe::Shell(line.clone())),
        (None, Some((program, rest))) => Ok(Recipe::Program(program.clone(), rest.to_vec())),
        (None, None) => Err(Failure::usage("there is no command to run")
            .hint("mcpctl worker --kinds KIND --exec COMMAND")),
    }
}

fn register_of(args: &args::Worker) -> Register {
    let host = rustix::system::uname()
        .nodename()
        .to_string_lossy()
        .into_owned();
    let name = args.name.clone();
    Register {
        worker: Platform {
            id: None,
            name: name.unwrap_or_else(|| format!("{host}-{}", std::process::id())),
            platform: std::env::consts::OS.into(),
            arch: std::env::consts::ARCH.into(),
            host,
            tags: args.tags.clone(),
        },
    }
}

/// What the server would refuse is told before it is asked.
fn check(args: &args::Worker, register: &Register) -> Result<()> {
    let bad = |why: shared::job::BadJob| Failure::usage(why.to_string());
    register.check().map_err(bad)?;
    let anybody: std::result::Result<WorkerId, _> = "w".parse();
    let Ok(worker_id) = anybody else {
        return Ok(());
    };
    let claim = Claim {
        worker_id,
        kinds: args.kinds.clone(),
        lease_seconds: args.lease.as_secs(),
        limit: 1,
        wait_s: 0,
    };
    claim
        .check()
        .map_err(|why| bad(why).hint("name what the worker can do, such as --kinds thumbnails,ocr"))
}
