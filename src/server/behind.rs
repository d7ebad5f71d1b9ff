//! One request of a connection: its id, what HTTP itself says against it, what stands behind the door, and a 500 where
//! that panicked.

use std::{net::SocketAddr, panic::AssertUnwindSafe, pin::pin, sync::Arc, time::Instant};

use futures_util::FutureExt;
use http::{
    HeaderValue, Request, Response, StatusCode,
    header::{CONNECTION, RETRY_AFTER},
};

use super::{Service, accept::Limits, arrival};
use crate::{
    clock::Clock,
    net::{
        Body,
        arrival::Arrival,
        body::full,
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
        self.with(service)
    }

    /// The same with another service.
    pub(super) fn with(&self, service: Service) -> Self {
        Self { service, clock: self.clock.clone(), metrics: self.metrics.clone(), limits: self.limits }
    }

    /// One request: its id, what HTTP says, the service, and a 500 where that panicked.
    pub(super) async fn answer(&self, peer: SocketAddr, mut request: Request<Body>) -> Response<Body> {
        let (id, from) = (RequestId::new(self.clock.now()), peer.ip().to_canonical());
        request.extensions_mut().insert(Arrival { id, from, began: Instant::now() });
        let mut response = match arrival::refusal(&request, &self.limits) {
            Some(problem) => {
                self.metrics.refused(problem.reason);
                problem.into_response(&id).map(full)
            }
            None => match arrival::options(&mut request) {
                Some(response) => response,
                None => pin!(self.served(request)).await.unwrap_or_else(|| bug(&id)),
            },
        };
        response.headers_mut().insert(request_id::HEADER, id.header_value());
        response
    }

    /// What stands behind says; nothing if it panicked, which the panic hook counts.
    async fn served(&self, request: Request<Body>) -> Option<Response<Body>> {
        AssertUnwindSafe(async { (self.service)(request).await }).catch_unwind().await.ok()
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
