//! Where the data is kept and how patient the store is.

use std::path::PathBuf;
use std::time::Duration;

use secrecy::SecretString;

/// Connections to PostgreSQL at once, where nothing else is said.
pub const DEFAULT_MAX_CONNECTIONS: u32 = 16;
/// The longest wait for a connection or for SQLite's writer, where nothing else is said.
pub const DEFAULT_ACQUIRE_TIMEOUT: Duration = Duration::from_secs(5);

/// What [`crate::Store::open`] needs to know.
#[derive(Clone, Debug)]
pub struct Config {
    /// Which database.
    pub place: Place,
    /// PostgreSQL: connections at once. SQLite has one writer and a few readers.
    pub max_connections: u32,
    /// The longest wait for a connection; then [`crate::StoreError::Unavailable`].
    pub acquire_timeout: Duration,
}

/// Which database.
#[derive(Clone, Debug)]
pub enum Place {
    /// SQLite, in the file `mcpd.db` of this directory. Both are created where they are missing.
    DataDir(PathBuf),
    /// PostgreSQL, by URL: `postgres://user:password@host/database`. Never shown: it may hold a
    /// password.
    Postgres(SecretString),
}

impl Config {
    /// SQLite under `data_dir`.
    pub fn sqlite(data_dir: impl Into<PathBuf>) -> Self {
        Self::at(Place::DataDir(data_dir.into()))
    }

    /// PostgreSQL at `url`.
    pub fn postgres(url: impl Into<SecretString>) -> Self {
        Self::at(Place::Postgres(url.into()))
    }

    fn at(place: Place) -> Self {
        Self {
            place,
            max_connections: DEFAULT_MAX_CONNECTIONS,
            acquire_timeout: DEFAULT_ACQUIRE_TIMEOUT,
        }
    }
}
