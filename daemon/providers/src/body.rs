//! What a provider answers.

use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body as HttpBody, Frame, SizeHint};

use crate::error::Error;

/// An answer's body. Dropping it before its end stops the provider.
pub enum Body {
    /// The upstream's bytes as they come.
    Upstream(upstream::ResponseBody),
    /// Bytes made here.
    Made(Pin<Box<dyn HttpBody<Data = Bytes, Error = Error> + Send>>),
}

impl Body {
    /// A body made here.
    pub fn made(body: impl HttpBody<Data = Bytes, Error = Error> + Send + 'static) -> Self {
        Self::Made(Box::pin(body))
    }
}

impl HttpBody for Body {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        match self.get_mut() {
            Self::Upstream(body) => Pin::new(body).poll_frame(cx).map_err(Error::Upstream),
            Self::Made(body) => body.as_mut().poll_frame(cx),
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Upstream(body) => body.is_end_stream(),
            Self::Made(body) => body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Upstream(body) => body.size_hint(),
            Self::Made(body) => body.size_hint(),
        }
    }
}
