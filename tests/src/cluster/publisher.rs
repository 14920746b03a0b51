//! A publisher played by hand, by `docs/control-protocol.md`: every message is the test's own.

use super::caller::{Answer, Ask, Whole};
use serde_json::{Value, json};
use shared::channel::{Frame, MAX_FRAME_BYTES, Task};
use shared::headers::PROVIDER_SESSION;
use shared::sse;
use std::collections::VecDeque;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::time::timeout;

/// Longest a frame may take to come.
const FRAME_LIMIT: Duration = Duration::from_secs(20);

/// A registered session.
#[derive(Debug)]
pub struct Publisher {
    addr: SocketAddr,
    token: String,
    /// Its id.
    pub session: String,
}

impl Publisher {
    /// Registers one OpenAI provider `name`.
    ///
    /// # Panics
    /// When the server refuses.
    pub async fn register(addr: SocketAddr, token: &str, name: &str) -> Self {
        let offer = offer(&[name], None);
        let answer = path("_provider-register", offer)
            .token(token)
            .whole(addr)
            .await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        let session = answer.json()["providerSessionId"].clone();
        Self {
            addr,
            token: token.to_owned(),
            session: session.as_str().unwrap_or_default().to_owned(),
        }
    }

    /// Binds a channel and reads its hello.
    ///
    /// # Panics
    /// When there is none.
    pub async fn bind(&self) -> Channel {
        let ask = Ask::get("/api/v1/llms/_provider-stream");
        let answer = self.sign(ask).send(self.addr).await;
        assert_eq!(answer.status, 200, "the channel is refused");
        let mut channel = Channel {
            answer,
            decoder: sse::Decoder::new(MAX_FRAME_BYTES),
            frames: VecDeque::new(),
            epoch: 0,
        };
        match channel.next().await {
            Some(Frame::Hello(hello)) => channel.epoch = hello.epoch,
            other => panic!("the first frame is no hello: {other:?}"),
        }
        channel
    }

    /// Binds, and proves the channel: its row is active then.
    pub async fn go_live(&self) -> Channel {
        let channel = self.bind().await;
        let beat = self
            .heartbeat(json!({"epoch": channel.epoch, "lastPing": 0}))
            .await;
        assert_eq!(beat["bound"], true, "{beat}");
        channel
    }

    /// A heartbeat's answer.
    pub async fn heartbeat(&self, body: Value) -> Value {
        self.call("_provider-heartbeat", body).await.json()
    }

    /// One message of the per-chunk form for the task `id`.
    pub async fn result(&self, id: &str, message: Value) -> Whole {
        self.call(&format!("_provider-task/{id}/result"), message)
            .await
    }

    /// A POST below `/api/v1/llms/`, with credential and session.
    pub async fn call(&self, below: &str, body: impl ToString) -> Whole {
        self.sign(path(below, body)).whole(self.addr).await
    }

    /// Adds credential and session.
    #[must_use]
    pub fn sign(&self, ask: Ask) -> Ask {
        ask.token(&self.token)
            .header(PROVIDER_SESSION, &self.session)
    }
}

/// A bound channel. Dropping it closes the connection.
#[derive(Debug)]
pub struct Channel {
    answer: Answer,
    decoder: sse::Decoder,
    frames: VecDeque<Frame>,
    /// From its hello.
    pub epoch: u64,
}

impl Channel {
    /// The next frame; `None` when the channel is closed.
    ///
    /// # Panics
    /// When none comes for a while, or one can't be read.
    pub async fn next(&mut self) -> Option<Frame> {
        loop {
            if let Some(frame) = self.frames.pop_front() {
                return Some(frame);
            }
            let piece = timeout(FRAME_LIMIT, self.answer.next()).await;
            let piece = piece.expect("a frame, or the end of the channel, comes")?;
            let mut events = Vec::new();
            let fed = self.decoder.feed(&piece, &mut events);
            fed.expect("no frame is too long");
            let read = |event| Frame::decode(event).expect("a frame can be read");
            self.frames.extend(events.iter().map(read));
        }
    }

    /// The next task; pings in between are passed over.
    ///
    /// # Panics
    /// When something else comes first.
    pub async fn task(&mut self) -> Task {
        loop {
            match self.next().await {
                Some(Frame::Task(task)) => return task,
                Some(Frame::Ping(_)) => {}
                other => panic!("no task, but {other:?}"),
            }
        }
    }
}

/// What a publisher says first.
#[must_use]
pub fn offer(names: &[&str], session: Option<&str>) -> Value {
    let provider = |name: &&str| json!({"name": name, "type": "openai", "model": "mock"});
    let mut offer = json!({
        "node": {"id": "n", "hostname": "h", "version": "v"},
        "providers": names.iter().map(provider).collect::<Vec<_>>(),
    });
    if let Some(session) = session {
        offer["providerSessionId"] = session.into();
    }
    offer
}

/// A POST below `/api/v1/llms/`.
#[must_use]
pub fn path(below: &str, body: impl ToString) -> Ask {
    Ask::post(&format!("/api/v1/llms/{below}"), body)
}
