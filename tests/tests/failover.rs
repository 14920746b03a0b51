//! A publisher dies in the middle of the traffic: whoever had no byte yet is served elsewhere, whoever had gets an
//! honest end, and the traffic is back when the publisher is.

#![expect(
    clippy::unwrap_used,
    reason = "a test that can't go on shall panic with what it saw"
)]

use serde_json::json;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use system_tests::cluster::mcplocal::provider;
use system_tests::cluster::ports::free_address;
use system_tests::cluster::stage::{PUBLIC, VIRTUAL, chat};
use system_tests::cluster::{Ask, Mcpd, Mcplocal, Whole, figures, until};
use system_tests::mock::{Behaviour, Mock, Settings};
use tokio::task::JoinSet;
use tokio::time::Instant;

/// What callers ask for.
const ALIAS: &str = "smart";
/// Callers, each with one request at a time.
const CALLERS: u64 = 32;
/// Answers of each phase that are waited for.
const ENOUGH: u64 = 2 * CALLERS;
/// Longest a phase may take.
const PATIENCE: Duration = Duration::from_secs(20);
/// No caller may wait longer for an answer or an error, whatever dies.
const PROMPT: Duration = Duration::from_secs(5);
/// What a caller does after an error, so that 32 of them are no flood.
const THINK: Duration = Duration::from_millis(20);

/// A publisher behind an alias, with a public LLM to fall back to.
struct Scene {
    local: Mcplocal,
    mcpd: Mcpd,
    mock: Mock,
}

impl Scene {
    async fn set(fallback_url: &str) -> Self {
        let mcpd = Mcpd::start(&[]).await;
        let mock = Mock::start(Settings::default()).unwrap();
        mcpd.create_public(PUBLIC, fallback_url, json!({})).await;
        let alias = json!({"kind": "Alias", "name": ALIAS, "llms": [VIRTUAL], "policy": "prefer-local",
            "fallbacks": [PUBLIC]});
        mcpd.admin_ok(Ask::post("/api/v1/aliases", alias)).await;
        let token = mcpd.token("box", "alice", &["publisher"]).await;
        let providers = json!([provider(VIRTUAL, &mock.base_url(), json!({}))]);
        let local = Mcplocal::start(&mcpd.url(), &token, &providers);
        mcpd.reaches(VIRTUAL, "active", PATIENCE).await;
        Self { local, mcpd, mock }
    }

    /// Waits until most callers are with the publisher, and kills it.
    async fn kill_publisher(&mut self) {
        until("most callers to be served", PATIENCE, async || {
            let stats = self.mock.stats();
            let most = stats.in_flight >= CALLERS * 3 / 4;
            most.then_some(()).ok_or_else(|| format!("{stats:?}"))
        })
        .await;
        self.local.process.kill();
    }
}

/// How requests ended.
#[derive(Debug, Clone, Default)]
struct Tally {
    /// Whole and sound: by who served them, and with how many attempts.
    served: BTreeMap<(String, String), u64>,
    /// Streams that ended in an error event.
    cut_streams: u64,
    /// Answers of one piece that broke off.
    cut_wholes: u64,
    /// Errors before the first byte, by status and code.
    errors: BTreeMap<(u16, String), u64>,
    /// What nobody may ever see.
    wrong: Vec<String>,
    slowest: Duration,
}

impl Tally {
    fn served_by(&self, llm: &str) -> u64 {
        let of_llm = self.served.iter().filter(|((by, _), _)| by == llm);
        of_llm.map(|(_, count)| count).sum()
    }

    fn served_after(&self, llm: &str, attempts: &str) -> u64 {
        let key = (llm.to_owned(), attempts.to_owned());
        self.served.get(&key).copied().unwrap_or(0)
    }

    fn errors(&self) -> u64 {
        self.errors.values().sum()
    }

    /// Enters one answer; whether it was a good one.
    fn enter(&mut self, stream: bool, tokens: u32, took: Duration, answer: &Whole) -> bool {
        self.slowest = self.slowest.max(took);
        let (text, header) = (answer.text(), |name| answer.header(name).unwrap_or("none"));
        if answer.status != 200 {
            let code = answer.code();
            let message = answer.json()["error"]["message"].clone();
            let says_when = answer.status != 503 || answer.header("retry-after").is_some();
            if code.is_empty() || message.as_str().is_none_or(str::is_empty) || !says_when {
                self.wrong.push(format!("an unclean error: {answer:?}"));
            }
            *self.errors.entry((answer.status, code)).or_default() += 1;
            return false;
        }
        if text.contains("event: error\n") {
            let is_honest = stream && text.contains("t0 ") && !text.contains("[DONE]");
            if !is_honest || header("x-mcpctl-llm") != VIRTUAL {
                self.wrong.push(format!("an error event in {answer:?}"));
            }
            self.cut_streams += 1;
            return false;
        }
        if answer.broken.is_some() && !stream {
            self.cut_wholes += 1;
            return false;
        }
        let is_sound = answer.broken.is_none()
            && (!stream || answer.is_done())
            && text.matches("t0 ").count() == 1
            && text.contains(&format!("t{} ", tokens - 1));
        if !is_sound {
            self.wrong.push(format!("an unsound answer: {answer:?}"));
        }
        let by = (header("x-mcpctl-llm"), header("x-mcpctl-attempts"));
        *self.served.entry((by.0.into(), by.1.into())).or_default() += 1;
        true
    }
}

/// Callers in a closed loop: each asks again when its answer has ended.
struct Crowd {
    tally: Arc<Mutex<Tally>>,
    over: Arc<AtomicBool>,
    callers: JoinSet<()>,
}

impl Crowd {
    fn start(mcpd: &Mcpd) -> Self {
        let (tally, over) = (Arc::default(), Arc::default());
        let mut callers = JoinSet::new();
        for n in 0..CALLERS {
            let (addr, token) = (mcpd.addr, mcpd.admin.clone());
            callers.spawn(call(n, addr, token, Arc::clone(&tally), Arc::clone(&over)));
        }
        Self {
            tally,
            over,
            callers,
        }
    }

    fn now(&self) -> Tally {
        self.tally.lock().unwrap().clone()
    }

    /// Waits until `count` shows [`ENOUGH`] more than it does.
    async fn more(&self, what: &str, count: impl Fn(&Tally) -> u64) {
        let before = count(&self.now());
        until(what, PATIENCE, async || {
            let now = self.now();
            let enough = count(&now) >= before + ENOUGH;
            enough.then_some(()).ok_or_else(|| format!("{now:?}"))
        })
        .await;
    }

    /// Lets all finish what they wait for.
    async fn end(self) -> Tally {
        self.over.store(true, Ordering::Relaxed);
        self.callers.join_all().await;
        let tally = self.tally.lock().unwrap().clone();
        assert!(tally.wrong.is_empty(), "{:#?}", tally.wrong);
        assert!(tally.slowest < PROMPT, "{:?}", tally.slowest);
        tally
    }
}

/// One caller: streams and answers of one piece in turn, of different lengths, so that no two keep step.
async fn call(
    n: u64,
    addr: SocketAddr,
    token: String,
    tally: Arc<Mutex<Tally>>,
    over: Arc<AtomicBool>,
) {
    let mut turn = n;
    while !over.load(Ordering::Relaxed) {
        turn += 1;
        let stream = turn.is_multiple_of(2);
        let behaviour = Behaviour {
            tokens: 20,
            interval_ms: 40,
            first_token_ms: 50 + 11 * n,
            ..Behaviour::default()
        };
        let mut body = chat(stream, &behaviour);
        body["model"] = ALIAS.into();
        let asked = Instant::now();
        let ask = Ask::post("/v1/chat/completions", body).token(&token);
        let answer = ask.whole(addr).await;
        let took = asked.elapsed();
        let is_good = tally
            .lock()
            .unwrap()
            .enter(stream, behaviour.tokens, took, &answer);
        if !is_good {
            tokio::time::sleep(THINK).await;
        }
    }
}

#[tokio::test]
async fn a_publisher_that_is_killed_costs_nobody_who_had_no_byte_yet() {
    let fallback = Mock::start(Settings::default()).unwrap();
    let mut scene = Scene::set(&fallback.base_url()).await;
    let crowd = Crowd::start(&scene.mcpd);
    crowd
        .more("the publisher to serve", |t| t.served_by(VIRTUAL))
        .await;
    assert_eq!(fallback.stats().requests, 0, "all goes to the publisher");

    scene.kill_publisher().await;
    crowd
        .more("the fallback to serve", |t| t.served_by(PUBLIC))
        .await;
    let started = Instant::now();
    scene.local.start_again();
    crowd
        .more("the publisher to serve again", |t| t.served_by(VIRTUAL))
        .await;
    let back_after = started.elapsed();
    let asked_of_fallback = fallback.stats().requests;
    crowd
        .more("the traffic to be back", |t| t.served_by(VIRTUAL))
        .await;
    let elsewhere = fallback.stats().requests - asked_of_fallback;
    let tally = crowd.end().await;

    assert_eq!(
        tally.errors,
        BTreeMap::new(),
        "nobody sees an error before a byte"
    );
    let moved = tally.served_after(PUBLIC, "2");
    assert!(moved > 0, "some had no byte yet: {tally:?}");
    assert!(tally.cut_streams > 0, "some were in mid-stream: {tally:?}");
    let interrupted = moved + tally.cut_streams + tally.cut_wholes;
    assert!(interrupted <= CALLERS, "each was in one request: {tally:?}");
    assert_eq!(elsewhere, 0, "the fallback rests again");
    scene.mcpd.idle(VIRTUAL).await;
    scene.mcpd.idle(PUBLIC).await;
    let measured = format!(
        "{CALLERS} callers, publisher killed: {} by the publisher, {} by the fallback, 0 errors before the first byte, \
         {moved} of those in flight moved (2 attempts), {} streams cut with an error event, {} other answers cut; \
         {ENOUGH} more by the publisher {back_after:?} after its new start, slowest answer {:?}",
        tally.served_by(VIRTUAL),
        tally.served_by(PUBLIC),
        tally.cut_streams,
        tally.cut_wholes,
        tally.slowest,
    );
    figures("failover", &measured);
    scene.mcpd.at_rest_after(CALLERS as usize).await;
}

#[tokio::test]
async fn where_the_fallback_refuses_too_errors_are_clean_and_end_with_the_publishers_return() {
    let nobody = format!("http://{}/v1", free_address());
    let mut scene = Scene::set(&nobody).await;
    let crowd = Crowd::start(&scene.mcpd);
    crowd
        .more("the publisher to serve", |t| t.served_by(VIRTUAL))
        .await;
    assert_eq!(crowd.now().errors(), 0);

    scene.kill_publisher().await;
    crowd.more("errors to be told", Tally::errors).await;
    scene.local.start_again();
    crowd
        .more("the publisher to serve again", |t| t.served_by(VIRTUAL))
        .await;
    let at_the_return = crowd.now().errors();
    crowd
        .more("the traffic to be back", |t| t.served_by(VIRTUAL))
        .await;
    let tally = crowd.end().await;

    let statuses = tally.errors.keys().map(|(status, _)| status);
    assert!(
        statuses.clone().all(|s| [502, 503].contains(s)),
        "{tally:?}"
    );
    assert_eq!(tally.errors(), at_the_return, "none after its return");
    assert_eq!(tally.served_by(PUBLIC), 0);
    scene.mcpd.idle(VIRTUAL).await;
    scene.mcpd.idle(PUBLIC).await;
    let measured = format!(
        "{CALLERS} callers, publisher killed, fallback refuses: {} by the publisher, errors {:?}, {} streams cut with \
         an error event; slowest answer {:?}",
        tally.served_by(VIRTUAL),
        tally.errors,
        tally.cut_streams,
        tally.slowest,
    );
    figures("failover", &measured);
    scene.mcpd.at_rest_after(CALLERS as usize).await;
}
