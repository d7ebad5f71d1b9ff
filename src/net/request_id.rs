//! The id of one request: in the answer's `X-Request-Id`, in every problem body and in every line of the log.
//!
//! The server makes one per request and notes it with the arrival (`src/net/arrival.rs`); callers can't choose it, so that
//! nobody can make two requests look like one in the log.

use http::{Extensions, HeaderName, HeaderValue};
use uuid::{Uuid, fmt::Hyphenated};

use super::arrival::Arrival;
use crate::clock::Timestamp;

/// The header that carries it.
pub const HEADER: HeaderName = HeaderName::from_static("x-request-id");

/// The id of one request, as text: a line of the log and a header show it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct RequestId([u8; Hyphenated::LENGTH]);

impl RequestId {
    /// None: what a request has that didn't come through the server, which only tests see.
    pub const NONE: Self = Self(*b"00000000-0000-0000-0000-000000000000");

    /// A new id whose time part is `now`.
    #[must_use]
    pub fn new(now: Timestamp) -> Self {
        let micros = u64::try_from(now.as_micros()).unwrap_or(0);
        let nanos = u32::try_from(micros % 1_000_000).unwrap_or(0) * 1_000;
        let moment = uuid::Timestamp::from_unix(uuid::NoContext, micros / 1_000_000, nanos);
        let mut id = Self::NONE;
        Uuid::new_v7(moment).hyphenated().encode_lower(&mut id.0);
        id
    }

    /// The one the server gave this request.
    #[must_use]
    pub fn of(extensions: &Extensions) -> Self {
        Arrival::of(extensions).map_or(Self::NONE, |arrival| arrival.id)
    }

    /// As text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }

    /// As a header's value.
    #[must_use]
    pub fn header_value(&self) -> HeaderValue {
        HeaderValue::from_bytes(&self.0).unwrap_or_else(|_| HeaderValue::from_static(""))
    }
}

impl std::fmt::Display for RequestId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_requests_at_the_same_moment_have_different_ids() {
        let now = Timestamp::from_micros(1_700_000_000_000_000);
        assert_ne!(RequestId::new(now), RequestId::new(now));
    }

    #[test]
    fn the_servers_id_is_found_in_the_extensions() {
        let mut extensions = Extensions::new();
        assert_eq!(RequestId::of(&extensions), RequestId::NONE);
        let at = Timestamp::from_micros(0);
        let id = RequestId::new(at);
        let from = std::net::Ipv4Addr::LOCALHOST.into();
        extensions.insert(Arrival { id, from, began: std::time::Instant::now() });
        assert_eq!(RequestId::of(&extensions), id);
        assert_eq!(id.header_value().to_str().unwrap(), id.as_str());
    }
}
