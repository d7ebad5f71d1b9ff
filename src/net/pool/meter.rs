//! How much an upstream may say before its answer's head is there.
//!
//! Each head has a bound, but any number of interim answers (1xx) may precede it. They are read here and go no further;
//! what bounds them is that together they are not longer than anybody's are.

use std::{
    io,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Poll, ready},
};

use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::net::dial::Dialled;

/// For all interim answers together, the head, and what is read of the body at once with it.
const MOST: usize = 512 << 10;
const BOUNDLESS: usize = usize::MAX;

/// What may still come.
pub(super) struct Meter(AtomicUsize);

impl Meter {
    /// Nothing is asked.
    pub(super) fn new() -> Arc<Self> {
        Arc::new(Self(AtomicUsize::new(BOUNDLESS)))
    }

    /// A request is about to be sent.
    pub(super) fn asked(&self) {
        self.0.store(MOST, Ordering::Relaxed);
    }

    /// The answer's head is there.
    pub(super) fn answered(&self) {
        self.0.store(BOUNDLESS, Ordering::Relaxed);
    }

    /// Whether nothing came since the request.
    pub(super) fn is_silent(&self) -> bool {
        self.0.load(Ordering::Relaxed) == MOST
    }

    fn count(&self, came: usize) -> io::Result<()> {
        let left = self.0.load(Ordering::Relaxed);
        if left == BOUNDLESS {
            return Ok(());
        }
        let rest = left.checked_sub(came).ok_or_else(|| io::Error::other("interim answers without end"))?;
        // If this fails, the answer has come meanwhile.
        let _ = self.0.compare_exchange(left, rest, Ordering::Relaxed, Ordering::Relaxed);
        Ok(())
    }
}

/// A connection whose bytes are counted.
pub(super) struct Metered {
    inner: TokioIo<Dialled>,
    meter: Arc<Meter>,
}

impl Metered {
    /// Counts what comes from `dialled`.
    pub(super) fn new(dialled: Dialled, meter: Arc<Meter>) -> Self {
        Self { inner: TokioIo::new(dialled), meter }
    }
}

impl AsyncRead for Metered {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        ready!(Pin::new(&mut self.inner).poll_read(cx, buf))?;
        Poll::Ready(self.meter.count(buf.filled().len() - before))
    }
}

impl AsyncWrite for Metered {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.inner).poll_write(cx, buf)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.inner).poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(cx)
    }
}
