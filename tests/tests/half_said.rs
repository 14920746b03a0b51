//! A caller that says half a request, or hangs up in the middle of one: what is done is done whole, and a token that is
//! revoked in the meantime gets nothing done any more.

#![expect(
    clippy::unwrap_used,
    reason = "a test that can't go on shall panic with what it saw"
)]

use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::time::Duration;
use system_tests::cluster::stage::{Stage, chat};
use system_tests::cluster::wait::{until, when};
use system_tests::cluster::{Ask, Mcpd, Raw};
use system_tests::dice::Dice;
use system_tests::mock::Behaviour;
use tokio::task::JoinSet;
use tokio::time::Instant;

/// Promise 10.
const ENDED: Duration = Duration::from_secs(5);
const SOON: Duration = Duration::from_secs(10);
/// Tokens that are there before their callers become impatient.
const TOKENS: usize = 80;
/// Callers at once.
const CALLERS: usize = 8;

/// One of each way in which a body is read; each would be good.
fn requests() -> Vec<(&'static str, Value)> {
    let mut hello = chat(false, &Behaviour::default());
    hello["max_tokens"] = 5.into();
    hello["model"] = "cloud".into();
    vec![
        (
            "/api/v1/tokens",
            json!({"name": "sneaked", "roles": ["admin"]}),
        ),
        (
            "/api/v1/llms",
            json!({"name": "sneaked", "type": "demo", "model": "demo"}),
        ),
        ("/v1/jobs", json!({"kind": "custom.sneaked", "payload": {}})),
        ("/v1/chat/completions", hello.clone()),
        ("/v1/messages", hello.clone()),
        ("/api/v1/llms/laptop/infer", hello),
    ]
}

#[tokio::test]
async fn a_token_that_is_revoked_while_its_body_comes_gets_nothing_done() {
    let stage = Stage::start().await;
    let addr = stage.mcpd.addr;
    let token = stage.mcpd.token("short", "bob", &["admin"]).await;
    let mut callers = Vec::new();
    for (path, body) in requests() {
        for comes in [true, false] {
            let mut wire = Ask::post(path, &body).token(&token).wire(addr);
            let last = wire.split_off(wire.len() - 2);
            callers.push((path, comes.then_some(last), Raw::say(addr, wire).await));
        }
    }
    // Whoever has read a head has authorised its caller in the same moment.
    until("all heads to be read", SOON, async || {
        let unread = callers
            .iter()
            .filter_map(|(_, _, caller)| caller.other_end());
        let unread: u64 = unread.map(|end| end.unread_bytes).sum();
        when(unread == 0, unread)
    })
    .await;
    let delete = Ask::new("DELETE", "/api/v1/tokens/short");
    stage.mcpd.admin_ok(delete).await;
    let revoked = Instant::now();
    for (path, last, mut caller) in callers {
        if let Some(last) = last {
            // It may have been answered already.
            let _ = caller.send(last).await;
        }
        let is_told = caller.hears("revoked while the request ran", ENDED).await;
        assert!(is_told, "{path}: {}", caller.text());
        assert_eq!(caller.statuses(), [401], "{path}: {}", caller.text());
    }
    assert!(revoked.elapsed() < ENDED, "{:?}", revoked.elapsed());
    let tokens = stage.mcpd.admin(Ask::get("/api/v1/tokens")).await.text();
    assert!(!tokens.contains("sneaked"), "{tokens}");
    assert_eq!(stage.mcpd.row("sneaked").await, None);
    let jobs = stage.mcpd.admin(Ask::get("/v1/jobs")).await.text();
    assert!(!jobs.contains("sneaked"), "{jobs}");
    assert_eq!(stage.mock.stats().completions, 0, "a model was asked");
    stage.at_rest().await;
}

/// Writes of all kinds, each by a caller that hangs up when it likes.
async fn impatient(addr: SocketAddr, admin: String, number: usize) {
    let mut dice = Dice::new(0x5EED + number as u64);
    for name in (number..TOKENS).step_by(CALLERS) {
        let made = json!({"name": format!("ghost-{name}"), "roles": ["user"]});
        let row = json!({"name": format!("row-{name}"), "type": "demo", "model": "demo"});
        let limits = json!({"requestsPerMinute": 1000 + name});
        let mut asks = vec![
            Ask::post("/api/v1/tokens", made),
            Ask::post("/api/v1/llms", row),
            Ask::new("PUT", &format!("/api/v1/tokens/t-{name}/limits"))
                .body(limits.to_string().into_bytes()),
        ];
        // Half of the tokens are deleted, some of them twice.
        if name % 2 == 0 {
            asks.push(Ask::new("DELETE", &format!("/api/v1/tokens/t-{name}")));
            asks.push(Ask::new("DELETE", &format!("/api/v1/llms/row-{name}")));
        }
        for ask in asks {
            let percent = *dice.pick(&[60, 100, 100, 100]);
            let ask = ask.token(&admin);
            let stream = ask.dispatch_part(addr, percent).await.unwrap();
            // From "before it is read" to "while its answer is on its way".
            let patience = Duration::from_micros(u64::from(dice.roll(60_000)));
            let _ = tokio::time::timeout(patience, stream.readable()).await;
            drop(stream);
        }
    }
}

/// What the server lists: name, and what is wanted.
async fn listed(mcpd: &Mcpd, kind: &str) -> Vec<(String, Value)> {
    let list = mcpd.admin_ok(Ask::get(&format!("/api/v1/{kind}"))).await;
    let items = list["items"].as_array().unwrap().iter();
    items
        .map(|item| {
            let name = item["metadata"]["name"].as_str().unwrap();
            (name.to_owned(), item["spec"].clone())
        })
        .collect()
}

#[tokio::test]
async fn whatever_callers_hang_up_in_memory_and_database_stay_one() {
    let mut mcpd = Mcpd::start(&[]).await;
    let mut tokens = Vec::new();
    for number in 0..TOKENS {
        let name = format!("t-{number}");
        let token = mcpd.token(&name, "bob", &["user"]).await;
        tokens.push((name, token));
    }
    let quiet = mcpd.running().await;
    let mut callers = JoinSet::new();
    for number in 0..CALLERS {
        callers.spawn(impatient(mcpd.addr, mcpd.admin.clone(), number));
    }
    while let Some(ended) = callers.join_next().await {
        ended.unwrap();
    }
    // Their writes run to their end without them.
    until("the writes to end", SOON, async || {
        let running = mcpd.running().await;
        when(running <= quiet, running)
    })
    .await;
    mcpd.at_rest().await;
    let before = [listed(&mcpd, "tokens").await, listed(&mcpd, "llms").await];
    let names: BTreeSet<_> = before[0].iter().map(|(name, _)| name.as_str()).collect();
    for (name, token) in &tokens {
        let ask = Ask::get("/api/v1/whoami").token(token);
        let status = ask.whole(mcpd.addr).await.status;
        let wanted = if names.contains(&**name) { 200 } else { 401 };
        assert_eq!(status, wanted, "{name}");
        let path = format!("/api/v1/tokens/{name}");
        let shown = mcpd.admin(Ask::get(&path)).await.status;
        assert_eq!(shown == 200, names.contains(&**name), "{name}: {shown}");
    }
    mcpd.start_again().await;
    let after = [listed(&mcpd, "tokens").await, listed(&mcpd, "llms").await];
    assert_eq!(after, before);
    for (name, token) in &tokens {
        let ask = Ask::get("/api/v1/whoami").token(token);
        let is_in = ask.whole(mcpd.addr).await.status == 200;
        assert_eq!(is_in, names.contains(&**name), "{name}");
    }
    let is_kept = |(name, _): &&(String, String)| names.contains(&**name);
    let deleted = TOKENS - tokens.iter().filter(is_kept).count();
    assert!(deleted > 0, "no write was done at all");
}
