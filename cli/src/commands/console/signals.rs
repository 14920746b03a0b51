//! Signals that end or stop this process: the terminal must be given back first.

use crate::exit_code::Exit;
use crate::failure::{Failure, Result};

/// What a signal asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Asked {
    End(Exit),
    /// As Ctrl-Z: until someone brings it back.
    Stop,
}

#[cfg(unix)]
pub(super) struct Signals {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
    hangup: tokio::signal::unix::Signal,
    stop: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Signals {
    pub(super) fn listen() -> Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        let listen = |kind| {
            signal(kind)
                .map_err(|why| Failure::failed("signals can't be listened to").caused_by(&why))
        };
        Ok(Self {
            interrupt: listen(SignalKind::interrupt())?,
            terminate: listen(SignalKind::terminate())?,
            hangup: listen(SignalKind::hangup())?,
            stop: listen(SignalKind::from_raw(rustix::process::Signal::TSTP.as_raw()))?,
        })
    }

    /// The next one. Cancel-safe.
    pub(super) async fn next(&mut self) -> Asked {
        tokio::select! {
            _ = self.interrupt.recv() => Asked::End(Exit::Interrupted),
            _ = self.terminate.recv() => Asked::End(Exit::Terminated),
            _ = self.hangup.recv() => Asked::End(Exit::Terminated),
            _ = self.stop.recv() => Asked::Stop,
        }
    }

    /// The next one that is meant for us alone: what the keyboard sends goes to the command that
    /// has the terminal, too, and is for it to answer. Cancel-safe.
    pub(super) async fn next_not_of_the_keyboard(&mut self) -> Exit {
        tokio::select! {
            _ = self.terminate.recv() => Exit::Terminated,
            _ = self.hangup.recv() => Exit::Terminated,
        }
    }

    /// Forgets what the keyboard sent meanwhile.
    pub(super) async fn forget_the_keyboard(&mut self) {
        use std::task::Poll;
        std::future::poll_fn(|context| {
            while self.interrupt.poll_recv(context).is_ready() {}
            while self.stop.poll_recv(context).is_ready() {}
            Poll::Ready(())
        })
        .await;
    }
}

/// Whether there is a shell that can bring back what is stopped. Where this process began the
/// session, as in a window of its own, there is none.
#[cfg(unix)]
pub(super) fn can_be_brought_back() -> bool {
    use rustix::process::{getpgrp, getsid};
    getsid(None).is_ok_and(|session| session != getpgrp())
}

/// Stops this process, and those that were begun with it, as the keyboard would; returns when
/// someone brings it back.
#[cfg(unix)]
pub(super) fn stop_this_process() {
    use rustix::process::{Signal, kill_current_process_group};
    // We listen to TSTP ourselves; this one can't be caught.
    let _ = kill_current_process_group(Signal::STOP);
}

#[cfg(not(unix))]
pub(super) struct Signals;

#[cfg(not(unix))]
impl Signals {
    pub(super) fn listen() -> Result<Self> {
        Ok(Self)
    }

    pub(super) async fn next(&mut self) -> Asked {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
        Asked::End(Exit::Interrupted)
    }

    pub(super) async fn next_not_of_the_keyboard(&mut self) -> Exit {
        std::future::pending().await
    }

    pub(super) async fn forget_the_keyboard(&mut self) {}
}

#[cfg(not(unix))]
pub(super) fn can_be_brought_back() -> bool {
    false
}

#[cfg(not(unix))]
pub(super) fn stop_this_process() {}
