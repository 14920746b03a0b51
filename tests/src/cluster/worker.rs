//! A running `mcpctl worker`, and the jobs that it is given.

use super::binaries::program;
use super::caller::Ask;
use super::mcpd::Mcpd;
use super::process::Process;
use super::scratch::Scratch;
use super::wait::{until, when};
use serde_json::Value;
use std::path::PathBuf;
use std::time::Duration;

/// A worker with a home and a folder of its own; its commands start in that folder's `work`.
#[derive(Debug)]
pub struct Worker {
    /// Its process.
    pub process: Process,
    // Last, so that the process is gone before its files.
    dir: Scratch,
}

impl Worker {
    /// Starts `mcpctl worker ARGS` with this access token.
    ///
    /// # Panics
    /// When it can't be started.
    #[must_use]
    pub fn start(mcpd: &Mcpd, token: &str, args: &[&str]) -> Self {
        let dir = Scratch::new("worker");
        let work = dir.path().join("work");
        std::fs::create_dir(&work).expect("a folder of ours can have another");
        let process = Process::start("worker", &program("mcpctl"), &dir, |command| {
            command
                .arg("worker")
                .args(args)
                .current_dir(&work)
                .env("MCPCTL_HOME", dir.path())
                .env("MCPCTL_SERVER", mcpd.url())
                .env("MCPCTL_TOKEN", token)
                .env("COPY_OF_TOKEN", format!("Bearer {token}"));
        });
        Self { process, dir }
    }

    /// A file in the folder of its commands.
    #[must_use]
    pub fn file(&self, name: &str) -> PathBuf {
        self.dir.path().join("work").join(name)
    }

    /// Makes an empty file in the folder of its commands.
    ///
    /// # Panics
    /// When it can't be made.
    pub fn touch(&self, name: &str) {
        std::fs::write(self.file(name), "").expect("a file of ours can be made");
    }

    /// Waits until the worker has said `text`.
    ///
    /// # Panics
    /// When it has not within `limit`.
    pub async fn says(&self, text: &str, limit: Duration) {
        until(&format!("the worker to say `{text}`"), limit, async || {
            let log = self.process.log();
            when(log.contains(text), &log)
        })
        .await;
    }

    /// Waits until a command has written a process id into the file `name`.
    ///
    /// # Panics
    /// When it has not within `limit`.
    pub async fn pid_in(&self, name: &str, limit: Duration) -> u32 {
        until(&format!("a process id in `{name}`"), limit, async || {
            let text = std::fs::read_to_string(self.file(name)).map_err(|why| why.to_string())?;
            // Whole once its line has ended.
            let line = text.strip_suffix('\n').ok_or("half a line")?;
            line.parse()
                .map_err(|_| format!("no process id: {line}; {}", self.process.log()))
        })
        .await
    }
}

/// Waits until no process `pid` runs; one that only waits to be buried does not.
///
/// # Panics
/// When it runs after `limit`.
pub async fn gone(pid: u32, limit: Duration) {
    until(&format!("process {pid} to be gone"), limit, async || {
        let Ok(stat) = std::fs::read_to_string(format!("/proc/{pid}/stat")) else {
            return Ok(());
        };
        // `PID (NAME) STATE ...`; a name may hold anything.
        let state = stat
            .rsplit_once(") ")
            .and_then(|(_, rest)| rest.chars().next());
        when(matches!(state, Some('Z' | 'X')), &stat)
    })
    .await;
}

impl Mcpd {
    /// Submits a job; its id.
    ///
    /// # Panics
    /// When it is refused.
    pub async fn submit(&self, body: impl ToString) -> String {
        let made = self.admin_ok(Ask::post("/v1/jobs", body)).await;
        made["job_id"].as_str().expect("a job has an id").into()
    }

    /// A job as it is now.
    pub async fn job(&self, id: &str) -> Value {
        self.admin_ok(Ask::get(&format!("/v1/jobs/{id}"))).await
    }

    /// Waits until the job has this status; the job.
    ///
    /// # Panics
    /// When it has not within `limit`.
    pub async fn job_is(&self, id: &str, status: &str, limit: Duration) -> Value {
        until(&format!("the job to be {status}"), limit, async || {
            let ask = Ask::get(&format!("/v1/jobs/{id}")).token(&self.admin);
            let answer = ask.try_send(self.addr).await;
            let answer = answer.map_err(|why| why.to_string())?;
            let job = answer.whole().await.json();
            match job["status"] == status {
                true => Ok(job),
                false => Err(job.to_string()),
            }
        })
        .await
    }
}
