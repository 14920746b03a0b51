//! Accepts connections on a thread of its own and pairs each with one to the upstream.

use super::pump::{Stopped, pump};
use super::rules::Rules;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::JoinHandle;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{oneshot, watch};
use tokio::task::JoinSet;

/// A proxy in front of one address. Dropping it closes its connections and ends its thread.
#[derive(Debug)]
pub struct Proxy {
    addr: SocketAddr,
    rules: watch::Sender<Rules>,
    resets: watch::Sender<u64>,
    open: Arc<AtomicUsize>,
    accepted: Arc<AtomicUsize>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Proxy {
    /// Starts on a free port of 127.0.0.1, in front of `upstream`, and behaves.
    ///
    /// # Errors
    /// When the port can't be bound or the thread can't be started.
    pub fn start(upstream: SocketAddr) -> io::Result<Self> {
        let listener = std::net::TcpListener::bind(("127.0.0.1", 0))?;
        listener.set_nonblocking(true)?;
        let addr = listener.local_addr()?;
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let (rules, resets) = (watch::Sender::new(Rules::default()), watch::Sender::new(0));
        let (stop, stopped) = oneshot::channel();
        let pairs = Pairs {
            upstream,
            rules: rules.subscribe(),
            resets: resets.subscribe(),
            open: Arc::default(),
            accepted: Arc::default(),
        };
        let (open, accepted) = (pairs.open.clone(), pairs.accepted.clone());
        let serving = move || {
            runtime.block_on(async {
                // Fails only outside a runtime.
                let Ok(listener) = TcpListener::from_std(listener) else {
                    return;
                };
                tokio::select! {
                    _ = stopped => {}
                    () = pairs.accept(listener) => {}
                }
            });
        };
        let thread = std::thread::Builder::new()
            .name("proxy".to_owned())
            .spawn(serving)?;
        Ok(Self {
            addr,
            rules,
            resets,
            open,
            accepted,
            stop: Some(stop),
            thread: Some(thread),
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
        self.rules.send_replace(rules);
    }

    /// Resets every open connection, on both sides.
    pub fn reset(&self) {
        self.resets.send_modify(|count| *count += 1);
    }

    /// Connections that are open now.
    #[must_use]
    pub fn open(&self) -> usize {
        self.open.load(Ordering::SeqCst)
    }

    /// Connections that were made so far, whether or not the upstream could be reached.
    #[must_use]
    pub fn accepted(&self) -> usize {
        self.accepted.load(Ordering::SeqCst)
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // A panic of the thread has been printed already; there is nothing left to clean up.
            let _ = thread.join();
        }
    }
}

/// What the pairs of connections share.
#[derive(Debug, Clone)]
struct Pairs {
    upstream: SocketAddr,
    rules: watch::Receiver<Rules>,
    resets: watch::Receiver<u64>,
    open: Arc<AtomicUsize>,
    accepted: Arc<AtomicUsize>,
}

impl Pairs {
    async fn accept(self, listener: TcpListener) {
        let mut connections = JoinSet::new();
        loop {
            while connections.try_join_next().is_some() {}
            let Ok((client, _)) = listener.accept().await else {
                tokio::task::yield_now().await;
                continue;
            };
            self.accepted.fetch_add(1, Ordering::SeqCst);
            let pair = self.clone();
            connections.spawn(async move {
                pair.open.fetch_add(1, Ordering::SeqCst);
                let open = pair.open.clone();
                // A connection that breaks is what the proxy is for.
                let _ = pair.join(client).await;
                open.fetch_sub(1, Ordering::SeqCst);
            });
        }
    }

    async fn join(mut self, client: TcpStream) -> io::Result<()> {
        // In the dark no connection comes about either.
        let light = |rules: &Rules| !rules.up.dark && !rules.down.dark;
        self.rules.wait_for(light).await.map_err(io::Error::other)?;
        let upstream = TcpStream::connect(self.upstream).await?;
        client.set_nodelay(true)?;
        upstream.set_nodelay(true)?;
        self.resets.mark_unchanged();
        let (mut from_client, mut to_client) = client.into_split();
        let (mut from_upstream, mut to_upstream) = upstream.into_split();
        let broke = {
            let up = pump(
                &mut from_client,
                &mut to_upstream,
                self.rules.clone(),
                |r| r.up,
            );
            let down = pump(
                &mut from_upstream,
                &mut to_client,
                self.rules.clone(),
                |r| r.down,
            );
            let both = async {
                let (mut up, mut down) = (std::pin::pin!(up), std::pin::pin!(down));
                tokio::select! {
                    stopped = &mut up => stopped == Stopped::Break || down.await == Stopped::Break,
                    stopped = &mut down => stopped == Stopped::Break || up.await == Stopped::Break,
                }
            };
            tokio::select! {
                broke = both => broke,
                _ = self.resets.changed() => true,
            }
        };
        if broke {
            // Closing with a zero linger sends a reset.
            let client = from_client.reunite(to_client).map_err(io::Error::other)?;
            let upstream = from_upstream
                .reunite(to_upstream)
                .map_err(io::Error::other)?;
            for socket in [&client, &upstream] {
                socket2::SockRef::from(socket).set_linger(Some(std::time::Duration::ZERO))?;
            }
        }
        Ok(())
    }
}
