//! Who calls: the keyferry key among the request's credentials, and whose it is.
//!
//! A key may stand wherever the app's own client puts its credential, because a client can often change only base URL
//! and key. It is recognised by prefix and checksum, so another credential beside it is no key and changes nothing.
//! It is never looked for in the query or in a cookie: those end up in logs and in browsers.

use std::{net::IpAddr, sync::Arc};

use base64::{Engine, engine::DecodePaddingMode, engine::general_purpose};
use http::{HeaderMap, HeaderName, Request, header::AUTHORIZATION};
use zeroize::Zeroizing;

use super::refusal::Refusal;
use crate::{
    keys::{Caller, KeyError, Keys},
    limits::Limits,
    net::arrival::Arrival,
    vault::token::{self, KeyDigest},
};

/// Proof of who calls; not yet that it may.
#[derive(Clone, Debug)]
pub(super) struct Known(Arc<Caller>);

impl Known {
    /// Who calls.
    pub(super) fn caller(&self) -> &Arc<Caller> {
        &self.0
    }
}

/// What the credentials of a request come to.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// One key, perhaps in several places.
    Key(KeyDigest),
    /// Two different keys, or two `Authorization` fields: who reads the other one sees another caller.
    Several,
    /// Credentials, but no key.
    Other,
    /// None.
    Nothing,
}

/// What a request shows of its caller.
pub(super) struct Credentials<'r> {
    headers: &'r HeaderMap,
    places: &'r [HeaderName],
    target: &'r str,
    address: Option<IpAddr>,
}

impl<'r> Credentials<'r> {
    /// Those of `request`, where `places` are the app's own fields for them.
    pub(super) fn of<B>(request: &'r Request<B>, places: &'r [HeaderName]) -> Self {
        let address = Arrival::address(request.extensions());
        let target = request.uri().path_and_query().map_or("", |target| target.as_str());
        Self { headers: request.headers(), places, target, address }
    }
}

/// Who calls, or why that can't be said. Refused credentials are counted by address, so that nobody can try many.
pub(super) async fn caller(
    keys: &Keys,
    limits: &Limits,
    credentials: &Credentials<'_>,
) -> Result<Known, Refusal> {
    let refused = match find(credentials.headers, credentials.places) {
        Found::Key(_) if holds_key(credentials.target) => {
            return Err(Refusal::bad_request(
                "The path or query holds a keyferry key, which would end up in logs. Leave it out, and replace the key.",
            ));
        }
        Found::Key(key) => {
            let may_look_up = || credentials.address.map_or(Ok(()), |address| limits.look_up(address));
            match keys.verify_if(&key, may_look_up).await? {
                Ok(caller) => return Ok(Known(caller)),
                Err(KeyError::Unavailable(cause)) => return Err(Refusal::Store(cause)),
                Err(KeyError::Internal(cause)) => return Err(Refusal::Internal(cause)),
                Err(KeyError::Expired) => Refusal::KeyExpired,
                Err(KeyError::Invalid | KeyError::NoOwner | KeyError::BadName | KeyError::BadLifetime) => {
                    Refusal::KeyInvalid
                }
            }
        }
        Found::Several => {
            return Err(Refusal::bad_request(
                "The request carries two Authorization fields or two different keys. Send one.",
            ));
        }
        Found::Other => Refusal::KeyInvalid,
        Found::Nothing => return Err(Refusal::KeyMissing),
    };
    credentials.address.map_or(Ok(()), |address| limits.guess(address))?;
    Err(refused)
}

/// Looks at `Authorization` and at the app's own `places`.
pub(super) fn find(headers: &HeaderMap, places: &[HeaderName]) -> Found {
    if headers.get_all(AUTHORIZATION).iter().nth(1).is_some() {
        return Found::Several;
    }
    let own = places.iter().filter(|name| **name != AUTHORIZATION);
    let values = std::iter::once(&AUTHORIZATION).chain(own).flat_map(|name| headers.get_all(name));
    values.fold(Found::Nothing, |found, value| match std::str::from_utf8(value.as_bytes()) {
        Ok(text) if !text.is_empty() => keys_in(text, found).or_other(),
        _ => found,
    })
}

impl Found {
    fn and(self, key: KeyDigest) -> Self {
        match self {
            Self::Key(other) if other != key => Self::Several,
            Self::Several => Self::Several,
            _ => Self::Key(key),
        }
    }

    fn or_other(self) -> Self {
        if self == Self::Nothing { Self::Other } else { self }
    }
}

/// Whether a key stands somewhere in a target.
pub(super) fn holds_key(target: &str) -> bool {
    let mut places = target.match_indices(token::PREFIX);
    places.any(|(at, _)| target.get(at..at + token::LENGTH).is_some_and(token::is_key))
}

/// `found` and every key in the value of a credential's field: alone, behind any scheme, as a parameter, or inside
/// `Basic`.
fn keys_in(value: &str, found: Found) -> Found {
    if let Some(key) = value.strip_prefix("Bearer ").and_then(KeyDigest::parse) {
        return found.and(key);
    }
    if let Some(pair) = basic(value) {
        let (user, password) = pair.split_once(':').unwrap_or((&pair, ""));
        return [user, password].into_iter().filter_map(KeyDigest::parse).fold(found, Found::and);
    }
    // AWS clients write `Credential=KEY/date/region/service/aws4_request`.
    value.split([' ', '\t', ',', '=', '"', '/']).filter_map(KeyDigest::parse).fold(found, Found::and)
}

const LENIENT: general_purpose::GeneralPurpose = general_purpose::GeneralPurpose::new(
    &base64::alphabet::STANDARD,
    general_purpose::GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// What is inside `Basic` (RFC 7617).
fn basic(value: &str) -> Option<Zeroizing<String>> {
    let (scheme, encoded) = value.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    String::from_utf8(LENIENT.decode(encoded.trim()).ok()?).ok().map(Zeroizing::new)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vault::token::ApiKey;
    use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
    use http::HeaderValue;

    fn look(fields: &[(&'static str, String)]) -> Found {
        let mut headers = HeaderMap::new();
        for (name, value) in fields {
            headers.append(HeaderName::from_static(name), HeaderValue::from_str(value).unwrap());
        }
        find(&headers, &[AUTHORIZATION, HeaderName::from_static("xi-api-key")])
    }

    #[test]
    fn ak_1_a_key_is_recognised_wherever_a_client_puts_its_credential() {
        let key = ApiKey::generate();
        let text = key.reveal();
        let basic = |pair: String| format!("Basic {}", STANDARD.encode(pair));
        for (name, value) in [
            ("authorization", format!("Bearer {text}")),
            ("authorization", format!("bearer {text}")),
            ("authorization", format!("BEARER   {text}")),
            ("authorization", format!("token {text}")),
            ("authorization", format!("Token token={text}")),
            ("authorization", format!("Token token=\"{text}\"")),
            ("authorization", format!("Klaviyo-API-Key {text}")),
            ("authorization", text.to_owned()),
            (
                "authorization",
                format!("AWS4-HMAC-SHA256 Credential={text}/20261120/eu/s3/aws4_request, SignedHeaders=host"),
            ),
            ("authorization", format!("OAuth realm=\"1_SB1\", oauth_token=\"{text}\"")),
            ("authorization", basic(format!("{text}:"))),
            ("authorization", basic(format!("user@example.com:{text}"))),
            ("authorization", basic(format!("{text}:{text}"))),
            ("authorization", format!("basic {}", STANDARD_NO_PAD.encode(format!("{text}:x")))),
            ("xi-api-key", text.to_owned()),
            ("xi-api-key", format!("Bearer {text}")),
        ] {
            assert_eq!(look(&[(name, value.clone())]), Found::Key(key.digest()), "{name}: {value}");
        }
    }

    #[test]
    fn ak_1_what_is_no_key_is_told_from_nothing() {
        let key = ApiKey::generate();
        let mut mistyped = key.reveal().to_owned();
        mistyped.replace_range(10..11, if &mistyped[10..11] == "a" { "b" } else { "a" });
        for value in [
            "Bearer",
            "Bearer sk_test_123",
            "Basic",
            "Basic dXNlcjpwYXNz",
            "Basic %%%",
            &format!("Bearer {mistyped}"),
            &format!("Bearer x{}", key.reveal()),
        ] {
            assert_eq!(look(&[("authorization", value.to_owned())]), Found::Other, "{value}");
        }
        assert_eq!(look(&[]), Found::Nothing);
        for field in ["cookie", "x-api-key", "x-authorization"] {
            assert_eq!(look(&[(field, key.reveal().to_owned())]), Found::Nothing, "{field}");
        }
    }

    #[test]
    fn ak_1_two_different_keys_are_refused_and_one_key_twice_is_fine() {
        let (one, two) = (ApiKey::generate(), ApiKey::generate());
        let bearer = |key: &ApiKey| format!("Bearer {}", key.reveal());
        assert_eq!(look(&[("authorization", bearer(&one)), ("authorization", bearer(&two))]), Found::Several);
        assert_eq!(look(&[("authorization", format!("{}, {}", bearer(&one), bearer(&two)))]), Found::Several);
        assert_eq!(look(&[("authorization", bearer(&one)), ("xi-api-key", bearer(&two))]), Found::Several);
        assert_eq!(
            look(&[("authorization", bearer(&one)), ("xi-api-key", bearer(&one))]),
            Found::Key(one.digest())
        );
        for two in [[bearer(&one), bearer(&one)], [bearer(&one), "Bearer sk_test".to_owned()]] {
            let two = two.map(|value| ("authorization", value));
            assert_eq!(look(&two), Found::Several, "hd_1: one field, whatever stands in it");
        }
        let other = ("authorization", "Bearer sk_live_upstream".to_owned());
        assert_eq!(look(&[other, ("xi-api-key", one.reveal().to_owned())]), Found::Key(one.digest()));
    }
}
