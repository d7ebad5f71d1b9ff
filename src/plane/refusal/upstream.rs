//! No answer from an upstream, before the first byte of one was passed on.

use http::{HeaderValue, StatusCode, header::CONNECTION};

use crate::net::{SendError, problem::Problem, upload::UploadFault};

/// No answer.
pub(super) fn send(error: &SendError, app: &str) -> Problem {
    let (status, reason, detail) = match error {
        SendError::Loop(_) => (
            StatusCode::BAD_GATEWAY,
            "upstream_unreachable",
            format!("{error}. Correct the host of {app}'s connection, or the base in its app file."),
        ),
        SendError::Forbidden(_) | SendError::PlainHttp => (
            StatusCode::BAD_GATEWAY,
            "upstream_unreachable",
            format!("{error}, or correct the host of {app}'s connection."),
        ),
        SendError::Unreachable(_) => (
            StatusCode::BAD_GATEWAY,
            "upstream_unreachable",
            format!(
                "{app} can't be reached: no connection with a valid certificate came about. Try again later."
            ),
        ),
        SendError::Protocol(_) => (
            StatusCode::BAD_GATEWAY,
            "upstream_protocol",
            format!(
                "{app} ended the connection or did not answer in HTTP. Check whether the call took effect."
            ),
        ),
        SendError::Timeout => (
            StatusCode::GATEWAY_TIMEOUT,
            "upstream_timeout",
            format!("{app} did not answer in time. Check whether the call took effect before you repeat it."),
        ),
        SendError::Upload(fault) => return upload(*fault),
    };
    Problem::new(status, reason, detail)
}

/// A body that would have to be held whole, because the signature covers it.
pub(super) fn too_long_to_sign(limit: usize, app: &str) -> Problem {
    let detail = format!(
        "{app} takes requests signed over their whole body, and this gateway holds at most {limit} bytes of one. State \
         the body's SHA-256 in x-amz-content-sha256 if this is AWS, send it in parts, or ask the operator for \
         bounds.signed_body_bytes."
    );
    Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "body_too_large", detail)
        .header(CONNECTION, HeaderValue::from_static("close"))
}

fn upload(fault: UploadFault) -> Problem {
    let (status, reason, detail) = match fault {
        UploadFault::TooLarge => (
            StatusCode::PAYLOAD_TOO_LARGE,
            "body_too_large",
            "The body is longer than this gateway takes. Send it in parts, or ask the operator for bounds.body_bytes.",
        ),
        UploadFault::Stalled => (
            StatusCode::REQUEST_TIMEOUT,
            "request_timeout",
            "The body stopped arriving. Send the call again, without a pause in its body.",
        ),
        UploadFault::Broken => (
            StatusCode::BAD_REQUEST,
            "bad_request",
            "The body broke off or is framed wrongly. Send the call again, whole.",
        ),
    };
    // What is left of the body would be taken for the next request.
    Problem::new(status, reason, detail).header(CONNECTION, HeaderValue::from_static("close"))
}
