//! A response that lasts for hours, without the machinery of a connection that serves requests.
//!
//! hyper holds 16 KiB of buffers per connection. A control channel says a few bytes every 15 s, so
//! once its request is read the socket is taken over: its head and its chunks are written here, and
//! a publisher costs a fraction of that.
//!
//! Source: RFC 9112, "HTTP/1.1", sections 4 (status line) and 7.1 (chunked transfer coding).

use std::future::poll_fn;
use std::io::{self, Write};
use std::pin::Pin;
use std::task::Poll;

use bytes::Bytes;
use http::Response;
use http_body::Body;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use crate::http::body::{BoxError, ResponseBody};
use crate::server::unread::GRACE;

/// Frames that wait together are written together, up to about this many bytes.
const MAX_BATCH_BYTES: usize = 64 * 1024;

/// Writes `response` to `stream` until its body ends or the peer goes; not for long once its
/// credential is revoked, read or not.
pub(crate) async fn stream_out(
    stream: TcpStream,
    response: Response<ResponseBody>,
) -> io::Result<()> {
    let revoked = match response.body() {
        ResponseBody::Channel { revoked, .. } => Some(revoked.clone()),
        _ => None,
    };
    let must_go = async {
        match revoked {
            Some(revoked) => revoked.cancelled().await,
            None => std::future::pending().await,
        }
        // For a peer that reads: it gets the end of the body.
        tokio::time::sleep(GRACE).await;
    };
    tokio::select! {
        biased;
        ended = write_out(stream, response) => ended,
        () = must_go => Err(io::Error::other("its credential is revoked, and its peer reads nothing")),
    }
}

async fn write_out(mut stream: TcpStream, response: Response<ResponseBody>) -> io::Result<()> {
    let (head, mut body) = response.into_parts();
    stream.write_all(&write_head(&head)?).await?;
    let mut batch = Vec::new();
    loop {
        let piece = tokio::select! {
            biased;
            gone = peer_is_gone(&stream) => return gone,
            piece = next_piece(&mut body) => piece,
        };
        let Some(piece) = piece.map_err(io::Error::other)? else {
            return stream.write_all(b"0\r\n\r\n").await;
        };
        write_chunk(&mut batch, &piece)?;
        while batch.len() < MAX_BATCH_BYTES
            && let Some(piece) = waiting_piece(&mut body).await.map_err(io::Error::other)?
        {
            write_chunk(&mut batch, &piece)?;
        }
        stream.write_all(&batch).await?;
        batch = Vec::new();
    }
}

fn write_head(head: &http::response::Parts) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::with_capacity(512);
    let reason = head.status.canonical_reason().unwrap_or_default();
    write!(bytes, "HTTP/1.1 {} {reason}\r\n", head.status.as_u16())?;
    for (name, value) in &head.headers {
        write!(bytes, "{name}: ")?;
        bytes.extend_from_slice(value.as_bytes());
        bytes.extend_from_slice(b"\r\n");
    }
    bytes.extend_from_slice(b"transfer-encoding: chunked\r\n\r\n");
    Ok(bytes)
}

fn write_chunk(batch: &mut Vec<u8>, piece: &[u8]) -> io::Result<()> {
    if piece.is_empty() {
        // An empty chunk would be the end.
        return Ok(());
    }
    write!(batch, "{:x}\r\n", piece.len())?;
    batch.extend_from_slice(piece);
    batch.extend_from_slice(b"\r\n");
    Ok(())
}

async fn next_piece(body: &mut ResponseBody) -> Result<Option<Bytes>, BoxError> {
    loop {
        match poll_fn(|cx| Pin::new(&mut *body).poll_frame(cx)).await {
            None => return Ok(None),
            Some(frame) => {
                if let Ok(data) = frame?.into_data() {
                    return Ok(Some(data));
                }
            }
        }
    }
}

/// The next piece, if it is there already. The body's end is left for [`next_piece`].
async fn waiting_piece(body: &mut ResponseBody) -> Result<Option<Bytes>, BoxError> {
    poll_fn(|cx| match Pin::new(&mut *body).poll_frame(cx) {
        Poll::Ready(Some(Ok(frame))) => Poll::Ready(Ok(frame.into_data().ok())),
        Poll::Ready(Some(Err(error))) => Poll::Ready(Err(error)),
        Poll::Ready(None) | Poll::Pending => Poll::Ready(Ok(None)),
    })
    .await
}

/// Resolves when the peer closed, or says more than its request: nothing is expected of it.
async fn peer_is_gone(stream: &TcpStream) -> io::Result<()> {
    loop {
        stream.readable().await?;
        let mut byte = [0];
        match stream.try_read(&mut byte) {
            Ok(0) => return Ok(()),
            Ok(_) => return Err(io::Error::other("the peer sends on a response that lasts")),
            Err(again) if again.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) => return Err(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::AsyncReadExt;
    use tokio::net::TcpListener;

    use super::*;

    #[tokio::test]
    async fn a_response_is_written_as_http() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (client, server) = tokio::join!(TcpStream::connect(address), listener.accept());
        let mut response = Response::new(ResponseBody::full("hello"));
        response.headers_mut().insert("x-a", "b".parse().unwrap());
        stream_out(server.unwrap().0, response).await.unwrap();
        let mut text = String::new();
        client.unwrap().read_to_string(&mut text).await.unwrap();
        assert_eq!(
            text,
            "HTTP/1.1 200 OK\r\nx-a: b\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"
        );
    }
}
