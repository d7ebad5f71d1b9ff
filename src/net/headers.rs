//! What RFC 9110 7.6 says about passing a message on: which fields end at each hop. Pure.

use http::{
    HeaderMap, HeaderName, HeaderValue,
    header::{CONNECTION, TE, TRAILER},
};

/// Whether `name` speaks to the next hop only.
#[must_use]
pub fn hop_by_hop(name: &HeaderName) -> bool {
    match name.as_str().as_bytes() {
        b"connection" | b"te" | b"trailer" | b"transfer-encoding" | b"upgrade" | b"keep-alive"
        | b"http2-settings" => true,
        other => other.starts_with(b"proxy-"),
    }
}

/// The fields that `Connection` declares to end here. Empty, without a allocation, for most messages.
#[must_use]
pub fn nominated(headers: &HeaderMap) -> Vec<HeaderName> {
    headers
        .get_all(CONNECTION)
        .iter()
        .flat_map(|value| value.as_bytes().split(|byte| *byte == b','))
        .map(<[u8]>::trim_ascii)
        .filter(|token| {
            !token.is_empty()
                && !token.eq_ignore_ascii_case(b"keep-alive")
                && !token.eq_ignore_ascii_case(b"close")
        })
        .filter_map(|token| HeaderName::from_bytes(token).ok())
        .collect()
}

/// Whether the sender of `headers` takes trailers (`TE: trailers`).
#[must_use]
pub fn takes_trailers(headers: &HeaderMap) -> bool {
    headers.get_all(TE).iter().any(|value| {
        value.as_bytes().split(|byte| *byte == b',').any(|t| t.trim_ascii().eq_ignore_ascii_case(b"trailers"))
    })
}

/// Whether `name` may stand behind a body: nothing does that frames, routes or authenticates a message, or says how to
/// read it (RFC 9110 6.5.1); who reads trailers as fields of the head would act on them too late, or for somebody else.
#[must_use]
pub fn may_trail(name: &HeaderName) -> bool {
    !hop_by_hop(name)
        && !matches!(
            name.as_str(),
            "host"
                | "content-length"
                | "content-encoding"
                | "content-type"
                | "content-range"
                | "content-location"
                | "location"
                | "link"
                | "authorization"
                | "www-authenticate"
                | "cookie"
                | "cookie2"
                | "set-cookie"
                | "set-cookie2"
                | "expect"
                | "max-forwards"
                | "cache-control"
                | "range"
                | "x-request-id"
        )
}

/// `Trailer` as it goes on: the announced names that `passes` lets through; none if nothing is left.
#[must_use]
pub fn announced(headers: &HeaderMap, passes: impl Fn(&HeaderName) -> bool) -> Option<HeaderValue> {
    let values = headers.get_all(TRAILER).iter();
    let names = values.flat_map(|value| value.as_bytes().split(|byte| *byte == b','));
    let names = names.filter_map(|name| HeaderName::from_bytes(name.trim_ascii()).ok());
    let kept: Vec<_> = names.filter(|name| may_trail(name) && passes(name)).collect();
    let text = kept.iter().map(HeaderName::as_str).collect::<Vec<_>>().join(", ");
    (!kept.is_empty()).then(|| HeaderValue::from_str(&text).ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hd_3_hop_by_hop_fields_are_known() {
        for name in [
            "connection",
            "keep-alive",
            "proxy-authenticate",
            "proxy-authorization",
            "proxy-connection",
            "te",
            "trailer",
            "transfer-encoding",
            "upgrade",
            "http2-settings",
        ] {
            assert!(hop_by_hop(&HeaderName::from_static(name)), "{name}");
        }
        for name in ["content-length", "authorization", "accept-encoding", "x-proxy", "host"] {
            assert!(!hop_by_hop(&HeaderName::from_static(name)), "{name}");
        }
    }

    #[test]
    fn hd_2_nominated_fields_are_found_in_every_connection_field() {
        let mut headers = HeaderMap::new();
        headers.append(CONNECTION, HeaderValue::from_static("close, X-Api-Key ,,authorization"));
        headers.append(CONNECTION, HeaderValue::from_static("Keep-Alive,host, b@d"));
        assert_eq!(nominated(&headers), ["x-api-key", "authorization", "host"]);
    }

    #[test]
    fn hd_3_what_frames_routes_or_authenticates_never_trails() {
        for name in [
            "content-length",
            "transfer-encoding",
            "host",
            "authorization",
            "set-cookie",
            "te",
            "x-request-id",
        ] {
            assert!(!may_trail(&HeaderName::from_static(name)), "{name}");
        }
        assert!(may_trail(&HeaderName::from_static("grpc-status")));
        let mut headers = HeaderMap::new();
        assert_eq!(announced(&headers, |_| true), None);
        headers.append(TRAILER, HeaderValue::from_static("Grpc-Status, host,, b@d"));
        headers.append(TRAILER, HeaderValue::from_static("x-no,checksum"));
        assert_eq!(announced(&headers, |name| name != "x-no").unwrap(), "grpc-status, checksum");
        assert_eq!(announced(&headers, |_| false), None);
    }

    #[test]
    fn te_trailers_is_found_among_other_codings() {
        let mut headers = HeaderMap::new();
        assert!(!takes_trailers(&headers));
        headers.append(TE, HeaderValue::from_static("gzip, Trailers"));
        assert!(takes_trailers(&headers));
    }
}
