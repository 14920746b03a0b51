//! Accepts connections: in the caller's runtime ([`serve`]) or on a thread of its own ([`Mock`]).

use super::behaviour::Behaviour;
use super::connection::Connection;
use super::recorder::{RecordedRequest, Recorder};
use super::script::{Script, Scripted};
use super::stats::{Stats, StatsSnapshot};
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::thread::JoinHandle;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinSet;

/// Pause after a failed accept (too many open files), so that it does not spin.
const ACCEPT_RETRY: Duration = Duration::from_millis(20);

/// How a mock is set up; what one request gets is in its body.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    /// How many of the newest requests [`Mock::requests`] keeps. 0, the default, records nothing.
    pub record: usize,
    /// When set, requests without `Authorization: Bearer KEY` get a 401.
    pub api_key: Option<String>,
    /// The ids that `GET /v1/models` lists; empty lists `mock`.
    pub models: Vec<String>,
    /// How requests are treated that have no `mock` in their body: those of programs that know nothing of it.
    pub unasked: Behaviour,
}

/// What all connections of a mock share.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) settings: Settings,
    pub(super) stats: Stats,
    pub(super) recorder: Recorder,
    pub(super) script: Script,
}

impl Shared {
    fn new(settings: Settings) -> Arc<Self> {
        let recorder = Recorder::new(settings.record);
        Arc::new(Self {
            settings,
            stats: Stats::default(),
            recorder,
            script: Script::default(),
        })
    }
}

/// A mock provider on a thread of its own. Dropping it closes its connections and ends the thread.
#[derive(Debug)]
pub struct Mock {
    addr: SocketAddr,
    shared: Arc<Shared>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Mock {
    /// Starts on a free port of 127.0.0.1; it takes connections when this returns.
    ///
    /// # Errors
    /// When the port cannot be bound or the thread cannot be started.
    pub fn start(settings: Settings) -> io::Result<Self> {
        Self::start_on(SocketAddr::from(([127, 0, 0, 1], 0)), settings)
    }

    /// Starts on `addr`, for tests that let a provider come back on the same port.
    ///
    /// # Errors
    /// When the port cannot be bound or the thread cannot be started.
    pub fn start_on(addr: SocketAddr, settings: Settings) -> io::Result<Self> {
        // Bound here and not on the thread, so that a port that is taken is the caller's error.
        let listener = std::net::TcpListener::bind(addr)?;
        listener.set_nonblocking(true)?;
        let addr = listener.local_addr()?;
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let shared = Shared::new(settings);
        let (stop, stopped) = oneshot::channel();
        let of_thread = Arc::clone(&shared);
        let serving = move || {
            runtime.block_on(async {
                // Fails only outside a runtime.
                let Ok(listener) = TcpListener::from_std(listener) else {
                    return;
                };
                tokio::select! {
                    _ = stopped => {}
                    () = accept(listener, of_thread) => {}
                }
            });
        };
        let thread = std::thread::Builder::new()
            .name("mock-provider".to_owned())
            .spawn(serving)?;
        Ok(Self {
            addr,
            shared,
            stop: Some(stop),
            thread: Some(thread),
        })
    }

    /// Where it listens.
    #[must_use]
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// The base URL to give to a client, ending in `/v1`.
    #[must_use]
    pub fn base_url(&self) -> String {
        format!("http://{}/v1", self.addr)
    }

    /// The counters now.
    #[must_use]
    pub fn stats(&self) -> StatsSnapshot {
        self.shared.stats.snapshot()
    }

    /// Answers the next `POST` with `answer`, whatever it asks; several are played in order.
    pub fn play(&self, answer: Scripted) {
        self.shared.script.add(answer);
    }

    /// The newest requests, oldest first; empty unless [`Settings::record`] is set.
    #[must_use]
    pub fn requests(&self) -> Vec<RecordedRequest> {
        self.shared.recorder.list()
    }
}

impl Drop for Mock {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // A panic of the thread has been printed already; there is nothing left to clean up.
            let _ = thread.join();
        }
    }
}

/// Serves `listener` for ever, on the current runtime.
pub async fn serve(listener: TcpListener, settings: Settings) {
    accept(listener, Shared::new(settings)).await;
}

async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    let mut connections = JoinSet::new();
    loop {
        while connections.try_join_next().is_some() {}
        let Ok((stream, _)) = listener.accept().await else {
            tokio::time::sleep(ACCEPT_RETRY).await;
            continue;
        };
        let shared = Arc::clone(&shared);
        connections.spawn(async move {
            shared.stats.connections.fetch_add(1, Relaxed);
            shared.stats.open_connections.fetch_add(1, Relaxed);
            // Without it each token would wait for the acknowledgement of the one before.
            if stream.set_nodelay(true).is_ok() {
                Connection::new(stream, &shared).run().await;
            }
            shared.stats.open_connections.fetch_sub(1, Relaxed);
        });
    }
}
