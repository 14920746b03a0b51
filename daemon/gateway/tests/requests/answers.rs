//! A virtual LLM that answers.

use serde_json::json;
use shared::channel::Frame;

use crate::world::{World, first, rest};

#[tokio::test]
async fn a_request_reaches_the_publisher_with_its_model_and_the_answer_comes_back() {
    let world = World::new().await;
    let mut publisher = world.publisher(json!({})).await;
    let ask = "{ \"model\" : \"qwen\", \"stream\":true,\n \
               \"stream_options\":{\"include_usage\":true}, \"n\":1.00 }";
    let serve = async {
        let task = publisher.task().await;
        assert_eq!(
            task.body.unwrap().get(),
            ask.replace("\"qwen\"", "\"Qwen/Qwen2.5\"")
        );
        assert_eq!(task.llm.as_str(), "qwen");
        assert!(task.stream);
        assert_eq!(task.deadline_ms, 60_000);
        publisher.say(&task.task_id, first("data: 1\n\n")).await;
        task.task_id
    };
    let (answer, task) = tokio::join!(world.infer("qwen", ask), serve);
    let mut answer = answer.unwrap();
    assert_eq!(answer.status, 200);
    assert_eq!(answer.content_type.as_ref().unwrap(), "text/event-stream");
    assert_eq!(world.load(), (1, 0), "its slot is taken until the end");
    let done = json!({"seq": 1, "chunk": {"data": "data: [DONE]\n\n", "done": true}});
    let ((text, error), ()) = tokio::join!(rest(&mut answer), publisher.say(&task, done));
    assert!(error.is_none());
    assert_eq!(text, "data: 1\n\ndata: [DONE]\n\n");
    assert_eq!(world.load(), (0, 0));
    world.relay.goaway(std::time::Duration::from_secs(1));
    let next = publisher.frame().await;
    assert!(
        matches!(next, Frame::Goaway(_)),
        "no cancel after a good end: {next:?}"
    );
}

#[tokio::test]
async fn the_providers_own_status_and_body_pass() {
    let world = World::new().await;
    let mut publisher = world.publisher(json!({})).await;
    let serve = async {
        let task = publisher.task().await.task_id;
        let body = json!({"error": {"message": "in my words"}});
        publisher
            .say(&task, json!({"seq": 0, "status": 429, "body": body}))
            .await;
    };
    let (answer, ()) = tokio::join!(world.infer("qwen", "{}"), serve);
    let mut answer = answer.unwrap();
    assert_eq!(answer.status, 429);
    assert_eq!(answer.content_type.as_ref().unwrap(), "application/json");
    assert_eq!(
        rest(&mut answer).await.0,
        r#"{"error":{"message":"in my words"}}"#
    );
}

#[tokio::test]
async fn an_answer_without_a_body_is_an_answer() {
    let world = World::new().await;
    let mut publisher = world.publisher(json!({})).await;
    let serve = async {
        let task = publisher.task().await.task_id;
        let empty = json!({"seq": 0, "status": 503, "chunk": {"done": true}});
        publisher.say(&task, empty).await;
    };
    let (answer, ()) = tokio::join!(world.infer("qwen", "{}"), serve);
    let mut answer = answer.unwrap();
    assert_eq!(answer.status, 503);
    let (text, error) = rest(&mut answer).await;
    assert!(text.is_empty() && error.is_none());
    assert_eq!(world.load(), (0, 0));
}
