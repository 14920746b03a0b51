//! Waking what sleeps, and putting to sleep what nobody uses.
//!
//! ```text
//!  frames, requests ──► Alarm ──► reconciler: State::step ──► run: command, HTTP call, wake-on-LAN
//!                         ▲                 ▲      │
//!                         └── how it is ◄───┴──────┘ polls, recipe ended, told, time
//! ```
//! [`State`] decides; the reconciler of [`crate::publish`] feeds it and does what it says.

mod alarm;
mod command;
mod http_call;
mod machine;
mod run;
mod wol;

pub use alarm::{Alarm, InFlight, Life, Mark};
pub use machine::{Action, Event, Falling, Moment, SLEEP_LIMIT, State, Why};
pub use run::{Recipes, run};
