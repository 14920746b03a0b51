//! A request's body, until its credential is revoked: a caller is authorised by the head of its request, and must still
//! be so when the last of its body comes.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};

use crate::http::body::BoxError;

/// The end of a body whose credential was revoked while it came.
#[derive(Debug, thiserror::Error)]
#[error("the credential was revoked while the request's body came")]
pub(crate) struct Revoked;

/// A body that ends in [`Revoked`] once its credential is revoked.
pub(crate) struct UntilRevoked<B> {
    body: B,
    revoked: CancellationToken,
    /// Made when the body has to be waited for: one that comes with its head has none.
    ended: Option<Pin<Box<WaitForCancellationFutureOwned>>>,
}

impl<B> UntilRevoked<B> {
    pub(crate) fn new(body: B, revoked: CancellationToken) -> Self {
        Self {
            body,
            revoked,
            ended: None,
        }
    }
}

impl<B> Body for UntilRevoked<B>
where
    B: Body<Data = Bytes, Error: Into<BoxError>> + Unpin,
{
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let this = self.get_mut();
        // Asked last: a body that has come whole is looked at no more.
        let frame = Pin::new(&mut this.body).poll_frame(cx);
        if this.revoked.is_cancelled() {
            return Poll::Ready(Some(Err(Box::new(Revoked))));
        }
        let Poll::Ready(frame) = frame else {
            let revoked = &this.revoked;
            let ended = this
                .ended
                .get_or_insert_with(|| Box::pin(revoked.clone().cancelled_owned()));
            return ended
                .as_mut()
                .poll(cx)
                .map(|()| Some(Err(Box::new(Revoked).into())));
        };
        Poll::Ready(frame.map(|frame| frame.map_err(Into::into)))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;
    use std::time::Duration;

    use http_body_util::{BodyExt, Full};
    use tokio::sync::mpsc;

    use super::*;

    /// A body whose pieces are sent.
    struct Coming(mpsc::Receiver<Bytes>);

    impl Body for Coming {
        type Data = Bytes;
        type Error = Infallible;

        fn poll_frame(
            mut self: Pin<&mut Self>,
            cx: &mut Context<'_>,
        ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
            let piece = self.0.poll_recv(cx);
            piece.map(|piece| piece.map(|piece| Ok(Frame::data(piece))))
        }
    }

    fn coming() -> (mpsc::Sender<Bytes>, Coming) {
        let (pieces, coming) = mpsc::channel(4);
        (pieces, Coming(coming))
    }

    #[tokio::test(start_paused = true)]
    async fn it_ends_while_nothing_comes() {
        let (_pieces, body) = coming();
        let revoked = CancellationToken::new();
        let mut body = UntilRevoked::new(body, revoked.clone());
        let waited = tokio::time::timeout(Duration::from_secs(1), body.frame()).await;
        assert!(waited.is_err());
        revoked.cancel();
        let error = body.frame().await.unwrap().unwrap_err();
        assert!(error.is::<Revoked>());
    }

    #[tokio::test]
    async fn neither_the_last_piece_nor_the_end_passes() {
        let revoked = CancellationToken::new();
        revoked.cancel();
        let mut last = UntilRevoked::new(Full::new(Bytes::from("{}")), revoked.clone());
        assert!(last.frame().await.unwrap().is_err());
        let (pieces, body) = coming();
        drop(pieces);
        let mut end = UntilRevoked::new(body, revoked);
        assert!(end.frame().await.unwrap().is_err());
    }

    #[tokio::test]
    async fn who_is_not_revoked_is_heard() {
        let (pieces, body) = coming();
        let body = UntilRevoked::new(body, CancellationToken::new());
        pieces.send("{".into()).await.unwrap();
        pieces.send("}".into()).await.unwrap();
        drop(pieces);
        assert_eq!(body.collect().await.unwrap().to_bytes(), "{}");
    }
}
