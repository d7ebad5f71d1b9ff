//! What fuzz targets need of the server: its reading of a head, and its first refusals.

use std::time::Duration;

use http::Request;
use hyper::server::conn::http1;

use super::{accept::Limits, arrival};
use crate::net::Body;

const LIMITS: Limits = Limits {
    head_bytes: 65_536,
    head_fields: 100,
    target_bytes: 16_384,
    connections: 1,
    head_timeout: Duration::from_secs(1),
    idle_timeout: Duration::from_secs(1),
    grace: Duration::ZERO,
    websockets: true,
};

/// Reads HTTP/1.1 as a door does, from a caller who has sent everything and still listens.
pub(crate) fn http1() -> http1::Builder {
    let mut builder = http1::Builder::new();
    builder.max_header_size(LIMITS.head_bytes).max_headers(LIMITS.head_fields).half_close(true);
    builder
}

/// Whether `request` is answered before anybody asks what it means.
pub(crate) fn answered(request: &mut Request<Body>) -> bool {
    arrival::refusal(request, &LIMITS).is_some() || arrival::options(request).is_some()
}
