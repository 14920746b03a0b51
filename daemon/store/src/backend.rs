//! The two databases behind one set of statements.
//!
//! A statement is written once, in a closure-like body, and [`on_read`], [`on_write`],
//! [`on_write_many`] and [`in_tx`] compile it for both:
//!
//! ```text
//! let row = on_read!(self.store, |pool| {
//!     sqlx::query_as::<_, Row>("select ... where name = $1").bind(name).fetch_optional(pool).await
//! })?;
//! ```

use sqlx::{PgPool, Postgres, SqlitePool, Transaction};

/// An open database.
#[derive(Debug)]
pub(crate) enum Backend {
    /// `read` has a few connections that can't write; `write` has exactly one, so writers queue
    /// here instead of failing with "database is locked".
    Sqlite { read: SqlitePool, write: SqlitePool },
    /// One pool for both.
    Postgres(PgPool),
}

/// Runs a statement that only reads.
macro_rules! on_read {
    ($store:expr, |$pool:ident| $body:expr) => {
        match $store.backend() {
            $crate::backend::Backend::Sqlite { read: $pool, .. } => $body,
            $crate::backend::Backend::Postgres($pool) => $body,
        }
    };
}

/// Runs one statement that writes; it is its own transaction.
macro_rules! on_write {
    ($store:expr, |$pool:ident| $body:expr) => {
        match $store.backend() {
            $crate::backend::Backend::Sqlite { write: $pool, .. } => $body,
            $crate::backend::Backend::Postgres($pool) => $body,
        }
    };
}

/// Runs one statement that writes several rows, which must not meet another of its kind halfway:
/// two that lock the same rows in another order would wait for each other. So it takes its turn
/// like [`in_tx`].
macro_rules! on_write_many {
    ($store:expr, |$db:ident| $body:expr) => {
        match $store.backend() {
            $crate::backend::Backend::Sqlite { write: $db, .. } => $body,
            $crate::backend::Backend::Postgres(pool) => {
                async {
                    let mut tx = $crate::backend::begin_in_turn(pool).await?;
                    let $db = &mut *tx;
                    let outcome = $body?;
                    tx.commit().await?;
                    Ok::<_, sqlx::Error>(outcome)
                }
                .await
            }
        }
    };
}

/// Runs several statements as one transaction and commits. An early return rolls back.
///
/// Transactions of this kind run one after the other on both databases: SQLite takes its write
/// lock at `begin immediate` (a deferred one that upgrades fails at once, whatever the timeout),
/// PostgreSQL an advisory lock. They are rare and short, and so can't deadlock.
macro_rules! in_tx {
    ($store:expr, |$tx:ident| $body:expr) => {
        match $store.backend() {
            $crate::backend::Backend::Sqlite { write, .. } => {
                let mut $tx = write.begin_with("begin immediate").await?;
                let outcome = $body;
                $tx.commit().await?;
                outcome
            }
            $crate::backend::Backend::Postgres(pool) => {
                let mut $tx = $crate::backend::begin_in_turn(pool).await?;
                let outcome = $body;
                $tx.commit().await?;
                outcome
            }
        }
    };
}

/// The advisory lock of [`begin_in_turn`]: a number of our own within the database.
const WRITER_LOCK: i64 = 0x6d63_7064;

/// A transaction on PostgreSQL that has waited for those of its kind before it.
pub(crate) async fn begin_in_turn(
    pool: &PgPool,
) -> Result<Transaction<'static, Postgres>, sqlx::Error> {
    let mut tx = pool.begin().await?;
    sqlx::query("select pg_advisory_xact_lock($1)")
        .bind(WRITER_LOCK)
        .execute(&mut *tx)
        .await?;
    Ok(tx)
}

pub(crate) use {in_tx, on_read, on_write, on_write_many};
