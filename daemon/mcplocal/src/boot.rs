//! The one file that knows every part: builds them, hands each what it needs, starts them.
//!
//! ```text
//! config ──► reconciler ──► link ──► serve
//!    └──────────┴────────────┴─────► control socket
//! ```

use std::path::PathBuf;
use std::time::Duration;

use home::Home;
use kit::clock::SharedClock;
use kit::lifecycle::{Ends, Lifecycle};
use kit::random::SharedRandom;

use crate::config::Live;
use crate::control::{self, Desk};
use crate::instance::{Instance, NotAlone};
use crate::link::{Driver, Parts};
use crate::logs::Logs;
use crate::publish::{Reconciler, Workshop};

/// How long a stop may take: withdrawing, 30 s for what runs, and closing.
pub const STOP_LIMIT: Duration = Duration::from_secs(45);

/// What the program is given from outside.
pub struct Outside {
    /// Stop signals and tasks.
    pub lifecycle: Lifecycle,
    /// Tells the time.
    pub clock: SharedClock,
    /// Chance.
    pub random: SharedRandom,
    /// The user's folder.
    pub home: Home,
    /// Where log lines are kept.
    pub logs: Logs,
}

/// A daemon that runs. Dropped last: it takes the socket away and gives the home free.
pub struct Running {
    socket: PathBuf,
    _instance: Instance,
}

impl Drop for Running {
    fn drop(&mut self) {
        // Not there any more is fine.
        let _ = std::fs::remove_file(&self.socket);
    }
}

/// Why the daemon does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The home is taken or unusable.
    #[error(transparent)]
    Home(#[from] NotAlone),
    /// The control socket can't be made.
    #[error("the control socket {path} can't be made: {source}")]
    Socket {
        /// Where.
        path: String,
        /// Why.
        source: std::io::Error,
    },
}

/// Starts everything. It runs until the lifecycle is shut down.
pub fn start(outside: Outside) -> Result<Running, StartError> {
    let Outside {
        lifecycle,
        clock,
        random,
        home,
        logs,
    } = outside;
    let instance = Instance::lock(&home)?;
    let listener = control::bind(&home).map_err(|source| StartError::Socket {
        path: home.socket_path().display().to_string(),
        source,
    })?;
    let running = Running {
        socket: home.socket_path(),
        _instance: instance,
    };
    let started_at = clock.now();
    let (live, config, reloader) = Live::new(home.clone());
    let workshop = Workshop {
        client: upstream::Client::new(upstream::Config::default()),
        clock: clock.clone(),
        random: random.clone(),
    };
    // What the server was told comes back to the reconciler: a provider that is about to sleep waits
    // for it.
    let told = tokio::sync::watch::Sender::new(0);
    let known = told.subscribe();
    let (reconciler, published) =
        Reconciler::new(lifecycle.clone(), workshop, config.clone(), known);
    let (driver, link) = Driver::new(Parts {
        lifecycle: lifecycle.clone(),
        clock,
        random,
        home: home.clone(),
        config: config.clone(),
        published: published.clone(),
        told,
    });
    let desk = Desk {
        started_at,
        home,
        config,
        reloader,
        published,
        link,
        logs,
    };
    let vital = Ends::WithTheProgram;
    lifecycle.spawn("config", vital, live.run(lifecycle.clone()));
    lifecycle.spawn("reconciler", vital, reconciler.run());
    lifecycle.spawn("link", vital, driver.run());
    let control = control::run(listener, desk, lifecycle.clone());
    lifecycle.spawn("control", vital, control);
    Ok(running)
}
