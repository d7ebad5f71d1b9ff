//! One connection: handshake, requests, rest, drain.
//!
//! A head that does not arrive in time ends the connection: in HTTP/1.1 by the pulse, in HTTP/2 by a ping that stays
//! unanswered behind half a head. Between requests a connection of HTTP/1.1 soon rests: the library's state and buffers are given
//! back, and only its socket is kept until something comes. At the end keep-alive connections are told to close
//! (GOAWAY in HTTP/2), answers under way get their grace, and what is left is cut.

use std::{convert::Infallible, net::SocketAddr, pin::pin, sync::Arc, time::Duration};

use bytes::Bytes;
use http::{Method, Request, header::UPGRADE};
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
    pulse::{Ending, Finding, Patience, Pulse, Watched},
    streams::{Flowing, Streams},
};
use crate::net::{
    BoxError,
    body::{self, BUFFER},
    tunnel::Leash,
};

/// As many streams of a connection may break the rules of HTTP/2 before all of it ends.
const RESETS: usize = 100;

/// As many streams may be open at once; and as many may have been given up before anybody looked at them, which are all
/// those of an honest caller who lost patience while this side was busy.
const STREAMS: u32 = 100;
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

/// A stream with a socket underneath.
pub(super) trait Socket: AsyncRead + AsyncWrite + Unpin + Send + 'static {
    /// Its end will be seen as one in the middle.
    fn will_break(&self);
}

impl Socket for TcpStream {
    fn will_break(&self) {
        // A failure here only makes the end look more orderly than it is.
        let _ = self.set_zero_linger();
    }
}

impl<S: Socket> Socket for Box<TlsStream<S>> {
    fn will_break(&self) {
        self.get_ref().0.will_break();
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
            // The library would make a timer for each request; the pulse looks at all of them with one.
            .header_read_timeout(None)
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
            .max_concurrent_streams(STREAMS)
            .max_pending_accept_reset_streams(Some(STREAMS as usize))
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
    pub(super) async fn serve<S: Socket>(
        &self,
        mut socket: S,
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
        let (seen, stop) = (Arc::clone(&pulse), self.stop.clone());
        let service = service_fn(move |request| answer(Arc::clone(&behind), peer, request, (&seen, &stop)));
        let mut connection = self.http1.serve_connection(socket, service).with_upgrades();
        let patience = Patience { reads: self.idle_timeout, head: self.head_timeout };
        tokio::select! {
            biased;
            ended = Pin::new(&mut connection) => {
                ended.unwrap_or_else(|error| tracing::debug!(%peer, %error, "a connection ended early"));
                None
            }
            found = pulse.watch(patience, young) => {
                match found {
                    Finding::Rests => {}
                    Finding::Slow => return None,
                    Finding::Stuck | Finding::Unused => {
                        cut(connection);
                        return None;
                    }
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
        let (seen, stop) = (Arc::clone(&pulse), self.stop.clone());
        let service = service_fn(move |request| {
            let answer = answer(Arc::clone(&behind), peer, request, (&seen, &stop));
            async move { answer.await.map(|response| response.map(Flowing::new)) }
        });
        let mut connection = std::pin::pin!(self.http2.serve_connection(socket, service));
        let mut leaving = false;
        loop {
            let idle = if leaving { self.head_timeout } else { self.idle_timeout };
            tokio::select! {
                biased;
                ended = connection.as_mut() => {
                    ended.unwrap_or_else(|error| tracing::debug!(%peer, %error, "a connection ended early"));
                    return;
                }
                found = pulse.watch_streams(self.idle_timeout, idle) => {
                    if found == Finding::Stuck || leaving {
                        return;
                    }
                    // What has begun meanwhile has all its time; a peer that only stays has that of a head.
                    connection.as_mut().graceful_shutdown();
                    leaving = true;
                }
                () = self.stop.cancelled() => {
                    connection.as_mut().graceful_shutdown();
                    self.drain(connection).await;
                    return;
                }
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
        parts.io.into_inner().socket.will_break();
    }
}

fn answer(
    behind: Arc<Behind>,
    peer: SocketAddr,
    mut request: Request<Incoming>,
    (pulse, stop): (&Arc<Pulse>, &CancellationToken),
) -> impl Future<Output = Result<http::Response<Ending>, Infallible>> + use<> {
    let busy = pulse.begin();
    if request.method() == Method::CONNECT || request.headers().contains_key(UPGRADE) {
        let leash = Leash::new(stop.clone(), behind.limits.grace, pulse.begin());
        request.extensions_mut().insert(leash);
    }
    // As long as somebody holds a body that has not been read to its end, what comes next is no request.
    let unread = (!http_body::Body::is_end_stream(request.body())).then(|| pulse.begin());
    let request = request.map(|body| match unread {
        Some(busy) => body::boxed(Ending::new(body.into(), busy)),
        None => body.into(),
    });
    // Pinned where it stands: to wait for it as it is would move it once more.
    async move { Ok(pin!(behind.answer(peer, request)).await.map(|body| Ending::new(body, busy))) }
}

#[cfg(test)]
mod tests;
