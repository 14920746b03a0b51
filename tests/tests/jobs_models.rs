//! Jobs that ask a model: they wait for one that is away without holding anybody up, never crowd it, stop it when they
//! are canceled, and end when the access token that they run for is gone.

use serde_json::{Value, json};
use std::time::Duration;
use system_tests::cluster::mcplocal::provider;
use system_tests::cluster::stage::{PUBLIC, VIRTUAL};
use system_tests::cluster::{Ask, Mcpd, Mcplocal, figures, until};
use system_tests::jobs::Jobs;
use system_tests::mock::{Behaviour, Mock, Settings};
use tokio::time::Instant;

const SOON: Duration = Duration::from_secs(20);
const WAITING: usize = 20;
/// Requests that the published LLM takes at once.
const SLOTS: u64 = 3;

fn endless() -> Behaviour {
    Behaviour {
        tokens: 100_000,
        interval_ms: 20,
        ..Behaviour::default()
    }
}

fn chat(llm: &str, behaviour: &Behaviour) -> Value {
    json!({"kind": "llm.chat", "payload": {
        "llm": llm, "messages": [{"role": "user", "content": "hello"}], "mock": behaviour,
    }})
}

async fn in_flight(mock: &Mock, count: u64, limit: Duration) {
    until("the provider to be asked or left", limit, async || {
        let stats = mock.stats();
        let is_so = stats.in_flight == count;
        is_so.then_some(()).ok_or_else(|| format!("{stats:?}"))
    })
    .await;
}

#[tokio::test]
async fn the_provider_of_a_canceled_job_is_left_within_a_second() {
    let mcpd = Mcpd::start(&[]).await;
    let mock = Mock::start(Settings::default()).unwrap();
    mcpd.create_public(PUBLIC, &mock.base_url(), json!({}))
        .await;
    let jobs = Jobs::of(&mcpd);
    for never_starts in [false, true] {
        let behaviour = Behaviour {
            never_start: never_starts,
            ..endless()
        };
        let id = jobs.submit(chat(PUBLIC, &behaviour)).await;
        in_flight(&mock, 1, SOON).await;
        let asked = Instant::now();
        jobs.cancel(&id).await;
        in_flight(&mock, 0, Duration::from_secs(1)).await;
        figures(
            "canceled",
            &format!("the provider was left after {:.0?}", asked.elapsed()),
        );
        let job = jobs.reaches(&id, "canceled", Duration::from_secs(2)).await;
        assert_eq!(job["history"][0]["outcome"], "canceled", "{job}");
    }
    assert_eq!(mock.stats().aborted, 2);
    mcpd.at_rest().await;
}

#[tokio::test]
async fn jobs_for_an_offline_llm_hold_no_worker_and_run_when_it_comes_without_crowding_it() {
    let mcpd = Mcpd::start(&[("MCPD_WORKERS", "2")]).await;
    let there = Mock::start(Settings::default()).unwrap();
    let away = Mock::start(Settings::default()).unwrap();
    mcpd.create_public(PUBLIC, &there.base_url(), json!({}))
        .await;
    let token = mcpd.token("box", "alice", &["publisher"]).await;
    let providers = json!([provider(
        VIRTUAL,
        &away.base_url(),
        json!({"maxConcurrency": SLOTS})
    )]);
    let mut local = Mcplocal::start(&mcpd.url(), &token, &providers);
    mcpd.reaches(VIRTUAL, "active", SOON).await;
    local.process.kill();
    mcpd.reaches(VIRTUAL, "inactive", SOON).await;

    let jobs = Jobs::of(&mcpd);
    let slow = Behaviour {
        tokens: 5,
        interval_ms: 20,
        ..Behaviour::default()
    };
    let waiting = jobs.submit_all(&vec![chat(VIRTUAL, &slow); WAITING]).await;
    let last = &waiting[WAITING - 1];
    let mut watcher = jobs.watch(last, None).await.unwrap();
    let place = watcher.until("queued").await.data;
    assert_eq!(place["position"], WAITING - 1, "{place}");
    let why = place["reason"].as_str().unwrap_or_default();
    assert!(why.contains("away") || why.contains("offline"), "{place}");

    // Others are not held up, though there are two workers for all.
    let mut others = jobs
        .submit_all(&vec![chat(PUBLIC, &Behaviour::default()); 5])
        .await;
    others.push(jobs.submit(json!({"kind": "echo", "payload": 1})).await);
    let ended = jobs.all_end(&others, SOON).await;
    assert_eq!(ended.get("done"), Some(&6));
    let standings = jobs.standings(&waiting).await.unwrap();
    assert_eq!(standings.get("queued"), Some(&WAITING), "{standings:?}");
    let job = jobs.job(last).await;
    assert_eq!(job["attempts"], 0, "{job}");

    local.start_again();
    let ended = jobs.all_end(&waiting, SOON).await;
    assert_eq!(ended.get("done"), Some(&WAITING));
    in_flight(&away, 0, SOON).await;
    assert_eq!(
        away.stats().completions,
        WAITING as u64,
        "one was asked twice"
    );
    let most = away.stats().most_in_flight;
    figures("offline", &format!("at most {most} of {SLOTS} at once"));
    assert!(most <= SLOTS, "{most} at once");
    watcher.until("done").await;
    mcpd.at_rest().await;
}

#[tokio::test]
async fn no_more_jobs_run_at_once_than_their_llm_takes() {
    let mcpd = Mcpd::start(&[("MCPD_WORKERS", "16")]).await;
    let mock = Mock::start(Settings::default()).unwrap();
    let slots = json!({"maxConcurrency": SLOTS});
    mcpd.create_public(PUBLIC, &mock.base_url(), slots).await;
    let jobs = Jobs::of(&mcpd);
    let slow = Behaviour {
        tokens: 5,
        interval_ms: 20,
        ..Behaviour::default()
    };
    let ids = jobs.submit_all(&vec![chat(PUBLIC, &slow); WAITING]).await;
    let ended = jobs.all_end(&ids, SOON).await;
    assert_eq!(ended.get("done"), Some(&WAITING));
    in_flight(&mock, 0, SOON).await;
    let stats = mock.stats();
    assert_eq!(stats.completions, WAITING as u64);
    assert_eq!(stats.most_in_flight, SLOTS, "all slots, and no more");
    mcpd.at_rest().await;
}

#[tokio::test]
async fn jobs_of_a_revoked_token_end_in_error_and_say_so() {
    let mcpd = Mcpd::start(&[]).await;
    let mock = Mock::start(Settings::default()).unwrap();
    let token = mcpd.token("app", "alice", &["user"]).await;
    // Nobody has the LLM yet, so the job waits.
    let theirs = Jobs::with(&mcpd, &token);
    let id = theirs.submit(chat(PUBLIC, &Behaviour::default())).await;
    let revoke = Ask::new("DELETE", "/api/v1/tokens/app");
    assert!(mcpd.admin(revoke).await.status < 300);
    mcpd.create_public(PUBLIC, &mock.base_url(), json!({}))
        .await;
    let jobs = Jobs::of(&mcpd);
    let job = jobs.reaches(&id, "error", SOON).await;
    let why = job["error"].as_str().unwrap();
    assert!(why.contains("access token"), "{why}");
    assert_eq!(job["attempts"], 1, "{job}");
    assert_eq!(mock.stats().requests, 0);
    mcpd.at_rest().await;
}

#[tokio::test]
async fn a_server_that_stops_politely_puts_back_what_runs_and_counts_no_attempt() {
    let mut mcpd = Mcpd::start(&[("MCPD_DRAIN_TIMEOUT", "1s")]).await;
    let mock = Mock::start(Settings::default()).unwrap();
    mcpd.create_public(PUBLIC, &mock.base_url(), json!({}))
        .await;
    let jobs = Jobs::of(&mcpd);
    let mut job = chat(PUBLIC, &endless());
    job["max_attempts"] = 1.into();
    let id = jobs.submit(job).await;
    for stops in 1..=2 {
        in_flight(&mock, 1, SOON).await;
        let job = jobs.reaches(&id, "running", SOON).await;
        assert_eq!(
            (&job["attempts"], job["history"].as_array().unwrap().len()),
            (&json!(1), 1)
        );
        mcpd.terminate();
        let status = mcpd.process.end(SOON).await;
        assert!(status.success(), "{status}");
        in_flight(&mock, 0, SOON).await;
        assert_eq!(mock.stats().aborted, stops);
        mcpd.start_again().await;
    }
    in_flight(&mock, 1, SOON).await;
    jobs.cancel(&id).await;
    jobs.reaches(&id, "canceled", SOON).await;
    mcpd.at_rest().await;
}

#[tokio::test]
async fn a_heartbeat_and_a_chunk_of_one_job_do_not_wait_for_each_other() {
    // A heartbeat several times in three seconds, a chunk every tenth of one, so that they meet.
    let mcpd = Mcpd::start(&[("MCPD_JOB_LEASE", "2s")]).await;
    let mock = Mock::start(Settings::default()).unwrap();
    mcpd.create_public(PUBLIC, &mock.base_url(), json!({}))
        .await;
    let jobs = Jobs::of(&mcpd);
    let talkative = Behaviour {
        interval_ms: 3,
        ..endless()
    };
    let ids = jobs.submit_all(&vec![chat(PUBLIC, &talkative); 4]).await;
    in_flight(&mock, 4, SOON).await;
    let began = Instant::now();
    let mut longest = Duration::ZERO;
    while began.elapsed() < Duration::from_secs(8) {
        let asked = Instant::now();
        jobs.submit(json!({"kind": "elsewhere", "payload": null}))
            .await;
        longest = longest.max(asked.elapsed());
    }
    figures(
        "heartbeats and chunks",
        &format!("the longest submit took {longest:.1?}"),
    );
    assert!(longest < Duration::from_secs(3), "{longest:?}");
    for id in &ids {
        assert_eq!(jobs.job(id).await["attempts"], 1);
        jobs.cancel(id).await;
    }
    mcpd.at_rest().await;
}
