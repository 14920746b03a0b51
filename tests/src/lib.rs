//! What the system tests and the benches share: a mock provider, the little HTTP/1.1 both ends of a bench
//! speak, and each one's own kit.
//!
<<<<<<< HEAD
//! The tests beside this crate's `Cargo.toml` use [`mock`], [`cluster`], [`jobs`] and [`proxy`]; the program `bench` uses
//! [`mock`] and [`mod@bench`]. Nothing in here is linked into a shipped program.
=======
//! The tests beside this crate's `Cargo.toml` use [`mock`], [`cluster`] and [`proxy`]; the program `bench` uses
//! [`mock`] and [`mod@bench`], `jobs-bench` uses [`jobs_bench`]. Nothing in here is linked into a shipped program.
>>>>>>> main

pub mod bench;
pub mod clock;
pub mod cluster;
pub mod corpus;
pub mod dice;
pub mod http1;
<<<<<<< HEAD
pub mod jobs;
=======
pub mod jobs_bench;
>>>>>>> main
pub mod mock;
pub mod proxy;
