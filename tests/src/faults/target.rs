//! Whom faults happen to.

use super::plan::{Fault, What};
use crate::cluster::{Mcpd, Mcplocal};
use crate::proxy::{Proxy, Rules};
use std::time::Duration;
use tokio::time::sleep;

/// Longest that a program which was asked to stop may take.
const STOP_LIMIT: Duration = Duration::from_secs(40);

/// A server, a publisher, and the network between them.
#[derive(Debug)]
pub struct Target<'a> {
    /// The publisher's only way to the server.
    pub network: &'a Proxy,
    /// The server.
    pub server: &'a mut Mcpd,
    /// The publisher.
    pub publisher: &'a mut Mcplocal,
}

impl Target<'_> {
    /// Waits for the fault's moment, lets it happen, and undoes it: when this returns, the programs run and the network
    /// behaves. Whether all is well again takes a moment more.
    ///
    /// # Panics
    /// When a program does not stop, or does not come up again.
    pub async fn meet(&mut self, fault: &Fault) {
        sleep(fault.after).await;
        match fault.what {
            What::Network(rules) => {
                self.network.set(rules);
                sleep(fault.lasts).await;
                self.network.set(Rules::default());
            }
            What::ResetAll => self.network.reset(),
            What::ResetChannel => {
                // None is open while the publisher waits for its next attempt.
                if let Some(channel) = self.network.find("_provider-stream") {
                    self.network.reset_only(channel);
                }
            }
            What::KillServer => {
                self.server.process.kill();
                sleep(fault.lasts).await;
                self.server.start_again().await;
            }
            What::FreezeServer => {
                self.server.process.freeze();
                sleep(fault.lasts).await;
                self.server.process.thaw();
            }
            What::StopServer => {
                self.server.terminate();
                self.server.process.end(STOP_LIMIT).await;
                sleep(fault.lasts).await;
                self.server.start_again().await;
            }
            What::KillPublisher => {
                self.publisher.process.kill();
                sleep(fault.lasts).await;
                self.publisher.start_again();
            }
            What::FreezePublisher => {
                self.publisher.process.freeze();
                sleep(fault.lasts).await;
                self.publisher.process.thaw();
            }
            What::StopPublisher => {
                self.publisher.terminate();
                self.publisher.process.end(STOP_LIMIT).await;
                sleep(fault.lasts).await;
                self.publisher.start_again();
            }
        }
    }
}
