//! What the system tests and the benches share: a mock provider, the little HTTP/1.1 both ends of a bench
//! speak, and each one's own kit.
//!
//! The tests beside this crate's `Cargo.toml` use [`mock`], [`cluster`], [`endure`], [`jobs`] and [`proxy`]; the program `bench` uses
//! [`mock`] and [`mod@bench`], `jobs-bench` uses [`jobs_bench`]. Nothing in here is linked into a shipped program.

pub mod bench;
pub mod clock;
pub mod cluster;
pub mod corpus;
pub mod dice;
pub mod endure;
pub mod fronts;
pub mod http1;
pub mod jobs;
pub mod jobs_bench;
pub mod mock;
pub mod proxy;
pub mod spoken;
