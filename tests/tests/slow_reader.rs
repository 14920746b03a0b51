//! Callers that read nothing, or little, cost the others nothing, and little memory.

use std::time::Duration;
use system_tests::cluster::stage::{ROWS, Stage};
use system_tests::cluster::until;
use system_tests::mock::Behaviour;
use tokio::task::JoinSet;
use tokio::time::Instant;

/// Callers that read as fast as they can.
const FAST: usize = 50;
/// Callers that read nothing.
const SLOW: usize = 4;
/// Between two reads of one that reads a little.
const REST: Duration = Duration::from_millis(200);
/// What all of it may cost each program, in KiB.
const MAX_GROWTH_KIB: u64 = 20 * 1024;

/// About half a MB each.
fn burst() -> Behaviour {
    Behaviour {
        tokens: 4000,
        burst: true,
        ..Behaviour::default()
    }
}

/// Time that the fast ones take.
async fn fast(stage: &Stage, row: &str) -> Duration {
    let began = Instant::now();
    let mut callers = JoinSet::new();
    for _ in 0..FAST {
        let (ask, addr) = (stage.ask(row, true, &burst()), stage.mcpd.addr);
        callers.spawn(async move { ask.whole(addr).await });
    }
    for answer in callers.join_all().await {
        assert!(answer.is_done());
        assert!(answer.bytes.len() > 400_000);
    }
    began.elapsed()
}

#[tokio::test]
async fn one_that_reads_nothing_slows_nobody_and_fills_no_memory() {
    let stage = Stage::start().await;
    let flood = Behaviour {
        tokens: 1_000_000,
        burst: true,
        ..Behaviour::default()
    };
    for row in ROWS {
        // Twice: the first round fills pools and caches.
        fast(&stage, row).await;
        let alone = fast(&stage, row).await;
        let memory = || {
            (
                stage.mcpd.process.memory_kib(),
                stage.local.process.memory_kib(),
            )
        };
        let (server, publisher) = memory();
        let mut unread = Vec::new();
        for _ in 0..SLOW {
            let ask = stage.ask(row, true, &flood);
            unread.push(ask.dispatch(stage.mcpd.addr).await.unwrap());
        }
        // They have sent what fits between the provider and the reader, and stand still.
        until(
            "the floods to stand still",
            Duration::from_secs(20),
            async || {
                let before = stage.mock.stats();
                tokio::time::sleep(Duration::from_millis(500)).await;
                let after = stage.mock.stats();
                let flooding = after.in_flight >= SLOW as u64;
                system_tests::cluster::wait::when(flooding && before.tokens == after.tokens, after)
            },
        )
        .await;
        // One that reads a little from time to time is no different.
        let mut throttled = stage.ask(row, true, &flood).send(stage.mcpd.addr).await;
        let mut resting = JoinSet::from_iter([async move {
            while throttled.next().await.is_some() {
                tokio::time::sleep(REST).await;
            }
        }]);
        let beside = fast(&stage, row).await;
        let memory_now = memory();
        assert!(resting.try_join_next().is_none(), "{row}: it still reads");
        drop(resting);
        drop(unread);
        stage.mcpd.idle(row).await;
        // Others come and go on this machine: the slower of before and after.
        let alone = alone.max(fast(&stage, row).await);
        let allowed = alone * 3 + Duration::from_secs(1);
        assert!(
            beside < allowed,
            "{row}: {beside:?} beside, {alone:?} alone"
        );
        let (server_now, publisher_now) = memory_now;
        assert!(
            server_now < server + MAX_GROWTH_KIB,
            "{row}: mcpd {server} -> {server_now} KiB"
        );
        assert!(
            publisher_now < publisher + MAX_GROWTH_KIB,
            "{row}: mcplocal {publisher} -> {publisher_now} KiB"
        );
    }
    stage
        .aborted(2 * (SLOW as u64 + 1), Duration::from_secs(2))
        .await;
    stage.at_rest_after(FAST).await;
}
