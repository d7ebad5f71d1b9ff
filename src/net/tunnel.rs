//! Two connections that have stopped speaking HTTP, and the two byte pipes between them.
//!
//! Nothing of what goes through is looked at. A half that ends is ended on the other side too, and the rest has a
//! moment to follow; silence in both directions ends everything.

use std::{
    any::Any,
    io,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, split},
    time::{Instant, sleep, sleep_until},
};
use tokio_util::sync::CancellationToken;

/// How much is read at once.
const CHUNK: usize = 16 * 1024;
/// How long one half may be silent when the other has ended.
const LINGER: Duration = Duration::from_secs(30);

/// How a tunnel ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// Both sides had finished.
    Closed,
    /// The caller's side broke.
    Caller,
    /// The upstream's side broke.
    Upstream,
    /// Nothing moved for too long.
    Silent,
    /// It was ended here.
    Cut,
}

/// What a door gives along with a request that may become a tunnel, among its extensions.
#[derive(Clone)]
pub struct Leash {
    stop: CancellationToken,
    grace: Duration,
    _held: Arc<dyn Any + Send + Sync>,
}

impl Default for Leash {
    /// None at all.
    fn default() -> Self {
        Self::new(CancellationToken::new(), Duration::ZERO, ())
    }
}

impl Leash {
    /// The tunnel has `grace` from `stop` on, and holds what says that it is under way.
    pub fn new(stop: CancellationToken, grace: Duration, held: impl Any + Send + Sync) -> Self {
        Self { stop, grace, _held: Arc::new(held) }
    }

    /// Ends when the tunnel has to.
    pub async fn ends(&self) {
        self.stop.cancelled().await;
        sleep(self.grace).await;
    }
}

/// Carries bytes between `caller` and `upstream` until both have finished, or nothing has moved for `idle`.
pub async fn pipe<C, U>(caller: C, upstream: U, idle: Duration) -> End
where
    C: AsyncRead + AsyncWrite,
    U: AsyncRead + AsyncWrite,
{
    let pulse = Pulse::default();
    let (from_caller, to_caller) = split(caller);
    let (from_upstream, to_upstream) = split(upstream);
    let up = half((from_caller, End::Caller), (to_upstream, End::Upstream), &pulse);
    let down = half((from_upstream, End::Upstream), (to_caller, End::Caller), &pulse);
    tokio::select! {
        both = async { tokio::try_join!(up, down) } => both.err().unwrap_or(End::Closed),
        () = pulse.stops(idle) => End::Silent,
    }
}

/// One direction. Each side comes with what it means when it breaks.
async fn half<R, W>(
    (mut from, source): (R, End),
    (mut to, target): (W, End),
    pulse: &Pulse,
) -> Result<(), End>
where
    R: AsyncRead + Unpin,
    W: AsyncWrite + Unpin,
{
    let broken = |side: End| move |_: io::Error| side;
    let mut chunk = vec![0; CHUNK];
    loop {
        let read = from.read(&mut chunk).await.map_err(broken(source))?;
        pulse.beat();
        if read == 0 {
            // Who has finished may have gone altogether, and then there is nobody to tell.
            pulse.half_ended();
            let _ = to.shutdown().await;
            return Ok(());
        }
        to.write_all(chunk.get(..read).unwrap_or_default()).await.map_err(broken(target))?;
        to.flush().await.map_err(broken(target))?;
        pulse.beat();
    }
}

/// When something last moved, in either direction.
struct Pulse {
    start: Instant,
    /// Milliseconds from `start`.
    last: AtomicU64,
    half_ended: AtomicBool,
}

impl Default for Pulse {
    fn default() -> Self {
        Self { start: Instant::now(), last: AtomicU64::new(0), half_ended: AtomicBool::new(false) }
    }
}

impl Pulse {
    fn beat(&self) {
        let elapsed = u64::try_from(self.start.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.last.store(elapsed, Ordering::Relaxed);
    }

    fn half_ended(&self) {
        self.half_ended.store(true, Ordering::Relaxed);
    }

    /// Until nothing has moved for `idle`.
    async fn stops(&self, idle: Duration) {
        loop {
            let short = self.half_ended.load(Ordering::Relaxed);
            let limit = if short { idle.min(LINGER) } else { idle };
            let now = Instant::now();
            let end = self.start + Duration::from_millis(self.last.load(Ordering::Relaxed)) + limit;
            if end <= now {
                return;
            }
            // A half may end meanwhile, so never look away for longer than what is left then.
            sleep_until(end.min(now + LINGER)).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{DuplexStream, duplex};

    const IDLE: Duration = Duration::from_mins(5);

    /// A pipe between two ends that a test holds.
    fn stage() -> (DuplexStream, DuplexStream, tokio::task::JoinHandle<End>) {
        let (caller, inner_caller) = duplex(64);
        let (upstream, inner_upstream) = duplex(64);
        (caller, upstream, tokio::spawn(pipe(inner_caller, inner_upstream, IDLE)))
    }

    #[tokio::test]
    async fn bytes_go_both_ways_and_a_half_that_ends_ends_on_the_other_side() {
        let (mut caller, mut upstream, piping) = stage();
        let up = vec![7; 100_000];
        let mut got = vec![0; up.len()];
        tokio::try_join!(caller.write_all(&up), upstream.read_exact(&mut got)).unwrap();
        assert_eq!(got, up);
        caller.shutdown().await.unwrap();
        assert_eq!(upstream.read(&mut got).await.unwrap(), 0);
        upstream.write_all(b"still here").await.unwrap();
        drop(upstream);
        let mut rest = Vec::new();
        caller.read_to_end(&mut rest).await.unwrap();
        assert_eq!(rest, b"still here");
        assert_eq!(piping.await.unwrap(), End::Closed);
    }

    #[tokio::test(start_paused = true)]
    async fn silence_ends_a_pipe_and_movement_in_one_direction_keeps_it() {
        let (mut caller, mut upstream, piping) = stage();
        let start = Instant::now();
        for _ in 0..3 {
            tokio::time::sleep(IDLE.checked_sub(Duration::from_secs(1)).unwrap()).await;
            upstream.write_u8(1).await.unwrap();
            caller.read_u8().await.unwrap();
        }
        assert_eq!(piping.await.unwrap(), End::Silent);
        let took = start.elapsed();
        assert!(
            took >= (4 * IDLE).checked_sub(Duration::from_secs(3)).unwrap() && took <= 4 * IDLE,
            "{took:?}"
        );
        assert!(caller.read_u8().await.is_err());
    }

    #[tokio::test(start_paused = true)]
    async fn who_does_not_follow_a_half_that_ended_is_not_waited_for_as_long() {
        let (mut caller, _upstream, piping) = stage();
        let start = Instant::now();
        caller.shutdown().await.unwrap();
        assert_eq!(piping.await.unwrap(), End::Silent);
        assert!(start.elapsed() <= 2 * LINGER, "{:?}", start.elapsed());
    }

    #[tokio::test(start_paused = true)]
    async fn who_does_not_take_what_is_sent_is_silent_too() {
        let (mut caller, _upstream, piping) = stage();
        let flood = tokio::spawn(async move { while caller.write_all(&[1; 64]).await.is_ok() {} });
        assert_eq!(piping.await.unwrap(), End::Silent);
        flood.await.unwrap();
    }
}
