//! One door: accept, handshake, serve, drain.
//!
//! hyper arms no deadline unless it is given a timer, so it is given one; a head that does not arrive in time ends
//! the connection. At the end keep-alive connections are told to close (GOAWAY in HTTP/2), answers under way get
//! their grace, and what is left is cut.

use std::{
    convert::Infallible, net::SocketAddr, panic::AssertUnwindSafe, pin::pin, sync::Arc, time::Duration,
};

use futures_util::FutureExt;
use http::{Request, Response, StatusCode};
use hyper::{body::Incoming, service::service_fn};
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::conn::auto::Builder,
};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpListener, TcpStream},
};
use tokio_rustls::TlsAcceptor;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::{Service, TlsError, arrival, tls};
use crate::{
    clock::Clock,
    config,
    net::{
        Body,
        body::{boxed, full},
        client_ip::ClientIp,
        problem::Problem,
        request_id::{self, RequestId},
    },
    telemetry::Metrics,
};

/// What a door asks of its callers.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Bytes of a request head, its target included.
    pub head_bytes: usize,
    /// Header fields of a request.
    pub head_fields: usize,
    /// Bytes of a request target.
    pub target_bytes: usize,
    /// Until a head, or a TLS handshake, is complete.
    pub head_timeout: Duration,
    /// How long answers under way may go on after the signal to stop.
    pub grace: Duration,
}

/// How all doors are told to end.
#[derive(Clone, Debug, Default)]
pub struct Stop {
    /// Accept no more, finish what is under way.
    pub soon: CancellationToken,
    /// End at once.
    pub now: CancellationToken,
}

/// A door that is ready to open.
pub struct Door {
    name: &'static str,
    listener: TcpListener,
    tls: Option<TlsAcceptor>,
    behind: Behind,
}

/// What each connection of a door shares.
#[derive(Clone)]
struct Behind {
    service: Service,
    clock: Clock,
    metrics: Metrics,
    limits: Limits,
}

impl Door {
    /// A door called `name` at `listener`, with `service` behind it.
    pub fn new(
        name: &'static str,
        listener: TcpListener,
        tls: Option<&config::Tls>,
        service: Service,
        (limits, clock, metrics): (Limits, Clock, Metrics),
    ) -> Result<Self, TlsError> {
        let tls = tls.map(tls::acceptor).transpose()?;
        Ok(Self { name, listener, tls, behind: Behind { service, clock, metrics, limits } })
    }

    /// Serves until `stop`, then drains. Returns when the last connection has ended.
    pub async fn serve(self, stop: Stop) {
        let connections = TaskTracker::new();
        let builder = Arc::new(protocol(&self.behind.limits));
        while let Some((socket, peer)) = self.next(&stop.soon).await {
            let (builder, behind, tls) = (Arc::clone(&builder), self.behind.clone(), self.tls.clone());
            let (stop, limits) = (stop.clone(), self.behind.limits);
            connections.spawn(async move {
                match tls {
                    None => connection(socket, peer, &builder, behind, &stop, limits.grace).await,
                    Some(tls) => {
                        let handshake = tokio::time::timeout(limits.head_timeout, tls.accept(socket));
                        if let Ok(Ok(stream)) = handshake.await {
                            connection(stream, peer, &builder, behind, &stop, limits.grace).await;
                        }
                    }
                }
            });
        }
        drop(self.listener);
        connections.close();
        connections.wait().await;
        tracing::debug!(door = self.name, "closed");
    }

    /// The next connection; none when it is time to stop.
    async fn next(&self, stop: &CancellationToken) -> Option<(TcpStream, SocketAddr)> {
        loop {
            let accepted = tokio::select! {
                () = stop.cancelled() => return None,
                accepted = self.listener.accept() => accepted,
            };
            match accepted {
                Ok((socket, peer)) => {
                    // A failure here only costs latency.
                    let _ = socket.set_nodelay(true);
                    return Some((socket, peer));
                }
                Err(error) => {
                    // Out of descriptors, most likely: they come back when connections end.
                    tracing::warn!(door = self.name, %error, "can't accept a connection; trying again");
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
            }
        }
    }
}

fn protocol(limits: &Limits) -> Builder<TokioExecutor> {
    let mut builder = Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.head_timeout)
        .max_buf_size(limits.head_bytes.max(8 * 1024))
        .max_headers(limits.head_fields);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_header_list_size(u32::try_from(limits.head_bytes).unwrap_or(u32::MAX))
        .max_concurrent_streams(100)
        .adaptive_window(true)
        .keep_alive_interval(Some(Duration::from_secs(30)))
        .keep_alive_timeout(Duration::from_secs(20));
    builder
}

/// Serves one connection to its end.
async fn connection<S>(
    socket: S,
    peer: SocketAddr,
    builder: &Builder<TokioExecutor>,
    behind: Behind,
    stop: &Stop,
    grace: Duration,
) where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let service = service_fn(move |request| answer(behind.clone(), peer, request));
    let mut connection = pin!(builder.serve_connection_with_upgrades(TokioIo::new(socket), service));
    let ended = tokio::select! {
        ended = connection.as_mut() => Some(ended),
        () = stop.soon.cancelled() => None,
    };
    let ended = match ended {
        Some(ended) => ended,
        None => {
            connection.as_mut().graceful_shutdown();
            tokio::select! {
                ended = connection.as_mut() => ended,
                () = tokio::time::sleep(grace) => return,
                () = stop.now.cancelled() => return,
            }
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%peer, error, "a connection ended early");
    }
}

/// One request: its id, the service behind, and a 500 where that panicked.
async fn answer(
    behind: Behind,
    peer: SocketAddr,
    mut request: Request<Incoming>,
) -> Result<Response<Body>, Infallible> {
    let id = RequestId::new(behind.clock.now());
    request.extensions_mut().insert(id.clone());
    request.extensions_mut().insert(ClientIp(peer.ip().to_canonical()));
    let mut request = request.map(boxed);
    let mut response = match arrival::answer(&mut request, &behind.limits, &id) {
        Some(response) => response,
        None => match AssertUnwindSafe(async { (behind.service)(request).await }).catch_unwind().await {
            Ok(response) => response,
            Err(_panic) => {
                behind.metrics.panicked();
                bug(&id)
            }
        },
    };
    response.headers_mut().entry(request_id::HEADER).or_insert_with(|| id.header_value());
    Ok(response)
}

fn bug(id: &RequestId) -> Response<Body> {
    let detail =
        "This is a fault of the gateway. Try again; if it stays, give the request id to whoever runs it.";
    Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", detail).into_response(id).map(full)
}
