//! A socket that is closed when its first bytes don't come.
//!
//! The HTTP library's own deadline for a head begins when it knows which version is spoken, and it waits for the bytes
//! that tell without any. Silence until then would hold a connection for ever.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    time::{Sleep, sleep},
};

/// As many bytes as tell the version: the preface of HTTP/2 (RFC 9113 3.4).
const TELLING: usize = 24;

/// A stream whose reads fail once `TELLING` bytes have not come in time.
pub(super) struct Patient<S> {
    inner: S,
    missing: usize,
    deadline: Option<Pin<Box<Sleep>>>,
}

impl<S> Patient<S> {
    /// Waits for the first bytes of `inner` for so long.
    pub(super) fn new(inner: S, patience: Duration) -> Self {
        Self { inner, missing: TELLING, deadline: Some(Box::pin(sleep(patience))) }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Patient<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let read = Pin::new(&mut self.inner).poll_read(cx, buffer);
        let Some(deadline) = &mut self.deadline else { return read };
        if read.is_pending() {
            return deadline.as_mut().poll(cx).map(|()| Err(io::ErrorKind::TimedOut.into()));
        }
        self.missing = self.missing.saturating_sub(buffer.filled().len() - before);
        if self.missing == 0 {
            self.deadline = None;
        }
        read
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Patient<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        // What is answered was asked: a whole request can be shorter than the preface.
        self.deadline = None;
        Pin::new(&mut self.inner).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(cx)
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.deadline = None;
        Pin::new(&mut self.inner).poll_write_vectored(cx, slices)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};

    const PATIENCE: Duration = Duration::from_secs(30);

    #[tokio::test(start_paused = true)]
    async fn rp_14_silence_and_half_a_preface_end_in_time() {
        for first in ["", "PRI * HTTP/2"] {
            let (mut caller, door) = duplex(64);
            let mut door = Patient::new(door, PATIENCE);
            caller.write_all(first.as_bytes()).await.unwrap();
            let mut read = vec![0; first.len()];
            door.read_exact(&mut read).await.unwrap();
            let error = door.read_u8().await.unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::TimedOut, "{first:?}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn who_has_spoken_may_pause() {
        let (mut caller, door) = duplex(64);
        let mut door = Patient::new(door, PATIENCE);
        caller.write_all(&[b'x'; TELLING]).await.unwrap();
        door.read_exact(&mut [0; TELLING]).await.unwrap();
        let later = tokio::spawn(async move {
            tokio::time::sleep(PATIENCE * 3).await;
            caller.write_u8(7).await.unwrap();
            caller
        });
        assert_eq!(door.read_u8().await.unwrap(), 7);
        drop(later.await.unwrap());
    }
}
