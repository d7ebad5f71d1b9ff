//! What RFC 9110 7.6 says about passing a message on: which fields end at each hop. Pure.

use http::{
    HeaderMap, HeaderName,
    header::{CONNECTION, PROXY_AUTHENTICATE, PROXY_AUTHORIZATION, TE, TRAILER, TRANSFER_ENCODING, UPGRADE},
};

/// Whether `name` speaks to the next hop only.
#[must_use]
pub fn hop_by_hop(name: &HeaderName) -> bool {
    [CONNECTION, TE, TRAILER, TRANSFER_ENCODING, UPGRADE, PROXY_AUTHENTICATE, PROXY_AUTHORIZATION]
        .contains(name)
        || matches!(name.as_str(), "keep-alive" | "proxy-connection" | "http2-settings")
        || name.as_str().starts_with("proxy-")
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

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

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
    fn te_trailers_is_found_among_other_codings() {
        let mut headers = HeaderMap::new();
        assert!(!takes_trailers(&headers));
        headers.append(TE, HeaderValue::from_static("gzip, Trailers"));
        assert!(takes_trailers(&headers));
    }
}
