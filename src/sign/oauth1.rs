//! OAuth 1.0a signatures (RFC 5849 3.4): base string, HMAC or the secrets themselves, and the `Authorization` field.
//!
//! Own code, because no crate that is kept up takes parameters as they stand in a URL (docs/decisions.md). Parameters
//! are bytes here: what a caller percent-encoded need not be UTF-8, and is signed as what it stands for.

use aws_lc_rs::hmac;
use base64::{Engine, engine::general_purpose::STANDARD};
use http::{
    HeaderMap, Method, Request, Uri,
    header::{AUTHORIZATION, CONTENT_TYPE},
    uri::Scheme,
};
use percent_encoding::{percent_decode, percent_encode};
use zeroize::Zeroizing;

use super::{ENCODED, Unsignable, set};
use crate::{catalog::auth::Signature, clock::Timestamp, vault::Secret};

/// What signs for one client, and one token where there is one yet.
#[derive(Clone, Debug)]
pub struct OAuth1 {
    /// By what.
    pub signature: Signature,
    /// The protection realm.
    pub realm: Option<String>,
    /// Client identifier.
    pub consumer_key: Secret,
    /// Token identifier.
    pub token: Option<Secret>,
    /// Both shared-secrets, encoded and joined: the key of every signature.
    key: Secret,
}

/// What makes each request another one (RFC 5849 3.3).
#[derive(Clone, Copy, Debug)]
pub struct Stamp<'a> {
    /// Never twice with the same time.
    pub nonce: &'a str,
    /// When it is sent.
    pub time: Timestamp,
}

/// A parameter, encoded (RFC 5849 3.6).
type Pair = (String, String);

impl OAuth1 {
    /// A signer of a client with its secret, and of a token with its.
    #[must_use]
    pub fn new(signature: Signature, client: (&Secret, &Secret), token: Option<(&Secret, &Secret)>) -> Self {
        let encoded = |secret: &Secret| Zeroizing::new(encode(secret.expose().as_bytes()));
        let token_secret = token.map(|(_, secret)| encoded(secret)).unwrap_or_default();
        let key = Secret::new(format!("{}&{}", *encoded(client.1), *token_secret));
        let (consumer_key, token) = (client.0.clone(), token.map(|(token, _)| token.clone()));
        Self { signature, realm: None, consumer_key, token, key }
    }

    /// The same with a realm, where that can stand between quotation marks as it is.
    #[must_use]
    pub fn with_realm(self, realm: &str) -> Option<Self> {
        let is_plain = realm.bytes().all(|byte| matches!(byte, b' '..=b'~') && byte != b'"' && byte != b'\\');
        is_plain.then(|| Self { realm: Some(realm.to_owned()), ..self })
    }

    /// Form parameters are signed, no other body is; the secrets themselves sign nothing.
    pub(super) fn covers_body(&self, headers: &HeaderMap) -> bool {
        self.signature != Signature::Plaintext && is_form(headers)
    }

    pub(super) fn sign<B>(
        &self,
        request: &mut Request<B>,
        body: Option<&[u8]>,
        stamp: &Stamp<'_>,
    ) -> Result<(), Unsignable> {
        let form = body.filter(|_| is_form(request.headers()));
        let value = self.authorization(request.method(), request.uri(), form, &[], stamp)?;
        set(request.headers_mut(), AUTHORIZATION, value.expose())
    }

    /// The value of `Authorization`, with `further` protocol parameters.
    pub fn authorization(
        &self,
        method: &Method,
        uri: &Uri,
        form: Option<&[u8]>,
        further: &[(&str, &str)],
        stamp: &Stamp<'_>,
    ) -> Result<Secret, Unsignable> {
        let mut protocol = self.protocol(further, stamp);
        let query = pairs(uri.query().unwrap_or_default().as_bytes());
        let body = pairs(form.unwrap_or_default());
        let all = protocol.iter().cloned().chain(query).chain(body).collect();
        let base = Zeroizing::new(base_string(method, uri, all)?);
        protocol.push(("oauth_signature".to_owned(), encode(self.signed(&base).as_bytes())));
        let realm = self.realm.iter().map(|realm| format!("realm=\"{realm}\""));
        let rest = protocol.iter().map(|(name, value)| format!("{name}=\"{value}\""));
        Ok(Secret::new(format!("OAuth {}", realm.chain(rest).collect::<Vec<_>>().join(", "))))
    }

    /// The protocol parameters but the signature (RFC 5849 3.1).
    fn protocol(&self, further: &[(&str, &str)], stamp: &Stamp<'_>) -> Vec<Pair> {
        let time = stamp.time.as_secs().to_string();
        let token = self.token.as_ref().map(|token| ("oauth_token", token.expose()));
        let own = [
            ("oauth_consumer_key", self.consumer_key.expose()),
            ("oauth_nonce", stamp.nonce),
            ("oauth_signature_method", method_name(self.signature)),
            ("oauth_timestamp", time.as_str()),
            ("oauth_version", "1.0"),
        ];
        let all = own.into_iter().chain(token).chain(further.iter().copied());
        all.map(|(name, value)| (encode(name.as_bytes()), encode(value.as_bytes()))).collect()
    }

    fn signed(&self, base: &str) -> Zeroizing<String> {
        let key = self.key.expose().as_bytes();
        let algorithm = match self.signature {
            Signature::HmacSha1 => hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY,
            Signature::HmacSha256 => hmac::HMAC_SHA256,
            Signature::Plaintext => return Zeroizing::new(self.key.expose().to_owned()),
        };
        Zeroizing::new(STANDARD.encode(hmac::sign(&hmac::Key::new(algorithm, key), base.as_bytes())))
    }
}

const fn method_name(signature: Signature) -> &'static str {
    match signature {
        Signature::HmacSha1 => "HMAC-SHA1",
        Signature::HmacSha256 => "HMAC-SHA256",
        Signature::Plaintext => "PLAINTEXT",
    }
}

/// RFC 5849 3.4.1.1, over every parameter but `realm` and `oauth_signature`.
fn base_string(method: &Method, uri: &Uri, mut all: Vec<Pair>) -> Result<String, Unsignable> {
    all.sort();
    let normal: Vec<String> = all.iter().map(|(name, value)| format!("{name}={value}")).collect();
    let parts = [method.as_str(), &base_uri(uri)?, &normal.join("&")].map(|part| encode(part.as_bytes()));
    Ok(parts.join("&"))
}

/// RFC 5849 3.4.1.2: scheme and host in lower case, no port that goes without saying, no query.
fn base_uri(uri: &Uri) -> Result<String, Unsignable> {
    let (Some(scheme), Some(host)) = (uri.scheme(), uri.host()) else { return Err(Unsignable::Malformed) };
    let usual = if *scheme == Scheme::HTTPS { 443 } else { 80 };
    let port = uri.port_u16().filter(|port| *port != usual).map(|port| format!(":{port}"));
    Ok(format!("{scheme}://{}{}{}", host.to_ascii_lowercase(), port.unwrap_or_default(), uri.path()))
}

/// Parameters of a query or a form (RFC 5849 3.4.1.3.1), encoded anew so that every spelling signs alike.
fn pairs(text: &[u8]) -> Vec<Pair> {
    let parts = text.split(|byte| *byte == b'&').filter(|part| !part.is_empty());
    let pair = |part: &[u8]| {
        let mut halves = part.splitn(2, |byte| *byte == b'=');
        let mut next = || again(halves.next().unwrap_or_default());
        (next(), next())
    };
    parts.map(pair).collect()
}

fn again(written: &[u8]) -> String {
    let spaced: Vec<u8> = written.iter().map(|byte| if *byte == b'+' { b' ' } else { *byte }).collect();
    encode(&percent_decode(&spaced).collect::<Vec<u8>>())
}

fn encode(bytes: &[u8]) -> String {
    percent_encode(bytes, ENCODED).to_string()
}

fn is_form(headers: &HeaderMap) -> bool {
    let kind = headers.get(CONTENT_TYPE).map(|kind| kind.as_bytes().split(|byte| *byte == b';'));
    let kind = kind.and_then(|mut parts| parts.next()).unwrap_or_default().trim_ascii();
    kind.eq_ignore_ascii_case(b"application/x-www-form-urlencoded")
}

#[cfg(test)]
mod tests;
