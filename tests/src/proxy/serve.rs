//! Accepts connections on a thread of its own and pairs each with one to the upstream.

use super::connections::Connections;
use super::pair::join;
use super::rules::Rules;
use std::io;
use std::net::SocketAddr;
use std::thread::JoinHandle;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::{JoinSet, LocalSet};

/// A proxy in front of one address. Dropping it closes its connections and ends its thread.
#[derive(Debug)]
pub struct Proxy {
    addr: SocketAddr,
    connections: Connections,
    _thread: OwnThread,
}

impl Proxy {
    /// Starts on a free port of 127.0.0.1, in front of `upstream`, and behaves.
    ///
    /// # Errors
    /// When the port can't be bound or the thread can't be started.
    pub fn start(upstream: SocketAddr) -> io::Result<Self> {
        let connections = Connections::new();
        let shared = connections.clone();
        let (addr, thread) = OwnThread::start(async move |listener| {
            accept(listener, upstream, shared).await;
        })?;
        Ok(Self {
            addr,
            connections,
            _thread: thread,
        })
    }

    /// Where it listens.
    #[must_use]
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Its base URL.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.addr)
    }

    /// From now on, on every connection.
    pub fn set(&self, rules: Rules) {
        self.connections.set(rules);
    }

    /// From now on, on this connection alone, until [`Proxy::set`] is called.
    pub fn set_only(&self, connection: u64, rules: Rules) {
        self.connections.set_only(connection, rules);
    }

    /// Resets every open connection, on both sides.
    pub fn reset(&self) {
        self.connections.reset(None);
    }

    /// Resets this connection, on both sides.
    pub fn reset_only(&self, connection: u64) {
        self.connections.reset(Some(connection));
    }

    /// The newest open connection whose last request line has `part` in it.
    #[must_use]
    pub fn find(&self, part: &str) -> Option<u64> {
        self.connections.find(part)
    }

    /// Connections that are open now.
    #[must_use]
    pub fn open(&self) -> usize {
        self.connections.open()
    }

    /// Connections that were made so far, whether or not the upstream could be reached.
    #[must_use]
    pub fn accepted(&self) -> usize {
        self.connections.accepted()
    }
}

async fn accept(listener: TcpListener, upstream: SocketAddr, connections: Connections) {
    let mut pairs = JoinSet::new();
    loop {
        while pairs.try_join_next().is_some() {}
        let Ok((client, _)) = listener.accept().await else {
            tokio::task::yield_now().await;
            continue;
        };
        let number = connections.enter();
        let connections = connections.clone();
        pairs.spawn_local(async move {
            // A connection that breaks is what the proxy is for.
            let _ = join(number, client, upstream, &connections).await;
            connections.leave(number);
        });
    }
}

/// A thread with a listener of its own, which ends when this is dropped.
#[derive(Debug)]
pub(super) struct OwnThread {
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl OwnThread {
    /// Runs `serve` on a free port of 127.0.0.1; gives the address.
    pub(super) fn start(
        serve: impl AsyncFnOnce(TcpListener) + Send + 'static,
    ) -> io::Result<(SocketAddr, Self)> {
        let listener = std::net::TcpListener::bind(("127.0.0.1", 0))?;
        listener.set_nonblocking(true)?;
        let addr = listener.local_addr()?;
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let (stop, stopped) = oneshot::channel();
        let serving = move || {
            LocalSet::new().block_on(&runtime, async {
                // Fails only outside a runtime.
                let Ok(listener) = TcpListener::from_std(listener) else {
                    return;
                };
                tokio::select! {
                    _ = stopped => {}
                    () = serve(listener) => {}
                }
            });
        };
        let thread = std::thread::Builder::new()
            .name("proxy".to_owned())
            .spawn(serving)?;
        let own = Self {
            stop: Some(stop),
            thread: Some(thread),
        };
        Ok((addr, own))
    }
}

impl Drop for OwnThread {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // A panic of the thread has been printed already; there is nothing left to clean up.
            let _ = thread.join();
        }
    }
}
