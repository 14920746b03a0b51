//! Where an answer's bytes come from.

use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body, SizeHint};

use crate::error::Error;

/// A provider's bytes, by way of a publisher or straight.
pub(crate) enum Source {
    Relayed(relay::AnswerBody),
    Provider(providers::Body),
}

impl Source {
    pub(crate) fn poll_data(
        &mut self,
        cx: &mut Context<'_>,
        name: &str,
    ) -> Poll<Option<Result<Bytes, Error>>> {
        loop {
            let frame = match self {
                Self::Relayed(body) => Pin::new(body).poll_frame(cx).map_err(|source| {
                    let name = name.to_owned();
                    Error::Relay { name, source }
                }),
                Self::Provider(body) => Pin::new(body).poll_frame(cx).map_err(|source| {
                    let name = name.to_owned();
                    Error::Provider { name, source }
                }),
            };
            match frame {
                Poll::Ready(Some(Ok(frame))) => {
                    // Trailers mean nothing to a completion.
                    if let Ok(data) = frame.into_data() {
                        return Poll::Ready(Some(Ok(data)));
                    }
                }
                Poll::Ready(Some(Err(error))) => return Poll::Ready(Some(Err(error))),
                Poll::Ready(None) => return Poll::Ready(None),
                Poll::Pending => return Poll::Pending,
            }
        }
    }

    /// Lets a publisher know why its task is cancelled.
    pub(crate) fn ends_because(&mut self, error: &Error) {
        if let Self::Relayed(body) = self {
            body.ends_because(match error {
                Error::Deadline { .. } => "deadline",
                Error::Revoked => "revoked",
                _ => "caller_gone",
            });
        }
    }

    pub(crate) fn size_hint(&self) -> SizeHint {
        match self {
            Self::Relayed(body) => body.size_hint(),
            Self::Provider(body) => body.size_hint(),
        }
    }

    /// Waits for the first bytes, so that a provider that fails before them is a clean error.
    ///
    /// A whole answer often comes at once: what is there already is looked at too, so that one that
    /// broke off right away is a clean error as well.
    pub(crate) async fn begin(mut self, name: &str, streams: bool) -> Result<Beginning, Error> {
        let first = poll_fn(|cx| self.poll_data(cx, name)).await.transpose()?;
        let mut beginning = Beginning {
            is_whole: first.is_none(),
            early: [first, None],
            source: self,
        };
        if streams || beginning.is_whole {
            return Ok(beginning);
        }
        let source = &mut beginning.source;
        let there = poll_fn(|cx| match source.poll_data(cx, name) {
            Poll::Ready(next) => Poll::Ready(Some(next)),
            Poll::Pending => Poll::Ready(None),
        });
        match there.await {
            None => {}
            Some(None) => beginning.is_whole = true,
            Some(Some(next)) => beginning.early[1] = Some(next?),
        }
        Ok(beginning)
    }
}

/// An answer whose first bytes are there.
pub(crate) struct Beginning {
    pub(crate) early: [Option<Bytes>; 2],
    pub(crate) source: Source,
    /// Nothing comes after them.
    pub(crate) is_whole: bool,
}
