//! Keys that are pressed while an answer runs are not echoed into it. Ctrl-C still stops it.

use std::io::IsTerminal;

use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};

/// Holds the echo back until it is dropped.
pub(super) struct QuietKeys(Option<Termios>);

impl QuietKeys {
    pub(super) fn hold() -> Self {
        let stdin = std::io::stdin();
        let before = stdin
            .is_terminal()
            .then(|| tcgetattr(&stdin).ok())
            .flatten();
        if let Some(before) = &before {
            let mut quiet = before.clone();
            quiet.local_modes -= LocalModes::ECHO;
            // A terminal that keeps its echo is untidy, and no reason to stop.
            let _ = tcsetattr(&stdin, OptionalActions::Now, &quiet);
        }
        Self(before)
    }
}

impl Drop for QuietKeys {
    fn drop(&mut self) {
        if let Some(before) = &self.0 {
            let _ = tcsetattr(std::io::stdin(), OptionalActions::Now, before);
        }
    }
}
