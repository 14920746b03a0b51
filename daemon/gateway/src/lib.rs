//! From a model's name to an answer: which LLM is meant, may it take the request now, who runs it,
//! what it used.
//!
//! ```text
//!  infer ─► plan ─► limits ─► caching ─► attempt ─► call ─► relay | providers
//!                                           │
//!                 answer (flow, pipe) ◄─────┘ ─► tab ─► standing, accounts
//! ```
//! What it leaves to others: HTTP and authentication (the routes), the channel (relay), dialects
//! (providers, messages), rows (registry), what an answer used (meter), kept answers (cache).

mod accounts;
mod aliases;
mod answer;
mod attempt;
mod caching;
mod call;
mod caller;
mod dialect;
mod documents;
mod error;
mod infer;
mod limits;
mod numbers;
mod plan;
mod prices;
mod public;
mod retry;
mod room;
mod standing;
mod tab;
mod wake;

pub use accounts::{Accounts, Payer};
pub use aliases::{Aliases, with_status};
pub use answer::{Answer, AnswerBody, Limit};
pub use caching::CacheWish;
pub use caller::Caller;
pub use dialect::Dialect;
pub use documents::{Documents, Kind};
pub use error::Error;
pub use infer::{Ask, Gateway, Parts, Timeouts};
pub use limits::{Estimate, Ledger, LimitReached, Reservation, period_start};
pub use numbers::{BOUNDS, Distribution, LlmNumbers};
pub use prices::{NANO, Prices};
pub use public::{Worker, check_public};
pub use room::{Room, Served};
