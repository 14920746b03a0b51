//! The proxy against an echo of its own.

use super::pump::{chance, wait};
use super::{IdleCut, Lane, Proxy, Rules};
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

#[tokio::test]
async fn an_idle_connection_is_closed_or_forgotten_as_the_rules_say() {
    let after = Duration::from_millis(200);
    let (_proxy, mut client, mut upstream) = pair(Rules::idle(IdleCut::Close(after))).await;
    assert_eq!(read(&mut client).await.unwrap(), b"");
    assert_eq!(read(&mut upstream).await.unwrap(), b"");

    let (proxy, mut client, mut upstream) = pair(Rules::idle(IdleCut::Forget(after))).await;
    for _ in 0..4 {
        tokio::time::sleep(after / 2).await;
        client.write_all(b"!").await.unwrap();
        assert_eq!(read(&mut upstream).await.unwrap(), b"!", "it is not idle");
    }
    tokio::time::sleep(after * 2).await;
    let mut bytes = [0; 4];
    assert!(timeout(A_WHILE, client.read(&mut bytes)).await.is_err());
    assert_eq!(proxy.open(), 1, "nobody was told");
    client.write_all(b"late").await.unwrap();
    assert!(read(&mut client).await.is_err(), "a reset");
}

#[tokio::test]
async fn one_connection_of_many_is_found_by_its_request_and_ruled_alone() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let proxy = Proxy::start(listener.local_addr().unwrap()).unwrap();
    let mut ends = Vec::new();
    for name in ["one", "two", "three"] {
        let mut client = TcpStream::connect(proxy.addr()).await.unwrap();
        let line = format!("GET /{name} HTTP/1.1\r\n\r\n");
        client.write_all(line.as_bytes()).await.unwrap();
        let (mut upstream, _) = timeout(SOON, listener.accept()).await.unwrap().unwrap();
        assert_eq!(read(&mut upstream).await.unwrap(), line.as_bytes());
        ends.push((client, upstream));
    }
    assert_eq!((proxy.accepted(), proxy.find("/four")), (3, None));
    proxy.reset_only(proxy.find("/two").unwrap());
    proxy.set_only(proxy.find("/three").unwrap(), Rules::dark());
    assert!(read(&mut ends[1].0).await.is_err());
    for (_, upstream) in [&mut ends].into_iter().flatten() {
        // The second's is reset already.
        let _ = upstream.write_all(b"hi").await;
    }
    assert_eq!(read(&mut ends[0].0).await.unwrap(), b"hi");
    let mut bytes = [0; 4];
    assert!(timeout(A_WHILE, ends[2].0.read(&mut bytes)).await.is_err());
    proxy.set(Rules::default());
    assert_eq!(read(&mut ends[2].0).await.unwrap(), b"hi");
}

/// What this machine may add to a wait.
const SLACK: Duration = Duration::from_secs(1);

/// The first waits of one direction of a connection.
fn waits(lane: &Lane, number: u64, is_up: bool) -> Vec<Duration> {
    let mut dice = chance(number, is_up);
    (0..10).map(|_| wait(lane, 1, &mut dice)).collect()
}

#[test]
fn the_same_connection_waits_the_same() {
    let lane = Lane {
        delay: Duration::from_millis(20),
        jitter: Duration::from_millis(100),
        ..Lane::default()
    };
    let mut sequences = Vec::new();
    for (number, is_up) in [(1, false), (1, true), (2, false), (2, true)] {
        let sequence = waits(&lane, number, is_up);
        assert_eq!(sequence, waits(&lane, number, is_up));
        let bounds = lane.delay..=lane.delay + lane.jitter;
        assert!(
            sequence.iter().all(|wait| bounds.contains(wait)),
            "{sequence:?}"
        );
        assert!(!sequences.contains(&sequence), "{sequence:?} is another's");
        sequences.push(sequence);
    }
}

#[tokio::test]
async fn jitter_delays_within_its_bound() {
    let down = Lane {
        jitter: Duration::from_millis(200),
        ..Lane::default()
    };
    let (_proxy, mut client, mut upstream) = pair(Rules {
        down,
        ..Rules::default()
    })
    .await;
    // It is the first connection, and these are its first pieces.
    let drawn = waits(&down, 1, false);
    let spread = drawn
        .iter()
        .max()
        .unwrap()
        .abs_diff(*drawn.iter().min().unwrap());
    assert!(spread > down.jitter / 2, "{drawn:?}");
    for wait in drawn {
        let sent = tokio::time::Instant::now();
        upstream.write_all(b"x").await.unwrap();
        assert_eq!(read(&mut client).await.unwrap(), b"x");
        let took = sent.elapsed();
        assert!(took >= wait, "{took:?}, not {wait:?}");
        assert!(took <= down.jitter + SLACK, "{took:?}, not {wait:?}");
    }
}
