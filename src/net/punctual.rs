//! A body that is to be read whole, and has so much time for that: who drips it is not waited for.

use std::{
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use http_body::{Body as HttpBody, Frame, SizeHint};
use tokio::time::{Sleep, sleep};

use super::body::{Body, BoxError};

/// The body did not come in time.
#[derive(Debug, thiserror::Error)]
#[error("the body did not come within {0:?}")]
pub struct Late(Duration);

impl Late {
    /// Whether this is why reading a body failed.
    #[must_use]
    pub fn is_behind(error: &(dyn std::error::Error + 'static)) -> bool {
        std::iter::successors(Some(error), |error| error.source()).any(<dyn std::error::Error>::is::<Self>)
    }
}

/// A body with a deadline, which begins when it is first waited for.
pub struct Punctual {
    inner: Body,
    within: Duration,
    deadline: Option<Pin<Box<Sleep>>>,
}

impl Punctual {
    /// All of `inner` has to come `within` this time.
    #[must_use]
    pub fn new(inner: Body, within: Duration) -> Self {
        Self { inner, within, deadline: None }
    }
}

impl HttpBody for Punctual {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        if let Poll::Ready(frame) = Pin::new(&mut self.inner).poll_frame(cx) {
            return Poll::Ready(frame);
        }
        let within = self.within;
        let deadline = self.deadline.get_or_insert_with(|| Box::pin(sleep(within)));
        deadline.as_mut().poll(cx).map(|()| Some(Err(Late(within).into())))
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::body::{boxed, full, read};
    use http_body_util::StreamBody;

    #[tokio::test(start_paused = true)]
    async fn rp_14_a_dripped_body_is_given_up_in_time() {
        let drops = futures_util::stream::unfold((), |()| async {
            sleep(Duration::from_secs(10)).await;
            Some((Ok::<_, BoxError>(Frame::data(Bytes::from_static(b"x"))), ()))
        });
        let start = tokio::time::Instant::now();
        let body = Punctual::new(boxed(StreamBody::new(drops)), Duration::from_secs(30));
        let error = read(body, 1000).await.unwrap_err();
        assert!(Late::is_behind(&error), "{error:?}");
        assert_eq!(start.elapsed(), Duration::from_secs(30));
        assert_eq!(read(Punctual::new(full("x"), Duration::ZERO), 1).await.unwrap(), "x");
    }
}
