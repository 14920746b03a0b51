//! What the system tests and the benches share: a mock provider, the little HTTP/1.1 both ends of a bench
//! speak, and the bench kit itself.
//!
//! The tests beside this crate's `Cargo.toml` use [`mock`]; the program `bench` uses all of it. Nothing in here
//! is linked into a shipped program.

pub mod bench;
pub mod clock;
pub mod http1;
pub mod mock;
