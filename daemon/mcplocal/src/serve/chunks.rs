//! The other way of an answer: one small request per piece, for a proxy on the way that holds
//! request bodies back until they are complete.
//!
//! While a piece is on its way the provider is not read; what came meanwhile goes as one piece. A
//! piece that got lost with its connection is repeated under the same number, which the server
//! recognises. One that the server takes late, since its caller rests, is repeated until the task ends.

use std::future::Future;
use std::pin::Pin;
use std::task::Poll;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderValue};
use http::{Method, StatusCode};
use http_body_util::BodyExt;
use providers::{Body, Response};
use shared::channel::{Chunk, ResultMessage, TaskError};
use shared::error_body::code;

use super::bound::Bound;
use super::outcome::{Outcome, broke_off, may_be_of_proxy, not_reached, refused_on_the_way};

/// The largest piece, in bytes, before it is put into JSON.
const MAX_PIECE_BYTES: usize = 64 * 1024;
/// How often a piece is sent whose connection breaks.
const ATTEMPTS: u32 = 3;
/// Between two attempts.
const RETRY: Duration = Duration::from_millis(250);
/// The longest that a piece may take; the server may wait for its caller.
const PIECE_TIMEOUT: Duration = Duration::from_secs(60);

/// Hands the answer on, piece by piece.
pub(super) async fn deliver(bound: &Bound, id: &str, response: Response) -> Outcome {
    let mut body = Pieces {
        body: response.body,
        rest: Bytes::new(),
    };
    let content_type = response.content_type.as_ref();
    let content_type = content_type.and_then(|ct| ct.to_str().ok());
    let mut head = (
        Some(response.status.as_u16()),
        content_type.map(String::from),
    );
    for seq in 0.. {
        let (status, content_type) = std::mem::take(&mut head);
        let mut message = empty(seq);
        (message.status, message.content_type) = (status, content_type);
        let done = match body.next().await {
            Ok((piece, done)) => {
                message.chunk = Some(chunk(&piece, done));
                done
            }
            Err(error) => {
                message.error = Some(TaskError {
                    message: not_reached(&error),
                    status: None,
                    code: Some(code::PROVIDER_ERROR.into()),
                });
                true
            }
        };
        match send(bound, id, &message).await {
            Outcome::Delivered if !done => {}
            ended => {
                give_up(bound, id, seq, &ended).await;
                return ended;
            }
        }
    }
    Outcome::Delivered
}

/// Says that there will be no answer, or no more of it, and why.
pub(super) async fn fail(bound: &Bound, id: &str, error: TaskError) -> Outcome {
    let mut message = empty(0);
    message.error = Some(error.clone());
    // Nobody else ends a word about a task that was never begun.
    let sent = tokio::time::timeout(PIECE_TIMEOUT, say(bound, id, &message));
    let late = |_| Outcome::Broken("the server did not take the word within 60 s".into());
    let outcome = sent.await.unwrap_or_else(late);
    if outcome.may_be_unheard() {
        bound.unsaid.keep(id, error);
    }
    outcome
}

/// Sends a word; what refused it may be a proxy that has had too much for now.
async fn say(bound: &Bound, id: &str, word: &ResultMessage) -> Outcome {
    for attempts in 1..ATTEMPTS {
        match send(bound, id, word).await {
            Outcome::NotTaken(Some(status)) if may_be_of_proxy(status) => {}
            ended => return ended,
        }
        tokio::time::sleep(RETRY * attempts).await;
    }
    send(bound, id, word).await
}

/// Where the message `seq` did not get through, tells why there will be no more: small as it is,
/// the word may pass where the piece did not.
async fn give_up(bound: &Bound, id: &str, seq: u64, ended: &Outcome) {
    let error = match ended {
        Outcome::NotTaken(Some(status)) if may_be_of_proxy(*status) => refused_on_the_way(*status),
        Outcome::Broken(_) => broke_off(),
        Outcome::Delivered | Outcome::NotTaken(_) => return,
    };
    // The piece may have arrived and its answer not: then its number is taken.
    for seq in [seq, seq + 1] {
        let mut message = empty(seq);
        message.error = Some(error.clone());
        let Ok(json) = serde_json::to_vec(&message) else {
            return;
        };
        let sent = send_in_time(bound, id, json.into()).await;
        if sent.at_last() == Outcome::Delivered {
            return;
        }
    }
    // A task that has ended there is passed over there.
    bound.unsaid.keep(id, error);
}

fn empty(seq: u64) -> ResultMessage {
    ResultMessage {
        seq,
        status: None,
        content_type: None,
        error: None,
        chunk: None,
        body: None,
    }
}

fn chunk(piece: &[u8], done: bool) -> Chunk {
    match str::from_utf8(piece) {
        Ok(text) => Chunk {
            data: text.into(),
            data_base64: None,
            done,
        },
        Err(_) => Chunk {
            data: String::new(),
            data_base64: Some(STANDARD.encode(piece)),
            done,
        },
    }
}

/// A body cut into pieces of bounded size.
struct Pieces {
    body: Body,
    /// Of a frame that was larger than a piece.
    rest: Bytes,
}

impl Pieces {
    /// Waits for bytes, takes what else is there already, and tells whether that is the end.
    async fn next(&mut self) -> Result<(Vec<u8>, bool), providers::Error> {
        let mut piece = Vec::new();
        loop {
            let room = MAX_PIECE_BYTES - piece.len();
            piece.extend_from_slice(&self.rest.split_to(room.min(self.rest.len())));
            if piece.len() == MAX_PIECE_BYTES {
                return Ok((piece, false));
            }
            let frame = if piece.is_empty() {
                self.body.frame().await
            } else {
                match at_once(&mut self.body).await {
                    Some(frame) => frame,
                    None => return Ok((piece, false)),
                }
            };
            match frame {
                Some(frame) => self.rest = frame?.into_data().unwrap_or_default(),
                None => return Ok((piece, true)),
            }
        }
    }
}

type MaybeFrame = Option<Result<http_body::Frame<Bytes>, providers::Error>>;

/// The next frame, where it is there without waiting.
async fn at_once(body: &mut Body) -> Option<MaybeFrame> {
    let mut frame = body.frame();
    std::future::poll_fn(move |cx| match Pin::new(&mut frame).poll(cx) {
        Poll::Ready(frame) => Poll::Ready(Some(frame)),
        Poll::Pending => Poll::Ready(None),
    })
    .await
}

async fn send(bound: &Bound, id: &str, message: &ResultMessage) -> Outcome {
    let Ok(json) = serde_json::to_vec(message) else {
        return Outcome::NotTaken(None);
    };
    let json = Bytes::from(json);
    let mut attempts = 0;
    loop {
        match send_in_time(bound, id, json.clone()).await {
            Sent::Late(_) => {}
            Sent::Ended(outcome @ Outcome::Broken(_)) => {
                attempts += 1;
                if attempts == ATTEMPTS {
                    return outcome;
                }
            }
            Sent::Ended(outcome) => return outcome,
        }
        tokio::time::sleep(RETRY).await;
    }
}

/// How one attempt went.
enum Sent {
    /// The server may wait for its caller, who rests: longer than a proxy on the way does, or we do.
    /// The task's deadline bounds how often that may be.
    Late(String),
    Ended(Outcome),
}

impl Sent {
    /// Where there is no other attempt.
    fn at_last(self) -> Outcome {
        match self {
            Self::Late(why) => Outcome::Broken(why),
            Self::Ended(outcome) => outcome,
        }
    }
}

async fn send_in_time(bound: &Bound, id: &str, json: Bytes) -> Sent {
    let sent = tokio::time::timeout(PIECE_TIMEOUT, send_once(bound, id, json));
    match sent.await {
        Ok(sent) => sent,
        Err(_) => Sent::Late("the server did not take a piece within 60 s".into()),
    }
}

async fn send_once(bound: &Bound, id: &str, json: Bytes) -> Sent {
    let body = upstream::Body::full(json);
    let Ok(mut call) = bound.call(Method::POST, id, "/result", body) else {
        return Sent::Ended(Outcome::NotTaken(None));
    };
    let json = HeaderValue::from_static("application/json");
    call.headers_mut().insert(CONTENT_TYPE, json);
    match bound.mcpd.send(call).await {
        Ok(answer) => {
            let status = answer.status();
            let _ = upstream::read_all(answer.into_body(), MAX_PIECE_BYTES).await;
            Sent::Ended(match status {
                status if status.is_success() => Outcome::Delivered,
                StatusCode::GATEWAY_TIMEOUT => return Sent::Late(of_proxy(status)),
                StatusCode::BAD_GATEWAY => Outcome::Broken(of_proxy(status)),
                status => Outcome::NotTaken(Some(status)),
            })
        }
        Err(broken) => Sent::Ended(Outcome::Broken(broken.to_string())),
    }
}

fn of_proxy(status: StatusCode) -> String {
    format!("a proxy on the way answered {status}")
}

#[cfg(test)]
mod tests {
    use http_body_util::Full;

    use super::*;

    #[tokio::test]
    async fn a_large_frame_is_cut_into_pieces_of_bounded_size() {
        let whole = Bytes::from(vec![b'x'; 3 * MAX_PIECE_BYTES + 1]);
        let never = |never: std::convert::Infallible| match never {};
        let mut pieces = Pieces {
            body: Body::made(Full::new(whole.clone()).map_err(never)),
            rest: Bytes::new(),
        };
        let (mut joined, mut sizes) = (Vec::new(), Vec::new());
        loop {
            let (piece, done) = pieces.next().await.unwrap();
            sizes.push(piece.len());
            joined.extend(piece);
            if done {
                break;
            }
        }
        assert_eq!(joined, whole);
        assert_eq!(
            sizes,
            [MAX_PIECE_BYTES, MAX_PIECE_BYTES, MAX_PIECE_BYTES, 1]
        );
    }

    #[test]
    fn text_travels_as_text_and_a_torn_character_in_base64() {
        let whole = chunk("é".as_bytes(), false);
        assert_eq!((&*whole.data, whole.data_base64), ("é", None));
        let torn = chunk(&"é".as_bytes()[..1], true);
        assert_eq!(torn.data_base64.as_deref(), Some("ww=="));
        assert!(torn.done && torn.data.is_empty());
    }
}
