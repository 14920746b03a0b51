//! The mock provider in a process of its own: this very program, called with `mock`.

use super::{Running, free_address};
use crate::bench::trouble::{During, Trouble};
use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;

/// The mock's process.
#[derive(Debug)]
pub struct MockProcess {
    /// Keeps it alive.
    pub running: Running,
    /// Where it listens.
    pub addr: SocketAddr,
}

impl MockProcess {
    /// Starts it and waits until it listens.
    ///
    /// # Errors
    /// When it does not come up.
    pub async fn start(logs: &Path) -> Result<Self, Trouble> {
        let addr = free_address()?;
        let program = std::env::current_exe().during("find this program")?;
        let mut command = Command::new(program);
        command.args(["mock", "--listen", &addr.to_string()]);
        let mut running = Running::start("mock", &mut command, logs)?;
        running.listens(addr).await?;
        Ok(Self { running, addr })
    }
}
