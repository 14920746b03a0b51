//! A command while it runs: its payload goes in, its result and its words come out, each within bounds.

use std::io;
use std::time::Duration;

use shared::job::{MAX_RESULT_BYTES, Progress};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::process::{Child, ChildStderr, ChildStdin, ChildStdout};
use tokio::sync::watch;
use tokio::time::timeout;

use super::group::Group;
use super::lines::{Lines, Tail};
use super::outcome::Remains;
use super::progress;
use crate::output::Output;

/// How long the output of a command that has ended may stay open: by then what it left behind is killed.
const LINGER: Duration = Duration::from_secs(1);
/// Stdout beyond this is no result any more: the bound, and a line end.
const MAX_STDOUT_BYTES: usize = MAX_RESULT_BYTES + 2;

/// Where a command's progress goes.
pub(super) type ProgressSender = watch::Sender<Option<Progress>>;

/// Feeds the command and reads it to its end, also when that is a kill. All in `group` has ended by then, or will
/// when the caller ends it.
pub(super) async fn run(mut child: Child, payload: &str, group: &Group, said: Said<'_>) -> Remains {
    let (stdin, stdout, stderr) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
    let mut out = Out::default();
    let mut said = said;
    let status = {
        let streams = async {
            tokio::join!(
                feed(stdin, payload),
                out.read(stdout, group),
                said.read(stderr)
            );
        };
        tokio::pin!(streams);
        let (status, are_read) = tokio::select! {
            status = child.wait() => (status, false),
            () = &mut streams => (child.wait().await, true),
        };
        if !are_read && timeout(LINGER, &mut streams).await.is_err() {
            group.kill();
            // What has left the group may still hold them.
            let _ = timeout(LINGER, &mut streams).await;
        }
        status
    };
    Remains {
        status: status.map_err(|why| why.to_string()),
        overflowed: out.overflowed,
        stdout: out.bytes,
        tail: said.tail.text(),
    }
}

/// A command need not read its payload, so a closed pipe is no failure.
async fn feed(stdin: Option<ChildStdin>, payload: &str) {
    if let Some(mut stdin) = stdin {
        let _ = stdin.write_all(payload.as_bytes()).await;
    }
}

/// What came on stdout.
#[derive(Default)]
struct Out {
    bytes: Vec<u8>,
    overflowed: bool,
}

impl Out {
    async fn read(&mut self, stdout: Option<ChildStdout>, group: &Group) {
        let Some(stdout) = stdout else { return };
        let mut bounded = stdout.take(MAX_STDOUT_BYTES as u64 + 1);
        // A pipe that breaks has ended.
        let _ = bounded.read_to_end(&mut self.bytes).await;
        if self.bytes.len() > MAX_STDOUT_BYTES {
            self.overflowed = true;
            self.bytes = Vec::new();
            group.kill();
        }
    }
}

/// What comes on stderr: progress, and lines for people.
pub(super) struct Said<'a> {
    output: &'a Output,
    prefix: &'a str,
    progress: ProgressSender,
    tail: Tail,
}

impl<'a> Said<'a> {
    /// Lines go to `output` behind `prefix`.
    pub(super) fn new(output: &'a Output, prefix: &'a str, progress: ProgressSender) -> Self {
        Self {
            output,
            prefix,
            progress,
            tail: Tail::default(),
        }
    }

    async fn read(&mut self, stderr: Option<ChildStderr>) {
        let Some(mut stderr) = stderr else { return };
        let (mut lines, mut buffer) = (Lines::default(), vec![0; 16 * 1024]);
        while let Ok(count @ 1..) = read_some(&mut stderr, &mut buffer).await {
            lines.feed(&buffer[..count], |line| self.line(line));
        }
        lines.finish(|line| self.line(line));
    }

    fn line(&mut self, line: &str) {
        match progress::parse(line) {
            Some(progress) => {
                self.progress.send_replace(Some(progress));
            }
            None => {
                self.output.note(&format!("{} {line}", self.prefix));
                self.tail.push(line);
            }
        }
    }
}

async fn read_some(stderr: &mut ChildStderr, buffer: &mut [u8]) -> io::Result<usize> {
    stderr.read(buffer).await
}
