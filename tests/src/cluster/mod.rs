//! The real programs as processes, for the tests beside this crate: started on free loopback ports with homes of
//! their own, stopped, killed and frozen at will, and gone with the test that started them.
//!
//! ```text
//!  Caller ──HTTP──► Mcpd ◄──channel── Mcplocal ──HTTP──► Mock
//!  Mcpctl ──HTTP──►   ▲
//!                     └──channel── Publisher (played by hand)
//! ```
//!
//! A step that fails ends the test with what was seen last and the end of every log. Nothing in here waits without
//! a bound, and nothing sleeps and hopes: see [`wait::until`].

pub mod binaries;
pub mod caller;
pub mod canary;
pub mod chunked;
pub mod far;
pub mod figures;
pub mod left_out;
pub mod mcpctl;
pub mod mcpd;
pub mod mcplocal;
pub mod own_postgres;
pub mod ports;
pub mod postgres;
pub mod process;
pub mod publisher;
pub mod raw;
pub mod rest;
pub mod scratch;
pub mod small_disk;
pub mod stage;
pub mod wait;
pub mod worker;

pub use caller::{Answer, Ask, Whole};
pub use chunked::CHUNKED;
pub use far::Far;
pub use figures::figures;
pub use left_out::left_out;
pub use mcpctl::{Ran, mcpctl};
pub use mcpd::Mcpd;
pub use mcplocal::Mcplocal;
pub use own_postgres::OwnPostgres;
pub use process::Process;
pub use publisher::Publisher;
pub use raw::Raw;
pub use scratch::Scratch;
pub use small_disk::SmallDisk;
pub use stage::Stage;
pub use wait::until;
pub use worker::Worker;
