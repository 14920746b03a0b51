//! What all fuzz targets stand on: how they run, how their seeds are kept, and what is thrown at them.
//!
//! ```text
//! targets! { fn name(input in strategy) { .. } }      one ordinary test per target, in a module `fuzz`
//!      |                       ^
//!      v                       |
//!   target::run        json, anything, mutation       JSON: a tree that may hold what no parser gives back
//!   (cases, time,      stream                         event streams and lines of JSON
//!    seeds)            bytes, pieces                  any bytes; the same bytes in other pieces
//!                      corpus                         recorded requests and answers to begin with
//! ```
//!
//! Only tests depend on it. `docs/fuzzing.md` says how to run it and what to do with a finding.

mod anything;
mod bytes;
pub mod corpus;
mod json;
mod mutation;
mod pieces;
mod stream;
mod target;

pub use anything::{anything, odd_strings};
pub use bytes::{Bytes, bytes, garbled};
pub use json::{Json, Style};
pub use mutation::{mutated, mutated_text};
pub use pieces::{Cuts, cuts};
pub use proptest;
pub use stream::mutated_stream;
pub use target::{Target, run};
