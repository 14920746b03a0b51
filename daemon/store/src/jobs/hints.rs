//! News of jobs, as hints: whoever listens looks sooner, whoever misses one looks later.
//!
//! Within the process they go through a channel. On PostgreSQL `NOTIFY` tells other servers that
//! jobs were queued, and by whom; it says no more than that. It is not part of any commit, since a
//! commit that carries a `NOTIFY` holds a lock that all such commits wait for: whoever passes hints
//! on calls [`Jobs::tell_others`].

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use kit::random::{Random, base32};
use shared::job::JobId;
use sqlx::postgres::{PgListener, PgPoolOptions};
use tokio::sync::broadcast;

use super::Jobs;
use crate::backend::Backend;

/// Hints that a listener may be behind before it is told [`Hint::Missed`].
const MAX_BEHIND: usize = 1024;
/// Between attempts to listen again.
const LISTEN_AGAIN: Duration = Duration::from_secs(1);
const CHANNEL: &str = "mcpd_jobs";
/// Random bytes of a server's id.
const ID_BYTES: usize = 10;

/// Something that may be worth a look.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Hint {
    /// There may be jobs to claim: of these kinds, or of any.
    Queued(Option<Arc<[String]>>),
    /// Something happened to these jobs, or to their events. Told within the process alone.
    Changed(Arc<[JobId]>),
    /// Hints may have been lost: look at everything that is waited for.
    Missed,
}

/// The sending end, one per store.
#[derive(Debug)]
pub(crate) struct Hints {
    local: broadcast::Sender<Hint>,
    /// Who we are to other servers, so that our own notices are known as such.
    id: String,
}

impl Hints {
    pub(crate) fn new(random: &dyn Random) -> Self {
        Self {
            local: broadcast::channel(MAX_BEHIND).0,
            id: base32(random, ID_BYTES),
        }
    }

    /// Tells those within the process.
    pub(crate) fn tell(&self, hint: Hint) {
        // Without listeners nobody needs it.
        let _ = self.local.send(hint);
    }
}

impl Jobs<'_> {
    /// Tells other servers that jobs were queued. What fails here is made good by their polls.
    pub async fn tell_others(self) {
        let Backend::Postgres(pool) = self.store.backend() else {
            return;
        };
        let sent = sqlx::query("select 1 from (select pg_notify($1, $2)) as sent")
            .bind(CHANNEL)
            .bind(&self.store.job_hints().id)
            .execute(pool)
            .await;
        if let Err(error) = sent {
            tracing::debug!(%error, "other servers were not told of new jobs; they poll");
        }
    }

    /// Hints from now on. On PostgreSQL this holds a connection of its own, beside the pool's: one
    /// per process is enough, handed on to whoever waits.
    pub fn changes(self) -> Changes {
        let server = match self.store.backend() {
            Backend::Sqlite { .. } => Server::None,
            Backend::Postgres(pool) => {
                let options = PgPoolOptions::new()
                    .max_connections(1)
                    .idle_timeout(None)
                    .max_lifetime(None);
                let options = options.connect_lazy_with((*pool.connect_options()).clone());
                Server::Away(options)
            }
        };
        Changes {
            local: self.store.job_hints().local.subscribe(),
            own_id: self.store.job_hints().id.clone(),
            server,
        }
    }
}

/// The receiving end.
pub struct Changes {
    local: broadcast::Receiver<Hint>,
    own_id: String,
    server: Server,
}

enum Server {
    /// SQLite, which has one process.
    None,
    /// Not listening yet, or not any more.
    Away(sqlx::PgPool),
    /// On the way back. Kept here, so that a local hint in between does not break it off.
    Coming(sqlx::PgPool, Coming),
    Listening(sqlx::PgPool, Box<PgListener>),
}

type Coming = Pin<Box<dyn Future<Output = Result<PgListener, sqlx::Error>> + Send>>;

impl Changes {
    /// The next hint. Pends where there is no news: poll behind it.
    ///
    /// Shape: [`Hint::Missed`] whenever hints may have been lost, so also each time that the
    /// database is listened to anew. Cancel safe.
    pub async fn next(&mut self) -> Hint {
        tokio::select! {
            biased;
            local = self.local.recv() => match local {
                Ok(hint) => hint,
                Err(broadcast::error::RecvError::Lagged(_)) => Hint::Missed,
                // The store is closed: there is no news any more.
                Err(broadcast::error::RecvError::Closed) => std::future::pending().await,
            },
            hint = self.server.next(&self.own_id) => hint,
        }
    }
}

impl Server {
    async fn next(&mut self, own_id: &str) -> Hint {
        loop {
            match self {
                Self::None => return std::future::pending().await,
                Self::Away(pool) => {
                    let coming: Coming = Box::pin(listen(pool.clone()));
                    *self = Self::Coming(pool.clone(), coming);
                }
                Self::Coming(pool, coming) => {
                    let (pool, kept, listening) = (pool.clone(), pool.clone(), coming.await);
                    match listening {
                        Ok(listener) => {
                            *self = Self::Listening(pool, Box::new(listener));
                            return Hint::Missed;
                        }
                        Err(error) => {
                            tracing::debug!(%error, "can't listen for new jobs; polling meanwhile");
                            let again: Coming = Box::pin(async move {
                                tokio::time::sleep(LISTEN_AGAIN).await;
                                listen(pool).await
                            });
                            *self = Self::Coming(kept, again);
                        }
                    }
                }
                Self::Listening(pool, listener) => match listener.try_recv().await {
                    // What we told ourselves is known already.
                    Ok(Some(notice)) if notice.payload() == own_id => {}
                    Ok(Some(_)) => return Hint::Queued(None),
                    // The connection broke. Notices in between are lost.
                    Ok(None) | Err(_) => {
                        let pool = pool.clone();
                        *self = Self::Away(pool);
                    }
                },
            }
        }
    }
}

async fn listen(pool: sqlx::PgPool) -> Result<PgListener, sqlx::Error> {
    let mut listener = PgListener::connect_with(&pool).await?;
    listener.listen(CHANNEL).await?;
    Ok(listener)
}
