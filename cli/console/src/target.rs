//! What an action is about.

use std::fmt;

/// A type of things that can be acted on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// An LLM.
    Llm,
    /// An alias.
    Alias,
    /// A price.
    Price,
    /// A secret.
    Secret,
    /// An access token.
    Token,
    /// A job; its name is its id.
    Job,
}

/// A thing, as a command line names it: `llm/laptop`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Target {
    /// Its type.
    pub kind: Kind,
    /// Its name.
    pub name: String,
}

impl Kind {
    /// As in `llm/laptop`.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Llm => "llm",
            Self::Alias => "alias",
            Self::Price => "price",
            Self::Secret => "secret",
            Self::Token => "token",
            Self::Job => "job",
        }
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.kind.word(), self.name)
    }
}
