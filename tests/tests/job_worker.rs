//! `mcpctl worker`: commands of the user's own run jobs, and neither a crash, a pause nor a restart loses or doubles
//! a result.

use rustix::process::Signal;
use serde_json::{Value, json};
use std::time::Duration;
use system_tests::cluster::worker::gone;
use system_tests::cluster::{Ask, Mcpd, Worker, mcpctl};

/// A bounded wait for anything that should come at once, on a busy machine.
const SOON: Duration = Duration::from_secs(15);
/// A lease that a test can outwait.
const SHORT: [&str; 2] = ["--lease", "2s"];

/// A server that leaves all jobs to workers, and a token for them.
async fn stage() -> (Mcpd, String) {
    let mcpd = Mcpd::start(&[("MCPD_WORKERS", "0")]).await;
    let token = mcpd.token("box", "team", &["worker"]).await;
    (mcpd, token)
}

fn one(kind: &str) -> Value {
    json!({"kind": kind, "payload": {"n": 1}, "max_attempts": 1})
}

/// Runs one job to its end, by a worker of its own.
async fn once(mcpd: &Mcpd, token: &str, exec: &str) -> (Worker, Option<i32>) {
    let args = ["--kinds", "t", "--once", "--exec", exec];
    let mut worker = Worker::start(mcpd, token, &args);
    let code = worker.process.end(SOON).await.code();
    (worker, code)
}

#[tokio::test]
async fn a_payload_comes_out_as_it_went_in_and_the_command_knows_its_job_but_no_token() {
    let (mcpd, token) = stage().await;
    let payload = r#"{"b": 1.0e2, "a":[12345678901234567890123, "ü\u0041"]}"#;
    let body = format!(r#"{{"kind":"t","payload":{payload},"labels":{{"l":"v"}}}}"#);
    let id = mcpd.submit(&body).await;
    let (_, code) = once(&mcpd, &token, "cat").await;
    assert_eq!(code, Some(0));
    let shown = mcpd.admin(Ask::get(&format!("/v1/jobs/{id}"))).await.text();
    assert!(shown.contains(&format!(r#""result":{payload}"#)), "{shown}");

    let id = mcpd.submit(&body).await;
    once(&mcpd, &token, "env").await;
    let job = mcpd.job(&id).await;
    let env = job["result"].as_str().unwrap();
    for line in [
        &*format!("MCPCTL_JOB_ID={id}"),
        "MCPCTL_JOB_KIND=t",
        "MCPCTL_JOB_ATTEMPT=1",
        "MCPCTL_JOB_MAX_ATTEMPTS=3",
        r#"MCPCTL_JOB_LABELS={"l":"v"}"#,
    ] {
        assert!(env.lines().any(|seen| seen == line), "{line}: {env}");
    }
    assert!(!env.contains("TOKEN") && !env.contains(&token), "{env}");
    mcpd.at_rest().await;
}

#[tokio::test]
async fn a_command_that_fails_says_why_and_whether_to_try_again() {
    let (mcpd, token) = stage().await;
    let id = mcpd.submit(one("t")).await;
    let (worker, code) = once(&mcpd, &token, "echo the reason >&2; exit 3").await;
    assert_eq!(code, Some(1));
    assert!(worker.process.log().contains("the reason"));
    let job = mcpd.job(&id).await;
    assert_eq!(job["status"], "error");
    assert_eq!(
        job["error"],
        "the command failed with exit code 3:\nthe reason"
    );

    let again = json!({"kind": "t", "payload": null});
    let id = mcpd.submit(&again).await;
    once(&mcpd, &token, "exit 65").await;
    let job = mcpd.job(&id).await;
    assert_eq!(
        (&job["status"], &job["attempts"]),
        (&json!("error"), &json!(1))
    );

    let id = mcpd.submit(&again).await;
    once(&mcpd, &token, "kill -SEGV $$").await;
    let job = mcpd.job(&id).await;
    assert_eq!(job["status"], "queued");
    assert!(job["error"].as_str().unwrap().contains("SIGSEGV"), "{job}");
    mcpd.at_rest().await;
}

#[tokio::test]
async fn output_without_end_and_time_without_end_have_an_end() {
    let (mcpd, token) = stage().await;
    let id = mcpd.submit(one("t")).await;
    once(&mcpd, &token, "yes").await;
    let job = mcpd.job(&id).await;
    assert!(job["error"].as_str().unwrap().contains("4 MiB"), "{job}");

    let id = mcpd.submit(one("t")).await;
    let exec = "echo $$ > pid; echo 1; sleep 1000";
    let args = ["--kinds", "t", "--once", "--timeout", "2s", "--exec", exec];
    let mut worker = Worker::start(&mcpd, &token, &args);
    assert_eq!(worker.process.end(SOON).await.code(), Some(1));
    let job = mcpd.job(&id).await;
    let error = job["error"].as_str().unwrap();
    assert!(error.contains("longer than 2s"), "{job}");
    gone(worker.pid_in("pid", SOON).await, SOON).await;
    mcpd.at_rest().await;
}

#[tokio::test]
async fn what_a_command_leaves_behind_ends_with_it_and_holds_nothing_up() {
    let (mcpd, token) = stage().await;
    let id = mcpd.submit(one("t")).await;
    let (worker, code) = once(&mcpd, &token, "sleep 1000 & echo $! > pid; echo ready").await;
    assert_eq!(code, Some(0));
    assert_eq!(mcpd.job(&id).await["result"], "ready");
    gone(worker.pid_in("pid", SOON).await, SOON).await;
    mcpd.at_rest().await;
}

#[tokio::test]
async fn progress_appears_in_the_stream_and_the_last_of_it_before_the_end() {
    let (mcpd, token) = stage().await;
    let id = mcpd.submit(one("t")).await;
    let exec = r#"i=0; while [ $i -lt 200 ]; do i=$((i+1)); echo "progress $i/200 step" >&2; done
        echo '{"done": 200, "total": 200, "message": "the last"}' >&2; echo 1"#;
    once(&mcpd, &token, exec).await;
    let stream = Ask::get(&format!("/v1/jobs/{id}/stream"));
    let stream = mcpd.admin(stream).await.text();
    let told = stream.matches("event: progress").count();
    assert!((1..10).contains(&told), "{stream}");
    let last = stream.find(r#""message":"the last""#).expect(&stream);
    assert!(last < stream.find("event: done").expect(&stream));
    mcpd.at_rest().await;
}

#[tokio::test]
async fn a_canceled_job_ends_with_all_its_processes() {
    let (mcpd, token) = stage().await;
    let id = mcpd.submit(one("t")).await;
    // Neither of the two ends when it is asked to.
    let exec = "trap '' TERM; sh -c 'echo $$ > pid; exec sleep 1000' & wait; sleep 1000";
    let args = ["--kinds", "t", "--grace", "500ms", "--exec", exec];
    let worker = Worker::start(&mcpd, &token, &[&args[..], &SHORT].concat());
    let pid = worker.pid_in("pid", SOON).await;
    mcpd.admin_ok(Ask::post(&format!("/v1/jobs/{id}/cancel"), ""))
        .await;
    gone(pid, Duration::from_secs(5)).await;
    mcpd.job_is(&id, "canceled", SOON).await;
    worker.says("canceled after", SOON).await;
    mcpd.at_rest().await;
}

#[tokio::test]
async fn a_worker_that_is_killed_takes_its_commands_along_and_another_has_the_job() {
    let (mcpd, token) = stage().await;
    let job = json!({"kind": "t", "payload": null});
    let id = mcpd.submit(&job).await;
    let exec = "sleep 1000 & echo $! > pid; wait";
    let args = ["--kinds", "t", "--exec", exec];
    let mut worker = Worker::start(&mcpd, &token, &[&args[..], &SHORT].concat());
    let pid = worker.pid_in("pid", SOON).await;
    worker.process.kill();
    gone(pid, SOON).await;
    let args = ["--kinds", "t", "--exec", "echo $MCPCTL_JOB_ATTEMPT"];
    let _other = Worker::start(&mcpd, &token, &args);
    let job = mcpd.job_is(&id, "done", SOON).await;
    assert_eq!((&job["result"], &job["attempts"]), (&json!(2), &json!(2)));
    mcpd.at_rest().await;
}

#[tokio::test]
async fn a_worker_that_slept_past_its_lease_hears_that_its_result_is_too_late_and_goes_on() {
    let (mcpd, token) = stage().await;
    let job = json!({"kind": "t", "payload": null});
    let id = mcpd.submit(&job).await;
    let exec = "if [ $MCPCTL_JOB_ATTEMPT = 1 ]; then echo $$ > pid; until [ -e go ]; do sleep 0.05; done; fi
        echo \"by $MCPCTL_JOB_ATTEMPT\"";
    let args = ["--kinds", "t", "--exec", exec];
    let args = [&args[..], &SHORT].concat();
    let first = Worker::start(&mcpd, &token, &args);
    let pid = first.pid_in("pid", SOON).await;
    first.process.freeze();
    let mut second = Worker::start(&mcpd, &token, &args);
    let done = mcpd.job_is(&id, "done", SOON).await;
    assert_eq!(done["result"], "by 2");
    second.process.kill();
    // Its command ends well, and nobody reads that before the worker runs again.
    first.touch("go");
    gone(pid, SOON).await;
    first.process.thaw();
    first.says("lost after", SOON).await;
    assert_eq!(mcpd.job(&id).await["result"], "by 2");
    let next = mcpd.submit(&job).await;
    let next = mcpd.job_is(&next, "done", SOON).await;
    assert_eq!(next["result"], "by 1");
    mcpd.at_rest().await;
}

#[tokio::test]
async fn a_lost_lease_ends_a_command_that_still_runs() {
    let (mcpd, token) = stage().await;
    let id = mcpd.submit(json!({"kind": "t", "payload": null})).await;
    let exec = "echo $$ > pid; sleep 1000";
    let args = ["--kinds", "t", "--exec", exec];
    let first = Worker::start(&mcpd, &token, &[&args[..], &SHORT].concat());
    let pid = first.pid_in("pid", SOON).await;
    first.process.freeze();
    let args = ["--kinds", "t", "--exec", "echo 2"];
    let _second = Worker::start(&mcpd, &token, &args);
    mcpd.job_is(&id, "done", SOON).await;
    first.process.thaw();
    gone(pid, SOON).await;
    first.says("lost after", SOON).await;
    mcpd.at_rest().await;
}

#[tokio::test]
async fn a_result_outlives_a_restart_of_the_server() {
    let (mut mcpd, token) = stage().await;
    let id = mcpd.submit(one("t")).await;
    let exec = "echo $$ > pid; until [ -e go ]; do sleep 0.05; done; echo '\"kept\"'";
    let args = ["--kinds", "t", "--exec", exec];
    let worker = Worker::start(&mcpd, &token, &args);
    worker.pid_in("pid", SOON).await;
    mcpd.process.kill();
    worker.touch("go");
    worker.says("its result is kept", SOON).await;
    mcpd.start_again().await;
    let job = mcpd.job_is(&id, "done", SOON).await;
    assert_eq!(
        (&job["result"], &job["attempts"]),
        (&json!("kept"), &json!(1))
    );
    // And it takes the next one, under the id that it had.
    let next = mcpd.submit(one("t")).await;
    mcpd.job_is(&next, "done", SOON).await;
    let workers = mcpd.admin_ok(Ask::get("/v1/workers")).await;
    assert_eq!(workers["workers"].as_array().unwrap().len(), 1, "{workers}");
    mcpd.at_rest().await;
}

#[tokio::test]
async fn the_first_signal_lets_jobs_finish_and_takes_no_more() {
    let (mcpd, token) = stage().await;
    let mut ids = Vec::new();
    for _ in 0..3 {
        ids.push(mcpd.submit(one("t")).await);
    }
    let exec = "echo $$ > pid; until [ -e go ]; do sleep 0.05; done";
    let args = ["--kinds", "t", "--concurrency", "2", "--exec", exec];
    let mut worker = Worker::start(&mcpd, &token, &args);
    for id in &ids[..2] {
        mcpd.job_is(id, "running", SOON).await;
    }
    worker.pid_in("pid", SOON).await;
    worker.process.signal(Signal::INT);
    worker.says("2 jobs will be finished", SOON).await;
    worker.touch("go");
    assert_eq!(worker.process.end(SOON).await.code(), Some(0));
    for (id, status) in ids.iter().zip(["done", "done", "queued"]) {
        assert_eq!(mcpd.job(id).await["status"], status);
    }
    mcpd.at_rest().await;
}

#[tokio::test]
async fn the_second_signal_stops_commands_and_gives_their_jobs_back() {
    for (signal, code) in [(Signal::INT, 130), (Signal::TERM, 143)] {
        let (mcpd, token) = stage().await;
        let id = mcpd.submit(json!({"kind": "t", "payload": null})).await;
        let exec = "trap '' TERM; echo $$ > pid; sleep 1000; sleep 1000";
        let args = ["--kinds", "t", "--grace", "300ms", "--exec", exec];
        let mut worker = Worker::start(&mcpd, &token, &args);
        let pid = worker.pid_in("pid", SOON).await;
        worker.process.signal(signal);
        worker.says("1 job will be finished", SOON).await;
        worker.process.signal(signal);
        assert_eq!(worker.process.end(SOON).await.code(), Some(code));
        gone(pid, SOON).await;
        let job = mcpd.job(&id).await;
        assert_eq!(job["status"], "queued", "{job}");
        assert!(job["error"].as_str().unwrap().contains("told to stop"));
        mcpd.at_rest().await;
    }
}

#[tokio::test]
async fn a_drain_ends_with_the_queue_and_prints_a_line_for_each_job() {
    let (mcpd, _) = stage().await;
    let none = mcpctl(
        &mcpd,
        &["worker", "--kinds", "t", "--once", "--exec", "cat"],
    )
    .await;
    assert_eq!(none.code, Some(0), "{none:?}");
    assert!(none.stderr.contains("No job of these kinds is queued"));
    for n in 0..20 {
        mcpd.submit(json!({"kind": "t", "payload": n, "max_attempts": 1}))
            .await;
    }
    let args = "worker --kinds t --drain --concurrency 4 -o json -q -- sh -c";
    let mut args: Vec<&str> = args.split(' ').collect();
    args.push("read n; test $n != 7");
    let ran = mcpctl(&mcpd, &args).await;
    assert_eq!(ran.code, Some(1), "{ran:?}");
    let read = |line| serde_json::from_str::<Value>(line).unwrap();
    let records: Vec<Value> = ran.stdout.lines().map(read).collect();
    let count = |outcome| {
        let those = records.iter().filter(|record| record["outcome"] == outcome);
        those.count()
    };
    assert_eq!((count("done"), count("failed")), (19, 1), "{ran:?}");
    assert_eq!(ran.stderr.lines().count(), 1, "a warning alone: {ran:?}");
    mcpd.at_rest().await;
}

#[tokio::test]
async fn a_wrong_role_and_a_wrong_command_say_what_to_try() {
    let (mcpd, token) = stage().await;
    let user = mcpd.token("person", "alice", &["user"]).await;
    let args = ["--kinds", "t", "--exec", "cat"];
    let mut worker = Worker::start(&mcpd, &user, &args);
    assert_eq!(worker.process.end(SOON).await.code(), Some(4));
    let log = worker.process.log();
    assert!(
        log.contains("mcpctl create token NAME --role worker"),
        "{log}"
    );

    let id = mcpd.submit(json!({"kind": "t", "payload": null})).await;
    let args = ["--kinds", "t", "--", "no-such-program"];
    let mut worker = Worker::start(&mcpd, &token, &args);
    assert_eq!(worker.process.end(SOON).await.code(), Some(1));
    let log = worker.process.log();
    assert!(
        log.contains("try:") && log.contains("no-such-program"),
        "{log}"
    );
    assert_eq!(mcpd.job(&id).await["attempts"], 1);
    mcpd.at_rest().await;
}
