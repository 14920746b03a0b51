//! The last log lines, kept so that `mcpctl local logs` can show them.
//!
//! Every line goes to standard error and into a ring of bounded size. Lines are not coloured: one
//! text serves both.

use std::collections::VecDeque;
use std::io::{self, Write};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::broadcast;

/// Lines that are kept.
const LINES: usize = 1000;
/// A longer line is cut, in bytes.
const MAX_LINE_BYTES: usize = 2000;
/// Lines by which a follower may fall behind before some are skipped.
const BEHIND: usize = 256;

/// The last lines. Cheap to clone.
#[derive(Clone)]
pub struct Logs(Arc<Inner>);

struct Inner {
    lines: Mutex<VecDeque<Arc<str>>>,
    followers: broadcast::Sender<Arc<str>>,
}

impl Default for Logs {
    fn default() -> Self {
        Self(Arc::new(Inner {
            lines: Mutex::default(),
            followers: broadcast::Sender::new(BEHIND),
        }))
    }
}

impl Logs {
    /// Starts logging to standard error and here.
    ///
    /// Errors: a filter that can't be read.
    pub fn start(&self, filter: &str) -> Result<(), kit::logging::BadFilter> {
        let logs = self.clone();
        kit::logging::start_with(filter, false, move || Tee(logs.clone()))
    }

    /// The last `tail` lines, oldest first, and those to come. Nothing falls between the two.
    pub fn read(&self, tail: usize) -> (Vec<Arc<str>>, broadcast::Receiver<Arc<str>>) {
        let lines = self.0.lines.lock().unwrap_or_else(PoisonError::into_inner);
        let to_come = self.0.followers.subscribe();
        let skipped = lines.len().saturating_sub(tail);
        (lines.iter().skip(skipped).cloned().collect(), to_come)
    }

    fn keep(&self, line: &str) {
        let mut end = line.len().min(MAX_LINE_BYTES);
        while !line.is_char_boundary(end) {
            end -= 1;
        }
        let line: Arc<str> = line[..end].into();
        let mut lines = self.0.lines.lock().unwrap_or_else(PoisonError::into_inner);
        if lines.len() >= LINES {
            lines.pop_front();
        }
        lines.push_back(line.clone());
        // Nobody follows: fine.
        let _ = self.0.followers.send(line);
    }
}

/// One log event on its way to both places.
struct Tee(Logs);

impl Write for Tee {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        for line in String::from_utf8_lossy(bytes).lines() {
            self.0.keep(line);
        }
        // Where standard error is closed, the ring still serves.
        let _ = io::stderr().write_all(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_last_lines_are_kept_and_followers_hear_the_next() {
        let logs = Logs::default();
        for number in 0..LINES + 5 {
            logs.keep(&format!("line {number}"));
        }
        let (last, mut to_come) = logs.read(2);
        assert_eq!(last.len(), 2);
        assert_eq!(&*last[1], "line 1004");
        assert_eq!(logs.read(usize::MAX).0.len(), LINES);
        logs.keep(&"é".repeat(MAX_LINE_BYTES));
        assert_eq!(to_come.recv().await.unwrap().len(), MAX_LINE_BYTES);
    }
}
