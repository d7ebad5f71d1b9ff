//! An upstream's answer as it arrives: passed on frame by frame, cut off when nothing comes for too long.
//!
//! There is no total limit: an event stream may last for days. The timer is made only when the upstream lets us wait,
//! and it is not moved for each frame: when it fires, it looks how long the silence really was.

use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
    time::Duration,
};

use bytes::Bytes;
use http_body::{Body as HttpBody, Frame, SizeHint};
use hyper::body::Incoming;
use tokio::time::{Instant, Sleep, sleep_until};

use super::{body::BoxError, pool::Lease, upload::Progress};

/// The upstream was silent for too long in the middle of its answer.
#[derive(Debug, thiserror::Error)]
#[error("the upstream was silent for {0:?}")]
pub struct Silent(pub Duration);

/// The body of an upstream's answer.
#[derive(Debug)]
pub struct Streamed {
    inner: Incoming,
    idle: Duration,
    upload: Option<Arc<Progress>>,
    lease: Option<Lease>,
    silent_since: Option<Instant>,
    timer: Option<Pin<Box<Sleep>>>,
    /// What ended it, until it is told.
    broken: Option<BoxError>,
}

impl Streamed {
    /// Passes `inner` on and allows `idle` of silence, during which an upload may still move. `lease` is held to the
    /// end, and its connection is closed if that doesn't come.
    pub(super) fn new(
        inner: Incoming,
        idle: Duration,
        upload: Option<Arc<Progress>>,
        lease: Option<Lease>,
    ) -> Self {
        let mut this = Self { inner, idle, upload, lease, silent_since: None, timer: None, broken: None };
        if this.inner.is_end_stream() {
            this.end();
        }
        this
    }

    fn end(&mut self) {
        if let Some(lease) = self.lease.take() {
            lease.release(self.upload.take(), self.idle);
        }
    }

    fn poll_silence(&mut self, cx: &mut Context<'_>) -> Poll<BoxError> {
        let since = *self.silent_since.get_or_insert_with(Instant::now);
        let timer = self.timer.get_or_insert_with(|| Box::pin(sleep_until(since + self.idle)));
        loop {
            ready!(timer.as_mut().poll(cx));
            let moved = self.upload.as_ref().map_or(since, |upload| upload.moved().max(since));
            if moved + self.idle <= Instant::now() {
                return Poll::Ready(Silent(self.idle).into());
            }
            timer.as_mut().reset(moved + self.idle);
        }
    }
}

impl Drop for Streamed {
    fn drop(&mut self) {
        // A server that knows the length doesn't ask for the end.
        if self.is_end_stream() {
            self.end();
        }
    }
}

impl HttpBody for Streamed {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let this = &mut *self;
        if let Some(error) = this.broken.take() {
            return Poll::Ready(Some(Err(error)));
        }
        let polled = match &mut this.lease {
            Some(lease) => lease.poll_frame(&mut this.inner, cx),
            None => Pin::new(&mut this.inner).poll_frame(cx),
        };
        match polled {
            Poll::Ready(Some(Err(error))) => {
                // A server that is told at once throws away what it was about to write, be it the head.
                self.broken = Some(error.into());
                cx.waker().wake_by_ref();
                Poll::Pending
            }
            Poll::Ready(frame) => {
                self.silent_since = None;
                if frame.as_ref().is_none_or(|frame| frame.as_ref().is_ok_and(Frame::is_trailers)) {
                    self.end();
                }
                Poll::Ready(frame.map(|frame| frame.map_err(Into::into)))
            }
            Poll::Pending => self.poll_silence(cx).map(|error| Some(Err(error))),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.broken.is_none() && self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}
