//! Jobs that are submitted all the while, and must all end.

use crate::cluster::Ask;
use crate::cluster::stage::chat;
use crate::dice::Dice;
use crate::jobs::client::{Jobs, id_in};
use crate::mock::Behaviour;
use serde_json::{Value, json};
use std::time::Duration;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

/// What external workers are given.
pub(super) const KIND: &str = "echo";
/// Between two submits, at most, in milliseconds.
const PAUSE_MS: u32 = 1_000;
/// Before a submit that was not accepted is said again, with its key.
const AGAIN: Duration = Duration::from_millis(300);
/// More than anybody who dies can use up.
const MAX_ATTEMPTS: u32 = 100;

/// Submits one job after the other, each until it is accepted, until `over`; the ids.
pub(super) async fn submit_on(
    mut dice: Dice,
    jobs: Jobs,
    models: Vec<String>,
    over: CancellationToken,
) -> Vec<String> {
    let mut accepted = Vec::new();
    while !over.is_cancelled() {
        let key = format!("endure-{}", accepted.len());
        let ask = Ask::post("/v1/jobs", job(&mut dice, &models)).header("idempotency-key", &key);
        let id = loop {
            match jobs.call(ask.clone()).await {
                Ok(answer) if answer.status == 202 => break id_in(&answer.json()),
                // The server is away, or says so.
                _ => sleep(AGAIN).await,
            }
        };
        if dice.in_a_hundred(5) {
            // Whether it is heard is no matter: it ends either way.
            let _ = jobs
                .call(Ask::post(&format!("/v1/jobs/{id}/cancel"), ""))
                .await;
        }
        accepted.push(id);
        sleep(Duration::from_millis(u64::from(dice.roll(PAUSE_MS)))).await;
    }
    accepted
}

fn job(dice: &mut Dice, models: &[String]) -> Value {
    if dice.in_a_hundred(50) {
        return json!({"kind": KIND, "payload": {"n": dice.roll(1000)}, "max_attempts": MAX_ATTEMPTS});
    }
    let behaviour = Behaviour {
        tokens: 1 + dice.roll(100),
        interval_ms: u64::from(dice.roll(10)),
        ..Behaviour::default()
    };
    let mut payload = chat(dice.in_a_hundred(50), &behaviour);
    payload["llm"] = dice.pick(models).as_str().into();
    json!({"kind": "llm.chat", "payload": payload, "max_attempts": MAX_ATTEMPTS})
}
