//! What the server is told about this machine.

use shared::channel::Node;

/// This machine, by its host name.
pub(super) fn this_machine() -> Node {
    let name = rustix::system::uname()
        .nodename()
        .to_string_lossy()
        .into_owned();
    Node {
        id: name.clone(),
        hostname: name,
        version: env!("CARGO_PKG_VERSION").into(),
    }
}
