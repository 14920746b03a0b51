//! What the console wants to be told of, and what it is told.

use std::time::Duration;

use serde_json::Value;

use crate::target::Kind;

/// Something that is fetched again and again, for as long as it is wanted.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Feed {
    /// The LLMs and their changes.
    Llms,
    /// How busy each LLM is.
    Load,
    /// The newest jobs, and the summary of all.
    Jobs,
    /// The workers that were heard of.
    Workers,
    /// Sums of what was used, and what the month cost.
    Usage(By),
    /// The last requests.
    Requests,
    /// All of a type.
    Documents(Kind),
    /// One job with its payload, its result and its attempts.
    Job(String),
    /// What a job tells, as it comes.
    JobLog(String),
    /// The last requests that an LLM served.
    LlmRequests(String),
}

/// How usage is summed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum By {
    /// By LLM.
    #[default]
    Llm,
    /// By access token.
    Token,
    /// By day.
    Day,
}

impl By {
    /// As the API writes it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Llm => "llm",
            Self::Token => "token",
            Self::Day => "day",
        }
    }

    /// The next way to sum.
    pub(crate) const fn next(self) -> Self {
        match self {
            Self::Llm => Self::Token,
            Self::Token => Self::Day,
            Self::Day => Self::Llm,
        }
    }
}

/// Something that a feed brought.
///
/// Shape: texts in it are free of control sequences; that is the bringer's care.
#[derive(Clone, Debug)]
pub struct News {
    /// Which feed.
    pub feed: Feed,
    /// What.
    pub what: What,
}

/// What a feed brings.
#[derive(Clone, Debug)]
pub enum What {
    /// All rows, in the server's order, in place of those before; `more` where the server has
    /// more.
    Rows {
        /// The rows.
        rows: Vec<Value>,
        /// Whether these are not all.
        more: bool,
    },
    /// A row that is new or has changed.
    Changed(Value),
    /// The row of this name is gone.
    Gone(String),
    /// What belongs to the rows, or the one thing that the feed is about.
    Object(Value),
    /// A line of a log.
    Line(String),
    /// A piece of the text that a log tells; lines end where the text says.
    Text(String),
    /// It can't be fetched; it is tried again.
    Trouble(Trouble),
}

/// Why something can't be fetched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trouble {
    /// What kind of trouble.
    pub kind: TroubleKind,
    /// What is wrong, in a few words.
    pub why: String,
    /// What a person may do.
    pub hint: Option<String>,
    /// When it is tried again.
    pub again_in: Duration,
}

/// The kinds of trouble, by what helps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TroubleKind {
    /// The server does not answer: waiting helps.
    Away,
    /// The token is not known: logging in helps.
    Unknown,
    /// The token may not see this.
    Forbidden,
    /// Anything else.
    Other,
}
