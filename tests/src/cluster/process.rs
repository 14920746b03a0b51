//! One process that a test started: signalled and watched by its id, gone with the test.

use super::scratch::Scratch;
use super::wait::until;
use rustix::process::{Pid, Signal, kill_process};
use std::fs::{File, OpenOptions};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

/// Characters of a log's end that are shown when a test fails.
const LOG_TAIL_CHARS: usize = 4000;

/// A child process. Dropped, it is killed; where the test has failed, the end of its log is shown.
#[derive(Debug)]
pub struct Process {
    name: &'static str,
    child: Child,
    log: PathBuf,
}

impl Process {
    /// Starts `program`, which dies with this test however the test ends. Its output is added to `NAME.log` in `dir`.
    ///
    /// # Panics
    /// When it can't be started.
    #[must_use]
    pub fn start(
        name: &'static str,
        program: &Path,
        dir: &Scratch,
        set_up: impl FnOnce(&mut Command),
    ) -> Self {
        let log = dir.path().join(format!("{name}.log"));
        let mut command = Command::new("setpriv");
        // The only variable that every program may need.
        let path = std::env::var_os("PATH").unwrap_or_default();
        command
            .args(["--pdeathsig", "KILL"])
            .arg(program)
            .env_clear()
            .env("PATH", path);
        set_up(&mut command);
        let out = open(&log);
        let err = out.try_clone().expect("a log file can be shared");
        command.stdin(Stdio::null()).stdout(out).stderr(err);
        match command.spawn() {
            Ok(child) => Self { name, child, log },
            Err(error) => panic!("{name} can't be started through setpriv: {error}"),
        }
    }

    /// Its process id.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Sends it a signal.
    pub fn signal(&self, signal: Signal) {
        let pid = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw);
        // One that is gone already is a failure of a later step, with a better message.
        let _ = pid.map(|pid| kill_process(pid, signal));
    }

    /// Kills it as `kill -9` does, and waits for its end.
    pub fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// Freezes it: it neither runs nor dies.
    pub fn freeze(&self) {
        self.signal(Signal::STOP);
    }

    /// Lets it run again.
    pub fn thaw(&self) {
        self.signal(Signal::CONT);
    }

    /// Its end, where it has ended.
    pub fn ended(&mut self) -> Option<ExitStatus> {
        self.child
            .try_wait()
            .expect("a child of ours can be looked at")
    }

    /// Waits for its end.
    ///
    /// # Panics
    /// When it runs longer than `limit`.
    pub async fn end(&mut self, limit: Duration) -> ExitStatus {
        let what = format!("the end of {}", self.name);
        until(&what, limit, async || {
            self.ended().ok_or_else(|| "it runs".to_owned())
        })
        .await
    }

    /// All that it has written.
    #[must_use]
    pub fn log(&self) -> String {
        let bytes = std::fs::read(&self.log).unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// Memory that it holds now, in KiB; 0 where it is gone.
    #[must_use]
    pub fn rss_kib(&self) -> u64 {
        let path = format!("/proc/{}/status", self.pid());
        let status = std::fs::read_to_string(path).unwrap_or_default();
        let line = status.lines().find(|line| line.starts_with("VmRSS:"));
        let number = line.and_then(|line| line.split_whitespace().nth(1));
        number.and_then(|number| number.parse().ok()).unwrap_or(0)
    }
}

impl Drop for Process {
    #[expect(
        clippy::print_stderr,
        reason = "the runner shows it beside the failure"
    )]
    fn drop(&mut self) {
        self.kill();
        if std::thread::panicking() {
            let log = self.log();
            let skip = log.chars().count().saturating_sub(LOG_TAIL_CHARS);
            let tail: String = log.chars().skip(skip).collect();
            eprintln!("--- {} ({}):\n{tail}", self.name, self.log.display());
        }
    }
}

fn open(log: &Path) -> File {
    let file = OpenOptions::new().create(true).append(true).open(log);
    file.expect("a log can be written into a folder of ours")
}
