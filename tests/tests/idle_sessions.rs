//! Thousands of publishers that have nothing to do: what each of them costs the server, and that none is lost.
//!
//! They are played: a channel each, and its heartbeats over a few kept connections.

#![expect(
    clippy::unwrap_used,
    reason = "a test that can't go on shall panic with what it saw"
)]

use serde_json::{Value, json};
use shared::channel::{Frame, MAX_FRAME_BYTES};
use shared::headers::PROVIDER_SESSION;
use shared::sse::Decoder;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use system_tests::bench::client::{Answer, Caller, Target};
use system_tests::bench::meter::Meter;
use system_tests::bench::taps::Collect;
use system_tests::cluster::canary::LOG_LEVEL;
use system_tests::cluster::process::OpenFiles;
use system_tests::cluster::wait::when;
use system_tests::cluster::{Ask, Mcpd, figures, until};
use tokio::sync::{Mutex, Semaphore};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};

const SESSIONS: usize = 5000;
/// Sessions that are there before memory is read, so that what is allocated once is not counted.
const WARM: usize = 100;
/// Who they belong to: one principal may have about a thousand.
const PRINCIPALS: usize = 8;
/// Connections for all that is no channel.
const CALLERS: usize = 8;
/// Longest that all may take to begin, also while each is told of at trace level.
const BINDING: Duration = Duration::from_secs(240);
/// How long they are watched.
const WATCHED: Duration = Duration::from_secs(32);
/// The part of one core that they may keep busy while they are watched: generous to an unoptimised build on a busy
/// machine. What it costs to tell of each of them in full is not theirs.
const MAX_BUSY: f64 = 0.25;
/// Longest until all that they had is given back.
const GIVEN_BACK: Duration = Duration::from_secs(40);
/// What the server may have open more than before they came: connections of whoever looks, and of its database.
const MORE_FILES: usize = 16;
/// What one may cost, in bytes: sockets' buffers are the kernel's.
const MAX_SESSION_BYTES: u64 = 64 * 1024;

/// What all share.
struct Shared {
    addr: SocketAddr,
    /// One of each principal.
    tokens: Vec<String>,
    callers: Vec<Mutex<Caller>>,
    /// Sessions that begin at once.
    room: Semaphore,
    bound: AtomicUsize,
    next: AtomicUsize,
    beats: AtomicUsize,
    /// Channels that ended.
    lost: AtomicUsize,
}

impl Shared {
    /// A call of the `n`th session.
    fn target(&self, n: usize, method: &str, path: &str) -> Target {
        let path = format!("/api/v1/llms/{path}");
        let token = &self.tokens[n % self.tokens.len()];
        Target::new(method, self.addr, &path, Some(token))
    }

    /// A call over one of the kept connections.
    async fn call(&self, target: Target, body: &Value) -> Value {
        let which = self.next.fetch_add(1, Ordering::Relaxed) % CALLERS;
        let mut caller = self.callers[which].lock().await;
        let mut collected = Collect::default();
        let request = target.request(&body.to_string());
        let reply = caller.call(&request, &mut collected).await.unwrap();
        let text = String::from_utf8_lossy(&collected.bytes);
        assert_eq!(reply.status, 200, "{text}");
        if !reply.keep_alive {
            *caller = Caller::connect(self.addr).await.unwrap();
        }
        serde_json::from_str(&text).unwrap()
    }

    /// Registers, binds and beats.
    async fn begin(self: &Arc<Self>, n: usize) -> Session {
        let _room = self.room.acquire().await.unwrap();
        let offer = json!({
            "node": {"id": format!("n{n}"), "hostname": "h", "version": "v"},
            "providers": [{"name": format!("idle-{n}"), "type": "openai", "model": "mock"}],
        });
        let registered = self
            .call(self.target(n, "POST", "_provider-register"), &offer)
            .await;
        let id = registered["providerSessionId"].as_str().unwrap().to_owned();
        let mut caller = Caller::connect(self.addr).await.unwrap();
        let open = self
            .target(n, "GET", "_provider-stream")
            .with_header(PROVIDER_SESSION, &id);
        let answer = caller.open(&open.request("")).await.unwrap();
        assert_eq!(answer.reply.status, 200);
        let mut session = Session {
            shared: self.clone(),
            n,
            id,
            epoch: 0,
            caller,
            answer,
            decoder: Decoder::new(MAX_FRAME_BYTES),
        };
        while session.epoch == 0 {
            assert!(session.hear().await, "a hello comes");
        }
        self.bound.fetch_add(1, Ordering::Relaxed);
        session
    }
}

struct Session {
    shared: Arc<Shared>,
    n: usize,
    id: String,
    epoch: u64,
    caller: Caller,
    answer: Answer,
    decoder: Decoder,
}

impl Session {
    /// Reads on, and answers what came; whether there may be more.
    async fn hear(&mut self) -> bool {
        let (mut seen, mut events) = (Collect::default(), Vec::new());
        if !matches!(
            self.caller.take_piece(&mut self.answer, &mut seen).await,
            Ok(true)
        ) {
            return false;
        }
        self.decoder.feed(&seen.bytes, &mut events).unwrap();
        for event in events {
            match Frame::decode(&event).unwrap() {
                Frame::Hello(hello) => {
                    self.epoch = hello.epoch;
                    self.beat(0).await;
                }
                Frame::Ping(ping) => self.beat(ping.seq).await,
                other => panic!("{other:?} for one that is idle"),
            }
        }
        true
    }

    async fn beat(&self, last_ping: u64) {
        let target = self.shared.target(self.n, "POST", "_provider-heartbeat");
        let target = target.with_header(PROVIDER_SESSION, &self.id);
        let beat = json!({"epoch": self.epoch, "lastPing": last_ping});
        let reply = self.shared.call(target, &beat).await;
        assert_eq!(reply["bound"], true, "{reply}");
        self.shared.beats.fetch_add(1, Ordering::Relaxed);
    }

    /// Stays until the channel ends.
    async fn stay(mut self) {
        while self.hear().await {}
        self.shared.lost.fetch_add(1, Ordering::Relaxed);
    }
}

async fn active(mcpd: &Mcpd) -> usize {
    let rows = mcpd.admin(Ask::get("/api/v1/llms")).await;
    rows.text().matches("\"phase\":\"active\"").count()
}

/// Waits until nothing is left of them: no channel, no row in rotation, no descriptor.
async fn given_back(mcpd: &Mcpd, before: OpenFiles) {
    until("all to be given back", GIVEN_BACK, async || {
        sleep(Duration::from_millis(200)).await;
        let metrics = mcpd.admin(Ask::get("/metrics")).await.text();
        let is_gauge = |line: &&str| line.starts_with("mcpd_provider_sessions ");
        let bound = metrics.lines().find(is_gauge).map(str::to_owned);
        let none = Some("mcpd_provider_sessions 0");
        when(bound.as_deref() == none, &bound)?;
        let active = active(mcpd).await;
        when(active == 0, active)?;
        let files = mcpd.process.open_files();
        let is_more = files.sockets > before.sockets + MORE_FILES
            || files.others > before.others + MORE_FILES;
        when(!is_more, format!("{before:?} before, now {files:?}"))
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn five_thousand_idle_sessions_cost_little_and_none_is_lost() {
    kit::open_files::raise_limit();
    let mcpd = Mcpd::start(&[]).await;
    let mut callers = Vec::new();
    for _ in 0..CALLERS {
        callers.push(Mutex::new(Caller::connect(mcpd.addr).await.unwrap()));
    }
    let mut tokens = Vec::new();
    for n in 0..PRINCIPALS {
        let principal = format!("p{n}");
        tokens.push(mcpd.token(&principal, &principal, &["publisher"]).await);
    }
    let shared = Arc::new(Shared {
        addr: mcpd.addr,
        tokens,
        callers,
        room: Semaphore::new(2 * CALLERS),
        bound: AtomicUsize::new(0),
        next: AtomicUsize::new(0),
        beats: AtomicUsize::new(0),
        lost: AtomicUsize::new(0),
    });
    let meter = Meter::of(&[mcpd.process.pid()]);
    let files_before = mcpd.process.open_files();
    let mut sessions = JoinSet::new();
    let mut memory_before = 0;
    let began = Instant::now();
    for upto in [WARM, WARM + SESSIONS] {
        for n in sessions.len()..upto {
            let shared = shared.clone();
            sessions.spawn(async move { shared.begin(n).await.stay().await });
        }
        until("all to be bound", BINDING, async || {
            sleep(Duration::from_millis(200)).await;
            let bound = shared.bound.load(Ordering::Relaxed);
            when(bound == upto, bound)
        })
        .await;
        if upto == WARM {
            memory_before = meter.memory().unwrap().resident;
        }
    }
    let bound_in = began.elapsed();
    let per_session = (meter.memory().unwrap().resident - memory_before) / SESSIONS as u64;
    let (cpu, beats) = (
        meter.cpu_ns().unwrap(),
        shared.beats.load(Ordering::Relaxed),
    );
    let watched_from = Instant::now();
    sleep(WATCHED).await;
    let watched = watched_from.elapsed();
    let cpu = Duration::from_nanos(meter.cpu_ns().unwrap() - cpu);
    let beaten = || shared.beats.load(Ordering::Relaxed) - beats;
    let beats_watched = beaten();
    let per_session_later = (meter.memory().unwrap().resident - memory_before) / SESSIONS as u64;
    figures(
        "idle_sessions",
        &format!(
            "{SESSIONS} sessions bound in {bound_in:.1?}, {per_session} bytes each (RSS), {per_session_later} after {WATCHED:?}; \
             {cpu:.1?} of CPU in that time for {beats_watched} heartbeats and as many pings"
        ),
    );
    assert_eq!(shared.lost.load(Ordering::Relaxed), 0, "no channel ended");
    until(
        "all to be active still",
        Duration::from_secs(10),
        async || {
            let active = active(&mcpd).await;
            when(active == WARM + SESSIONS, active)
        },
    )
    .await;
    until("two heartbeats of each", BINDING, async || {
        when(beaten() > SESSIONS * 2, beaten())
    })
    .await;
    assert!(per_session < MAX_SESSION_BYTES, "{per_session} bytes each");
    assert!(
        per_session_later < MAX_SESSION_BYTES,
        "{per_session_later} bytes each"
    );
    let busy = cpu.as_secs_f64() / watched.as_secs_f64();
    let tells_all = std::env::var_os(LOG_LEVEL).is_some();
    assert!(tells_all || busy < MAX_BUSY, "{cpu:?} of {watched:?}");
    sessions.shutdown().await;
    let gone_at = Instant::now();
    given_back(&mcpd, files_before).await;
    figures(
        "idle_sessions",
        &format!("all given back {:.1?} after they went", gone_at.elapsed()),
    );
}
