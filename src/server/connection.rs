//! One connection: handshake, requests, rest, drain.
//!
//! hyper arms no deadline unless it is given a timer, so it is given one; a head that does not arrive in time ends
//! the connection. Between requests a connection of HTTP/1.1 soon rests: the library's state and buffers are given
//! back, and only its socket is kept until something comes. At the end keep-alive connections are told to close
//! (GOAWAY in HTTP/2), answers under way get their grace, and what is left is cut.

use std::{convert::Infallible, net::SocketAddr, sync::Arc, time::Duration};

use bytes::Bytes;
use http::Request;
use hyper::{
    body::Incoming,
    server::conn::{http1, http2},
    service::service_fn,
};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite},
    net::TcpStream,
    sync::OwnedSemaphorePermit,
    time::timeout,
};
use tokio_rustls::{TlsAcceptor, server::TlsStream};
use tokio_util::{sync::CancellationToken, task::task_tracker::TaskTrackerToken};

use super::{
    accept::Limits,
    behind::Behind,
    floods::Metered,
    preface,
    pulse::{Ending, Finding, Pulse, Watched},
    streams::{Flowing, Streams},
};
use crate::net::{
    BoxError,
    body::{self, BUFFER},
};

/// As many streams of a connection may break the rules of HTTP/2 before all of it ends.
const RESETS: usize = 100;
/// How many fields the library takes in a head of HTTP/1.1 unless it is told otherwise.
const USUAL_FIELDS: usize = 100;

/// How much of a request wakes a connection that rests; little, because each one holds room for it.
const WAKING: usize = 32;

/// What a connection holds as long as its socket is open, also when that was upgraded to something else.
#[derive(Clone)]
pub(super) struct Held {
    _held: Arc<(OwnedSemaphorePermit, TaskTrackerToken)>,
}

impl Held {
    /// A place at the door, and its count among those that a stop waits for.
    pub(super) fn new(place: OwnedSemaphorePermit, count: TaskTrackerToken) -> Self {
        Self { _held: Arc::new((place, count)) }
    }
}

/// Who calls, and what answers.
type Party = (SocketAddr, Arc<Behind>);

/// A stream with a TCP socket underneath.
trait Socket: AsyncRead + AsyncWrite + Unpin + Send + 'static {
    fn tcp(&self) -> &TcpStream;
}

impl Socket for TcpStream {
    fn tcp(&self) -> &TcpStream {
        self
    }
}

impl Socket for Box<TlsStream<TcpStream>> {
    fn tcp(&self) -> &TcpStream {
        self.get_ref().0
    }
}

/// How connections are spoken with.
#[derive(Clone)]
pub(super) struct Protocol(Arc<Terms>);

struct Terms {
    http1: http1::Builder,
    http2: http2::Builder<Streams>,
    stop: CancellationToken,
    head_timeout: Duration,
    idle_timeout: Duration,
    grace: Duration,
}

impl Protocol {
    /// HTTP/1.1 and HTTP/2 within `limits`, until `stop`.
    pub(super) fn new(limits: &Limits, stop: CancellationToken) -> Self {
        let mut http1 = http1::Builder::new();
        http1
            .timer(TokioTimer::new())
            .header_read_timeout(limits.head_timeout)
            .max_header_size(limits.head_bytes)
            .max_buf_size(BUFFER.max(limits.head_bytes));
        // Told the number that it has anyway, the library makes room for them in a slower way.
        if limits.head_fields != USUAL_FIELDS {
            http1.max_headers(limits.head_fields);
        }
        let mut http2 = http2::Builder::new(Streams(limits.idle_timeout));
        http2
            .timer(TokioTimer::new())
            .max_header_list_size(u32::try_from(limits.head_bytes).unwrap_or(u32::MAX))
            .max_concurrent_streams(100)
            .max_local_error_reset_streams(Some(RESETS))
            // An upload that nobody reads stops the caller's others only when there are many of its kind.
            .initial_stream_window_size(1 << 20)
            .initial_connection_window_size(16 << 20)
            .keep_alive_interval(Some(Duration::from_secs(30)))
            .keep_alive_timeout(Duration::from_secs(20));
        if limits.websockets {
            http2.enable_connect_protocol();
        }
        let Limits { head_timeout, idle_timeout, grace, .. } = *limits;
        Self(Arc::new(Terms { http1, http2, stop, head_timeout, idle_timeout, grace }))
    }

    /// Serves one connection to its end.
    pub(super) async fn serve(
        &self,
        mut socket: TcpStream,
        tls: Option<TlsAcceptor>,
        party: Party,
        held: Held,
    ) {
        let terms = &*self.0;
        if let Some(tls) = tls {
            let handshake = Box::pin(timeout(terms.head_timeout, tls.accept(socket)));
            let Ok(Ok(mut stream)) = handshake.await.map(|stream| stream.map(Box::new)) else { return };
            // Also with HTTP/2 agreed on: the library waits for its preface without any deadline.
            if let Some(first) = terms.begun(&mut stream).await {
                terms.speak(stream, first, party, held).await;
            }
        } else if let Some(first) = terms.begun(&mut socket).await {
            terms.speak(socket, first, party, held).await;
        }
    }
}

impl Terms {
    /// Which version is spoken, and what was read to tell; nothing if that does not come in time.
    async fn begun<S: Socket>(&self, socket: &mut S) -> Option<(bool, Bytes)> {
        tokio::select! {
            () = self.stop.cancelled() => None,
            first = timeout(self.head_timeout, preface::read(socket)) => first.ok().flatten(),
        }
    }

    async fn speak<S: Socket>(&self, socket: S, (http2, first): (bool, Bytes), party: Party, held: Held) {
        if http2 {
            Box::pin(self.http2(socket, first, party, held)).await;
            return;
        }
        let (mut begun, mut young) = ((socket, first), true);
        while let Some((mut resting, mut read)) =
            Box::pin(self.http1(begun, young, party.clone(), &held)).await
        {
            if read.is_empty() {
                let Some(woken) = self.rest(&mut resting).await else { return };
                read = woken;
            }
            (begun, young) = ((resting, read), false);
        }
    }

    /// Waits for the next request; its first bytes, unless the connection ends.
    async fn rest<S: Socket>(&self, socket: &mut S) -> Option<Bytes> {
        let mut first = [0; WAKING];
        tokio::select! {
            () = self.stop.cancelled() => None,
            read = timeout(self.idle_timeout, socket.read(&mut first)) => {
                let read = read.ok()?.ok().filter(|read| *read > 0)?;
                first.get(..read).map(Bytes::copy_from_slice)
            }
        }
    }

    /// Speaks HTTP/1.1 until the connection ends, or rests: then its socket, and what was read of it.
    async fn http1<S: Socket>(
        &self,
        (socket, first): (S, Bytes),
        young: bool,
        (peer, behind): Party,
        held: &Held,
    ) -> Option<(S, Bytes)> {
        let pulse = Arc::new(Pulse::default());
        let socket = TokioIo::new(Watched::new(socket, first, Arc::clone(&pulse), held.clone()));
        let seen = Arc::clone(&pulse);
        let service = service_fn(move |request| answer(Arc::clone(&behind), peer, request, &seen));
        let mut connection = self.http1.serve_connection(socket, service).with_upgrades();
        tokio::select! {
            biased;
            ended = Pin::new(&mut connection) => {
                ended.unwrap_or_else(|error| tracing::debug!(%peer, %error, "a connection ended early"));
                None
            }
            found = pulse.watch(self.idle_timeout, young) => {
                if found == Finding::Stuck {
                    cut(connection);
                    return None;
                }
                let parts = connection.into_parts()?;
                // An empty rest of the library's buffer would still keep all of it.
                let read = if parts.read_buf.is_empty() { Bytes::new() } else { parts.read_buf };
                Some((parts.io.into_inner().socket, read))
            }
            () = self.stop.cancelled() => {
                Pin::new(&mut connection).graceful_shutdown();
                if !self.drain(&mut connection).await {
                    cut(connection);
                }
                None
            }
        }
    }

    async fn http2<S: Socket>(&self, socket: S, first: Bytes, (peer, behind): Party, held: Held) {
        let pulse = Arc::new(Pulse::default());
        let socket = Watched::new(socket, first, Arc::clone(&pulse), held);
        let socket = TokioIo::new(Metered::new(socket, behind.metrics.clone()));
        let seen = Arc::clone(&pulse);
        let service = service_fn(move |request| {
            let answer = answer(Arc::clone(&behind), peer, request, &seen);
            async move { answer.await.map(|response| response.map(Flowing::new)) }
        });
        let mut connection = std::pin::pin!(self.http2.serve_connection(socket, service));
        tokio::select! {
            biased;
            ended = connection.as_mut() => {
                ended.unwrap_or_else(|error| tracing::debug!(%peer, %error, "a connection ended early"));
            }
            () = stuck(&pulse, self.idle_timeout) => {}
            () = self.stop.cancelled() => {
                connection.as_mut().graceful_shutdown();
                self.drain(connection).await;
            }
        }
    }

    /// Gives what is under way its time of grace; whether it ended within that.
    async fn drain(&self, connection: impl Future) -> bool {
        tokio::select! {
            _ = connection => true,
            () = tokio::time::sleep(self.grace) => false,
        }
    }
}

/// Ends a connection in the middle so that nobody takes it for its end: where a body ends with the connection, as
/// HTTP/1.0 has it, an orderly close would make it look whole.
fn cut<S: Socket, A, B>(connection: http1::UpgradeableConnection<TokioIo<Watched<S, Held>>, A>)
where
    A: hyper::service::HttpService<Incoming, ResBody = B, Error: Into<BoxError>>,
    B: http_body::Body<Error: Into<BoxError>> + 'static,
{
    if let Some(parts) = connection.into_parts() {
        // A failure here only makes the end look more orderly than it is.
        let _ = parts.io.into_inner().socket.tcp().set_zero_linger();
    }
}

/// Ends when the peer has not read for too long.
async fn stuck(pulse: &Pulse, patience: Duration) {
    while pulse.watch(patience, false).await != Finding::Stuck {}
}

fn answer(
    behind: Arc<Behind>,
    peer: SocketAddr,
    request: Request<Incoming>,
    pulse: &Arc<Pulse>,
) -> impl Future<Output = Result<http::Response<Ending>, Infallible>> + use<> {
    let busy = pulse.begin();
    // As long as somebody holds a body that has not been read to its end, what comes next is no request.
    let unread = (!http_body::Body::is_end_stream(request.body())).then(|| pulse.begin());
    let request = request.map(|body| match unread {
        Some(busy) => body::boxed(Ending::new(body.into(), busy)),
        None => body.into(),
    });
    async move { Ok(behind.answer(peer, request).await.map(|body| Ending::new(body, busy))) }
}

#[cfg(test)]
mod tests {
    use tokio::{io::AsyncWriteExt as _, net::TcpListener, sync::Semaphore};
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

    /// A socket to a connection that is served, and the place that it holds.
    async fn served() -> (TcpStream, Arc<Semaphore>) {
        served_by(Arc::new(|_request| Box::pin(async { http::Response::new(body::full("hello")) }))).await
    }

    async fn served_by(service: Service) -> (TcpStream, Arc<Semaphore>) {
        let behind = Behind { service, clock: Clock::System, metrics: Metrics::new(), limits: LIMITS };
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let caller = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let (socket, peer) = listener.accept().await.unwrap();
        let places = Arc::new(Semaphore::new(1));
        let place = Arc::clone(&places).try_acquire_owned().unwrap();
        let held = Held::new(place, TaskTracker::new().token());
        tokio::spawn(async move {
            Protocol::new(&LIMITS, CancellationToken::new())
                .serve(socket, None, (peer, Arc::new(behind)), held)
                .await;
        });
        (caller, places)
    }

    async fn ask(caller: &mut TcpStream, request: &[u8]) {
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
        let (mut caller, _) = served_by(service).await;
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
        let (mut caller, places) = served().await;
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
            let (mut caller, _) = served().await;
            caller.write_all(first.as_bytes()).await.unwrap();
            let start = tokio::time::Instant::now();
            caller.read_to_end(&mut Vec::new()).await.unwrap();
            assert!(start.elapsed() < LIMITS.head_timeout * 2, "{first:?}");
        }
        // Also behind a first request, where the beginning of a second would keep the connection from resting.
        let (mut caller, _) = served().await;
        ask(&mut caller, &[REQUEST, b"GET /"].concat()).await;
        let start = tokio::time::Instant::now();
        caller.read_to_end(&mut Vec::new()).await.unwrap();
        assert!(start.elapsed() < LIMITS.head_timeout * 2);
    }
}
