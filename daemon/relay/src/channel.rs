//! The stream of frames to one publisher.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body, Frame as BodyFrame};
use shared::channel::Frame;
use tokio::sync::mpsc;
use tokio::time::Instant;

use crate::relay::Relay;
use crate::session::Session;

/// Frames that may wait for a publisher's socket. One that lets more pile up is stuck: tasks and
/// pings are small, and admission bounds the tasks.
const MAX_WAITING_FRAMES: usize = 512;

/// The server's end of a bound channel.
#[derive(Debug)]
pub(crate) struct Channel {
    pub(crate) epoch: u64,
    frames: mpsc::Sender<Bytes>,
    /// The publisher has shown that it hears us: its rows may be called.
    pub(crate) acknowledged: bool,
    /// The last heartbeat, or the bind.
    pub(crate) heard_at: Instant,
    /// The last heartbeat that proved that a ping arrived, or the bind.
    pub(crate) proven_at: Instant,
    pub(crate) ping_due: Instant,
    pub(crate) pings_sent: u64,
    /// The last ping that the publisher has named; `None` while it names none.
    pub(crate) ping_seen: Option<u64>,
    /// A frame did not fit: to be taken down at the next look.
    pub(crate) stuck: bool,
}

impl Channel {
    pub(crate) fn open(
        epoch: u64,
        now: Instant,
        ping_due: Instant,
    ) -> (Self, mpsc::Receiver<Bytes>) {
        let (frames, queue) = mpsc::channel(MAX_WAITING_FRAMES);
        let channel = Self {
            epoch,
            frames,
            acknowledged: false,
            heard_at: now,
            proven_at: now,
            ping_due,
            pings_sent: 0,
            ping_seen: None,
            stuck: false,
        };
        (channel, queue)
    }

    /// Queues a frame; false where the publisher's queue is full or gone.
    pub(crate) fn say(&self, frame: &Frame) -> bool {
        let mut bytes = Vec::with_capacity(64);
        frame.encode(&mut bytes);
        self.frames.try_send(bytes.into()).is_ok()
    }

    /// A handle to queue frames without holding the session.
    pub(crate) fn sender(&self) -> mpsc::Sender<Bytes> {
        self.frames.clone()
    }
}

/// The answer to `GET _provider-stream`: frames as they are said.
///
/// Dropping it means that the publisher's connection is gone: the channel is unbound at once.
pub struct ChannelBody {
    queue: mpsc::Receiver<Bytes>,
    relay: Relay,
    session: Arc<Session>,
    epoch: u64,
}

impl ChannelBody {
    pub(crate) fn new(
        queue: mpsc::Receiver<Bytes>,
        relay: Relay,
        session: Arc<Session>,
        epoch: u64,
    ) -> Self {
        Self {
            queue,
            relay,
            session,
            epoch,
        }
    }
}

impl Body for ChannelBody {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<BodyFrame<Bytes>, Self::Error>>> {
        let frame = self.get_mut().queue.poll_recv(cx);
        frame.map(|frame| frame.map(|bytes| Ok(BodyFrame::data(bytes))))
    }
}

impl Drop for ChannelBody {
    fn drop(&mut self) {
        self.relay
            .unbind(&self.session, self.epoch, "its connection closed");
    }
}
