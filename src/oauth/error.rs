//! What can go wrong at a provider, sorted by what helps: a new consent, the operator, or trying again.
//!
//! Texts are ours. Of what the provider says only its error code is kept, shortened and made harmless, because
//! descriptions quote tokens and markup.

use std::time::Duration;

use http::StatusCode;
use serde_json::Value;

use crate::net::client::FetchError;

/// Why a provider gave no token.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OAuthError {
    /// The code or refresh token is dead; only a new consent helps.
    #[error("the provider no longer accepts this grant ({0})")]
    InvalidGrant(String),
    /// The gateway's client or the app's file is wrong; only the operator can help.
    #[error("the gateway's OAuth client is not set up as the provider wants it: {0}")]
    Configuration(String),
    /// The provider refuses and says why, and it is none of the others.
    #[error("the provider refused: {0}")]
    Permanent(String),
    /// Too many requests; trying again helps, later.
    #[error("the provider asks to wait")]
    RateLimited {
        /// How long, if it says so.
        retry_after: Option<Duration>,
    },
    /// Out of reach or broken; trying again helps.
    #[error("the provider's token endpoint can't be used at the moment: {0}")]
    Transient(&'static str),
    /// The answer makes no sense: a redirect, a page, no token in it.
    #[error("the provider's token endpoint gave no usable answer: {0}")]
    Protocol(&'static str),
}

impl OAuthError {
    /// A stable word for `status_reason` and for pages.
    #[must_use]
    pub fn reason(&self) -> &str {
        match self {
            Self::InvalidGrant(code) | Self::Permanent(code) => code,
            Self::Configuration(_) => "client_misconfigured",
            Self::RateLimited { .. } => "provider_rate_limited",
            Self::Transient(_) => "provider_unavailable",
            Self::Protocol(_) => "provider_answer_unusable",
        }
    }

    /// Whether the same request may succeed later without anybody doing anything.
    #[must_use]
    pub fn passes(&self) -> bool {
        matches!(self, Self::RateLimited { .. } | Self::Transient(_))
    }

    /// Whether the provider has judged what it was given, and asking again the same way is no use.
    #[must_use]
    pub fn is_final(&self) -> bool {
        matches!(self, Self::InvalidGrant(_) | Self::Configuration(_) | Self::Permanent(_))
    }

    /// The error a code stands for: those of RFC 6749 5.2 and what providers say instead.
    pub(super) fn of_code(code: &str) -> Self {
        let code = shortened(code);
        match code.as_str() {
            "invalid_grant"
            | "bad_refresh_token"
            | "invalid_refresh_token"
            | "token_revoked"
            | "bad_verification_code"
            | "invalid_code" => Self::InvalidGrant(code),
            "invalid_client"
            | "unauthorized_client"
            | "incorrect_client_credentials"
            | "bad_client_secret"
            | "invalid_client_id"
            | "redirect_uri_mismatch" => Self::Configuration(code),
            "temporarily_unavailable"
            | "server_error"
            | "internal_error"
            | "service_unavailable"
            | "fatal_error" => Self::Transient("it says so itself"),
            "ratelimited" | "rate_limited" | "too_many_requests" | "slow_down" => {
                Self::RateLimited { retry_after: None }
            }
            _ => Self::Permanent(code),
        }
    }

    /// The error of an answer whose status is no success.
    pub(super) fn of_status(status: StatusCode, body: Option<&Value>, retry_after: Option<Duration>) -> Self {
        match status.as_u16() {
            429 => Self::RateLimited { retry_after },
            503 if retry_after.is_some() => Self::RateLimited { retry_after },
            300..=399 => Self::Protocol("it redirects, which is never followed"),
            408 | 500.. => Self::Transient("it answered with a server error"),
            _ => match (body.and_then(code), status.as_u16()) {
                (Some(code), _) => Self::of_code(code),
                (None, 401 | 404 | 405) => Self::Configuration(format!("it answered {}", status.as_u16())),
                (None, _) => Self::Protocol("it refused without an error code"),
            },
        }
    }
}

/// Nothing of the address or of the library's text goes on: it may show a URL with secrets in it.
impl From<FetchError> for OAuthError {
    fn from(error: FetchError) -> Self {
        use crate::net::{body::ReadError, client::SendError};
        match error {
            FetchError::Deadline(_) | FetchError::Send(SendError::Timeout) => {
                Self::Transient("it did not answer in time")
            }
            FetchError::Read(ReadError::TooLarge(_)) => Self::Protocol("its answer is too long"),
            FetchError::Send(SendError::PlainHttp) => Self::Configuration(
                "its address is http, which the setting egress.plain_http doesn't permit".to_owned(),
            ),
            FetchError::Send(SendError::Forbidden(_)) => Self::Configuration(
                "its address is private, which the setting egress.allow doesn't permit".to_owned(),
            ),
            FetchError::Send(_) | FetchError::Read(_) => Self::Transient("it can't be reached"),
        }
    }
}

/// The error code of an answer: a string under `error`, or the type or code inside an error object.
pub(super) fn code(body: &Value) -> Option<&str> {
    let error = body.get("error")?;
    [Some(error), error.get("code"), error.get("type")]
        .into_iter()
        .flatten()
        .find_map(Value::as_str)
        .filter(|code| !code.is_empty())
}

/// A provider's error code as it may be stored and shown: at most 64 characters of `A-Za-z0-9_.-`.
#[must_use]
pub fn shortened(code: &str) -> String {
    let harmless = |c: char| if c.is_ascii_alphanumeric() || "_.-".contains(c) { c } else { '_' };
    let word: String = code.trim().chars().take(64).map(harmless).collect();
    if word.is_empty() { "unknown_error".to_owned() } else { word }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_providers_code_is_shortened_and_made_harmless() {
        for (said, kept) in [
            ("access_denied", "access_denied"),
            ("<script>alert(1)</script>", "_script_alert_1___script_"),
            ("a\r\nSet-Cookie: b", "a__Set-Cookie__b"),
            ("", "unknown_error"),
            ("  ", "unknown_error"),
            ("zugang_verweigert_ä", "zugang_verweigert__"),
        ] {
            assert_eq!(shortened(said), kept);
        }
        assert_eq!(shortened(&"x".repeat(10_240)).len(), 64);
    }

    #[test]
    fn codes_are_sorted_by_what_helps() {
        for (code, passes, dead) in [
            ("invalid_grant", false, true),
            ("bad_refresh_token", false, true),
            ("invalid_client", false, false),
            ("invalid_scope", false, false),
            ("temporarily_unavailable", true, false),
            ("ratelimited", true, false),
        ] {
            let error = OAuthError::of_code(code);
            assert_eq!(error.passes(), passes, "{code}");
            assert_eq!(matches!(error, OAuthError::InvalidGrant(_)), dead, "{code}");
        }
    }

    #[test]
    fn an_error_code_is_found_in_its_usual_places() {
        for (body, found) in [
            (serde_json::json!({"error": "invalid_grant"}), Some("invalid_grant")),
            (serde_json::json!({"error": {"code": "invalid_grant"}}), Some("invalid_grant")),
            (serde_json::json!({"error": {"type": "OAuthException"}}), Some("OAuthException")),
            (serde_json::json!({"error": ""}), None),
            (serde_json::json!({"error": null}), None),
            (serde_json::json!({}), None),
        ] {
            assert_eq!(code(&body), found, "{body}");
        }
    }
}
