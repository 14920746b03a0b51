//! Whatever becomes of any mixture of requests: at the end nothing is held, and the sums add up.

use std::cell::Cell;
use std::time::Duration;

use http_body_util::BodyExt;
use kit::clock::Clock;
use proptest::prelude::*;
use serde_json::{Value, json};
use shared::channel::Frame;
use shared::usage::Outcome;
use tokio_util::sync::CancellationToken;

use crate::provider::Provider;
use crate::world::{Publisher, World, all, first, in_new_runtime, rest, settle};

/// What a provider does with a request.
const PLAYS: [&str; 11] = [
    "ok", "ok", "no-usage", "cut", "pause", "silent", "hangup", "500", "503 5", "429", "400",
];

/// What a caller does with its answer.
#[derive(Clone, Copy, Debug)]
enum End {
    Reads,
    /// Goes after so many turns.
    GoesAfter(u16),
    /// Goes after the first piece.
    GoesAfterFirst,
    /// Its credential is revoked after so many turns.
    RevokedAfter(u16),
}

#[derive(Clone, Debug)]
struct Request {
    a: usize,
    b: usize,
    stream: bool,
    model: &'static str,
    end: End,
}

fn end() -> impl Strategy<Value = End> {
    prop_oneof![
        4 => Just(End::Reads),
        2 => (0..400u16).prop_map(End::GoesAfter),
        1 => Just(End::GoesAfterFirst),
        1 => (0..400u16).prop_map(End::RevokedAfter),
    ]
}

fn request() -> impl Strategy<Value = Request> {
    let model = prop_oneof![
        Just("order"),
        Just("big"),
        Just("local"),
        Just("nobody"),
        Just("qwen")
    ];
    (0..PLAYS.len(), 0..PLAYS.len(), any::<bool>(), model, end()).prop_map(
        |(a, b, stream, model, end)| Request {
            a,
            b,
            stream,
            model,
            end,
        },
    )
}

async fn turns(many: u16) {
    for _ in 0..many {
        tokio::task::yield_now().await;
    }
}

/// Whether the caller was there to the end.
async fn run(world: &World, request: &Request) -> bool {
    let play = json!({"a": PLAYS[request.a], "b": PLAYS[request.b]});
    let body = json!({"play": play, "stream": request.stream, "max_tokens": 50}).to_string();
    let mut ask = world.ask(request.model, body);
    let revoked = CancellationToken::new();
    ask.caller.revoked = revoked.clone();
    let to_the_end = async {
        if let Ok(mut answer) = world.put(ask).await {
            if matches!(request.end, End::GoesAfterFirst) {
                let _ = answer.body.frame().await;
                return;
            }
            rest(&mut answer).await;
        }
    };
    match request.end {
        End::Reads | End::GoesAfterFirst => to_the_end.await,
        // Biased: it is made before its caller goes.
        End::GoesAfter(many) => tokio::select! {
            biased;
            () = to_the_end => {}
            () = turns(many) => return false,
        },
        End::RevokedAfter(many) => {
            let revoke = async {
                turns(many).await;
                revoked.cancel();
            };
            tokio::join!(to_the_end, revoke);
        }
    }
    true
}

/// Serves in some way, and goes after so many frames.
async fn serve(mut publisher: Publisher, frames: usize) {
    for at in 0..frames {
        let Frame::Task(task) = publisher.frame().await else {
            continue;
        };
        let usage = json!({"usage": {"prompt_tokens": 3, "completion_tokens": 2}, "choices": []});
        let message: Value = match at % 5 {
            0 => json!({"seq": 0, "body": usage}),
            1 => first("data: {\"choices\":[{\"delta\":{\"content\":\"x\"}}]}\n\n"),
            2 => json!({"seq": 0, "error": {"message": "broken"}}),
            3 => json!({"seq": 0, "status": 503, "body": {}}),
            _ => continue,
        };
        publisher.mutter(&task.task_id, message).await;
    }
}

async fn adds_up(requests: &[Request], frames: usize) {
    let mut world = World::new().await;
    world.limited(json!({"maxConcurrency": 30, "budget": {"usd": 1, "period": "day"}}));
    let (a, b) = (Provider::start("a").await, Provider::start("b").await);
    let narrow = json!({"maxConcurrency": 4, "maxQueue": 3});
    world.public("a", &a.url, narrow).await;
    world
        .public("b", &b.url, json!({"maxConcurrency": 20}))
        .await;
    world.price("a", 100.0, 100.0).await;
    world.price("b", 200.0, 200.0).await;
    world.price("qwen", 10.0, 10.0).await;
    world
        .alias(json!({"name": "order", "llms": ["a"], "fallbacks": ["b"]}))
        .await;
    let local = json!({"name": "local", "llms": ["qwen"], "fallbacks": ["b"],
        "onUnavailable": "wait", "timeout": "20s"});
    world.alias(local).await;
    let publisher = world.publisher(json!({"maxConcurrency": 3})).await;
    let running = Cell::new(true);
    let requested = async {
        all(requests.iter().map(|request| run(&world, request))).await;
        running.set(false);
    };
    let time = async {
        while running.get() {
            settle().await;
            world.pass(Duration::from_millis(700)).await;
        }
    };
    tokio::join!(requested, time, async {
        tokio::select! {
            () = serve(publisher, frames) => {}
            () = async { while running.get() { settle().await } } => {}
        }
    });
    settle().await;

    world.is_at_rest();
    let made = requests.len() as u64;
    let records = world.records().await;
    assert_eq!(records.len() as u64, made);
    let sums = world.sum().await;
    let count = |outcome| records.iter().filter(|one| one.outcome == outcome).count() as u64;
    assert_eq!(sums.requests, made);
    assert_eq!(
        (sums.errors, sums.cancelled),
        (count(Outcome::Error), count(Outcome::Cancelled))
    );
    let numbers = world.gateway.numbers();
    let by_status = numbers.iter().flat_map(|one| &one.by_status);
    let unserved = world.gateway.unserved();
    let seen: u64 = by_status.chain(&unserved).map(|(_, count)| count).sum();
    assert_eq!(seen, made);
    let cost: i64 = numbers.iter().map(|one| one.cost_nano_usd).sum();
    let spent = world.caller.ledger.spent(world.clock.now()).usd;
    assert!(
        (spent - sums.cost_usd).abs() < 1e-9,
        "{spent} {}",
        sums.cost_usd
    );
    assert!((cost as f64 / 1e9 - spent).abs() < 1e-9);
    let tokens: u64 = numbers.iter().map(|one| one.tokens.output).sum();
    assert_eq!(tokens, sums.tokens.output);
    for record in &records {
        match record.outcome {
            Outcome::Ok => assert_eq!(record.status, 200, "{record:?}"),
            // Whatever had begun.
            Outcome::Cancelled => {}
            Outcome::Error => assert_ne!(record.status, 499, "{record:?}"),
        }
        assert!(record.attempts < 8, "{record:?}");
    }

    // Nobody holds a part of the retries' budget: three may retry at once.
    world
        .public("c", &a.url, json!({"breaker": {"failures": 1000}}))
        .await;
    world.public("e", &b.url, json!({})).await;
    world
        .alias(json!({"name": "after", "llms": ["c"], "fallbacks": ["e"]}))
        .await;
    let body = json!({"play": {"a": "500"}}).to_string();
    let after = all((0..3).map(|_| world.answered("after", body.clone()))).await;
    assert!(after.iter().all(|told| told.status == 200), "{after:?}");
}

fuzzing::targets! {
    #![cases(24)]

    fn at_the_end_nothing_is_held_and_the_sums_add_up(
        requests in proptest::collection::vec(request(), 1..40),
        frames in 0..20usize,
    ) {
        in_new_runtime(adds_up(&requests, frames));
    }
}
