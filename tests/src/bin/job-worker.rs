//! `job-worker`: an external worker of durable jobs, as a process that a test can freeze and kill. It does what each
//! payload says (`does`), brings results that tell who brought them, and notes every word of its own before it says
//! it: see `system_tests::jobs::notes`.

use clap::Parser;
use rustix::process::{Signal, getpid, kill_process};
use serde_json::json;
use std::cell::RefCell;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::rc::Rc;
use std::time::Duration;
use system_tests::clock::monotonic_ns;
use system_tests::jobs::notes::{Note, Pen};
use system_tests::jobs::plan::Does;
use system_tests::jobs::{Claimed, Jobs, Said, Worker};
use tokio::task::{JoinSet, LocalSet};
use tokio::time::sleep;

/// Jobs that it works on side by side.
const AT_ONCE: usize = 4;
/// Before a word that had no answer is said again.
const AGAIN: Duration = Duration::from_millis(20);
/// How often a result is said again: longer than any lease.
const TRIES: u32 = 100;

/// Works on durable jobs until it is killed
#[derive(Debug, Parser)]
struct Options {
    /// Where the server listens
    #[arg(long)]
    server: SocketAddr,
    /// Its access token, with the role `worker`
    #[arg(long, env = "MCPCTL_TOKEN", hide_env_values = true)]
    token: String,
    /// Its id as a worker
    #[arg(long)]
    id: String,
    /// The file that it writes notes to
    #[arg(long)]
    notes: PathBuf,
    /// The kinds that it claims
    #[arg(long, value_delimiter = ',', required = true)]
    kinds: Vec<String>,
    /// How long a job is its own, in seconds
    #[arg(long, default_value_t = 1)]
    lease: u64,
}

fn main() -> ExitCode {
    let options = Options::parse();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let (Ok(runtime), Ok(pen)) = (runtime, Pen::open(&options.notes)) else {
        return ExitCode::FAILURE;
    };
    let hands = Rc::new(Hands {
        worker: Worker {
            jobs: Jobs {
                addr: options.server,
                token: options.token,
            },
            id: options.id,
        },
        pen: RefCell::new(pen),
        lease: options.lease,
    });
    LocalSet::new().block_on(&runtime, hands.work(&options.kinds));
    ExitCode::SUCCESS
}

struct Hands {
    worker: Worker,
    pen: RefCell<Pen>,
    lease: u64,
}

impl Hands {
    async fn work(self: Rc<Self>, kinds: &[String]) {
        let kinds: Vec<&str> = kinds.iter().map(String::as_str).collect();
        let mut busy = JoinSet::new();
        loop {
            while busy.try_join_next().is_some() {}
            if busy.len() >= AT_ONCE {
                busy.join_next().await;
                continue;
            }
            let free = u32::try_from(AT_ONCE - busy.len()).unwrap_or(1);
            let Ok(jobs) = self.worker.claim(&kinds, self.lease, free, 1).await else {
                sleep(AGAIN).await;
                continue;
            };
            for job in jobs {
                let this = Rc::clone(&self);
                busy.spawn_local(async move { this.run(&job).await });
            }
        }
    }

    async fn run(&self, job: &Claimed) {
        let is_first = job.attempt == 1;
        match Does::find(&job.payload) {
            Does::Dies => {
                let _ = kill_process(getpid(), Signal::KILL);
            }
            Does::Refuses => return self.refuse(job).await,
            Does::Fails if is_first => {
                let _ = self.worker.fail(job, "not this time", true).await;
                return;
            }
            Does::Beats => {
                for done in 1..4 {
                    sleep(Duration::from_millis(15)).await;
                    let _ = self.worker.heartbeat(job, self.lease, done).await;
                }
            }
            Does::Dawdles if is_first => {
                sleep(Duration::from_millis(self.lease * 1000 + 600)).await;
            }
            Does::Quick | Does::Fails | Does::Dawdles => {}
        }
        self.bring(job).await;
    }

    fn note(&self, note: Note, job: &Claimed, nonce: &str) {
        self.pen.borrow_mut().note(note, &job.id, nonce);
    }

    async fn bring(&self, job: &Claimed) {
        let nonce = format!("{}-{}-{}", self.worker.id, job.attempt, monotonic_ns());
        let result = json!({"worker": self.worker.id, "attempt": job.attempt, "nonce": nonce});
        self.note(Note::Brings, job, &nonce);
        for _ in 0..TRIES {
            match self.worker.complete(job, result.clone()).await {
                Ok(Said::Written) => return self.note(Note::Won, job, &nonce),
                Ok(Said::Stale) => return self.note(Note::Late, job, &nonce),
                // A server that stops, or whose database is away, may have written it.
                Ok(Said::Refused(..)) | Err(_) => self.note(Note::Unanswered, job, &nonce),
            }
            sleep(AGAIN).await;
        }
    }

    async fn refuse(&self, job: &Claimed) {
        self.note(Note::Refuses, job, "-");
        let said = self.worker.fail(job, "no attempt will help", false).await;
        if matches!(said, Ok(Said::Written)) {
            self.note(Note::Refused, job, "-");
        }
    }
}
