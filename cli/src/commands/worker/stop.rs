//! Ctrl-C and SIGTERM, counted: each one is meant more seriously.

use std::io;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;

use crate::exit_code::Exit;
use crate::failure::{Failure, Result};

/// How far the worker is on its way out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Level {
    /// It works.
    #[default]
    Work,
    /// It takes no more jobs, and finishes those that run.
    Drain,
    /// It stops the commands.
    Stop,
    /// It kills them.
    Kill,
}

impl Level {
    const fn next(self) -> Self {
        match self {
            Self::Work => Self::Drain,
            Self::Drain => Self::Stop,
            Self::Stop | Self::Kill => Self::Kill,
        }
    }
}

/// The signals that ask this process to end.
pub(super) struct Signals {
    interrupt: Signal,
    terminate: Signal,
}

impl Signals {
    pub(super) fn listen() -> Result<Self> {
        let listen = |kind| signal(kind).map_err(|why: io::Error| cannot(&why));
        Ok(Self {
            interrupt: listen(SignalKind::interrupt())?,
            terminate: listen(SignalKind::terminate())?,
        })
    }

    /// Waits for the next one: the exit code of a run that it ends.
    pub(super) async fn next(&mut self) -> Exit {
        tokio::select! {
            _ = self.interrupt.recv() => Exit::Interrupted,
            _ = self.terminate.recv() => Exit::Terminated,
        }
    }
}

fn cannot(why: &io::Error) -> Failure {
    Failure::failed("this process can't listen for signals").caused_by(why)
}

/// One step further on the way out.
pub(super) fn raise(level: &watch::Sender<Level>) -> Level {
    level.send_modify(|level| *level = level.next());
    *level.borrow()
}

/// Waits until the worker is that far on its way out.
pub(super) async fn reached(level: &watch::Receiver<Level>, wanted: Level) {
    let mut level = level.clone();
    if level.wait_for(|level| *level >= wanted).await.is_err() {
        // A worker that is gone asks for nothing.
        std::future::pending::<()>().await;
    }
}
