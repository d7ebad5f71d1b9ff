//! The admin door: is the process alive, can it serve, and its numbers. Never public, so it asks for no key.

use std::sync::Arc;

use futures_util::future::BoxFuture;
use http::{
    HeaderValue, Method, Request, Response, StatusCode,
    header::{CACHE_CONTROL, CONTENT_TYPE},
};

use super::Service;
use crate::{
    net::{Body, body::full, problem::Problem, request_id::RequestId},
    telemetry::Metrics,
};

/// Asked whether everything that is needed to serve is there. The error says what is not.
pub type Health = Arc<dyn Fn() -> BoxFuture<'static, Result<(), String>> + Send + Sync>;

/// `/healthz`, `/readyz` and `/metrics`.
///
/// Alive means that the process answers; ready, that its store does too.
#[must_use]
pub fn admin(ready: Health, metrics: Metrics) -> Service {
    Arc::new(move |request: Request<Body>| {
        let (ready, metrics) = (Arc::clone(&ready), metrics.clone());
        Box::pin(async move {
            let harmless = matches!(*request.method(), Method::GET | Method::HEAD);
            match request.uri().path() {
                _ if !harmless => unknown(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", &request),
                "/healthz" => text(StatusCode::OK, "ok\n".to_owned()),
                "/readyz" => match ready().await {
                    Ok(()) => text(StatusCode::OK, "ready\n".to_owned()),
                    Err(why) => text(StatusCode::SERVICE_UNAVAILABLE, format!("not ready: {why}\n")),
                },
                "/metrics" => text(StatusCode::OK, metrics.render()),
                _ => unknown(StatusCode::NOT_FOUND, "not_found", &request),
            }
        })
    })
}

fn text(status: StatusCode, text: String) -> Response<Body> {
    let mut response = Response::new(full(text));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

fn unknown(status: StatusCode, reason: &'static str, request: &Request<Body>) -> Response<Body> {
    let detail = "This door serves GET /healthz, /readyz and /metrics, and nothing else.";
    Problem::new(status, reason, detail).into_response(&RequestId::of(request.extensions())).map(full)
}
