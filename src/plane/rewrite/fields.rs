//! The header fields that go out: which of the caller's pass, and in which spellings the others are known. Pure.
//!
//! Upstreams that hand fields on as variables (CGI and its heirs) can't tell `x_api_key` from `x-api-key`; so any
//! character but a letter or a digit counts as `-` when a name is compared with one that must not pass.

use http::{HeaderMap, HeaderName, HeaderValue, header::HOST};

use crate::{
    net::headers::{hop_by_hop, may_trail},
    vault::token,
};

/// Whether nothing of the caller's has to go but what is overwritten: the host, and the fields in `written`. Then there
/// is no word to this hop either, because each of those would have to go.
pub(in crate::plane) fn all_pass(
    fields: &HeaderMap,
    credential: &[HeaderName],
    written: &[(HeaderName, HeaderValue)],
) -> bool {
    let overwritten = |name: &HeaderName| *name == HOST || written.iter().any(|(other, _)| other == name);
    fields.iter().all(|(name, value)| overwritten(name) || passes(name, value, credential, &[]))
}

/// The caller's fields that pass, in their order. Built anew, because to remove a field would move another to its place.
pub(in crate::plane) fn passing(
    fields: HeaderMap,
    credential: &[HeaderName],
    nominated: &[HeaderName],
) -> HeaderMap {
    let mut out = HeaderMap::with_capacity(fields.len() + 4);
    let mut current = None;
    for (name, value) in fields {
        current = name.or(current);
        if let Some(name) = &current
            && passes(name, &value, credential, nominated)
        {
            out.append(name.clone(), value);
        }
    }
    out
}

/// Whether the caller's field passes.
pub(in crate::plane) fn passes(
    name: &HeaderName,
    value: &HeaderValue,
    credential: &[HeaderName],
    nominated: &[HeaderName],
) -> bool {
    !withheld_in_any_spelling(name)
        && !credential.iter().any(|other| same_spelling(name.as_str(), other.as_str()))
        && !nominated.contains(name)
        && !ends_in_a_key(value)
}

/// Whether the caller's field passes behind the body.
pub(in crate::plane) fn trails(
    name: &HeaderName,
    value: &HeaderValue,
    credential: &[HeaderName],
    nominated: &[HeaderName],
) -> bool {
    let canonical = || HeaderName::try_from(spelling(name.as_str()).map(char::from).collect::<String>());
    passes(name, value, credential, nominated) && canonical().is_ok_and(|name| may_trail(&name))
}

fn withheld_in_any_spelling(name: &HeaderName) -> bool {
    if withheld(name.as_str()) || hop_by_hop(name) {
        return true;
    }
    let text = name.as_str();
    if is_canonical(text) {
        return false;
    }
    // A quotation mark stands in no name; trailers of HTTP/2 bring it past the server.
    if text.contains('"') {
        return true;
    }
    let canonical: String = spelling(text).map(char::from).collect();
    withheld(&canonical) || HeaderName::try_from(canonical).is_ok_and(|name| hop_by_hop(&name))
}

/// Fields that the contract keeps from upstreams, beside hop-by-hop fields and the credential's own. `Expect` is met
/// here: the server asks for the body when it is read.
fn withheld(name: &str) -> bool {
    let families: &[&str] = match name.as_bytes() {
        b"host" | b"authorization" | b"cookie" | b"cookie2" | b"expect" | b"forwarded" | b"via"
        | b"x-real-ip" | b"x-original-url" | b"x-rewrite-url" | b"x-forwarded" => return true,
        [b'x', ..] => &["x-forwarded-", "x-maton-"],
        [b'm', ..] => &["maton-"],
        [b'k', ..] => &["keyferry-"],
        _ => return false,
    };
    families.iter().any(|family| name.starts_with(family))
}

fn spelling(name: &str) -> impl Iterator<Item = u8> + '_ {
    let edges = |c: char| !c.is_ascii_alphanumeric();
    name.trim_matches(edges).bytes().map(|byte| match byte {
        b'a'..=b'z' | b'0'..=b'9' => byte,
        b'A'..=b'Z' => byte.to_ascii_lowercase(),
        _ => b'-',
    })
}

/// Whether a name is already written as [`spelling`] would write it. Nearly all are.
fn is_canonical(name: &str) -> bool {
    name.as_bytes().iter().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-')) && !has_edges(name)
}

/// Whether something stands before the first letter or digit of a name, or behind the last.
fn has_edges(name: &str) -> bool {
    let odd = |byte: Option<&u8>| byte.is_some_and(|byte| !byte.is_ascii_alphanumeric());
    odd(name.as_bytes().first()) || odd(name.as_bytes().last())
}

fn same_spelling(one: &str, other: &str) -> bool {
    let letter = |byte: u8| if byte.is_ascii_alphanumeric() { byte } else { b'-' };
    // Header names are in lower case; so this is all there is to compare, unless edges are to be trimmed.
    if one.len() == other.len() {
        return one.bytes().map(letter).eq(other.bytes().map(letter));
    }
    (has_edges(one) || has_edges(other)) && spelling(one).eq(spelling(other))
}

/// A key that stands where nobody looks for one still must not go upstream.
fn ends_in_a_key(value: &HeaderValue) -> bool {
    let Some(start) = value.len().checked_sub(token::LENGTH) else { return false };
    let end = value.as_bytes().get(start..).unwrap_or_default();
    end.starts_with(token::PREFIX.as_bytes()) && std::str::from_utf8(end).is_ok_and(token::is_key)
}

#[cfg(test)]
mod tests {
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
}
