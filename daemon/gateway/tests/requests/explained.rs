//! What `explain` says is what a request does, whatever state the LLMs are in.

use std::time::Duration;

use gateway::Answer;
use proptest::prelude::*;
use serde_json::json;

use crate::provider::Provider;
use crate::world::{Publisher, World, first, in_new_runtime, rest, settle};

/// The state of one LLM.
#[derive(Clone, Copy, Debug)]
enum State {
    Ready,
    /// Its one slot is taken; another may wait.
    Busy,
    /// Its one slot is taken, and nobody may wait.
    Full,
    /// Its breaker is open.
    Open,
    /// It asked for peace.
    Cooling,
    /// Virtual, and woken on demand.
    Asleep,
    /// Virtual, and gone.
    Offline,
    /// Virtual, and there.
    Local,
    /// Virtual, with its one slot taken.
    LocalBusy,
    /// Virtual, asleep, with an open breaker.
    AsleepOpen,
}

const STATES: [State; 10] = [
    State::Ready,
    State::Busy,
    State::Full,
    State::Open,
    State::Cooling,
    State::Asleep,
    State::Offline,
    State::Local,
    State::LocalBusy,
    State::AsleepOpen,
];
const NAMES: [&str; 4] = ["a", "b", "c", "d"];
const POLICIES: [&str; 5] = [
    "cost",
    "latency",
    "least-busy",
    "prefer-local",
    "round-robin",
];

/// An LLM, what plays it, and what keeps it busy.
struct Played {
    name: &'static str,
    provider: Option<Provider>,
    publisher: Option<Publisher>,
    _busy: Option<Answer>,
}

async fn public(world: &World, name: &'static str, state: State) -> Played {
    let provider = Provider::start(name).await;
    let bounds = match state {
        State::Busy => json!({"maxConcurrency": 1, "maxQueue": 1}),
        State::Full => json!({"maxConcurrency": 1, "maxQueue": 0}),
        _ => json!({}),
    };
    world.public(name, &provider.url, bounds).await;
    let play = |play: &str| json!({"stream": play == "pause", "play": {(name): play}}).to_string();
    let mut busy = None;
    match state {
        State::Busy | State::Full => busy = world.infer(name, play("pause")).await.ok(),
        State::Open => {
            for _ in 0..3 {
                world.answered(name, play("500")).await;
            }
        }
        State::Cooling => {
            world.answered(name, play("429 30")).await;
        }
        _ => {}
    }
    Played {
        name,
        provider: Some(provider),
        publisher: None,
        _busy: busy,
    }
}

async fn local(world: &World, name: &'static str, state: State) -> Played {
    let offer = json!({"name": name, "model": "big", "maxConcurrency": 1});
    let mut publisher = world.publisher_at(name, offer).await;
    let mut busy = None;
    match state {
        State::Asleep => publisher.offers(json!({"status": "hibernating"})).await,
        State::LocalBusy => {
            let serve = async {
                let task = publisher.task().await.task_id;
                publisher.say(&task, first("data: 1\n\n")).await;
            };
            busy = tokio::join!(world.infer(name, "{}"), serve).0.ok();
        }
        State::AsleepOpen => {
            for _ in 0..3 {
                let serve = async {
                    let task = publisher.task().await.task_id;
                    publisher
                        .say(&task, json!({"seq": 0, "status": 500, "body": {}}))
                        .await;
                };
                tokio::join!(world.answered(name, "{}"), serve);
            }
            publisher.offers(json!({"status": "hibernating"})).await;
        }
        _ => {}
    }
    Played {
        name,
        provider: None,
        publisher: (!matches!(state, State::Offline)).then_some(publisher),
        _busy: busy,
    }
}

/// Who a request goes to first: is called, woken or waited for.
async fn goes_to(world: &World, played: &mut [Played]) -> Option<String> {
    let before: Vec<_> = played.iter().map(calls).collect();
    let asked = async {
        let mut answer = world.infer("any", "{}").await.ok()?;
        rest(&mut answer).await;
        answer.llm.map(|name| name.to_str().unwrap().to_owned())
    };
    tokio::pin!(asked);
    for _ in 0..100 {
        tokio::select! {
            biased;
            ended = &mut asked => return ended,
            () = settle() => {}
        }
        for (one, before) in played.iter_mut().zip(&before) {
            let waits = world.registry.find(one.name).unwrap().live().gate.queued() > 0;
            let heard = match &mut one.publisher {
                Some(publisher) => publisher.said().await.is_some(),
                None => false,
            };
            if waits || heard {
                return Some(one.name.to_owned());
            }
            assert!(calls(one) <= before + 1);
        }
    }
    panic!("it goes nowhere");
}

fn calls(one: &Played) -> u64 {
    one.provider.as_ref().map_or(0, Provider::requests)
}

async fn holds(states: &[usize], policy: usize, fallbacks: usize, passed: u64) {
    let world = World::new().await;
    let mut played = Vec::new();
    for (name, state) in NAMES.into_iter().zip(states) {
        let state = STATES[*state];
        played.push(match state {
            State::Ready | State::Busy | State::Full | State::Open | State::Cooling => {
                public(&world, name, state).await
            }
            _ => local(&world, name, state).await,
        });
    }
    // What is said while the stage is set.
    settle().await;
    let names: Vec<_> = played.iter().map(|one| one.name).collect();
    let (pool, rest) = names.split_at(names.len() - fallbacks.min(names.len() - 1));
    world
        .alias(json!({"name": "any", "llms": pool, "fallbacks": rest, "policy": POLICIES[policy]}))
        .await;
    world.price("b", 1.0, 1.0).await;
    world.pass(Duration::from_secs(passed)).await;
    for one in &mut played {
        if let Some(publisher) = &mut one.publisher {
            while publisher.said().await.is_some() {}
        }
    }
    let said = world.would_go_to("any");
    assert_eq!(world.would_go_to("any"), said, "looking changes nothing");
    let explained = world.gateway.explain("any").unwrap();
    let done = goes_to(&world, &mut played).await;
    assert_eq!(said, done, "{explained:#?}");
}

fuzzing::targets! {
    #![cases(96)]

    fn a_request_goes_where_explain_says(
        states in proptest::collection::vec(0..STATES.len(), 1..=NAMES.len()),
        policy in 0..POLICIES.len(),
        fallbacks in 0..3usize,
        passed in prop_oneof![Just(0u64), Just(11), Just(31), Just(58)],
    ) {
        in_new_runtime(holds(&states, policy, fallbacks, passed));
    }
}
