//! A caller without manners: it says half of what it has to say, or hangs up.

use http::Method;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::client::{Caller, PATIENCE};
use crate::fixture::Mcpd;

/// Round trips after which the server has looked at whatever came before them: it has one serving thread.
const ROUNDS: usize = 8;

/// One connection. Dropping it hangs up.
pub(crate) struct Raw(TcpStream);

impl Raw {
    /// Connects, says this, and waits until the server has looked at it.
    pub(crate) async fn say(mcpd: &Mcpd, bytes: impl AsRef<[u8]>) -> Self {
        let mut raw = Self(TcpStream::connect(mcpd.address).await.unwrap());
        raw.0.write_all(bytes.as_ref()).await.unwrap();
        for _ in 0..ROUNDS {
            mcpd.admin.get("/healthz").await.is(200);
        }
        raw
    }

    /// Says this too. A server that has answered may hear no more.
    pub(crate) async fn go_on(&mut self, bytes: impl AsRef<[u8]>) {
        let _ = self.0.write_all(bytes.as_ref()).await;
    }

    /// Everything that is answered, up to the close.
    pub(crate) async fn answer(mut self) -> String {
        let mut text = Vec::new();
        let read = tokio::time::timeout(PATIENCE, self.0.read_to_end(&mut text)).await;
        let text = String::from_utf8_lossy(&text).into_owned();
        assert!(read.is_ok(), "no end after {text:?}");
        text
    }
}

/// The bytes of a request that is the last of its connection.
pub(crate) fn wire(by: &Caller, method: &Method, path: &str, body: &str) -> String {
    let (token, length) = (by.token().unwrap(), body.len());
    format!(
        "{method} {path} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {token}\r\nconnection: close\r\n\
         content-length: {length}\r\n\r\n{body}"
    )
}
