//! Providers that sleep: offered asleep, woken once, put to sleep when nobody uses them.

use std::time::Duration;

use serde_json::{Value, json};
use shared::channel::{Frame, Offer, Wake};
use shared::llm::Phase;
use shared::local_control::Wakefulness;
use tokio::sync::watch;

use crate::fake_mcpd::{Ended, FakeMcpd, PATIENCE, Seen};
use crate::fake_provider::{FakeProvider, GATED, PIECES, WHOLE, forgetful};
use crate::fixture::Fixture;
use crate::ports::free_address;

fn http_wake() -> Value {
    json!({"http": {"url": "http://$PROVIDER/wake", "headers": {"x-key": "canary"}}})
}

fn http_sleep() -> Value {
    json!({"http": {"url": "http://$PROVIDER/sleep"}})
}

/// A provider that sleeps from the start and is woken by `wake`.
async fn asleep(wake: Value) -> Fixture {
    let more = json!({"p": {"wake": wake}});
    let it = Fixture::start_beside(more, |_, provider| {
        provider.change(|seen| seen.asleep = true);
    });
    let it = it.await;
    it.mcpd.connected(1).await;
    it
}

/// How long a provider of [`soon_idle`] is awake without work.
const IDLE: Duration = Duration::from_secs(3);

/// A provider that is awake and sleeps after [`IDLE`]; it and the server are prepared first.
async fn soon_idle(prepare: impl FnOnce(&FakeMcpd, &FakeProvider)) -> Fixture {
    let idle = format!("{}s", IDLE.as_secs());
    let p = json!({"wake": http_wake(), "sleep": http_sleep(), "idleTimeout": idle});
    let it = Fixture::start_beside(json!({"p": p}), prepare).await;
    it.mcpd.connected(1).await;
    it
}

async fn wake(it: &Fixture) {
    let llm = "p".parse().unwrap();
    it.mcpd.say(Frame::Wake(Wake { llm })).await;
}

/// The offer of now, in the server's eyes.
fn offer(seen: &Seen) -> Option<&Offer> {
    seen.registers.last()?.providers.first()
}

async fn offered(it: &Fixture, status: Option<Phase>) {
    let found = |seen: &Seen| (offer(seen)?.status == status).then_some(());
    it.mcpd
        .wait(&format!("an offer as {status:?}"), found)
        .await;
}

async fn is(it: &Fixture, wakefulness: Wakefulness) {
    let found = |p: &shared::local_control::Provider| p.wakefulness == Some(wakefulness);
    it.wait_status(|status| found(status.providers.first()?).then_some(()))
        .await;
}

#[tokio::test]
async fn what_sleeps_is_offered_as_hibernating_and_polls_do_not_wake_it() {
    let it = asleep(http_wake()).await;
    let offer = it.mcpd.look(|seen| offer(seen).cloned()).unwrap();
    assert_eq!(offer.status, Some(Phase::Hibernating));
    assert_eq!(offer.wake_timeout.unwrap().to_string(), "2m");
    assert_eq!((&*offer.model, offer.tier.as_deref()), ("m", Some("fast")));
    let beat = it.mcpd.look(|seen| seen.heartbeats[0].clone());
    assert!(!beat.providers[0].ready && beat.providers[0].wake_failed.is_none());
    is(&it, Wakefulness::Asleep).await;
    // Many polls later.
    tokio::time::pause();
    it.mcpd
        .wait_long("many polls", |_| {
            (it.provider.seen.lock().unwrap().polls >= 8).then_some(())
        })
        .await;
    tokio::time::resume();
    assert_eq!(it.provider.seen.lock().unwrap().wakes, 0);
    is(&it, Wakefulness::Asleep).await;
}

#[tokio::test]
async fn ten_wakes_run_the_recipe_once_and_the_offer_says_that_it_is_awake() {
    let it = asleep(http_wake()).await;
    for _ in 0..10 {
        wake(&it).await;
    }
    offered(&it, None).await;
    is(&it, Wakefulness::Awake).await;
    wake(&it).await;
    it.mcpd.task("t1", false, Some("{}")).await;
    let (_, body) = it.mcpd.upload("t1", Ended::Cleanly).await;
    assert_eq!(body, WHOLE);
    assert_eq!(it.provider.seen.lock().unwrap().wakes, 1);
    assert_eq!(it.mcpd.look(|seen| seen.channels), 1, "on the same channel");
}

#[tokio::test]
async fn a_request_for_what_sleeps_wakes_it_and_waits() {
    let it = asleep(http_wake()).await;
    for id in ["t1", "t2", "t3"] {
        it.mcpd.task(id, false, Some("{}")).await;
    }
    for id in ["t1", "t2", "t3"] {
        let (_, body) = it.mcpd.upload(id, Ended::Cleanly).await;
        assert_eq!(body, WHOLE);
    }
    assert_eq!(it.provider.seen.lock().unwrap().wakes, 1);
}

#[tokio::test]
async fn a_request_waits_no_longer_than_its_deadline() {
    // It returns, and the provider sleeps on.
    let it = asleep(json!({"command": ["true"]})).await;
    it.mcpd.task_within("t1", false, Some("{}"), 3_000).await;
    let in_flight = |count| {
        it.wait_status(move |status| (status.providers[0].in_flight == count).then_some(()))
    };
    in_flight(1).await;
    is(&it, Wakefulness::Waking).await;
    in_flight(0).await;
    assert!(it.provider.seen.lock().unwrap().bodies.is_empty());
}

#[tokio::test]
async fn a_request_that_finds_nobody_wakes_it_and_is_sent_again() {
    let (address, serving) = forgetful(free_address()).await;
    let p = json!({"url": format!("http://{address}/v1"), "wake": http_wake()});
    let it = Fixture::connected_with(json!({"p": p})).await;
    is(&it, Wakefulness::Awake).await;
    serving.shut_down(Duration::ZERO).await;
    it.mcpd.task("t1", false, Some("{}")).await;
    it.provider.wait("a wake", |seen| seen.wakes == 1).await;
    let (_, _serving) = forgetful(address).await;
    it.mcpd.upload("t1", Ended::Cleanly).await;
    is(&it, Wakefulness::Awake).await;
    offered(&it, None).await;
}

#[tokio::test]
async fn a_recipe_that_fails_says_why_at_once_and_once() {
    let script = "echo starting; echo no power >&2; exit 3";
    let it = asleep(json!({"command": ["sh", "-c", script]})).await;
    let failures = |seen: &Seen| {
        let said = seen.heartbeats.iter().flat_map(|beat| &beat.providers);
        let why: Vec<_> = said.filter_map(|p| p.wake_failed.clone()).collect();
        why
    };
    // What it printed is its owner's alone.
    let told = "its command ended with exit status: 3";
    wake(&it).await;
    let found = |seen: &Seen| (failures(seen) == [told]).then_some(());
    it.mcpd.wait("the reason", found).await;
    let beats = it.mcpd.look(|seen| seen.heartbeats.len());
    it.mcpd.ping(7).await;
    let more = |seen: &Seen| (seen.heartbeats.len() > beats).then(|| failures(seen));
    assert_eq!(it.mcpd.wait("another heartbeat", more).await, [told]);
    is(&it, Wakefulness::Asleep).await;
    let message = it.status().await.providers[0].message.clone().unwrap();
    assert!(message.contains("no power"), "{message}");
    // A request hears it, too; and each new wake is a new attempt.
    it.mcpd.task("t1", false, Some("{}")).await;
    let error = it.mcpd.result("t1").await[0].error.clone().unwrap();
    assert_eq!(error.status, Some(503));
    assert!(error.message.contains(told), "{}", error.message);
    assert!(!error.message.contains("no power"), "{}", error.message);
    it.mcpd
        .wait("the reason again", |seen| {
            (failures(seen).len() == 2).then_some(())
        })
        .await;
}

#[tokio::test]
async fn what_is_idle_is_offered_as_hibernating_before_it_sleeps() {
    let (open, held) = watch::channel(false);
    let it = soon_idle(|mcpd, _| mcpd.behave(|manner| manner.hold_hibernating = Some(held))).await;
    let first = it.mcpd.look(|seen| seen.registers[0].providers[0].status);
    assert_eq!(first, None);
    offered(&it, Some(Phase::Hibernating)).await;
    is(&it, Wakefulness::FallingAsleep).await;
    assert_eq!(it.provider.seen.lock().unwrap().sleeps, 0, "not told yet");
    open.send_replace(true);
    it.provider.wait("sleeping", |seen| seen.sleeps == 1).await;
    is(&it, Wakefulness::Asleep).await;
    wake(&it).await;
    offered(&it, None).await;
    assert_eq!(it.provider.seen.lock().unwrap().wakes, 1);
}

#[tokio::test]
async fn a_request_that_runs_keeps_it_awake() {
    let it = soon_idle(|_, _| ()).await;
    it.mcpd
        .task("t1", true, Some(&format!(r#"{{"x":"{GATED}"}}"#)))
        .await;
    it.provider.asked(1).await;
    // Longer than it may be idle.
    tokio::time::sleep(IDLE + Duration::from_secs(1)).await;
    is(&it, Wakefulness::Awake).await;
    it.provider.gate.send_replace(true);
    let (_, body) = it.mcpd.upload("t1", Ended::Cleanly).await;
    assert_eq!(body, PIECES[0]);
    assert_eq!(it.provider.seen.lock().unwrap().sleeps, 0);
    it.provider.wait("sleeping", |seen| seen.sleeps == 1).await;
}

#[tokio::test]
async fn a_wake_while_it_falls_asleep_is_honoured_after() {
    let it = soon_idle(|_, provider| {
        provider.sleep_gate.send_replace(false);
    })
    .await;
    it.provider.wait("sleeping", |seen| seen.sleeps == 1).await;
    wake(&it).await;
    it.mcpd.task("t1", false, Some("{}")).await;
    let waits = |count: u32| {
        move |s: &shared::local_control::Status| (s.providers[0].in_flight == count).then_some(())
    };
    it.wait_status(waits(1)).await;
    assert_eq!(it.provider.seen.lock().unwrap().wakes, 0);
    it.provider.sleep_gate.send_replace(true);
    it.mcpd.upload("t1", Ended::Cleanly).await;
    assert_eq!(it.provider.seen.lock().unwrap().wakes, 1);
}

#[tokio::test]
async fn a_stop_kills_the_recipe_that_runs_and_ends_those_who_wait() {
    let file = std::env::temp_dir().join(format!("mcplocal-recipe-{}", std::process::id()));
    let script = format!(
        "echo $$ > {0}.new; mv {0}.new {0}; exec sleep 600",
        file.display()
    );
    let it = asleep(json!({"command": ["sh", "-c", script]})).await;
    it.mcpd.task("t1", false, Some("{}")).await;
    let started = async {
        loop {
            match std::fs::read_to_string(&file) {
                Ok(pid) => return pid.trim().to_owned(),
                Err(_) => tokio::time::sleep(Duration::from_millis(5)).await,
            }
        }
    };
    let pid = tokio::time::timeout(PATIENCE, started).await.unwrap();
    std::fs::remove_file(&file).unwrap();
    let stopped = tokio::time::timeout(PATIENCE, it.lifecycle.shut_down(PATIENCE));
    assert!(stopped.await.unwrap(), "it ends by itself");
    let error = it.mcpd.result("t1").await[0].error.clone().unwrap();
    assert_eq!(error.code.as_deref(), Some("provider_offline"));
    let dead = async {
        let stat = format!("/proc/{pid}/stat");
        while std::fs::read_to_string(&stat).is_ok_and(|stat| !stat.contains(") Z ")) {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(PATIENCE, dead).await.unwrap();
}

#[tokio::test]
async fn a_recipe_that_is_wrong_disables_its_entry_and_says_which_field() {
    let p = json!({"wake": {"command": "systemctl start x"}});
    let it = Fixture::start(json!({"p": p})).await;
    let problem = it
        .wait_status(|status| status.problems.first().cloned())
        .await;
    let expected = "provider `p`: field `wake`: `command`: write the program";
    assert!(problem.contains(expected), "{problem}");
    assert!(it.status().await.providers.is_empty());
}
