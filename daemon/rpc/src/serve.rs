//! The server: limits, keepalive, and how it ends.
//!
//! ```text
//!  running ── soft stop: streams and waiting claims end, workers still bring results
//!     └─► closing: GOAWAY, what runs is finished, `serve` returns
//! ```

use std::sync::Arc;
use std::time::Duration;

use jobs::Queue;
use kit::lifecycle::Lifecycle;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tonic::transport::{Error, Server};

use crate::accept::Incoming;
use crate::callers::Callers;
use crate::core::Service;
use crate::edge::Edge;
use crate::proto::DESCRIPTION;
use crate::proto::core_server::CoreServer;

/// The largest message, in bytes, either way: a batch of 16 MiB, and what stands around it.
pub(crate) const MAX_MESSAGE_BYTES: usize = 20 * 1024 * 1024;
/// Calls at once on one connection: watchers of many jobs share one.
const MAX_STREAMS: u32 = 1000;
/// The largest list of headers, in bytes: a token and a few more.
const MAX_HEADER_BYTES: u32 = 16 * 1024;
/// A silent peer is asked after so long whether it is still there, ...
const PING_AFTER: Duration = Duration::from_secs(20);
/// ... and has so long to answer.
const PING_LIMIT: Duration = Duration::from_secs(20);
/// What a call may take to the head of its answer, its message included: longer than a claim waits.
const CALL_LIMIT: Duration = Duration::from_secs(120);

/// What the server is made of.
pub struct Parts {
    /// The queue.
    pub queue: Queue,
    /// Who may call.
    pub callers: Arc<dyn Callers>,
    /// Its soft stop ends what waits.
    pub lifecycle: Lifecycle,
    /// Cancelled when nobody is to be served any more.
    pub closing: CancellationToken,
    /// Connections at once.
    pub max_connections: usize,
}

/// Serves on `listener` until `closing` is cancelled and what ran then is done.
///
/// Errors: where the server can't be made; a connection's trouble is its own.
pub async fn serve(listener: TcpListener, parts: Parts) -> Result<(), Error> {
    let service = Service::new(parts.queue, parts.lifecycle);
    let core = CoreServer::new(service)
        .max_decoding_message_size(MAX_MESSAGE_BYTES)
        .max_encoding_message_size(MAX_MESSAGE_BYTES);
    let reflection = || {
        tonic_reflection::server::Builder::configure()
            .register_encoded_file_descriptor_set(DESCRIPTION)
    };
    let invariant = "the description was made when this was built";
    let edge = Edge {
        core,
        reflection: reflection().build_v1().expect(invariant),
        reflection_alpha: reflection().build_v1alpha().expect(invariant),
        callers: parts.callers,
    };
    let closing = parts.closing;
    Server::builder()
        .max_concurrent_streams(MAX_STREAMS)
        .http2_max_header_list_size(MAX_HEADER_BYTES)
        .http2_keepalive_interval(Some(PING_AFTER))
        .http2_keepalive_timeout(Some(PING_LIMIT))
        .timeout(CALL_LIMIT)
        .serve_with_incoming_shutdown(
            edge,
            Incoming::new(listener, parts.max_connections),
            closing.cancelled(),
        )
        .await
}
