//! The publisher: offers this machine's providers to a server and serves what it sends.
pub mod config;
pub mod link;
pub mod publish;
