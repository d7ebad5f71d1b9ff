//! What the sandbox says when it refuses: one shape for the OAuth endpoints, one for the API.

use axum::{
    Json,
    response::{IntoResponse, Response},
};
use http::{HeaderValue, StatusCode, header};
use serde_json::json;

/// A refusal of the token or revocation endpoint (RFC 6749 5.2).
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Refusal {
    pub(super) error: &'static str,
    pub(super) description: String,
}

impl Refusal {
    /// A refusal with this `error` word.
    pub(super) fn new(error: &'static str, description: impl Into<String>) -> Self {
        Self { error, description: description.into() }
    }

    /// The code or refresh token is no good; one word for every reason, as the standard has it.
    pub(super) fn invalid_grant(description: &str) -> Self {
        Self::new("invalid_grant", description)
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let unauthorized = self.error == "invalid_client";
        let status = if unauthorized { StatusCode::UNAUTHORIZED } else { StatusCode::BAD_REQUEST };
        let body = Json(json!({ "error": self.error, "error_description": self.description }));
        let mut response = (status, [(header::CACHE_CONTROL, "no-store")], body).into_response();
        if unauthorized {
            let challenge = HeaderValue::from_static("Basic realm=\"sandbox\"");
            response.headers_mut().insert(header::WWW_AUTHENTICATE, challenge);
        }
        response
    }
}

/// A refusal of the API.
#[derive(Debug)]
pub(super) struct ApiError {
    status: StatusCode,
    code: &'static str,
    message: String,
    challenge: Option<String>,
}

impl ApiError {
    /// A refusal with this status and stable word.
    pub(super) fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self { status, code, message: message.into(), challenge: None }
    }

    /// The request can't be understood.
    pub(super) fn bad_request(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "bad_request", message)
    }

    /// There is nothing of that name.
    pub(super) fn not_found(message: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, "not_found", message)
    }

    /// No token came with the request; without `error`, as RFC 6750 3.1 asks.
    pub(super) fn token_missing() -> Self {
        let message = "Send an access token: Authorization: Bearer …";
        let challenge = Some("Bearer realm=\"sandbox\"".to_owned());
        Self { challenge, ..Self::new(StatusCode::UNAUTHORIZED, "token_missing", message) }
    }

    /// The token is unknown, expired or revoked.
    pub(super) fn token_invalid() -> Self {
        let message = "The access token is unknown, expired or revoked.";
        let challenge = "Bearer realm=\"sandbox\", error=\"invalid_token\", \
                         error_description=\"The access token is unknown, expired or revoked\"";
        Self {
            challenge: Some(challenge.to_owned()),
            ..Self::new(StatusCode::UNAUTHORIZED, "invalid_token", message)
        }
    }

    /// The token is good but was not granted `scope`.
    pub(super) fn insufficient_scope(scope: &str) -> Self {
        let challenge = format!("Bearer realm=\"sandbox\", error=\"insufficient_scope\", scope=\"{scope}\"");
        let message = format!("The access token lacks the scope {scope}.");
        Self { challenge: Some(challenge), ..Self::new(StatusCode::FORBIDDEN, "insufficient_scope", message) }
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let body = Json(json!({ "error": { "code": self.code, "message": self.message } }));
        let mut response = (self.status, body).into_response();
        if let Some(challenge) = self.challenge.and_then(|text| HeaderValue::try_from(text).ok()) {
            response.headers_mut().insert(header::WWW_AUTHENTICATE, challenge);
        }
        response
    }
}
