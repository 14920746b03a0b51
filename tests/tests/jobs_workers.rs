//! Workers that freeze, that die of their job, and a server that dies of its own: attempts are counted, results are
//! fenced, and nobody else has to wait for it.

#![expect(
    clippy::unwrap_used,
    reason = "a test that can't go on shall panic with what it saw"
)]

use serde_json::{Value, json};
use std::time::Duration;
use system_tests::cluster::stage::PUBLIC;
use system_tests::cluster::{Mcpd, until};
use system_tests::jobs::notes::Notes;
use system_tests::jobs::{Hand, Jobs, Said, Worker};
use system_tests::mock::{Behaviour, Mock, Settings};

const SOON: Duration = Duration::from_secs(15);
/// Retries that do not keep a test waiting.
const QUICK_RETRIES: [(&str, &str); 2] = [
    ("MCPD_JOB_RETRY_MIN", "50ms"),
    ("MCPD_JOB_RETRY_MAX", "100ms"),
];

fn work(does: &str) -> Value {
    json!({"kind": "work", "payload": {"does": does}, "max_attempts": 2})
}

fn history(job: &Value) -> Vec<&str> {
    let history = job["history"].as_array().unwrap().iter();
    history
        .map(|attempt| attempt["outcome"].as_str().unwrap_or("-"))
        .collect()
}

#[tokio::test]
async fn a_worker_that_froze_past_its_lease_is_refused_and_the_second_result_stands() {
    let mcpd = Mcpd::start(&QUICK_RETRIES).await;
    let jobs = Jobs::of(&mcpd);
    let first = Hand::start(&mcpd, "first", &["work"]).await;
    let second = Worker::register(&mcpd, "second").await;
    let id = jobs.submit(work("dawdles")).await;
    jobs.reaches(&id, "running", SOON).await;
    first.process.freeze();

    let held = second.claim_one("work", 30).await;
    assert_eq!((&*held.id, held.attempt), (&*id, 2));
    first.process.thaw();
    until("the first worker to bring its result", SOON, async || {
        let mut notes = Notes::default();
        first.note_into(&mut notes);
        let is_late = notes.of(&id).is_some_and(|notes| !notes.late.is_empty());
        is_late.then_some(()).ok_or_else(|| format!("{notes:?}"))
    })
    .await;
    let said = second.complete(&held, json!({"by": "second"})).await;
    assert_eq!(said.unwrap(), Said::Written);

    let job = jobs.job(&id).await;
    assert_eq!(job["result"], json!({"by": "second"}));
    assert_eq!(history(&job), ["lease_ended", "done"]);
    let again = second.complete(&held, json!({"by": "nobody"})).await;
    assert_eq!(again.unwrap(), Said::Stale);
    assert_eq!(jobs.job(&id).await["result"], json!({"by": "second"}));
    mcpd.at_rest().await;
}

#[tokio::test]
async fn a_job_that_kills_its_workers_ends_in_error_and_the_others_are_done() {
    let mcpd = Mcpd::start(&QUICK_RETRIES).await;
    let jobs = Jobs::of(&mcpd);
    let mut hand = Hand::start(&mcpd, "hand", &["work"]).await;
    let poison = jobs.submit(work("dies")).await;
    // The poison takes those with it that its worker holds besides: they have attempts enough.
    let harmless = json!({"kind": "work", "payload": {"does": "quick"}, "max_attempts": 10});
    let others = jobs.submit_all(&vec![harmless; 10]).await;
    let mut deaths = 0;
    until("all to end", SOON, async || {
        deaths += u32::from(hand.revive());
        let mut ids = others.clone();
        ids.push(poison.clone());
        let counts = jobs.standings(&ids).await?;
        let is_over = counts.get("done") == Some(&10) && counts.get("error") == Some(&1);
        is_over.then_some(()).ok_or_else(|| format!("{counts:?}"))
    })
    .await;
    let job = jobs.job(&poison).await;
    assert_eq!(job["status"], "error", "{job}");
    assert_eq!(history(&job), ["lease_ended", "lease_ended"]);
    let why = job["error"].as_str().unwrap();
    assert!(why.contains("silent until its lease ended"), "{why}");
    assert_eq!(deaths, 2);
    mcpd.at_rest().await;
}

#[tokio::test]
async fn a_job_that_its_server_never_survives_ends_in_error_and_the_others_are_done() {
    let mut mcpd = Mcpd::start(&QUICK_RETRIES).await;
    let mock = Mock::start(Settings::default()).unwrap();
    mcpd.create_public(PUBLIC, &mock.base_url(), json!({}))
        .await;
    let jobs = Jobs::of(&mcpd);
    let endless = Behaviour {
        tokens: 100_000,
        interval_ms: 20,
        ..Behaviour::default()
    };
    let fatal = jobs
        .submit(json!({"kind": "llm.chat", "max_attempts": 3, "payload":
            {"llm": PUBLIC, "messages": [{"role": "user", "content": "go on"}], "mock": endless}}))
        .await;
    let mut others = Vec::new();
    for attempt in 1..=3 {
        let what = format!("attempt {attempt} to be with the model");
        until(&what, SOON, async || {
            let job = jobs.job(&fatal).await;
            let is_there = job["status"] == "running" && job["attempts"] == attempt;
            let is_there = is_there && mock.stats().in_flight == 1;
            is_there.then_some(()).ok_or_else(|| job.to_string())
        })
        .await;
        others.push(
            jobs.submit(json!({"kind": "echo", "payload": attempt}))
                .await,
        );
        mcpd.process.kill();
        mcpd.start_again().await;
    }
    let job = jobs.reaches(&fatal, "error", SOON).await;
    assert_eq!(history(&job), ["lease_ended"; 3]);
    let why = job["error"].as_str().unwrap();
    assert!(why.contains("the server"), "{why}");
    let ended = jobs.all_end(&others, SOON).await;
    assert_eq!(ended.get("done"), Some(&3));
    mcpd.at_rest().await;
}
