//! How a provider signs what it sends. Parsed and shown; nothing checks a signature by it yet.

use serde::{Deserialize, Serialize};

/// How to tell that a call comes from the provider.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Webhook {
    /// The shape of the proof.
    pub scheme: Scheme,
    /// The header the proof stands in.
    pub header: Option<String>,
    /// A second such header: either may hold (Box, while keys change).
    pub second_header: Option<String>,
    /// What the header looks like where it holds more than the signature: `t=${timestamp},v1=${signature}`.
    pub packed: Option<String>,
    /// What stands between several signatures in one header.
    pub list_separator: Option<String>,
    /// `HMAC-SHA256`, `Ed25519`, …
    pub algorithm: Option<String>,
    /// How the signature is written.
    pub encoding: Option<Encoding>,
    /// What stands before the signature, `sha256=`.
    pub prefix: Option<String>,
    /// How the secret is written, where it has to be decoded first.
    pub secret_encoding: Option<Encoding>,
    /// What is signed, in order: `body`, `timestamp`, `id`, `url`, `method`, `form` (sorted), or `'a literal'`.
    #[serde(default)]
    pub signed: Vec<String>,
    /// The header of the timestamp.
    pub timestamp_header: Option<String>,
    /// The unit of the timestamp.
    #[serde(default)]
    pub timestamp_unit: TimestampUnit,
    /// The header of the message's id.
    pub id_header: Option<String>,
    /// How far the timestamp may be off, in seconds.
    pub tolerance_s: Option<u32>,
    /// What the provider asks before it sends: `challenge`, `echo-header`, `verify-token`, …
    pub handshake: Option<String>,
    /// Where the provider documents it.
    pub docs: Option<String>,
}

/// The shape of the proof.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Scheme {
    /// A keyed hash over `signed`.
    Hmac,
    /// Standard Webhooks: base64 secret after `whsec_`, several `v1,` signatures.
    Standard,
    /// A secret that both know, as it is.
    SharedSecret,
    /// A signature that the provider's public key proves.
    PublicKey,
    /// A signed token (RFC 7519).
    Jwt,
    /// The proof stands in the body.
    Body,
    /// A call to the provider's API proves it.
    Api,
}

/// How bytes are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Encoding {
    /// Two digits a byte.
    Hex,
    /// RFC 4648 section 4.
    Base64,
}

/// The unit of a timestamp.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum TimestampUnit {
    /// Seconds since 1970.
    #[default]
    S,
    /// Milliseconds since 1970.
    Ms,
}
