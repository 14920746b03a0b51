//! A virtual LLM that is away, fails, breaks off or stays silent: statuses, codes, hints, cancels.

use std::time::Duration;

use gateway::{Answer, Error, check_public};
use serde_json::{Value, json};
use shared::llm::{LlmSpec, Phase};

use crate::world::{Publisher, REQUEST_TIMEOUT, World, first, last_error, rest};

fn seen(error: &Error) -> (u16, &str, Option<u64>) {
    let after = error.retry_after().map(|after| after.as_secs());
    (error.status(), error.code(), after)
}

/// An answer that has begun with `message`, and its task.
async fn begun(world: &World, publisher: &mut Publisher, message: Value) -> (Answer, String) {
    let serve = async {
        let task = publisher.task().await.task_id;
        publisher.say(&task, message).await;
        task
    };
    let (answer, task) = tokio::join!(world.infer("qwen", "{}"), serve);
    (answer.unwrap(), task)
}

#[tokio::test]
async fn whoever_is_not_there_is_told_apart() {
    let world = World::new().await;
    let publisher = world.publisher(json!({})).await;
    let error = world.refused("qwem", "{}").await;
    assert_eq!(seen(&error), (404, "model_not_found", None));
    assert_eq!(error.hint().as_deref(), Some("did you mean `qwen`?"));
    drop(publisher);
    let error = world.refused("qwen", "{}").await;
    assert_eq!(seen(&error), (503, "provider_offline", Some(10)));
    assert!(
        error.to_string().contains("away since 2027-01-15T08:00:00"),
        "{error}"
    );
    assert!(error.hint().unwrap().contains("mcplocal"));
    let _asleep = world.publisher(json!({"status": "hibernating"})).await;
    assert_eq!(
        world.registry.find("qwen").unwrap().phase(),
        Phase::Hibernating
    );
    assert_eq!(world.load(), (0, 0));
}

#[tokio::test]
async fn an_error_of_the_publisher_has_its_status_where_that_is_one() {
    let world = World::new().await;
    let mut publisher = world.publisher(json!({})).await;
    for (status, code, expected) in [
        (json!(404), json!("no_model"), (404, "no_model")),
        (json!(599), json!(null), (599, "provider_error")),
        (json!(200), json!("odd"), (502, "odd")),
        (json!(null), json!(null), (502, "provider_error")),
    ] {
        let serve = async {
            let task = publisher.task().await.task_id;
            let error = json!({"message": "it is broken", "status": status, "code": code});
            publisher
                .say(&task, json!({"seq": 0, "error": error}))
                .await;
        };
        let (error, ()) = tokio::join!(world.refused("qwen", "{}"), serve);
        assert_eq!((error.status(), error.code()), expected);
        assert_eq!(error.to_string(), "`qwen`: it is broken");
    }
    assert_eq!(world.load(), (0, 0));
}

#[tokio::test]
async fn a_publisher_that_goes_before_the_first_byte_is_a_clean_error() {
    let world = World::new().await;
    let mut publisher = world.publisher(json!({})).await;
    let leave = async {
        publisher.task().await;
        drop(publisher);
    };
    let (error, ()) = tokio::join!(world.refused("qwen", "{}"), leave);
    assert_eq!(seen(&error), (502, "provider_disconnected", None));
    assert!(error.hint().unwrap().contains("try again"));
    assert_eq!(world.load(), (0, 0));
}

#[tokio::test]
async fn a_stream_that_is_lost_ends_in_an_error_event_and_another_body_breaks_off() {
    let world = World::new().await;
    let mut publisher = world.publisher(json!({})).await;
    let (mut stream, _) = begun(&world, &mut publisher, first("data: half an ev")).await;
    let whole = json!({"seq": 0, "contentType": "application/json", "chunk": {"data": "{\"a"}});
    let (mut whole, _) = begun(&world, &mut publisher, whole).await;
    assert_eq!(world.load(), (2, 0));
    drop(publisher);
    let (text, error) = rest(&mut stream).await;
    assert!(error.is_none(), "{error:?}");
    assert_eq!(last_error(&text)["code"], "provider_disconnected");
    let (text, error) = rest(&mut whole).await;
    assert_eq!(text, "{\"a");
    assert_eq!(error.unwrap().code(), "provider_disconnected");
    assert_eq!(world.load(), (0, 0));
}

#[tokio::test]
async fn silence_before_the_first_byte_is_504_and_cancels_the_task() {
    let world = World::new().await;
    let mut publisher = world.publisher(json!({})).await;
    let wait = async {
        let task = publisher.task().await.task_id;
        tokio::time::advance(REQUEST_TIMEOUT - Duration::from_millis(10)).await;
        assert_eq!(world.load(), (1, 0));
        tokio::time::advance(Duration::from_millis(20)).await;
        publisher.cancelled(&task).await
    };
    let (error, _reason) = tokio::join!(world.refused("qwen", "{}"), wait);
    assert_eq!(seen(&error), (504, "deadline_exceeded", None));
    assert!(error.to_string().contains("within 60 s"), "{error}");
    assert_eq!(world.load(), (0, 0));
}

#[tokio::test]
async fn silence_in_the_middle_ends_in_an_error_event_and_cancels_the_task() {
    let world = World::new().await;
    let mut publisher = world.publisher(json!({})).await;
    let (mut answer, task) = begun(&world, &mut publisher, first("data: 1\n\n")).await;
    let wait = async {
        tokio::time::advance(REQUEST_TIMEOUT + Duration::from_millis(2)).await;
        publisher.cancelled(&task).await
    };
    let ((text, error), reason) = tokio::join!(rest(&mut answer), wait);
    assert!(error.is_none(), "{error:?}");
    assert_eq!(last_error(&text)["code"], "deadline_exceeded");
    assert_eq!(reason, "deadline");
    assert_eq!(world.load(), (0, 0));
}

#[tokio::test]
async fn a_revoked_token_ends_what_waits_and_what_streams() {
    let world = World::new().await;
    let mut publisher = world.publisher(json!({})).await;
    let (mut answer, task) = begun(&world, &mut publisher, first("data: 1\n\n")).await;
    let waiting = world.refused("qwen", "{}");
    let revoke = async {
        let second = publisher.task().await.task_id;
        world.caller.revoked.cancel();
        publisher.cancelled(&second).await;
    };
    let (error, ()) = tokio::join!(waiting, revoke);
    assert_eq!(seen(&error), (401, "invalid_api_key", None));
    let (text, error) = rest(&mut answer).await;
    assert!(error.is_none(), "{error:?}");
    assert_eq!(last_error(&text)["code"], "invalid_api_key");
    assert_eq!(publisher.cancelled(&task).await, "revoked");
    assert_eq!(world.load(), (0, 0));
}

#[tokio::test]
async fn a_caller_that_goes_cancels_its_task_and_frees_its_slot() {
    let world = World::new().await;
    let mut publisher = world.publisher(json!({})).await;
    let (answer, task) = begun(&world, &mut publisher, first("data: 1\n\n")).await;
    drop(answer);
    assert_eq!(publisher.cancelled(&task).await, "caller_gone");
    let task = tokio::select! {
        _ = world.infer("qwen", "{}") => panic!("nobody answers"),
        task = publisher.task() => task.task_id,
    };
    assert_eq!(publisher.cancelled(&task).await, "caller_gone");
    assert_eq!(world.load(), (0, 0));
}

#[tokio::test]
async fn a_bad_body_is_the_callers_and_no_publisher_hears_of_it() {
    let world = World::new().await;
    let _publisher = world.publisher(json!({})).await;
    for body in ["", "[1]", "{\"a\":1,}", "{\"model\":5}"] {
        let error = world.refused("qwen", body).await;
        assert_eq!(seen(&error), (400, "invalid_request", None));
    }
    assert_eq!(world.relay.load(), (1, 0));
    assert_eq!(world.load(), (0, 0));
}

#[tokio::test]
async fn a_server_that_stops_takes_no_request() {
    let world = World::new().await;
    let _publisher = world.publisher(json!({})).await;
    world.lifecycle.stop();
    let error = world.refused("qwen", "{}").await;
    assert_eq!(seen(&error), (503, "shutting_down", Some(2)));
}

#[test]
fn a_public_row_that_can_not_be_called_is_refused_when_it_is_written() {
    let why = |fields: Value| {
        let mut spec = json!({"type": "openai", "model": "m", "url": "http://h/v1"});
        spec.as_object_mut()
            .unwrap()
            .extend(fields.as_object().unwrap().clone());
        let spec: LlmSpec = serde_json::from_value(spec).unwrap();
        check_public(&spec).err()
    };
    for provider_type in [
        "openai",
        "openrouter",
        "ollama",
        "anthropic",
        "gemini",
        "demo",
    ] {
        assert_eq!(why(json!({ "type": provider_type })), None);
    }
    assert!(
        why(json!({"url": "http://u:p@h/"}))
            .unwrap()
            .contains("`url`")
    );
    assert!(why(json!({"url": "h:8000"})).is_some());
}
