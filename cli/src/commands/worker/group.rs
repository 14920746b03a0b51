//! A process group that ends with the worker, however the worker ends.
//!
//! ```text
//!  worker ──pipe──► guard (sh; leads the group, waits for the pipe's end, then kills the group)
//!         └───────► the command, and whatever it starts: in the guard's group
//! ```
//!
//! The pipe's other end is held by the worker alone, so the kernel closes it when the worker dies, of `kill -9` too. It
//! works on every Unix, reaches the command's own children (which a parent-death signal does not), and needs no helper
//! but the shell. As the guard leads the group and is not waited for before its end, the group's id stays taken: a late
//! signal meets no stranger. What leaves the group (`setsid`) is not reached.

use std::io;
use std::process::Stdio;

use rustix::process::{Pid, Signal, kill_process_group};
use tokio::process::{Child, ChildStdin, Command};

/// Ignores what asks politely: the command may take its grace.
const GUARD: &str = "trap '' HUP INT TERM; read -r end; kill -KILL 0";

/// Dropped, everything in the group is killed.
pub(super) struct Group {
    id: i32,
    guard: Child,
    _held: Option<ChildStdin>,
}

impl Group {
    pub(super) fn start() -> io::Result<Self> {
        let mut guard = Command::new("/bin/sh");
        guard
            .args(["-c", GUARD, "mcpctl-worker-guard"])
            .env_clear()
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .process_group(0);
        let mut guard = guard.spawn()?;
        let id = guard.id().and_then(|id| i32::try_from(id).ok());
        let id = id.ok_or_else(|| io::Error::other("a process without an id"))?;
        let held = guard.stdin.take();
        Ok(Self {
            id,
            guard,
            _held: held,
        })
    }

    /// Its id, for a command that is to belong to it.
    pub(super) fn id(&self) -> i32 {
        self.id
    }

    /// Asks all in it to end.
    pub(super) fn terminate(&self) {
        self.signal(Signal::TERM);
    }

    /// Ends all in it.
    pub(super) fn kill(&self) {
        self.signal(Signal::KILL);
    }

    /// Ends all in it and forgets it.
    pub(super) async fn end(mut self) {
        self.kill();
        // It can only be gone: a killed child of ours.
        let _ = self.guard.wait().await;
    }

    fn signal(&self, signal: Signal) {
        // Once the guard was waited for, the id may be another's.
        let held = self.guard.id().is_some();
        if let Some(group) = Pid::from_raw(self.id).filter(|_| held) {
            // A group without processes is where this leads anyway.
            let _ = kill_process_group(group, signal);
        }
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        self.kill();
    }
}
