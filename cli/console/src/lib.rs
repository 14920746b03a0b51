//! The live view of an mcpd: its state, and how it is drawn.
//!
//! ```text
//!   keys, ticks ──►┌─────────┐──► frames            draw
//!                  │ Console │──► actions           delete this, run `edit` for that
//!   news ─────────►└─────────┘──► feeds             what it wants to be told of
//!    ▲                                   │
//!    └──────── the program, which fetches ◄┘
//! ```
//!
//! Pure: no server, no terminal and no clock is touched here. Whoever runs it keeps one fetcher for
//! each [`Feed`] that [`Console::wanted`] names, hands in what they bring as [`News`], and does what
//! [`Action`]s say. A lost connection is news like any other.

mod cells;
mod columns;
mod command;
mod connection;
mod console;
mod documents;
mod draw;
mod events;
mod feed;
mod filter;
mod help;
mod history;
mod keys;
mod line;
mod pane;
mod publishers;
mod table;
mod target;
mod tell;
mod text;
mod theme;
mod view;
mod wants;

pub use console::{Action, Console, Setup};
pub use feed::{By, Feed, News, Trouble, TroubleKind, What};
pub use target::{Kind, Target};
pub use view::View;

#[cfg(test)]
mod tests;
