//! The publisher: offers this machine's providers to a server and serves what the server sends.
//!
//! It dials out and listens to nobody but its owner's unix socket. The URLs and keys of the
//! providers never leave the machine.

pub mod boot;
pub mod config;
pub mod control;
pub mod install;
pub mod instance;
pub mod link;
pub mod logs;
pub mod publish;
pub mod serve;
pub mod wake;
pub mod watchdog;
