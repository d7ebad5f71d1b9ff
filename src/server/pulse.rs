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
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};

    const PATIENCE: Duration = Duration::from_mins(5);
    const HEAD: Duration = Duration::from_secs(30);

    fn pair() -> (tokio::io::DuplexStream, Watched<tokio::io::DuplexStream, ()>, Arc<Pulse>) {
        let (peer, ours) = duplex(16);
        let pulse = Arc::new(Pulse::default());
        (peer, Watched::new(ours, Bytes::from_static(b"ab"), Arc::clone(&pulse), ()), pulse)
    }

    async fn finds(pulse: &Pulse, within: Duration) -> Option<Finding> {
        tokio::time::timeout(within, pulse.watch(Patience { reads: PATIENCE, head: HEAD }, true)).await.ok()
    }

    #[tokio::test(start_paused = true)]
    async fn what_was_read_before_comes_first() {
        let (mut peer, mut ours, _) = pair();
        peer.write_all(b"cd").await.unwrap();
        let mut read = [0; 4];
        ours.read_exact(&mut read).await.unwrap();
        assert_eq!(&read, b"abcd");
    }

    #[tokio::test(start_paused = true)]
    async fn a_connection_rests_once_its_answer_has_ended_and_nothing_came_since() {
        let (mut peer, mut ours, pulse) = pair();
        assert_eq!(finds(&pulse, PATIENCE).await, Some(Finding::Rests));
        let mut read = [0; 2];
        ours.read_exact(&mut read).await.unwrap();
        assert_eq!(finds(&pulse, HEAD / 2).await, None, "a head has begun");
        let busy = pulse.begin();
        assert_eq!(finds(&pulse, PATIENCE).await, None, "an answer is under way");
        drop(busy);
        assert_eq!(finds(&pulse, PATIENCE).await, Some(Finding::Rests));
        peer.write_all(b"G").await.unwrap();
        ours.read_u8().await.unwrap();
        assert_eq!(finds(&pulse, HEAD / 2).await, None, "the next head has begun");
    }

    #[tokio::test(start_paused = true)]
    async fn rp_14_a_head_that_drips_is_found_and_heads_one_after_another_are_not() {
        let (mut peer, mut ours, pulse) = pair();
        let mut drip = async |ours: &mut Watched<_, ()>| {
            peer.write_all(b"x").await.unwrap();
            ours.read_u8().await.unwrap();
            tokio::time::sleep(HEAD / 4).await;
        };
        let dripping = async {
            for _ in 0..10 {
                drip(&mut ours).await;
            }
        };
        tokio::select! {
            found = finds(&pulse, PATIENCE) => assert_eq!(found, Some(Finding::Slow)),
            () = dripping => panic!("not found"),
        }
        let serving = async {
            for _ in 0..10 {
                drip(&mut ours).await;
                drop(pulse.begin());
                drip(&mut ours).await;
            }
        };
        tokio::select! {
            found = finds(&pulse, PATIENCE) => panic!("{found:?}"),
            () = serving => {}
        }
    }

    /// Takes everything, and has not passed it on as long as the flag is set.
    struct Slow(Arc<AtomicBool>);

    impl AsyncWrite for Slow {
        fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
            Poll::Ready(Ok(bytes.len()))
        }

        fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            if self.0.load(Relaxed) { Poll::Pending } else { Poll::Ready(Ok(())) }
        }

        fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
            self.poll_flush(cx)
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_write_that_is_passed_on_later_waits_until_then_and_no_longer() {
        let (slow, pulse) = (Arc::new(AtomicBool::new(true)), Arc::new(Pulse::default()));
        let mut ours = Watched::new(Slow(Arc::clone(&slow)), Bytes::new(), Arc::clone(&pulse), ());
        ours.write_all(b"answer").await.unwrap();
        assert!(tokio::time::timeout(Duration::from_millis(1), ours.flush()).await.is_err());
        assert_eq!(finds(&pulse, PATIENCE / 2).await, None, "it waits");
        slow.store(false, Relaxed);
        ours.flush().await.unwrap();
        assert_eq!(finds(&pulse, PATIENCE * 2).await, Some(Finding::Rests));
    }

    #[tokio::test(start_paused = true)]
    async fn a_peer_that_stops_reading_is_found_and_one_that_reads_slowly_is_not() {
        let (mut peer, mut ours, pulse) = pair();
        let busy = pulse.begin();
        let writing = tokio::spawn(async move { ours.write_all(&[0; 1024]).await });
        for _ in 0..10 {
            assert_eq!(finds(&pulse, PATIENCE * 9 / 10).await, None);
            peer.read_exact(&mut [0; 16]).await.unwrap();
        }
        assert_eq!(finds(&pulse, PATIENCE * 2).await, Some(Finding::Stuck));
        drop((busy, writing));
    }
}
