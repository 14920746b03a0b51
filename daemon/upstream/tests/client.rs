//! The client against real sockets.

#![expect(clippy::unwrap_used, reason = "a test that can't go on shall panic")]

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::BodyExt;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use upstream::{Body, Client, Config, Error, Origin, read_all};

/// What no step of a test may take longer than.
const PATIENCE: Duration = Duration::from_secs(10);

/// A server whose connections a test plays by hand.
struct Peer {
    origin: Origin,
    connections: mpsc::Receiver<TcpStream>,
    accepted: Arc<AtomicUsize>,
}

impl Peer {
    async fn listen() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (taken, connections) = mpsc::channel(16);
        let accepted = Arc::new(AtomicUsize::new(0));
        let count = accepted.clone();
        let mut tasks = tokio::task::JoinSet::new();
        tasks.spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                count.fetch_add(1, Ordering::SeqCst);
                if taken.send(stream).await.is_err() {
                    return;
                }
            }
        });
        tasks.detach_all();
        Self {
            origin: Origin::parse(&format!("http://127.0.0.1:{port}/base")).unwrap(),
            connections,
            accepted,
        }
    }

    async fn next(&mut self) -> TcpStream {
        let next = tokio::time::timeout(PATIENCE, self.connections.recv()).await;
        next.expect("a connection comes").unwrap()
    }
}

/// Reads until the end of a request's head, and its announced body.
async fn read_request(stream: &mut TcpStream) -> String {
    let mut request = Vec::new();
    loop {
        let mut piece = [0; 4096];
        let count = stream.read(&mut piece).await.unwrap();
        assert!(count > 0, "the client closed: {request:?}");
        request.extend_from_slice(&piece[..count]);
        let text = String::from_utf8_lossy(&request).into_owned();
        let Some((head, body)) = text.split_once("\r\n\r\n") else {
            continue;
        };
        let length = head
            .lines()
            .find_map(|line| {
                line.to_lowercase()
                    .strip_prefix("content-length: ")?
                    .parse()
                    .ok()
            })
            .unwrap_or(0);
        if body.len() >= length {
            return text;
        }
    }
}

fn post(origin: &Origin, body: &'static str) -> http::Request<Body> {
    http::Request::post(origin.join("chat"))
        .body(Body::full(body))
        .unwrap()
}

async fn closes(stream: &mut TcpStream) {
    let mut rest = Vec::new();
    let read = tokio::time::timeout(Duration::from_secs(1), stream.read_to_end(&mut rest)).await;
    assert!(read.is_ok(), "the client must close within 1 s");
}

const OK: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";
const OK_CHUNKED: &[u8] =
    b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n";

#[tokio::test]
async fn a_connection_serves_one_request_after_the_other() {
    let mut peer = Peer::listen().await;
    let client = Client::new(Config::default());
    let origin = peer.origin.clone();
    let serve = async {
        let mut stream = peer.next().await;
        for answer in [OK, OK_CHUNKED, OK, OK_CHUNKED] {
            let request = read_request(&mut stream).await;
            assert!(
                request.starts_with("POST /base/chat HTTP/1.1\r\n"),
                "{request}"
            );
            assert!(request.contains("host: 127.0.0.1:"), "{request}");
            stream.write_all(answer).await.unwrap();
        }
        stream
    };
    let call = async {
        for _ in 0..4 {
            let answer = client.send(&origin, post(&origin, "{}")).await.unwrap();
            assert_eq!(read_all(answer.into_body(), 10).await.unwrap(), "ok");
        }
    };
    let (_stream, ()) = tokio::join!(serve, call);
    assert_eq!(peer.accepted.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn a_reader_that_stops_at_the_last_byte_gives_the_connection_back() {
    let mut peer = Peer::listen().await;
    let client = Client::new(Config::default());
    let origin = peer.origin.clone();
    let serve = async {
        let mut stream = peer.next().await;
        for _ in 0..2 {
            read_request(&mut stream).await;
            stream.write_all(OK).await.unwrap();
        }
        stream
    };
    let call = async {
        for _ in 0..2 {
            let answer = client.send(&origin, post(&origin, "{}")).await.unwrap();
            let frame = answer.into_body().frame().await.unwrap().unwrap();
            assert_eq!(frame.into_data().unwrap(), "ok");
        }
    };
    let (_stream, ()) = tokio::join!(serve, call);
    assert_eq!(peer.accepted.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn a_connection_that_was_closed_while_idle_is_replaced() {
    let mut peer = Peer::listen().await;
    let client = Client::new(Config::default());
    let origin = peer.origin.clone();
    for _ in 0..3 {
        let call = client.send(&origin, post(&origin, "{}"));
        let serve = async {
            let mut stream = peer.next().await;
            read_request(&mut stream).await;
            stream.write_all(OK).await.unwrap();
            stream.shutdown().await.unwrap();
        };
        let (answer, ()) = tokio::join!(call, serve);
        assert_eq!(
            read_all(answer.unwrap().into_body(), 10).await.unwrap(),
            "ok"
        );
    }
    assert_eq!(peer.accepted.load(Ordering::SeqCst), 3);
}

#[tokio::test]
async fn dropping_the_call_before_the_head_closes_the_connection() {
    let mut peer = Peer::listen().await;
    let client = Client::new(Config::default());
    let origin = peer.origin.clone();
    let call = client.send(&origin, post(&origin, "{}"));
    let asked = async {
        let mut stream = peer.next().await;
        read_request(&mut stream).await;
        stream
    };
    let mut stream = tokio::select! {
        _ = call => panic!("nothing was answered"),
        stream = asked => stream,
    };
    closes(&mut stream).await;
}

#[tokio::test]
async fn dropping_the_body_before_its_end_closes_the_connection() {
    let mut peer = Peer::listen().await;
    let client = Client::new(Config::default());
    let origin = peer.origin.clone();
    let call = client.send(&origin, post(&origin, "{}"));
    let begun = async {
        let mut stream = peer.next().await;
        read_request(&mut stream).await;
        let head = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n";
        stream.write_all(head).await.unwrap();
        stream
    };
    let (answer, mut stream) = tokio::join!(call, begun);
    let mut body = answer.unwrap().into_body();
    let first = body.frame().await.unwrap().unwrap().into_data().unwrap();
    assert_eq!(first, "ok");
    drop(body);
    closes(&mut stream).await;
}

#[tokio::test]
async fn an_answer_that_is_cut_is_an_error() {
    let mut peer = Peer::listen().await;
    let client = Client::new(Config::default());
    let origin = peer.origin.clone();
    for head in ["content-length: 10", "transfer-encoding: chunked"] {
        let call = client.send(&origin, post(&origin, "{}"));
        let cut = async {
            let mut stream = peer.next().await;
            read_request(&mut stream).await;
            let text = format!("HTTP/1.1 200 OK\r\n{head}\r\n\r\n2\r\nok\r\n");
            stream.write_all(text.as_bytes()).await.unwrap();
        };
        let (answer, ()) = tokio::join!(call, cut);
        let failed = read_all(answer.unwrap().into_body(), 1000)
            .await
            .unwrap_err();
        assert!(matches!(failed, Error::Broken(_)), "{failed}");
    }
}

#[tokio::test]
async fn a_streamed_request_reaches_the_peer_as_it_comes() {
    let mut peer = Peer::listen().await;
    let client = Client::new(Config::default());
    let origin = peer.origin.clone();
    let (pieces, queue) = mpsc::channel::<Bytes>(1);
    let request = http::Request::post("/up")
        .body(Body::stream(Pieces(queue)))
        .unwrap();
    let call = client.send(&origin, request);
    let serve = async {
        let mut stream = peer.next().await;
        let mut seen = String::new();
        for piece in ["one", "two"] {
            pieces.send(piece.into()).await.unwrap();
            while !seen.contains(piece) {
                let mut buffer = [0; 512];
                let count = stream.read(&mut buffer).await.unwrap();
                seen += str::from_utf8(&buffer[..count]).unwrap();
            }
        }
        // An early answer ends the upload.
        stream
            .write_all(b"HTTP/1.1 410 Gone\r\ncontent-length: 0\r\n\r\n")
            .await
            .unwrap();
        stream
    };
    let (answer, mut stream) = tokio::join!(call, serve);
    assert_eq!(answer.as_ref().unwrap().status(), 410);
    drop(answer);
    closes(&mut stream).await;
}

#[tokio::test]
async fn nobody_there_is_a_connect_error_that_names_the_place() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    let origin = Origin::parse(&format!("http://127.0.0.1:{port}")).unwrap();
    let client = Client::new(Config::default());
    let failed = client
        .send(&origin, post(&origin, "{}"))
        .await
        .err()
        .unwrap();
    assert!(failed.is_connect());
    assert!(
        failed.to_string().contains(&format!("127.0.0.1:{port}")),
        "{failed}"
    );
}

struct Pieces(mpsc::Receiver<Bytes>);

impl http_body::Body for Pieces {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        self: std::pin::Pin<&mut Self>,
        cx: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Result<http_body::Frame<Bytes>, Self::Error>>> {
        let next = self.get_mut().0.poll_recv(cx);
        next.map(|piece| piece.map(|bytes| Ok(http_body::Frame::data(bytes))))
    }
}

/// Sends one request over a fresh connection, and gives the peer's end of it.
async fn warm(peer: &mut Peer, client: &Client) -> TcpStream {
    let origin = peer.origin.clone();
    let (answer, stream) = tokio::join!(client.send(&origin, post(&origin, "{}")), async {
        let mut stream = peer.next().await;
        read_request(&mut stream).await;
        stream.write_all(OK).await.unwrap();
        stream
    });
    read_all(answer.unwrap().into_body(), 100).await.unwrap();
    stream
}

#[tokio::test]
async fn a_request_whose_kept_connection_was_forgotten_is_sent_once_more() {
    let mut peer = Peer::listen().await;
    let client = Client::new(Config::default());
    let origin = peer.origin.clone();
    let mut kept = warm(&mut peer, &client).await;
    let serve = async {
        // It is read, as a router does that has forgotten it, and no answer comes.
        read_request(&mut kept).await;
        drop(kept);
        let mut stream = peer.next().await;
        let request = read_request(&mut stream).await;
        assert!(request.ends_with("\r\n\r\nonce more"), "{request}");
        stream.write_all(OK).await.unwrap();
        stream
    };
    let (answer, _stream) = tokio::join!(client.send(&origin, post(&origin, "once more")), serve);
    let body = read_all(answer.unwrap().into_body(), 100).await.unwrap();
    assert_eq!(body, "ok");
    assert_eq!(peer.accepted.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn a_fresh_connection_and_one_that_thought_for_a_while_are_not_tried_again() {
    let mut peer = Peer::listen().await;
    let client = Client::new(Config::default());
    let origin = peer.origin.clone();
    let (answer, ()) = tokio::join!(client.send(&origin, post(&origin, "{}")), async {
        let mut stream = peer.next().await;
        read_request(&mut stream).await;
    });
    assert!(matches!(answer.err(), Some(Error::Broken(_))));
    let mut kept = warm(&mut peer, &client).await;
    let (answer, ()) = tokio::join!(client.send(&origin, post(&origin, "{}")), async {
        read_request(&mut kept).await;
        tokio::time::sleep(Duration::from_millis(1100)).await;
        drop(kept);
    });
    assert!(matches!(answer.err(), Some(Error::Broken(_))));
    assert_eq!(peer.accepted.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn a_stream_takes_no_connection_that_was_idle_for_long() {
    let mut peer = Peer::listen().await;
    let client = Client::new(Config::default());
    let origin = peer.origin.clone();
    let kept = warm(&mut peer, &client).await;
    tokio::time::pause();
    tokio::time::advance(Duration::from_secs(11)).await;
    tokio::time::resume();
    let body = http_body_util::Full::new(Bytes::from_static(b"piece"));
    let upload = http::Request::post("/base/chat").body(Body::stream(body));
    let (answer, _stream) = tokio::join!(client.send(&origin, upload.unwrap()), async {
        let mut stream = peer.next().await;
        read_request(&mut stream).await;
        stream.write_all(OK).await.unwrap();
        stream
    });
    read_all(answer.unwrap().into_body(), 100).await.unwrap();
    drop(kept);
}
