//! The two databases behind one set of statements.
//!
//! A statement is written once, in a closure-like body, and [`on_read`], [`on_write`] and
//! [`in_tx`] compile it for both:
//!
//! ```ignore
//! let row = on_read!(self.store, |pool| {
//!     sqlx::query_as::<_, Row>("select ... where name = $1").bind(name).fetch_optional(pool).await
//! })?;
//! ```

use sqlx::{PgPool, SqlitePool};

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
                let mut $tx = pool.begin().await?;
                sqlx::query("select pg_advisory_xact_lock($1)")
                    .bind($crate::backend::WRITER_LOCK)
                    .execute(&mut *$tx)
                    .await?;
                let outcome = $body;
                $tx.commit().await?;
                outcome
            }
        }
    };
}

/// The advisory lock of [`in_tx`]: a number of our own within the database.
pub(crate) const WRITER_LOCK: i64 = 0x6d63_7064;

pub(crate) use {in_tx, on_read, on_write};
