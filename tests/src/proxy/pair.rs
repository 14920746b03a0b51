//! Two connections that are one to their ends: the client's and the one to the upstream.

use super::connections::Connections;
use super::pump::{Stopped, Way};
use super::rules::IdleCut;
use std::cell::Cell;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep_until};

/// Why a pair comes apart.
enum Apart {
    /// Both ends are told politely.
    Closed,
    /// Both ends get a reset.
    Broken,
    /// Neither is told.
    Forgotten,
}

/// Joins `client`, which has this number, to the upstream until either breaks or the rules say so.
pub(super) async fn join(
    number: u64,
    client: TcpStream,
    upstream: SocketAddr,
    connections: &Connections,
) -> io::Result<()> {
    // In the dark no connection comes about either.
    let mut rules = connections.rules();
    let light = rules.wait_for(|book| {
        let rules = book.of(number);
        !rules.up.dark && !rules.down.dark
    });
    light.await.map_err(io::Error::other)?;
    let upstream = TcpStream::connect(upstream).await?;
    client.set_nodelay(true)?;
    upstream.set_nodelay(true)?;
    let (mut from_client, mut to_client) = client.into_split();
    let (mut from_upstream, mut to_upstream) = upstream.into_split();
    let passed_at = Cell::new(Instant::now());
    let way = |is_up| Way {
        number,
        pick: if is_up { |r| r.up } else { |r| r.down },
        connections,
        passed_at: &passed_at,
        is_up,
    };
    let apart = {
        let (up, down) = (way(true), way(false));
        let up = up.pump(&mut from_client, &mut to_upstream);
        let down = down.pump(&mut from_upstream, &mut to_client);
        let both = async {
            let (mut up, mut down) = (std::pin::pin!(up), std::pin::pin!(down));
            let broke = tokio::select! {
                stopped = &mut up => stopped == Stopped::Break || down.await == Stopped::Break,
                stopped = &mut down => stopped == Stopped::Break || up.await == Stopped::Break,
            };
            if broke { Apart::Broken } else { Apart::Closed }
        };
        let reset = async {
            connections.is_reset(number).await;
            Apart::Broken
        };
        tokio::select! {
            apart = both => apart,
            apart = reset => apart,
            apart = idle(number, connections, &passed_at) => apart,
        }
    };
    let client = from_client.reunite(to_client).map_err(io::Error::other)?;
    let upstream = from_upstream
        .reunite(to_upstream)
        .map_err(io::Error::other)?;
    match apart {
        Apart::Closed => Ok(()),
        Apart::Broken => reset(&client).and(reset(&upstream)),
        Apart::Forgotten => {
            let (client, upstream) = tokio::join!(forgotten(client), forgotten(upstream));
            client.and(upstream)
        }
    }
}

/// Resolves once nothing has passed for as long as the rules allow.
async fn idle(number: u64, connections: &Connections, passed_at: &Cell<Instant>) -> Apart {
    let mut rules = connections.rules();
    loop {
        let cut = rules.borrow_and_update().of(number).idle_cut;
        let Some(after) = cut.after() else {
            // Fails only with the proxy itself.
            let _ = rules.changed().await;
            continue;
        };
        let end = passed_at.get() + after;
        if Instant::now() >= end {
            return match cut {
                IdleCut::Forget(_) => Apart::Forgotten,
                IdleCut::Close(_) | IdleCut::Never => Apart::Closed,
            };
        }
        tokio::select! {
            _ = rules.changed() => {}
            () = sleep_until(end) => {}
        }
    }
}

/// Stays open until its other end says something, and answers that with a reset.
async fn forgotten(socket: TcpStream) -> io::Result<()> {
    socket.readable().await?;
    reset(&socket)
}

/// Closing with a zero linger sends a reset.
fn reset(socket: &TcpStream) -> io::Result<()> {
    socket2::SockRef::from(socket).set_linger(Some(Duration::ZERO))
}
