mod http2;
mod secure;

use tokio::{
    io::{AsyncWriteExt as _, DuplexStream, duplex},
    sync::Semaphore,
};
use tokio_util::task::TaskTracker;

use super::*;
use crate::{clock::Clock, server::Service, telemetry::Metrics};

const LIMITS: Limits = Limits {
    head_bytes: 65_536,
    head_fields: 100,
    target_bytes: 16_384,
    connections: 1,
    head_timeout: Duration::from_secs(30),
    idle_timeout: Duration::from_mins(5),
    websockets: true,
    grace: Duration::from_secs(30),
};

impl Socket for DuplexStream {
    fn will_break(&self) {}
}

/// A caller's end of a connection that is served, and the place that it holds. No socket of the system: paused time
/// would run ahead of it.
fn served() -> (DuplexStream, Arc<Semaphore>) {
    served_over(None, hello())
}

fn hello() -> Service {
    Arc::new(|_request| Box::pin(async { http::Response::new(body::full("hello")) }))
}

fn served_over(tls: Option<TlsAcceptor>, service: Service) -> (DuplexStream, Arc<Semaphore>) {
    served_until(CancellationToken::new(), tls, service)
}

fn served_until(
    stop: CancellationToken,
    tls: Option<TlsAcceptor>,
    service: Service,
) -> (DuplexStream, Arc<Semaphore>) {
    let behind = Behind { service, clock: Clock::System, metrics: Metrics::new(), limits: LIMITS };
    let (caller, socket) = duplex(1 << 16);
    let places = Arc::new(Semaphore::new(1));
    let place = Arc::clone(&places).try_acquire_owned().unwrap();
    let held = Held::new(place, TaskTracker::new().token());
    let peer = (std::net::Ipv4Addr::LOCALHOST, 1).into();
    tokio::spawn(async move {
        Protocol::new(&LIMITS, stop).serve(socket, tls, (peer, Arc::new(behind)), held).await;
    });
    (caller, places)
}

async fn ask(caller: &mut DuplexStream, request: &[u8]) {
    caller.write_all(request).await.unwrap();
    let mut answer = Vec::new();
    while !answer.ends_with(b"hello") {
        assert_ne!(caller.read_buf(&mut answer).await.unwrap(), 0, "closed");
    }
}

const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nHost: h\r\n\r\n";

#[tokio::test(start_paused = true)]
async fn ci_6_a_connection_does_not_rest_in_the_middle_of_a_body() {
    let (held, mut bodies) = tokio::sync::mpsc::unbounded_channel();
    let service: Service = Arc::new(move |request| {
        held.send(request.into_body()).unwrap();
        Box::pin(async { http::Response::new(body::full("hello")) })
    });
    let (mut caller, _) = served_over(None, service);
    ask(&mut caller, b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 9\r\n\r\nhalf").await;
    let unread = bodies.recv().await;
    tokio::time::sleep(Duration::from_secs(5)).await;
    caller.write_all(b"xxxxxGET / HTTP/1.1\r\nHost: h\r\n\r\n").await.unwrap();
    let answer = timeout(Duration::from_secs(5), caller.read(&mut [0; 64])).await;
    assert!(answer.is_err(), "what follows was taken for a request");
    drop(unread);
}

#[tokio::test(start_paused = true)]
async fn a_connection_rests_longer_than_a_head_may_take_and_serves_again() {
    let (mut caller, places) = served();
    for _ in 0..3 {
        ask(&mut caller, REQUEST).await;
        tokio::time::sleep(LIMITS.idle_timeout.checked_sub(Duration::from_secs(10)).unwrap()).await;
    }
    assert_eq!(places.available_permits(), 0);
    // It ends when it has rested for too long, and gives its place back.
    assert_eq!(caller.read(&mut [0]).await.unwrap(), 0);
    drop(places.acquire().await.unwrap());
}

#[tokio::test(start_paused = true)]
async fn rp_14_silence_and_half_a_head_end_in_time() {
    for first in ["", "PRI * HTTP/2", "GET / HTTP/1.1\r\nHost:"] {
        let (mut caller, _) = served();
        caller.write_all(first.as_bytes()).await.unwrap();
        let start = tokio::time::Instant::now();
        caller.read_to_end(&mut Vec::new()).await.unwrap();
        assert!(start.elapsed() < LIMITS.head_timeout * 2, "{first:?}");
    }
    // Also behind a first request, where the beginning of a second would keep the connection from resting.
    let (mut caller, _) = served();
    ask(&mut caller, &[REQUEST, b"GET /"].concat()).await;
    let start = tokio::time::Instant::now();
    caller.read_to_end(&mut Vec::new()).await.unwrap();
    assert!(start.elapsed() < LIMITS.head_timeout * 2);
}

#[tokio::test(start_paused = true)]
async fn pf_2_what_may_become_a_tunnel_is_told_when_its_grace_is_over() {
    let (told, mut ends) = tokio::sync::mpsc::unbounded_channel();
    let service: Service = Arc::new(move |mut request| {
        told.send(request.extensions_mut().remove::<Leash>()).unwrap();
        Box::pin(async { http::Response::new(body::full("hello")) })
    });
    let stop = CancellationToken::new();
    let (mut caller, _) = served_until(stop.clone(), None, service);
    ask(&mut caller, REQUEST).await;
    assert!(ends.recv().await.unwrap().is_none(), "a plain request has no use for it");
    ask(&mut caller, b"GET / HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\n\r\n").await;
    let leash = ends.recv().await.unwrap().unwrap();
    assert!(timeout(LIMITS.idle_timeout * 10, leash.ends()).await.is_err(), "nobody has stopped it");
    let start = tokio::time::Instant::now();
    stop.cancel();
    leash.ends().await;
    assert_eq!(start.elapsed().as_secs(), LIMITS.grace.as_secs());
}
