//! Requests that become jobs: asked while nobody can answer, answered later as they would have been at once.

use serde_json::{Value, json};
use std::time::Duration;
use system_tests::cluster::stage::{Stage, VIRTUAL};
use system_tests::cluster::{Ask, Whole, until};
use system_tests::mock::Behaviour;

const SOON: Duration = Duration::from_secs(20);
/// In front of the published LLM; what it can't take becomes a job.
const QUEUE: &str = "patient";

/// A request, and whether it says itself that it can wait.
struct Case {
    what: &'static str,
    path: &'static str,
    body: Value,
    prefers: bool,
}

fn cases() -> Vec<Case> {
    let said = Behaviour {
        tokens: 5,
        ..Behaviour::default()
    };
    // A request that is translated has no room for a vendor's field.
    let cue = "hello [[mock {\"tokens\":5}]]";
    let mut cases = Vec::new();
    for (model, prefers) in [(VIRTUAL, true), (QUEUE, false)] {
        for stream in [false, true] {
            cases.push(Case {
                what: "chat",
                path: "/v1/chat/completions",
                body: json!({"model": model, "stream": stream, "mock": said,
                    "messages": [{"role": "user", "content": "hello"}]}),
                prefers,
            });
            cases.push(Case {
                what: "messages",
                path: "/v1/messages",
                body: json!({"model": model, "stream": stream, "max_tokens": 100,
                    "messages": [{"role": "user", "content": cue}]}),
                prefers,
            });
        }
    }
    cases
}

impl Case {
    async fn ask(&self, stage: &Stage) -> Whole {
        let mut ask = Ask::post(self.path, &self.body);
        if self.prefers {
            ask = ask.header("prefer", "respond-async");
        }
        stage.mcpd.admin(ask).await
    }
}

/// An answer without what is another in each: ids and times.
fn shape(answer: &Whole) -> (u16, Option<String>, String) {
    let mut text = answer.text();
    for member in ["\"id\":\"", "\"created\":"] {
        let mut bare = String::new();
        let mut rest = text.as_str();
        while let Some(at) = rest.find(member) {
            let (before, after) = rest.split_at(at + member.len());
            bare += before;
            rest = after.trim_start_matches(|c: char| c != '"' && c != ',' && c != '}');
        }
        text = bare + rest;
    }
    let content_type = answer.header("content-type").map(str::to_owned);
    (answer.status, content_type, text)
}

#[tokio::test]
async fn a_deferred_answer_is_the_one_that_would_have_come_at_once() {
    let mut stage = Stage::start().await;
    let alias =
        json!({"kind": "Alias", "name": QUEUE, "llms": [VIRTUAL], "onUnavailable": "queue"});
    stage
        .mcpd
        .admin_ok(Ask::post("/api/v1/aliases", alias))
        .await;
    let cases = cases();
    let mut direct = Vec::new();
    for case in &cases {
        let answer = case.ask(&stage).await;
        assert_eq!(answer.status, 200, "{}: {}", case.what, answer.text());
        direct.push(answer);
    }
    stage.local.process.kill();
    stage.mcpd.reaches(VIRTUAL, "inactive", SOON).await;

    let mut places = Vec::new();
    for case in &cases {
        let answer = case.ask(&stage).await;
        assert_eq!(answer.status, 202, "{}: {}", case.what, answer.text());
        assert_eq!(answer.json()["kind"], "gateway.request");
        assert!(answer.header("retry-after").is_some());
        let place = answer.header("location").unwrap().to_owned();
        assert_eq!(
            place,
            format!("/v1/jobs/{}", answer.json()["id"].as_str().unwrap())
        );
        let early = stage
            .mcpd
            .admin(Ask::get(&format!("{place}/response")))
            .await;
        assert_eq!(early.status, 202, "{}", early.text());
        places.push(place);
    }
    // Who did not say that it can wait is refused as ever.
    let hurried = json!({"model": VIRTUAL, "messages": [{"role": "user", "content": "now"}]});
    let refused = stage
        .mcpd
        .admin(Ask::post("/v1/chat/completions", hurried))
        .await;
    assert_eq!(refused.status, 503, "{}", refused.text());

    stage.local.start_again();
    for ((case, place), direct) in cases.iter().zip(&places).zip(&direct) {
        let path = format!("{place}/response");
        let later = until("the deferred answer", SOON, async || {
            let answer = stage.mcpd.admin(Ask::get(&path)).await;
            match answer.status {
                202 => Err(answer.text()),
                _ => Ok(answer),
            }
        })
        .await;
        assert_eq!(shape(&later), shape(direct), "{} {}", case.what, case.body);
    }
    stage.at_rest().await;
}
