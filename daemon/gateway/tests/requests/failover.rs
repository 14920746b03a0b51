//! One of several fails: who is called next, what is passed on, what the breaker learns.

use std::time::Duration;

use gateway::Timeouts;
use serde_json::json;
use shared::llm::BreakerState;

use crate::provider::{Provider, nowhere};
use crate::world::{REQUEST_TIMEOUT, World, first, last_error, rest, settle, told};

/// `a` before `b`, both of the model `big`, behind an alias `both` too.
async fn two() -> (World, Provider, Provider) {
    let world = World::new().await;
    let (a, b) = (Provider::start("a").await, Provider::start("b").await);
    world.public("a", &a.url, json!({})).await;
    world.public("b", &b.url, json!({})).await;
    (world, a, b)
}

fn play(a: &str, stream: bool) -> String {
    json!({"play": {"a": a}, "stream": stream}).to_string()
}

fn breaker(world: &World, name: &str) -> BreakerState {
    let numbers = world.gateway.numbers();
    numbers
        .iter()
        .find(|one| one.name.as_str() == name)
        .unwrap()
        .breaker
}

#[tokio::test]
async fn what_another_may_do_better_is_tried_there_and_the_caller_sees_no_error() {
    for failure in [
        "500", "502", "503", "504", "429", "408", "402", "401", "hangup",
    ] {
        for stream in [false, true] {
            let (world, a, b) = two().await;
            let told = world.answered("big", play(failure, stream)).await;
            assert_eq!(
                (told.status, &*told.llm, told.attempts),
                (200, "b", 2),
                "{failure}"
            );
            assert_eq!((a.requests(), b.requests()), (1, 1));
            assert!(!told.text.contains("error"), "{}", told.text);
            world.is_at_rest();
            let record = &world.records().await[0];
            assert_eq!(
                (&*record.llm, record.attempts, record.status),
                ("b", 2, 200)
            );
        }
    }
}

#[tokio::test]
async fn what_the_request_is_to_blame_for_is_not_tried_again() {
    let (world, a, b) = two().await;
    for status in [400, 403, 404, 409, 413, 422] {
        let told = world
            .answered("big", play(&status.to_string(), false))
            .await;
        assert_eq!((told.status, &*told.llm, told.attempts), (status, "a", 1));
        assert!(told.text.contains("in a's words"));
    }
    assert_eq!((a.requests(), b.requests()), (6, 0));
    assert_eq!(breaker(&world, "a"), BreakerState::Closed);
}

#[tokio::test]
async fn a_key_that_a_provider_refuses_is_a_502_of_ours_without_its_words() {
    let world = World::new().await;
    let a = Provider::start("a").await;
    world.public("a", &a.url, json!({})).await;
    for stream in [false, true] {
        let error = world.refused("a", play("401", stream)).await;
        assert_eq!((error.status(), error.code()), (502, "provider_error"));
        let text = format!("{error} {:?} {error:?}", error.hint());
        assert!(!text.contains("canary"), "{text}");
        assert!(text.contains("key"), "{text}");
    }
}

#[tokio::test]
async fn a_publishers_word_of_a_refused_key_is_not_passed_on_either() {
    for message in [
        json!({"seq": 0, "status": 401, "body": {"error": {"message": "sk-canary"}}}),
        json!({"seq": 0, "error": {"message": "sk-canary", "status": 401}}),
    ] {
        let world = World::new().await;
        let mut publisher = world.publisher(json!({})).await;
        let serve = async {
            let task = publisher.task().await.task_id;
            publisher.mutter(&task, message).await;
        };
        let (error, ()) = tokio::join!(world.refused("qwen", "{}"), serve);
        assert_eq!(error.status(), 502, "{error}");
        assert!(!error.to_string().contains("canary"), "{error}");
        assert!(error.hint().unwrap().contains("config.json"));
    }
}

#[tokio::test]
async fn nobody_at_the_port_is_passed_over_and_alone_called_twice() {
    let (world, _a, _b) = two().await;
    let (_closed, url) = nowhere();
    world.public("0", &url, json!({})).await;
    assert_eq!(world.answered("big", "{}").await.llm, "a");
    let alone = async {
        let error = world.refused("0", "{}").await;
        assert_eq!((error.status(), error.code()), (502, "provider_error"));
    };
    let time = async {
        for _ in 0..50 {
            tokio::task::yield_now().await;
            world.pass(Duration::from_millis(10)).await;
        }
    };
    tokio::join!(alone, time);
    let record = &world.records().await[0];
    assert_eq!((&*record.llm, record.attempts), ("0", 2));
}

#[tokio::test]
async fn a_publisher_that_goes_before_the_first_byte_is_replaced() {
    let world = World::new().await;
    let cloud = Provider::start("cloud").await;
    world
        .public("cloud", &cloud.url, json!({"model": "Qwen/Qwen2.5"}))
        .await;
    let mut publisher = world.publisher(json!({})).await;
    let leave = async {
        publisher.task().await;
        drop(publisher);
    };
    let (told, ()) = tokio::join!(world.answered("Qwen/Qwen2.5", "{}"), leave);
    assert_eq!((&*told.llm, told.attempts), ("cloud", 2));
    assert_eq!(breaker(&world, "qwen"), BreakerState::Closed);
    world.is_at_rest();
}

#[tokio::test]
async fn after_the_first_byte_there_is_an_error_event_and_no_second_try() {
    let (world, a, b) = two().await;
    let mut answer = world.infer("big", play("cut", true)).await.unwrap();
    let (text, error) = rest(&mut answer).await;
    assert!(error.is_none() && text.contains("half"), "{text}");
    assert_eq!(last_error(&text)["code"], "provider_error");
    let mut answer = world.infer("big", play("cut-later", false)).await.unwrap();
    a.release(1);
    assert!(rest(&mut answer).await.1.is_some());
    assert_eq!((a.requests(), b.requests()), (2, 0));
    world.is_at_rest();
    for record in world.records().await {
        assert_eq!(record.outcome.to_owned(), shared::usage::Outcome::Error);
        assert_eq!((record.attempts, record.status), (1, 200));
    }
}

#[tokio::test]
async fn an_answer_that_ends_cleanly_before_its_end_does_not_look_complete() {
    let (world, _a, b) = two().await;
    let mut answer = world.infer("big", play("short", true)).await.unwrap();
    let (text, error) = rest(&mut answer).await;
    assert!(error.is_none() && text.contains("half"), "{text}");
    assert_eq!(last_error(&text)["code"], "provider_error");
    assert!(!text.contains("[DONE]"), "{text}");
    let mut answer = world.infer("big", play("short", false)).await.unwrap();
    assert!(rest(&mut answer).await.1.is_some(), "half of a JSON");
    // Some servers give the reason for the end and forget `[DONE]`.
    let mut answer = world.infer("big", play("no-done", true)).await.unwrap();
    let (text, error) = rest(&mut answer).await;
    assert!(error.is_none() && text.contains("all"), "{text}");
    assert!(!text.contains("event: error"), "{text}");
    assert_eq!(b.requests(), 0);
    world.is_at_rest();
    let records = world.records().await;
    let outcomes = records.iter().map(|record| record.outcome.to_owned());
    let (bad, good) = (shared::usage::Outcome::Error, shared::usage::Outcome::Ok);
    let mut outcomes: Vec<_> = outcomes.collect();
    outcomes.sort_by_key(|outcome| *outcome == good);
    assert_eq!(outcomes, [bad, bad, good]);
}

#[tokio::test]
async fn what_breaks_off_behind_its_own_end_is_complete() {
    let (world, _a, b) = two().await;
    let mut answer = world.infer("big", play("done-cut", true)).await.unwrap();
    let (text, error) = rest(&mut answer).await;
    assert!(
        error.is_none() && text.ends_with("data: [DONE]\n\n"),
        "{text}"
    );
    assert!(!text.contains("event: error"), "{text}");
    assert_eq!(b.requests(), 0);
    world.is_at_rest();
    let records = world.records().await;
    assert_eq!(records[0].outcome, shared::usage::Outcome::Ok);
}

#[tokio::test]
async fn who_asks_for_peace_is_spared_while_there_is_another() {
    let date = httpdate::fmt_http_date(
        std::time::UNIX_EPOCH + Duration::from_millis(1_800_000_000_000 + 30_000),
    );
    for after in ["30", &date] {
        for status in ["429", "503"] {
            let (world, a, b) = two().await;
            let asks = play(&format!("{status} {after}"), false);
            assert_eq!(world.answered("big", asks).await.llm, "b");
            assert_eq!(world.would_go_to("big").unwrap(), "b");
            world.pass(Duration::from_secs(29)).await;
            assert_eq!(world.answered("big", "{}").await.llm, "b");
            let explained = world.gateway.explain("big").unwrap();
            assert!(
                explained.summary.contains("asked for a pause"),
                "{}",
                explained.summary
            );
            world.pass(Duration::from_secs(2)).await;
            assert_eq!(world.answered("big", "{}").await.llm, "a");
            assert_eq!((a.requests(), b.requests()), (2, 2));
        }
    }
}

#[tokio::test]
async fn alone_it_is_asked_nevertheless_and_its_word_is_passed_on() {
    let world = World::new().await;
    let a = Provider::start("a").await;
    world.public("a", &a.url, json!({})).await;
    for _ in 0..5 {
        let mut answer = world.infer("a", play("429 30", false)).await.unwrap();
        assert_eq!(answer.status, 429);
        assert_eq!(answer.retry_after.as_ref().unwrap(), "30");
        rest(&mut answer).await;
    }
    assert_eq!(breaker(&world, "a"), BreakerState::Closed);
    assert_eq!(world.answered("a", "{}").await.status, 200);
}

#[tokio::test]
async fn a_breaker_opens_after_three_is_skipped_probes_once_and_closes() {
    let (world, a, b) = two().await;
    for _ in 0..3 {
        assert_eq!(world.answered("big", play("500", false)).await.attempts, 2);
    }
    assert_eq!(breaker(&world, "a"), BreakerState::Open);
    let told = world.answered("big", "{}").await;
    assert_eq!((&*told.llm, told.attempts, a.requests()), ("b", 1, 3));
    let explained = world.gateway.explain("big").unwrap();
    assert!(
        explained.summary.contains("its breaker is open until"),
        "{}",
        explained.summary
    );
    world.pass(Duration::from_secs(301)).await;
    // One probe; whoever comes meanwhile is not sent there.
    let meanwhile = async {
        a.has_seen(4).await;
        assert_eq!(breaker(&world, "a"), BreakerState::Probing);
        assert_eq!(world.answered("big", "{}").await.llm, "b");
        a.release(1);
    };
    let (probe, ()) = tokio::join!(world.answered("big", play("hold", false)), meanwhile);
    assert_eq!(probe.llm, "a");
    assert_eq!(breaker(&world, "a"), BreakerState::Closed);
    assert_eq!(world.answered("big", "{}").await.llm, "a");
    assert_eq!((a.requests(), b.requests()), (5, 5));
}

#[tokio::test]
async fn a_pool_whose_breakers_are_all_open_is_probed_and_explained_so() {
    let (world, _a, _b) = two().await;
    let both = json!({"play": {"a": "500", "b": "500"}}).to_string();
    for _ in 0..3 {
        assert_eq!(world.answered("big", both.clone()).await.status, 500);
    }
    assert_eq!(
        (breaker(&world, "a"), breaker(&world, "b")),
        (BreakerState::Open, BreakerState::Open)
    );
    assert_eq!(world.would_go_to("big"), None);
    let error = world.refused("big", "{}").await;
    assert_eq!((error.status(), error.code()), (503, "breaker_open"));
    assert!(error.retry_after().unwrap() <= Duration::from_secs(10));
    world.pass(Duration::from_secs(11)).await;
    assert_eq!(world.would_go_to("big").as_deref(), Some("a"));
    assert_eq!(world.answered("big", "{}").await.llm, "a");
}

#[tokio::test]
async fn a_callers_abort_is_nobodys_failure_and_frees_everything() {
    let mut world = World::new().await;
    let a = Provider::start("a").await;
    world.public("a", &a.url, json!({})).await;
    world.price("a", 10.0, 10.0).await;
    world.limited(json!({"maxConcurrency": 1, "budget": {"usd": 1, "period": "day"}}));
    for round in 0..6 {
        for stream in [false, true] {
            let before = a.requests();
            tokio::select! {
                _ = world.infer("a", play("silent", stream)) => panic!("it is silent"),
                () = a.has_seen(before + 1) => {}
            }
            world.is_at_rest();
            let begun = world.infer("a", play("pause", stream)).await.unwrap();
            assert_eq!(world.caller.ledger.in_flight(), 1);
            drop(begun);
            world.is_at_rest();
            assert_eq!(breaker(&world, "a"), BreakerState::Closed, "{round}");
        }
    }
    let sum = world.sum().await;
    assert_eq!((sum.requests, sum.cancelled, sum.errors), (24, 24, 0));
    assert_eq!(world.answered("a", "{}").await.status, 200);
}

#[tokio::test]
async fn aborted_retries_give_their_budget_back() {
    let (world, a, b) = two().await;
    let both = json!({"play": {"a": "500", "b": "silent"}}).to_string();
    let patient = json!({"failures": 1000});
    world.public("c", &a.url, json!({"breaker": patient})).await;
    for round in 1..=10 {
        tokio::select! {
            _ = world.infer("big", both.clone()) => panic!("it is silent"),
            () = b.has_seen(round) => {}
        }
    }
    world.is_at_rest();
    // Three may always retry at once.
    world.pass(Duration::from_secs(301)).await;
    let asks = || world.answered("big", play("500", false));
    let (x, y, z) = tokio::join!(asks(), asks(), asks());
    assert_eq!([x.status, y.status, z.status], [200; 3]);
}

#[tokio::test]
async fn at_most_three_of_few_requests_may_be_retries() {
    let world = World::new().await;
    let (a, b) = (Provider::start("a").await, Provider::start("b").await);
    let patient = json!({"breaker": {"failures": 1000}});
    world.public("a", &a.url, patient).await;
    world.public("b", &b.url, json!({})).await;
    let alias = json!({"name": "order", "llms": ["a"], "fallbacks": ["b"]});
    world.alias(alias).await;
    let asks = || async {
        let body = json!({"play": {"a": "500", "b": "hold"}}).to_string();
        told(world.infer("order", body).await.unwrap()).await.status
    };
    let release = async {
        b.has_seen(3).await;
        settle().await;
        assert_eq!(b.requests(), 3);
        b.release(10);
    };
    let all = async { tokio::join!(asks(), asks(), asks(), asks(), asks(), asks()) };
    let (told, ()) = tokio::join!(all, release);
    let mut told: [u16; 6] = told.into();
    told.sort_unstable();
    // Where the breaker opened meanwhile, `b` is the first try and no retry.
    assert_eq!(told[..3], [200; 3]);

    world.is_at_rest();
}

#[tokio::test]
async fn an_alias_has_a_deadline_of_its_own() {
    let (world, a, _b) = two().await;
    let alias = json!({"name": "quick", "llms": ["a"], "timeout": "2s"});
    world.alias(alias).await;
    let late = async {
        a.has_seen(1).await;
        world.pass(Duration::from_millis(2_010)).await;
    };
    let (error, ()) = tokio::join!(world.refused("quick", play("silent", false)), late);
    assert_eq!((error.status(), error.code()), (504, "deadline_exceeded"));
    assert!(error.to_string().contains("within 2 s"), "{error}");
    let mut answer = world.infer("quick", play("pause", true)).await.unwrap();
    let late = world.pass(Duration::from_millis(2_010));
    let ((text, _), ()) = tokio::join!(rest(&mut answer), late);
    assert_eq!(last_error(&text)["code"], "deadline_exceeded");
    world.is_at_rest();
}

fn short() -> Timeouts {
    Timeouts {
        request: REQUEST_TIMEOUT,
        first_byte: Duration::from_secs(5),
        idle: Duration::from_secs(20),
    }
}

#[tokio::test]
async fn a_stream_that_does_not_begin_moves_on_and_one_that_pauses_ends() {
    let world = World::with(short()).await;
    let (a, b) = (Provider::start("a").await, Provider::start("b").await);
    world.public("a", &a.url, json!({})).await;
    world.public("b", &b.url, json!({})).await;
    let late = async {
        a.has_seen(1).await;
        world.pass(Duration::from_millis(5_010)).await;
    };
    let (told, ()) = tokio::join!(world.answered("big", play("silent", true)), late);
    assert_eq!((&*told.llm, told.attempts), ("b", 2));
    let mut answer = world.infer("big", play("pause", true)).await.unwrap();
    let late = async {
        for _ in 0..4 {
            world.pass(Duration::from_millis(5_010)).await;
            tokio::task::yield_now().await;
        }
    };
    let ((text, _), ()) = tokio::join!(rest(&mut answer), late);
    assert_eq!(last_error(&text)["code"], "provider_silent");
    assert_eq!(text.matches(": keepalive").count(), 1, "after 15 s: {text}");
    assert_eq!(a.requests(), 2);
    // Both count.
    world.answered("big", play("500", true)).await;
    assert_eq!(breaker(&world, "a"), BreakerState::Open);
}

#[tokio::test]
async fn alone_a_stream_that_does_not_begin_is_504_and_says_so() {
    let world = World::with(short()).await;
    let a = Provider::start("a").await;
    world.public("a", &a.url, json!({})).await;
    let late = async {
        a.has_seen(1).await;
        world.pass(Duration::from_millis(5_010)).await;
    };
    let (error, ()) = tokio::join!(world.refused("a", play("silent", true)), late);
    assert_eq!((error.status(), error.code()), (504, "provider_silent"));
}

#[tokio::test]
async fn who_waits_for_a_stream_hears_a_comment_every_15_seconds_and_then_the_answer() {
    let long = Duration::from_secs(300);
    let world = World::with(Timeouts {
        request: long,
        first_byte: long,
        idle: long,
    })
    .await;
    let mut publisher = world.publisher(json!({})).await;
    let serve = async {
        let task = publisher.task().await.task_id;
        world.pass(Duration::from_millis(15_010)).await;
        task
    };
    let (answer, task) = tokio::join!(world.infer("qwen", r#"{"stream":true}"#), serve);
    let mut answer = answer.unwrap();
    assert_eq!((answer.status.as_u16(), &answer.llm), (200, &None));
    let go_on = async {
        settle().await;
        // A timer that is due at once needs a millisecond.
        world.pass(Duration::from_millis(1)).await;
        for _ in 0..2 {
            settle().await;
            world.pass(Duration::from_millis(15_010)).await;
        }
        settle().await;
        publisher.say(&task, first("data: 1\n\n")).await;
        settle().await;
        world.pass(Duration::from_millis(15_010)).await;
        settle().await;
        let done = json!({"seq": 1, "chunk": {"data": "data: [DONE]\n\n", "done": true}});
        publisher.say(&task, done).await;
    };
    let ((text, error), ()) = tokio::join!(rest(&mut answer), go_on);
    assert!(error.is_none());
    let comment = ": keepalive\n\n";
    let waited = comment.repeat(3);
    assert_eq!(
        text,
        format!("{waited}data: 1\n\n{comment}data: [DONE]\n\n")
    );
    world.is_at_rest();
}

#[tokio::test]
async fn an_error_after_an_early_head_is_an_event_in_the_callers_dialect() {
    for dialect in [gateway::Dialect::OpenAi, gateway::Dialect::Anthropic] {
        let world = World::new().await;
        let mut publisher = world.publisher(json!({})).await;
        let mut ask = world.ask(
            "qwen",
            r#"{"model":"qwen","stream":true,"max_tokens":9,"messages":[{"role":"user","content":"x"}]}"#,
        );
        ask.dialect = dialect;
        if dialect == gateway::Dialect::Anthropic {
            ask.path = shared::infer_path::InferPath::Messages;
        }
        let serve = async {
            let task = publisher.task().await.task_id;
            world.pass(Duration::from_millis(15_010)).await;
            task
        };
        let (answer, task) = tokio::join!(world.put(ask), serve);
        let error = json!({"error": {"message": "too hot", "code": "hot"}});
        let mut answer = answer.unwrap();
        let say = publisher.say(&task, json!({"seq": 0, "status": 500, "body": error}));
        let ((text, _), ()) = tokio::join!(rest(&mut answer), say);
        let told = last_error(&text);
        assert_eq!(told["message"], "too hot", "{text}");
        let is_anthropic = text.contains(r#""type":"error""#);
        assert_eq!(
            is_anthropic,
            dialect == gateway::Dialect::Anthropic,
            "{text}"
        );
        world.is_at_rest();
    }
}

#[tokio::test]
async fn who_failed_is_free_while_the_next_is_asked() {
    let world = World::new().await;
    let (a, b) = (Provider::start("a").await, Provider::start("b").await);
    world
        .public("a", &a.url, json!({"maxConcurrency": 1}))
        .await;
    world.public("b", &b.url, json!({})).await;
    let body = json!({"play": {"a": "500", "b": "hold"}}).to_string();
    let look = async {
        b.has_seen(1).await;
        assert_eq!(world.gateway.numbers()[0].in_flight, 0);
        b.release(1);
    };
    let (told, ()) = tokio::join!(world.answered("big", body), look);
    assert_eq!(told.llm, "b");
    let all = json!({"play": {"a": "500", "b": "503"}}).to_string();
    let told = world.answered("big", all).await;
    assert_eq!((told.status, &*told.llm), (503, "b"));
    assert!(told.text.contains("in b's words"));
}

#[tokio::test]
async fn an_early_head_leaves_a_request_the_time_that_its_alias_gives() {
    let world = World::with(Timeouts {
        request: Duration::from_secs(20),
        first_byte: REQUEST_TIMEOUT,
        idle: REQUEST_TIMEOUT,
    })
    .await;
    let mut publisher = world.publisher(json!({})).await;
    let alias = json!({"name": "slow", "llms": ["qwen"], "timeout": "60s"});
    world.alias(alias).await;
    let began = tokio::time::Instant::now();
    let serve = async {
        let task = publisher.task().await.task_id;
        world.pass(Duration::from_millis(15_010)).await;
        task
    };
    let (answer, task) = tokio::join!(world.infer("slow", r#"{"stream":true}"#), serve);
    let mut answer = answer.unwrap();
    let given = answer.body.limit().deadline - began;
    assert!(given >= Duration::from_secs(60), "{given:?}");
    let go_on = async {
        world.pass(Duration::from_secs(30)).await;
        publisher.say(&task, first("data: 1\n\n")).await;
        let done = json!({"seq": 1, "chunk": {"data": "data: [DONE]\n\n", "done": true}});
        publisher.say(&task, done).await;
    };
    let ((text, error), ()) = tokio::join!(rest(&mut answer), go_on);
    assert!(
        error.is_none() && text.ends_with("data: [DONE]\n\n"),
        "{text}"
    );
}

#[tokio::test]
async fn a_probe_whose_caller_goes_says_nothing_and_the_next_one_decides() {
    let (world, a, _b) = two().await;
    for _ in 0..3 {
        world.answered("big", play("500", false)).await;
    }
    world.pass(Duration::from_secs(301)).await;
    tokio::select! {
        _ = world.infer("big", play("silent", false)) => panic!("it is silent"),
        () = a.has_seen(4) => {}
    }
    assert_eq!(breaker(&world, "a"), BreakerState::Open);
    assert_eq!(world.answered("big", "{}").await.llm, "a");
    assert_eq!(breaker(&world, "a"), BreakerState::Closed);
    world.is_at_rest();
}

#[tokio::test]
async fn a_cut_stream_and_a_refusal_are_told_in_anthropics_words() {
    let world = World::new().await;
    let mut publisher = world.publisher(json!({})).await;
    let messages = |stream| {
        let body = json!({"model": "qwen", "max_tokens": 5, "stream": stream,
            "messages": [{"role": "user", "content": "x"}]});
        let mut ask = world.ask("qwen", body.to_string());
        ask.path = shared::infer_path::InferPath::Messages;
        ask.dialect = gateway::Dialect::Anthropic;
        ask
    };
    let serve = async {
        let task = publisher.task().await.task_id;
        let error = json!({"error": {"message": "too long", "type": "invalid_request_error"}});
        publisher
            .say(&task, json!({"seq": 0, "status": 400, "body": error}))
            .await;
    };
    let refused = async { told(world.put(messages(false)).await.unwrap()).await };
    let (refused, ()) = tokio::join!(refused, serve);
    assert_eq!(refused.status, 400);
    let body: serde_json::Value = serde_json::from_str(&refused.text).unwrap();
    assert_eq!(
        (&body["type"], &body["error"]["message"]),
        (&json!("error"), &json!("too long"))
    );

    let serve = async {
        let task = publisher.task().await.task_id;
        let delta = "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"half\"}}]}\n\n";
        publisher.say(&task, first(delta)).await;
        settle().await;
        drop(publisher);
    };
    let cut = async {
        let mut answer = world.put(messages(true)).await.unwrap();
        rest(&mut answer).await
    };
    let ((text, error), ()) = tokio::join!(cut, serve);
    assert!(error.is_none() && text.contains("half"), "{text}");
    assert!(!text.contains("message_stop"), "{text}");
    assert!(!last_error(&text)["message"].as_str().unwrap().is_empty());
    assert!(text.contains(r#"{"type":"error""#), "{text}");
    world.is_at_rest();
}
