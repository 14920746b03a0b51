//! A full disk: submits are refused with a typed error, nothing is lost that was acknowledged, and with room again
//! everything goes on without a restart of mcpd.

use std::time::Duration;
use system_tests::cluster::{Mcpd, OwnPostgres, Scratch, SmallDisk, until};
use system_tests::jobs::{Jobs, Load};

const SUBMITTERS: usize = 4;
const SOME: u64 = 40;
const SOON: Duration = Duration::from_secs(30);
/// Shorter than [`SOON`]: a job whose claim is committed while its answer is lost waits for the end of its lease.
const LEASE: (&str, &str) = ("MCPD_JOB_LEASE", "5s");
/// Refusals that are waited for.
const REFUSALS: u64 = 20;

async fn goes_on(load: &Load) {
    let before = load.accepted();
    until("more jobs to be accepted", SOON, async || {
        let more = load.accepted() - before;
        (more >= SOME).then_some(()).ok_or_else(|| more.to_string())
    })
    .await;
}

async fn is_refused(load: &Load, mut meanwhile: impl FnMut()) {
    until("submits to be refused", SOON, async || {
        meanwhile();
        let refused = load.errors();
        (refused >= REFUSALS)
            .then_some(())
            .ok_or_else(|| format!("{refused}, accepted {}", load.accepted()))
    })
    .await;
}

#[tokio::test]
async fn a_full_disk_under_sqlite_is_a_503_until_there_is_room() {
    let dir = Scratch::new("disk");
    let Some(disk) = SmallDisk::mount(dir.path(), 24) else {
        return;
    };
    let path = disk.path().display().to_string();
    let mcpd = Mcpd::start(&[("MCPD_DATA_DIR", &path), LEASE]).await;
    let load = Load::start(&Jobs::of(&mcpd), SUBMITTERS);
    goes_on(&load).await;
    // What SQLite has taken already it goes on to use.
    is_refused(&load, || disk.fill()).await;
    disk.free();
    goes_on(&load).await;
    let book = load.finish("a full disk under SQLite", SOON).await;
    assert!(!book.errors.is_empty());
    mcpd.at_rest().await;
}

#[tokio::test]
async fn a_full_disk_under_postgresql_is_a_503_until_there_is_room() {
    let mut disk = None;
    let options = ["max_wal_size=32MB", "min_wal_size=32MB"];
    let postgres = OwnPostgres::start_in(&options, |room| disk = SmallDisk::mount(room, 160)).await;
    let (Some(mut postgres), Some(disk)) = (postgres, disk) else {
        return;
    };
    let mcpd = Mcpd::start(&[("MCPD_DATABASE_URL", &postgres.url()), LEASE]).await;
    let load = Load::start(&Jobs::of(&mcpd), SUBMITTERS);
    goes_on(&load).await;
    is_refused(&load, || disk.fill()).await;
    disk.free();
    let before = load.accepted();
    until("more jobs to be accepted", SOON, async || {
        // Without room for its own log it gives up, now or in a moment.
        if !postgres.is_alive() {
            postgres.launch().await;
        }
        let more = load.accepted() - before;
        (more >= SOME).then_some(()).ok_or_else(|| more.to_string())
    })
    .await;
    let book = load.finish("a full disk under PostgreSQL", SOON).await;
    assert!(!book.errors.is_empty());
    mcpd.at_rest().await;
}
