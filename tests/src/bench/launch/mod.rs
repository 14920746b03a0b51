//! Starts and ends the processes of a bench, each by its own id.

pub mod bore;
pub mod litellm;
pub mod mcpd;
pub mod mcplocal;
pub mod mock;
pub mod nginx;
mod running;
mod scratch;

pub use running::Running;
pub use scratch::Scratch;

use super::trouble::{During, Trouble};
use std::net::{SocketAddr, TcpListener};

/// An address of 127.0.0.1 that nobody listens on just now.
///
/// # Errors
/// When no port can be bound.
pub fn free_address() -> Result<SocketAddr, Trouble> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).during("find a free port")?;
    listener.local_addr().during("find a free port")
}
