//! The per-chunk result form: one message after the other, for publishers behind a proxy that
//! buffers request bodies, and for simple clients.
//!
//! Messages are numbered from 0 and may overtake each other a little. The same message twice is
//! one message; another message under the same number is a contradiction.
//!
//! An error message about a task whose answer is being uploaded says why the upload breaks off.

use std::collections::{BTreeMap, VecDeque};
use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;

use bytes::Bytes;
use http::StatusCode;
use http::header::HeaderValue;
use shared::channel::ResultMessage;
use tokio::sync::{Mutex, mpsc};

use crate::error::Error;
use crate::relay::Relay;
use crate::session::Session;
use crate::task::{Arrived, Piece, Source, Task, TaskId};
use crate::upload::check_epoch;

/// The largest piece of one message, in bytes.
pub(crate) const MAX_CHUNK_BYTES: usize = 256 * 1024;
/// Pieces that wait for the caller; further messages wait for room.
const WAITING_PIECES: usize = 1;
/// Messages that may wait for one that they overtook.
const MAX_EARLY: usize = 32;
/// Messages remembered, so that a repeat is recognised.
const REMEMBERED: usize = 256;

/// The answer under way. One message at a time is worked on.
pub(crate) struct Chunks(Mutex<State>);

struct State {
    next: u64,
    pieces: mpsc::Sender<Piece>,
    /// Taken and not handed on yet. Kept here, since the call that brought them may break off while
    /// the caller reads slowly: the next one, or its repeat, hands them on.
    turn: VecDeque<Piece>,
    early: BTreeMap<u64, (u64, Vec<Piece>)>,
    early_bytes: usize,
    seen: VecDeque<(u64, u64)>,
    hasher: RandomState,
}

impl Relay {
    /// Takes one message of an answer; resolves when it is on its way to the caller.
    ///
    /// Errors: [`Error::TaskEnded`] after the end, [`Error::Contradiction`] for other bytes under a
    /// number that was seen, [`Error::OutOfOrder`] for one too far ahead, [`Error::BadMessage`].
    pub async fn accept_result(
        &self,
        principal: &str,
        session_id: &str,
        task_id: &str,
        epoch: Option<u64>,
        message: ResultMessage,
    ) -> Result<(), Error> {
        let id: TaskId = task_id.parse()?;
        check_epoch(id, epoch)?;
        let session = self.session_of(session_id, principal)?;
        let (seq, head, mut pieces) = take_apart(message)?;
        if session.with_task(id, |task| Ok(explain(task, &mut pieces)))? {
            return Ok(());
        }
        let chunks = session.with_task(id, |task| begin(task, seq, head))?;
        chunks.accept(seq, pieces, &session, id).await
    }
}

/// Takes an error as the reason why an upload breaks off. Whether it was one.
fn explain(task: &mut Task, pieces: &mut Vec<Piece>) -> bool {
    let uploading = task.arrive.is_none() && task.chunks.is_none();
    if !uploading || !matches!(pieces[..], [Piece::Failed(_)]) {
        return false;
    }
    if let (Some(fail), Some(Piece::Failed(error))) = (task.fail.take(), pieces.pop()) {
        let _ = fail.send(error);
    }
    true
}

/// What the first message says of the answer.
struct Head {
    status: StatusCode,
    content_type: Option<HeaderValue>,
}

fn take_apart(message: ResultMessage) -> Result<(u64, Head, Vec<Piece>), Error> {
    let bad = |why: &str| Error::BadMessage(why.into());
    let status = message.status.unwrap_or(200);
    // An informational status ends no request.
    let status = StatusCode::from_u16(status)
        .ok()
        .filter(|status| status.as_u16() >= 200);
    let status = status.ok_or_else(|| bad("`status` is no HTTP status of an answer"))?;
    let mut content_type = message
        .content_type
        .as_deref()
        .map(HeaderValue::from_str)
        .transpose();
    let pieces = match (message.error, message.chunk, message.body) {
        (Some(error), None, None) => vec![Piece::Failed(Error::Provider(error))],
        (None, Some(chunk), None) => {
            let data = match chunk.data_base64 {
                Some(encoded) => base64_bytes(&encoded)?,
                None => chunk.data.into_bytes(),
            };
            if data.len() > MAX_CHUNK_BYTES {
                return Err(bad("a chunk may hold at most 256 KiB"));
            }
            let mut pieces = Vec::with_capacity(2);
            if !data.is_empty() {
                pieces.push(Piece::Data(data.into()));
            }
            if chunk.done {
                pieces.push(Piece::End);
            }
            pieces
        }
        (None, None, Some(body)) => {
            content_type = content_type
                .map(|given| given.or(Some(HeaderValue::from_static("application/json"))));
            let text: Box<str> = body.into();
            vec![Piece::Data(Bytes::from(String::from(text))), Piece::End]
        }
        _ => {
            return Err(bad(
                "a result has exactly one of `error`, `chunk` and `body`",
            ));
        }
    };
    let content_type = content_type.map_err(|_| bad("`contentType` is no header value"))?;
    Ok((
        message.seq,
        Head {
            status,
            content_type,
        },
        pieces,
    ))
}

fn base64_bytes(encoded: &str) -> Result<Vec<u8>, Error> {
    use base64::Engine;
    base64::engine::general_purpose::STANDARD
        .decode(encoded)
        .map_err(|_| Error::BadMessage("`dataBase64` is not base64".into()))
}

/// The answer under way; begins it at its first message.
fn begin(task: &mut Task, seq: u64, head: Head) -> Result<Arc<Chunks>, Error> {
    if let Some(chunks) = &task.chunks {
        return Ok(chunks.clone());
    }
    if seq != 0 {
        // The head comes with message 0: without it there is nothing to begin.
        return Err(Error::OutOfOrder {
            found: seq,
            expected: 0,
        });
    }
    let arrive = task.begin()?;
    let (pieces, queue) = mpsc::channel(WAITING_PIECES);
    let chunks = Arc::new(Chunks(Mutex::new(State {
        next: 0,
        pieces,
        turn: VecDeque::new(),
        early: BTreeMap::new(),
        early_bytes: 0,
        seen: VecDeque::new(),
        hasher: RandomState::new(),
    })));
    let arrived = Arrived {
        status: head.status,
        content_type: head.content_type,
        retry_after: None,
        dropped_params: None,
        source: Source::Chunks(queue),
    };
    arrive.send(Ok(arrived)).map_err(|_| Error::TaskEnded)?;
    task.chunks = Some(chunks.clone());
    Ok(chunks)
}

impl Chunks {
    async fn accept(
        &self,
        seq: u64,
        pieces: Vec<Piece>,
        session: &Session,
        id: TaskId,
    ) -> Result<(), Error> {
        let mut state = self.0.lock().await;
        let state = &mut *state;
        state.hand_on(session, id).await?;
        let print = state.fingerprint(&pieces);
        if let Some((_, before)) = state.seen.iter().find(|(seen, _)| *seen == seq) {
            return same(*before == print);
        }
        if let Some((before, _)) = state.early.get(&seq) {
            return same(*before == print);
        }
        if seq < state.next {
            // Older than what we remember: it was taken long ago.
            return Ok(());
        }
        if seq > state.next {
            let bytes: usize = pieces.iter().map(Piece::len).sum();
            let expected = state.next;
            if state.early.len() >= MAX_EARLY || state.early_bytes + bytes > MAX_CHUNK_BYTES {
                return Err(Error::OutOfOrder {
                    found: seq,
                    expected,
                });
            }
            state.early_bytes += bytes;
            state.early.insert(seq, (print, pieces));
            return Ok(());
        }
        state.take(print, pieces);
        state.hand_on(session, id).await
    }
}

impl State {
    /// Hands on what was taken, and what waited for it. Dropping the future loses nothing.
    async fn hand_on(&mut self, session: &Session, id: TaskId) -> Result<(), Error> {
        loop {
            while !self.turn.is_empty() {
                let room = self.pieces.reserve().await;
                let room = room.map_err(|_| Error::TaskEnded)?;
                let Some(piece) = self.turn.pop_front() else {
                    break;
                };
                let over = !matches!(piece, Piece::Data(_));
                room.send(piece);
                if over {
                    session.forget(id);
                    return Ok(());
                }
            }
            let Some((print, pieces)) = self.early.remove(&self.next) else {
                return Ok(());
            };
            self.early_bytes -= pieces.iter().map(Piece::len).sum::<usize>();
            self.take(print, pieces);
        }
    }

    /// Takes the message whose turn it is.
    fn take(&mut self, print: u64, pieces: Vec<Piece>) {
        self.remember(print);
        self.turn.extend(pieces);
    }

    fn remember(&mut self, print: u64) {
        if self.seen.len() == REMEMBERED {
            self.seen.pop_front();
        }
        self.seen.push_back((self.next, print));
        self.next += 1;
    }

    fn fingerprint(&self, pieces: &[Piece]) -> u64 {
        use std::hash::{Hash, Hasher};
        let mut hasher = self.hasher.build_hasher();
        for piece in pieces {
            match piece {
                Piece::Data(data) => data.hash(&mut hasher),
                Piece::End => 1u8.hash(&mut hasher),
                Piece::Failed(error) => error.to_string().hash(&mut hasher),
            }
        }
        hasher.finish()
    }
}

impl Piece {
    fn len(&self) -> usize {
        match self {
            Self::Data(data) => data.len(),
            Self::End | Self::Failed(_) => 0,
        }
    }
}

fn same(is_same: bool) -> Result<(), Error> {
    if is_same {
        return Ok(());
    }
    Err(Error::Contradiction(
        "this number was used for another message",
    ))
}
