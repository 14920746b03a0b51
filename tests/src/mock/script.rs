//! Answers played byte for byte: what a real provider once sent, for tests that compare every byte on the way.

use super::answer::{put, reason};
use super::connection::{Connection, Gone, Next};
use super::stats::InFlight;
use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

/// One answer, as it shall leave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scripted {
    /// The HTTP status.
    pub status: u16,
    /// The `Content-Type`.
    pub content_type: String,
    /// The body without framing.
    pub body: Vec<u8>,
    /// Bytes per write, each a chunk of its own; 0 sends the whole body at once with its length.
    pub piece_bytes: usize,
}

/// Answers that wait for their requests: each `POST` takes one.
#[derive(Debug, Default)]
pub(super) struct Script(Mutex<VecDeque<Scripted>>);

impl Script {
    pub(super) fn add(&self, answer: Scripted) {
        self.lock().push_back(answer);
    }

    pub(super) fn take(&self) -> Option<Scripted> {
        self.lock().pop_front()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, VecDeque<Scripted>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Sends `answer`.
pub(super) async fn play(
    connection: &mut Connection<'_>,
    answer: &Scripted,
    mut in_flight: InFlight<'_>,
) -> Result<Next, Gone> {
    let (status, reason) = (answer.status, reason(answer.status));
    let framing = match answer.piece_bytes {
        0 => format!("content-length: {}", answer.body.len()),
        _ => "transfer-encoding: chunked".to_owned(),
    };
    put(
        &mut connection.out,
        format_args!(
            "HTTP/1.1 {status} {reason}\r\ncontent-type: {}\r\n{framing}\r\n\r\n",
            answer.content_type
        ),
    );
    in_flight.streaming();
    if answer.piece_bytes == 0 {
        connection.out.extend_from_slice(&answer.body);
    } else {
        for piece in answer.body.chunks(answer.piece_bytes) {
            put(&mut connection.out, format_args!("{:x}\r\n", piece.len()));
            connection.out.extend_from_slice(piece);
            connection.out.extend_from_slice(b"\r\n");
            connection.send_out().await?;
            // Gives a reader on this thread the chance to see the piece by itself.
            tokio::task::yield_now().await;
        }
        connection.out.extend_from_slice(b"0\r\n\r\n");
    }
    let next = connection.send_out().await?;
    in_flight.completed();
    Ok(next)
}
