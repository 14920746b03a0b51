//! A gateway over a database of its own, one publisher, one caller, in a time that stands still.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc;
use std::time::Duration;

use bytes::Bytes;
use gateway::{
    Accounts, Aliases, Answer, Ask, CacheWish, Caller, Dialect, Error, Gateway, Ledger, Parts,
    Payer, Prices, Timeouts, Worker,
};
use http::header::HeaderValue;
use http_body_util::BodyExt;
use kit::clock::{Clock, ManualClock};
use kit::lifecycle::Lifecycle;
use kit::random::{SystemRandom, base32};
use registry::Registry;
use relay::{ChannelBody, Relay, Timing};
use serde_json::{Value, json};
use shared::channel::{Frame, Heartbeat, MAX_FRAME_BYTES, Register, ResultMessage};
use shared::infer_path::InferPath;
use shared::sse;
use shared::timestamp::Timestamp;
use shared::token::Limits;
use store::master_key::KeyFile;
use store::secrets::Secrets;
use store::{Config, Store};
use tokio_util::sync::CancellationToken;

/// What a request may take, in all.
pub(crate) const REQUEST_TIMEOUT: Duration = Duration::from_secs(60);
const START: Timestamp = Timestamp::from_millis(1_800_000_000_000);

pub(crate) struct World {
    pub(crate) gateway: Gateway,
    pub(crate) registry: Registry,
    pub(crate) relay: Relay,
    pub(crate) lifecycle: Lifecycle,
    pub(crate) caller: Caller,
    worker: Arc<Worker>,
    _still: mpsc::Sender<()>,
    dir: PathBuf,
}

impl World {
    pub(crate) async fn new() -> Self {
        // Tokio's paused clock runs ahead while SQLite's threads work, but for a blocking task.
        tokio::time::pause();
        let (still, over) = mpsc::channel::<()>();
        tokio::task::spawn_blocking(move || {
            let _ = over.recv();
        });
        let unique = base32(&SystemRandom, 10);
        let dir = std::env::temp_dir().join(format!("mcpctl-gateway-{unique}"));
        let random = Arc::new(SystemRandom);
        let store = Store::open(&Config::sqlite(&dir), random).await.unwrap();
        let clock = ManualClock::at(START);
        let key_file = KeyFile::Own(dir.join("master.key"));
        let secrets = Secrets::open(&store, &key_file, clock.now()).await.unwrap();
        let registry = Registry::load(store.clone(), clock.now()).await.unwrap();
        let timing = Timing::default();
        let relay = Relay::new(registry.clone(), store.clone(), clock.clone(), timing);
        let lifecycle = Lifecycle::new();
        let accounts = Accounts::new(store.clone());
        let gateway = Gateway::new(Parts {
            registry: registry.clone(),
            relay: relay.clone(),
            secrets,
            lifecycle: lifecycle.clone(),
            clock: clock.clone(),
            aliases: Aliases::load(store.clone()).await.unwrap(),
            prices: Prices::load(store.clone()).await.unwrap(),
            accounts: accounts.clone(),
            timeouts: Timeouts {
                request: REQUEST_TIMEOUT,
                first_byte: REQUEST_TIMEOUT,
                idle: REQUEST_TIMEOUT,
            },
            max_cache_bytes: 1 << 20,
        });
        Self {
            gateway,
            registry,
            relay,
            lifecycle,
            caller: Caller {
                payer: Payer {
                    principal: "alice".into(),
                    token_id: "t1".into(),
                    token: "alice".into(),
                },
                ledger: Ledger::new(Limits::default(), 0, clock.now()),
                revoked: CancellationToken::new(),
            },
            worker: Arc::new(Worker::new(0)),
            _still: still,
            dir,
        }
    }

    /// A publisher of one row, proven.
    pub(crate) async fn publisher(&self, offer: Value) -> Publisher {
        let mut provider = json!({"name": "qwen", "type": "openai", "model": "Qwen/Qwen2.5"});
        let fields = provider.as_object_mut().unwrap();
        fields.extend(offer.as_object().unwrap().clone());
        let register: Register =
            serde_json::from_value(json!({ "providers": [provider] })).unwrap();
        let registered = self.relay.register("laptop", register).await.unwrap();
        let session = registered.provider_session_id;
        let body = self.relay.bind("laptop", &session).await.unwrap();
        let beat = Heartbeat::default();
        assert!(
            self.relay
                .heartbeat("laptop", &session, &beat)
                .unwrap()
                .bound
        );
        let mut publisher = Publisher {
            relay: self.relay.clone(),
            session,
            body,
        };
        assert!(matches!(publisher.frame().await, Frame::Hello(_)));
        publisher
    }

    pub(crate) async fn infer(&self, name: &str, body: &'static str) -> Result<Answer, Error> {
        let ask = Ask {
            model: Some(name.to_owned()),
            path: InferPath::ChatCompletions,
            dialect: Dialect::OpenAi,
            body: Bytes::from_static(body.as_bytes()),
            caller: self.caller.clone(),
            request_id: HeaderValue::from_static("r1"),
            cache: CacheWish::default(),
        };
        self.gateway.infer(&self.worker, ask).await
    }

    /// The error of a request that gets no answer.
    pub(crate) async fn refused(&self, name: &str, body: &'static str) -> Error {
        match self.infer(name, body).await {
            Ok(answer) => panic!("{} instead of an error", answer.status),
            Err(error) => error,
        }
    }

    /// Requests that run, and requests that wait.
    pub(crate) fn load(&self) -> (u32, u32) {
        let row = self.registry.find("qwen").unwrap();
        (row.live().gate.in_flight(), row.live().gate.queued())
    }
}

impl Drop for World {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.dir);
    }
}

/// The publisher's end of its channel.
pub(crate) struct Publisher {
    relay: Relay,
    session: String,
    body: ChannelBody,
}

impl Publisher {
    pub(crate) async fn frame(&mut self) -> Frame {
        let frame = self.body.frame().await.expect("the channel goes on");
        let (mut events, mut decoder) = (Vec::new(), sse::Decoder::new(MAX_FRAME_BYTES));
        let data = frame.unwrap().into_data().unwrap();
        decoder.feed(&data, &mut events).unwrap();
        assert_eq!(events.len(), 1, "one frame at a time");
        Frame::decode(&events[0]).unwrap()
    }

    pub(crate) async fn task(&mut self) -> shared::channel::Task {
        match self.frame().await {
            Frame::Task(task) => task,
            other => panic!("{other:?} instead of a task"),
        }
    }

    /// The next frame is a cancel; its reason.
    pub(crate) async fn cancelled(&mut self, task_id: &str) -> String {
        match self.frame().await {
            Frame::Cancel(cancel) => {
                assert_eq!(cancel.task_id, task_id);
                cancel.reason
            }
            other => panic!("{other:?} instead of a cancel"),
        }
    }

    /// One message of an answer.
    pub(crate) async fn say(&self, task: &str, message: Value) {
        let message: ResultMessage = serde_json::from_value(message).unwrap();
        let said = self
            .relay
            .accept_result("laptop", &self.session, task, None, message);
        said.await.unwrap();
    }
}

/// Everything of an answer, and whether it ended well.
pub(crate) async fn rest(answer: &mut Answer) -> (String, Option<Error>) {
    let mut text = String::new();
    loop {
        match answer.body.frame().await {
            None => return (text, None),
            Some(Err(error)) => return (text, Some(error)),
            Some(Ok(frame)) => text += str::from_utf8(&frame.into_data().unwrap()).unwrap(),
        }
    }
}

/// The first piece of an event stream.
pub(crate) fn first(data: &str) -> Value {
    json!({"seq": 0, "contentType": "text/event-stream", "chunk": {"data": data}})
}

/// The `error` of the event that a stream ends with.
pub(crate) fn last_error(text: &str) -> Value {
    let (mut events, mut decoder) = (Vec::new(), sse::Decoder::new(MAX_FRAME_BYTES));
    decoder.feed(text.as_bytes(), &mut events).unwrap();
    let last = events.last().unwrap();
    assert_eq!(last.event, "error", "{text}");
    assert!(!text.contains("[DONE]"), "{text}");
    serde_json::from_str::<Value>(&last.data).unwrap()["error"].clone()
}
