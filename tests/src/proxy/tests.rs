//! The proxy against an echo of its own.

use super::{Lane, Proxy, Rules};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;

const SOON: Duration = Duration::from_secs(10);
const A_WHILE: Duration = Duration::from_millis(150);

/// A proxy, a connection to it, and the upstream's end of that.
async fn pair(rules: Rules) -> (Proxy, TcpStream, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let proxy = Proxy::start(listener.local_addr().unwrap()).unwrap();
    proxy.set(rules);
    let client = TcpStream::connect(proxy.addr()).await.unwrap();
    let (upstream, _) = timeout(SOON, listener.accept()).await.unwrap().unwrap();
    (proxy, client, upstream)
}

async fn read(stream: &mut TcpStream) -> std::io::Result<Vec<u8>> {
    let mut bytes = [0; 64];
    let count = timeout(SOON, stream.read(&mut bytes)).await.unwrap()?;
    Ok(bytes[..count].to_vec())
}

#[tokio::test]
async fn a_dark_direction_holds_bytes_back_and_the_other_carries_on() {
    let (proxy, mut client, mut upstream) = pair(Rules::default()).await;
    let down = Lane::dark();
    proxy.set(Rules {
        down,
        ..Rules::default()
    });
    upstream.write_all(b"down").await.unwrap();
    client.write_all(b"up").await.unwrap();
    assert_eq!(read(&mut upstream).await.unwrap(), b"up");
    let mut bytes = [0; 4];
    assert!(timeout(A_WHILE, client.read(&mut bytes)).await.is_err());
    proxy.set(Rules::default());
    assert_eq!(read(&mut client).await.unwrap(), b"down");
}

#[tokio::test]
async fn a_cut_lets_so_many_bytes_pass_and_breaks_the_connection() {
    let down = Lane {
        cut_at: 3,
        ..Lane::default()
    };
    let (_proxy, mut client, mut upstream) = pair(Rules {
        down,
        ..Rules::default()
    })
    .await;
    upstream.write_all(b"12345").await.unwrap();
    let mut seen = Vec::new();
    let end = timeout(SOON, client.read_to_end(&mut seen)).await.unwrap();
    assert!(end.is_err(), "a reset, no polite end");
    assert!(seen.len() <= 3);
}

#[tokio::test]
async fn a_reset_and_a_half_close_look_like_what_they_are() {
    let (proxy, mut client, mut upstream) = pair(Rules::default()).await;
    let up = Lane {
        half_closed: true,
        ..Lane::default()
    };
    proxy.set(Rules {
        up,
        ..Rules::default()
    });
    assert_eq!(read(&mut upstream).await.unwrap(), b"");
    upstream.write_all(b"still").await.unwrap();
    assert_eq!(read(&mut client).await.unwrap(), b"still");
    proxy.reset();
    assert!(read(&mut client).await.is_err());
}

#[tokio::test]
async fn a_throttled_lane_takes_its_time() {
    let down = Lane {
        bytes_per_second: 1000,
        ..Lane::default()
    };
    let (_proxy, mut client, mut upstream) = pair(Rules {
        down,
        ..Rules::default()
    })
    .await;
    let began = tokio::time::Instant::now();
    upstream.write_all(&[7; 300]).await.unwrap();
    let mut bytes = [0; 300];
    let got = timeout(SOON, client.read_exact(&mut bytes)).await.unwrap();
    got.unwrap();
    assert!(began.elapsed() >= Duration::from_millis(250));
}
