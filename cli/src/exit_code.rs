//! How a run ends, as scripts see it. A stable interface: numbers are added, never changed.

use std::process::ExitCode;

/// The end of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    /// What was asked for was done.
    Done,
    /// It was not, for a reason that no other code names.
    Failure,
    /// The command line can't be understood.
    Usage,
    /// What was named is not there.
    NotFound,
    /// No credential, a bad one, or one without the right.
    Auth,
    /// It is there already, or has changed meanwhile.
    Conflict,
    /// The server or the model can't be reached, is too busy, or broke off.
    Unavailable,
    /// Ctrl-C.
    Interrupted,
    /// SIGTERM, of a command that would have gone on.
    Terminated,
    /// Nobody reads the output any more (`| head`): the end, but no fault.
    ClosedPipe,
}

impl Exit {
    /// Every code with its meaning, as `mcpctl help exit-codes` prints it.
    pub(crate) const MEANINGS: [(Self, &str); 9] = [
        (Self::Done, "done"),
        (
            Self::Failure,
            "failed, for a reason that no other code names",
        ),
        (Self::Usage, "the command line can't be understood"),
        (Self::NotFound, "what was named is not there"),
        (
            Self::Auth,
            "no credential, a bad one, or one without the right",
        ),
        (
            Self::Conflict,
            "it exists already, or has changed meanwhile",
        ),
        (
            Self::Unavailable,
            "server or model unreachable, too busy, too slow, or an answer that broke off",
        ),
        (Self::Interrupted, "interrupted by Ctrl-C"),
        (Self::Terminated, "stopped by SIGTERM in the middle of work"),
    ];

    /// The number that the shell sees.
    pub(crate) const fn code(self) -> u8 {
        match self {
            Self::Done | Self::ClosedPipe => 0,
            Self::Failure => 1,
            Self::Usage => 2,
            Self::NotFound => 3,
            Self::Auth => 4,
            Self::Conflict => 5,
            Self::Unavailable => 6,
            Self::Interrupted => 130,
            Self::Terminated => 143,
        }
    }

    /// The code for an HTTP status that is no success.
    pub(crate) const fn of_status(status: u16) -> Self {
        match status {
            401 | 403 => Self::Auth,
            404 => Self::NotFound,
            409 => Self::Conflict,
            408 | 429 | 502..=504 => Self::Unavailable,
            _ => Self::Failure,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_status_has_the_code_that_scripts_rely_on() {
        let code = |status| Exit::of_status(status).code();
        assert_eq!([400, 500, 413].map(code), [1, 1, 1]);
        assert_eq!([401, 403, 404, 409].map(code), [4, 4, 3, 5]);
        assert_eq!([408, 429, 502, 503, 504].map(code), [6, 6, 6, 6, 6]);
    }
}
