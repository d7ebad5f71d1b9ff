//! A caller's body on its way up: counted, bounded, and watched, so that a slow upload is not taken for a slow answer.
//!
//! The first-byte limit counts from the last thing the upstream had to do. While we wait for the caller's bytes it
//! stands still, and the caller's own silence has a limit of its own. A caller who never falls silent, but sends next to
//! nothing, is ended by a rate: over some time of waiting for it, so many bytes have to come.

use std::{
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering},
    },
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use futures_util::task::AtomicWaker;
use http::{HeaderMap, HeaderName, HeaderValue};
use http_body::{Body as HttpBody, Frame, SizeHint};
use tokio::time::{Instant, sleep_until};

use super::body::{Body, BoxError};

/// Which trailers of a request go on. Without one none do: nothing would have looked at them.
pub type Sieve = Box<dyn Fn(&HeaderName, &HeaderValue) -> bool + Send + Sync>;

/// What went wrong on the caller's side of an upload.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UploadFault {
    /// More bytes than a body may have.
    #[error("the request body is longer than allowed")]
    TooLarge,
    /// The caller stopped sending.
    #[error("the caller stopped sending its body")]
    Stalled,
    /// The body broke off or is malformed.
    #[error("the request body broke off")]
    Broken,
}

/// The rate is an average over this much waiting for the caller; before that nobody is judged.
const WINDOW: Duration = Duration::from_secs(30);

const UPSTREAM: u8 = 0; // the next step is the upstream's: to read on, or to answer
const CALLER: u8 = 1; // the next step is the caller's: to send more
const TOO_LARGE: u8 = 2;
const BROKEN: u8 = 3;

/// How far an upload has come, seen from beside it.
#[derive(Debug)]
pub(crate) struct Progress {
    start: Instant,
    /// Milliseconds from `start` to the last movement.
    moved: AtomicU64,
    /// Milliseconds that were spent on waiting for the caller, without a wait that goes on.
    waited: AtomicU64,
    /// Bytes that came.
    bytes: AtomicU64,
    turn: AtomicU8,
    /// The upload has ended, however.
    is_over: AtomicBool,
    /// The rest is not waited for.
    is_given_up: AtomicBool,
    waiting: AtomicWaker,
}

/// How long one side may let the other wait.
#[derive(Clone, Copy, Debug)]
pub(super) struct Patience {
    /// For the upstream's next step.
    pub(super) first_byte: Duration,
    /// For the caller's.
    pub(super) idle: Duration,
    /// How many bytes a second the caller has to send while it is waited for; 0: any.
    pub(super) rate: u32,
}

impl Progress {
    fn new() -> Arc<Self> {
        Arc::new(Self {
            start: Instant::now(),
            moved: AtomicU64::new(0),
            waited: AtomicU64::new(0),
            bytes: AtomicU64::new(0),
            turn: AtomicU8::new(UPSTREAM),
            is_over: AtomicBool::new(false),
            is_given_up: AtomicBool::new(false),
            waiting: AtomicWaker::new(),
        })
    }

    /// When a byte last moved.
    pub(super) fn moved(&self) -> Instant {
        self.start + Duration::from_millis(self.moved.load(Ordering::Relaxed))
    }

    /// What went wrong on the caller's side, if anything did.
    pub(super) fn fault(&self) -> Option<UploadFault> {
        match self.turn.load(Ordering::Relaxed) {
            TOO_LARGE => Some(UploadFault::TooLarge),
            BROKEN => Some(UploadFault::Broken),
            _ => None,
        }
    }

    /// Ends when the upstream, or the caller, has let the other wait for too long.
    pub(super) async fn stall(&self, patience: Patience) -> Stall {
        let Patience { first_byte, idle, rate } = patience;
        let mut window = (0, 0);
        loop {
            let callers_turn = self.turn.load(Ordering::Relaxed) == CALLER;
            if self.drips(&mut window, rate) {
                return Stall::Caller;
            }
            let deadline = self.moved() + if callers_turn { idle } else { first_byte };
            if deadline > Instant::now() {
                // The turn may change meanwhile, so never look away for longer than the shortest limit.
                sleep_until(deadline.min(Instant::now() + first_byte.min(idle).min(WINDOW))).await;
            } else if callers_turn {
                return Stall::Caller;
            } else {
                return Stall::Upstream;
            }
        }
    }

    /// Whether too little came since `window` (bytes and waiting until then), once that is long enough ago.
    fn drips(&self, window: &mut (u64, u64), rate: u32) -> bool {
        let (bytes, waited) = (self.bytes.load(Ordering::Relaxed), self.waited());
        let time = waited.saturating_sub(window.1);
        if u128::from(time) < WINDOW.as_millis() {
            return false;
        }
        let came = bytes.saturating_sub(window.0);
        *window = (bytes, waited);
        came < time.saturating_mul(rate.into()) / 1000
    }

    /// Milliseconds of waiting for the caller, until now.
    fn waited(&self) -> u64 {
        let goes_on = self.turn.load(Ordering::Relaxed) == CALLER;
        let since = if goes_on { millis(self.moved().elapsed()) } else { 0 };
        self.waited.load(Ordering::Relaxed) + since
    }

    /// Whether nothing more will be sent.
    pub(super) fn is_over(&self) -> bool {
        self.is_over.load(Ordering::Acquire)
    }

    /// Waits until the upload has not moved for `idle`, and breaks it off then: its answer is there, and nobody else
    /// looks after it any more.
    pub(super) async fn give_up(&self, idle: Duration) {
        self.stall(Patience { first_byte: idle, idle, rate: 0 }).await;
        self.is_given_up.store(true, Ordering::Release);
        self.waiting.wake();
    }

    /// To be asked again and again while nothing comes is no movement.
    fn wait_for_caller(&self) {
        if self.turn.load(Ordering::Relaxed) != CALLER {
            self.turn_to(CALLER);
        }
    }

    fn turn_to(&self, turn: u8) {
        self.waited.store(self.waited(), Ordering::Relaxed);
        self.moved.store(millis(self.start.elapsed()), Ordering::Relaxed);
        self.turn.store(turn, Ordering::Relaxed);
    }
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

/// Who let the other wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stall {
    /// The upstream neither read on nor answered.
    Upstream,
    /// The caller did not send on.
    Caller,
}

/// A caller's body, watched.
pub(crate) struct Upload {
    inner: Body,
    left: Option<u64>,
    sieve: Option<Sieve>,
    progress: Arc<Progress>,
}

impl Upload {
    /// Watches `inner`, which may have at most `limit` bytes, and the trailers that `sieve` lets through.
    pub(crate) fn new(inner: Body, limit: Option<u64>, sieve: Option<Sieve>) -> (Self, Arc<Progress>) {
        let progress = Progress::new();
        (Self { inner, left: limit, sieve, progress: Arc::clone(&progress) }, progress)
    }

    /// The end of the body, with what may trail it.
    fn end(&self, trailers: HeaderMap) -> Option<Result<Frame<Bytes>, BoxError>> {
        self.progress.turn_to(UPSTREAM);
        let kept = sifted(trailers, self.sieve.as_ref()?);
        (!kept.is_empty()).then(|| Ok(Frame::trailers(kept)))
    }

    fn take(&mut self, frame: Frame<Bytes>) -> Result<Frame<Bytes>, BoxError> {
        self.progress.turn_to(UPSTREAM);
        let came = frame.data_ref().map_or(0, Bytes::len);
        self.progress.bytes.fetch_add(came as u64, Ordering::Relaxed);
        if let (Some(left), Some(data)) = (self.left, frame.data_ref()) {
            self.left = Some(left.checked_sub(data.len() as u64).ok_or_else(|| {
                self.progress.turn_to(TOO_LARGE);
                UploadFault::TooLarge
            })?);
        }
        Ok(frame)
    }
}

impl Drop for Upload {
    fn drop(&mut self) {
        self.progress.is_over.store(true, Ordering::Release);
    }
}

impl HttpBody for Upload {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        match Pin::new(&mut self.inner).poll_frame(cx) {
            Poll::Ready(Some(Ok(frame))) => match frame.into_trailers() {
                Ok(trailers) => Poll::Ready(self.end(trailers)),
                Err(frame) => Poll::Ready(Some(self.take(frame))),
            },
            Poll::Ready(Some(Err(error))) => {
                self.progress.turn_to(BROKEN);
                Poll::Ready(Some(Err(error)))
            }
            Poll::Ready(None) => {
                self.progress.turn_to(UPSTREAM);
                Poll::Ready(None)
            }
            Poll::Pending => {
                self.progress.wait_for_caller();
                self.progress.waiting.register(cx.waker());
                if self.progress.is_given_up.load(Ordering::Acquire) {
                    return Poll::Ready(Some(Err(UploadFault::Stalled.into())));
                }
                Poll::Pending
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

fn sifted(trailers: HeaderMap, passes: &Sieve) -> HeaderMap {
    let mut kept = HeaderMap::with_capacity(trailers.len());
    let mut current = None;
    for (name, value) in trailers {
        current = name.or(current);
        if let Some(name) = &current
            && passes(name, &value)
        {
            kept.append(name.clone(), value);
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::body::boxed;
    use http_body_util::{BodyExt as _, StreamBody};
    use tokio::time::{sleep, timeout};

    const PATIENCE: Patience =
        Patience { first_byte: Duration::from_mins(2), idle: Duration::from_mins(5), rate: 100 };

    /// An upload of one part of so many bytes each so often, which an upstream reads at once.
    fn dripping(bytes: usize, every: Duration) -> Arc<Progress> {
        let parts = futures_util::stream::unfold((), move |()| async move {
            sleep(every).await;
            Some((Ok::<_, BoxError>(Frame::data(Bytes::from(vec![0; bytes]))), ()))
        });
        let (mut upload, progress) = Upload::new(boxed(StreamBody::new(parts)), None, None);
        tokio::spawn(async move { while upload.frame().await.is_some() {} });
        progress
    }

    async fn ends_after(progress: &Progress) -> Option<(Stall, u64)> {
        let start = Instant::now();
        let stall = timeout(Duration::from_hours(2), progress.stall(PATIENCE)).await.ok()?;
        Some((stall, start.elapsed().as_secs()))
    }

    #[tokio::test(start_paused = true)]
    async fn rp_14_a_byte_each_ten_seconds_ends_by_the_rate() {
        let progress = dripping(1, Duration::from_secs(10));
        let (stall, after) = ends_after(&progress).await.unwrap();
        assert_eq!(stall, Stall::Caller);
        assert!((30..=60).contains(&after), "{after} s");
    }

    #[tokio::test(start_paused = true)]
    async fn rp_14_who_is_slow_but_fast_enough_is_waited_for() {
        let progress = dripping(2_000, Duration::from_secs(10));
        assert_eq!(ends_after(&progress).await, None);
    }

    #[tokio::test(start_paused = true)]
    async fn rp_14_the_upstreams_own_time_does_not_count() {
        // One byte has come; since then it is the upstream that doesn't read on.
        let (mut upload, progress) = Upload::new(crate::net::body::full("x"), None, None);
        assert!(upload.frame().await.is_some());
        assert_eq!(ends_after(&progress).await, Some((Stall::Upstream, 120)));
    }

    #[tokio::test(start_paused = true)]
    async fn rp_14_a_caller_who_falls_silent_is_not_waited_for_longer_than_idle() {
        let (mut upload, progress) = Upload::new(
            boxed(StreamBody::new(futures_util::stream::pending::<Result<Frame<Bytes>, BoxError>>())),
            None,
            None,
        );
        tokio::spawn(async move { upload.frame().await });
        let patience = Patience { rate: 0, ..PATIENCE };
        let start = Instant::now();
        assert_eq!(progress.stall(patience).await, Stall::Caller);
        assert_eq!(start.elapsed().as_secs(), 300);
    }
}
