//! The last moment of a listener: nobody begins to connect any more, and whoever has connected is taken.
//!
//! A connection that the system has made and nobody has accepted is reset when its listener goes. However quickly the
//! two follow upon each other, somebody may come in between; so first the door is closed. Whoever comes then is not
//! heard, tries again a second later, and meets the next server or a clean refusal.

use std::time::Duration;

use socket2::SockRef;
use tokio::net::{TcpListener, TcpStream};

/// A handshake that has begun is over after this, but for a far peer.
const HANDSHAKE: Duration = Duration::from_millis(10);

/// Lets all packets pass but those that begin a connection: SYN without ACK.
///
/// Source: the classic BPF of `linux/filter.h`; the flags are byte 13 of a TCP header (RFC 9293, section 3.1).
#[cfg(target_os = "linux")]
const NO_NEWCOMERS: [socket2::SockFilter; 5] = {
    use socket2::SockFilter;
    const LOAD_BYTE: u16 = 0x30;
    const AND: u16 = 0x54;
    const JUMP_IF_EQUAL: u16 = 0x15;
    const RETURN: u16 = 0x06;
    const FLAGS_AT: u32 = 13;
    const SYN: u32 = 0x02;
    const ACK: u32 = 0x10;
    [
        SockFilter::new(LOAD_BYTE, 0, 0, FLAGS_AT),
        SockFilter::new(AND, 0, 0, SYN | ACK),
        SockFilter::new(JUMP_IF_EQUAL, 0, 1, SYN),
        SockFilter::new(RETURN, 0, 0, 0),
        SockFilter::new(RETURN, 0, 0, u32::MAX),
    ]
};

/// Closes the door of `listener`, and waits for those who stand in it.
pub(super) async fn close(listener: &TcpListener) {
    #[cfg(target_os = "linux")]
    if let Err(error) = SockRef::from(listener).attach_filter(&NO_NEWCOMERS) {
        tracing::debug!(%error, "whoever connects in the last moment may be reset");
        return;
    }
    tokio::time::sleep(HANDSHAKE).await;
}

/// One who has connected by the system's own word, which the runtime may not have heard of yet.
pub(super) fn waiting(listener: &TcpListener) -> Option<TcpStream> {
    let (socket, _) = SockRef::from(listener).accept().ok()?;
    socket.set_nonblocking(true).ok()?;
    TcpStream::from_std(socket.into()).ok()
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use tokio::time::timeout;

    use super::*;

    #[tokio::test]
    async fn who_has_connected_is_taken_and_who_comes_later_is_not_heard() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let early = TcpStream::connect(address).await.unwrap();
        close(&listener).await;
        let late = timeout(Duration::from_millis(100), TcpStream::connect(address));
        assert!(late.await.is_err(), "somebody came in");
        let taken = waiting(&listener).expect("the early one waits");
        assert_eq!(taken.peer_addr().unwrap(), early.local_addr().unwrap());
        assert!(waiting(&listener).is_none());
        // It is served as ever.
        early.writable().await.unwrap();
        early.try_write(b"hello").unwrap();
        let mut heard = [0; 5];
        tokio::io::AsyncReadExt::read_exact(&mut { taken }, &mut heard)
            .await
            .unwrap();
        assert_eq!(&heard, b"hello");
    }
}
