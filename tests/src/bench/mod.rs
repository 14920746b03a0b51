//! The bench kit: several ways to one mock provider, measured side by side, in alternation, in one run.
//!
//! ```text
//! load generator ──────────────────────────────► mock      direct
//!                ── nginx ─────────────────────► mock      nginx     the yardstick of the public row
//!                ── bore server ── bore local ─► mock      bore      the yardstick of the virtual row
//!                ── mcpd ──────────────────────► mock      public
//!                ── mcpd ── mcplocal ──────────► mock      virtual
//!                ── mcpd, /v1 ─────────────────► mock      v1        the data plane: names, accounts, limits
//!                ── LiteLLM's proxy ───────────► mock      litellm   another data plane; only where it is installed
//! ```
//!
//! Absolute numbers belong to the machine; the ratios between the ways are what counts. So every round visits every
//! way in each section, the order turns from round to round, and ratios are taken within a round. The bench reports
//! and never fails by time. [`run::run`] is the whole of it; `src/bin/bench.rs` is its command line.
//!
//! A section ([`sections`]) is one kind of measurement over one [`lane::Lane`]; it writes into the [`book::Book`],
//! from which [`report`] makes Markdown and [`aims`] the verdicts.

pub mod aims;
pub mod book;
pub mod client;
pub mod control;
pub mod lane;
pub mod launch;
pub mod meter;
pub mod options;
pub mod plan;
pub mod quantile;
pub mod report;
pub mod run;
pub mod sections;
pub mod taps;
pub mod trouble;
