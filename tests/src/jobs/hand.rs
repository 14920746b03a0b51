//! A worker that is a process of its own: the program `job-worker`.

use super::notes::Notes;
use super::worker::Worker;
use crate::cluster::binaries::program;
use crate::cluster::{Mcpd, Process, Scratch};
use std::path::PathBuf;

/// The process, who it is to the server, and its notes, which outlive it.
#[derive(Debug)]
pub struct Hand {
    /// The process of now.
    pub process: Process,
    /// Whom the server knows it as.
    pub worker: Worker,
    kinds: String,
    // Last: the process writes into it.
    dir: Scratch,
}

impl Hand {
    /// Registers a worker for `kinds` and starts its process.
    pub async fn start(mcpd: &Mcpd, name: &str, kinds: &[&str]) -> Self {
        let worker = Worker::register(mcpd, name).await;
        let (dir, kinds) = (Scratch::new(name), kinds.join(","));
        Self {
            process: spawn(&dir, &worker, &kinds),
            worker,
            kinds,
            dir,
        }
    }

    /// Starts a new process where the last one has ended; whether it had.
    pub fn revive(&mut self) -> bool {
        let is_dead = self.process.ended().is_some();
        if is_dead {
            self.process = spawn(&self.dir, &self.worker, &self.kinds);
        }
        is_dead
    }

    /// Adds what it has noted.
    pub fn note_into(&self, notes: &mut Notes) {
        notes.read(&notes_in(&self.dir));
    }
}

fn notes_in(dir: &Scratch) -> PathBuf {
    dir.path().join("notes")
}

fn spawn(dir: &Scratch, worker: &Worker, kinds: &str) -> Process {
    Process::start("job-worker", &program("job-worker"), dir, |command| {
        command
            .args(["--server", &worker.jobs.addr.to_string()])
            .env("MCPCTL_TOKEN", &worker.jobs.token)
            .args(["--id", &worker.id])
            .arg("--notes")
            .arg(notes_in(dir))
            .args(["--kinds", kinds]);
    })
}
