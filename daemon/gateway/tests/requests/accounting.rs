//! What is recorded is what the provider counted.

use std::future::poll_fn;
use std::task::Poll;

use serde_json::{Value, json};
use shared::infer_path::InferPath;
use shared::usage::{Outcome, RequestRecord};

use crate::provider::{INPUT, OUTPUT, Provider};
use crate::world::{World, rest, told};

async fn priced() -> (World, Provider) {
    let world = World::new().await;
    let a = Provider::start("a").await;
    world.public("a", &a.url, json!({})).await;
    world.price("a", 100.0, 1000.0).await;
    (world, a)
}

/// What an answer costs, in US dollars.
const EACH: f64 = (INPUT as f64 * 100.0 + OUTPUT as f64 * 1000.0) / 1e6;

async fn recorded(world: &World) -> RequestRecord {
    world.records().await.remove(0)
}

#[track_caller]
fn is_exact(record: &RequestRecord) {
    let used = (record.tokens.input, record.tokens.output, record.estimated);
    assert_eq!(used, (INPUT, OUTPUT, false), "{record:?}");
    assert_eq!((record.outcome, record.status), (Outcome::Ok, 200));
    assert!(
        (record.cost_usd - EACH).abs() < 1e-12,
        "{}",
        record.cost_usd
    );
    assert!(record.ttft_ms.is_some());
}

#[tokio::test]
async fn whole_and_streamed_answers_are_charged_exactly_and_usage_is_shown_to_who_asked() {
    let (world, _a) = priced().await;
    let usage = json!({"include_usage": true});
    for (body, shows_usage) in [
        (json!({}), true),
        (json!({"stream": true}), false),
        (json!({"stream": true, "stream_options": {}}), false),
        (json!({"stream": true, "stream_options": usage}), true),
    ] {
        let told = world.answered("a", body.to_string()).await;
        assert_eq!(
            told.text.contains("prompt_tokens"),
            shows_usage,
            "{}",
            told.text
        );
        is_exact(&recorded(&world).await);
    }
    let sum = world.sum().await;
    assert_eq!((sum.requests, sum.errors, sum.estimated), (4, 0, 0));
    assert!((sum.cost_usd - 4.0 * EACH).abs() < 1e-12);
    let numbers = &world.gateway.numbers()[0];
    assert_eq!(numbers.tokens.output, 4 * OUTPUT);
    assert_eq!(numbers.by_status, [(200, 4)]);
    assert_eq!(numbers.seconds.counts.iter().sum::<u64>(), 4);
    let load = &world.gateway.load().items[0];
    assert_eq!((load.requests, load.tokens_out), (4, 4 * OUTPUT));
}

/// A page of usage that is left while it loads.
#[tokio::test]
async fn a_reader_who_goes_away_takes_no_usage_along() {
    let (world, _a) = priced().await;
    for _ in 0..3 {
        world.answered("a", json!({}).to_string()).await;
        let mut written = Box::pin(world.accounts.write());
        let is_written = poll_fn(|cx| Poll::Ready(written.as_mut().poll(cx).is_ready())).await;
        assert!(!is_written, "it is written before anybody could go");
    }
    assert_eq!(world.sum().await.requests, 3);
}

#[tokio::test]
async fn anthropics_front_is_charged_the_same() {
    let (world, _a) = priced().await;
    for stream in [false, true] {
        let body = json!({"model": "a", "max_tokens": 9, "stream": stream,
            "messages": [{"role": "user", "content": "x"}]});
        let mut ask = world.ask("a", body.to_string());
        ask.path = InferPath::Messages;
        ask.dialect = gateway::Dialect::Anthropic;
        let told = told(world.put(ask).await.unwrap()).await;
        assert!(
            told.text.contains("hi") && told.text.contains("\"output_tokens\":7"),
            "{}",
            told.text
        );
        let record = recorded(&world).await;
        is_exact(&record);
        assert_eq!(record.path, "messages");
    }
}

#[tokio::test]
async fn who_tells_no_usage_and_who_is_broken_off_is_charged_by_what_was_counted() {
    let (world, _a) = priced().await;
    let play =
        |play: &str, stream: bool| json!({"play": {"a": play}, "stream": stream}).to_string();
    for stream in [false, true] {
        world.answered("a", play("no-usage", stream)).await;
        let record = recorded(&world).await;
        assert!(
            record.estimated && record.outcome == Outcome::Ok,
            "{record:?}"
        );
        assert!(
            record.tokens.input > 0 && record.tokens.output > 0,
            "{record:?}"
        );
        assert!(record.cost_usd > 0.0);
    }
    let mut begun = world.infer("a", play("pause", true)).await.unwrap();
    http_body_util::BodyExt::frame(&mut begun.body)
        .await
        .unwrap()
        .unwrap();
    drop(begun);
    let record = recorded(&world).await;
    assert!(
        record.estimated && record.outcome == Outcome::Cancelled,
        "{record:?}"
    );
    assert!(
        record.tokens.output > 0 && record.cost_usd > 0.0,
        "{record:?}"
    );
}

#[tokio::test]
async fn an_error_costs_nothing_and_is_in_every_sum() {
    let (world, _a) = priced().await;
    for status in ["400", "500"] {
        let body = json!({"play": {"a": status}}).to_string();
        world.answered("a", body).await;
    }
    world.refused("nobody", "{}").await;
    let sum = world.sum().await;
    assert_eq!((sum.requests, sum.errors, sum.cost_usd), (3, 3, 0.0));
    let statuses: Vec<_> = world.records().await.iter().map(|one| one.status).collect();
    assert_eq!(statuses.len(), 3);
    assert_eq!(world.gateway.unserved(), [(404, 1)]);
    assert_eq!(world.gateway.numbers()[0].by_status, [(400, 1), (500, 1)]);
}

#[tokio::test]
async fn a_publishers_usage_counts_and_a_price_under_its_own_name_is_charged() {
    let world = World::new().await;
    let mut publisher = world.publisher(json!({})).await;
    let usage = json!({"prompt_tokens": 5, "completion_tokens": 3,
        "prompt_tokens_details": {"cached_tokens": 2}, "completion_tokens_details": {"reasoning_tokens": 1}});
    let mut ask = async || {
        let serve = async {
            let task = publisher.task().await.task_id;
            let body: Value = json!({"choices": [], "usage": usage});
            publisher.say(&task, json!({"seq": 0, "body": body})).await;
        };
        let (mut answer, ()) =
            tokio::join!(async { world.infer("qwen", "{}").await.unwrap() }, serve);
        rest(&mut answer).await;
    };
    ask().await;
    let record = recorded(&world).await;
    let used = record.tokens;
    assert_eq!(
        (used.input, used.output, used.cached, used.reasoning),
        (5, 3, 2, 1)
    );
    assert_eq!(record.cost_usd, 0.0);
    world.price("qwen", 1.0, 2.0).await;
    ask().await;
    assert_eq!(recorded(&world).await.cost_usd, 11e-6);
}
