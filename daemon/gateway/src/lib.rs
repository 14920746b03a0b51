//! From a name to an answer: which LLM is meant, may it take the request now, who runs it.
//!
//! What it leaves to others: HTTP and authentication (the routes), the channel (relay), dialects
//! (providers), rows (registry).

mod answer;
mod caller;
mod error;
mod infer;
mod public;

pub use answer::{Answer, AnswerBody, Limit};
pub use caller::Caller;
pub use error::Error;
pub use infer::{Ask, Gateway};
pub use public::{Worker, check_public};
