//! What only a server can do to us: go away and come back.

use crate::support::{Db, at, name, public, run_on_postgres};

#[test]
fn a_store_recovers_from_broken_connections_without_being_opened_again() {
    run_on_postgres(async |db: Db| {
        let mut busy = tokio::task::JoinSet::new();
        for n in 0..8 {
            let store = db.store.clone();
            busy.spawn(async move {
                let row = public(&format!("llm{n}"));
                store.llms().insert(&row, at(0)).await.unwrap();
            });
        }
        busy.join_all().await;
        db.tamper(
            "select pg_terminate_backend(pid) from pg_stat_activity
            where datname = current_database() and pid <> pg_backend_pid()",
        )
        .await;
        for n in 0..8 {
            let row = db.llms().find(&name(&format!("llm{n}"))).await;
            assert!(row.unwrap().is_some());
        }
        db.ping().await.unwrap();
        db.llms().insert(&public("after"), at(1)).await.unwrap();
    });
}

#[test]
fn a_lock_that_is_never_given_is_an_unavailable_database_and_not_a_hang() {
    run_on_postgres(async |db: Db| {
        let store::Place::Postgres(url) = &db.config.place else {
            unreachable!("it runs on PostgreSQL");
        };
        use secrecy::ExposeSecret;
        let holder = sqlx::PgPool::connect(url.expose_secret()).await.unwrap();
        let mut held = holder.begin().await.unwrap();
        sqlx::query("lock table llms")
            .execute(&mut *held)
            .await
            .unwrap();
        let refused = db.llms().insert(&public("gpt"), at(0)).await.unwrap_err();
        assert!(refused.retryable(), "{refused:?}");
        assert!(
            refused.to_string().contains("a lock was not given in time"),
            "{refused}"
        );
        held.rollback().await.unwrap();
        holder.close().await;
        db.llms().insert(&public("gpt"), at(0)).await.unwrap();
    });
}
