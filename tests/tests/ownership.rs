//! Who may do what: names, sessions and tasks belong to a principal, tokens end when they are revoked, and every
//! route asks for its role.

#![expect(
    clippy::unwrap_used,
    reason = "a test that can't go on shall panic with what it saw"
)]

use mcpd::auth::Access;
use serde_json::{Value, json};
use shared::headers::PROVIDER_SESSION;
use shared::role::Role;
use std::time::Duration;
use system_tests::cluster::postgres::Database;
use system_tests::cluster::publisher::{offer, path};
use system_tests::cluster::stage::{ROWS, Stage, chat};
use system_tests::cluster::wait::{until, when};
use system_tests::cluster::{Ask, Mcpd, Publisher, Whole};
use system_tests::mock::Behaviour;
use tokio::task::JoinSet;
use tokio::time::Instant;

/// Promise 10.
const REVOKED: Duration = Duration::from_secs(5);

/// Two principals; the first has a row, a channel and a task.
struct Scene {
    mcpd: Mcpd,
    alice: Publisher,
    bob: String,
}

impl Scene {
    async fn set(settings: &[(&str, &str)]) -> Self {
        let mcpd = Mcpd::start(settings).await;
        let token = mcpd.token("a", "alice", &["publisher"]).await;
        let bob = mcpd.token("b", "bob", &["publisher", "user"]).await;
        let alice = Publisher::register(mcpd.addr, &token, "parrot").await;
        Self { mcpd, alice, bob }
    }

    /// What bob is told when he names `session`.
    async fn bob_tries(&self, ask: Ask, session: &str) -> (u16, String, Option<String>) {
        let ask = ask.token(&self.bob).header(PROVIDER_SESSION, session);
        told(&ask.whole(self.mcpd.addr).await)
    }
}

/// All that an answer tells, but what differs between any two answers.
fn told(answer: &Whole) -> (u16, String, Option<String>) {
    let mut body: Value = serde_json::from_slice(&answer.bytes).unwrap_or_default();
    if let Some(error) = body.get_mut("error").and_then(Value::as_object_mut) {
        error.remove("requestId");
    }
    if let Some(body) = body.as_object_mut() {
        body.remove("serverTime");
    }
    let retry_after = answer.header("retry-after").map(Into::into);
    (answer.status, body.to_string(), retry_after)
}

async fn a_name_is_its_owners(settings: &[(&str, &str)]) {
    let scene = Scene::set(settings).await;
    let addr = scene.mcpd.addr;
    let before = scene.mcpd.row("parrot").await.unwrap();
    for session in [None, Some(scene.alice.session.as_str())] {
        let ask = path("_provider-register", offer(&["parrot"], session));
        let refused = ask.token(&scene.bob).whole(addr).await;
        let got = (refused.status, refused.code());
        assert_eq!(got, (409, "name_taken".into()), "{}", refused.text());
    }
    // One of two: the other stands.
    let ask = path("_provider-register", offer(&["parrot", "crow"], None));
    let some = ask.token(&scene.bob).whole(addr).await;
    assert_eq!(some.status, 200, "{}", some.text());
    assert_eq!(some.json()["conflicts"][0]["name"], "parrot");
    assert_eq!(some.json()["llms"][0]["metadata"]["name"], "crow");
    assert_ne!(
        some.json()["providerSessionId"],
        scene.alice.session.as_str()
    );
    // Nor can it be deleted, written or published as another kind.
    let own = Ask::new("DELETE", "/api/v1/llms/parrot").token(&scene.bob);
    assert!(matches!(own.whole(addr).await.status, 403 | 404));
    let public =
        json!({"name": "parrot", "type": "openai", "model": "m", "url": "http://127.0.0.1:9/v1"});
    let taken = scene.mcpd.admin(Ask::post("/api/v1/llms", public)).await;
    assert_eq!((taken.status, &*taken.code()), (409, "name_taken"));
    let after = scene.mcpd.row("parrot").await.unwrap();
    assert_eq!(after["metadata"], before["metadata"]);
    assert_eq!(after["spec"], before["spec"]);
    // Its owner has it back with another session, too.
    let channel = scene.alice.go_live().await;
    assert_eq!(scene.mcpd.phase("parrot").await, "active");
    drop(channel);
    scene.mcpd.at_rest().await;
}

#[tokio::test]
async fn another_principal_can_not_take_a_name() {
    a_name_is_its_owners(&[]).await;
}

#[tokio::test]
async fn another_principal_can_not_take_a_name_on_postgresql() {
    let Some(database) = Database::create() else {
        return;
    };
    a_name_is_its_owners(&[("MCPD_DATABASE_URL", &database.url)]).await;
}

#[tokio::test]
async fn a_public_name_can_not_be_published() {
    let scene = Scene::set(&[]).await;
    let url = "http://127.0.0.1:9/v1";
    scene.mcpd.create_public("cloud", url, json!({})).await;
    let ask = path("_provider-register", offer(&["cloud"], None)).token(&scene.bob);
    let refused = ask.whole(scene.mcpd.addr).await;
    assert_eq!((refused.status, &*refused.code()), (409, "name_taken"));
    let row = scene.mcpd.row("cloud").await.unwrap();
    assert_eq!(row["spec"]["kind"], "public");
    scene.mcpd.at_rest().await;
}

#[tokio::test]
async fn somebody_elses_session_and_task_look_like_none_at_all() {
    let scene = Scene::set(&[]).await;
    let mut channel = scene.alice.go_live().await;
    let (caller, addr) = (
        scene
            .mcpd
            .infer("parrot", chat(true, &Behaviour::default())),
        scene.mcpd.addr,
    );
    let _caller = JoinSet::from_iter([async move { caller.whole(addr).await }]);
    let task = channel.task().await.task_id;
    let below = |rest: &str| format!("_provider-task/{rest}");
    let result = json!({"seq": 0, "chunk": {"data": "stolen", "done": true}});
    let tries = |task: &str| {
        vec![
            Ask::get("/api/v1/llms/_provider-stream"),
            path("_provider-heartbeat", json!({"epoch": 1, "lastPing": 0})),
            path("_provider-heartbeat", ""),
            Ask::get(&format!("/api/v1/llms/{}", below(task))),
            path(&below(&format!("{task}/stream")), "stolen"),
            path(&below(&format!("{task}/stream")), "stolen").header("x-mcpctl-epoch", "1"),
            path(&below(&format!("{task}/stream")), "stolen").header("x-mcpctl-epoch", "9"),
            path(&below(&format!("{task}/result")), &result),
            path(&below(&format!("{task}/result")), &result).header("x-mcpctl-epoch", "9"),
        ]
    };
    let unknown = "0199aaaa-bbbb-7ccc-8ddd-eeeeffff0000";
    for task in [task.as_str(), "1-77", "9-1", "nonsense"] {
        for ask in tries(task) {
            let foreign = scene.bob_tries(ask.clone(), &scene.alice.session).await;
            let none = scene.bob_tries(ask.clone(), unknown).await;
            assert_eq!(foreign, none, "{ask:?}");
            assert!(!foreign.1.contains("\"bound\":true"), "{ask:?}");
            let is_beat = foreign == (200, r#"{"bound":false,"epoch":0}"#.into(), None);
            let is_refused = matches!(foreign.0, 400..500);
            assert!(is_beat || is_refused, "{ask:?}: {foreign:?}");
        }
    }
    // The same for every route of publishers that there is, so that a new one is not left out.
    let routes = mcpd::routes::table().into_iter();
    let mut routes = routes.filter(|route| route.path.contains("/_provider-"));
    assert!(routes.clone().count() >= 6);
    // It takes a session in its body, and gives a stranger another one: see `a_name_is_its_owners`.
    let is_register = |path: &str| path.ends_with("_provider-register");
    assert_eq!(
        routes
            .clone()
            .filter(|route| is_register(route.path))
            .count(),
        1
    );
    for route in routes.by_ref().filter(|route| !is_register(route.path)) {
        let place = route.path.replace("{id}", &task);
        assert!(
            !place.contains('{'),
            "{place}: what else does a publisher name?"
        );
        for body in [json!({}).to_string(), result.to_string(), String::new()] {
            let ask = Ask::new(route.method.as_str(), &place).body(body.into_bytes());
            let foreign = scene.bob_tries(ask.clone(), &scene.alice.session).await;
            assert_eq!(
                foreign,
                scene.bob_tries(ask.clone(), unknown).await,
                "{ask:?}"
            );
            let is_refused = matches!(foreign.0, 400..500) || foreign.1.contains("\"bound\":false");
            assert!(is_refused, "{ask:?}: {foreign:?}");
        }
    }
    // With a session of his own, alice's task is no task either.
    let own = Publisher::register(addr, &scene.bob, "crow").await;
    let _channel = own.go_live().await;
    for ask in tries("1-1").split_off(3) {
        let got = own.sign(ask.clone()).whole(addr).await;
        assert!(matches!(got.status, 404 | 409), "{ask:?}: {}", got.text());
    }
    assert_eq!(scene.mcpd.phase("parrot").await, "active");
    // She was not disturbed: the task is still hers to answer.
    let done = json!({"seq": 0, "body": {"mine": true}});
    assert_eq!(scene.alice.result(&task, done).await.status, 200);
    scene.mcpd.at_rest().await;
}

#[tokio::test]
async fn a_hundred_races_for_a_name_give_one_owner() {
    let mcpd = Mcpd::start(&[]).await;
    let addr = mcpd.addr;
    let mut tokens = Vec::new();
    for n in 0..10 {
        let principal = format!("p{n}");
        tokens.push(mcpd.token(&principal, &principal, &["publisher"]).await);
    }
    let mut racers = JoinSet::new();
    for n in 0..100 {
        let ask = path("_provider-register", offer(&["prize"], None)).token(&tokens[n % 10]);
        racers.spawn(async move { (n % 10, ask.whole(addr).await) });
    }
    let mut winners = std::collections::BTreeSet::new();
    while let Some(raced) = racers.join_next().await {
        let (principal, answer) = raced.unwrap();
        match answer.status {
            200 => _ = winners.insert(principal),
            _ => assert_eq!(answer.code(), "name_taken", "{}", answer.text()),
        }
    }
    let winners: Vec<_> = winners.into_iter().collect();
    let [winner] = winners[..] else {
        panic!("{winners:?} all have it");
    };
    let row = mcpd.row("prize").await.unwrap();
    assert_eq!(row["metadata"]["owner"], format!("p{winner}"));
    mcpd.at_rest().await;
}

#[tokio::test]
async fn a_revoked_token_starts_nothing_and_its_streams_end_within_five_seconds() {
    let stage = Stage::start().await;
    let addr = stage.mcpd.addr;
    let slow = Behaviour {
        tokens: 100_000,
        interval_ms: 50,
        ..Behaviour::default()
    };
    let stalled = Behaviour {
        stall_after: Some(1),
        ..Behaviour::default()
    };
    let token = stage.mcpd.token("guest", "bob", &["user"]).await;
    let mut running = JoinSet::new();
    for row in ROWS {
        for behaviour in [&slow, &stalled] {
            let ask = Ask::post(&format!("/api/v1/llms/{row}/infer"), chat(true, behaviour));
            let mut answer = ask.token(&token).send(addr).await;
            answer.read_until("t0 ").await;
            running.spawn(answer.whole());
        }
    }
    let watch = Ask::get("/api/v1/llms?watch=true").token(&token);
    let mut watching = watch.send(addr).await;
    watching.read_until("event: synced").await;
    stage.serving(4).await;

    stage
        .mcpd
        .admin_ok(Ask::new("DELETE", "/api/v1/tokens/guest"))
        .await;
    let revoked = Instant::now();
    for row in ROWS {
        let ask = Ask::post(&format!("/api/v1/llms/{row}/infer"), chat(true, &slow));
        let refused = ask.token(&token).whole(addr).await;
        assert_eq!((refused.status, &*refused.code()), (401, "invalid_api_key"));
    }
    while let Some(ended) = running.join_next().await {
        let answer = ended.unwrap();
        let text = answer.text();
        assert!(text.contains("event: error\n"), "{text}");
        assert!(text.contains("\"code\":\"invalid_api_key\""), "{text}");
        assert!(!answer.is_done());
    }
    watching.whole().await;
    assert!(revoked.elapsed() < REVOKED, "{:?}", revoked.elapsed());
    stage.aborted(4, REVOKED).await;
    // The same name and principal again is another token.
    stage.mcpd.token("guest", "bob", &["user"]).await;
    let whoami = Ask::get("/api/v1/whoami").token(&token).whole(addr).await;
    assert_eq!(whoami.status, 401);
    stage.at_rest().await;
}

#[tokio::test]
async fn a_revoked_publisher_is_cut_off() {
    let stage = Stage::start().await;
    let slow = Behaviour {
        tokens: 100_000,
        interval_ms: 50,
        ..Behaviour::default()
    };
    let mut answer = stage.ask("laptop", true, &slow).send(stage.mcpd.addr).await;
    answer.read_until("t1 ").await;
    stage
        .mcpd
        .admin_ok(Ask::new("DELETE", "/api/v1/tokens/box"))
        .await;
    stage.mcpd.reaches("laptop", "inactive", REVOKED).await;
    assert!(!answer.whole().await.is_done());
    stage.aborted(1, REVOKED).await;
    until("the publisher to hear why", REVOKED, async || {
        let status = stage.local.status().await.unwrap();
        let told = status.link.last_error.unwrap_or_default();
        when(told.contains("401"), told)
    })
    .await;
    stage.at_rest().await;
}

#[tokio::test]
async fn every_route_asks_for_its_role() {
    let mcpd = Mcpd::start(&[]).await;
    let mut tokens = Vec::new();
    for role in Role::ALL {
        let name = format!("only-{role}");
        tokens.push((role, mcpd.token(&name, &name, &[role.as_str()]).await));
    }
    let routes = mcpd::routes::table();
    assert!(routes.len() > 20, "{routes:?}");
    for route in routes {
        let place = route
            .path
            .replace("{name}", "nothing")
            .replace("{id}", "1-1");
        let place = place.replace("{*path}", "chat/completions");
        let what = format!("{} {place}", route.method);
        let ask = Ask::new(route.method.as_str(), &place).body(b"{}".to_vec());
        for wrong in [
            ask.clone(),
            ask.clone().token("mcpctl_nonsense"),
            ask.clone().token(""),
        ] {
            let answer = wrong.whole(mcpd.addr).await;
            match route.access {
                Access::Open => assert_eq!(answer.status, 200, "{what}"),
                _ => assert_eq!(
                    (answer.status, &*answer.code()),
                    (401, "invalid_api_key"),
                    "{what}"
                ),
            }
        }
        for (role, token) in &tokens {
            let answer = ask.clone().token(token).send(mcpd.addr).await;
            let may = match route.access {
                Access::Open | Access::Any => true,
                Access::Role(needed) => role.covers(needed),
            };
            // What lies behind may refuse in its own words: it is no question of the role then.
            let refused = answer.status == 403;
            assert_ne!(answer.status, 401, "{what} as {role}");
            assert!(answer.status < 500, "{what} as {role}: {}", answer.status);
            assert_eq!(refused, !may, "{what} as {role}: {}", answer.status);
        }
    }
    mcpd.at_rest().await;
}

#[tokio::test]
async fn nobody_grants_more_than_they_hold() {
    let mcpd = Mcpd::start(&[]).await;
    let user = mcpd.token("u", "bob", &["user"]).await;
    let make = async |body: Value| {
        let ask = Ask::post("/api/v1/tokens", body).token(&user);
        ask.whole(mcpd.addr).await.status
    };
    assert_eq!(make(json!({"name": "x", "roles": ["admin"]})).await, 403);
    assert_eq!(
        make(json!({"name": "x", "roles": ["user", "publisher"]})).await,
        403
    );
    assert_eq!(
        make(json!({"name": "x", "roles": ["user"], "principal": "alice"})).await,
        403
    );
    assert_eq!(make(json!({"name": "x", "roles": ["user"]})).await, 201);
    let listed = Ask::get("/api/v1/tokens")
        .token(&user)
        .whole(mcpd.addr)
        .await;
    let names = listed.json()["items"].as_array().unwrap().len();
    assert_eq!(names, 2, "{}", listed.text());
    assert!(!listed.text().contains(user.rsplit('_').next().unwrap()));
    mcpd.at_rest().await;
}
