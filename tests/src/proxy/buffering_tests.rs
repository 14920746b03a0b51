//! The buffering proxy against upstreams of its own.

use super::buffering::{Buffering, Limits};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;

const SOON: Duration = Duration::from_secs(10);
const LIMITS: Limits = Limits {
    body_bytes: 10,
    body_silence: Duration::from_millis(300),
    answer_silence: Duration::from_millis(300),
};
const HEAD: &[u8] = b"POST /x HTTP/1.1\r\nhost: a\r\nx-a: b\r\ntransfer-encoding: chunked\r\n\r\n";

async fn connect() -> (Buffering, TcpStream, TcpListener) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let proxy = Buffering::start(listener.local_addr().unwrap(), LIMITS).unwrap();
    let mut client = TcpStream::connect(proxy.addr()).await.unwrap();
    client.write_all(HEAD).await.unwrap();
    (proxy, client, listener)
}

async fn rest(stream: &mut TcpStream) -> String {
    let mut text = String::new();
    let read = timeout(SOON, stream.read_to_string(&mut text)).await;
    read.unwrap().unwrap();
    text
}

#[tokio::test]
async fn a_body_arrives_whole_and_its_answer_in_pieces() {
    let (_proxy, mut client, listener) = connect().await;
    client.write_all(b"2\r\nab\r\n").await.unwrap();
    let early = timeout(Duration::from_millis(100), listener.accept()).await;
    assert!(early.is_err(), "nothing goes on before the end");
    client.write_all(b"1\r\nc\r\n0\r\n\r\n").await.unwrap();
    let (mut upstream, _) = timeout(SOON, listener.accept()).await.unwrap().unwrap();
    let mut bytes = vec![0; 512];
    let read = timeout(SOON, upstream.read(&mut bytes)).await.unwrap();
    let request = String::from_utf8(bytes[..read.unwrap()].to_vec()).unwrap();
    assert!(request.contains("x-a: b\r\n"), "{request}");
    assert!(
        request.ends_with("content-length: 3\r\n\r\nabc"),
        "{request}"
    );
    for _ in 0..2 {
        upstream.write_all(b"piece").await.unwrap();
        let mut piece = [0; 5];
        let read = timeout(SOON, client.read_exact(&mut piece)).await;
        read.unwrap().unwrap();
    }
    assert_eq!(rest(&mut client).await, "", "silence ends the answer");
}

#[tokio::test]
async fn too_large_too_slow_and_unanswered_have_their_statuses() {
    let (proxy, mut client, _listener) = connect().await;
    client.write_all(b"b\r\n12345678901\r\n").await.unwrap();
    assert!(rest(&mut client).await.starts_with("HTTP/1.1 413"));
    assert_eq!(proxy.refused(), 1);

    let (_proxy, mut client, _listener) = connect().await;
    assert!(rest(&mut client).await.starts_with("HTTP/1.1 408"));

    let (_proxy, mut client, _listener) = connect().await;
    client.write_all(b"0\r\n\r\n").await.unwrap();
    assert!(rest(&mut client).await.starts_with("HTTP/1.1 504"));
}
