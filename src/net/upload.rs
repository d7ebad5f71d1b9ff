//! A caller's body on its way up: counted, bounded, and watched, so that a slow upload is not taken for a slow answer.
//!
//! The first-byte limit counts from the last thing the upstream had to do. While we wait for the caller's bytes it
//! stands still, and the caller's own silence has a limit of its own.

use std::{
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicU8, AtomicU64, Ordering},
    },
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
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

const UPSTREAM: u8 = 0; // the next step is the upstream's: to read on, or to answer
const CALLER: u8 = 1; // the next step is the caller's: to send more
const TOO_LARGE: u8 = 2;
const BROKEN: u8 = 3;

/// How far an upload has come, seen from beside it.
#[derive(Debug)]
pub(super) struct Progress {
    start: Instant,
    /// Milliseconds from `start` to the last movement.
    moved: AtomicU64,
    turn: AtomicU8,
}

impl Progress {
    fn new() -> Arc<Self> {
        Arc::new(Self { start: Instant::now(), moved: AtomicU64::new(0), turn: AtomicU8::new(UPSTREAM) })
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
    pub(super) async fn stall(&self, first_byte: Duration, idle: Duration) -> Stall {
        loop {
            let callers_turn = self.turn.load(Ordering::Relaxed) == CALLER;
            let deadline = self.moved() + if callers_turn { idle } else { first_byte };
            if deadline > Instant::now() {
                // The turn may change meanwhile, so never look away for longer than the shorter limit.
                sleep_until(deadline.min(Instant::now() + first_byte.min(idle))).await;
            } else if callers_turn {
                return Stall::Caller;
            } else {
                return Stall::Upstream;
            }
        }
    }

    /// To be asked again and again while nothing comes is no movement.
    fn wait_for_caller(&self) {
        if self.turn.load(Ordering::Relaxed) != CALLER {
            self.turn_to(CALLER);
        }
    }

    fn turn_to(&self, turn: u8) {
        let elapsed = u64::try_from(self.start.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.moved.store(elapsed, Ordering::Relaxed);
        self.turn.store(turn, Ordering::Relaxed);
    }
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
pub(super) struct Upload {
    inner: Body,
    left: Option<u64>,
    sieve: Option<Sieve>,
    progress: Arc<Progress>,
}

impl Upload {
    /// Watches `inner`, which may have at most `limit` bytes, and the trailers that `sieve` lets through.
    pub(super) fn new(inner: Body, limit: Option<u64>, sieve: Option<Sieve>) -> (Self, Arc<Progress>) {
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
        if let (Some(left), Some(data)) = (self.left, frame.data_ref()) {
            self.left = Some(left.checked_sub(data.len() as u64).ok_or_else(|| {
                self.progress.turn_to(TOO_LARGE);
                UploadFault::TooLarge
            })?);
        }
        Ok(frame)
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
