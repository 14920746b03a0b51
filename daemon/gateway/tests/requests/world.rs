//! A gateway over a database of its own, one caller, and publishers that a test plays, in a time
//! that stands still.

use std::cell::Cell;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc;
use std::task::Poll;
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
use shared::usage::{RequestRecord, UsageRow};
use store::master_key::KeyFile;
use store::secrets::Secrets;
use store::usage::{Query as SumsQuery, RequestFilter};
use store::{Config, Store};
use tokio_util::sync::CancellationToken;

/// What a request may take, in all.
pub(crate) const REQUEST_TIMEOUT: Duration = Duration::from_secs(60);
const START: Timestamp = Timestamp::from_millis(1_800_000_000_000);

/// Runs a test of its own in a runtime of its own, where time has not been stopped yet.
pub(crate) fn in_new_runtime<T>(test: impl Future<Output = T>) -> T {
    IS_STILL.set(false);
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = runtime.enable_all().build().unwrap();
    runtime.block_on(test)
}

/// So many futures at once; what each came to, in order.
pub(crate) async fn all<T, F: Future<Output = T>>(futures: impl IntoIterator<Item = F>) -> Vec<T> {
    let mut running: Vec<_> = futures.into_iter().map(|one| Some(Box::pin(one))).collect();
    let mut ended: Vec<Option<T>> = running.iter().map(|_| None).collect();
    std::future::poll_fn(|cx| {
        for (place, end) in running.iter_mut().zip(&mut ended) {
            if let Some(future) = place
                && let Poll::Ready(done) = future.as_mut().poll(cx)
            {
                *end = Some(done);
                *place = None;
            }
        }
        match running.iter().all(Option::is_none) {
            true => Poll::Ready(()),
            false => Poll::Pending,
        }
    })
    .await;
    ended.into_iter().flatten().collect()
}

thread_local! {
    /// A test has its own thread; it may make several worlds, but time is stopped once.
    static IS_STILL: Cell<bool> = const { Cell::new(false) };
}

pub(crate) struct World {
    pub(crate) gateway: Gateway,
    pub(crate) store: Store,
    pub(crate) accounts: Accounts,
    pub(crate) aliases: Aliases,
    pub(crate) prices: Prices,
    pub(crate) clock: Arc<ManualClock>,
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
        Self::with(Timeouts {
            request: REQUEST_TIMEOUT,
            first_byte: REQUEST_TIMEOUT,
            idle: REQUEST_TIMEOUT,
        })
        .await
    }

    pub(crate) async fn with(timeouts: Timeouts) -> Self {
        // Tokio's paused clock runs ahead while SQLite's threads work, but for a blocking task.
        if !IS_STILL.replace(true) {
            tokio::time::pause();
        }
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
        let accounts = Accounts::new(store.clone(), lifecycle.clone());
        let aliases = Aliases::load(store.clone()).await.unwrap();
        let prices = Prices::load(store.clone()).await.unwrap();
        let gateway = Gateway::new(Parts {
            registry: registry.clone(),
            relay: relay.clone(),
            secrets,
            lifecycle: lifecycle.clone(),
            clock: clock.clone(),
            aliases: aliases.clone(),
            prices: prices.clone(),
            accounts: accounts.clone(),
            timeouts,
            max_cache_bytes: 1 << 20,
        });
        Self {
            gateway,
            store,
            accounts,
            aliases,
            prices,
            clock: clock.clone(),
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

    /// The caller may use so much, and has used nothing yet.
    pub(crate) fn limited(&mut self, limits: Value) {
        let limits: Limits = serde_json::from_value(limits).unwrap();
        self.caller.ledger = Ledger::new(limits, 0, self.clock.now());
    }

    /// A public OpenAI-compatible row at `url` that serves `big`, with more fields.
    pub(crate) async fn public(&self, name: &str, url: &str, more: Value) {
        let mut row = json!({"name": name, "type": "openai", "model": "big", "url": url});
        let fields = row.as_object_mut().unwrap();
        fields.extend(more.as_object().unwrap().clone());
        let llm = shared::llm::parse(row).unwrap();
        self.registry.create(&llm, self.clock.now()).await.unwrap();
    }

    pub(crate) async fn alias(&self, alias: Value) {
        let alias = shared::alias::parse(alias).unwrap();
        self.aliases.create(&alias, self.clock.now()).await.unwrap();
    }

    pub(crate) async fn price(&self, name: &str, input: f64, output: f64) {
        let price = json!({"name": name, "input": input, "output": output});
        let price = shared::price::parse(price).unwrap();
        self.prices.create(&price, self.clock.now()).await.unwrap();
    }

    /// Lets time pass, for everybody.
    pub(crate) async fn pass(&self, by: Duration) {
        self.clock.advance(by);
        tokio::time::advance(by).await;
        settle().await;
    }

    /// A publisher of one row, proven.
    pub(crate) async fn publisher(&self, offer: Value) -> Publisher {
        self.publisher_at("laptop", offer).await
    }

    /// The same on the machine of `principal`.
    pub(crate) async fn publisher_at(&self, principal: &str, offer: Value) -> Publisher {
        let mut provider = json!({"name": "qwen", "type": "openai", "model": "Qwen/Qwen2.5"});
        let fields = provider.as_object_mut().unwrap();
        fields.extend(offer.as_object().unwrap().clone());
        let register: Register =
            serde_json::from_value(json!({ "providers": [provider.clone()] })).unwrap();
        let registered = self.relay.register(principal, register).await.unwrap();
        let session = registered.provider_session_id;
        let body = self.relay.bind(principal, &session).await.unwrap();
        let beat = Heartbeat::default();
        assert!(
            self.relay
                .heartbeat(principal, &session, &beat)
                .unwrap()
                .bound
        );
        let mut publisher = Publisher {
            principal: principal.to_owned(),
            provider,
            relay: self.relay.clone(),
            session,
            body,
        };
        assert!(matches!(publisher.frame().await, Frame::Hello(_)));
        publisher
    }

    /// A chat request for `model`, as the caller's.
    pub(crate) fn ask(&self, model: &str, body: impl Into<Bytes>) -> Ask {
        Ask {
            model: Some(model.to_owned()),
            path: InferPath::ChatCompletions,
            dialect: Dialect::OpenAi,
            body: body.into(),
            caller: self.caller.clone(),
            request_id: HeaderValue::from_static("r1"),
            cache: CacheWish::default(),
            keep_alive: true,
        }
    }

    pub(crate) async fn put(&self, ask: Ask) -> Result<Answer, Error> {
        self.gateway.infer(&self.worker, ask).await
    }

    pub(crate) async fn infer(&self, model: &str, body: impl Into<Bytes>) -> Result<Answer, Error> {
        self.put(self.ask(model, body)).await
    }

    /// A request that is answered to its end: status, LLM, text.
    pub(crate) async fn answered(&self, model: &str, body: impl Into<Bytes>) -> Told {
        told(self.infer(model, body).await.unwrap()).await
    }

    /// Where explain says that a request would go.
    pub(crate) fn would_go_to(&self, model: &str) -> Option<String> {
        let explained = self.gateway.explain(model).unwrap();
        explained.would_go_to.map(|name| name.to_string())
    }

    /// Everything that was recorded, newest first.
    pub(crate) async fn records(&self) -> Vec<RequestRecord> {
        self.accounts.write().await.unwrap();
        let usage = self.store.usage();
        let all = RequestFilter::default();
        usage.requests(1_000, &all).await.unwrap()
    }

    /// The sum of everything that was recorded.
    pub(crate) async fn sum(&self) -> UsageRow {
        self.accounts.write().await.unwrap();
        let everything = SumsQuery::default();
        let rows = self.store.usage().sums(&everything).await.unwrap();
        assert!(rows.len() < 2, "{rows:?}");
        rows.into_iter().next().unwrap_or_default()
    }

    /// Nothing runs, waits or is reserved any more.
    #[track_caller]
    pub(crate) fn is_at_rest(&self) {
        for numbers in self.gateway.numbers() {
            let load = (numbers.in_flight, numbers.queued);
            assert_eq!(load, (0, 0), "{}", numbers.name);
        }
        let ledger = &self.caller.ledger;
        assert_eq!(ledger.in_flight(), 0);
        assert_eq!(ledger.spent(self.clock.now()).reserved_usd, 0.0);
        assert_eq!(self.relay.load().1, 0, "tasks");
    }

    /// The error of a request that gets no answer.
    pub(crate) async fn refused(&self, name: &str, body: impl Into<Bytes>) -> Error {
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
    principal: String,
    provider: Value,
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

    /// The next frame, where there is one already.
    pub(crate) async fn said(&mut self) -> Option<Frame> {
        tokio::select! {
            biased;
            frame = self.frame() => Some(frame),
            () = tokio::task::yield_now() => None,
        }
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

    /// Answers its next task with `text`, whole.
    pub(crate) async fn answers(&mut self, text: &str) {
        let task = self.task().await.task_id;
        self.say(&task, json!({"seq": 0, "body": text})).await;
    }

    /// Says its offer again, with these fields changed.
    pub(crate) async fn offers(&mut self, fields: Value) {
        let provider = self.provider.as_object_mut().unwrap();
        provider.extend(fields.as_object().unwrap().clone());
        let register = json!({"providerSessionId": self.session, "providers": [self.provider]});
        let register: Register = serde_json::from_value(register).unwrap();
        let registered = self
            .relay
            .register(&self.principal, register)
            .await
            .unwrap();
        assert_eq!(registered.provider_session_id, self.session);
    }

    /// Says why its provider could not be woken.
    pub(crate) fn can_not_wake(&self, why: &str) {
        let name = self.provider["name"].clone();
        let said = json!({"providers": [{"name": name, "ready": false, "wakeFailed": why}]});
        let beat: Heartbeat = serde_json::from_value(said).unwrap();
        let reply = self.relay.heartbeat(&self.principal, &self.session, &beat);
        assert!(reply.unwrap().bound);
    }

    /// The same, whoever still hears it.
    pub(crate) async fn mutter(&self, task: &str, message: Value) {
        let message: ResultMessage = serde_json::from_value(message).unwrap();
        let said = self
            .relay
            .accept_result(&self.principal, &self.session, task, None, message);
        let _ = said.await;
    }

    /// One message of an answer.
    pub(crate) async fn say(&self, task: &str, message: Value) {
        let message: ResultMessage = serde_json::from_value(message).unwrap();
        let said = self
            .relay
            .accept_result(&self.principal, &self.session, task, None, message);
        said.await.unwrap();
    }
}

/// Lets everybody do what can be done without time passing.
pub(crate) async fn settle() {
    // Tokio looks at sockets and timers every 61 turns.
    for _ in 0..256 {
        tokio::task::yield_now().await;
    }
}

/// An answer that was read to its end.
#[derive(Debug)]
pub(crate) struct Told {
    pub(crate) status: u16,
    pub(crate) llm: String,
    pub(crate) attempts: u32,
    pub(crate) text: String,
}

pub(crate) async fn told(mut answer: Answer) -> Told {
    let (text, error) = rest(&mut answer).await;
    assert!(error.is_none(), "{error:?} after {text:?}");
    let llm = answer.llm.as_ref();
    Told {
        status: answer.status.as_u16(),
        llm: llm.map_or("", |name| name.to_str().unwrap()).to_owned(),
        attempts: answer.attempts,
        text,
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
