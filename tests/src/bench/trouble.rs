//! What can go wrong in a bench, and how it is told.

use crate::http1::{BadChunk, BadHead};
use std::io;

/// A measurement or a launch that could not be done.
#[derive(Debug, thiserror::Error)]
pub enum Trouble {
    /// The operating system refused.
    #[error("{what}")]
    Io {
        /// What was attempted, on what.
        what: String,
        /// The refusal.
        #[source]
        source: io::Error,
    },
    /// A database refused.
    #[error("{what}")]
    Sql {
        /// What was attempted, on what.
        what: String,
        /// The refusal.
        #[source]
        source: sqlx::Error,
    },
    /// The other side did not behave as the contract says.
    #[error("{0}")]
    Unexpected(String),
    /// A bounded wait ran out.
    #[error("waited {seconds} s for {what}; last seen: {last}")]
    Late {
        /// What was waited for.
        what: String,
        /// How long.
        seconds: u64,
        /// The state when the wait ended.
        last: String,
    },
    /// A head that is not HTTP.
    #[error(transparent)]
    Head(#[from] BadHead),
    /// A body that is not framed as its head said.
    #[error(transparent)]
    Body(#[from] BadChunk),
}

impl Trouble {
    /// The whole chain of causes on one line.
    #[must_use]
    pub fn chain(&self) -> String {
        let mut text = self.to_string();
        let mut cause = std::error::Error::source(self);
        while let Some(error) = cause {
            text.push_str(": ");
            text.push_str(&error.to_string());
            cause = error.source();
        }
        text
    }
}

/// Says what was attempted when the operating system or a database refuses.
pub trait During<T> {
    /// Turns an IO error into [`Trouble::Io`], a database's into [`Trouble::Sql`].
    ///
    /// # Errors
    /// The error it was called on.
    fn during(self, what: impl Into<String>) -> Result<T, Trouble>;
}

impl<T> During<T> for io::Result<T> {
    fn during(self, what: impl Into<String>) -> Result<T, Trouble> {
        self.map_err(|source| Trouble::Io {
            what: what.into(),
            source,
        })
    }
}

impl<T> During<T> for Result<T, sqlx::Error> {
    fn during(self, what: impl Into<String>) -> Result<T, Trouble> {
        self.map_err(|source| Trouble::Sql {
            what: what.into(),
            source,
        })
    }
}
