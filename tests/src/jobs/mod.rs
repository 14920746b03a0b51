//! Durable jobs from outside: who submits them, who works on them, who watches them, and whether all that was
//! promised was kept. For the tests `jobs_*` beside this crate and the programs `crash` and `job-worker`.
//!
//! ```text
//!  Rounds ──submits, cancels──► mcpd ◄──claims, results── job-worker (a process, killed and frozen at will)
//!    │  └──── kill -9 ───────────┘ └─────────────┐              │
//!    ▼                                           ▼              ▼
//!  Ledger: what was acknowledged ──► check ◄── all jobs     Notes: what it sent, and what was answered
//! ```

pub mod check;
pub mod client;
pub mod hand;
pub mod ledger;
pub mod load;
pub mod notes;
pub mod plan;
pub mod rounds;
pub mod watcher;
pub mod worker;

pub use client::{Jobs, is_ended};
pub use hand::Hand;
pub use load::Load;
pub use watcher::{Seen, Watcher};
pub use worker::{Claimed, Said, Worker};
