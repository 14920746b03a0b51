//! Ports for servers that must come back on the same one.

use std::net::{SocketAddr, TcpListener};
use std::sync::atomic::{AtomicU16, Ordering};

/// Below the range from which the kernel takes the ports of outgoing connections, so that nobody gets a server's
/// port while it is down.
const FIRST: u16 = 20_000;
const COUNT: u16 = 12_000;

/// An address of 127.0.0.1 that nobody listens on, and that no outgoing connection will be given.
///
/// # Panics
/// When every port is taken.
#[must_use]
pub fn free_address() -> SocketAddr {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    // Test processes that run side by side begin at different places.
    let start = std::process::id().wrapping_mul(37);
    for _ in 0..COUNT {
        let step = u32::from(NEXT.fetch_add(1, Ordering::Relaxed));
        let port = start.wrapping_add(step) % u32::from(COUNT);
        let port = FIRST + u16::try_from(port).unwrap_or(0);
        let addr = SocketAddr::from(([127, 0, 0, 1], port));
        if TcpListener::bind(addr).is_ok() {
            return addr;
        }
    }
    panic!("no port of 127.0.0.1 is free");
}
