//! What can go wrong below the domains: one error for both databases.
//!
//! Messages are for the operator and name rows, never their content; the database's own words are
//! in `source()`. What a caller may see of them is the route's business.

use std::path::PathBuf;

use sqlx::migrate::MigrateError;

/// Why the store could not do what it was asked to.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// There is no such row, or it belongs to another principal.
    #[error("there is no {kind} `{name}`")]
    NotFound {
        /// The aggregate, for people: `LLM`, `token`.
        kind: &'static str,
        /// Its name or id.
        name: String,
    },
    /// A row of that name exists.
    #[error("the {kind} `{name}` exists already")]
    Conflict {
        /// The aggregate, for people.
        kind: &'static str,
        /// The name that is taken.
        name: String,
    },
    /// The row is not in the state that the caller expected. Read it again.
    #[error("the {kind} `{name}` has changed in the meantime")]
    Stale {
        /// The aggregate, for people.
        kind: &'static str,
        /// Its name.
        name: String,
    },
    /// A stored row makes no sense.
    #[error("the stored {kind} `{name}` can't be read: its {column} makes no sense")]
    Corrupt {
        /// The aggregate, for people.
        kind: &'static str,
        /// Its name or id.
        name: String,
        /// The part at fault.
        column: &'static str,
    },
    /// A value is larger than what is stored.
    #[error("the {what} is too large: at most {limit} bytes are stored")]
    TooLarge {
        /// The value.
        what: &'static str,
        /// The largest allowed, in bytes.
        limit: usize,
    },
    /// More things than one principal or one call may have.
    #[error("too many {what}: at most {limit} are allowed")]
    TooMany {
        /// The things.
        what: &'static str,
        /// The most allowed.
        limit: usize,
    },
    /// A text that can't be stored as it is.
    #[error("the {what} is empty or has control characters")]
    BadText {
        /// The value.
        what: &'static str,
    },
    /// The database is away, busy or full. Trying again may help.
    #[error("can't {doing}: {why}")]
    Unavailable {
        /// What was attempted.
        doing: &'static str,
        /// What is in the way, and what to do.
        why: &'static str,
        /// The database's words.
        #[source]
        source: sqlx::Error,
    },
    /// A newer program has changed the database.
    #[error(
        "the database was written by a newer mcpd (migration {found}): \
         start that version, or restore a backup made before the upgrade"
    )]
    Newer {
        /// The first migration that this program does not know.
        found: i64,
    },
    /// The database can't be opened as it is.
    #[error("can't open the database {place}: {why}")]
    CantOpen {
        /// The file, or host and database; never a password.
        place: String,
        /// What is wrong, and what to do.
        why: String,
        /// Whether it may be different in a while: the server is away, the file locked.
        may_pass: bool,
        /// The cause, where there is one.
        #[source]
        source: Option<Box<dyn std::error::Error + Send + Sync>>,
    },
    /// The master key's file can't be used.
    #[error("can't use the master key file {}: {why}", path.display())]
    BadKeyFile {
        /// The file.
        path: PathBuf,
        /// What is wrong, and what to do.
        why: String,
        /// The cause, where there is one.
        #[source]
        source: Option<std::io::Error>,
    },
    /// The master key is not the one that sealed the secrets.
    #[error(
        "the master key does not open this database's secrets: they are sealed with key {needed}, \
         given was key {given}; put the key file back that belongs to this database"
    )]
    WrongKey {
        /// The public name of the key that was given.
        given: String,
        /// The public name of the key that is needed.
        needed: String,
    },
    /// The database refused a statement that it should have taken: a mistake of ours.
    #[error("can't {doing}: the database refused the statement")]
    Internal {
        /// What was attempted.
        doing: &'static str,
        /// The database's words.
        #[source]
        source: sqlx::Error,
    },
}

impl StoreError {
    /// Whether the same call may succeed later, with nothing changed by the caller.
    pub fn retryable(&self) -> bool {
        match self {
            Self::Unavailable { .. } => true,
            Self::CantOpen { may_pass, .. } => *may_pass,
            Self::NotFound { .. }
            | Self::Conflict { .. }
            | Self::Stale { .. }
            | Self::Corrupt { .. }
            | Self::TooLarge { .. }
            | Self::TooMany { .. }
            | Self::BadText { .. }
            | Self::Newer { .. }
            | Self::BadKeyFile { .. }
            | Self::WrongKey { .. }
            | Self::Internal { .. } => false,
        }
    }

    pub(crate) fn not_found(kind: &'static str, name: impl ToString) -> Self {
        let name = name.to_string();
        Self::NotFound { kind, name }
    }

    pub(crate) fn stale(kind: &'static str, name: impl ToString) -> Self {
        let name = name.to_string();
        Self::Stale { kind, name }
    }

    pub(crate) fn corrupt(kind: &'static str, name: impl ToString, column: &'static str) -> Self {
        let name = name.to_string();
        Self::Corrupt { kind, name, column }
    }

    /// A unique violation becomes [`StoreError::Conflict`] on `name`; all else is as ever.
    pub(crate) fn on_insert(source: sqlx::Error, kind: &'static str, name: impl ToString) -> Self {
        let taken = source
            .as_database_error()
            .is_some_and(|error| error.is_unique_violation());
        if taken {
            let name = name.to_string();
            return Self::Conflict { kind, name };
        }
        source.into()
    }
}

impl From<sqlx::Error> for StoreError {
    fn from(source: sqlx::Error) -> Self {
        let doing = "use the database";
        match in_the_way(&source) {
            Some(why) => Self::Unavailable { doing, why, source },
            None => Self::Internal { doing, source },
        }
    }
}

/// Adds what was attempted.
pub(crate) trait During<T> {
    /// Reads on after "can't": `list LLMs`.
    fn during(self, doing: &'static str) -> Result<T, StoreError>;
}

impl<T, E: Into<StoreError>> During<T> for Result<T, E> {
    fn during(self, doing: &'static str) -> Result<T, StoreError> {
        self.map_err(|error| attempted(error.into(), doing))
    }
}

fn attempted(mut error: StoreError, what: &'static str) -> StoreError {
    if let StoreError::Unavailable { doing, .. } | StoreError::Internal { doing, .. } = &mut error {
        *doing = what;
    }
    error
}

/// What keeps the database from serving, where it is that: something outside of the statement.
pub(crate) fn in_the_way(error: &sqlx::Error) -> Option<&'static str> {
    match error {
        sqlx::Error::Io(_) | sqlx::Error::Tls(_) => Some("the database can't be reached"),
        sqlx::Error::PoolTimedOut => Some("no database connection became free in time"),
        sqlx::Error::PoolClosed | sqlx::Error::WorkerCrashed => Some("the database was closed"),
        sqlx::Error::Database(error) => {
            let code = error.code()?;
            match code.parse::<u32>() {
                // SQLSTATEs are five characters; SQLite's codes are shorter.
                Ok(number) if code.len() < 5 => sqlite(number),
                _ => postgres(&code),
            }
        }
        _ => None,
    }
}

/// Source: "Result and Error Codes", sqlite.org/rescode.html; the low byte is the primary code.
fn sqlite(code: u32) -> Option<&'static str> {
    match code & 0xff {
        5 | 6 => Some("the database is locked by another process"),
        8 => Some("the database is read-only: is its directory writable and owned by mcpd?"),
        10 => Some("the disk failed to read or write the database"),
        13 => Some("the disk is full"),
        14 => Some("the database file can't be opened: is its directory there and writable?"),
        _ => None,
    }
}

/// Source: PostgreSQL manual, appendix A, "PostgreSQL Error Codes".
fn postgres(code: &str) -> Option<&'static str> {
    match code {
        "25006" => Some("the database is read-only: is this the primary server?"),
        "40001" | "40P01" => Some("other transactions were in the way"),
        "53100" => Some("the database server's disk is full"),
        "53300" => Some("the database server has no connection left"),
        "55P03" => Some("a lock was not given in time"),
        "57014" => Some("the statement took too long and was stopped"),
        "57P01" | "57P02" | "57P03" => Some("the database server is stopping or starting"),
        _ if code.starts_with("08") => Some("the connection to the database broke"),
        _ if code.starts_with("53") => Some("the database server is out of resources"),
        _ => None,
    }
}

/// Why a database can't be opened, where waiting doesn't help.
pub(crate) fn refusal(error: &sqlx::Error) -> &'static str {
    let code = error.as_database_error().and_then(|error| error.code());
    match code.as_deref() {
        Some("11") => "the file is damaged: restore a backup",
        Some("26") => "the file is no SQLite database",
        Some("28P01" | "28000") => "the server refused the user or the password",
        Some("3D000") => "there is no such database on the server: create it first",
        Some("42501") => "the user may not do that in this database: grant it the right to",
        _ => "it was refused",
    }
}

/// Why the migrations could not be brought up to date.
pub(crate) fn on_migrate(place: &str, source: MigrateError) -> StoreError {
    let why = match source {
        MigrateError::VersionMissing(found) => return StoreError::Newer { found },
        MigrateError::Execute(source) | MigrateError::ExecuteMigration(source, _)
            if in_the_way(&source).is_some() =>
        {
            return attempted(source.into(), "bring the database up to date");
        }
        MigrateError::VersionMismatch(version) => format!(
            "migration {version} was changed after it had been applied: \
             use the released program, or restore a backup"
        ),
        MigrateError::Execute(ref source) | MigrateError::ExecuteMigration(ref source, _) => {
            format!("it can't be brought up to date: {}", refusal(source))
        }
        _ => "it can't be brought up to date".into(),
    };
    StoreError::CantOpen {
        place: place.into(),
        why,
        may_pass: false,
        source: Some(Box::new(source)),
    }
}

#[cfg(test)]
mod tests {
    use sqlx::{Connection, Executor};

    use super::*;

    #[test]
    fn only_what_may_pass_by_itself_is_retryable() {
        let timed_out = StoreError::from(sqlx::Error::PoolTimedOut);
        assert!(timed_out.retryable());
        assert!(!StoreError::from(sqlx::Error::RowNotFound).retryable());
        assert!(!StoreError::not_found("LLM", "x").retryable());
    }

    #[test]
    fn a_failure_says_what_was_attempted_and_keeps_its_cause_apart() {
        let error = Err::<(), _>(sqlx::Error::PoolTimedOut)
            .during("list LLMs")
            .unwrap_err();
        assert_eq!(
            error.to_string(),
            "can't list LLMs: no database connection became free in time"
        );
        assert!(std::error::Error::source(&error).is_some());
    }

    #[tokio::test]
    async fn a_full_disk_is_said_so_and_may_pass() {
        let mut full = sqlx::SqliteConnection::connect("sqlite::memory:")
            .await
            .unwrap();
        let fill = "pragma max_page_count = 2;
            create table t (x blob);
            insert into t values (zeroblob(100000));";
        let refused = full.execute(fill).await.during("store an LLM").unwrap_err();
        assert_eq!(refused.to_string(), "can't store an LLM: the disk is full");
        assert!(refused.retryable());
    }

    #[test]
    fn codes_of_both_databases_are_told_apart() {
        assert_eq!(sqlite(13), Some("the disk is full"));
        assert!(sqlite(261).is_some_and(|why| why.contains("locked")));
        assert_eq!(sqlite(2067), None);
        assert!(postgres("57P01").is_some());
        assert!(postgres("08006").is_some());
        assert_eq!(postgres("23505"), None);
    }
}
