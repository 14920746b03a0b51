//! Transactions of jobs, and the words in which the two databases differ.
//!
//! Unlike [`crate::backend::in_tx`], these don't wait for each other on PostgreSQL: they would
//! not be faster than one worker. Whoever locks several rows locks them in the order of their ids
//! or skips what is locked, so that nobody waits in a circle.

use crate::Store;
use crate::backend::Backend;

/// Runs several statements as one transaction and commits. An early return rolls back.
macro_rules! in_job_tx {
    ($store:expr, |$tx:ident, $sql:ident| $body:expr) => {
        match $store.backend() {
            $crate::backend::Backend::Sqlite { write, .. } => {
                let $sql = &$crate::jobs::tx::SQLITE;
                let mut $tx = write.begin_with("begin immediate").await?;
                let outcome = $body;
                $tx.commit().await?;
                outcome
            }
            $crate::backend::Backend::Postgres(pool) => {
                let $sql = &$crate::jobs::tx::POSTGRES;
                let mut $tx = pool.begin().await?;
                let outcome = $body;
                $tx.commit().await?;
                outcome
            }
        }
    };
}
pub(crate) use in_job_tx;

/// The statements of one dialect. Each is written once, in the module that uses it, with the
/// differing words left open.
pub(crate) struct Statements {
    pub(crate) lock_unique_keys: &'static str,
    pub(crate) taken_keys: &'static str,
    pub(crate) insert_jobs: &'static str,
    pub(crate) insert_payloads: &'static str,
    pub(crate) heartbeat: &'static str,
    pub(crate) given: &'static str,
    pub(crate) lapsed: &'static str,
    pub(crate) held: &'static str,
    pub(crate) past_deadline: &'static str,
    pub(crate) end_attempts: &'static str,
    pub(crate) change_jobs: &'static str,
    pub(crate) one: &'static str,
    pub(crate) old: &'static str,
    pub(crate) wake: &'static str,
    pub(crate) insert_events: &'static str,
    pub(crate) standings: &'static str,
    pub(crate) waited_for: &'static str,
}

/// The statements of a store's database, for what needs no transaction.
pub(crate) fn statements(store: &Store) -> &'static Statements {
    match store.backend() {
        Backend::Sqlite { .. } => &SQLITE,
        Backend::Postgres(_) => &POSTGRES,
    }
}

macro_rules! statements {
    ($rows:literal, $now:literal, $lock:literal, $skip:literal, $serialize:literal) => {
        Statements {
            lock_unique_keys: $serialize,
            taken_keys: super::submit::taken_keys!($rows),
            insert_jobs: super::submit::insert_jobs!($rows),
            insert_payloads: super::submit::insert_payloads!($rows),
            heartbeat: super::finish::heartbeat!($now),
            given: super::settle::given!($rows, $lock),
            lapsed: super::settle::lapsed!($now, $skip),
            held: super::settle::held!($skip),
            past_deadline: super::settle::past_deadline!($skip),
            end_attempts: super::settle::end_attempts!($rows),
            change_jobs: super::settle::change_jobs!($rows),
            one: super::settle::one!($lock),
            old: super::hand::old!($skip),
            wake: super::reap::wake!($skip),
            insert_events: super::events::insert_events!($rows),
            standings: super::read::standings!($rows),
            waited_for: super::read::waited_for!($rows),
        }
    };
}

pub(crate) const SQLITE: Statements = statements!(
    "json_each($1)",
    "cast(unixepoch('subsec') * 1000 as integer)",
    "",
    "",
    // Its one writer is turn enough.
    "select 1"
);
pub(crate) const POSTGRES: Statements = statements!(
    "jsonb_array_elements($1::jsonb)",
    "cast(extract(epoch from clock_timestamp()) * 1000 as bigint)",
    " for update of jobs",
    " for update of jobs skip locked",
    // Two batches with the same unique keys in another order would wait for each other.
    "select 1 from (select pg_advisory_xact_lock(1835233386)) as turn"
);
