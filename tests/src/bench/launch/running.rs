//! A process that the bench started: watched while it comes up, ended when dropped.

use crate::bench::control::{Seen, wait_for};
use crate::bench::trouble::{During, Trouble};
use rustix::process::{Pid, Signal, kill_process};
use std::fs::{self, File};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use tokio::net::TcpStream;

/// Longest a process may take to listen.
const START_LIMIT: Duration = Duration::from_secs(10);
/// Looks at a process that shall end, and the pause between them: three seconds in all.
const STOP_LOOKS: u32 = 300;
const STOP_PAUSE: Duration = Duration::from_millis(10);
/// Characters of a log's end that go into a message.
const LOG_TAIL_CHARS: usize = 600;

/// A child process. Dropping it sends SIGTERM, waits up to three seconds, then kills it.
#[derive(Debug)]
pub struct Running {
    name: &'static str,
    child: Child,
    log: PathBuf,
    ending: Signal,
}

impl Running {
    /// Starts `command` with its output in `NAME.log` under `dir`.
    ///
    /// # Errors
    /// When the program cannot be started.
    pub fn start(name: &'static str, command: &mut Command, dir: &Path) -> Result<Self, Trouble> {
        let log = dir.join(format!("{name}.log"));
        let out = File::create(&log).during(format!("create {}", log.display()))?;
        let err = out.try_clone().during("share a log file")?;
        command.stdin(Stdio::null()).stdout(out).stderr(err);
        let child = command
            .spawn()
            .during(format!("start {:?}", command.get_program()))?;
        Ok(Self {
            name,
            child,
            log,
            ending: Signal::TERM,
        })
    }

    /// The same, asked to end by `signal`: to some programs SIGTERM says "when all have gone".
    #[must_use]
    pub fn ending_with(mut self, signal: Signal) -> Self {
        self.ending = signal;
        self
    }

    /// The process id.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Fails with the end of the log when the process has ended by itself.
    ///
    /// # Errors
    /// When it has.
    pub fn check(&mut self) -> Result<(), Trouble> {
        match self
            .child
            .try_wait()
            .during(format!("look at {}", self.name))?
        {
            None => Ok(()),
            Some(status) => {
                let (name, log) = (self.name, self.log_tail());
                Err(Trouble::Unexpected(format!(
                    "{name} ended with {status}: {log}"
                )))
            }
        }
    }

    /// Waits until the process listens on `addr`.
    ///
    /// # Errors
    /// When it ends, or does not listen within ten seconds.
    pub async fn listens(&mut self, addr: SocketAddr) -> Result<(), Trouble> {
        let what = format!("{} on {addr}", self.name);
        wait_for(&what, START_LIMIT, Duration::from_millis(5), || {
            let alive = self.check();
            async move {
                alive?;
                Ok(match TcpStream::connect(addr).await {
                    Ok(_) => Seen::Done(()),
                    Err(error) => Seen::NotYet(error.to_string()),
                })
            }
        })
        .await
    }

    /// Waits at most `limit` until the process has ended by itself, well; all that it said.
    ///
    /// # Errors
    /// When it ends badly, or does not end.
    pub async fn finishes(&mut self, limit: Duration) -> Result<String, Trouble> {
        let what = format!("{} to end", self.name);
        let status = wait_for(&what, limit, STOP_PAUSE, || {
            let looked = self.child.try_wait();
            async move {
                Ok(match looked.during("look at a process")? {
                    Some(status) => Seen::Done(status),
                    None => Seen::NotYet("it was still running".to_owned()),
                })
            }
        })
        .await?;
        if !status.success() {
            let (name, log) = (self.name, self.log_tail());
            return Err(Trouble::Unexpected(format!(
                "{name} ended with {status}: {log}"
            )));
        }
        fs::read_to_string(&self.log).during(format!("read {}", self.log.display()))
    }

    /// The end of what the process has said so far.
    #[must_use]
    pub fn log_tail(&self) -> String {
        let bytes = fs::read(&self.log).unwrap_or_default();
        let text = String::from_utf8_lossy(&bytes);
        let skip = text.chars().count().saturating_sub(LOG_TAIL_CHARS);
        text.chars().skip(skip).collect()
    }

    fn ends(&mut self) -> bool {
        for _ in 0..STOP_LOOKS {
            if !matches!(self.child.try_wait(), Ok(None)) {
                return true;
            }
            std::thread::sleep(STOP_PAUSE);
        }
        false
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Nothing can be done about a process that resists; the errors mean that it has gone already.
        if let Some(pid) = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw)
            && matches!(self.child.try_wait(), Ok(None))
        {
            let _ = kill_process(pid, self.ending);
        }
        if !self.ends() {
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
    }
}
