//! A PostgreSQL that restarts, crashes, hangs up on everybody, is locked, or gives no connection: typed errors
//! meanwhile, full recovery without a restart of mcpd, and nothing lost that was acknowledged.

use rustix::process::Signal;
use std::time::Duration;
use system_tests::cluster::{Mcpd, OwnPostgres, until};
use system_tests::jobs::{Jobs, Load};
use tokio::time::{Instant, sleep};

const SUBMITTERS: usize = 8;
/// Jobs that are accepted before and after each thing that is done to the database.
const SOME: u64 = 40;
const SOON: Duration = Duration::from_secs(30);
/// Shorter than [`SOON`]: a job whose claim is committed while its answer is lost waits for the end of its lease.
const LEASE: (&str, &str) = ("MCPD_JOB_LEASE", "5s");
/// Ends every connection of mcpd's.
const HANG_UP: &str =
    "select pg_terminate_backend(pid) from pg_stat_activity where usename = 'mcpd'";

struct Scene {
    load: Load,
    mcpd: Mcpd,
    postgres: OwnPostgres,
}

impl Scene {
    async fn set() -> Option<Self> {
        let postgres = OwnPostgres::start(&[]).await?;
        let mcpd = Mcpd::start(&[("MCPD_DATABASE_URL", &postgres.url()), LEASE]).await;
        let scene = Self {
            load: Load::start(&Jobs::of(&mcpd), SUBMITTERS),
            mcpd,
            postgres,
        };
        scene.goes_on().await;
        Some(scene)
    }

    /// Some more jobs are accepted.
    async fn goes_on(&self) {
        let before = self.load.accepted();
        until("more jobs to be accepted", SOON, async || {
            let more = self.load.accepted() - before;
            (more >= SOME).then_some(()).ok_or_else(|| more.to_string())
        })
        .await;
    }

    /// Somebody is told that the database is away.
    async fn is_refused(&self) {
        let before = self.load.errors();
        until("a submit to be refused", SOON, async || {
            let more = self.load.errors() - before;
            (more > 0).then_some(()).ok_or_else(|| more.to_string())
        })
        .await;
    }

    fn sql(&self, text: &str) -> String {
        self.postgres
            .sql(text)
            .unwrap_or_else(|why| panic!("{text}: {why}"))
    }
}

#[tokio::test]
async fn a_database_that_restarts_and_crashes_under_load_loses_nothing() {
    let Some(mut scene) = Scene::set().await else {
        return;
    };
    for how in [Signal::INT, Signal::QUIT] {
        scene.postgres.stop(how).await;
        scene.is_refused().await;
        scene.postgres.launch().await;
        scene.goes_on().await;
    }
    let book = scene.load.finish("restarts", SOON).await;
    assert!(!book.errors.is_empty());
    scene.mcpd.at_rest().await;
}

#[tokio::test]
async fn connections_that_are_ended_ten_times_a_second_lose_nothing() {
    let Some(scene) = Scene::set().await else {
        return;
    };
    let end = Instant::now() + Duration::from_secs(3);
    while Instant::now() < end {
        scene.sql(HANG_UP);
        sleep(Duration::from_millis(100)).await;
    }
    scene.goes_on().await;
    scene.load.finish("ended connections", SOON).await;
    scene.mcpd.at_rest().await;
}

#[tokio::test]
async fn a_locked_table_and_a_refused_connection_are_503_until_they_pass() {
    let Some(scene) = Scene::set().await else {
        return;
    };
    // Every connection of the pool waits for the lock, then nobody gets one.
    let lock = "begin; lock table jobs; select pg_sleep(120)";
    let mut holder = scene.postgres.psql(lock).spawn().unwrap();
    scene.is_refused().await;
    scene.sql("select pg_terminate_backend(pid) from pg_stat_activity where query like '%pg_sleep(120)%' and pid <> pg_backend_pid()");
    holder.wait().unwrap();
    scene.goes_on().await;

    scene.sql("alter role mcpd connection limit 0");
    scene.sql(HANG_UP);
    scene.is_refused().await;
    scene.sql("alter role mcpd connection limit -1");
    scene.goes_on().await;
    let book = scene.load.finish("no connection", SOON).await;
    assert!(!book.errors.is_empty());
    scene.mcpd.at_rest().await;
}
