//! The link to the server: registers, holds the channel, proves it, comes back.
//!
//! [`machine`] decides, [`Driver`] does. The channel's reader and the heartbeat run on tasks of
//! their own and report to the driver; a report names its channel, so that what is about an
//! earlier one is recognised.

mod driver;
mod heartbeat;
pub mod machine;
mod mcpd;
mod node;
mod session;
mod status;
mod target;
mod wire;

pub use driver::{Driver, Parts};
pub use mcpd::{CallError, Mcpd};
pub use status::LinkStatus;
