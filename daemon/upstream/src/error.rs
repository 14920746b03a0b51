//! What can go wrong between us and an upstream.

use std::io;
use std::net::IpAddr;
use std::time::Duration;

/// A failed exchange. The texts name host and port, never a path, a query or a credential.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The host name has no address.
    #[error("the host name of {origin} can't be resolved")]
    Resolve {
        /// Scheme, host and port.
        origin: String,
        /// The resolver's answer.
        source: io::Error,
    },
    /// The address is one that we do not call.
    #[error(
        "{origin} has the address {address}, which is link-local, a metadata service or otherwise not to be called"
    )]
    AddressRefused {
        /// Scheme, host and port.
        origin: String,
        /// What the name resolved to.
        address: IpAddr,
    },
    /// Nobody took the connection.
    #[error("can't connect to {origin}: {source}")]
    Connect {
        /// Scheme, host and port.
        origin: String,
        /// The system's answer.
        source: io::Error,
    },
    /// Nobody took the connection in time.
    #[error("can't connect to {origin} within {} s", .after.as_secs())]
    ConnectTimeout {
        /// Scheme, host and port.
        origin: String,
        /// How long we waited.
        after: Duration,
    },
    /// The TLS handshake failed.
    #[error("TLS with {origin} failed: {source}")]
    Tls {
        /// Scheme, host and port.
        origin: String,
        /// What was wrong: most often the certificate.
        source: io::Error,
    },
    /// The connection broke, or what came was no HTTP.
    #[error("the connection to the upstream broke")]
    Broken(#[source] hyper::Error),
    /// The body is compressed, though nobody asked for that. We undo no codings, and whoever asked
    /// could not read it.
    #[error("the answer is compressed ({coding}), which was not asked for")]
    Encoded {
        /// The answer's `Content-Encoding`, cut short.
        coding: String,
    },
    /// The body is larger than the caller takes.
    #[error("the answer is larger than {limit} bytes")]
    TooLarge {
        /// The limit, in bytes.
        limit: usize,
    },
}

impl Error {
    /// Whether the upstream never saw the request.
    pub fn is_connect(&self) -> bool {
        match self {
            Self::Resolve { .. }
            | Self::AddressRefused { .. }
            | Self::Connect { .. }
            | Self::ConnectTimeout { .. }
            | Self::Tls { .. } => true,
            Self::Broken(_) | Self::Encoded { .. } | Self::TooLarge { .. } => false,
        }
    }
}
