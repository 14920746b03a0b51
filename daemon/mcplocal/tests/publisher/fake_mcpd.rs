//! A server that does as it is told and remembers what it was sent.

use std::collections::{HashMap, VecDeque};
use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Request, Response, StatusCode};
use http_body::{Body as HttpBody, Frame as BodyFrame};
use http_body_util::{BodyExt, Either, Full};
use hyper::body::Incoming;
use hyper_util::rt::TokioIo;
use kit::lifecycle::{Ends, Lifecycle};
use serde_json::json;
use shared::channel::{
    Frame, Goaway, Heartbeat, Hello, Offer, Ping, Register, ResultMessage, Task,
};
use shared::infer_path::InferPath;
use shared::llm::Phase;
use tokio::net::TcpListener;
use tokio::sync::{mpsc, watch};

/// What a condition may take before the test fails.
pub(crate) const PATIENCE: Duration = Duration::from_secs(10);

/// How a streaming upload stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ended {
    Not,
    Cleanly,
    Broken,
}

#[derive(Debug)]
pub(crate) struct Upload {
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
    pub(crate) ended: Ended,
}

/// Everything that was said and done.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    pub(crate) registers: Vec<Register>,
    pub(crate) heartbeats: Vec<Heartbeat>,
    pub(crate) channels: usize,
    pub(crate) uploads: HashMap<String, Upload>,
    pub(crate) results: HashMap<String, Vec<ResultMessage>>,
    pub(crate) refused_results: usize,
    pub(crate) fetched: Vec<String>,
}

/// How it behaves.
#[derive(Debug)]
pub(crate) struct Manner {
    /// Registrations are refused with this status.
    pub(crate) refuse: Option<u16>,
    /// Heartbeats are answered with this.
    pub(crate) bound: bool,
    /// Heartbeats that tell of failures are refused with this status.
    pub(crate) refuse_failures: Option<u16>,
    /// Uploads are answered with this status at once, their bodies unread.
    pub(crate) refuse_uploads: Option<u16>,
    /// Registrations of what hibernates are answered only once this is true.
    pub(crate) hold_hibernating: Option<watch::Receiver<bool>>,
    /// Bodies that can be fetched.
    pub(crate) bodies: HashMap<String, Bytes>,
    /// What becomes of the next fetches, in turn.
    pub(crate) fetches: VecDeque<Fetch>,
    /// The next messages of answers are refused with these statuses, in turn.
    pub(crate) refuse_results: VecDeque<u16>,
}

/// A fetch that goes wrong.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Fetch {
    /// It is refused with this status.
    Refused(u16),
    /// Half of the body comes, and the connection breaks.
    Cut,
}

struct State {
    seen: Seen,
    manner: Manner,
    epoch: u64,
    channel: Option<mpsc::Sender<Bytes>>,
}

#[derive(Clone)]
pub(crate) struct FakeMcpd {
    pub(crate) addr: SocketAddr,
    state: Arc<Mutex<State>>,
    changed: watch::Sender<()>,
}

impl FakeMcpd {
    pub(crate) async fn start(lifecycle: &Lifecycle) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let state = State {
            seen: Seen::default(),
            manner: Manner {
                refuse: None,
                bound: true,
                refuse_failures: None,
                refuse_uploads: None,
                hold_hibernating: None,
                bodies: HashMap::new(),
                fetches: VecDeque::new(),
                refuse_results: VecDeque::new(),
            },
            epoch: 0,
            channel: None,
        };
        let this = Self {
            addr: listener.local_addr().unwrap(),
            state: Arc::new(Mutex::new(state)),
            changed: watch::Sender::new(()),
        };
        let (server, spawner) = (this.clone(), lifecycle.clone());
        lifecycle.spawn("fake mcpd", Ends::Alone, async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let server = server.clone();
                spawner.spawn("fake mcpd connection", Ends::Alone, async move {
                    let answer = |request| {
                        let server = server.clone();
                        async move { Ok::<_, Infallible>(server.answer(request).await) }
                    };
                    let service = hyper::service::service_fn(answer);
                    let _ = hyper::server::conn::http1::Builder::new()
                        .serve_connection(TokioIo::new(stream), service)
                        .await;
                });
            }
        });
        this
    }

    pub(crate) fn behave(&self, change: impl FnOnce(&mut Manner)) {
        change(&mut self.lock().manner);
    }

    pub(crate) fn look<T>(&self, at: impl FnOnce(&Seen) -> T) -> T {
        at(&self.lock().seen)
    }

    /// Waits until `found` finds something.
    pub(crate) async fn wait<T>(&self, what: &str, mut found: impl FnMut(&Seen) -> Option<T>) -> T {
        let mut changes = self.changed.subscribe();
        let search = async {
            loop {
                changes.mark_unchanged();
                if let Some(it) = found(&self.lock().seen) {
                    return it;
                }
                changes.changed().await.unwrap();
            }
        };
        match tokio::time::timeout(PATIENCE, search).await {
            Ok(it) => it,
            Err(_) => panic!("{what} did not happen; seen: {:#?}", self.lock().seen),
        }
    }

    /// The same with virtual time: the patience is not the test's but the program's.
    pub(crate) async fn wait_long<T>(
        &self,
        what: &str,
        mut found: impl FnMut(&Seen) -> Option<T>,
    ) -> T {
        for _ in 0..100 {
            if let Some(it) = found(&self.lock().seen) {
                return it;
            }
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
        panic!("{what} did not happen; seen: {:#?}", self.lock().seen)
    }

    /// Waits until the `count`th channel is bound and its hello acknowledged.
    pub(crate) async fn connected(&self, count: usize) {
        self.wait("connecting", |seen| {
            let acknowledged = seen
                .heartbeats
                .iter()
                .filter(|beat| beat.last_ping == Some(0));
            (seen.channels >= count && acknowledged.count() >= count).then_some(())
        })
        .await;
    }

    /// Waits for the end of an upload.
    pub(crate) async fn upload(&self, id: &str, ended: Ended) -> (HeaderMap, Vec<u8>) {
        self.wait(&format!("upload of {id} ending {ended:?}"), |seen| {
            let upload = seen
                .uploads
                .get(id)
                .filter(|upload| upload.ended == ended)?;
            Some((upload.headers.clone(), upload.body.clone()))
        })
        .await
    }

    /// Waits for the last piece, or the error, of an answer in chunks.
    pub(crate) async fn result(&self, id: &str) -> Vec<ResultMessage> {
        self.wait(&format!("the result of {id}"), |seen| {
            let messages = seen.results.get(id)?;
            let last = messages.last()?;
            let done = last.chunk.as_ref().is_some_and(|chunk| chunk.done);
            (done || last.error.is_some()).then(|| messages.clone())
        })
        .await
    }

    /// Hands out tasks until one is answered in chunks.
    pub(crate) async fn until_in_chunks(&self, body: &str) {
        let until = tokio::time::Instant::now() + PATIENCE;
        for attempt in 0.. {
            assert!(tokio::time::Instant::now() < until, "it goes on streaming");
            let id = format!("again-{attempt}");
            self.task(&id, true, Some(body)).await;
            let in_chunks = self.wait("any answer", |seen| {
                let chunks = seen.results.contains_key(&id);
                (chunks || seen.uploads.contains_key(&id)).then_some(chunks)
            });
            if in_chunks.await {
                return;
            }
        }
    }

    pub(crate) fn epoch(&self) -> u64 {
        self.lock().epoch
    }

    pub(crate) async fn say(&self, frame: Frame) {
        let mut bytes = Vec::new();
        frame.encode(&mut bytes);
        let channel = self.lock().channel.clone().unwrap();
        channel.send(bytes.into()).await.unwrap();
    }

    pub(crate) async fn ping(&self, seq: u64) {
        self.say(Frame::Ping(Ping { seq })).await;
    }

    pub(crate) async fn goaway(&self) {
        let reconnect_after_ms = 1;
        self.say(Frame::Goaway(Goaway { reconnect_after_ms })).await;
    }

    /// Hands out a chat task; `body: None` is to be fetched.
    pub(crate) async fn task(&self, id: &str, stream: bool, body: Option<&str>) {
        self.task_within(id, stream, body, 60_000).await;
    }

    pub(crate) async fn task_within(
        &self,
        id: &str,
        stream: bool,
        body: Option<&str>,
        deadline_ms: u64,
    ) {
        let raw = |text: &str| serde_json::value::RawValue::from_string(text.into()).unwrap();
        let task = Task {
            task_id: id.into(),
            llm: "p".parse().unwrap(),
            method: "POST".into(),
            path: InferPath::ChatCompletions,
            stream,
            deadline_ms,
            body: body.map(raw),
            body_ref: body.is_none().then(|| format!("_provider-task/{id}")),
        };
        self.say(Frame::Task(task)).await;
    }

    /// Ends the channel from the server's side.
    pub(crate) fn close_channel(&self) {
        self.lock().channel = None;
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    fn change<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        let result = change(&mut self.lock());
        self.changed.send_replace(());
        result
    }

    async fn answer(&self, request: Request<Incoming>) -> Response<Answer> {
        assert_eq!(request.headers()["authorization"], "Bearer secret-token");
        let path = request.uri().path().to_owned();
        let path = path.strip_prefix("/api/v1/llms/").unwrap();
        match path.split('/').collect::<Vec<_>>()[..] {
            ["_provider-register"] => {
                let register: Register = serde_json::from_slice(&whole(request).await).unwrap();
                let hibernates = |offer: &Offer| offer.status == Some(Phase::Hibernating);
                let hibernates = register.providers.iter().any(hibernates);
                let answer = self.register(register);
                let held = self.lock().manner.hold_hibernating.clone();
                if let Some(mut open) = held.filter(|_| hibernates) {
                    open.wait_for(|open| *open).await.unwrap();
                }
                answer
            }
            ["_provider-stream"] => self.bind(),
            ["_provider-heartbeat"] => self.heartbeat(&whole(request).await),
            ["_provider-task", id] => self.fetch(id),
            ["_provider-task", id, "stream"] => self.take_upload(id, request).await,
            ["_provider-task", id, "result"] => {
                let message = serde_json::from_slice(&whole(request).await).unwrap();
                let refused = self.lock().manner.refuse_results.pop_front();
                if let Some(status) = refused {
                    self.change(|state| state.seen.refused_results += 1);
                    return json_answer(status, json!({}));
                }
                self.change(|state| {
                    state
                        .seen
                        .results
                        .entry(id.into())
                        .or_default()
                        .push(message)
                });
                json_answer(200, json!({}))
            }
            _ => json_answer(404, json!({})),
        }
    }

    fn register(&self, register: Register) -> Response<Answer> {
        self.change(|state| {
            state.seen.registers.push(register);
            match state.manner.refuse {
                Some(status) => json_answer(
                    status,
                    json!({"error": {"message": "go away", "code": "invalid_api_key"}}),
                ),
                None => json_answer(200, json!({"providerSessionId": "s-1", "llms": []})),
            }
        })
    }

    fn bind(&self) -> Response<Answer> {
        let (sender, receiver) = mpsc::channel(64);
        self.change(|state| {
            state.seen.channels += 1;
            state.epoch += 1;
            let hello = Hello {
                epoch: state.epoch,
                ping_interval_ms: 15_000,
                protocol: 1,
                keepalive: true,
            };
            let mut bytes = Vec::new();
            Frame::Hello(hello).encode(&mut bytes);
            sender.try_send(bytes.into()).unwrap();
            state.channel = Some(sender);
        });
        Response::builder()
            .header("content-type", "text/event-stream")
            .body(Either::Right(Events(receiver)))
            .unwrap()
    }

    fn heartbeat(&self, body: &[u8]) -> Response<Answer> {
        let beat: Heartbeat = serde_json::from_slice(body).unwrap();
        self.change(|state| {
            let epoch = beat.epoch;
            let refused = state
                .manner
                .refuse_failures
                .filter(|_| !beat.failed.is_empty());
            state.seen.heartbeats.push(beat);
            if let Some(status) = refused {
                return json_answer(status, json!({}));
            }
            let bound = state.manner.bound;
            json_answer(
                200,
                json!({"bound": bound, "epoch": epoch, "serverTime": "2026-11-21T09:30:00Z"}),
            )
        })
    }

    fn fetch(&self, id: &str) -> Response<Answer> {
        self.change(|state| {
            state.seen.fetched.push(id.into());
            let body = state.manner.bodies[id].clone();
            match state.manner.fetches.pop_front() {
                None => Response::new(Either::Left(Full::new(body))),
                Some(Fetch::Refused(status)) => json_answer(status, json!({})),
                Some(Fetch::Cut) => {
                    let (sender, half) = mpsc::channel(1);
                    sender.try_send(body.slice(..body.len() / 2)).unwrap();
                    let head = Response::builder().header("content-length", body.len());
                    head.body(Either::Right(Events(half))).unwrap()
                }
            }
        })
    }

    async fn take_upload(&self, id: &str, request: Request<Incoming>) -> Response<Answer> {
        let (head, mut body) = request.into_parts();
        self.change(|state| {
            let upload = Upload {
                headers: head.headers,
                body: Vec::new(),
                ended: Ended::Not,
            };
            state.seen.uploads.insert(id.into(), upload);
        });
        if let Some(status) = self.lock().manner.refuse_uploads {
            return json_answer(status, json!({}));
        }
        // Dropped by hyper where the connection goes while nothing comes.
        let mut ending = Ending {
            server: self.clone(),
            id: id.into(),
            ended: Ended::Broken,
        };
        loop {
            match body.frame().await {
                Some(Ok(frame)) => self.change(|state| {
                    let upload = state.seen.uploads.get_mut(id).unwrap();
                    upload.body.extend_from_slice(&frame.into_data().unwrap());
                }),
                Some(Err(_)) => return json_answer(400, json!({})),
                None => {
                    ending.ended = Ended::Cleanly;
                    return json_answer(200, json!({}));
                }
            }
        }
    }
}

/// Notes how an upload ended, also where its handler is dropped.
struct Ending {
    server: FakeMcpd,
    id: String,
    ended: Ended,
}

impl Drop for Ending {
    fn drop(&mut self) {
        self.server.change(|state| {
            state.seen.uploads.get_mut(&self.id).unwrap().ended = self.ended;
        });
    }
}

type Answer = Either<Full<Bytes>, Events>;

/// The channel's bytes.
struct Events(mpsc::Receiver<Bytes>);

impl HttpBody for Events {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<BodyFrame<Bytes>, Infallible>>> {
        let next = self.0.poll_recv(cx);
        next.map(|bytes| bytes.map(|bytes| Ok(BodyFrame::data(bytes))))
    }
}

async fn whole(request: Request<Incoming>) -> Bytes {
    request.into_body().collect().await.unwrap().to_bytes()
}

fn json_answer(status: u16, body: serde_json::Value) -> Response<Answer> {
    let mut answer = Response::new(Either::Left(Full::new(body.to_string().into())));
    *answer.status_mut() = StatusCode::from_u16(status).unwrap();
    answer
}
