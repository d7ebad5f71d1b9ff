//! The headers of every page: nothing loads from elsewhere, nothing frames it, nothing keeps it, nothing learns its address.

use axum::{
    http::{HeaderMap, HeaderName, HeaderValue, header},
    response::Response,
};

const COOP: HeaderName = HeaderName::from_static("cross-origin-opener-policy");
const CORP: HeaderName = HeaderName::from_static("cross-origin-resource-policy");
const PERMISSIONS: HeaderName = HeaderName::from_static("permissions-policy");

/// The policy of a page whose form may lead to `form_action` beside its own origin.
pub(super) fn policy(form_action: Option<&str>) -> HeaderValue {
    let target = form_action.map(|source| format!(" {source}")).unwrap_or_default();
    let text = format!(
        "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'{target}; \
         frame-ancestors 'none'; base-uri 'none'"
    );
    HeaderValue::try_from(text).unwrap_or_else(|_| HeaderValue::from_static("default-src 'none'"))
}

/// Adds what is missing to any answer of the pages' routes.
pub(super) fn protect(secure: bool, mut response: Response) -> Response {
    let headers = response.headers_mut();
    fill(headers, header::CONTENT_SECURITY_POLICY, || policy(None));
    fill(headers, header::CACHE_CONTROL, || HeaderValue::from_static("no-store"));
    for (name, value) in [
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (COOP, "same-origin"),
        (CORP, "same-origin"),
        (PERMISSIONS, "camera=(), geolocation=(), microphone=()"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    if secure {
        let value = HeaderValue::from_static("max-age=31536000");
        headers.insert(header::STRICT_TRANSPORT_SECURITY, value);
    }
    response
}

fn fill(headers: &mut HeaderMap, name: HeaderName, value: impl FnOnce() -> HeaderValue) {
    headers.entry(name).or_insert_with(value);
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::response::IntoResponse;

    #[test]
    fn wp_1_the_policy_allows_the_own_origin_and_the_provider_only() {
        let text = policy(Some("https://accounts.google.com"));
        let text = text.to_str().unwrap();
        assert!(text.starts_with("default-src 'none';"));
        assert!(text.contains("form-action 'self' https://accounts.google.com;"));
        assert!(text.contains("frame-ancestors 'none'") && text.contains("base-uri 'none'"));
        assert!(!text.contains("unsafe") && !text.contains("script"));
    }

    #[test]
    fn wp_1_every_answer_carries_the_headers_and_keeps_its_own_policy() {
        let own = [(header::CONTENT_SECURITY_POLICY, policy(Some("https://a.example")))];
        let response = protect(true, (own, "x").into_response());
        let headers = response.headers();
        assert_eq!(headers["content-security-policy"], policy(Some("https://a.example")));
        assert_eq!(headers["cache-control"], "no-store");
        assert_eq!(headers["x-content-type-options"], "nosniff");
        assert_eq!(headers["referrer-policy"], "no-referrer");
        assert_eq!(headers["cross-origin-opener-policy"], "same-origin");
        assert!(headers.contains_key("strict-transport-security"));
        let plain = protect(false, "x".into_response());
        assert!(!plain.headers().contains_key("strict-transport-security"));
        assert_eq!(plain.headers()["content-security-policy"], policy(None));
    }
}
