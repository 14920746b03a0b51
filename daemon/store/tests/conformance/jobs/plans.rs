//! A claim stays fast however many jobs have ended, wait for an absent LLM, or were claimed while
//! an old snapshot was open.

use std::time::Duration;

use secrecy::ExposeSecret;
use shared::job::MAX_BATCH;

use super::{claim, claim_kinds, complete, job, submit, submit_one, waiting_for};
use crate::support::{Db, run_on_postgres};

on_both!(a_claim_is_fast_among_many_ended_and_many_waiting_jobs);

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

#[test]
fn a_claim_stays_fast_while_an_old_snapshot_is_open() {
    run_on_postgres(async |db: Db| {
        let store::Place::Postgres(url) = &db.config.place else {
            unreachable!("it runs on PostgreSQL");
        };
        let holder = sqlx::PgPool::connect(url.expose_secret()).await.unwrap();
        let mut held = holder.begin().await.unwrap();
        sqlx::query("set transaction isolation level repeatable read")
            .execute(&mut *held)
            .await
            .unwrap();
        sqlx::query("select count(*) from jobs")
            .execute(&mut *held)
            .await
            .unwrap();
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
        held.rollback().await.unwrap();
        holder.close().await;
    });
}
