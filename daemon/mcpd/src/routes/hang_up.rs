//! What becomes of a request whose caller hangs up.
//!
//! A request is answered inside the future of its connection, so hanging up drops it wherever it stands. That is how
//! "stop" reaches a model. For a write it would be wrong: a statement that was sent is executed whether anybody waits for
//! it or not, and what belongs after it (what is in memory, who must be told) would never come.

/// What becomes of a request whose caller hangs up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HangUp {
    /// It is dropped in that moment, with all that runs on its behalf. For whatever only reads, waits or streams.
    Drops,
    /// It goes to its end without its caller. For whatever changes both the database and what is in memory.
    Finishes,
}
