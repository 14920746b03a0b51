//! bore, a raw reverse TCP tunnel: its server and its local end, both counted.

use super::{Running, free_address};
use crate::bench::trouble::Trouble;
use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;

/// Where bore's server takes control connections; not a setting in bore 0.6.
const CONTROL_PORT: u16 = 7835;

/// Both ends of a tunnel to the mock.
#[derive(Debug)]
pub struct Bore {
    /// The end beside the mock. First, so that it is ended first.
    pub local: Running,
    /// The public end.
    pub server: Running,
    /// Where the tunnel listens.
    pub addr: SocketAddr,
}

impl Bore {
    /// Starts both ends and waits until the tunnel listens.
    ///
    /// # Errors
    /// When either end does not come up; another bore server on this machine is one reason.
    pub async fn start(program: &Path, logs: &Path, upstream: SocketAddr) -> Result<Self, Trouble> {
        let addr = free_address()?;
        let port = addr.port().to_string();
        let mut command = Command::new(program);
        command.args([
            "server",
            "--bind-addr",
            "127.0.0.1",
            "--min-port",
            &port,
            "--max-port",
            &port,
        ]);
        let mut server = Running::start("bore-server", &mut command, logs)?;
        server
            .listens(SocketAddr::from(([127, 0, 0, 1], CONTROL_PORT)))
            .await?;
        let mut command = Command::new(program);
        command.args([
            "local",
            &upstream.port().to_string(),
            "--local-host",
            "127.0.0.1",
        ]);
        command.args(["--to", "127.0.0.1", "--port", &port]);
        let mut local = Running::start("bore-local", &mut command, logs)?;
        local.listens(addr).await?;
        server.check()?;
        Ok(Self {
            local,
            server,
            addr,
        })
    }
}
