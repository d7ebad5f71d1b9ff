//! A connection's signs of life, seen from beside the HTTP library: what it read, whether its writes wait, what is
//! under way.
//!
//! From these follows what the library can't be asked: that a connection rests and needs no buffers, or that its peer
//! has stopped reading and holds a call for ever. Looking costs one timer per connection, not one per request.

use std::{
    io,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU32, Ordering::Relaxed},
    },
    task::{Context, Poll},
    time::Duration,
};

use bytes::{Buf as _, Bytes};
use http_body::{Body as HttpBody, Frame, SizeHint};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::net::{Body, BoxError};

/// How often a connection is looked at while it is served, at first and then: one that asks once and waits shall rest
/// before many others have come, one that asks often shall not be made anew each time.
const FIRST: Duration = Duration::from_millis(20);
const EARLY: u8 = 2;
const TICK: Duration = Duration::from_millis(500);

/// What was seen of one connection.
#[derive(Debug, Default)]
pub(super) struct Pulse {
    /// Requests whose answer has not ended.
    busy: AtomicU32,
    /// Beginnings and ends of requests, counted.
    turns: AtomicU32,
    /// Whatever happened, counted.
    moves: AtomicU32,
    /// What was written, counted in writes.
    writes: AtomicU32,
    /// Whether anything was read since a request last began or ended.
    read: AtomicBool,
    /// Whether the last write had to wait.
    waits: AtomicBool,
}

/// What comes of looking.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Finding {
    /// Nothing is under way, and nothing has come that would begin something.
    Rests,
    /// The peer has let a write wait for too long.
    Stuck,
    /// Nothing has been under way for too long.
    Unused,
    /// A head has begun and does not come to its end.
    Slow,
}

/// How long a connection of HTTP/1.1 may keep others waiting.
#[derive(Clone, Copy, Debug)]
pub(super) struct Patience {
    /// With reading on.
    pub(super) reads: Duration,
    /// With the rest of a head.
    pub(super) head: Duration,
}

/// How long the same write has waited.
struct Waiting {
    written: u32,
    time: Duration,
}

impl Waiting {
    fn new() -> Self {
        Self { written: u32::MAX, time: Duration::ZERO }
    }

    /// To be called every [`TICK`].
    fn look(&mut self, pulse: &Pulse) -> Duration {
        let writes = pulse.writes.load(Relaxed);
        let same = pulse.waits.load(Relaxed) && writes == self.written;
        self.time = if same { self.time + TICK } else { Duration::ZERO };
        self.written = writes;
        self.time
    }
}

/// How long the same head has been coming.
struct Beginning {
    turns: u32,
    time: Duration,
}

impl Beginning {
    fn new() -> Self {
        Self { turns: u32::MAX, time: Duration::ZERO }
    }

    /// To be called every `period`.
    fn look(&mut self, pulse: &Pulse, period: Duration) -> Duration {
        let turns = pulse.turns.load(Relaxed);
        let same = turns == self.turns && pulse.read.load(Relaxed) && pulse.busy.load(Relaxed) == 0;
        self.time = if same { self.time + period } else { Duration::ZERO };
        self.turns = turns;
        self.time
    }
}

impl Pulse {
    /// Looks until there is something to tell; a `young` connection is looked at early.
    pub(super) async fn watch(&self, patience: Patience, young: bool) -> Finding {
        let (mut seen, mut waiting, mut beginning) = (u32::MAX, Waiting::new(), Beginning::new());
        let mut early = if young { EARLY } else { 0 };
        loop {
            let period = if early > 0 { FIRST } else { TICK };
            tokio::time::sleep(period).await;
            early = u8::saturating_sub(early, 1);
            let moves = self.moves.load(Relaxed);
            let still = moves == seen;
            seen = moves;
            if waiting.look(self) >= patience.reads {
                return Finding::Stuck;
            }
            if beginning.look(self, period) >= patience.head {
                return Finding::Slow;
            }
            let waits = self.waits.load(Relaxed);
            if still && !waits && self.busy.load(Relaxed) == 0 && !self.read.load(Relaxed) {
                return Finding::Rests;
            }
        }
    }

    /// The same for a connection of HTTP/2, whose pings are no sign of use: looks until the peer has not read for
    /// `patience`, or no request has been under way for `idle`.
    pub(super) async fn watch_streams(&self, patience: Duration, idle: Duration) -> Finding {
        let (mut seen, mut unused, mut waiting) = (u32::MAX, Duration::ZERO, Waiting::new());
        loop {
            tokio::time::sleep(TICK).await;
            if waiting.look(self) >= patience {
                return Finding::Stuck;
            }
            let turns = self.turns.load(Relaxed);
            let same = turns == seen && self.busy.load(Relaxed) == 0;
            unused = if same { unused + TICK } else { Duration::ZERO };
            seen = turns;
            if unused >= idle {
                return Finding::Unused;
            }
        }
    }

    /// A request has begun; its answer ends when this is dropped.
    pub(super) fn begin(self: &Arc<Self>) -> Busy {
        self.busy.fetch_add(1, Relaxed);
        self.turn();
        Busy(Arc::clone(self))
    }

    fn turn(&self) {
        self.read.store(false, Relaxed);
        self.turns.fetch_add(1, Relaxed);
        self.moved();
    }

    fn moved(&self) {
        self.moves.fetch_add(1, Relaxed);
    }

    fn wrote(&self, done: bool) {
        self.waits.store(!done, Relaxed);
        if done {
            self.writes.fetch_add(1, Relaxed);
            self.moved();
        }
    }
}

/// A request under way.
#[derive(Debug)]
pub(super) struct Busy(Arc<Pulse>);

impl Drop for Busy {
    fn drop(&mut self) {
        self.0.busy.fetch_sub(1, Relaxed);
        self.0.turn();
    }
}

/// An answer's body, at whose end its request is over.
pub(super) struct Ending {
    body: Body,
    _busy: Busy,
}

impl Ending {
    /// Ends `busy` with `body`.
    pub(super) fn new(body: Body, busy: Busy) -> Self {
        Self { body, _busy: busy }
    }
}

impl HttpBody for Ending {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// A socket whose reads and writes are noted; what was read of it before comes first. `H` is held as long as it is.
pub(super) struct Watched<S, H> {
    pub(super) socket: S,
    first: Bytes,
    pulse: Arc<Pulse>,
    _held: H,
}

impl<S, H> Watched<S, H> {
    /// Notes in `pulse` what happens on `socket`, of which `first` has been read already.
    pub(super) fn new(socket: S, first: Bytes, pulse: Arc<Pulse>, held: H) -> Self {
        Self { socket, first, pulse, _held: held }
    }
}

impl<S: AsyncRead + Unpin, H: Unpin> AsyncRead for Watched<S, H> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let read = if self.first.is_empty() {
            Pin::new(&mut self.socket).poll_read(cx, buffer)
        } else {
            let known = self.first.len().min(buffer.remaining());
            buffer.put_slice(self.first.get(..known).unwrap_or_default());
            self.first.advance(known);
            Poll::Ready(Ok(()))
        };
        if buffer.filled().len() > before {
            self.pulse.read.store(true, Relaxed);
            self.pulse.moved();
        }
        read
    }
}

impl<S: AsyncWrite + Unpin, H: Unpin> AsyncWrite for Watched<S, H> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.socket).poll_write(cx, bytes);
        self.pulse.wrote(written.is_ready());
        written
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = Pin::new(&mut self.socket).poll_flush(cx);
        if flushed.is_pending() || self.pulse.waits.load(Relaxed) {
            self.pulse.wrote(flushed.is_ready());
        }
        flushed
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let shut = Pin::new(&mut self.socket).poll_shutdown(cx);
        self.pulse.wrote(shut.is_ready());
        shut
    }

    fn is_write_vectored(&self) -> bool {
        self.socket.is_write_vectored()
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.socket).poll_write_vectored(cx, slices);
        self.pulse.wrote(written.is_ready());
        written
    }
}

#[cfg(test)]
mod tests;
