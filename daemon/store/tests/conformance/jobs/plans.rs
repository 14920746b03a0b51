//! A claim stays fast however many jobs have ended, wait for an absent LLM, or were claimed while
//! an old snapshot was open. The million takes its time to be made, so it is ignored:
//!
//! ```text
//! cargo test -p store --test conformance million -- --ignored --nocapture
//! ```

use std::time::Duration;

use secrecy::ExposeSecret;
use shared::job::MAX_BATCH;

use super::{claim, claim_kinds, complete, job, submit, submit_one, waiting_for};
use crate::support::{Db, open_raw, run_on_postgres, run_on_sqlite};

on_both!(
    a_claim_is_fast_among_many_ended_and_many_waiting_jobs,
    a_claim_stays_fast_while_an_old_snapshot_is_open,
);

/// Far above what a claim takes (a few milliseconds), far below what reading 150,000 rows does on
/// a busy machine.
const FAST: Duration = Duration::from_millis(60);
const CLAIMS: u32 = 20;

/// 100,000 ended jobs and 50,000 that wait, urgently, for an LLM that is away.
const FILL: &str = "insert into jobs (
        id, kind, status, rank, principal, waits_for, delayed, max_attempts, queued_at,
        updated_at, ended_at
    )
    with recursive n (n) as (select 1 union all select n + 1 from n where n < 150000)
    select
        'fill-' || n, 'echo', case when n <= 100000 then 'done' else 'queued' end, -9, 'alice',
        case when n <= 100000 then '' else 'home' end, 0, 3, 1, 1,
        case when n <= 100000 then 1 end
    from n";

/// 100,000 jobs that have ended; again and again.
const ENDED: &str = "insert into jobs (
        id, kind, status, rank, principal, waits_for, delayed, max_attempts, queued_at,
        updated_at, ended_at
    )
    with recursive
        before (jobs) as (select count(*) from jobs),
        n (n) as (select 1 union all select n + 1 from n where n < 100000)
    select
        'old-' || (before.jobs + n), 'echo', 'done', 0, 'alice', '', 0, 3, 1, 1, 1
    from n cross join before";

async fn a_claim_is_fast_among_many_ended_and_many_waiting_jobs(db: Db) {
    db.tamper(FILL).await;
    submit(&db, &vec![waiting_for("echo", "gpt"); MAX_BATCH]).await;
    submit(&db, &vec![job("echo"); MAX_BATCH]).await;
    let began = tokio::time::Instant::now();
    for _ in 0..CLAIMS {
        let claimed = claim_kinds(&db, &["echo", "llm.chat"], &["home"], 5, 1).await;
        assert_eq!(claimed.len(), 5);
    }
    let each = began.elapsed() / CLAIMS;
    assert!(each < FAST, "a claim took {each:?}");
    let waited = db.jobs().waited_for(&["echo"]).await.unwrap();
    assert_eq!(waited, ["gpt", "home"]);
}

async fn a_claim_stays_fast_while_an_old_snapshot_is_open(db: Db) {
    let held = Snapshot::hold(&db).await;
    for _ in 0..20 {
        submit(&db, &vec![job("echo"); MAX_BATCH]).await;
        complete(&db, &claim(&db, MAX_BATCH).await).await;
    }
    let began = tokio::time::Instant::now();
    for _ in 0..CLAIMS {
        submit_one(&db, job("echo")).await;
        assert_eq!(claim(&db, 1).await.len(), 1);
    }
    let each = began.elapsed() / CLAIMS;
    assert!(
        each < FAST,
        "a submit and a claim took {each:?} behind 20,000 dead rows"
    );
    held.release().await;
}

/// A million ended jobs, then 20,000 dead rows more behind an old snapshot: what a claim takes.
async fn measure_under_age(db: Db) {
    for _ in 0..10 {
        db.tamper(ENDED).await;
    }
    let told = |what: &str, took: Duration| {
        println!("{:?}, {what}: {took:.1?} each", db.store);
        assert!(took < FAST, "{what}: {took:?}");
    };
    told(
        "a submit and a claim among a million ended jobs",
        one_by_one(&db).await,
    );
    let held = Snapshot::hold(&db).await;
    for _ in 0..20 {
        submit(&db, &vec![job("echo"); MAX_BATCH]).await;
        complete(&db, &claim(&db, MAX_BATCH).await).await;
    }
    told(
        "the same behind an old snapshot and 20,000 dead rows",
        one_by_one(&db).await,
    );
    held.release().await;
}

async fn one_by_one(db: &Db) -> Duration {
    let began = tokio::time::Instant::now();
    for _ in 0..CLAIMS {
        submit_one(db, job("echo")).await;
        assert_eq!(claim(db, 1).await.len(), 1);
    }
    began.elapsed() / CLAIMS
}

#[test]
#[ignore = "a measurement: it fills a database for a minute"]
fn a_claim_among_a_million_ended_jobs_on_sqlite() {
    run_on_sqlite(measure_under_age);
}

#[test]
#[ignore = "a measurement: it fills a database for a minute"]
fn a_claim_among_a_million_ended_jobs_on_postgresql() {
    run_on_postgres(measure_under_age);
}

/// An old look at the database that somebody keeps: nothing that it sees can be cleaned up.
enum Snapshot {
    Sqlite(sqlx::Transaction<'static, sqlx::Sqlite>, sqlx::SqlitePool),
    Postgres(sqlx::Transaction<'static, sqlx::Postgres>, sqlx::PgPool),
}

impl Snapshot {
    async fn hold(db: &Db) -> Self {
        // It is taken by the first statement that reads.
        let look = "select count(*) from jobs where status = 'queued'";
        match &db.config.place {
            store::Place::DataDir(dir) => {
                let pool = open_raw(dir).await;
                let mut held = pool.begin().await.unwrap();
                sqlx::query(look).execute(&mut *held).await.unwrap();
                Self::Sqlite(held, pool)
            }
            store::Place::Postgres(url) => {
                let pool = sqlx::PgPool::connect(url.expose_secret()).await.unwrap();
                let mut held = pool.begin().await.unwrap();
                let level = "set transaction isolation level repeatable read";
                sqlx::query(level).execute(&mut *held).await.unwrap();
                sqlx::query(look).execute(&mut *held).await.unwrap();
                Self::Postgres(held, pool)
            }
        }
    }

    async fn release(self) {
        match self {
            Self::Sqlite(held, pool) => {
                held.rollback().await.unwrap();
                pool.close().await;
            }
            Self::Postgres(held, pool) => {
                held.rollback().await.unwrap();
                pool.close().await;
            }
        }
    }
}
