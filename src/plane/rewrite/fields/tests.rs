use proptest::prelude::*;

use super::*;
use crate::vault::token::ApiKey;

/// What [`passes`] has to say of a name, as slowly and plainly as it can be said.
fn passes_slowly(name: &str, credential: &[HeaderName]) -> bool {
    let exact = [
        "host",
        "authorization",
        "cookie",
        "cookie2",
        "expect",
        "forwarded",
        "via",
        "x-real-ip",
        "x-original-url",
        "x-rewrite-url",
        "x-forwarded",
        "connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
        "keep-alive",
        "http2-settings",
    ];
    let families = ["x-forwarded-", "maton-", "x-maton-", "keyferry-", "proxy-"];
    let withheld =
        |name: &str| exact.contains(&name) || families.iter().any(|family| name.starts_with(family));
    let trimmed: String = spelling(name).map(char::from).collect();
    let same = |other: &HeaderName| {
        let dashed = |name: &str| name.replace(|c: char| !c.is_ascii_alphanumeric(), "-");
        let all: String = spelling(other.as_str()).map(char::from).collect();
        dashed(name) == dashed(other.as_str()) || (name.len() != other.as_str().len() && trimmed == all)
    };
    !withheld(name) && !withheld(&trimmed) && !credential.iter().any(same)
}

/// Names near to those that are withheld.
fn name() -> impl Strategy<Value = String> {
    let stem = prop_oneof![
        "(host|authorization|cookie2?|expect|forwarded|via|te|trailer|upgrade|connection|keep-alive)",
        "(transfer-encoding|http2-settings|x-real-ip|x-original-url|x-rewrite-url|x-api-key|api_access_token)",
        "(x-forwarded|x-maton|maton|keyferry|proxy|x)-?[a-z]{0,4}",
        "[a-z0-9._~-]{1,12}",
    ];
    (stem, "[._~-]{0,2}", "[._~-]{0,2}", any::<bool>(), 0..20_usize).prop_map(
        |(stem, before, after, under, drop)| {
            let mut name = if under { stem.replace('-', "_") } else { stem };
            if drop < name.len() && drop % 5 == 0 {
                name.remove(drop);
            }
            format!("{before}{name}{after}")
        },
    )
}

proptest! {
    #[test]
    fn hd_4_hd_5_the_quick_look_at_a_name_says_what_the_slow_one_does(name in name()) {
        let Ok(header) = HeaderName::from_bytes(name.as_bytes()) else { return Ok(()) };
        let credential = ["authorization", "x-api-key", "api_access_token"].map(HeaderName::from_static);
        for credential in [&credential[..], &credential[..1], &[]] {
            let quick = passes(&header, &HeaderValue::from_static("1"), credential, &[]);
            prop_assert_eq!(quick, passes_slowly(&name, credential), "{}", name);
        }
    }
}

fn passes_with(name: &str, value: &str) -> bool {
    let credential = ["authorization", "x-api-key", "api_access_token"].map(HeaderName::from_static);
    let nominated = ["x-hop"].map(HeaderName::from_static);
    let name = HeaderName::from_bytes(name.as_bytes()).unwrap();
    passes(&name, &HeaderValue::from_str(value).unwrap(), &credential, &nominated)
}

#[test]
fn hd_4_internal_and_forwarding_fields_are_withheld() {
    for name in [
        "Host",
        "Authorization",
        "Cookie",
        "Forwarded",
        "Via",
        "X-Forwarded-For",
        "X-Forwarded-Host",
        "X-Forwarded-Anything",
        "X-Real-IP",
        "X-Original-URL",
        "X-Rewrite-URL",
        "Maton-Connection",
        "Maton-Anything",
        "X-Maton-Connection",
        "Keyferry-Connection",
        "Keyferry-Error",
        "Expect",
        "Connection",
        "Keep-Alive",
        "Proxy-Authorization",
        "Proxy-Connection",
        "TE",
        "Trailer",
        "Transfer-Encoding",
        "Upgrade",
        "X-Api-Key",
        "X-Hop",
    ] {
        assert!(!passes_with(name, "x"), "{name}");
    }
}

#[test]
fn hd_5_aliases_are_withheld() {
    for name in [
        "maton_connection",
        "x_api_key",
        "X_Api-Key",
        "authorization_",
        "_authorization",
        "x.api.key",
        "COOKIE_",
        "x_forwarded_for",
        "X_MATON_CONNECTION",
        "keyferry_connection",
        "transfer_encoding",
        "host_",
        "api-access-token",
        "Api.Access_Token",
        "-authorization-",
        "proxy_connection",
    ] {
        assert!(!passes_with(name, "x"), "{name}");
    }
}

#[test]
fn hd_3_hd_5_a_trailer_passes_where_a_field_does_unless_it_frames_or_routes() {
    let trails_with = |name: &str| {
        let name = HeaderName::from_bytes(name.as_bytes()).unwrap();
        trails(&name, &HeaderValue::from_static("x"), &[HeaderName::from_static("x-api-key")], &[])
    };
    for name in [
        "authorization",
        "Authorization_",
        "x_api_key",
        "cookie",
        "maton-connection",
        "x-forwarded-for",
        "content-length",
        "Content_Length",
        "transfer-encoding",
        "x-request-id",
        "x_request_id",
        "host",
        "te",
        "connection",
    ] {
        assert!(!trails_with(name), "{name}");
    }
    for name in ["x-checksum", "grpc-status", "Digest", "server-timing"] {
        assert!(trails_with(name), "{name}");
    }
}

#[test]
fn rp_12_a_name_with_a_quotation_mark_is_withheld() {
    let name = HeaderName::from_lowercase(b"x\"y").unwrap();
    assert!(!passes(&name, &HeaderValue::from_static("1"), &[], &[]));
}

#[test]
fn everything_else_passes() {
    for name in [
        "Accept-Encoding",
        "User-Agent",
        "Idempotency-Key",
        "If-Match",
        "Range",
        "Content-Type",
        "X-Request-Id",
        "Origin",
        "Stripe-Account",
        "X-Api-Key-Id",
        "X-Hop-2",
        "Notion-Version",
        "x_custom",
        "Content-Length",
        "Accept",
        "Matonx",
        "Hosted",
    ] {
        assert!(passes_with(name, "x"), "{name}");
    }
}

#[test]
fn a_keyferry_key_in_any_field_is_withheld() {
    let key = ApiKey::generate();
    for value in [key.reveal().to_owned(), format!("Bearer {}", key.reveal())] {
        assert!(!passes_with("X-Custom", &value));
    }
    assert!(passes_with("X-Custom", &"kf_".repeat(20)));
}
