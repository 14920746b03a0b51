//! Taking connections: a cap, socket options, dealing out.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use socket2::{SockRef, TcpKeepalive};
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use crate::server::door;
use crate::server::worker::Workers;

/// Data that the peer's machine does not acknowledge for so long means that it is gone.
const USER_TIMEOUT: Duration = Duration::from_secs(60);
/// An idle peer is asked after so long whether its machine is still there.
const KEEPALIVE_AFTER: Duration = Duration::from_secs(60);
/// After a failed accept (out of file descriptors): long enough to free some.
const PAUSE_AFTER_FAILURE: Duration = Duration::from_millis(50);
/// What a connection beyond the cap gets.
const TOO_MANY: &[u8] = b"HTTP/1.1 503 Service Unavailable\r\ncontent-type: application/json\r\n\
retry-after: 2\r\nconnection: close\r\ncontent-length: 112\r\n\r\n\
{\"error\":{\"message\":\"the server has too many connections\",\"type\":\"api_error\",\"param\":null,\"code\":\"unavailable\"}}";

/// Accepts connections and deals them out.
pub struct Acceptor {
    listener: TcpListener,
    workers: Workers,
    free: Arc<Semaphore>,
}

impl Acceptor {
    /// An acceptor that lets `max_connections` in at once.
    pub fn new(listener: TcpListener, workers: Workers, max_connections: usize) -> Self {
        let free = Arc::new(Semaphore::new(max_connections.min(Semaphore::MAX_PERMITS)));
        Self {
            listener,
            workers,
            free,
        }
    }

    /// Accepts until `closing`, and whoever has connected by then: a connection that waits while the
    /// listener goes would be reset. Those who come later are not heard, or refused.
    pub async fn run(self, closing: CancellationToken) {
        loop {
            let accepted = tokio::select! {
                biased;
                accepted = self.listener.accept() => accepted,
                () = closing.cancelled() => break,
            };
            match accepted {
                Ok((stream, _)) => self.deal_out(stream).await,
                Err(error) => {
                    tracing::warn!(%error, "can't accept a connection");
                    tokio::time::sleep(PAUSE_AFTER_FAILURE).await;
                }
            }
        }
        door::close(&self.listener).await;
        while let Some(stream) = door::waiting(&self.listener) {
            self.deal_out(stream).await;
        }
    }

    async fn deal_out(&self, mut stream: TcpStream) {
        let Ok(slot) = self.free.clone().try_acquire_owned() else {
            // Best effort: the buffer of a new socket takes this without waiting.
            let _ = tokio::time::timeout(PAUSE_AFTER_FAILURE, stream.write_all(TOO_MANY)).await;
            return;
        };
        if let Err(error) = prepare(&stream) {
            tracing::debug!(%error, "a connection was gone before it was served");
            return;
        }
        self.workers.serve(stream, slot).await;
    }
}

fn prepare(stream: &TcpStream) -> io::Result<()> {
    // Nagle and delayed acknowledgements together hold a token back for 40 ms.
    stream.set_nodelay(true)?;
    let socket = SockRef::from(stream);
    socket.set_tcp_keepalive(&TcpKeepalive::new().with_time(KEEPALIVE_AFTER))?;
    #[cfg(target_os = "linux")]
    socket.set_tcp_user_timeout(Some(USER_TIMEOUT))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_refusal_announces_its_true_length() {
        let text = str::from_utf8(TOO_MANY).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        assert!(
            head.contains(&format!("content-length: {}", body.len())),
            "{}",
            body.len()
        );
        assert!(serde_json::from_str::<shared::error_body::ErrorBody>(body).is_ok());
    }
}
