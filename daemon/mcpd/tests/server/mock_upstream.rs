//! A provider whose connections a test plays by hand, byte by byte.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::client::PATIENCE;

/// A provider that listens.
pub(crate) struct MockUpstream(TcpListener);

/// One connection to it.
pub(crate) struct Connection(TcpStream);

/// A request as it came.
pub(crate) struct Seen {
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Seen {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut lines = self.head.lines().filter_map(|line| line.split_once(": "));
        let found = lines.find(|(found, _)| found.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value)
    }

    /// The names of all headers, in lower case and in order of the alphabet.
    pub(crate) fn header_names(&self) -> Vec<String> {
        let lines = self.head.lines().filter_map(|line| line.split_once(": "));
        let mut names: Vec<_> = lines.map(|(name, _)| name.to_lowercase()).collect();
        names.sort();
        names
    }
}

impl MockUpstream {
    pub(crate) async fn listen() -> Self {
        Self(TcpListener::bind("127.0.0.1:0").await.unwrap())
    }

    /// Its base URL.
    pub(crate) fn url(&self) -> String {
        format!("http://{}/v1", self.0.local_addr().unwrap())
    }

    pub(crate) async fn next(&self) -> Connection {
        let accepted = tokio::time::timeout(PATIENCE, self.0.accept()).await;
        let (stream, _) = accepted.expect("the server calls").unwrap();
        stream.set_nodelay(true).unwrap();
        Connection(stream)
    }

    /// Takes one request on a new connection and answers it.
    pub(crate) async fn answers(&self, answer: impl AsRef<[u8]>) -> Seen {
        let mut connection = self.next().await;
        let seen = connection.request().await;
        connection.say(answer).await;
        seen
    }
}

impl Connection {
    /// The next request.
    pub(crate) async fn request(&mut self) -> Seen {
        let mut bytes = Vec::new();
        loop {
            let text = String::from_utf8_lossy(&bytes).into_owned();
            if let Some((head, body)) = text.split_once("\r\n\r\n") {
                let (head, body) = (head.to_owned(), body.to_owned());
                let seen = Seen { head, body };
                let length = seen.header("content-length").unwrap_or("0");
                if seen.body.len() >= length.parse().unwrap() {
                    return seen;
                }
            }
            let mut piece = [0; 4096];
            let read = tokio::time::timeout(PATIENCE, self.0.read(&mut piece)).await;
            let read = read.expect("the request comes").unwrap();
            assert!(read > 0, "the server closed: {text:?}");
            bytes.extend_from_slice(&piece[..read]);
        }
    }

    pub(crate) async fn say(&mut self, bytes: impl AsRef<[u8]>) {
        self.0.write_all(bytes.as_ref()).await.unwrap();
    }

    /// Waits until the server has closed the connection.
    pub(crate) async fn closed(mut self) {
        let mut rest = Vec::new();
        let closed = tokio::time::timeout(PATIENCE, self.0.read_to_end(&mut rest)).await;
        // A reset is a close too.
        let _ = closed.expect("the server closes its connection to the provider");
    }
}

/// A whole answer in JSON.
pub(crate) fn json_answer(status: &str, body: &str) -> String {
    let length = body.len();
    format!(
        "HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\n{body}"
    )
}

/// The head of an event stream.
pub(crate) const STREAM_HEAD: &str =
    "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n";

/// One chunk of it.
pub(crate) fn chunk(text: &str) -> String {
    format!("{:x}\r\n{text}\r\n", text.len())
}
