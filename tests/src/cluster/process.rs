//! One process that a test started: signalled and watched by its id, gone with the test.

use super::canary;
use super::scratch::Scratch;
use super::wait::until;
use rustix::process::{Pid, Signal, kill_process};
use std::fs::{File, OpenOptions};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

/// Characters of a log's end that are shown when a test fails.
const LOG_TAIL_CHARS: usize = 4000;

/// What a log says of a panic: the standard library's words, and those of the programs about a task.
const PANICS: [&[u8]; 2] = [b"panicked at", b"a task panicked"];

/// A child process. Dropped, it is killed, and its log must tell of no panic and no secret; where the test has failed,
/// the end of its log is shown.
#[derive(Debug)]
pub struct Process {
    name: &'static str,
    child: Child,
    log: PathBuf,
    /// What it held once it worked.
    at_first: Option<(OpenFiles, u64)>,
}

/// What a process has open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OpenFiles {
    /// Connections, and what it listens on.
    pub sockets: usize,
    /// Everything else.
    pub others: usize,
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
            Ok(child) => Self {
                name,
                child,
                log,
                at_first: None,
            },
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
    pub fn memory_kib(&self) -> u64 {
        memory_kib_of(self.pid())
    }

    /// What it has open now; nothing where it is gone.
    #[must_use]
    pub fn open_files(&self) -> OpenFiles {
        open_files_of(self.pid())
    }

    /// Notes what it holds now, for [`Process::left_nothing`].
    pub fn note_what_it_holds(&mut self) {
        self.at_first = Some((self.open_files(), self.memory_kib()));
    }

    /// The same as `before`, which did the same work, for [`Process::left_nothing`].
    pub fn is_to_hold_what(&mut self, before: &Self) {
        self.at_first = before.at_first;
    }

    /// Looks that it holds hardly more than at first.
    ///
    /// # Errors
    /// What it has, where that is more than so many descriptors and KiB more.
    ///
    /// # Panics
    /// When what it held at first was not noted.
    pub fn left_nothing(&self, more_files: OpenFiles, more_kib: u64) -> Result<(), String> {
        let (files, kib) = self
            .at_first
            .expect("what a process holds is noted once it works");
        let (files_now, kib_now) = (self.open_files(), self.memory_kib());
        let is_more = files_now.sockets > files.sockets + more_files.sockets
            || files_now.others > files.others + more_files.others;
        if is_more {
            return Err(format!("it had {files:?} and has {files_now:?}"));
        }
        if kib_now > kib + more_kib {
            return Err(format!("it held {kib} KiB and holds {kib_now} KiB"));
        }
        Ok(())
    }

    /// What it must never show: panics in its log, secrets in its log and command line.
    fn faults(&self) -> Vec<String> {
        let log = std::fs::read(&self.log).unwrap_or_default();
        let is_there = |panic: &&[u8]| memchr::memmem::find(&log, panic).is_some();
        let mut faults: Vec<_> = PANICS
            .into_iter()
            .filter(is_there)
            .map(|panic| format!("its log says `{}`", String::from_utf8_lossy(panic)))
            .collect();
        let command_line =
            std::fs::read(format!("/proc/{}/cmdline", self.pid())).unwrap_or_default();
        for (place, bytes) in [("log", &log), ("command line", &command_line)] {
            if canary::is_asked_in(bytes) {
                faults.push(format!("its {place} has what a model was asked"));
            }
            let found = canary::found_in(bytes).into_iter();
            faults.extend(found.map(|secret| format!("its {place} has {secret}")));
        }
        faults
    }
}

impl Drop for Process {
    #[expect(
        clippy::print_stderr,
        reason = "the runner shows it beside the failure"
    )]
    fn drop(&mut self) {
        let faults = self.faults();
        self.kill();
        let has_failed = std::thread::panicking();
        if has_failed || !faults.is_empty() {
            let log = self.log();
            let skip = log.chars().count().saturating_sub(LOG_TAIL_CHARS);
            let tail: String = log.chars().skip(skip).collect();
            eprintln!("--- {} ({}):\n{tail}", self.name, self.log.display());
        }
        assert!(has_failed || faults.is_empty(), "{}: {faults:?}", self.name);
    }
}

fn open(log: &Path) -> File {
    let file = OpenOptions::new().create(true).append(true).open(log);
    file.expect("a log can be written into a folder of ours")
}

/// Memory of its own that the process holds now, in KiB; 0 where it is gone. Pages of its program are not counted: they
/// come with the first use of each part, and the system takes them back as it likes.
#[must_use]
pub fn memory_kib_of(pid: u32) -> u64 {
    let path = format!("/proc/{pid}/status");
    let status = std::fs::read_to_string(path).unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("RssAnon:"));
    let number = line.and_then(|line| line.split_whitespace().nth(1));
    number.and_then(|number| number.parse().ok()).unwrap_or(0)
}

/// What the process has open now; nothing where it is gone.
#[must_use]
pub fn open_files_of(pid: u32) -> OpenFiles {
    let entries = std::fs::read_dir(format!("/proc/{pid}/fd"));
    let mut files = OpenFiles {
        sockets: 0,
        others: 0,
    };
    for entry in entries.into_iter().flatten().flatten() {
        // Closed in between: not open.
        match std::fs::read_link(entry.path()) {
            Ok(to) if to.to_string_lossy().starts_with("socket:") => files.sockets += 1,
            Ok(_) => files.others += 1,
            Err(_) => {}
        }
    }
    files
}
