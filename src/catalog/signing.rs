//! What is signed here rather than given by a provider: tokens of one's own, and whole requests.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::template::Template;

/// A JSON Web Token signed here (RFC 7519): the credential itself, or what a token is asked for with (RFC 7523).
#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Jwt {
    /// By what it is signed (RFC 7518 3).
    pub algorithm: Algorithm,
    /// The key.
    pub key: Template,
    /// How the key is written.
    #[serde(default)]
    pub key_encoding: KeyEncoding,
    /// Header members beside `alg` and `typ`.
    #[serde(default)]
    pub header: BTreeMap<String, Template>,
    /// Claims beside `iat`, `exp` and `jti`.
    #[serde(default)]
    pub claims: BTreeMap<String, Template>,
    /// How long it is good for, in seconds.
    #[serde(default = "five_minutes")]
    pub lifetime_s: u32,
}

fn five_minutes() -> u32 {
    300
}

/// By what a token is signed (RFC 7518 3.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[expect(missing_docs, reason = "the names are the standard's")]
pub enum Algorithm {
    HS256,
    HS384,
    HS512,
    RS256,
    RS384,
    RS512,
    PS256,
    ES256,
    ES384,
    EdDSA,
}

impl Algorithm {
    /// Its name in a token's header.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::HS256 => "HS256",
            Self::HS384 => "HS384",
            Self::HS512 => "HS512",
            Self::RS256 => "RS256",
            Self::RS384 => "RS384",
            Self::RS512 => "RS512",
            Self::PS256 => "PS256",
            Self::ES256 => "ES256",
            Self::ES384 => "ES384",
            Self::EdDSA => "EdDSA",
        }
    }
}

/// How a key is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum KeyEncoding {
    /// A private key between `-----BEGIN` and `-----END` (RFC 7468).
    #[default]
    Pem,
    /// Hexadecimal digits.
    Hex,
    /// Standard base64.
    Base64,
    /// The text's own bytes.
    Text,
}

/// What signs each upstream request once it is complete.
#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(tag = "kind", rename_all = "lowercase", deny_unknown_fields)]
pub enum Sign {
    /// OAuth 1.0a (RFC 5849 3.4).
    #[serde(rename = "oauth1")]
    OAuth1 {
        /// By what.
        #[serde(default)]
        signature: Signature,
        /// The protection realm, where the provider wants one.
        realm: Option<Template>,
        /// Client identifier.
        consumer_key: Template,
        /// Client shared-secret.
        consumer_secret: Template,
        /// Token identifier.
        token: Template,
        /// Token shared-secret.
        token_secret: Template,
    },
    /// AWS Signature Version 4.
    SigV4 {
        /// The signing name of the service.
        service: Template,
        /// Its region.
        region: Template,
        /// The key's id.
        access_key_id: Template,
        /// The key.
        secret_access_key: Template,
        /// The session of a temporary key.
        session_token: Option<Template>,
    },
}

/// By what a request is signed (RFC 5849 3.4).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub enum Signature {
    /// HMAC with SHA-1, as the standard has it.
    #[default]
    #[serde(rename = "HMAC-SHA1")]
    HmacSha1,
    /// HMAC with SHA-256, as some providers want it.
    #[serde(rename = "HMAC-SHA256")]
    HmacSha256,
    /// The secrets themselves; only over TLS.
    #[serde(rename = "PLAINTEXT")]
    Plaintext,
}

/// The two legs of OAuth 1.0a that the gateway walks itself (RFC 5849 2.1, 2.3); the one between is `authorize`.
#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct OAuth1 {
    /// Temporary credential request.
    pub request_token_url: Template,
    /// Token request.
    pub access_token_url: Template,
    /// By what both are signed.
    #[serde(default)]
    pub signature: Signature,
}

impl Sign {
    /// The headers it writes: a caller's own never go upstream.
    #[must_use]
    pub const fn headers(&self) -> &'static [&'static str] {
        match self {
            Self::OAuth1 { .. } => &["authorization"],
            // Not x-amz-content-sha256: there the caller states the hash of a body that need not be held, and the
            // signer takes the field away or writes it anew.
            Self::SigV4 { .. } => &["authorization", "x-amz-date", "x-amz-security-token"],
        }
    }

    /// The query parameters where a client would put a signature instead: a caller's own never go upstream.
    #[must_use]
    pub const fn queries(&self) -> &'static [&'static str] {
        match self {
            Self::OAuth1 { .. } => &[
                "oauth_callback",
                "oauth_consumer_key",
                "oauth_nonce",
                "oauth_signature",
                "oauth_signature_method",
                "oauth_timestamp",
                "oauth_token",
                "oauth_verifier",
                "oauth_version",
            ],
            Self::SigV4 { .. } => &[
                "X-Amz-Algorithm",
                "X-Amz-Credential",
                "X-Amz-Date",
                "X-Amz-Expires",
                "X-Amz-Security-Token",
                "X-Amz-Signature",
                "X-Amz-SignedHeaders",
            ],
        }
    }

    /// Every template of it, by the name of its key.
    pub fn templates(&self) -> Vec<(&'static str, &Template)> {
        match self {
            Self::OAuth1 { realm, consumer_key, consumer_secret, token, token_secret, .. } => {
                let realm = realm.iter().map(|realm| ("realm", realm));
                let rest = [
                    ("consumer_key", consumer_key),
                    ("consumer_secret", consumer_secret),
                    ("token", token),
                    ("token_secret", token_secret),
                ];
                realm.chain(rest).collect()
            }
            Self::SigV4 { service, region, access_key_id, secret_access_key, session_token } => {
                let session = session_token.iter().map(|session| ("session_token", session));
                let rest = [
                    ("service", service),
                    ("region", region),
                    ("access_key_id", access_key_id),
                    ("secret_access_key", secret_access_key),
                ];
                session.chain(rest).collect()
            }
        }
    }
}
