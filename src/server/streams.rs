//! HTTP/2 streams whose peer takes nothing: reset once that has lasted too long.
//!
//! A stream whose window stays closed holds its call, its slot and its upstream, while the connection itself is well.
//! The library doesn't ask for more of a body before its last part could be sent, and has no timer for that; so every
//! stream is watched by the one who runs it.

use std::{
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use http_body::{Body as HttpBody, Frame, SizeHint};
use tokio::{
    task_local,
    time::{Instant, sleep_until},
};

use crate::net::BoxError;

task_local! {
    /// Of the stream that the task at hand runs.
    static FLOW: Arc<Flow>;
}

/// Since when a part of a stream's body waits to be sent.
struct Flow {
    start: Instant,
    /// Milliseconds from `start`, and one; 0 while none waits.
    waits: AtomicU64,
}

impl Flow {
    fn new() -> Self {
        Self { start: Instant::now(), waits: AtomicU64::new(0) }
    }

    fn offer(&self) {
        let since = u64::try_from(self.start.elapsed().as_millis()).unwrap_or(u64::MAX - 1);
        self.waits.store(since + 1, Relaxed);
    }

    /// Ends when one part has waited for as long as this.
    async fn stuck(&self, patience: Duration) {
        loop {
            let since = match self.waits.load(Relaxed) {
                0 => Instant::now(),
                waits => self.start + Duration::from_millis(waits - 1),
            };
            let end = since + patience;
            if end <= Instant::now() {
                return;
            }
            sleep_until(end).await;
        }
    }
}

/// Runs the streams of a connection, each until it ends or is stuck for so long.
#[derive(Clone)]
pub(super) struct Streams(pub(super) Duration);

impl<F> hyper::rt::Executor<F> for Streams
where
    F: Future + Send + 'static,
    F::Output: Send,
{
    fn execute(&self, stream: F) {
        let (flow, patience) = (Arc::new(Flow::new()), self.0);
        let watched = Arc::clone(&flow);
        // What is dropped before its end is reset.
        tokio::spawn(FLOW.scope(flow, async move {
            tokio::select! {
                biased;
                _ = stream => {}
                () = watched.stuck(patience) => {}
            }
        }));
    }
}

/// A body that says when its parts wait to be sent.
pub(super) struct Flowing<B> {
    inner: B,
    flow: Option<Arc<Flow>>,
}

impl<B> Flowing<B> {
    /// Of the stream that the task at hand runs.
    pub(super) fn new(inner: B) -> Self {
        Self { inner, flow: FLOW.try_with(Arc::clone).ok() }
    }
}

impl<B: HttpBody<Data = Bytes, Error = BoxError> + Unpin> HttpBody for Flowing<B> {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let polled = Pin::new(&mut self.inner).poll_frame(cx);
        if let Some(flow) = &self.flow {
            match &polled {
                Poll::Ready(Some(_)) => flow.offer(),
                Poll::Ready(None) | Poll::Pending => flow.waits.store(0, Relaxed),
            }
        }
        polled
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
    use hyper::rt::Executor as _;
    use tokio::{sync::oneshot, time::sleep};

    const PATIENCE: Duration = Duration::from_mins(5);

    /// After how many seconds a stream ended that does `what`.
    async fn ends_after<F: Future + Send + 'static>(what: impl FnOnce() -> F + Send + 'static) -> u64 {
        let (start, (held, ended)) = (Instant::now(), oneshot::channel::<()>());
        Streams(PATIENCE).execute(async move {
            let _held = held;
            what().await;
        });
        assert!(ended.await.is_err());
        start.elapsed().as_secs()
    }

    #[tokio::test(start_paused = true)]
    async fn a_part_that_nobody_takes_ends_its_stream() {
        let parts = || Flowing::new(crate::net::body::full("x"));
        let stuck = async move || {
            let mut body = parts();
            assert!(http_body_util::BodyExt::frame(&mut body).await.is_some());
            sleep(PATIENCE * 10).await;
        };
        assert_eq!(ends_after(stuck).await, 300);
        // The same, but the last part was taken: it is the upstream's turn.
        let taken = async move || {
            let mut body = parts();
            while http_body_util::BodyExt::frame(&mut body).await.is_some() {}
            sleep(PATIENCE * 10).await;
        };
        assert_eq!(ends_after(taken).await, 3000);
    }
}
