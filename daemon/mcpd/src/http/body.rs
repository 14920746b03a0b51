//! What an answer's body can be. An enum, so that the hot path makes no boxed body.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use gateway::AnswerBody;
use http_body::{Body, Frame, SizeHint};
use relay::ChannelBody;
use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};

/// Any error of a body.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// An answer's body.
pub enum ResponseBody {
    /// Bytes that are there.
    Full(Option<Bytes>),
    /// A provider's answer.
    Answer(AnswerBody),
    /// A control channel, which ends when its credential is revoked.
    Channel {
        /// The frames.
        frames: ChannelBody,
        /// Cancelled once the credential is revoked.
        revoked: CancellationToken,
        /// Ready then.
        ended: Pin<Box<WaitForCancellationFutureOwned>>,
    },
    /// Whatever axum made.
    Axum(axum::body::Body),
}

impl ResponseBody {
    /// A body of these bytes.
    pub fn full(bytes: impl Into<Bytes>) -> Self {
        Self::Full(Some(bytes.into()))
    }
}

impl Body for ResponseBody {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        match self.get_mut() {
            Self::Full(bytes) => Poll::Ready(bytes.take().map(|bytes| Ok(Frame::data(bytes)))),
            Self::Answer(body) => Pin::new(body).poll_frame(cx).map_err(Into::into),
            Self::Channel { frames, ended, .. } => {
                if ended.as_mut().poll(cx).is_ready() {
                    return Poll::Ready(None);
                }
                Pin::new(frames)
                    .poll_frame(cx)
                    .map_err(|never| match never {})
            }
            Self::Axum(body) => Pin::new(body).poll_frame(cx).map_err(Into::into),
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Full(bytes) => bytes.is_none(),
            Self::Answer(body) => body.is_end_stream(),
            Self::Channel { frames, .. } => frames.is_end_stream(),
            Self::Axum(body) => body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Full(None) => SizeHint::with_exact(0),
            Self::Full(Some(bytes)) => SizeHint::with_exact(bytes.len() as u64),
            Self::Answer(body) => body.size_hint(),
            Self::Channel { .. } => SizeHint::default(),
            Self::Axum(body) => body.size_hint(),
        }
    }
}
