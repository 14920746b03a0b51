//! A long run under mixed load while things go wrong by a seed: does anything leak, hang, or look whole that is not?
//!
//! ```text
//! callers ─┐                    ┌──► Mock
//! jobs ────┼──► Mcpd ◄── Proxy ◄┤
//! workers ─┘      ▲   (one each)└─── Mcplocal x 4 ──► Mock
//!                 │
//!          Trouble (seeded): kills, stops, freezes, darkness, resets, slow lines
//! ```
//!
//! The first publisher is never ill-treated itself, and after the first third of the run the server is left alone: their
//! memory and descriptors over time tell of leaks. The seed fixes what is asked and what goes wrong; what a fault meets is
//! chance. See `tests/endure.sh`.

mod absence;
mod caller;
mod curves;
mod jobs;
mod plot;
mod run;
mod tally;
mod trouble;
mod world;

pub use run::{Options, Report, run};
