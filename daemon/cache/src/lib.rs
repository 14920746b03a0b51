//! Finished answers that may be given again, exactly, to whoever asks exactly the same.
//!
//! The gateway uses it for aliases that opted in: [`key()`] names a request, [`Recorder`] keeps an
//! answer as it passes, [`Cache`] holds what is kept within a bound, [`Entry::replay`] gives it
//! again in the form that was asked for. Pure code: time comes in as an argument.

mod assemble;
mod canonical;
mod entry;
mod key;
mod merge;
mod recorder;
mod replay;
mod store;

pub use entry::{ContentType, Entry};
pub use key::{Key, is_deterministic, key};
pub use recorder::Recorder;
pub use store::{Cache, Stats};
