//! The id of one request: in the answer's `X-Request-Id`, in every problem body and in every line of the log.
//!
//! The server makes one per request and puts it into the request's extensions; callers can't choose it, so that
//! nobody can make two requests look like one in the log.

use http::{Extensions, HeaderName, HeaderValue};
use uuid::Uuid;

use crate::clock::Timestamp;

/// The header that carries it.
pub const HEADER: HeaderName = HeaderName::from_static("x-request-id");

/// The id of one request. Kept as a header's value: every answer carries it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct RequestId(HeaderValue);

impl RequestId {
    /// A new id whose time part is `now`.
    #[must_use]
    pub fn new(now: Timestamp) -> Self {
        let micros = u64::try_from(now.as_micros()).unwrap_or(0);
        let nanos = u32::try_from(micros % 1_000_000).unwrap_or(0) * 1_000;
        let moment = uuid::Timestamp::from_unix(uuid::NoContext, micros / 1_000_000, nanos);
        let mut text = Uuid::encode_buffer();
        Self::of_text(Uuid::new_v7(moment).hyphenated().encode_lower(&mut text))
    }

    /// The one the server gave this request; `-` where there is none, which only tests see.
    #[must_use]
    pub fn of(extensions: &Extensions) -> Self {
        extensions.get::<Self>().cloned().unwrap_or_else(|| Self::of_text("-"))
    }

    fn of_text(text: &str) -> Self {
        Self(HeaderValue::from_str(text).unwrap_or_else(|_| HeaderValue::from_static("-")))
    }

    /// As text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.0.to_str().unwrap_or("-")
    }

    /// As a header's value.
    #[must_use]
    pub fn header_value(&self) -> HeaderValue {
        self.0.clone()
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
        assert_eq!(RequestId::of(&extensions).as_str(), "-");
        let id = RequestId::new(Timestamp::from_micros(0));
        extensions.insert(id.clone());
        assert_eq!(RequestId::of(&extensions), id);
        assert_eq!(id.header_value().to_str().unwrap(), id.as_str());
    }
}
