//! A publisher, as the relay's neighbour: it says only what a test makes it say.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::task::Poll;
use std::time::Duration;

use bytes::Bytes;
use http_body::Body;
use relay::{Answer, Call, ChannelBody, Error};
use shared::channel::{
    Chunk, Frame, Heartbeat, HeartbeatReply, MAX_FRAME_BYTES, Offer, Register, Registered,
    ResultMessage, Task,
};
use shared::infer_path::InferPath;
use shared::llm::{Phase, ProviderType};
use shared::name::Name;
use shared::sse;

use crate::world::{World, settle};

pub(crate) fn offer(name: &str) -> Offer {
    Offer {
        name: name.parse().unwrap(),
        provider_type: ProviderType::Ollama,
        model: "llama".into(),
        tier: None,
        capabilities: Vec::new(),
        context_window: None,
        max_concurrency: None,
        max_queue: None,
        stream_usage: None,
        status: None,
        wake_timeout: None,
    }
}

pub(crate) fn asleep(name: &str) -> Offer {
    Offer {
        status: Some(Phase::Hibernating),
        ..offer(name)
    }
}

/// The frames of one bind.
pub(crate) struct Channel {
    body: ChannelBody,
    decoder: sse::Decoder,
    waiting: VecDeque<Frame>,
}

impl Channel {
    /// The next frame, if it is said already; `Some(None)` at the end.
    fn look(&mut self) -> Option<Option<Frame>> {
        loop {
            if let Some(frame) = self.waiting.pop_front() {
                return Some(Some(frame));
            }
            let mut cx = std::task::Context::from_waker(std::task::Waker::noop());
            // A test may look more often than one task may without a pause.
            let next = poll_fn(|cx| Pin::new(&mut self.body).poll_frame(cx));
            let data = match pin!(tokio::task::unconstrained(next)).poll(&mut cx) {
                Poll::Pending => return None,
                Poll::Ready(None) => return Some(None),
                Poll::Ready(Some(Ok(frame))) => frame.into_data().unwrap(),
                Poll::Ready(Some(Err(never))) => match never {},
            };
            let mut events = Vec::new();
            self.decoder.feed(&data, &mut events).unwrap();
            let frames = events.iter().map(|event| Frame::decode(event).unwrap());
            self.waiting.extend(frames);
        }
    }

    #[track_caller]
    pub(crate) fn next(&mut self) -> Frame {
        let said = self.look().expect("a frame is said");
        said.expect("the channel goes on")
    }

    #[track_caller]
    pub(crate) fn silent(&mut self) {
        let said = self.look();
        assert!(said.is_none(), "{said:?}");
    }

    #[track_caller]
    pub(crate) fn ended(&mut self) {
        let said = self.look();
        assert!(matches!(said, Some(None)), "{said:?}");
    }

    #[track_caller]
    pub(crate) fn task(&mut self) -> Task {
        match self.next() {
            Frame::Task(task) => task,
            other => panic!("{other:?} instead of a task"),
        }
    }

    /// The next frame is the cancel of this task.
    #[track_caller]
    pub(crate) fn cancelled(&mut self, task_id: &str) {
        match self.next() {
            Frame::Cancel(cancel) => assert_eq!(cancel.task_id, task_id),
            other => panic!("{other:?} instead of a cancel"),
        }
    }

    /// The last ping that was said, others before it passed over.
    pub(crate) fn last_ping(&mut self) -> Option<u64> {
        let mut last = None;
        while let Some(Some(frame)) = self.look() {
            if let Frame::Ping(ping) = frame {
                last = Some(ping.seq);
            }
        }
        last
    }
}

impl World {
    pub(crate) async fn register(
        &self,
        principal: &str,
        session: Option<&str>,
        providers: &[Offer],
    ) -> Result<Registered, Error> {
        let offer = Register {
            provider_session_id: session.map(Into::into),
            node: Default::default(),
            providers: providers.to_vec(),
        };
        self.relay.register(principal, offer).await
    }

    /// A session of `principal` with these providers.
    pub(crate) async fn session(&self, principal: &str, providers: &[Offer]) -> String {
        let registered = self.register(principal, None, providers).await.unwrap();
        assert!(registered.conflicts.is_empty());
        registered.provider_session_id
    }

    /// Binds, and takes the hello. Answers its epoch, too.
    pub(crate) async fn bind(&self, principal: &str, session: &str) -> (Channel, u64) {
        let body = self.relay.bind(principal, session).await.unwrap();
        let mut channel = Channel {
            body,
            decoder: sse::Decoder::new(MAX_FRAME_BYTES),
            waiting: VecDeque::new(),
        };
        match channel.next() {
            Frame::Hello(hello) => {
                assert_eq!((hello.ping_interval_ms, hello.protocol), (15_000, 1));
                (channel, hello.epoch)
            }
            other => panic!("{other:?} instead of a hello"),
        }
    }

    pub(crate) fn beat(&self, principal: &str, session: &str, beat: &Heartbeat) -> HeartbeatReply {
        self.relay.heartbeat(principal, session, beat).unwrap()
    }

    /// A publisher of `names` whose channel is proven, as the principal `laptop`.
    pub(crate) async fn active(&self, names: &[&str]) -> (Channel, String) {
        let offers: Vec<_> = names.iter().map(|name| offer(name)).collect();
        let session = self.session("laptop", &offers).await;
        let (channel, epoch) = self.bind("laptop", &session).await;
        assert!(self.beat("laptop", &session, &epoch_alone(epoch)).bound);
        (channel, session)
    }

    pub(crate) fn call<'a>(&self, llm: &'a Name, body: &'static str) -> Call<'a> {
        Call {
            llm,
            path: InferPath::ChatCompletions,
            stream: true,
            deadline: Duration::from_secs(600),
            body: Bytes::from_static(body.as_bytes()),
        }
    }

    /// Hands a request out, and answers it with what waits for its answer.
    pub(crate) fn ask(&self, session: &str, llm: &str) -> Waiting {
        let (relay, session) = (self.relay.clone(), session.to_owned());
        let llm: Name = llm.parse().unwrap();
        let call = self.call(&llm, r#"{"a":1}"#);
        let (path, stream, deadline, body) = (call.path, call.stream, call.deadline, call.body);
        let mut waiting: Waiting = Box::pin(async move {
            let call = Call {
                llm: &llm,
                path,
                stream,
                deadline,
                body,
            };
            relay.dispatch(&session, call).await
        });
        let mut cx = std::task::Context::from_waker(std::task::Waker::noop());
        let first = waiting.as_mut().poll(&mut cx);
        assert!(first.is_pending(), "the answer is waited for");
        waiting
    }

    /// One message of an answer.
    pub(crate) async fn result(
        &self,
        session: &str,
        task: &str,
        message: ResultMessage,
    ) -> Result<(), Error> {
        let relay = &self.relay;
        let taken = relay.accept_result("laptop", session, task, None, message);
        taken.await
    }
}

/// A caller that waits for the head of its answer.
pub(crate) type Waiting = Pin<Box<dyn Future<Output = Result<Answer, Error>>>>;

pub(crate) fn epoch_alone(epoch: u64) -> Heartbeat {
    Heartbeat {
        epoch: Some(epoch),
        ..Heartbeat::default()
    }
}

pub(crate) fn with_ping(epoch: u64, last_ping: u64) -> Heartbeat {
    Heartbeat {
        last_ping: Some(last_ping),
        ..epoch_alone(epoch)
    }
}

/// A message with a piece of text.
pub(crate) fn chunk(seq: u64, data: &str, done: bool) -> ResultMessage {
    ResultMessage {
        seq,
        status: None,
        content_type: None,
        error: None,
        chunk: Some(Chunk {
            data: data.into(),
            data_base64: None,
            done,
        }),
        body: None,
    }
}

/// The next bytes of an answer. Time stands still meanwhile.
pub(crate) async fn piece(answer: &mut Answer) -> Option<Result<Bytes, Error>> {
    let next = poll_fn(|cx| Pin::new(&mut answer.body).poll_frame(cx));
    tokio::select! {
        biased;
        next = next => next.map(|frame| frame.map(|frame| frame.into_data().unwrap())),
        () = settle() => panic!("the answer does not go on"),
    }
}

/// The text of the next piece.
pub(crate) async fn text(answer: &mut Answer) -> String {
    let piece = piece(answer).await.expect("the answer goes on").unwrap();
    String::from_utf8(piece.to_vec()).unwrap()
}
