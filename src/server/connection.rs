//! One connection: handshake, requests, drain.
//!
//! hyper arms no deadline unless it is given a timer, so it is given one; a head that does not arrive in time ends
//! the connection. At the end keep-alive connections are told to close (GOAWAY in HTTP/2), answers under way get
//! their grace, and what is left is cut.

use std::{
    convert::Infallible, net::SocketAddr, panic::AssertUnwindSafe, pin::pin, sync::Arc, time::Duration,
};

use futures_util::FutureExt;
use http::{
    HeaderValue, Request, Response, StatusCode,
    header::{CONNECTION, RETRY_AFTER},
};
use hyper::{body::Incoming, service::service_fn};
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::conn::auto::Builder,
};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
};
use tokio_rustls::TlsAcceptor;

use super::{
    Service,
    accept::{Limits, Stop},
    arrival,
    patience::Patient,
};
use crate::{
    clock::Clock,
    net::{
        Body,
        body::{boxed, full},
        client_ip::ClientIp,
        problem::Problem,
        request_id::{self, RequestId},
    },
    telemetry::Metrics,
};

/// What the connections of a door share.
pub(super) struct Behind {
    /// Answers requests.
    pub(super) service: Service,
    /// The time.
    pub(super) clock: Clock,
    /// Counts what is refused here.
    pub(super) metrics: Metrics,
    /// What is asked of callers.
    pub(super) limits: Limits,
}

impl Behind {
    /// The same, but every request is told that there is no place.
    pub(super) fn full(&self) -> Self {
        let service: Service = Arc::new(|request| {
            let id = RequestId::of(request.extensions());
            Box::pin(async move { overloaded(&id) })
        });
        Self { service, clock: self.clock.clone(), metrics: self.metrics.clone(), limits: self.limits }
    }

    /// One request: its id, what HTTP says, the service, and a 500 where that panicked.
    async fn answer(&self, peer: SocketAddr, mut request: Request<Incoming>) -> Response<Body> {
        let id = RequestId::new(self.clock.now());
        request.extensions_mut().insert(id.clone());
        request.extensions_mut().insert(ClientIp(peer.ip().to_canonical()));
        let mut request = request.map(boxed);
        let mut response = match arrival::refusal(&request, &self.limits) {
            Some(problem) => {
                self.metrics.refused(problem.reason);
                problem.into_response(&id).map(full)
            }
            None => match arrival::options(&mut request) {
                Some(response) => response,
                None => self.served(request).await.unwrap_or_else(|| bug(&id)),
            },
        };
        response.headers_mut().entry(request_id::HEADER).or_insert_with(|| id.header_value());
        response
    }

    /// What stands behind says; nothing if it panicked, which the panic hook counts.
    async fn served(&self, request: Request<Body>) -> Option<Response<Body>> {
        AssertUnwindSafe(async { (self.service)(request).await }).catch_unwind().await.ok()
    }
}

/// How connections are spoken with.
#[derive(Clone)]
pub(super) struct Protocol {
    builder: Arc<Builder<TokioExecutor>>,
    stop: Stop,
    head_timeout: Duration,
    grace: Duration,
}

impl Protocol {
    /// HTTP/1.1 and HTTP/2 within `limits`, until `stop`.
    pub(super) fn new(limits: &Limits, stop: Stop) -> Self {
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
        Self { builder: Arc::new(builder), stop, head_timeout: limits.head_timeout, grace: limits.grace }
    }

    /// Serves one connection to its end.
    pub(super) async fn serve(
        &self,
        socket: TcpStream,
        tls: Option<TlsAcceptor>,
        peer: SocketAddr,
        behind: Arc<Behind>,
    ) {
        match tls {
            None => self.speak(socket, peer, behind).await,
            Some(tls) => {
                if let Ok(Ok(stream)) = tokio::time::timeout(self.head_timeout, tls.accept(socket)).await {
                    self.speak(stream, peer, behind).await;
                }
            }
        }
    }

    async fn speak<S>(&self, socket: S, peer: SocketAddr, behind: Arc<Behind>)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let service = service_fn(move |request| {
            let behind = Arc::clone(&behind);
            async move { Ok::<_, Infallible>(behind.answer(peer, request).await) }
        });
        let socket = TokioIo::new(Patient::new(socket, self.head_timeout));
        let mut connection = pin!(self.builder.serve_connection_with_upgrades(socket, service));
        let ended = tokio::select! {
            ended = connection.as_mut() => ended,
            () = self.stop.soon.cancelled() => {
                connection.as_mut().graceful_shutdown();
                tokio::select! {
                    ended = connection.as_mut() => ended,
                    () = tokio::time::sleep(self.grace) => return,
                    () = self.stop.now.cancelled() => return,
                }
            }
        };
        if let Err(error) = ended {
            tracing::debug!(%peer, error, "a connection ended early");
        }
    }
}

fn bug(id: &RequestId) -> Response<Body> {
    let detail =
        "This is a fault of the gateway. Try again; if it stays, give the request id to whoever runs it.";
    Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", detail).into_response(id).map(full)
}

fn overloaded(id: &RequestId) -> Response<Body> {
    let detail =
        "The gateway holds as many connections as it may. Try again in a moment, and keep connections open.";
    Problem::new(StatusCode::SERVICE_UNAVAILABLE, "overloaded", detail)
        .header(RETRY_AFTER, 1)
        .header(CONNECTION, HeaderValue::from_static("close"))
        .into_response(id)
        .map(full)
}
