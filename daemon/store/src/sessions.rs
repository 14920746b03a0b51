//! Provider sessions: a publisher's registration, which outlives its connections.
//!
//! The id is sticky: the publisher keeps it and gives it back, even to a server that has lost its
//! database. It is no credential: every call names the principal too, and a session of another
//! principal is answered like one that does not exist.

use shared::channel::Node;
use shared::timestamp::Timestamp;

use crate::Store;
use crate::backend::{in_tx, on_read, on_write};
use crate::bounds::{self, MAX_NOTE_BYTES};
use crate::error::{During, StoreError};
use crate::ids::{new_id, parse_id};

/// The aggregate's name in errors.
pub(crate) const KIND: &str = "provider session";

/// Sessions that one transaction deletes, so that other writers don't wait for long.
const LOOKED_AT_ONCE: i64 = 500;

/// A publisher's registration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// Its id, a UUID.
    pub id: String,
    /// On whose behalf.
    pub principal: String,
    /// The machine, as it last described itself.
    pub node: Node,
    /// Binds of a channel so far; 0 before the first.
    pub epoch: u64,
    /// When it first registered.
    pub created_at: Timestamp,
    /// When a channel was last bound.
    pub last_bound_at: Option<Timestamp>,
    /// The last sign of life that was stored.
    pub last_seen_at: Timestamp,
}

/// The sessions of a store.
#[derive(Clone, Copy, Debug)]
pub struct Sessions<'a> {
    store: &'a Store,
}

macro_rules! columns {
    () => {
        "id, principal, node_id, hostname, version, epoch, created_at, last_bound_at, last_seen_at"
    };
}

impl<'a> Sessions<'a> {
    pub(crate) fn new(store: &'a Store) -> Self {
        Self { store }
    }

    /// The session `id` with its node brought up to date, or a new one.
    ///
    /// Shape: an unknown id is created as it is, so that it stays the publisher's own; no id, or
    /// one that is no UUID, gives a new one.
    /// Errors: [`StoreError::NotFound`] where the session belongs to another principal.
    pub async fn ensure(
        self,
        id: Option<&str>,
        principal: &str,
        node: &Node,
        now: Timestamp,
    ) -> Result<Session, StoreError> {
        let principal = bounds::principal(principal)?;
        let id = id
            .and_then(parse_id)
            .unwrap_or_else(|| new_id(now, self.store.random()));
        let ensured = on_write!(self.store, |pool| {
            sqlx::query_as::<_, SessionRow>(concat!(
                "insert into provider_sessions (
                    id, principal, node_id, hostname, version, created_at, last_seen_at
                )
                values ($1, $2, $3, $4, $5, $6, $6)
                on conflict (id) do update
                set node_id = excluded.node_id,
                    hostname = excluded.hostname,
                    version = excluded.version,
                    last_seen_at = excluded.last_seen_at
                where provider_sessions.principal = excluded.principal
                returning ",
                columns!()
            ))
            .bind(&id)
            .bind(principal)
            .bind(bounds::cut(&node.id, MAX_NOTE_BYTES))
            .bind(bounds::cut(&node.hostname, MAX_NOTE_BYTES))
            .bind(bounds::cut(&node.version, MAX_NOTE_BYTES))
            .bind(now.as_millis())
            .fetch_optional(pool)
            .await
        })
        .during("store a provider session")?;
        found(ensured, &id)
    }

    /// Counts the epoch up for a channel that is bound now. One statement: of two publishers with
    /// one id, each gets its own epoch.
    ///
    /// Errors: [`StoreError::NotFound`] where there is none or it belongs to another principal.
    pub async fn bind(
        self,
        id: &str,
        principal: &str,
        now: Timestamp,
    ) -> Result<Session, StoreError> {
        let bound = on_write!(self.store, |pool| {
            sqlx::query_as::<_, SessionRow>(concat!(
                "update provider_sessions
                set epoch = epoch + 1, last_bound_at = $3, last_seen_at = $3
                where id = $1 and principal = $2
                returning ",
                columns!()
            ))
            .bind(id)
            .bind(principal)
            .bind(now.as_millis())
            .fetch_optional(pool)
            .await
        })
        .during("bind a channel")?;
        found(bound, id)
    }

    /// The session `id`, whosesoever it is.
    pub async fn find(self, id: &str) -> Result<Option<Session>, StoreError> {
        on_read!(self.store, |pool| {
            sqlx::query_as::<_, SessionRow>(concat!(
                "select ",
                columns!(),
                " from provider_sessions where id = $1"
            ))
            .bind(id)
            .fetch_optional(pool)
            .await
        })
        .during("read a provider session")?
        .map(Session::try_from)
        .transpose()
    }

    /// Notes a sign of life, so that the session is not taken for an idle one. Never moves back.
    pub async fn note_seen(self, id: &str, at: Timestamp) -> Result<(), StoreError> {
        on_write!(self.store, |pool| {
            sqlx::query(
                "update provider_sessions
                set last_seen_at = $2
                where id = $1 and last_seen_at < $2",
            )
            .bind(id)
            .bind(at.as_millis())
            .execute(pool)
            .await
            .map(drop)
        })
        .during("note a sign of life")
    }

    /// Deletes the session `id`, where it serves no row. One that is gone already is no error.
    pub async fn delete(self, id: &str) -> Result<(), StoreError> {
        on_write!(self.store, |pool| {
            sqlx::query(
                "delete from provider_sessions
                where id = $1
                    and not exists (select 1 from llms where llms.provider_session_id = $1)",
            )
            .bind(id)
            .execute(pool)
            .await
            .map(drop)
        })
        .during("delete a provider session")
    }

    /// Deletes the sessions without a sign of life since `seen_before` that serve no row, and
    /// answers how many.
    ///
    /// Shape: `heard` knows of signs of life that were not stored; a session of which it tells one
    /// that is recent enough stays, and the sign is stored.
    pub async fn delete_idle(
        self,
        seen_before: Timestamp,
        heard: impl Fn(&str) -> Option<Timestamp>,
    ) -> Result<u64, StoreError> {
        let mut deleted = 0;
        loop {
            let idle = self.idle(seen_before).await?;
            let mut over = Vec::new();
            for id in &idle {
                match heard(id).filter(|at| *at >= seen_before) {
                    Some(at) => self.note_seen(id, at).await?,
                    None => over.push(&**id),
                }
            }
            if !over.is_empty() {
                let done = self.delete_where_idle(&over, seen_before).await;
                deleted += done.during("delete idle provider sessions")?;
            }
            // Each that was looked at is gone or was heard of now: none is looked at again.
            if idle.len() < LOOKED_AT_ONCE as usize {
                return Ok(deleted);
            }
        }
    }

    /// The sessions that have been silent for longest, and serve no row.
    async fn idle(self, seen_before: Timestamp) -> Result<Vec<String>, StoreError> {
        on_read!(self.store, |pool| {
            sqlx::query_scalar(
                "select id from provider_sessions
                where last_seen_at < $1
                    and not exists (
                        select 1 from llms where llms.provider_session_id = provider_sessions.id
                    )
                order by last_seen_at
                limit $2",
            )
            .bind(seen_before.as_millis())
            .bind(LOOKED_AT_ONCE)
            .fetch_all(pool)
            .await
        })
        .during("read idle provider sessions")
    }

    /// Deletes those of `ids` that are still idle.
    async fn delete_where_idle(
        self,
        ids: &[&str],
        seen_before: Timestamp,
    ) -> Result<u64, StoreError> {
        let mut deleted = 0;
        in_tx!(self.store, |tx| {
            for id in ids {
                let done = sqlx::query(
                    "delete from provider_sessions
                    where id = $1
                        and last_seen_at < $2
                        and not exists (
                            select 1 from llms where llms.provider_session_id = $1
                        )",
                )
                .bind(id)
                .bind(seen_before.as_millis())
                .execute(&mut *tx)
                .await?;
                deleted += done.rows_affected();
            }
        });
        Ok(deleted)
    }
}

#[derive(sqlx::FromRow)]
struct SessionRow {
    id: String,
    principal: String,
    node_id: String,
    hostname: String,
    version: String,
    epoch: i64,
    created_at: i64,
    last_bound_at: Option<i64>,
    last_seen_at: i64,
}

impl TryFrom<SessionRow> for Session {
    type Error = StoreError;

    fn try_from(row: SessionRow) -> Result<Self, StoreError> {
        let epoch = u64::try_from(row.epoch);
        Ok(Self {
            epoch: epoch.map_err(|_| StoreError::corrupt(KIND, &row.id, "epoch"))?,
            id: row.id,
            principal: row.principal,
            node: Node {
                id: row.node_id,
                hostname: row.hostname,
                version: row.version,
            },
            created_at: Timestamp::from_millis(row.created_at),
            last_bound_at: row.last_bound_at.map(Timestamp::from_millis),
            last_seen_at: Timestamp::from_millis(row.last_seen_at),
        })
    }
}

fn found(row: Option<SessionRow>, id: &str) -> Result<Session, StoreError> {
    row.ok_or_else(|| StoreError::not_found(KIND, id.escape_debug()))?
        .try_into()
}
