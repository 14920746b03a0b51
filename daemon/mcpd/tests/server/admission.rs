//! So many at once, so many waiting, the rest is refused at once.

use http::Method;
use serde_json::json;

use crate::fixture::Mcpd;
use crate::mock_upstream::{MockUpstream, json_answer};

const INFER: &str = "/api/v1/llms/gpt/infer";

async fn narrow() -> (Mcpd, MockUpstream) {
    let mcpd = Mcpd::start().await;
    let upstream = MockUpstream::listen().await;
    let bounds = json!({"maxConcurrency": 1, "maxQueue": 1});
    mcpd.public_llm("gpt", &upstream.url(), bounds).await;
    (mcpd, upstream)
}

#[tokio::test]
async fn beyond_slots_and_queue_a_request_is_refused_with_retry_after() {
    let (mcpd, upstream) = narrow().await;
    let first = mcpd.admin.post(INFER, json!({"n": 1}));
    let second = async {
        mcpd.until("gpt", |status| status["inFlight"] == 1).await;
        mcpd.admin.post(INFER, json!({"n": 2})).await
    };
    let third = async {
        mcpd.until("gpt", |status| status["queued"] == 1).await;
        let refused = mcpd.admin.post(INFER, json!({"n": 3})).await;
        refused.says(
            429,
            "overloaded",
            "1 requests are running and 1 are waiting",
        );
        assert_eq!(refused.header("retry-after"), Some("2"));
        // Only now is the first answered; the second follows over the same connection.
        let mut connection = upstream.next().await;
        for n in ["\"n\":1", "\"n\":2"] {
            let seen = connection.request().await;
            assert!(seen.body.contains(n), "{}", seen.body);
            connection.say(json_answer("200 OK", "{}")).await;
        }
    };
    let (first, second, ()) = tokio::join!(first, second, third);
    first.is(200);
    second.is(200);
    mcpd.until("gpt", |status| {
        status["inFlight"] == 0 && status["queued"] == 0
    })
    .await;
}

#[tokio::test]
async fn a_caller_that_goes_while_it_waits_frees_its_place() {
    let (mcpd, upstream) = narrow().await;
    let first = mcpd.admin.post(INFER, json!({"n": 1}));
    let others = async {
        let mut connection = upstream.next().await;
        connection.request().await;
        tokio::select! {
            _ = mcpd.admin.post(INFER, json!({"n": 2})) => panic!("it must wait"),
            () = mcpd.until("gpt", |status| status["queued"] == 1) => {}
        }
        mcpd.until("gpt", |status| status["queued"] == 0).await;
        let third = mcpd.admin.post(INFER, json!({"n": 3}));
        let answers = async {
            mcpd.until("gpt", |status| status["queued"] == 1).await;
            connection.say(json_answer("200 OK", "{}")).await;
            let seen = connection.request().await;
            assert!(
                seen.body.contains("\"n\":3"),
                "the second was never sent: {}",
                seen.body
            );
            connection.say(json_answer("200 OK", "{}")).await;
        };
        tokio::join!(third, answers).0
    };
    let (first, third) = tokio::join!(first, others);
    first.is(200);
    third.is(200);
}

#[tokio::test]
async fn a_wider_row_lets_those_in_who_wait() {
    let (mcpd, upstream) = narrow().await;
    let first = mcpd.admin.post(INFER, json!({"n": 1}));
    let second = async {
        mcpd.until("gpt", |status| status["inFlight"] == 1).await;
        mcpd.admin.post(INFER, json!({"n": 2})).await
    };
    let widened = async {
        let mut one = upstream.next().await;
        one.request().await;
        mcpd.until("gpt", |status| status["queued"] == 1).await;
        let wider = json!({"maxConcurrency": 2});
        mcpd.admin.patch("/api/v1/llms/gpt", wider).await.is(200);
        upstream.answers(json_answer("200 OK", "{}")).await;
        one.say(json_answer("200 OK", "{}")).await;
    };
    let (first, second, ()) = tokio::join!(first, second, widened);
    first.is(200);
    second.is(200);
}

#[tokio::test]
async fn a_refused_body_takes_no_slot() {
    let (mcpd, _upstream) = narrow().await;
    for _ in 0..3 {
        let answer = mcpd.admin.call(Method::POST, INFER, "{").await;
        answer.refused(400, "invalid_request");
    }
    mcpd.until("gpt", |status| status["inFlight"] == 0).await;
}
