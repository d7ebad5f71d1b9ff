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
