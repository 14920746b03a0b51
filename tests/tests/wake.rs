//! A provider that sleeps: the first request wakes it, once for all who wait, nothing else does, and it is put to
//! sleep again. Wake and sleep are commands, as in a user's config; the provider is a process that they start and end.

#![expect(
    clippy::unwrap_used,
    reason = "a test that can't go on shall panic with what it saw"
)]

use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use std::net::{SocketAddr, TcpStream};
use std::path::PathBuf;
use std::time::Duration;
use system_tests::cluster::binaries::program;
use system_tests::cluster::mcplocal::provider;
use system_tests::cluster::ports::free_address;
use system_tests::cluster::stage::chat;
use system_tests::cluster::{Ask, Mcpd, Mcplocal, Scratch, Whole, figures, until};
use system_tests::mock::{Behaviour, StatsSnapshot};
use system_tests::proxy::Proxy;
use tokio::task::JoinSet;
use tokio::time::Instant;

/// The row.
const LLM: &str = "sleeper";
/// The callers' token.
const TOKEN: &str = "callers";
/// Longest a step may take.
const PATIENCE: Duration = Duration::from_secs(20);
/// Requests that the token may have at once.
const MOST: u32 = 10;
/// Tokens of each answer.
const TOKENS: u32 = 12;

/// Starts the provider with an output of its own; should the test be killed, it ends by itself.
const START: &str = r#"
    timeout 60 "$MOCK" --listen "$ADDR" </dev/null >provider.log 2>&1 &
    echo $! >pid
"#;
/// Waits until the test says `go`, or has gone.
const WHEN_TOLD: &str = r"
    n=0
    while [ ! -e go ]; do
        n=$((n + 1))
        [ $n -lt 400 ] || exit 1
        sleep 0.05
    done
";
const STOP: &str = r#"
    echo slept >>sleeps
    kill "$(cat pid)"
"#;

/// A server, a publisher, and the folder in which its recipes leave their traces.
struct Scene {
    local: Mcplocal,
    mcpd: Mcpd,
    token: String,
    provider: SocketAddr,
    /// Between the publisher and the provider.
    proxy: Proxy,
    dir: Scratch,
}

impl Scene {
    /// A provider that sleeps, and is woken by the shell's `wake`.
    async fn set(wake: &str) -> Self {
        let mcpd = Mcpd::start(&[]).await;
        let (dir, addr) = (Scratch::new("recipes"), free_address());
        let proxy = Proxy::start(addr).unwrap();
        let price = json!({"kind": "Price", "name": LLM, "input": 0, "output": 1});
        mcpd.admin_ok(Ask::post("/api/v1/prices", price)).await;
        let token = json!({"name": TOKEN, "roles": ["user"], "limits": {"budget": {"usd": 100, "period": "total"}, "maxConcurrency": MOST}});
        let token = mcpd.admin_ok(Ask::post("/api/v1/tokens", token)).await;
        let token = token["status"]["value"].as_str().unwrap().to_owned();
        let recipe = |script: &str| {
            let set_up = format!(
                "set -e\ncd '{}'\nMOCK='{}'\nADDR={addr}\n",
                dir.path().display(),
                program("mock-provider").display()
            );
            json!({"command": ["sh", "-c", set_up + script]})
        };
        let more = json!({
            "wake": recipe(&format!("echo woken >>wakes\n{wake}")), "wakeTimeout": "15s",
            "sleep": recipe(STOP), "idleTimeout": "5s",
        });
        let providers = json!([provider(LLM, &format!("{}/v1", proxy.url()), more)]);
        let publisher = mcpd.token("box", "alice", &["publisher"]).await;
        let local = Mcplocal::start(&mcpd.url(), &publisher, &providers);
        mcpd.reaches(LLM, "hibernating", PATIENCE).await;
        Self {
            local,
            mcpd,
            token,
            provider: addr,
            proxy,
            dir,
        }
    }

    fn file(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn touch(&self, name: &str) {
        std::fs::write(self.file(name), "").unwrap();
    }

    /// How often a recipe ran.
    fn runs(&self, recipe: &str) -> usize {
        let lines = std::fs::read_to_string(self.file(recipe)).unwrap_or_default();
        lines.lines().count()
    }

    fn ask(&self, stream: bool) -> Ask {
        let behaviour = Behaviour {
            tokens: TOKENS,
            ..Behaviour::default()
        };
        let mut body = chat(stream, &behaviour);
        body["model"] = LLM.into();
        Ask::post("/v1/chat/completions", body).token(&self.token)
    }

    /// `count` callers at once, streams and whole answers in turn.
    fn callers(&self, count: usize) -> JoinSet<(bool, Whole)> {
        let mut callers = JoinSet::new();
        for n in 0..count {
            let (stream, addr) = (n % 2 == 0, self.mcpd.addr);
            let ask = self.ask(stream);
            callers.spawn(async move { (stream, ask.whole(addr).await) });
        }
        callers
    }

    /// Waits until `count` requests wait for it to wake.
    async fn waiting(&self, count: u64) {
        until("requests to wait", PATIENCE, async || {
            let load = self.get("/api/v1/load").await;
            let there = load["items"][0]["queued"] == count;
            there.then_some(()).ok_or_else(|| load.to_string())
        })
        .await;
    }

    async fn get(&self, path: &str) -> Value {
        self.mcpd.admin_ok(Ask::get(path)).await
    }

    /// What the provider counted; only while it is awake.
    async fn provider_stats(&self) -> StatsSnapshot {
        let stats = Ask::get("/mock/stats").whole(self.provider).await;
        serde_json::from_slice(&stats.bytes).unwrap()
    }

    fn provider_is_there(&self) -> bool {
        TcpStream::connect(self.provider).is_ok()
    }

    /// Waits until it is put to sleep for the `nth` time.
    async fn falls_asleep(&self, nth: usize) {
        self.mcpd.reaches(LLM, "hibernating", PATIENCE).await;
        until("the provider to end", PATIENCE, async || {
            let seen = (self.provider_is_there(), self.runs("sleeps"));
            let gone = seen == (false, nth);
            gone.then_some(()).ok_or_else(|| format!("{seen:?}"))
        })
        .await;
    }

    /// Nothing runs, waits, or is reserved.
    async fn leaves_nothing(&self) {
        until("all to be given back", PATIENCE, async || {
            let load = self.get("/api/v1/load").await;
            let token = self.get(&format!("/api/v1/tokens/{TOKEN}")).await;
            let reserved = &token["status"]["spent"]["reservedUsd"];
            let row = &load["items"][0];
            let seen = (&row["inFlight"], &row["queued"], reserved);
            let nothing = seen == (&json!(0), &json!(0), &json!(0.0));
            nothing.then_some(()).ok_or_else(|| format!("{seen:?}"))
        })
        .await;
        let metrics = self.mcpd.admin(Ask::get("/metrics")).await.text();
        assert!(metrics.contains("mcpd_relay_tasks 0\n"), "{metrics}");
    }
}

impl Drop for Scene {
    fn drop(&mut self) {
        // No recipe may start another one meanwhile.
        self.local.process.kill();
        let pid = std::fs::read_to_string(self.file("pid")).unwrap_or_default();
        if let Some(pid) = pid.trim().parse().ok().and_then(Pid::from_raw)
            && self.provider_is_there()
        {
            let _ = kill_process(pid, Signal::TERM);
        }
    }
}

fn is_served(stream: bool, answer: &Whole) {
    let text = answer.text();
    assert_eq!(answer.status, 200, "{text}");
    assert_eq!(
        (&answer.broken, answer.header("x-mcpctl-llm")),
        (&None, Some(LLM))
    );
    assert!(!stream || answer.is_done(), "{text}");
    assert!(text.contains(&format!("t{} ", TOKENS - 1)), "{text}");
}

#[tokio::test]
async fn ten_callers_wake_it_once_and_idle_it_is_put_to_sleep_again() {
    let scene = Scene::set(&[WHEN_TOLD, START].concat()).await;
    assert!(!scene.provider_is_there());
    let callers = scene.callers(10);
    scene.waiting(10).await;
    let told = Instant::now();
    scene.touch("go");
    let answers = callers.join_all().await;
    let woken_after = told.elapsed();
    for (stream, answer) in &answers {
        is_served(*stream, answer);
    }
    assert_eq!(scene.runs("wakes"), 1, "one wake for all ten");
    assert_eq!(scene.provider_stats().await.completions, 10);

    let served = Instant::now();
    scene.falls_asleep(1).await;
    let asleep_after = served.elapsed();
    // And all over again.
    let (stream, answer) = scene.callers(1).join_next().await.unwrap().unwrap();
    is_served(stream, &answer);
    assert_eq!(scene.runs("wakes"), 2);
    scene.falls_asleep(2).await;
    scene.leaves_nothing().await;
    let measured = format!(
        "10 callers waited, 1 wake, all 10 answered {woken_after:?} after the provider could start; idle timeout 2 s: \
         hibernating and ended {asleep_after:?} after the last answer"
    );
    figures("wake", &measured);
    scene.mcpd.at_rest().await;
}

#[tokio::test]
async fn polls_and_lists_do_not_wake_it() {
    let scene = Scene::set(START).await;
    let polls = scene.proxy.accepted();
    until("three more health polls", PATIENCE, async || {
        for path in ["/v1/models", "/api/v1/llms", "/api/v1/load"] {
            scene.get(path).await;
        }
        let question = Ask::post("/api/v1/route/explain", json!({"model": LLM}));
        scene.mcpd.admin_ok(question).await;
        let more = scene.proxy.accepted() - polls;
        (more >= 3).then_some(()).ok_or_else(|| format!("{more}"))
    })
    .await;
    assert_eq!(scene.mcpd.phase(LLM).await, "hibernating");
    assert_eq!(scene.runs("wakes"), 0);
    assert!(!scene.provider_is_there());
    // It was asked in vain because it sleeps, not because it can't be reached at all.
    let (stream, answer) = scene.callers(1).join_next().await.unwrap().unwrap();
    is_served(stream, &answer);
    assert_eq!(scene.runs("wakes"), 1);
    figures(
        "wake",
        "3 health polls and the lists: 0 wakes; 1 request: 1 wake",
    );
    scene.mcpd.at_rest().await;
}

#[tokio::test]
async fn a_recipe_that_fails_is_a_clean_error_that_says_why_until_it_is_mended() {
    let fails = "if [ ! -e mended ]; then echo 'no power on the rail' >&2; exit 3; fi\n";
    let scene = Scene::set(&[WHEN_TOLD, fails, START].concat()).await;
    let callers = scene.callers(4);
    scene.waiting(4).await;
    let told = Instant::now();
    scene.touch("go");
    for (_, answer) in callers.join_all().await {
        let text = answer.text();
        assert_eq!(
            (answer.status, &*answer.code()),
            (502, "provider_error"),
            "{text}"
        );
        assert!(text.contains("exit status: 3"), "{text}");
        // What it printed may name an address or a key: it is its owner's.
        assert!(!text.contains("no power on the rail"), "{text}");
    }
    let failed_after = told.elapsed();
    assert!(
        failed_after < Duration::from_secs(10),
        "not at the wake timeout"
    );
    assert_eq!(scene.runs("wakes"), 1, "one wake for all four");
    let told_to_its_owner = scene.local.process.log();
    assert!(told_to_its_owner.contains("exit status: 3: no power on the rail"));
    assert_eq!(scene.mcpd.phase(LLM).await, "hibernating");
    scene.leaves_nothing().await;

    scene.touch("mended");
    for (stream, answer) in scene.callers(2).join_all().await {
        is_served(stream, &answer);
    }
    assert_eq!(scene.runs("wakes"), 2);
    let measured =
        format!("a recipe that fails: 4 callers, 1 run, 502 with its words after {failed_after:?}");
    figures("wake", &measured);
    scene.mcpd.at_rest().await;
}

#[tokio::test]
async fn callers_that_go_while_they_wait_leave_nothing_and_keep_nobody_from_being_served() {
    let scene = Scene::set(&[WHEN_TOLD, START].concat()).await;
    let mut gone = Vec::new();
    for n in 0..4 {
        gone.push(
            scene
                .ask(n % 2 == 0)
                .dispatch(scene.mcpd.addr)
                .await
                .unwrap(),
        );
    }
    scene.waiting(4).await;
    drop(gone);
    scene.leaves_nothing().await;
    // The wake goes on; who comes now joins it or begins another, and only one recipe runs. All ten of them may come:
    // the token has its slots back.
    let patient = scene.callers(10);
    scene.waiting(10).await;
    scene.touch("go");
    for (stream, answer) in patient.join_all().await {
        is_served(stream, &answer);
    }
    assert_eq!(scene.runs("wakes"), 1);
    let stats = scene.provider_stats().await;
    assert_eq!((stats.completions, stats.aborted), (10, 0), "{stats:?}");

    let list = scene.get("/api/v1/requests?limit=20").await;
    let items = list["items"].as_array().unwrap();
    let gone = items
        .iter()
        .filter(|record| record["outcome"] == "cancelled");
    let cheap = |r: &Value| r["status"] == 499 && r["attempts"] == 0 && r["cost_usd"] == 0.0;
    assert!(gone.clone().all(cheap), "{list}");
    assert_eq!((items.len(), gone.count()), (14, 4), "{list}");
    scene.leaves_nothing().await;
    scene.falls_asleep(1).await;
    figures(
        "wake",
        "4 callers left while they waited: nothing reserved, nothing sent, 1 wake, ten others served",
    );
    scene.mcpd.at_rest().await;
}
