//! Opening: find the database, bring it up to date, say clearly what is wrong.
//!
//! Runs once, at boot, before anything is served; so it may touch the file system directly.

use std::fs::{DirBuilder, OpenOptions};
use std::future::ready;
use std::io::ErrorKind;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::Path;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use kit::random::{Random, SharedRandom};
use secrecy::{ExposeSecret, SecretString};
use sqlx::migrate::{MigrateError, Migrator};
use sqlx::postgres::{PgConnectOptions, PgConnection, PgPoolOptions};
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous,
};
use sqlx::{Connection, Executor};

use crate::aliases::Aliases;
use crate::audit::Audit;
use crate::backend::{Backend, on_read};
use crate::config::{Config, Place};
use crate::error::{During, StoreError, in_the_way, on_migrate, refusal};
use crate::jobs::{Hints, Jobs};
use crate::llms::Llms;
use crate::prices::Prices;
use crate::sessions::Sessions;
use crate::tokens::Tokens;
use crate::usage::Usage;

/// The database file in the data directory.
const FILE_NAME: &str = "mcpd.db";
/// How long SQLite waits for another process's write lock.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
/// Connections that read from SQLite at once.
const READERS: u32 = 4;
/// Limits that PostgreSQL itself keeps, per connection.
///
/// No statement here is long enough to be compiled first: `jit` saw in a claim's recursion a cost
/// that is not there, and took 100 ms for what runs in one.
const SERVER_LIMITS: [(&str, &str); 4] = [
    ("jit", "off"),
    ("statement_timeout", "10s"),
    ("lock_timeout", "5s"),
    ("idle_in_transaction_session_timeout", "30s"),
];
/// The longest wait for an answer to [`Store::ping`].
const PING_TIMEOUT: Duration = Duration::from_secs(2);

/// The longest that PostgreSQL may take to come up to date.
const MIGRATE_TIMEOUT: Duration = Duration::from_secs(120);

static SQLITE: Migrator = sqlx::migrate!("migrations/sqlite");
static POSTGRES: Migrator = sqlx::migrate!("migrations/postgres");

/// The open database. Cheap to clone.
#[derive(Clone)]
pub struct Store {
    inner: Arc<Inner>,
}

struct Inner {
    backend: Backend,
    random: SharedRandom,
    job_hints: Hints,
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let kind = match self.inner.backend {
            Backend::Sqlite { .. } => "SQLite",
            Backend::Postgres(_) => "PostgreSQL",
        };
        write!(f, "Store({kind})")
    }
}

impl Store {
    /// Opens the database, creates it where it is missing (SQLite only), and applies migrations.
    ///
    /// Errors: [`StoreError::CantOpen`] with what to do about it, [`StoreError::Newer`] where a
    /// newer program was here, [`StoreError::Unavailable`] where waiting may help.
    pub async fn open(config: &Config, random: SharedRandom) -> Result<Self, StoreError> {
        let backend = match &config.place {
            Place::DataDir(dir) => open_sqlite(dir, config).await?,
            Place::Postgres(url) => open_postgres(url, config).await?,
        };
        let inner = Arc::new(Inner {
            backend,
            job_hints: Hints::new(&*random),
            random,
        });
        Ok(Self { inner })
    }

    /// Whether the database answers now.
    pub async fn ping(&self) -> Result<(), StoreError> {
        let answer = async {
            on_read!(self, |pool| sqlx::query("select 1")
                .execute(pool)
                .await
                .map(drop))
        };
        match tokio::time::timeout(PING_TIMEOUT, answer).await {
            Ok(answer) => answer.during("reach the database"),
            Err(_) => Err(sqlx::Error::PoolTimedOut).during("reach the database"),
        }
    }

    /// Whether transactions of several callers run side by side; otherwise one after the other.
    pub fn writes_side_by_side(&self) -> bool {
        matches!(self.inner.backend, Backend::Postgres(_))
    }

    /// Lets running statements end, then closes all connections. Later calls fail.
    pub async fn close(&self) {
        match &self.inner.backend {
            Backend::Sqlite { read, write } => {
                read.close().await;
                write.close().await;
            }
            Backend::Postgres(pool) => pool.close().await,
        }
    }

    /// The LLM rows.
    pub fn llms(&self) -> Llms<'_> {
        Llms::new(self)
    }

    /// The sessions of publishers.
    pub fn sessions(&self) -> Sessions<'_> {
        Sessions::new(self)
    }

    /// The access tokens.
    pub fn tokens(&self) -> Tokens<'_> {
        Tokens::new(self)
    }

    /// The names in front of LLMs.
    pub fn aliases(&self) -> Aliases<'_> {
        Aliases::new(self)
    }

    /// What tokens cost.
    pub fn prices(&self) -> Prices<'_> {
        Prices::new(self)
    }

    /// What was used, and what it cost.
    pub fn usage(&self) -> Usage<'_> {
        Usage::new(self)
    }

    /// The durable jobs.
    pub fn jobs(&self) -> Jobs<'_> {
        Jobs::new(self)
    }

    /// The audit lines. (Secrets need a key: [`crate::secrets::Secrets::open`].)
    pub fn audit(&self) -> Audit<'_> {
        Audit::new(self)
    }

    pub(crate) fn backend(&self) -> &Backend {
        &self.inner.backend
    }

    pub(crate) fn job_hints(&self) -> &Hints {
        &self.inner.job_hints
    }

    pub(crate) fn random(&self) -> &dyn Random {
        &*self.inner.random
    }
}

async fn open_sqlite(dir: &Path, config: &Config) -> Result<Backend, StoreError> {
    let file = dir.join(FILE_NAME);
    let place = file.display().to_string();
    prepare_dir(dir).map_err(|error| on_file(&place, dir, error))?;
    // Created here and not by SQLite, which would ask for 0644; its -wal and -shm files take over
    // the mode.
    OpenOptions::new()
        .create(true)
        .append(true)
        .mode(0o600)
        .open(&file)
        .map_err(|error| on_file(&place, &file, error))?;
    let options = SqliteConnectOptions::new()
        .filename(&file)
        .create_if_missing(false)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
        .busy_timeout(BUSY_TIMEOUT)
        .pragma("trusted_schema", "off");
    let writers = SqlitePoolOptions::new()
        .max_connections(1)
        .acquire_timeout(config.acquire_timeout)
        .idle_timeout(None)
        .max_lifetime(None)
        .before_acquire(|connection, _| Box::pin(ready(Ok(is_usable(connection)))));
    let write = writers
        .connect_with(options.clone())
        .await
        .map_err(|error| on_connect(&place, error))?;
    let mut writer = write.acquire().await.during("open the database")?;
    migrate_sqlite(&mut writer)
        .await
        .map_err(|error| on_migrate(&place, error))?;
    drop(writer);
    let read = SqlitePoolOptions::new()
        .max_connections(READERS)
        .acquire_timeout(config.acquire_timeout)
        .connect_lazy_with(options.pragma("query_only", "on"));
    Ok(Backend::Sqlite { read, write })
}

/// A full or failing disk makes SQLite roll back by itself. The driver's own rollback is refused then, and it believes
/// for ever to be within a transaction: no other could begin on that connection. A new one can.
fn is_usable(connection: &SqliteConnection) -> bool {
    !connection.is_in_transaction()
}

/// Applies what is missing without waiting for the disk each time: in WAL mode a power cut then
/// loses migrations, which come again, and nothing else. The first write after them waits.
async fn migrate_sqlite(writer: &mut SqliteConnection) -> Result<(), MigrateError> {
    writer.execute("pragma synchronous = normal").await?;
    SQLITE.run_direct(None, &mut *writer, false).await?;
    writer.execute("pragma synchronous = full").await?;
    Ok(())
}

/// Creates the data directory for its owner alone. One that exists is left as it is: it may be
/// shared on purpose, and the files in it are closed anyhow.
fn prepare_dir(dir: &Path) -> std::io::Result<()> {
    match dir.metadata() {
        Ok(found) if found.mode() & 0o077 != 0 => {
            let dir = dir.display();
            tracing::warn!(%dir, "the data directory is open to others: `chmod 700` closes it");
            Ok(())
        }
        Ok(_) => Ok(()),
        Err(error) if error.kind() == ErrorKind::NotFound => {
            DirBuilder::new().recursive(true).mode(0o700).create(dir)
        }
        Err(error) => Err(error),
    }
}

async fn open_postgres(url: &SecretString, config: &Config) -> Result<Backend, StoreError> {
    let options = postgres_options(url)?;
    let place = describe(&options);
    // The first connection is made apart from the pool, which would try again for the whole
    // timeout and then only say that it passed.
    let connect = PgConnection::connect_with(&options);
    let mut first = tokio::time::timeout(config.acquire_timeout, connect)
        .await
        .unwrap_or(Err(sqlx::Error::PoolTimedOut))
        .map_err(|error| on_connect(&place, error))?;
    // Migrations wait for those of another server that starts.
    let migrated = POSTGRES.run_direct(None, &mut first, false);
    tokio::time::timeout(MIGRATE_TIMEOUT, migrated)
        .await
        .unwrap_or_else(|_| Err(sqlx::Error::PoolTimedOut.into()))
        .map_err(|error| on_migrate(&place, error))?;
    // The new pool has its own connections; how this one ends does not matter.
    let _ = first.close().await;
    let pool = PgPoolOptions::new()
        .max_connections(config.max_connections)
        .acquire_timeout(config.acquire_timeout)
        .connect_lazy_with(options.options(SERVER_LIMITS));
    Ok(Backend::Postgres(pool))
}

fn postgres_options(url: &SecretString) -> Result<PgConnectOptions, StoreError> {
    let bad = |why: &str| StoreError::CantOpen {
        place: "by its URL".into(),
        why: format!("{why}: write postgres://USER:PASSWORD@HOST/DATABASE"),
        may_pass: false,
        source: None,
    };
    let text = url.expose_secret();
    if !text.starts_with("postgres://") && !text.starts_with("postgresql://") {
        return Err(bad("only PostgreSQL is reached by a URL"));
    }
    // The parser's error is dropped: it may repeat a part of the URL.
    let options = PgConnectOptions::from_str(text).map_err(|_| bad("the URL can't be read"))?;
    Ok(options.application_name("mcpd"))
}

fn describe(options: &PgConnectOptions) -> String {
    let user = options.get_username();
    let database = options.get_database().unwrap_or(user);
    match options.get_socket() {
        Some(socket) => format!("`{database}` at {} as `{user}`", socket.display()),
        None => {
            let (host, port) = (options.get_host(), options.get_port());
            format!("`{database}` at {host}:{port} as `{user}`")
        }
    }
}

fn on_connect(place: &str, error: sqlx::Error) -> StoreError {
    let in_the_way = in_the_way(&error);
    StoreError::CantOpen {
        place: place.into(),
        why: in_the_way.unwrap_or_else(|| refusal(&error)).into(),
        may_pass: in_the_way.is_some(),
        source: Some(Box::new(error)),
    }
}

fn on_file(place: &str, path: &Path, error: std::io::Error) -> StoreError {
    StoreError::CantOpen {
        place: place.into(),
        why: file_trouble(path, &error),
        may_pass: false,
        source: Some(Box::new(error)),
    }
}

fn file_trouble(path: &Path, error: &std::io::Error) -> String {
    let path = path.display();
    match error.kind() {
        ErrorKind::PermissionDenied => format!("{path} is not writable for this user"),
        ErrorKind::ReadOnlyFilesystem => format!("{path} is on a read-only file system"),
        ErrorKind::StorageFull => format!("there is no space left for {path}"),
        ErrorKind::NotADirectory => format!("{path} is not a directory"),
        ErrorKind::IsADirectory => format!("{path} is a directory"),
        _ => format!("{path} can't be created or opened"),
    }
}

#[cfg(test)]
mod tests {
    use kit::random::{SystemRandom, base32};

    use super::*;

    #[tokio::test]
    async fn sqlite_waits_for_the_disk_and_its_readers_cannot_write() {
        let unique = format!("mcpctl-open-{}", base32(&SystemRandom, 10));
        let dir = std::env::temp_dir().join(unique);
        let random = Arc::new(SystemRandom);
        let store = Store::open(&Config::sqlite(&dir), random).await.unwrap();
        let Backend::Sqlite { read, write } = store.backend() else {
            unreachable!("it was opened as SQLite");
        };
        let pragma = async |sql| -> i64 {
            let value = sqlx::query_scalar(sql).fetch_one(write).await;
            value.unwrap()
        };
        assert_eq!(pragma("pragma synchronous").await, 2, "full");
        assert_eq!(pragma("pragma foreign_keys").await, 1);
        let mode: String = sqlx::query_scalar("pragma journal_mode")
            .fetch_one(write)
            .await
            .unwrap();
        assert_eq!(mode, "wal");
        assert!(sqlx::query("delete from llms").execute(read).await.is_err());
        store.close().await;
        std::fs::remove_dir_all(&dir).unwrap();
    }
}
