//! The one body shape of every answer the gateway gives for itself: RFC 9457, and what existing clients read.
//!
//! It knows the shape only. Which reason goes with which status is each door's own table (`plane::refusal`,
//! `control::problem`).

use bytes::Bytes;
use http::{
    HeaderName, HeaderValue, Response, StatusCode,
    header::{CACHE_CONTROL, CONTENT_TYPE, WWW_AUTHENTICATE, X_CONTENT_TYPE_OPTIONS},
};
use serde::Serialize;
use serde_json::{Map, Value};

use super::request_id::{self, RequestId};

/// The header that says the gateway spoke, not the upstream.
pub const KEYFERRY_ERROR: HeaderName = HeaderName::from_static("keyferry-error");

/// Why the gateway says no.
#[derive(Clone, Debug)]
pub struct Problem {
    /// The status of the answer.
    pub status: StatusCode,
    /// The stable word programs act on.
    pub reason: &'static str,
    /// What happened and what to do, for people. Never a secret, an address inside, SQL or an upstream's URL.
    pub detail: String,
    /// The app concerned.
    pub app: Option<String>,
    /// Further members of the body, such as `url` or `connections`.
    pub extra: Map<String, Value>,
    /// Further headers, such as `Retry-After`.
    pub headers: Vec<(HeaderName, HeaderValue)>,
}

/// The members every body has, in the order people read them.
#[derive(Serialize)]
struct Shape<'p> {
    #[serde(rename = "type")]
    kind: String,
    title: &'p str,
    status: u16,
    detail: &'p str,
    message: &'p str,
    code: u16,
    reason: &'p str,
    request_id: &'p str,
    #[serde(skip_serializing_if = "Option::is_none")]
    app: Option<&'p str>,
    #[serde(flatten)]
    extra: &'p Map<String, Value>,
}

impl Problem {
    /// A problem of `status`, known to programs as `reason`. A 401 also says how to authenticate.
    pub fn new(status: StatusCode, reason: &'static str, detail: impl Into<String>) -> Self {
        let mut headers = Vec::new();
        if status == StatusCode::UNAUTHORIZED {
            headers.push((WWW_AUTHENTICATE, HeaderValue::from_static("Bearer")));
        }
        Self { status, reason, detail: detail.into(), app: None, extra: Map::new(), headers }
    }

    /// Names the app concerned.
    #[must_use]
    pub fn app(mut self, app: impl Into<String>) -> Self {
        self.app = Some(app.into());
        self
    }

    /// Adds a member to the body.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.extra.insert(name.to_owned(), value.into());
        self
    }

    /// Adds a header.
    #[must_use]
    pub fn header(mut self, name: HeaderName, value: impl Into<HeaderValue>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// The answer. Its body is plain bytes, so that each door can wrap it as it needs.
    #[must_use]
    pub fn into_response(self, request_id: &RequestId) -> Response<Bytes> {
        let mut response = Response::new(Bytes::from(self.body(request_id)));
        *response.status_mut() = self.status;
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        headers.insert(KEYFERRY_ERROR, HeaderValue::from_static(self.reason));
        headers.insert(request_id::HEADER, request_id.header_value());
        headers.extend(self.headers);
        response
    }

    fn body(&self, request_id: &RequestId) -> Vec<u8> {
        let shape = Shape {
            kind: format!("urn:keyferry:problem:{}", self.reason),
            title: self.status.canonical_reason().unwrap_or("Error"),
            status: self.status.as_u16(),
            detail: &self.detail,
            message: &self.detail,
            code: self.status.as_u16(),
            reason: self.reason,
            request_id: request_id.as_str(),
            app: self.app.as_deref(),
            extra: &self.extra,
        };
        serde_json::to_vec(&shape).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Timestamp;

    fn body(problem: Problem) -> Value {
        let id = RequestId::new(Timestamp::from_micros(0));
        serde_json::from_slice(problem.into_response(&id).body()).unwrap()
    }

    #[test]
    fn lg_4_the_body_is_a_superset_of_rfc_9457_and_of_what_clients_read() {
        let problem = Problem::new(StatusCode::BAD_REQUEST, "connection_required", "No active connection.")
            .app("stripe")
            .with("connections", serde_json::json!([]));
        let body = body(problem);
        assert_eq!(body["type"], "urn:keyferry:problem:connection_required");
        assert_eq!(body["title"], "Bad Request");
        assert_eq!((&body["status"], &body["code"]), (&400.into(), &400.into()));
        assert_eq!(body["detail"], body["message"]);
        assert_eq!((&body["reason"], &body["app"]), (&"connection_required".into(), &"stripe".into()));
        assert_eq!(body["connections"], serde_json::json!([]));
        assert_eq!(body["request_id"].as_str().unwrap().len(), 36);
    }

    #[test]
    fn an_answer_says_that_the_gateway_spoke() {
        let id = RequestId::new(Timestamp::from_micros(0));
        let response = Problem::new(StatusCode::UNAUTHORIZED, "key_missing", "No key.")
            .header(http::header::RETRY_AFTER, 1)
            .into_response(&id);
        let headers = response.headers();
        assert_eq!(response.status(), 401);
        assert_eq!(headers["keyferry-error"], "key_missing");
        assert_eq!(headers["content-type"], "application/problem+json");
        assert_eq!(headers["www-authenticate"], "Bearer");
        assert_eq!(headers["retry-after"], "1");
        assert_eq!(headers["x-request-id"], id.as_str());
    }
}
